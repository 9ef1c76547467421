//! Chooses the migrations to roll back, in order.

use std::fmt;

use gapless_core::{Layout, Migration, MigrationSet, Version};

use crate::history::{History, Row};

/// Choice of the migrations to roll back; see [`Runner::rollback`](crate::Runner::rollback).
///
/// ```
/// use gapless::{Rollback, Version};
///
/// // The last migration, also if it was edited since.
/// let last = Rollback::steps(1).edited();
/// // Everything above version 7, also what another tool has applied.
/// let above = Rollback::to(Version::from(7)).unproven();
/// # assert_ne!(last, above);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rollback {
    extent: Extent,
    past_later: bool,
    unproven: bool,
    edited: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    Steps(usize),
    To(Version),
}

impl Rollback {
    /// Rolls back this number of migrations, the last applied first.
    pub fn steps(steps: usize) -> Rollback {
        Rollback::new(Extent::Steps(steps))
    }

    /// Rolls back all migrations above this version, which stays.
    pub fn to(version: Version) -> Rollback {
        Rollback::new(Extent::To(version))
    }

    fn new(extent: Extent) -> Rollback {
        Rollback { extent, past_later: false, unproven: false, edited: false }
    }

    /// Returns the rest of the choice after this number of migrations was rolled back.
    pub(crate) fn less(mut self, done: usize) -> Rollback {
        if let Extent::Steps(steps) = &mut self.extent {
            *steps = steps.saturating_sub(done);
        }
        self
    }

    /// Allows to roll back a migration although a later one, in time or in number, stays and may build on it.
    #[must_use]
    pub fn past_later(mut self) -> Rollback {
        self.past_later = true;
        self
    }

    /// Allows to roll back a migration although it is unknown whether its embedded text was applied.
    #[must_use]
    pub fn unproven(mut self) -> Rollback {
        self.unproven = true;
        self
    }

    /// Allows to roll back a migration that was edited after it was applied: one that you are writing and that is applied
    /// nowhere else. The run uses the down file in the binary, as it is now. It still refuses edits of migrations that stay.
    #[must_use]
    pub fn edited(mut self) -> Rollback {
        self.edited = true;
        self
    }

    /// Returns the versions whose edits do not matter, because the run rolls them back.
    pub(crate) fn forgives(self, history: &History) -> Vec<Version> {
        let rows = history.rows();
        let chosen = self.chosen(rows).filter(|_| self.edited).unwrap_or_default();
        chosen.into_iter().map(|index| rows[index].version).collect()
    }

    /// Returns the rows to roll back, ascending, or `None` if there are not enough.
    fn chosen(self, rows: &[Row]) -> Option<Vec<usize>> {
        match self.extent {
            Extent::Steps(steps) => rows.len().checked_sub(steps).map(|first| (first..rows.len()).collect()),
            Extent::To(version) => {
                Some((0..rows.len()).filter(|index| rows[*index].version > version).collect())
            }
        }
    }
}

