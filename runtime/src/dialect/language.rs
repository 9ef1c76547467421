//! The words of a database: its syntax, quoting, literals and errors.

use std::borrow::Cow;
use std::fmt;

use gapless_core::Syntax;

use super::{Abilities, Class};
use crate::engine::DbError;
use crate::tracker::Tracker;

/// Keeps other crates from adding databases.
pub trait Sealed {}

/// The words of all statements for a database.
pub trait Language: Sealed + fmt::Debug + Sync {
    /// Returns the abilities of the database.
    fn abilities(&self) -> Abilities;

    /// Returns the rules by which the lexer reads scripts for this database.
    fn syntax(&self) -> Syntax;

    /// Returns the schema of the tracker, unless the caller names one.
    fn default_schema(&self) -> &'static str;

    /// Returns the number of bytes of an identifier that the database keeps; `None` if it keeps all.
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

    /// Joins texts; an expression.
    fn concat(&self, parts: &[&str]) -> String {
        parts.join(" || ")
    }

    /// Returns the clause of a `SELECT` that reads no table and has a condition.
    fn no_table(&self) -> &'static str {
        ""
    }

    /// Writes rows that a condition selects so that a statement may read them while it writes to their table; a part of
    /// `FROM`. The column distinguishes them.
    fn rows_apart(&self, _column: &str, table: &str, condition: &str) -> String {
        format!("{table} WHERE {condition}")
    }

    /// Writes a script as a part of a message, ended by a semicolon. Each of its statements stays at its place.
    fn script<'s>(&self, sql: &'s str) -> Cow<'s, str> {
        // It may end in a comment, or without a semicolon.
        Cow::Owned(format!("{sql}\n;\n"))
    }

    /// Returns `true` if a script may mean something else in a session that reads strings by other rules than the
    /// lexer.
    fn depends_on_strings(&self, _sql: &str) -> bool {
        true
    }

    /// Returns the time of the call, not of the transaction or message; an expression.
    fn clock(&self) -> &'static str;

    /// Returns the mark by which a later run recognizes a living session; an expression.
    fn session_mark(&self) -> String {
        "NULL".to_owned()
    }

    /// Finds the character in a message that the database's encoding lacks, if the error says so; in bytes.
    fn untranslatable(&self, _error: &DbError, _message: &str) -> Option<usize> {
        None
    }

    /// Returns the meaning of an error.
    fn classify(&self, error: &DbError, tracker: &Tracker) -> Class;
}
