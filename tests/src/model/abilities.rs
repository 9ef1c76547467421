//! The abilities of a database that a history depends on.

/// The abilities of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// It builds indexes concurrently.
    pub concurrent_indexes: bool,
    pub ddl: Ddl,
    /// A pooler may hand its sessions on.
    pub pooler: bool,
    /// A lock may end with a transaction.
    pub transaction_lock: bool,
}

/// The way of DDL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ddl {
    /// A transaction takes it along.
    Transactional,
    /// It commits by itself, and what became of a statement after a crash may be unknown.
    Commits,
    /// It commits by itself, and the catalog tells what became of most statements.
    Decided,
}

impl Abilities {
    /// Returns true if a script with DDL cannot commit as a whole.
    pub fn commits_ddl(self) -> bool {
        self.ddl != Ddl::Transactional
    }
}
