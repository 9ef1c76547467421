//! Where a history is played: a real database, made anew for each.

use std::collections::BTreeMap;

use gapless::{Code, Connection, ExchangeError};

use super::file::{Kind, identity_of};
use super::world::Indexes;

/// A kind of database.
pub trait Place {
    type Client: Connection;

    const INDEXES: Indexes;

    /// Makes it empty but for the table of effects, and one to build indexes on.
    fn clear(&mut self);

    fn connect(&self) -> Self::Client;

    /// Ends a session as a crash of its program does, and waits until the server has noticed.
    fn end(&self, client: Self::Client);

    /// Code that leaves these effects, and breaks off in the middle if the fuse says so.
    fn code(kind: Kind, effects: Vec<usize>, fuse: Fuse) -> Code;

    /// Breaks off this statement, which is alone in its message, so that half of it is left; false if there are
    /// no halves.
    fn halve(&self, client: &mut Self::Client, statement: &str) -> bool;

    /// Returns what a run has left in the session: a lock, a transaction.
    fn left(&self, client: &mut Self::Client) -> Option<String>;

    /// The backends that have left effects.
    fn pids(&self, client: &mut Self::Client) -> Vec<String>;

    /// The backend of a session.
    fn pid(&self, client: &mut Self::Client) -> Option<String>;

    /// The name, validity and definition of each index.
    fn indexes(&self, client: &mut Self::Client) -> Vec<[String; 3]>;
}

/// A fuse that makes code break off in the middle.
#[derive(Clone, Debug, Default)]
pub struct Fuse(std::sync::Arc<std::sync::atomic::AtomicBool>);

impl Fuse {
    pub fn light(&self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    pub fn burns(&self) -> bool {
        self.0.swap(false, std::sync::atomic::Ordering::Relaxed)
    }
}

/// A row of the tracker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub identity: usize,
    pub version: i64,
    pub name: String,
    pub checksum: Option<String>,
}

/// The contents of the database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// In the order of their application.
    pub rows: Vec<Seen>,
    /// How often each statement has run.
    pub effects: BTreeMap<usize, usize>,
    pub indexes: Vec<[String; 3]>,
    /// The backends that have left effects.
    pub pids: Vec<String>,
}

impl Picture {
    pub fn take<P: Place>(place: &P, client: &mut P::Client) -> Picture {
        let set = "SELECT version, name, checksum FROM applied_migrations ORDER BY applied_at, version";
        // Without a tracker nothing is applied.
        let rows = rows(client, set).unwrap_or_default().into_iter().map(seen).collect();
        let counts = rows_of(client, "SELECT what, count(*) FROM effects GROUP BY what");
        let count = |row: Vec<Option<String>>| (number(&row, 0), number(&row, 1));
        let effects = counts.into_iter().map(count).collect();
        Picture { rows, effects, indexes: place.indexes(client), pids: place.pids(client) }
    }

    pub fn ran(&self, statement: usize) -> usize {
        self.effects.get(&statement).copied().unwrap_or_default()
    }

    pub fn row(&self, identity: usize) -> Option<&Seen> {
        self.rows.iter().find(|row| row.identity == identity)
    }
}

fn seen(row: Vec<Option<String>>) -> Seen {
    let name = row.get(1).cloned().flatten().unwrap_or_default();
    let version = row.first().cloned().flatten().and_then(|version| version.parse().ok()).unwrap_or(-1);
    // While it is rolled back outside of a transaction.
    let name = name.strip_suffix(".rolling-back").map_or(name.clone(), str::to_owned);
    let identity = identity_of(&name).unwrap_or_else(|| panic!("{name} is nobody's"));
    Seen { identity, version, name, checksum: row.get(2).cloned().flatten() }
}

fn number(row: &[Option<String>], column: usize) -> usize {
    row.get(column).and_then(Option::as_deref).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// The rows of the last statement.
pub fn rows<C: Connection>(client: &mut C, sql: &str) -> Result<Vec<Vec<Option<String>>>, ExchangeError> {
    let results = client.exchange(sql)?;
    Ok(results.last().map(|result| result.rows().map(<[_]>::to_vec).collect()).unwrap_or_default())
}

pub fn rows_of<C: Connection>(client: &mut C, sql: &str) -> Vec<Vec<Option<String>>> {
    rows(client, sql).unwrap_or_else(|error| panic!("{error:?} in {sql}"))
}
