//! The copy of a schema, for a dry run where DDL commits by itself.

use super::Language;
use crate::engine::ResultSet;
use crate::tracker::Tracker;

/// The statements that copy a schema into a scratch database. The default is for databases that try DDL in a
/// transaction, and need no copy.
pub trait CopySql: Language {
    /// Selects the identity of the server, and the connection's database, in one row.
    fn identity(&self) -> Option<&'static str> {
        None
    }

    /// Selects the objects of the connection's database (kind, name), in an order in which they can be created; only
    /// views may need another.
    fn objects(&self) -> &'static str {
        ""
    }

    /// Selects the definition of each of these objects, a result for each. [`CopySql::definition`] reads them.
    fn definitions(&self, _objects: &[(String, String)]) -> String {
        String::new()
    }

    /// Writes the statements that create an object as its definition says; `None` if it says nothing.
    fn definition(&self, _kind: &str, _definition: &ResultSet) -> Option<String> {
        None
    }

    /// Keeps objects from being checked against others that are not there yet.
    fn begin_copy(&self) -> &'static str {
        ""
    }

    /// Puts the settings of [`CopySql::begin_copy`] and [`CopySql::definition`] back.
    fn end_copy(&self) -> &'static str {
        ""
    }

    /// Selects all rows of the tracker: those of the set, and those of the journal. [`CopySql::insert`] reads them.
    fn tracker_rows(&self, _tracker: &Tracker) -> String {
        String::new()
    }

    /// Inserts such rows.
    fn insert(&self, _tracker: &Tracker, _results: &[ResultSet]) -> String {
        String::new()
    }
}
