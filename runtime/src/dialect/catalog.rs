//! Questions to the catalog about other tables, and their answers.

use super::{Language, Table, session};
use crate::engine::ResultSet;
use crate::protocol::is_truth;
use crate::report::event::Holder;
use crate::tracker::Tracker;

/// The questions to the catalog.
pub trait CatalogSql: Language {
    /// Selects the columns of another table (name, type, database, schema); no rows if the table is missing.
    /// [`TableForm`] reads the answer.
    fn columns(&self, table: Table<'_>) -> String;

    /// Selects the existence of each of these tables, a row with one truth value for each. Names are written as in a
    /// statement, with their schema, or without it and found by the search path. [`tables_there`] reads the answer.
    fn tables(&self, names: &[&str]) -> String;

    /// Selects those of these names that are a table's which a statement finds without a schema; a row each.
    fn visible_tables(&self, names: &[&str]) -> String;

    /// Selects everything in the schemas of the database other than the tracker (object, property, value).
    fn describe(&self, tracker: &Tracker) -> String;

    /// Selects how far the backend with this process id has come with a long statement (command, relation, phase, done,
    /// total, unit); `None` for a database that does not tell.
    fn server_progress(&self, _pid: i32) -> Option<String> {
        None
    }

    /// Selects the relations that are there (number, name, kind, file, estimated rows, estimated bytes); `None` for a
    /// database that does not tell which locks a session has on them. [`Relation`](super::Relation) reads the answer.
    fn relations(&self) -> Option<String> {
        None
    }

    /// Selects the locks that this session has on relations other than the tracker's (number, mode, file, bytes).
    /// [`OwnLock`](super::OwnLock) reads the answer.
    fn own_locks(&self, _tracker: &Tracker) -> Option<String> {
        None
    }

    /// Selects the other sessions with a lock on a relation with one of these names, or on one that belongs to it (pid,
    /// application, since, query, state, mode, relation). [`lock_holders`](super::lock_holders) reads the answer.
    fn lock_holders(&self, _names: &[String]) -> Option<String> {
        None
    }

    /// Selects another session that has a lock on a relation with one of these names (pid, application, since, query,
    /// state, lock); `None` if the database cannot tell. [`blocker`] reads the answer.
    fn blocker(&self, _names: &[String]) -> Option<String> {
        None
    }
}

/// The answer to [`CatalogSql::columns`].
#[derive(Debug)]
pub(crate) struct TableForm {
    /// The name and type of each column, in lower case.
    pub(crate) columns: Vec<(String, String)>,
    pub(crate) database: String,
    pub(crate) schema: String,
}

impl TableForm {
    /// Returns `None` if the table is missing.
    pub(crate) fn read(rows: &ResultSet) -> Option<TableForm> {
        let text = |row: &[Option<String>], at: usize| row.get(at).cloned().flatten().unwrap_or_default();
        let first = rows.rows().next()?;
        let column = |row| (text(row, 0).to_lowercase(), text(row, 1).to_lowercase());
        Some(TableForm {
            columns: rows.rows().map(column).collect(),
            database: text(first, 2),
            schema: text(first, 3),
        })
    }
}

/// Writes strings as a list.
pub(crate) fn literals(dialect: &dyn Language, texts: &[&str]) -> String {
    texts.iter().map(|text| dialect.literal(text)).collect::<Vec<_>>().join(", ")
}

/// Reads the answer to [`CatalogSql::tables`].
pub(crate) fn tables_there(rows: &ResultSet) -> impl Iterator<Item = bool> {
    rows.rows().map(|row| row.first().and_then(Option::as_deref).is_some_and(is_truth))
}

/// Reads the answer to [`CatalogSql::blocker`]: the session, and its lock.
pub(crate) fn blocker(rows: &ResultSet) -> Option<(Holder, String)> {
    Some((session::holder(rows)?, rows.value(5)?.to_owned()))
}
