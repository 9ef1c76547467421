//! The document of `dry-run --json`.

use gapless::{DryRun, NotTried, StatementTrace, TracedRelation, Untried};
use serde::Serialize;

use super::event::{HolderDocument, StatementDocument};
use super::plan::PendingDocument;
use super::report::AppliedDocument;
use super::{FORMAT_VERSION, milliseconds};

#[derive(Serialize)]
pub(crate) struct DryRunDocument {
    format_version: u32,
    tried: Vec<AppliedDocument>,
    not_tried: Vec<NotTriedDocument>,
    statements: Vec<TraceDocument>,
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
            statements: dry_run.statements().iter().map(TraceDocument::new).collect(),
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

/// A statement, with what `--locks` has seen of it.
#[derive(Serialize)]
struct TraceDocument {
    #[serde(flatten)]
    statement: StatementDocument,
    duration_ms: f64,
    locks: Vec<LockDocument>,
    rewrites: Vec<RelationDocument>,
    waits_for: Vec<WaitDocument>,
}

#[derive(Serialize)]
struct LockDocument {
    #[serde(flatten)]
    relation: RelationDocument,
    mode: String,
    blocks_reads: bool,
    blocks_writes: bool,
    held_ms: f64,
}

#[derive(Serialize)]
struct RelationDocument {
    relation: String,
    kind: String,
    rows: Option<u64>,
    bytes: Option<u64>,
}

#[derive(Serialize)]
struct WaitDocument {
    session: HolderDocument,
    relation: String,
    mode: String,
}

impl TraceDocument {
    fn new(trace: &StatementTrace) -> TraceDocument {
        let locks = trace.locks().iter().map(|lock| LockDocument {
            relation: RelationDocument::new(lock.relation()),
            mode: lock.mode().to_string(),
            blocks_reads: lock.mode().blocks_reads(),
            blocks_writes: lock.mode().blocks_writes(),
            held_ms: milliseconds(lock.held()),
        });
        let waits_for = trace.waits_for().iter().map(|holder| WaitDocument {
            session: holder.session().into(),
            relation: holder.relation().to_owned(),
            mode: holder.mode().to_string(),
        });
        TraceDocument {
            statement: trace.statement().into(),
            duration_ms: milliseconds(trace.duration()),
            locks: locks.collect(),
            rewrites: trace.rewrites().iter().map(RelationDocument::new).collect(),
            waits_for: waits_for.collect(),
        }
    }
}

impl RelationDocument {
    fn new(relation: &TracedRelation) -> RelationDocument {
        RelationDocument {
            relation: relation.name().to_owned(),
            kind: relation.kind().to_owned(),
            rows: relation.rows(),
            bytes: relation.bytes(),
        }
    }
}
