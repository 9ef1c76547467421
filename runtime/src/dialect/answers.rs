//! The answers to the dialect's questions, typed.

use std::collections::BTreeMap;

use gapless_core::Version;

use super::{APPLIED, CURRENT, Look};
use crate::engine::ResultSet;
use crate::report::event::Holder;

/// A session's side of every observation.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SessionFacts {
    pub(crate) pid: Option<i32>,
    pub(crate) read_only: bool,
    pub(crate) standby: bool,
}

/// The applied set as it was selected.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rows<'r> {
    /// It has the digest that was asked for.
    Current,
    All(&'r ResultSet),
}

/// The answer to [`Dialect::observe`](super::Dialect::observe).
#[derive(Debug)]
pub(crate) struct Observation<'r> {
    pub(crate) session: SessionFacts,
    pub(crate) in_transaction: bool,
    pub(crate) set: Option<Rows<'r>>,
}

/// The answer to [`Dialect::lock`](super::Dialect::lock).
#[derive(Debug)]
pub(crate) struct LockAnswer<'r> {
    /// Whether the lock is ours now; `None` from another backend than the one asked for.
    pub(crate) ours: Option<bool>,
    pub(crate) schema: bool,
    pub(crate) set_exists: bool,
    pub(crate) journal: bool,
    pub(crate) session: SessionFacts,
    /// Whether strings are read by the standard, as the lexer takes them.
    pub(crate) standard_strings: bool,
    /// Whether the version is the set's key.
    pub(crate) has_key: bool,
    pub(crate) settings: Option<Vec<(String, String)>>,
    pub(crate) set: Option<Rows<'r>>,
    pub(crate) holder: Option<Holder>,
}

impl<'r> Observation<'r> {
    pub(crate) fn read(results: &'r [ResultSet]) -> Observation<'r> {
        let facts = |first: &ResultSet| SessionFacts {
            pid: number(first, 0),
            read_only: first.is_true(1),
            standby: first.is_true(2),
        };
        let first = results.first();
        Observation {
            session: first.map(facts).unwrap_or_default(),
            in_transaction: first.is_some_and(|first| first.is_true(3)),
            set: results.get(1).map(Rows::read),
        }
    }
}

impl<'r> LockAnswer<'r> {
    pub(crate) fn read(look: Look, results: &'r [ResultSet]) -> LockAnswer<'r> {
        let none = ResultSet::default();
        let mut results = results.iter();
        let flags = results.next().unwrap_or(&none);
        LockAnswer {
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
            settings: results.by_ref().take(usize::from(look.settings)).next().map(pairs),
            set: results.by_ref().take(usize::from(look.set)).next().map(Rows::read),
            holder: results.by_ref().take(usize::from(look.holder)).next().and_then(holder),
        }
    }
}

impl<'r> Rows<'r> {
    fn read(rows: &'r ResultSet) -> Rows<'r> {
        let current = rows.value(0).is_none() && rows.value(1) == Some(CURRENT);
        if current { Rows::Current } else { Rows::All(rows) }
    }
}

/// The versions in the first column.
pub(crate) fn versions(rows: Option<&ResultSet>) -> Vec<Version> {
    let version = |row: &[Option<String>]| row.first()?.as_deref()?.parse().ok();
    rows.into_iter().flat_map(ResultSet::rows).filter_map(version).collect()
}

/// How long each of the applied took, as the rows say that [`Dialect::journal_applied`](super::Dialect::journal_applied)
/// selects among those of scripts.
pub(crate) fn durations(results: &[ResultSet]) -> impl Iterator<Item = Option<std::time::Duration>> {
    let marks = results.iter().filter(|result| result.value(0) == Some(APPLIED));
    marks.map(|mark| mark.value(2)?.parse().ok().map(std::time::Duration::from_micros))
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
        query: text(3),
        state: text(4),
    })
}

/// How versions came into the set, as the journal says.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    /// The last event of each, with its detail; `None` if the journal could not be read.
    last: Option<BTreeMap<Version, (String, Option<String>)>>,
}

impl Recorded {
    pub(crate) fn read(rows: Option<&ResultSet>) -> Recorded {
        let entry = |row: &[Option<String>]| match row {
            [Some(version), Some(event), detail] => {
                Some((version.parse().ok()?, (event.clone(), detail.clone())))
            }
            _ => None,
        };
        Recorded { last: rows.map(|rows| rows.rows().filter_map(entry).collect()) }
    }

    /// Whether the run with this token has applied it.
    pub(crate) fn is_of(&self, version: Version, token: &str) -> bool {
        let last = self.last.as_ref().and_then(|last| last.get(&version));
        last.is_some_and(|(event, detail)| {
            matches!(event.as_str(), "applied" | "baselined") && detail.as_deref() == Some(token)
        })
    }

    /// Whether somebody has journaled that it is in the set, as far as that can be known.
    pub(crate) fn is_told(&self, version: Version) -> bool {
        self.last
            .as_ref()
            .is_none_or(|last| last.get(&version).is_some_and(|(event, _)| event != "rolled_back"))
    }
}
