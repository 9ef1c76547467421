//! A statement that a run sends by itself.

use std::fmt;

use gapless_core::{Location, Version};

/// Statement of a migration outside of a transaction that begins now; see
/// [`Event::Statement`](crate::Event::Statement).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementBegun {
    pub(crate) version: Version,
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) number: usize,
    pub(crate) total: usize,
    pub(crate) location: Option<Location>,
    pub(crate) sql: String,
}

impl StatementBegun {
    /// Returns the version of the migration.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Returns the name of the migration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the file that holds the statement, relative to the embedding crate; the down file in a rollback.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the number of the statement in its file, counted from 1.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Returns the number of all statements in the file.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Returns the place of the statement in its file; `None` for code.
    pub fn location(&self) -> Option<Location> {
        self.location
    }

    /// Returns the text of the statement; empty for code.
    pub fn sql(&self) -> &str {
        &self.sql
    }
}

impl fmt::Display for StatementBegun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StatementBegun { version, name, path, number, total, .. } = self;
        write!(f, "{version} {name}, statement {number} of {total} ({path}")?;
        self.location.map_or(Ok(()), |location| write!(f, ":{location}"))?;
        f.write_str(")")?;
        let line = self.sql.lines().next().unwrap_or_default();
        if line.is_empty() { Ok(()) } else { write!(f, ": {line}") }
    }
}
