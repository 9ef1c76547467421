//! The abilities of a database, stated once.

/// The abilities of a database. The protocol asks for these, and never which database it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// A transaction that rolls back takes its DDL with it. Where DDL commits by itself, a migration that holds any
    /// runs statement by statement.
    pub transactional_ddl: bool,
    /// A transaction has savepoints. Without them a dry run marks its transaction instead.
    pub savepoints: bool,
    /// A transaction can hold the lock, or keeps others out by itself.
    pub transaction_lock: bool,
    /// A session holds a lock from one transaction to the next.
    pub session_lock: bool,
    /// The server reads a message of several statements whole before it runs any, so that an error of syntax further
    /// on keeps the first from running.
    pub reads_ahead: bool,
    /// A rollback puts back the settings that a script has changed.
    pub transactional_settings: bool,
    /// A commit may return before it is durable.
    pub asynchronous_commit: bool,
    /// The database compares the applied set with a [digest](gapless_core::MigrationSet::digest).
    pub digest: bool,
}
