//! Maps the database's error to the error that the run ends with. No other file does.
//!
//! [`Language::classify`](crate::dialect::Language::classify) says what an error means. Each part of the protocol
//! decides by that class to wait, to retry or to end. If it ends, this file says how.

use gapless_core::Version;

use super::Stop;
use super::item::Item;
use super::protocol::Protocol;
use super::reply::DbError;
use crate::dialect::Class;
use crate::report::error::ErrorKind;
use crate::report::remedy::Remedy;
use crate::runner::Goal;

/// The work that the database refused.
#[derive(Clone, Debug)]
pub(super) enum Work {
    Observing,
    Locking,
    /// Probing the journal for renames and for other tools' tables.
    ReadingJournal,
    /// Reading the journal for people.
    ReadingLog,
    /// Probing this table of another tool.
    Reading(String),
    LookingForTables,
    Bootstrapping,
    Repairing,
    BeginningDryRun,
    /// Asking the catalog for the locks of a dry run.
    TracingLocks,
    Recording(Version),
    Removing(Version),
    /// Journaling a step.
    Journaling,
    /// Looking for migrations that a release has begun outside of a transaction.
    Settling,
    Applying(Version),
    RollingBack(Version),
    /// Applying migrations that are all recorded.
    ApplyingAgain,
}

impl Protocol<'_> {
    pub(super) fn class(&self, error: &DbError) -> Class {
        self.dialect.classify(error, &self.tracker)
    }

    /// Returns the class of an error of a message with a script; `in_script` says that a statement of the script has it.
    pub(super) fn class_at(&self, error: &DbError, in_script: bool) -> Class {
        match self.class(error) {
            class if class.is_of_run() && in_script && !self.tracker.is_named_by(error) => Class::Other,
            class => class,
        }
    }

    /// Returns the error of a run that ends because the database refused this work.
    pub(super) fn error(&self, work: Work, error: DbError) -> ErrorKind {
        let class = self.class(&error);
        let doing = self.doing(&work, class);
        let remedy = Remedy::of(&error, self.dialect.syntax());
        match (class, work) {
            (Class::InTransaction, Work::Observing | Work::Locking | Work::ReadingLog) => {
                ErrorKind::InTransaction
            }
            (Class::NoDatabase, _) => ErrorKind::NoDatabase,
            (Class::Shape, Work::Observing) => self.shape(error.message),
            (Class::Shape, Work::ReadingLog) => {
                ErrorKind::Shape { table: self.shown_journal(), problem: error.message }
            }
            (Class::ReadOnly, Work::Bootstrapping | Work::Repairing) => {
                self.read_only(self.queue.len() + self.plan.changes().len())
            }
            // The role has read or written the same before.
            (Class::Permission, Work::Locking | Work::Journaling | Work::Settling) => {
                ErrorKind::Database { doing, error, remedy }
            }
            (Class::Permission, _) => ErrorKind::Permission { doing, error },
            _ => ErrorKind::Database { doing, error, remedy },
        }
    }

    fn doing(&self, work: &Work, class: Class) -> String {
        let tracker = self.tracker.shown();
        match work {
            Work::Observing => format!("reading {tracker}"),
            Work::Locking => "asking for the lock".to_owned(),
            Work::ReadingJournal => format!("reading the journal of {tracker}"),
            Work::ReadingLog => format!("reading the journal {}", self.shown_journal()),
            Work::Reading(table) => format!("reading {table}"),
            Work::LookingForTables => "looking for the tables to reconcile".to_owned(),
            Work::Bootstrapping => match &self.plan.creates {
                Some(table) => format!("creating {tracker} and {table}"),
                None => format!("creating {tracker} and its journal"),
            },
            Work::Repairing => format!("repairing {tracker}"),
            Work::BeginningDryRun if class == Class::Permission => format!("trying to create {tracker}"),
            Work::TracingLocks => "asking for the locks of the dry run".to_owned(),
            Work::BeginningDryRun => "beginning the dry run".to_owned(),
            Work::Recording(version) => format!("recording version {version} in {tracker}"),
            Work::Removing(version) => format!("removing version {version} from {tracker}"),
            Work::Journaling => "journaling a migration without a transaction".to_owned(),
            Work::Settling => "reading the journal".to_owned(),
            Work::Applying(version) => format!("applying version {version}"),
            Work::RollingBack(version) => format!("rolling back version {version}"),
            Work::ApplyingAgain => "applying migrations, all of which are recorded".to_owned(),
        }
    }

    /// Returns the error of a run that ends because the database refused a migration's transaction. The error lies `at`
    /// this byte of the script, or around the script, where it may be the tracker's.
    pub(super) fn migration_error(&self, item: &Item<'_>, error: DbError, at: Option<usize>) -> ErrorKind {
        let ours = at.is_none() && self.tracker.is_named_by(&error);
        let version = item.migration.version();
        match self.class(&error) {
            Class::Permission if ours && item.is_down() => self.error(Work::Removing(version), error),
            _ if ours && !item.is_down() => self.error(Work::Recording(version), error),
            _ => self.failure(item, error, at),
        }
    }

    /// Returns the error of a run that ends because a migration's script failed.
    pub(super) fn failure(&self, item: &Item<'_>, error: DbError, at: Option<usize>) -> ErrorKind {
        let ended =
            matches!(self.class(&error), Class::Ended) && (item.is_down() || self.goal == Goal::DryRun);
        let failure = item.failure(error, at, self.dialect.syntax());
        ErrorKind::Migration(if ended { failure.ended(false) } else { failure })
    }

    fn shown_journal(&self) -> String {
        format!("{}.{}", self.tracker.schema(), self.tracker.journal_table())
    }

    pub(super) fn shape(&self, problem: String) -> ErrorKind {
        ErrorKind::Shape { table: self.tracker.shown(), problem }
    }

    /// Returns the error of a run that has so much to do on a database that takes no writes.
    pub(super) fn read_only(&self, count: usize) -> ErrorKind {
        ErrorKind::ReadOnly { goal: self.goal, count, standby: self.session.standby }
    }

    /// Ends the run because a pooler has handed the session on. Nothing of the message ran.
    pub(super) fn handed_on(&mut self, after: Option<i32>) -> Stop {
        self.session.open = false;
        Stop::failed(self.pooler(after))
    }

    /// Returns the error of a run whose session has moved to this backend.
    pub(super) fn pooler(&self, after: Option<i32>) -> ErrorKind {
        let before = self.session.pid.unwrap_or_default();
        let after = after.map_or(String::new(), |pid| pid.to_string());
        ErrorKind::Pooler { before, after, transaction_lock: self.abilities.transaction_lock }
    }
}

pub(super) fn code_ended() -> DbError {
    said("the code has ended the migration's transaction, or removed its row from the tracker")
}

pub(super) fn left_open() -> DbError {
    said("the code left a transaction open, which the run rolled back")
}

/// Says that a script has ended its transaction, with its record or without.
pub(super) fn script_ended(recorded: bool) -> DbError {
    said(if recorded {
        "the script has ended the migration's transaction"
    } else {
        "the script has ended the migration's transaction, or removed its own row from the tracker"
    })
}

/// Makes an error in our own words, where those of the database say nothing.
pub(super) fn said(message: impl Into<String>) -> DbError {
    DbError { message: message.into(), ..DbError::default() }
}
