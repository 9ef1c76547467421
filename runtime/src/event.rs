use std::fmt;
use std::time::Duration;

use gapless_core::Version;

use crate::report::shown;
use crate::{Applied, Change, Pending, Plan};

/// What a run is at, for a callback given to [`Runner::on_event`](crate::Runner::on_event).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The database was looked at, and something is to be done.
    Planned(&'a Plan),
    /// Another runner has the lock; this one looks again in a moment.
    Waiting {
        /// How long it has waited so far.
        waited: Duration,
        /// Who has the lock, where the database tells.
        holder: Option<&'a Holder>,
    },
    /// The tracker was put right.
    Changed(&'a Change),
    /// This one is taken back, and is not recorded any more.
    RolledBack(&'a Applied),
    /// These are sent to the database now.
    Applying(&'a [Pending]),
    /// This one is applied and recorded.
    Applied(&'a Applied),
    /// A lock timeout, a deadlock or a serialization failure: it will be tried again.
    Retrying {
        /// The migration.
        version: Version,
        /// Which try failed, counted from 1.
        attempt: u32,
        /// What the database said.
        reason: &'a str,
    },
    /// Something unusual that does not stop the run.
    Warning(&'a str),
}

/// The session that has the lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    pub(crate) pid: Option<i32>,
    pub(crate) application: Option<String>,
    pub(crate) since: Option<String>,
    pub(crate) query: Option<String>,
}

impl Holder {
    /// The process id of its backend.
    pub fn pid(&self) -> Option<i32> {
        self.pid
    }

    /// Its `application_name`.
    pub fn application(&self) -> Option<&str> {
        self.application.as_deref()
    }

    /// How long its statement or transaction has run, as the database writes it.
    pub fn since(&self) -> Option<&str> {
        self.since.as_deref()
    }

    /// The beginning of its current or last query.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "backend {pid}")?,
            None => f.write_str("another session")?,
        }
        if let Some(application) = self.application().filter(|name| !name.is_empty()) {
            write!(f, " ({application})")?;
        }
        if let Some(since) = self.since() {
            write!(f, ", at it for {since}")?;
        }
        self.query().map_or(Ok(()), |query| write!(f, ": {query}"))
    }
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Planned(plan) => plan.fmt(f),
            Event::Waiting { waited, holder } => {
                write!(f, "waiting for another runner since {}", shown(*waited))?;
                holder.map_or(Ok(()), |holder| write!(f, ": {holder}"))
            }
            Event::Changed(change) => change.fmt(f),
            Event::RolledBack(applied) => write!(f, "took back {applied}"),
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
