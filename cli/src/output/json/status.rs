//! The document of `status --json`.

use std::collections::BTreeMap;

use gapless::{Status, VersionState, VersionStatus};
use serde::Serialize;

use super::{FORMAT_VERSION, milliseconds};
use crate::output::time::rfc3339;

#[derive(Serialize)]
pub(crate) struct StatusDocument {
    format_version: u32,
    versions: Vec<VersionDocument>,
    /// How many versions are in each state, whatever of them is shown.
    counts: BTreeMap<&'static str, usize>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct VersionDocument {
    version: i64,
    name: String,
    state: &'static str,
    path: Option<String>,
    applied_at: Option<String>,
    duration_ms: Option<f64>,
    db_user: Option<String>,
    application: Option<String>,
    recorded_checksum: Option<String>,
    embedded_checksum: Option<String>,
    recorded_version: Option<i64>,
    recorded_name: Option<String>,
    tried_at: Option<String>,
    error: Option<String>,
    statements_done: usize,
    session: Option<i64>,
}

impl StatusDocument {
    pub(crate) fn new(shown: &[&VersionStatus], status: &Status) -> StatusDocument {
        let versions = shown.iter().map(|version| VersionDocument::new(version)).collect();
        let mut counts = BTreeMap::new();
        for version in status.versions() {
            *counts.entry(state(version.state())).or_default() += 1;
        }
        let warnings = status.warnings().to_vec();
        StatusDocument { format_version: FORMAT_VERSION, versions, counts, warnings }
    }
}

impl VersionDocument {
    fn new(version: &VersionStatus) -> VersionDocument {
        let recorded = version.recorded_as();
        VersionDocument {
            version: version.version().number(),
            name: version.name().to_owned(),
            state: state(version.state()),
            path: version.path().map(str::to_owned),
            applied_at: version.applied_at().and_then(rfc3339),
            duration_ms: version.duration().map(milliseconds),
            db_user: version.db_user().map(str::to_owned),
            application: version.application().map(str::to_owned),
            recorded_checksum: version.recorded_checksum().map(|checksum| checksum.to_string()),
            embedded_checksum: version.embedded_checksum().map(|checksum| checksum.to_string()),
            recorded_version: recorded.map(|(version, _)| version.number()),
            recorded_name: recorded.map(|(_, name)| name.to_owned()),
            tried_at: version.tried_at().and_then(rfc3339),
            error: version.error().map(str::to_owned),
            statements_done: version.statements_done(),
            session: version.session(),
        }
    }
}

/// The identifier of a state, which stays as it is whatever people read.
fn state(state: VersionState) -> &'static str {
    match state {
        VersionState::Applied => "applied",
        VersionState::Pending => "pending",
        VersionState::Late => "late",
        VersionState::HeldBack => "held_back",
        VersionState::Covered => "covered",
        VersionState::Tombstone => "tombstone",
        VersionState::Failed => "failed",
        VersionState::Interrupted => "interrupted",
        VersionState::Running => "running",
        VersionState::RollingBack => "rolling_back",
        VersionState::Edited => "edited",
        VersionState::Renamed => "renamed",
        VersionState::Ahead => "ahead",
        VersionState::Orphan => "orphan",
        VersionState::Moved => "moved",
        VersionState::Taken => "taken",
        VersionState::BelowBaseline => "below_baseline",
        VersionState::Duplicate => "duplicate",
        _ => "other",
    }
}
