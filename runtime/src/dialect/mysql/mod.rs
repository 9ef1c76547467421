//! MySQL and MariaDB: their words, and the meaning of their errors.
//!
//! One text serves both: what only one of them knows stands in a conditional comment, `/*M!100600 ... */` for MariaDB
//! and `/*!80000 ... */` for MySQL (MariaDB passes over versions from 50700 to 99999).

mod catalog;
mod cluster;
mod copy;
mod describe;
mod objects;
mod progress;
mod session;
mod steps;
mod sums;
mod tracker;
mod transaction;

use std::borrow::Cow;

use gapless_core::{Syntax, Version, split};

use super::language::{Language, Sealed};
use super::{Abilities, Class, MARK};
use crate::engine::DbError;
use crate::tracker::Tracker;

/// MariaDB 10.6 and later, and MySQL 8.0 and later, in messages of the text protocol with several statements.
#[derive(Clone, Copy, Debug)]
pub struct Mysql;

/// The unique key of the journal's beginnings: a try of a version begins once, and so does each statement of a try.
const CLAIM: &str = "gapless_claim";

/// A sum that is out of range if this condition holds; an expression. There is no other way to fail in a `SELECT`.
fn fails_if(condition: &str) -> String {
    format!("18446744073709551615 + ({condition})")
}

impl Sealed for Mysql {}

impl Language for Mysql {
    fn abilities(&self) -> Abilities {
        Abilities {
            transactional_ddl: false,
            savepoints: true,
            transaction_lock: false,
            session_lock: true,
            reads_ahead: false,
            transactional_settings: false,
            asynchronous_commit: false,
            digest: false,
        }
    }

    fn syntax(&self) -> Syntax {
        Syntax::Mysql
    }

    /// The connection's own database.
    fn default_schema(&self) -> &'static str {
        ""
    }

    /// The limit is 64 characters; bytes are never fewer.
    fn longest_identifier(&self) -> Option<usize> {
        Some(64)
    }

    /// Backquotes mean the same with `ANSI_QUOTES` and without.
    fn identifier(&self, name: &str) -> String {
        format!("`{}`", name.replace('`', "``"))
    }

    fn qualified(&self, schema: &str, table: &str) -> String {
        match schema {
            "" => self.identifier(table),
            schema => format!("{}.{}", self.identifier(schema), self.identifier(table)),
        }
    }

    /// Writes a string that means the same with `NO_BACKSLASH_ESCAPES` and without.
    fn literal(&self, text: &str) -> String {
        let text = text.replace('\0', "");
        if text.contains('\\') {
            let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
            return format!("_utf8mb4 X'{hex}'");
        }
        format!("'{}'", text.replace('\'', "''"))
    }

    fn hex(&self, column: &str) -> String {
        format!("lower(hex({column}))")
    }

    fn concat(&self, parts: &[&str]) -> String {
        format!("concat({})", parts.join(", "))
    }

    fn no_table(&self) -> &'static str {
        " FROM DUAL"
    }

    /// `DISTINCT` keeps MySQL from taking the table itself for the derived one.
    fn rows_apart(&self, column: &str, table: &str, condition: &str) -> String {
        format!("(SELECT DISTINCT {column} FROM {table} WHERE {condition}) apart")
    }

    fn clock(&self) -> &'static str {
        "utc_timestamp(6)"
    }

    fn session_mark(&self) -> String {
        session::mark()
    }

    /// An empty statement is an error, and delimiters are the client's.
    fn script<'s>(&self, sql: &'s str) -> Cow<'s, str> {
        let statements = split(sql, Syntax::Mysql).unwrap_or_default();
        let mut script = String::with_capacity(sql.len() + 2);
        for statement in &statements {
            let span = statement.span();
            // Each stays at its place, so that places in the message are places in the file.
            script.extend(std::iter::repeat_n(' ', span.start.saturating_sub(script.len())));
            script.push_str(statement.text());
            script.push(';');
        }
        script.push('\n');
        Cow::Owned(script)
    }

    fn depends_on_strings(&self, sql: &str) -> bool {
        sql.contains('\\')
    }

    /// Sources: MySQL 8.4 "Server Error Message Reference", MariaDB "Error Codes".
    fn classify(&self, error: &DbError, _: &Tracker) -> Class {
        let message = &error.message;
        match error.code.parse().unwrap_or_default() {
            1146 | 1049 => Class::Missing,
            1050 | 1007 => Class::Exists,
            1046 => Class::NoDatabase,
            1062 | 1586 if message.contains(CLAIM) => Class::Fence { version: None },
            1062 | 1586 if message.contains("PRIMARY") => Class::Fence { version: first_number(message) },
            1048 if message.contains("'name'") => Class::Unrecorded,
            1305 if message.contains(MARK) => Class::Ended,
            1690 if message.contains("18446744073709551615") => Class::HandedOn { pid: None },
            1242 => Class::Unfinished,
            1568 => Class::InTransaction,
            // A lock timeout, a deadlock, a row that another has changed, and a table that another was changing while the
            // catalog was read.
            1205 | 1213 | 1020 | 3572 | 1684 => Class::Retry,
            1047 => Class::Busy,
            1317 | 1969 | 3024 => Class::Canceled,
            1044 | 1045 | 1142 | 1143 | 1227 | 1370 => Class::Permission,
            1290 | 1792 | 1836 => Class::ReadOnly,
            1054 => Class::Shape,
            _ => Class::Other,
        }
    }
}

/// Reads the version in `Duplicate entry '7' for key 'PRIMARY'`, in any language of the server.
fn first_number(message: &str) -> Option<Version> {
    let quoted = message.split('\'').nth(1)?;
    quoted.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_keeps_its_statements_at_their_places() {
        let script = "-- why\nINSERT INTO t VALUES (1);;\nDELIMITER //\nINSERT INTO t VALUES (';')//\n-- end";
        let sent = Mysql.script(script);
        for statement in split(script, Syntax::Mysql).unwrap() {
            assert_eq!(&sent[statement.span()], statement.text());
        }
        let texts: Vec<_> =
            split(&sent, Syntax::Mysql).unwrap().iter().map(|one| one.text().to_owned()).collect();
        assert_eq!(texts, ["INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (';')"]);
        assert!(!sent.contains("DELIMITER"), "{sent}");
        assert_eq!(Mysql.script("-- nothing\n;;").trim(), "");
    }

    #[test]
    fn literals_do_not_depend_on_escapes() {
        assert_eq!(Mysql.literal("it's"), "'it''s'");
        assert_eq!(Mysql.literal("a\\"), "_utf8mb4 X'615c'");
    }
}
