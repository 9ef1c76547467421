//! PostgreSQL: its words, and the meaning of its errors.

mod catalog;
mod describe;
mod indexes;
mod locks;
mod prepared;
mod progress;
mod session;
mod steps;
mod tracker;
mod transaction;

use gapless_core::{Syntax, Version};

pub(crate) use self::prepared::Prepared;
use self::session::HANDED_ON;
use self::steps::UNFINISHED;
use self::transaction::HELD;
use super::language::{Language, Sealed};
use super::{Abilities, Class, LEFT, MARK, OPEN};
use crate::engine::DbError;
use crate::tracker::Tracker;

/// PostgreSQL 14 and later, in messages of the simple query protocol.
#[derive(Clone, Copy, Debug)]
pub struct Postgres;

impl Sealed for Postgres {}

impl Language for Postgres {
    fn abilities(&self) -> Abilities {
        Abilities {
            transactional_ddl: true,
            savepoints: true,
            transaction_lock: true,
            session_lock: true,
            reads_ahead: true,
            transactional_settings: true,
            asynchronous_commit: true,
            digest: true,
        }
    }

    fn syntax(&self) -> Syntax {
        Syntax::Postgres
    }

    fn default_schema(&self) -> &'static str {
        "public"
    }

    /// `NAMEDATALEN - 1`.
    fn longest_identifier(&self) -> Option<usize> {
        Some(63)
    }

    /// Writes a string that means the same with `standard_conforming_strings` on and off.
    fn literal(&self, text: &str) -> String {
        let text = text.replace('\0', "").replace('\'', "''");
        if text.contains('\\') { format!("E'{}'", text.replace('\\', "\\\\")) } else { format!("'{text}'") }
    }

    fn hex(&self, column: &str) -> String {
        format!("pg_catalog.encode({column}, 'hex')")
    }

    /// Not `now()`: all transactions of a message share the time at which the message arrived.
    fn clock(&self) -> &'static str {
        "clock_timestamp()"
    }

    fn session_mark(&self) -> String {
        "(SELECT extract(epoch FROM backend_start)::text FROM pg_catalog.pg_stat_activity \
         WHERE pid = pg_catalog.pg_backend_pid())"
            .to_owned()
    }

    /// The server converts a message before it reads it, and names the bytes (`0xe2 0x98 0x83`) in any language.
    fn untranslatable(&self, error: &DbError, message: &str) -> Option<usize> {
        if error.code != "22P05" {
            return None;
        }
        let named = error.message.split(|char: char| !char.is_ascii_alphanumeric());
        let bytes = named.filter_map(|word| u8::from_str_radix(word.strip_prefix("0x")?, 16).ok());
        let bytes: Vec<_> = bytes.collect();
        message.find(std::str::from_utf8(&bytes).ok().filter(|char| !char.is_empty())?)
    }

    /// Source: PostgreSQL 18, appendix A, "PostgreSQL Error Codes".
    fn classify(&self, error: &DbError, tracker: &Tracker) -> Class {
        let ours = error.schema.as_deref() == Some(tracker.schema());
        let table = |name: &str| ours && error.table.as_deref() == Some(name);
        match error.code.as_str() {
            "42P01" | "3F000" => Class::Missing,
            "23505" if table(tracker.table()) => {
                Class::Fence { version: error.detail.as_deref().and_then(key_of) }
            }
            // The journal's primary key is a sequence's; its other unique index is that of `started`.
            "23505" if table(&tracker.journal_table()) && !primary(error) => Class::Fence { version: None },
            "23502" if table(&tracker.journal_table()) => Class::Unrecorded,
            // Two sessions that create the same object collide on the catalog's own indexes.
            "23505" if error.schema.as_deref() == Some("pg_catalog") => Class::Exists,
            "42P07" | "42P06" | "42710" => Class::Exists,
            "22P02" if error.message.contains(LEFT) => Class::Ended,
            // There is no transaction, or it is not that of our savepoint.
            "25P01" => Class::Ended,
            "3B001" if error.message.contains(MARK) => Class::Ended,
            "55P03" if error.message == HELD => Class::Busy,
            "22P02" if error.message.contains(HANDED_ON) => {
                Class::HandedOn { pid: last_number(&error.message) }
            }
            "22P02" if error.message.contains(UNFINISHED) => Class::Unfinished,
            "22P02" if error.message.contains(OPEN) => Class::LeftOpen,
            "25001" => Class::Apart,
            "55P04" => Class::Untriable,
            "55P03" | "40P01" | "40001" => Class::Retry,
            "57014" => Class::Canceled,
            "42501" => Class::Permission,
            "25006" => Class::ReadOnly,
            "25P02" => Class::InTransaction,
            // A column is missing, or is no time or text: the time and the digest are functions of them.
            "42703" | "42883" => Class::Shape,
            _ => Class::Other,
        }
    }
}

/// Returns `true` for the name that `CREATE TABLE` gives a primary key.
fn primary(error: &DbError) -> bool {
    error.constraint.as_deref().is_some_and(|name| name.ends_with("_pkey"))
}

/// Reads the version in `Key (version)=(7) already exists.`, in any language of the server.
fn key_of(detail: &str) -> Option<Version> {
    let (_, after) = detail.split_once("(version)=(")?;
    after.split_once(')')?.0.parse().ok()
}

fn last_number(text: &str) -> Option<i32> {
    text.rsplit(|char: char| !char.is_ascii_digit()).find(|digits| !digits.is_empty())?.parse().ok()
}
