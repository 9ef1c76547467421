//! Events of a run.

use std::fmt;
use std::time::Duration;

use gapless_core::Version;

use crate::report::shown;
use crate::{Applied, Change, Pending, Plan, StatementBegun};

/// Event of a run, for a callback given to [`Runner::on_event`](crate::Runner::on_event).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The run has observed the database, and has something to do.
    Planned(&'a Plan),
    /// Another runner holds the lock, or the database is busy. The run tries again in a moment. It sends this event after
    /// 0.2 s, after 1 s, and then each time after twice as long, at least every 10 s.
    Waiting {
        /// The time that the run has waited so far.
        waited: Duration,
        /// The session that holds the lock, if the database tells.
        holder: Option<&'a Holder>,
        /// What the database said, if it is busy and not the lock another runner's.
        busy: Option<&'a str>,
    },
    /// The run has the lock, where there is one, and starts to work.
    Started {
        /// The process id of the run's backend, where the database tells; behind a transaction pooler, of its first. Ask
        /// on a second connection how far it has come with a long statement:
        /// [`ServerProgress`](crate::ServerProgress).
        pid: Option<i32>,
    },
    /// The run has repaired the tracker.
    Changed(&'a Change),
    /// The rollback of this one is sent to the database now.
    RollingBack(&'a Applied),
    /// This statement of a migration outside of a transaction is sent to the database now.
    Statement(&'a StatementBegun),
    /// The run has rolled this migration back and removed its row.
    RolledBack(&'a Applied),
    /// The run sends these migrations to the database now.
    Applying(&'a [Pending]),
    /// This migration is applied and recorded.
    Applied(&'a Applied),
    /// The run tries a migration again after a lock timeout, a deadlock or a serialization failure.
    Retrying {
        /// The migration.
        version: Version,
        /// The number of the try that failed, counted from 1.
        attempt: u32,
        /// The error of the database.
        reason: &'a str,
    },
    /// A warning that does not stop the run.
    Warning(&'a str),
}

/// Session that holds a lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    pub(crate) pid: Option<i32>,
    pub(crate) application: Option<String>,
    pub(crate) since: Option<String>,
    pub(crate) query: Option<String>,
    pub(crate) state: Option<String>,
}

impl Holder {
    /// Returns the process id of its backend.
    pub fn pid(&self) -> Option<i32> {
        self.pid
    }

    /// Returns its `application_name`.
    pub fn application(&self) -> Option<&str> {
        self.application.as_deref()
    }

    /// Returns how long it has been in its transaction, at its statement or idle, as the database writes it.
    pub fn since(&self) -> Option<&str> {
        self.since.as_deref()
    }

    /// Returns its state by `pg_stat_activity`: `active`, `idle`, `idle in transaction`.
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// Returns the beginning of its query, or of the last one if it is idle in a transaction; `None` if it is idle.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }
}

/// The beginning of a runner's messages, before what it does.
pub(crate) const HEADLINE: &str = "-- gapless: ";

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "backend {pid}")?,
            None => f.write_str("another session")?,
        }
        if let Some(application) = self.application().filter(|name| !name.is_empty()) {
            write!(f, " ({application})")?;
        }
        let idle = self.state().filter(|state| state.starts_with("idle"));
        if let Some(since) = self.since() {
            write!(f, ", {} for {since}", idle.unwrap_or("at it"))?;
        }
        let after = if idle.is_some() { " after" } else { "" };
        let Some(query) = self.query() else { return Ok(()) };
        match query.strip_prefix(HEADLINE) {
            Some(work) => write!(f, ": {work}"),
            None => write!(f, "{after}: {query}"),
        }
    }
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Planned(plan) => plan.fmt(f),
            Event::Waiting { waited, busy: Some(said), .. } => {
                write!(f, "waiting for the database, {} so far: {said}", shown(*waited))
            }
            Event::Waiting { waited, holder, busy: None } => {
                write!(f, "waiting for another runner, {} so far", shown(*waited))?;
                holder.map_or(Ok(()), |holder| write!(f, ": {holder}"))
            }
            Event::Started { pid: Some(pid) } => write!(f, "started, as backend {pid}"),
            Event::Started { pid: None } => f.write_str("started"),
            Event::Changed(change) => change.fmt(f),
            Event::RollingBack(applied) => write!(f, "rolling back {applied}"),
            Event::Statement(statement) => statement.fmt(f),
            Event::RolledBack(applied) => write!(f, "rolled back {applied}"),
            Event::Applying(pending) => match pending {
                [one] => write!(f, "applying {one}"),
                many => write!(f, "applying {} migrations", many.len()),
            },
            Event::Applied(applied) => write!(f, "applied {applied}"),
            Event::Retrying { version, attempt, reason } => {
                write!(f, "version {version}, try {attempt}: {reason}; trying again")
            }
            Event::Warning(warning) => write!(f, "warning: {warning}"),
        }
    }
}
