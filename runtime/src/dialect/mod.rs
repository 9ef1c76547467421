//! The differences between databases: the text of statements, the reading of answers, the classes of errors, the
//! abilities.
//!
//! A trait for each job, with the types of its answers beside it; a folder for each database, with a file for each
//! trait.

mod abilities;
mod catalog;
mod class;
mod contest;
mod copy;
mod effect;
mod language;
mod locks;
mod mysql;
mod postgres;
mod repair;
mod session;
mod sqlite;
mod status;
mod steps;
mod terms;
mod tracker;
mod transaction;

pub(crate) use self::abilities::Abilities;
pub(crate) use self::catalog::CatalogSql;
pub(crate) use self::catalog::{TableForm, blocker, literals, tables_there};
pub(crate) use self::class::Class;
pub(crate) use self::copy::CopySql;
pub(crate) use self::effect::Effect;
pub(crate) use self::language::Language;
pub(crate) use self::locks::{OwnLock, Relation, lock_holders};
pub use self::mysql::Mysql;
pub use self::postgres::Postgres;
pub(crate) use self::postgres::Prepared;
pub(crate) use self::session::SessionSql;
pub(crate) use self::session::{LockAnswer, Observation, Rows, SessionFacts, Unlock};
pub use self::sqlite::Sqlite;
pub(crate) use self::status::StatusSql;
pub(crate) use self::steps::StepSql;
pub(crate) use self::steps::{FoundIndex, ProgressRow, place, versions};
pub use self::terms::APPLIED;
pub(crate) use self::terms::{
    ASIDE, BEGUN, CURRENT, Entry, LEFT, LockQuery, MARK, Missing, Names, OPEN, TOOL_LOCK, Table, Timeouts,
    ToolLocks,
};
pub(crate) use self::tracker::TrackerSql;
pub(crate) use self::tracker::{Recorded, durations, is_recorded, renames, runs, seen};
pub(crate) use self::transaction::TransactionSql;

/// The text that a [`Run`](crate::engine::Run) sends to one kind of database, and how it reads errors.
///
/// Every method returns whole statements, each ended by a semicolon, or an expression where it says so. Each states the
/// first columns of its rows.
///
/// Its methods are not public API: the trait is sealed, and they change with any release. A driver of your own passes
/// [`Postgres`] or [`Sqlite`] on.
pub trait Dialect:
    Language + SessionSql + TransactionSql + TrackerSql + StepSql + CatalogSql + CopySql + StatusSql
{
}

impl<D: Language + SessionSql + TransactionSql + TrackerSql + StepSql + CatalogSql + CopySql + StatusSql>
    Dialect for D
{
}
