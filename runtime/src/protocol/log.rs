//! Reads the journal for people. Takes no lock and writes nothing.

use std::time::Duration;

use super::Stop;
use super::errors::Work;
use super::protocol::Protocol;
use crate::dialect::{Class, Dialect};
use crate::engine::ResultSet;
use crate::{Log, LogEntry, LogEvent};

impl Protocol<'_> {
    /// Keeps the journal's entries. A missing journal has none.
    pub(super) async fn read_log(&mut self) -> Result<(), Stop> {
        self.session.is_at("reading the journal");
        let (version, limit) = (self.options.log_version, self.options.log_limit);
        let message = self.dialect.log(&self.tracker, version, limit);
        self.log = Some(match self.ask_apart(message).await? {
            Ok(results) => results.first().map(|rows| read(rows, self.dialect)).unwrap_or_default(),
            Err(error) if self.class(&error) == Class::Missing => Log::default(),
            Err(error) => return Err(Stop::failed(self.error(Work::ReadingLog, error))),
        });
        Ok(())
    }
}

/// Reads the rows, newest first. A row that another release or a person has garbled does not keep the others from being
/// read.
fn read(rows: &ResultSet, dialect: &dyn Dialect) -> Log {
    let mut entries: Vec<_> = rows.rows().filter_map(|row| entry(row, dialect)).collect();
    entries.reverse();
    let unreadable = rows.rows().count() - entries.len();
    Log { entries, unreadable }
}

fn entry(row: &[Option<String>], dialect: &dyn Dialect) -> Option<LogEntry> {
    let text = |column: usize| row.get(column).and_then(Option::as_deref);
    let owned = |column: usize| text(column).map(str::to_owned);
    let count = |column: usize| text(column).and_then(|text| text.parse().ok());
    Some(LogEntry {
        id: text(0)?.parse().ok()?,
        at: text(1).map(|time| dialect.time(time)).unwrap_or_default(),
        version: text(2)?.parse().ok()?,
        name: owned(3).unwrap_or_default(),
        event: LogEvent::read(text(4).unwrap_or_default()),
        attempt: text(5).and_then(|text| text.parse().ok()),
        statement: count(6),
        statements: count(7),
        duration: text(8).and_then(|text| text.parse().ok()).map(Duration::from_millis),
        db_user: owned(9),
        application: owned(10),
        pid: text(11).and_then(|text| text.parse().ok()),
        detail: owned(12),
    })
}
