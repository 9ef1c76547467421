//! The abilities of a database, stated once.

/// What a database can do. The protocol asks this, and never which database it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// A session holds a lock from one transaction to the next.
    pub session_lock: bool,
    /// A rollback puts back the settings that a script has changed.
    pub transactional_settings: bool,
    /// A commit may return before it is durable.
    pub asynchronous_commit: bool,
    /// The database compares the applied set with a [digest](gapless_core::MigrationSet::digest).
    pub digest: bool,
}
