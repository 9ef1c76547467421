//! What a second connection sees of a run.

use std::fmt;

use gapless::ServerProgress;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Activity {
    /// How many of the pending migrations are recorded by now.
    pub(crate) applied: usize,
    /// The server's own account of a long statement.
    pub(crate) server: Option<ServerProgress>,
    /// The session that the statement waits for.
    pub(crate) blocker: Option<Blocker>,
}

/// A session that holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blocker {
    pub(crate) pid: i32,
    pub(crate) application: String,
    pub(crate) state: String,
    /// The beginning of its last query.
    pub(crate) query: String,
}

impl Activity {
    /// The activity in a sentence, if there is something to say.
    pub(super) fn sentence(&self) -> Option<String> {
        match (&self.blocker, &self.server) {
            (Some(blocker), _) => Some(format!("waiting for a lock of {blocker}")),
            (None, server) => server.as_ref().map(ToString::to_string),
        }
    }

    /// True if this is news beside an activity before it, and not merely further on.
    pub(super) fn is_news(&self, before: &Activity) -> bool {
        let place = |activity: &Activity| {
            let server = activity.server.as_ref();
            server.map(|server| (server.command().to_owned(), server.phase().to_owned()))
        };
        place(self) != place(before)
            || self.blocker.as_ref().map(|one| one.pid) != before.blocker.as_ref().map(|one| one.pid)
    }
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "backend {}", self.pid)?;
        if !self.application.is_empty() {
            write!(f, " ({})", self.application)?;
        }
        write!(f, ", {}", self.state)?;
        // A session that sleeps has no query on some servers.
        if self.query.is_empty() { Ok(()) } else { write!(f, ": {}", self.query) }
    }
}
