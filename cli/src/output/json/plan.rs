//! The document of `plan --json`.

use gapless::{Change, Pending, Plan, Runner};
use serde::Serialize;

use super::FORMAT_VERSION;
use crate::commands::script;

#[derive(Serialize)]
pub(crate) struct PlanDocument {
    format_version: u32,
    #[serde(flatten)]
    details: PlanDetails,
}

/// The document without its version, for an event.
#[derive(Serialize)]
pub(super) struct PlanDetails {
    creates: Option<String>,
    changes: Vec<ChangeDocument>,
    pending: Vec<PendingDocument>,
    rolled_back: Vec<PendingDocument>,
    applied: usize,
    held_back: usize,
    warnings: Vec<String>,
}

/// A migration that is to be applied or rolled back.
#[derive(Serialize)]
pub(super) struct PendingDocument {
    version: i64,
    name: String,
    path: String,
    source: Option<String>,
    late: bool,
    no_transaction: bool,
    atomic: bool,
    stands_for: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sql: Option<String>,
}

impl PendingDocument {
    pub(super) fn new(pending: &Pending) -> PendingDocument {
        PendingDocument {
            version: pending.version().number(),
            name: pending.name().to_owned(),
            path: pending.path().to_owned(),
            source: pending.source().map(str::to_owned),
            late: pending.out_of_order(),
            no_transaction: pending.no_transaction(),
            atomic: pending.is_atomic(),
            stands_for: pending.stands_for(),
            sql: None,
        }
    }
}

/// A change to the tracker.
#[derive(Serialize)]
pub(super) struct ChangeDocument {
    change: &'static str,
    version: i64,
    name: String,
    from: Option<String>,
    from_version: Option<i64>,
    from_name: Option<String>,
    checksum: Option<String>,
    checksum_before: Option<String>,
    description: String,
}

impl From<&Change> for ChangeDocument {
    fn from(change: &Change) -> ChangeDocument {
        let mut document = ChangeDocument {
            change: "other",
            version: change.version().number(),
            name: change.name().to_owned(),
            from: None,
            from_version: None,
            from_name: None,
            checksum: None,
            checksum_before: None,
            description: change.to_string(),
        };
        match change {
            Change::Adopted { proven, from, .. } => {
                document.change = "adopted";
                document.from = Some(from.clone());
                document.checksum = proven.map(|checksum| checksum.to_string());
            }
            Change::Reconciled { .. } => document.change = "reconciled",
            Change::Renamed { from: (version, name), .. } => {
                document.change = "renamed";
                document.from_version = Some(version.number());
                document.from_name = Some(name.clone());
            }
            Change::Accepted { before, now, .. } => {
                document.change = "accepted";
                document.checksum = Some(now.to_string());
                document.checksum_before = before.map(|checksum| checksum.to_string());
            }
            _ => {}
        }
        document
    }
}

impl PlanDetails {
    pub(super) fn new(plan: &Plan) -> PlanDetails {
        PlanDetails {
            creates: plan.creates().map(str::to_owned),
            changes: plan.changes().iter().map(ChangeDocument::from).collect(),
            pending: plan.pending().iter().map(PendingDocument::new).collect(),
            rolled_back: plan.rolled_back().iter().map(PendingDocument::new).collect(),
            applied: plan.applied(),
            held_back: plan.held_back(),
            warnings: plan.warnings().to_vec(),
        }
    }
}

impl PlanDocument {
    pub(crate) fn new(plan: &Plan) -> PlanDocument {
        PlanDocument { format_version: FORMAT_VERSION, details: PlanDetails::new(plan) }
    }

    /// The document with the SQL of each migration.
    pub(crate) fn with_sql(plan: &Plan, runner: &Runner<'_>) -> PlanDocument {
        let mut document = PlanDocument::new(plan);
        for (one, pending) in document.details.pending.iter_mut().zip(plan.pending()) {
            one.sql = script::up(runner, pending).map(str::to_owned);
        }
        document
    }
}
