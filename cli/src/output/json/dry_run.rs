//! The document of `dry-run --json`.

use gapless::{DryRun, NotTried, Untried};
use serde::Serialize;

use super::FORMAT_VERSION;
use super::plan::PendingDocument;
use super::report::AppliedDocument;

#[derive(Serialize)]
pub(crate) struct DryRunDocument {
    format_version: u32,
    tried: Vec<AppliedDocument>,
    not_tried: Vec<NotTriedDocument>,
}

#[derive(Serialize)]
struct NotTriedDocument {
    #[serde(flatten)]
    migration: PendingDocument,
    reason: &'static str,
    after: Option<i64>,
}

impl DryRunDocument {
    pub(crate) fn new(dry_run: &DryRun) -> DryRunDocument {
        DryRunDocument {
            format_version: FORMAT_VERSION,
            tried: dry_run.tried().iter().map(AppliedDocument::from).collect(),
            not_tried: dry_run.not_tried().iter().map(NotTriedDocument::new).collect(),
        }
    }
}

impl NotTriedDocument {
    fn new(not_tried: &NotTried) -> NotTriedDocument {
        let (reason, after) = match not_tried.reason() {
            Untried::NoTransaction => ("no_transaction", None),
            Untried::Rust => ("rust", None),
            Untried::Uncommitted => ("uncommitted", None),
            Untried::After(version) => ("after", Some(version.number())),
            _ => ("other", None),
        };
        NotTriedDocument { migration: PendingDocument::new(not_tried.pending()), reason, after }
    }
}
