//! The protocol of a run, without IO and without a clock.
//!
//! [`protocol`](protocol) reads from top to bottom, and each step of it has a file of its own. A driver does what it
//! asks for: see [`Run`].

mod aftermath;
mod apply;
mod autocommit;
mod backoff;
mod batch;
mod bootstrap;
mod cancel;
mod chain;
mod code;
mod dry_run;
mod envelope;
mod errors;
mod inspect;
mod item;
mod length;
mod locate;
mod lock;
mod log;
mod observe;
mod other_tool;
mod overtaken;
mod part;
mod place;
mod plan;
mod prepare;
mod probe;
mod progress;
#[allow(clippy::module_inception, reason = "the file that the folder is named for")]
mod protocol;
mod record;
mod recover;
mod repair;
mod reply;
mod resume;
mod rollback;
mod run;
mod session;
mod status;
mod steps;
mod teardown;
mod trace_locks;
mod unfinished;
mod validate;
mod wait;
#[cfg(test)]
mod without_abilities;

pub(crate) use self::protocol::Request;
pub(crate) use self::reply::is_truth;
pub use self::reply::{DbError, Position, Reply, ResultSet, Source};
pub use self::run::{Finished, Run, Step};
use crate::report::error::{ErrorKind, Lost};

/// The reason why an attempt ends early.
#[derive(Debug)]
enum Stop {
    /// The connection is lost, so nothing can be cleaned up.
    Lost(Box<Broken>),
    /// The run ends with this error, after a teardown.
    Failed(Box<ErrorKind>),
    /// The same, without a row of the journal, because the last row there says more.
    Unjournaled(Box<ErrorKind>),
    /// Something has changed in between, and another attempt follows.
    Again,
}

/// A connection that broke, and the outcome known before.
#[derive(Debug)]
struct Broken {
    lost: Lost,
    /// The error that the run would have ended with.
    known: Option<ErrorKind>,
    /// The last error of the database, if no outcome is known.
    said: Option<DbError>,
}

impl Stop {
    fn failed(kind: ErrorKind) -> Stop {
        Stop::Failed(Box::new(kind))
    }

    fn lost(lost: Lost) -> Stop {
        Stop::Lost(Box::new(Broken { lost, known: None, said: None }))
    }

    /// Keeps the outcome that was known before the connection broke.
    fn knowing(mut self, kind: Option<ErrorKind>) -> Stop {
        if let Stop::Lost(broken) = &mut self {
            broken.known = broken.known.take().or(kind);
        }
        self
    }

    /// Keeps the database's error from before the connection broke.
    fn after(mut self, error: DbError) -> Stop {
        if let Stop::Lost(broken) = &mut self {
            broken.said = broken.said.take().or(Some(error));
        }
        self
    }
}
