//! The statements of a session, and their answers: the applied set, the lock, the settings.

use super::{CURRENT, Language, LockQuery, Timeouts};
use crate::engine::ResultSet;
use crate::report::event::Holder;
use crate::tracker::Tracker;

/// The statements of a session, outside of any transaction of a migration.
pub trait SessionSql: Language {
    /// Selects the session (backend pid, takes no writes, is a standby, in a transaction, the database and the server's
    /// version where they matter), and the applied set as [`SessionSql::select_set`] does. If the set has this [digest](gapless_core::MigrationSet::digest), it selects a
    /// row of NULL and [`CURRENT`](super::CURRENT) instead. [`Observation`] reads the answer.
    fn observe(&self, tracker: &Tracker, digest: Option<i64>) -> String;

    /// Selects the applied set (version, name, checksum, time of application) in any order. The time is text that sorts
    /// as the time does: it distinguishes a newer release's rows from lost files.
    fn select_set(&self, tracker: &Tracker) -> String;

    /// Tries to take the lock. Selects up to four results: the lock (ours now, schema exists, set exists, journal
    /// exists, backend pid, takes no writes, is a standby, reads strings by the standard, the set has its key, the
    /// database, the server's version and the longest message where they matter), the session's settings (name, value) if
    /// [`LockQuery::settings`], the applied set if [`LockQuery::set`], the lock's holder (pid, application, since, query,
    /// state) if [`LockQuery::holder`]. [`LockAnswer`] reads the answer.
    fn lock(&self, tracker: &Tracker, query: LockQuery) -> String;

    /// Gives the lock back (done, backend pid) on the backend that took it, if its pid is known, and selects NULL on
    /// any other; empty unless [`Abilities::session_lock`](super::Abilities::session_lock).
    fn unlock(&self, _tracker: &Tracker, _pid: Option<i32>) -> String {
        String::new()
    }

    /// Fails with [`Class::HandedOn`](super::Class::HandedOn) on any other backend; empty where a session stays with
    /// its client.
    fn same_backend(&self, _pid: i32) -> String {
        String::new()
    }

    /// Returns the statements and functions (with `()` behind them) that give up all locks of their session.
    fn unlock_all(&self) -> &'static [&'static str] {
        &[]
    }

    /// Returns the statement that ends the session with the number `{}`.
    fn end_session(&self) -> &'static str {
        "KILL {}"
    }

    /// Sets these timeouts for the session.
    fn set_timeouts(&self, timeouts: Timeouts) -> String;

    /// Puts the session's settings back to what they were, between two migrations.
    fn restore(&self, settings: &[(String, String)]) -> String;

    /// Puts the session's settings back at the end of the run, with those that the run itself needs.
    fn give_back(&self, settings: &[(String, String)]) -> String {
        self.restore(settings)
    }

    /// Returns `true` if these are the settings of a session on a node of a cluster whose nodes know nothing of each other's
    /// locks.
    fn is_node(&self, _settings: &[(String, String)]) -> bool {
        false
    }

    /// Returns the name of a server of this version, and the versions that it takes, if this one is too old.
    fn too_old(&self, _version: &str) -> Option<(&'static str, &'static str)> {
        None
    }

    /// Returns the statements before and behind a question that let it leave no transaction behind, and fail in one with
    /// [`Class::InTransaction`](super::Class::InTransaction); empty where a question opens none.
    fn apart(&self) -> (&'static str, &'static str) {
        ("", "")
    }

    /// Selects what [`Observation`] calls peculiar; empty where no session is.
    fn peculiar(&self) -> String {
        String::new()
    }

    /// Takes settings from the session under which reading has side effects; see [`Observation`].
    fn prepare(&self) -> &'static str {
        ""
    }

    /// Fails with [`Class::LeftOpen`](super::Class::LeftOpen) in a transaction, where SQL can ask that.
    fn outside(&self) -> String {
        String::new()
    }
}

/// The session's facts, in every observation.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SessionFacts {
    pub(crate) pid: Option<i32>,
    pub(crate) read_only: bool,
    pub(crate) standby: bool,
}

/// The applied set in an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rows<'r> {
    /// It has the digest in the question.
    Current,
    All(&'r ResultSet),
}

/// The answer to [`SessionSql::observe`].
#[derive(Debug)]
pub(crate) struct Observation<'r> {
    pub(crate) session: SessionFacts,
    pub(crate) in_transaction: bool,
    /// The database of the connection, where the tracker may be in any.
    pub(crate) database: Option<&'r str>,
    /// The version of the server, where some are too old.
    pub(crate) server: Option<&'r str>,
    /// The statement that gives the session back what [`SessionSql::prepare`] takes from it, if it has any of that.
    pub(crate) peculiar: Option<&'r str>,
    pub(crate) set: Option<Rows<'r>>,
}

