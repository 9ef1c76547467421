//! The JSON documents of the commands. Field names are stable; `schema` counts incompatible changes.

use gapless::{Plan, Status, VersionStatus};
use serde::Serialize;

/// The version of the documents.
const SCHEMA: u32 = 1;

/// The document of `status --json`.
#[derive(Serialize)]
pub(crate) struct StatusDocument {
    schema: u32,
    versions: Vec<VersionDocument>,
    warnings: Vec<String>,
}

/// A version in a [`StatusDocument`].
#[derive(Serialize)]
struct VersionDocument {
    version: i64,
    name: String,
    state: String,
    path: Option<String>,
    applied_at: Option<String>,
    duration_ms: Option<u64>,
    db_user: Option<String>,
    application: Option<String>,
    recorded_checksum: Option<String>,
    embedded_checksum: Option<String>,
    recorded_version: Option<i64>,
    recorded_name: Option<String>,
    tried_at: Option<String>,
    error: Option<String>,
}

impl StatusDocument {
    pub(crate) fn new<'a>(
        versions: impl IntoIterator<Item = &'a VersionStatus>,
        status: &Status,
    ) -> StatusDocument {
        let versions = versions.into_iter().map(VersionDocument::new).collect();
        StatusDocument { schema: SCHEMA, versions, warnings: status.warnings().to_vec() }
    }
}

impl VersionDocument {
    fn new(version: &VersionStatus) -> VersionDocument {
        let recorded = version.recorded_as();
        VersionDocument {
            version: version.version().number(),
            name: version.name().to_owned(),
            state: version.state().to_string(),
            path: version.path().map(str::to_owned),
            applied_at: version.applied_at().map(str::to_owned),
            duration_ms: version.duration().and_then(|taken| u64::try_from(taken.as_millis()).ok()),
            db_user: version.db_user().map(str::to_owned),
            application: version.application().map(str::to_owned),
            recorded_checksum: version.recorded_checksum().map(|checksum| checksum.to_string()),
            embedded_checksum: version.embedded_checksum().map(|checksum| checksum.to_string()),
            recorded_version: recorded.map(|(version, _)| version.number()),
            recorded_name: recorded.map(|(_, name)| name.to_owned()),
            tried_at: version.tried_at().map(str::to_owned),
            error: version.error().map(str::to_owned),
        }
    }
}

/// The document of `plan --json`.
#[derive(Serialize)]
pub(crate) struct PlanDocument {
    schema: u32,
    creates: Option<String>,
    changes: Vec<String>,
    pending: Vec<PendingDocument>,
    applied: usize,
    held_back: usize,
    warnings: Vec<String>,
}

/// A pending migration in a [`PlanDocument`].
#[derive(Serialize)]
struct PendingDocument {
    version: i64,
    name: String,
    path: String,
    late: bool,
    no_transaction: bool,
}

impl PlanDocument {
    pub(crate) fn new(plan: &Plan) -> PlanDocument {
        let pending = plan.pending().iter().map(|pending| PendingDocument {
            version: pending.version().number(),
            name: pending.name().to_owned(),
            path: pending.path().to_owned(),
            late: pending.out_of_order(),
            no_transaction: pending.no_transaction(),
        });
        PlanDocument {
            schema: SCHEMA,
            creates: plan.creates().map(str::to_owned),
            changes: plan.changes().iter().map(ToString::to_string).collect(),
            pending: pending.collect(),
            applied: plan.applied(),
            held_back: plan.held_back(),
            warnings: plan.warnings().to_vec(),
        }
    }
}
