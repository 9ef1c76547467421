//! SQLite: its words, and the meaning of its errors.

mod catalog;
mod describe;
mod session;
mod steps;
mod tracker;
mod transaction;

use gapless_core::Syntax;

use self::steps::UNFINISHED;
use super::language::{Language, Sealed};
use super::{Abilities, Class, LEFT, MARK, OPEN};
use crate::engine::DbError;
use crate::tracker::Tracker;

/// SQLite 3.37 and later (for `RETURNING` and `pragma_table_list`). `BEGIN IMMEDIATE` takes its one lock, the
/// database's.
#[derive(Clone, Copy, Debug)]
pub struct Sqlite;

/// Milliseconds since the epoch do not fit the journal's form of a time; this is ISO 8601 in UTC.
const NOW: &str = "(strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))";

impl Sealed for Sqlite {}

impl Language for Sqlite {
    fn abilities(&self) -> Abilities {
        Abilities {
            transactional_ddl: true,
            savepoints: true,
            transaction_lock: true,
            session_lock: false,
            reads_ahead: false,
            transactional_settings: false,
            asynchronous_commit: false,
            digest: false,
        }
    }

    fn syntax(&self) -> Syntax {
        Syntax::Sqlite
    }

    fn default_schema(&self) -> &'static str {
        "main"
    }

    fn longest_identifier(&self) -> Option<usize> {
        None
    }

    fn literal(&self, text: &str) -> String {
        format!("'{}'", text.replace('\0', "").replace('\'', "''"))
    }

    fn hex(&self, column: &str) -> String {
        format!("lower(hex({column}))")
    }

    fn clock(&self) -> &'static str {
        NOW
    }

    /// Source: <https://www.sqlite.org/rescode.html>; the code is the extended one.
    fn classify(&self, error: &DbError, tracker: &Tracker) -> Class {
        let code: i32 = error.code.parse().unwrap_or_default();
        let column = |table: &str| error.message.contains(&format!("failed: {table}.version"));
        match (code, code & 0xff) {
            _ if error.message == LEFT => Class::Ended,
            _ if error.message == OPEN => Class::LeftOpen,
            (1, _) if error.message == UNFINISHED => Class::Unfinished,
            (1, _) if error.message.starts_with(&format!("no such savepoint: {MARK}")) => Class::Ended,
            (1555 | 2067, _) if column(tracker.table()) || column(&tracker.journal_table()) => {
                Class::Fence { version: None }
            }
            (1299, _) if error.message.contains(&format!("failed: {}.name", tracker.journal_table())) => {
                Class::Unrecorded
            }
            (_, 5 | 6) => Class::Busy,
            (_, 9) => Class::Canceled,
            (_, 8) => Class::ReadOnly,
            (_, 3 | 23) => Class::Permission,
            (1, _) if error.message.starts_with("no such table: ") => Class::Missing,
            (1, _) if error.message.starts_with("no such column: ") => Class::Shape,
            (1, _) if error.message.ends_with(" already exists") => Class::Exists,
            _ => Class::Other,
        }
    }
}