/// Reason why a migration cannot be rolled back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stuck {
    /// The binary does not have it.
    Unknown {
        version: Version,
        name: String,
    },
    NoDown {
        version: Version,
        path: String,
        layout: Layout,
    },
    Later {
        version: Version,
        later: Version,
    },
    /// Another one, in this file, is done in part and may build on it.
    HalfDone {
        version: Version,
        other: Version,
        path: String,
    },
    Unproven {
        version: Version,
        path: String,
    },
    /// A newer release has renamed it.
    Renamed {
        version: Version,
        since: (Version, String),
    },
    /// More steps than are applied.
    TooMany {
        steps: usize,
        applied: usize,
    },
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stuck::Unknown { version, name } => write!(
                f,
                "version {version} (`{name}`) cannot be rolled back: the binary does not have it\n\
                 help: roll back with the release that applied it"
            ),
            Stuck::NoDown { version, path, layout } => write!(
                f,
                "version {version} cannot be rolled back: it has no down file: {path}\n\
                 help: {}, or write a new migration that undoes it",
                layout.down_help()
            ),
            Stuck::Later { version, later } => write!(
                f,
                "version {version} cannot be rolled back: version {later} came later and stays\n\
                 help: roll that back too, or say `.past_later()` if it does not build on {version}"
            ),
            Stuck::HalfDone { version, other, path } => write!(
                f,
                "version {version} cannot be rolled back: version {other} was begun and not finished, and may build on \
                 it: {path}\n\
                 help: finish that one first, or say `.past_later()` if it does not build on {version}"
            ),
            Stuck::Unproven { version, path } => write!(
                f,
                "version {version} cannot be rolled back: it is unknown whether this text was applied: {path}\n\
                 help: compare the database with the file, then `.accept({version})` it, or say `.unproven()`"
            ),
            Stuck::Renamed { version, since: (new, name) } => write!(
                f,
                "version {version} cannot be rolled back: a newer release has renamed it to {new} `{name}`\n\
                 help: roll back with that release"
            ),
            Stuck::TooMany { applied: 0, .. } => {
                f.write_str("no migration is applied, so none can be rolled back")
            }
            Stuck::TooMany { steps, applied } => write!(
                f,
                "`Rollback::steps({steps})` is too many: the number of applied migrations is {applied}\n\
                 help: roll back fewer, or use `Rollback::to(version)`"
            ),
        }
    }
}

/// Returns the migrations to roll back, the last applied first.
///
/// # Errors
///
/// All reasons against it.
pub(crate) fn to_roll_back<'a>(
    set: &'a MigrationSet,
    history: &History,
    unfinished: &[Version],
    wanted: Rollback,
) -> Result<Vec<&'a Migration>, Vec<Stuck>> {
    let rows = history.rows();
    let chosen = match (wanted.chosen(rows), wanted.extent) {
        (None, Extent::Steps(steps)) => return Err(vec![Stuck::TooMany { steps, applied: rows.len() }]),
        (chosen, _) => chosen.unwrap_or_default(),
    };
    let half_done = unfinished.iter().filter_map(|other| set.find(*other)).find(|_| !wanted.past_later);
    let mut stuck = Vec::new();
    if let (Some(other), Some(last)) = (half_done, chosen.last()) {
        let (version, path) = (rows[*last].version, other.file());
        stuck.push(Stuck::HalfDone { version, other: other.version(), path });
    }
    let mut migrations = Vec::new();
    for index in chosen.iter().rev() {
        let row = &rows[*index];
        if let Some(later) = later(rows, &chosen, *index).filter(|_| !wanted.past_later) {
            stuck.push(Stuck::Later { version: row.version, later });
        }
        match possible(set, row, wanted) {
            Ok(migration) => migrations.push(migration),
            Err(reason) => stuck.push(reason),
        }
    }
    if stuck.is_empty() { Ok(migrations) } else { Err(stuck) }
}

/// Returns a version that stays, and that was applied after this row or is higher.
fn later(rows: &[Row], chosen: &[usize], index: usize) -> Option<Version> {
    let stays = |other: &usize| chosen.binary_search(other).is_err();
    let after = (index + 1..rows.len()).find(stays);
    let above = || (0..rows.len()).filter(stays).find(|other| rows[*other].version > rows[index].version);
    after.or_else(above).map(|other| rows[other].version)
}

fn possible<'a>(set: &'a MigrationSet, row: &Row, wanted: Rollback) -> Result<&'a Migration, Stuck> {
    let version = row.version;
    if let Some(since) = &row.recorded {
        return Err(Stuck::Renamed { version, since: since.clone() });
    }
    let Some(migration) = set.find(version).filter(|migration| !migration.is_tombstone()) else {
        return Err(Stuck::Unknown { version, name: row.name.clone() });
    };
    if migration.down().is_none() {
        return Err(Stuck::NoDown { version, path: migration.file(), layout: set.rules().layout });
    }
    if row.checksum.is_none() && !wanted.unproven {
        return Err(Stuck::Unproven { version, path: migration.file() });
    }
    Ok(migration)
}
