//! What the catalog is asked of other tables, and how it answers.

use super::{Language, Table, session};
use crate::engine::ResultSet;
use crate::protocol::is_truth;
use crate::report::event::Holder;
use crate::tracker::Tracker;

/// The questions to the catalog.
pub trait CatalogSql: Language {
    /// Selects the columns of another table (name, type, the database, the schema that it is in); no rows if it is not
    /// there. [`TableForm`] reads the answer.
    fn columns(&self, table: Table<'_>) -> String;

    /// Selects for each of these tables whether it is there, a row with one truth value. Names are written as in a
    /// statement, with their schema or found by the search path. [`tables_there`] reads the answer.
    fn tables(&self, names: &[&str]) -> String;

    /// Selects everything that the schemas of the database hold, other than the tracker: object, property, value.
    fn describe(&self, tracker: &Tracker) -> String;

    /// Selects another session that has a lock on a relation with one of these names (pid, application, since, query,
    /// state, what it has); `None` if nothing can tell. [`blocker`] reads the answer.
    fn blocker(&self, _names: &[String]) -> Option<String> {
        None
    }
}

/// The answer to [`CatalogSql::columns`].
#[derive(Debug)]
pub(crate) struct TableForm {
    /// Name and type of each column, in lower case.
    pub(crate) columns: Vec<(String, String)>,
    pub(crate) database: String,
    pub(crate) schema: String,
}

impl TableForm {
    /// `None`: the table is not there.
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

/// Reads the answer to [`CatalogSql::tables`].
pub(crate) fn tables_there(rows: &ResultSet) -> impl Iterator<Item = bool> {
    rows.rows().map(|row| row.first().and_then(Option::as_deref).is_some_and(is_truth))
}

/// Reads the answer to [`CatalogSql::blocker`]: the session, and what it has.
pub(crate) fn blocker(rows: &ResultSet) -> Option<(Holder, String)> {
    Some((session::holder(rows)?, rows.value(5)?.to_owned()))
}
