//! What a run did, as a document.

use gapless::{Applied, Report};
use serde::Serialize;

use super::milliseconds;
use super::plan::ChangeDocument;

#[derive(Serialize)]
pub(super) struct ReportDocument {
    created: Option<String>,
    changes: Vec<ChangeDocument>,
    applied: Vec<AppliedDocument>,
    rolled_back: Vec<AppliedDocument>,
    already_applied: usize,
    held_back: usize,
    round_trips: u32,
    waited_ms: f64,
    retries: u32,
    duration_ms: f64,
    warnings: Vec<String>,
}

/// A migration that was applied or rolled back.
#[derive(Serialize)]
pub(super) struct AppliedDocument {
    version: i64,
    name: String,
    path: String,
    source: Option<String>,
    late: bool,
    duration_ms: Option<f64>,
}

impl From<&Applied> for AppliedDocument {
    fn from(applied: &Applied) -> AppliedDocument {
        AppliedDocument {
            version: applied.version().number(),
            name: applied.name().to_owned(),
            path: applied.path().to_owned(),
            source: applied.source().map(str::to_owned),
            late: applied.out_of_order(),
            duration_ms: applied.duration().map(milliseconds),
        }
    }
}

impl From<&Report> for ReportDocument {
    fn from(report: &Report) -> ReportDocument {
        ReportDocument {
            created: report.created().map(str::to_owned),
            changes: report.changes().iter().map(ChangeDocument::from).collect(),
            applied: report.applied().iter().map(AppliedDocument::from).collect(),
            rolled_back: report.rolled_back().iter().map(AppliedDocument::from).collect(),
            already_applied: report.already_applied(),
            held_back: report.held_back(),
            round_trips: report.round_trips(),
            waited_ms: milliseconds(report.waited()),
            retries: report.retries(),
            duration_ms: milliseconds(report.elapsed()),
            warnings: report.warnings().to_vec(),
        }
    }
}
