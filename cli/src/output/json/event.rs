//! The documents of `up --json` and `down --json`: one in a line for each event, the report or the failure last. The
//! failure is also what other commands print in place of their document.

use gapless::{Event, Holder, ServerProgress, StatementBegun};
use serde::Serialize;

use super::failure::FailureDocument;
use super::plan::{ChangeDocument, PendingDocument, PlanDetails};
use super::report::{AppliedDocument, ReportDocument};
use super::{FORMAT_VERSION, milliseconds};
use crate::exit::CommandError;
use crate::output::time;
use crate::progress::activity::Activity;

#[derive(Serialize)]
pub(crate) struct EventDocument {
    format_version: u32,
    /// By this machine's clock.
    at: String,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Serialize)]
#[allow(clippy::large_enum_variant, reason = "one at a time, and written at once")]
#[serde(tag = "event", rename_all = "snake_case")]
enum Kind {
    Planned(PlanDetails),
    Waiting { waited_ms: f64, holder: Option<HolderDocument>, busy: Option<String> },
    Started { pid: Option<i32> },
    Changed(ChangeDocument),
    Statement(StatementDocument),
    Progress(ActivityDocument),
    RollingBack(AppliedDocument),
    Applying { migrations: Vec<PendingDocument> },
    Applied(AppliedDocument),
    RolledBack(AppliedDocument),
    Retrying { version: i64, attempt: u32, reason: String },
    Warning { message: String },
    Finished(ReportDocument),
    Failed(FailureDocument),
    Other { message: String },
}

#[derive(Serialize)]
pub(super) struct HolderDocument {
    pid: Option<i32>,
    application: Option<String>,
    state: Option<String>,
    since: Option<String>,
    query: Option<String>,
}

impl From<&Holder> for HolderDocument {
    fn from(holder: &Holder) -> HolderDocument {
        HolderDocument {
            pid: holder.pid(),
            application: holder.application().map(str::to_owned),
            state: holder.state().map(str::to_owned),
            since: holder.since().map(str::to_owned),
            query: holder.query().map(str::to_owned),
        }
    }
}

/// A statement that is sent by itself.
#[derive(Serialize)]
pub(super) struct StatementDocument {
    version: i64,
    name: String,
    path: String,
    line: Option<usize>,
    statement: usize,
    statements: usize,
    sql: Option<String>,
}

impl From<&StatementBegun> for StatementDocument {
    fn from(begun: &StatementBegun) -> StatementDocument {
        StatementDocument {
            version: begun.version().number(),
            name: begun.name().to_owned(),
            path: begun.path().to_owned(),
            line: begun.location().map(|place| place.line),
            statement: begun.number(),
            statements: begun.total(),
            sql: Some(begun.sql()).filter(|sql| !sql.is_empty()).map(str::to_owned),
        }
    }
}

/// What the server says of the run, seen from beside it.
#[derive(Serialize)]
struct ActivityDocument {
    applied: usize,
    command: Option<String>,
    relation: Option<String>,
    phase: Option<String>,
    percent: Option<f64>,
    blocked_by: Option<BlockerDocument>,
}

#[derive(Serialize)]
struct BlockerDocument {
    pid: i32,
    application: String,
    state: String,
    query: String,
}

impl From<&Activity> for EventDocument {
    fn from(activity: &Activity) -> EventDocument {
        let server = activity.server.as_ref();
        EventDocument::of(Kind::Progress(ActivityDocument {
            applied: activity.applied,
            command: server.map(|server| server.command().to_owned()),
            relation: server.and_then(ServerProgress::relation).map(str::to_owned),
            phase: server.map(|server| server.phase().to_owned()),
            percent: server.and_then(ServerProgress::percent),
            blocked_by: activity.blocker.as_ref().map(|blocker| BlockerDocument {
                pid: blocker.pid,
                application: blocker.application.clone(),
                state: blocker.state.clone(),
                query: blocker.query.clone(),
            }),
        }))
    }
}

impl EventDocument {
    fn of(kind: Kind) -> EventDocument {
        EventDocument { format_version: FORMAT_VERSION, at: time::now(), kind }
    }

    pub(crate) fn finished(report: &gapless::Report) -> EventDocument {
        EventDocument::of(Kind::Finished(report.into()))
    }

    pub(crate) fn failed(error: &CommandError) -> EventDocument {
        EventDocument::of(Kind::Failed(error.into()))
    }
}

impl From<&Event<'_>> for EventDocument {
    fn from(event: &Event<'_>) -> EventDocument {
        EventDocument::of(match event {
            Event::Planned(plan) => Kind::Planned(PlanDetails::new(plan)),
            Event::Waiting { waited, holder, busy } => Kind::Waiting {
                waited_ms: milliseconds(*waited),
                holder: holder.map(HolderDocument::from),
                busy: busy.map(str::to_owned),
            },
            Event::Changed(change) => Kind::Changed((*change).into()),
            Event::Started { pid } => Kind::Started { pid: *pid },
            Event::Statement(begun) => Kind::Statement((*begun).into()),
            Event::RollingBack(applied) => Kind::RollingBack((*applied).into()),
            Event::RolledBack(applied) => Kind::RolledBack((*applied).into()),
            Event::Applying(pending) => {
                Kind::Applying { migrations: pending.iter().map(PendingDocument::new).collect() }
            }
            Event::Applied(applied) => Kind::Applied((*applied).into()),
            Event::Retrying { version, attempt, reason } => {
                Kind::Retrying { version: version.number(), attempt: *attempt, reason: (*reason).to_owned() }
            }
            Event::Warning(message) => Kind::Warning { message: (*message).to_owned() },
            other => Kind::Other { message: other.to_string() },
        })
    }
}
