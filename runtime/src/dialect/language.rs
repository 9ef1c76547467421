//! The words of a database: its syntax, quoting, literals and errors.

use std::fmt;

use gapless_core::Syntax;

use super::{Abilities, Class};
use crate::engine::DbError;
use crate::tracker::Tracker;

/// Keeps databases from being added outside of this crate.
pub trait Sealed {}

/// The words that all statements for a database are made of.
pub trait Language: Sealed + fmt::Debug + Sync {
    /// Returns what the database can do.
    fn abilities(&self) -> Abilities;

    /// Returns the rules by which scripts for this database are taken apart.
    fn syntax(&self) -> Syntax;

    /// Returns the schema of the tracker unless another one is named.
    fn default_schema(&self) -> &'static str;

    /// Returns how many bytes of an identifier the database keeps; `None` is all of them.
    fn longest_identifier(&self) -> Option<usize>;

    /// Writes an identifier between quotes: those of standard SQL, unless the database has its own.
    fn identifier(&self, name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    /// Writes the name of a table in a schema.
    fn qualified(&self, schema: &str, table: &str) -> String {
        format!("{}.{}", self.identifier(schema), self.identifier(table))
    }

    /// Writes a string.
    fn literal(&self, text: &str) -> String;

    /// Writes bytes as hex digits; an expression.
    fn hex(&self, column: &str) -> String;

    /// Returns the time of the call, not of the transaction or message; an expression.
    fn clock(&self) -> &'static str;

    /// Returns what a later run recognises a living session by; an expression.
    fn session_mark(&self) -> &'static str {
        "NULL"
    }

    /// Finds the character in a message that the database's encoding lacks, if that is what the error says; in bytes.
    fn untranslatable(&self, _error: &DbError, _message: &str) -> Option<usize> {
        None
    }

    /// Returns what an error means.
    fn classify(&self, error: &DbError, tracker: &Tracker) -> Class;
}
