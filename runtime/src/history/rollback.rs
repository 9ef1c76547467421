//! Which migrations to take back, and in what order.

use std::fmt;

use gapless_core::{Layout, Migration, MigrationSet, Version};

use crate::history::{History, Row};

/// What to take back; see [`Runner::rollback`](crate::Runner::rollback).
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
    /// The migrations that were applied last, so many of them.
    pub fn steps(steps: usize) -> Rollback {
        Rollback::new(Extent::Steps(steps))
    }

    /// Every migration with a version above this one, which stays.
    pub fn to(version: Version) -> Rollback {
        Rollback::new(Extent::To(version))
    }

    fn new(extent: Extent) -> Rollback {
        Rollback { extent, past_later: false, unproven: false, edited: false }
    }

    /// What is left of it after so many are taken back.
    pub(crate) fn less(mut self, done: usize) -> Rollback {
        if let Extent::Steps(steps) = &mut self.extent {
            *steps = steps.saturating_sub(done);
        }
        self
    }

    /// Also where a migration stays applied that came later, in time or in number, and may build on what is taken
    /// back.
    #[must_use]
    pub fn past_later(mut self) -> Rollback {
        self.past_later = true;
        self
    }

    /// Also migrations of which nobody knows whether it was their embedded text that was applied.
    #[must_use]
    pub fn unproven(mut self) -> Rollback {
        self.unproven = true;
        self
    }

    /// Also migrations whose text was edited after they were applied, for a migration that is being written and is
    /// applied nowhere else. The down file of the binary runs, as it is now. An edit of anything that stays applied
    /// is refused as ever.
    #[must_use]
    pub fn edited(mut self) -> Rollback {
        self.edited = true;
        self
    }

    /// The versions whose edits do not matter, because they are about to be rolled back.
    pub(crate) fn forgives(self, history: &History) -> Vec<Version> {
        let rows = history.rows();
        let chosen = self.chosen(rows).filter(|_| self.edited).unwrap_or_default();
        chosen.into_iter().map(|index| rows[index].version).collect()
    }

    /// The rows to take back, ascending; `None` if there are not so many.
    fn chosen(self, rows: &[Row]) -> Option<Vec<usize>> {
        match self.extent {
            Extent::Steps(steps) => rows.len().checked_sub(steps).map(|first| (first..rows.len()).collect()),
            Extent::To(version) => {
                Some((0..rows.len()).filter(|index| rows[*index].version > version).collect())
            }
        }
    }
}

/// Why a migration is not taken back.
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
    Unproven {
        version: Version,
        path: String,
    },
    /// A newer release has it under this name.
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
                layout.way_back()
            ),
            Stuck::Later { version, later } => write!(
                f,
                "version {version} would be rolled back from under version {later}, which came later and stays\n\
                 help: roll that back too, or say `.past_later()` if it does not build on {version}"
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
            Stuck::TooMany { steps, applied } => write!(
                f,
                "{steps} steps back were asked for, and {applied} migrations are applied\n\
                 help: ask for fewer, or for `Rollback::to(version)`"
            ),
        }
    }
}

/// The migrations to take back, the last applied first, or everything that speaks against it.
pub(crate) fn taken_back<'a>(
    set: &'a MigrationSet,
    history: &History,
    wanted: Rollback,
) -> Result<Vec<&'a Migration>, Vec<Stuck>> {
    let rows = history.rows();
    let chosen = match (wanted.chosen(rows), wanted.extent) {
        (None, Extent::Steps(steps)) => return Err(vec![Stuck::TooMany { steps, applied: rows.len() }]),
        (chosen, _) => chosen.unwrap_or_default(),
    };
    let mut stuck = Vec::new();
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

/// What stays and was applied after this row, or has a higher version.
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
