//! The document of `log --json`.

use gapless::{Log, LogEntry};
use serde::Serialize;

use super::{FORMAT_VERSION, milliseconds};
use crate::output::time::rfc3339;

#[derive(Serialize)]
pub(crate) struct LogDocument {
    format_version: u32,
    entries: Vec<EntryDocument>,
    unreadable: usize,
}

#[derive(Serialize)]
struct EntryDocument {
    id: i64,
    at: Option<String>,
    version: i64,
    name: String,
    event: String,
    attempt: Option<u32>,
    statement: Option<usize>,
    statements: Option<usize>,
    duration_ms: Option<f64>,
    db_user: Option<String>,
    application: Option<String>,
    pid: Option<i32>,
    detail: Option<String>,
}

impl LogDocument {
    pub(crate) fn new(log: &Log) -> LogDocument {
        let entries = log.entries().iter().map(EntryDocument::new).collect();
        LogDocument { format_version: FORMAT_VERSION, entries, unreadable: log.unreadable() }
    }
}

impl EntryDocument {
    fn new(entry: &LogEntry) -> EntryDocument {
        EntryDocument {
            id: entry.id(),
            at: rfc3339(entry.at()),
            version: entry.version().number(),
            name: entry.name().to_owned(),
            event: entry.event().as_str().to_owned(),
            attempt: entry.attempt(),
            statement: entry.statement(),
            statements: entry.statements(),
            duration_ms: entry.duration().map(milliseconds),
            db_user: entry.db_user().map(str::to_owned),
            application: entry.application().map(str::to_owned),
            pid: entry.pid(),
            detail: entry.detail().map(str::to_owned),
        }
    }
}