/// The answer to [`SessionSql::lock`].
#[derive(Debug)]
pub(crate) struct LockAnswer<'r> {
    /// The lock is ours now; `None` from another backend than the one in the question.
    pub(crate) ours: Option<bool>,
    pub(crate) schema: bool,
    pub(crate) set_exists: bool,
    pub(crate) journal: bool,
    pub(crate) session: SessionFacts,
    /// The session reads strings by the standard, as the lexer does.
    pub(crate) standard_strings: bool,
    /// The version is the set's key.
    pub(crate) has_key: bool,
    /// The database of the connection, where the tracker may be in any.
    pub(crate) database: Option<&'r str>,
    /// The version of the server, where some are too old.
    pub(crate) server: Option<&'r str>,
    /// The longest message, in bytes, where the server does not take any.
    pub(crate) longest: Option<usize>,
    pub(crate) settings: Option<Vec<(String, String)>>,
    pub(crate) set: Option<Rows<'r>>,
    pub(crate) holder: Option<Holder>,
    /// The answer to the other question.
    pub(crate) tables: Option<&'r ResultSet>,
}

/// The answer to [`SessionSql::unlock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unlock {
    Done,
    /// The session did not have the lock.
    NotHeld,
    /// This is not the backend that took the lock.
    Elsewhere,
}

impl Unlock {
    /// Reads the last result of a message.
    pub(crate) fn read(results: &[ResultSet]) -> Option<Unlock> {
        let result = results.last()?;
        Some(match result.value(0) {
            None => Unlock::Elsewhere,
            Some(_) if result.is_true(0) => Unlock::Done,
            Some(_) => Unlock::NotHeld,
        })
    }
}

impl<'r> Observation<'r> {
    pub(crate) fn read(results: &'r [ResultSet]) -> Observation<'r> {
        let facts = |first: &ResultSet| SessionFacts {
            pid: number(first, 0),
            read_only: first.is_true(1),
            standby: first.is_true(2),
        };
        let mut results = answers(results);
        let first = results.next();
        Observation {
            session: first.map(facts).unwrap_or_default(),
            in_transaction: first.is_some_and(|first| first.is_true(3)),
            database: first.and_then(|first| first.value(4)),
            server: first.and_then(|first| first.value(5)),
            peculiar: first.and_then(|first| first.value(6)),
            set: results.next().map(Rows::read),
        }
    }
}

impl<'r> LockAnswer<'r> {
    pub(crate) fn read(query: LockQuery, results: &'r [ResultSet]) -> LockAnswer<'r> {
        let mut results = answers(results);
        let first = results.next();
        let none = ResultSet::default();
        let flags = first.unwrap_or(&none);
        LockAnswer {
            database: first.and_then(|first| first.value(9)),
            server: first.and_then(|first| first.value(10)),
            longest: first.and_then(|first| first.value(11)?.parse().ok()),
            ours: flags.value(0).map(|_| flags.is_true(0)),
            schema: flags.is_true(1),
            set_exists: flags.is_true(2),
            journal: flags.is_true(3),
            session: SessionFacts {
                pid: number(flags, 4),
                read_only: flags.is_true(5),
                standby: flags.is_true(6),
            },
            standard_strings: flags.is_true(7),
            has_key: flags.is_true(8),
            settings: results.by_ref().take(usize::from(query.settings)).next().map(pairs),
            set: results.by_ref().take(usize::from(query.set)).next().map(Rows::read),
            holder: results.by_ref().take(usize::from(query.holder)).next().and_then(holder),
            tables: results.last().filter(|_| query.tables),
        }
    }
}

impl<'r> Rows<'r> {
    fn read(rows: &'r ResultSet) -> Rows<'r> {
        let current = rows.value(0).is_none() && rows.value(1) == Some(CURRENT);
        if current { Rows::Current } else { Rows::All(rows) }
    }
}

/// Passes over the results of statements that select nothing, before the first that does.
fn answers(results: &[ResultSet]) -> impl Iterator<Item = &ResultSet> {
    results.iter().skip_while(|result| result.rows().next().is_none())
}

fn number(rows: &ResultSet, column: usize) -> Option<i32> {
    rows.value(column)?.parse().ok()
}

/// Rows of a name and a value.
fn pairs(rows: &ResultSet) -> Vec<(String, String)> {
    let pair = |row: &[Option<String>]| match row {
        [Some(name), Some(value)] => Some((name.clone(), value.clone())),
        _ => None,
    };
    rows.rows().filter_map(pair).collect()
}

/// The session that has a lock (pid, application, since, query, state).
pub(crate) fn holder(rows: &ResultSet) -> Option<Holder> {
    rows.rows().next()?;
    let text = |column| rows.value(column).map(str::to_owned);
    Some(Holder {
        pid: number(rows, 0),
        application: text(1),
        since: text(2),
        query: text(3).filter(|query| !is_ours(query)),
        state: text(4),
    })
}

/// Returns true for the beginning of a runner's message that says nothing of its work.
fn is_ours(query: &str) -> bool {
    ["pg_catalog.pg_backend_pid()", "connection_id()"].iter().any(|ours| query.contains(ours))
}
