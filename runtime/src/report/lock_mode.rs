//! The modes of a lock on a table.

use std::fmt;

/// Mode of a lock on a table of Postgres, the weakest first.
///
/// Source: PostgreSQL 18, "Explicit Locking", tables of conflicting lock modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockMode {
    /// `SELECT`.
    AccessShare,
    /// `SELECT ... FOR UPDATE` and the like.
    RowShare,
    /// `INSERT`, `UPDATE`, `DELETE`.
    RowExclusive,
    /// `VACUUM`, `ANALYZE`, `CREATE INDEX CONCURRENTLY`, some of `ALTER TABLE`.
    ShareUpdateExclusive,
    /// `CREATE INDEX`.
    Share,
    /// `CREATE TRIGGER`, a foreign key.
    ShareRowExclusive,
    /// `REFRESH MATERIALIZED VIEW CONCURRENTLY`.
    Exclusive,
    /// `DROP TABLE`, `TRUNCATE`, most of `ALTER TABLE`.
    AccessExclusive,
}

impl LockMode {
    const ALL: [LockMode; 8] = [
        LockMode::AccessShare,
        LockMode::RowShare,
        LockMode::RowExclusive,
        LockMode::ShareUpdateExclusive,
        LockMode::Share,
        LockMode::ShareRowExclusive,
        LockMode::Exclusive,
        LockMode::AccessExclusive,
    ];

    /// Reads the mode as `pg_locks` has it: `AccessShareLock`.
    pub(crate) fn read(text: &str) -> Option<LockMode> {
        LockMode::ALL.into_iter().find(|mode| text == format!("{mode:?}Lock"))
    }

    /// Returns true if two sessions cannot have these locks on one table at the same time.
    pub fn conflicts_with(self, other: LockMode) -> bool {
        use LockMode::{
            AccessExclusive, AccessShare, Exclusive, RowExclusive, RowShare, Share, ShareRowExclusive,
            ShareUpdateExclusive,
        };
        match self.min(other) {
            AccessShare => self.max(other) == AccessExclusive,
            RowShare => self.max(other) >= Exclusive,
            RowExclusive => self.max(other) >= Share,
            ShareUpdateExclusive => self.max(other) >= ShareUpdateExclusive,
            Share => self.max(other) > Share,
            ShareRowExclusive | Exclusive | AccessExclusive => true,
        }
    }

    /// Returns true if it conflicts with every mode that the other one conflicts with.
    pub(crate) fn covers(self, other: LockMode) -> bool {
        LockMode::ALL.iter().all(|mode| !other.conflicts_with(*mode) || self.conflicts_with(*mode))
    }

    /// Returns true if it keeps others from reading the table.
    pub fn blocks_reads(self) -> bool {
        self.conflicts_with(LockMode::AccessShare)
    }

    /// Returns true if it keeps others from writing to the table.
    pub fn blocks_writes(self) -> bool {
        self.conflicts_with(LockMode::RowExclusive)
    }

    /// Returns what it keeps others from, in words: `reads, writes and changes of the schema`.
    pub fn blocks(self) -> &'static str {
        match self {
            LockMode::AccessShare => "only what drops or rewrites it",
            LockMode::RowShare => "only the strongest changes of the schema",
            LockMode::RowExclusive => "changes of the schema",
            LockMode::ShareUpdateExclusive => "changes of the schema, VACUUM and ANALYZE",
            LockMode::Share | LockMode::ShareRowExclusive => "writes, changes of the schema and VACUUM",
            LockMode::Exclusive => "writes, SELECT FOR UPDATE, changes of the schema and VACUUM",
            LockMode::AccessExclusive => "reads, writes and everything else",
        }
    }
}

impl fmt::Display for LockMode {
    /// As SQL has it: `ACCESS EXCLUSIVE`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = String::new();
        for letter in format!("{self:?}").chars() {
            if letter.is_ascii_uppercase() && !words.is_empty() {
                words.push(' ');
            }
            words.push(letter.to_ascii_uppercase());
        }
        f.pad(&words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conflicts_are_those_of_the_manual() {
        // A row of the manual's table for each mode, an X where two conflict.
        let rows =
            ["       X", "      XX", "    XXXX", "   XXXXX", "  XX XXX", "  XXXXXX", " XXXXXXX", "XXXXXXXX"];
        for (row, mode) in rows.iter().zip(LockMode::ALL) {
            for (cell, other) in row.chars().zip(LockMode::ALL) {
                assert_eq!(mode.conflicts_with(other), cell == 'X', "{mode} and {other}");
            }
        }
        assert!(LockMode::Share.blocks_writes() && !LockMode::Share.blocks_reads());
        assert_eq!(LockMode::read("ShareRowExclusiveLock"), Some(LockMode::ShareRowExclusive));
        assert_eq!(LockMode::ShareRowExclusive.to_string(), "SHARE ROW EXCLUSIVE");
        assert_eq!(LockMode::read("SIReadLock"), None);
        assert!(LockMode::ALL.iter().all(|mode| LockMode::AccessExclusive.covers(*mode)));
        assert!(LockMode::Exclusive.covers(LockMode::Share) && !LockMode::Share.covers(LockMode::Exclusive));
        // Two sessions may have this one at the same time, and not the other.
        assert!(!LockMode::Share.covers(LockMode::ShareUpdateExclusive));
    }
}
