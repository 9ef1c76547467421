//! Where a migration outside of a transaction was interrupted, as the journal tells it.

use gapless::{Log, LogEntry, LogEvent};

/// The state in which the last try has left a migration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Interruption {
    /// How many statements are done.
    pub(super) done: usize,
    /// True if the outcome of the next statement is unknown.
    pub(super) in_doubt: bool,
    /// True if it was being rolled back.
    pub(super) back: bool,
    /// The last entry of a try that has begun.
    pub(super) last: Option<LogEntry>,
}

impl Interruption {
    /// Reads the entries of a migration; `None` if no try is open.
    pub(super) fn read(log: &Log, name: &str) -> Option<Interruption> {
        let mut found = Interruption::default();
        for entry in log.entries().iter().filter(|entry| entry.name() == name) {
            match entry.event() {
                LogEvent::Started => {}
                LogEvent::StatementBegun => found.in_doubt = true,
                LogEvent::Statement | LogEvent::Resolved => {
                    (found.done, found.in_doubt) = (entry.statement().unwrap_or_default(), false);
                }
                LogEvent::Failed => found.in_doubt = false,
                LogEvent::Interrupted => found.in_doubt = true,
                LogEvent::RollingBack => found = Interruption { back: true, ..Interruption::default() },
                LogEvent::Renamed | LogEvent::ChecksumAccepted | LogEvent::TableCreated => continue,
                // Its row has come into the set, or gone out of it.
                _ => {
                    found = Interruption::default();
                    continue;
                }
            }
            found.last = Some(entry.clone());
        }
        found.last.is_some().then_some(found)
    }
}
