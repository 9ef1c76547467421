//! The entries of the journal, for people to read.

use std::fmt;
use std::time::Duration;

use gapless_core::Version;

use crate::report::shown;
use crate::report::table::{by, table};

/// The journal's entries, as [`Runner::log`](crate::Runner::log) reads them.
///
/// `Display` shows them as a table, a line for each entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    pub(crate) entries: Vec<LogEntry>,
    pub(crate) unreadable: usize,
}

impl Log {
    /// Returns the entries, the newest last.
    pub fn entries(&self) -> &[LogEntry] {
        &self.entries
    }

    /// Returns how many rows were left out because they have no number or no version that this crate can read. It
    /// writes no such rows.
    pub fn unreadable(&self) -> usize {
        self.unreadable
    }
}

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    pub(crate) id: i64,
    pub(crate) at: String,
    pub(crate) version: Version,
    pub(crate) name: String,
    pub(crate) event: LogEvent,
    pub(crate) attempt: Option<u32>,
    pub(crate) statement: Option<usize>,
    pub(crate) statements: Option<usize>,
    pub(crate) duration: Option<Duration>,
    pub(crate) db_user: Option<String>,
    pub(crate) application: Option<String>,
    pub(crate) pid: Option<i32>,
    pub(crate) detail: Option<String>,
}

impl LogEntry {
    /// Returns the number of the row, which grows with each entry.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Returns when it happened, as RFC 3339 has it. On Postgres this is UTC as `2026-01-31T12:00:00.000000Z`; on
    /// SQLite it is the text that the row holds, which this crate writes as `2026-01-31T12:00:00.000Z`.
    pub fn at(&self) -> &str {
        &self.at
    }

    /// Returns the version that the migration had then.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Returns the name that the migration had then.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what happened.
    pub fn event(&self) -> &LogEvent {
        &self.event
    }

    /// Returns which try it was, counted from 1.
    pub fn attempt(&self) -> Option<u32> {
        self.attempt
    }

    /// Returns which statement of the file it is about, counted from 1.
    pub fn statement(&self) -> Option<usize> {
        self.statement
    }

    /// Returns how many statements the file had, where it ran statement by statement.
    pub fn statements(&self) -> Option<usize> {
        self.statements
    }

    /// Returns how long the migration took in its transaction.
    pub fn duration(&self) -> Option<Duration> {
        self.duration
    }

    /// Returns the database's user. Postgres alone has users.
    pub fn db_user(&self) -> Option<&str> {
        self.db_user.as_deref()
    }

    /// Returns the `application_name` of the session, on Postgres.
    pub fn application(&self) -> Option<&str> {
        self.application.as_deref()
    }

    /// Returns the process id of the session's backend, on Postgres.
    pub fn pid(&self) -> Option<i32> {
        self.pid
    }

    /// Returns what the event has to say: the error of what failed, the name before a rename, the tool that an adopted
    /// row came from. Of what was applied and of statements it is for this crate to read.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The detail, if it is for people; its first line.
    fn said(&self) -> &str {
        let of_ours = [LogEvent::Applied, LogEvent::Baselined, LogEvent::StatementBegun, LogEvent::Statement];
        let said = self.detail().filter(|_| !of_ours.contains(&self.event));
        said.and_then(|said| said.lines().next()).unwrap_or_default()
    }

    /// The cells of its line in the table.
    fn cells(&self) -> [String; 7] {
        let event = match (self.statement, self.statements) {
            (Some(statement), Some(of)) => format!("{} {statement} of {of}", self.event),
            (Some(statement), None) => format!("{} in statement {statement}", self.event),
            (None, _) => self.event.to_string(),
        };
        [
            self.at.clone(),
            self.version.to_string(),
            self.name.clone(),
            event,
            self.duration.map(shown).unwrap_or_default(),
            by(self.db_user(), self.application()),
            self.said().to_owned(),
        ]
    }
}

/// An event of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogEvent {
    /// A try outside of a transaction began.
    Started,
    /// A statement was about to be sent by itself, outside of any transaction.
    StatementBegun,
    /// A statement outside of a transaction was done.
    Statement,
    /// The migration was recorded.
    Applied,
    /// A baseline was recorded, for all versions up to its own.
    Baselined,
    /// It failed, and nothing is in doubt: it was rolled back, or one of its statements was refused.
    Failed,
    /// It failed, and may have committed something.
    Interrupted,
    /// [`Runner::resolve`](crate::Runner::resolve) settled a statement in doubt.
    Resolved,
    /// A rollback outside of a transaction began.
    RollingBack,
    /// A rollback was done.
    RolledBack,
    /// The version was adopted from another tool.
    Adopted,
    /// The run created another tool's table.
    TableCreated,
    /// The version was recorded because its tables existed.
    Reconciled,
    /// The migration was renamed.
    Renamed,
    /// An edited text was taken for what was applied.
    ChecksumAccepted,
    /// An event that this release does not know, as the journal names it.
    Other(String),
}

impl LogEvent {
    const ALL: [LogEvent; 15] = [
        LogEvent::Started,
        LogEvent::StatementBegun,
        LogEvent::Statement,
        LogEvent::Applied,
        LogEvent::Baselined,
        LogEvent::Failed,
        LogEvent::Interrupted,
        LogEvent::Resolved,
        LogEvent::RollingBack,
        LogEvent::RolledBack,
        LogEvent::Adopted,
        LogEvent::TableCreated,
        LogEvent::Reconciled,
        LogEvent::Renamed,
        LogEvent::ChecksumAccepted,
    ];

    pub(crate) fn read(word: &str) -> LogEvent {
        let known = LogEvent::ALL.into_iter().find(|event| event.as_str() == word);
        known.unwrap_or_else(|| LogEvent::Other(word.to_owned()))
    }

    /// Returns the word that the journal has for it.
    pub fn as_str(&self) -> &str {
        match self {
            LogEvent::Started => "started",
            LogEvent::StatementBegun => "statement_begun",
            LogEvent::Statement => "statement",
            LogEvent::Applied => "applied",
            LogEvent::Baselined => "baselined",
            LogEvent::Failed => "failed",
            LogEvent::Interrupted => "interrupted",
            LogEvent::Resolved => "resolved",
            LogEvent::RollingBack => "rolling_back",
            LogEvent::RolledBack => "rolled_back",
            LogEvent::Adopted => "adopted",
            LogEvent::TableCreated => "table_created",
            LogEvent::Reconciled => "reconciled",
            LogEvent::Renamed => "renamed",
            LogEvent::ChecksumAccepted => "checksum_accepted",
            LogEvent::Other(word) => word,
        }
    }
}

impl fmt::Display for LogEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.as_str().replace('_', " "))
    }
}

impl fmt::Display for LogEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [at, version, name, event, took, by, said] = self.cells();
        write!(f, "{at} {version} {name}: {event}")?;
        if !took.is_empty() {
            write!(f, " in {took}")?;
        }
        if !by.is_empty() {
            write!(f, ", by {by}")?;
        }
        if said.is_empty() { Ok(()) } else { write!(f, ": {said}") }
    }
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entries.is_empty() {
            f.write_str("nothing is journaled")?;
        } else {
            let head = ["at", "version", "name", "event", "took", "by", "detail"];
            table(f, head, self.entries.iter().map(LogEntry::cells))?;
        }
        match self.unreadable {
            0 => Ok(()),
            1 => f.write_str("\nnote: 1 row of the journal cannot be read"),
            many => write!(f, "\nnote: {many} rows of the journal cannot be read"),
        }
    }
}
