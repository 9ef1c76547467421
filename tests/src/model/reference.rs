//! The reference: what must be in the database, in plain data, without a line of SQL.

use std::collections::{BTreeMap, BTreeSet};

use super::file::{File, Kind, Statement, Stem};
use super::release::Program;

/// A row that is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub identity: usize,
    pub stem: Stem,
    /// The checksum; `None` where nobody knows what was applied.
    pub text: Option<String>,
    /// Which action recorded it.
    pub action: usize,
    /// True if one of two runs at once recorded it.
    pub raced: bool,
}

/// A migration outside of a transaction that was begun and is not recorded, or one that is half taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// The statements that have run, in order.
    pub done: Vec<Statement>,
    /// True if it was cut off, so that the last statement may not be journaled.
    pub doubt: bool,
    /// The next statement when it was cut off.
    pub next: Option<Statement>,
    /// How often a statement may have run more than once, which may be repeated.
    pub repeats: usize,
}

#[derive(Clone, Debug, Default)]
pub struct Reference {
    /// In the order of their application.
    pub rows: Vec<Row>,
    /// The names that this database knows a migration to have had before.
    pub aliases: BTreeMap<usize, BTreeSet<Stem>>,
    /// How often each statement has run, but for those of what is open.
    pub counts: BTreeMap<usize, usize>,
    pub forward: BTreeMap<usize, Open>,
    pub back: BTreeMap<usize, Open>,
    /// Migrations applied before, with their versions then, until a run adopts them.
    pub legacy: Vec<(usize, i64)>,
    /// True if they are reconciled instead of adopted.
    pub by_hand: bool,
    /// True if anything was ever recorded.
    pub ever: bool,
}

/// The judgement of a release on a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known<'r> {
    No,
    /// Below the baseline, whose files are gone.
    Covered,
    /// By the name it has.
    Here(&'r File),
    /// By a name that `renames.txt` says it had.
    Declared(&'r File),
    /// By a name that it had before a newer release renamed it.
    Alias(&'r File),
}

impl<'r> Known<'r> {
    pub fn file(self) -> Option<&'r File> {
        match self {
            Known::Here(file) | Known::Declared(file) | Known::Alias(file) => Some(file),
            Known::No | Known::Covered => None,
        }
    }
}

/// The judgement that a release must come to about a database.
#[derive(Clone, Debug, Default)]
pub struct Judgement<'r> {
    /// The conflicts.
    pub conflicts: Vec<String>,
    /// The conflicts that the reference cannot decide.
    pub unclear: Vec<String>,
    pub pending: Vec<&'r File>,
    /// The number of rows to change, or to record without running them.
    pub changes: usize,
}

/// The end of a baseline's row whose migrations have no files any more.
const BEGUN: &str = ".baseline";

impl Reference {
    pub fn row(&self, identity: usize) -> Option<&Row> {
        self.rows.iter().find(|row| row.identity == identity)
    }

    pub fn known<'r>(&self, program: &'r Program, row: &Row) -> Known<'r> {
        let release = &program.release;
        if let Some(file) = release.at(row.stem.0).filter(|file| file.stem() == row.stem) {
            return Known::Here(file);
        }
        if let Some(file) = release.declared(&row.stem) {
            return Known::Declared(file);
        }
        let before = self.aliases.get(&row.identity).into_iter().flatten();
        let ours = |stem: &Stem| {
            let here = release.at(stem.0).filter(|file| file.stem() == *stem);
            here.or_else(|| release.declared(stem))
        };
        if let Some(file) = before.filter_map(ours).next() {
            return Known::Alias(file);
        }
        match &release.baseline {
            Some(baseline) if row.stem.0 <= baseline.version => Known::Covered,
            _ => Known::No,
        }
    }

    /// Returns a half rolled back migration, on which no release boots.
    pub fn halfway(&self) -> Option<&Open> {
        self.back.values().next()
    }

    /// Returns the files that the release adopts first.
    pub fn taken_over<'r>(&self, program: &'r Program) -> Vec<&'r File> {
        let found = |(identity, _): &(usize, i64)| self.row(*identity).is_some();
        if self.by_hand && self.legacy.iter().any(found)
            || !self.by_hand && (!self.rows.is_empty() || self.ever)
        {
            return Vec::new();
        }
        self.legacy.iter().filter_map(|(identity, _)| program.release.find(*identity)).collect()
    }

    /// Judges what a run up to a target finds. `action` is its number.
    pub fn judge<'r>(&self, program: &'r Program, target: Option<i64>, action: usize) -> Judgement<'r> {
        let mut judgement = Judgement::default();
        let taken = self.taken_over(program);
        let mut rows = self.rows.clone();
        let row = |file: &&File| Row {
            identity: file.identity,
            stem: file.stem(),
            text: None,
            action,
            raced: false,
        };
        rows.extend(taken.iter().map(row));
        let known: Vec<_> = rows.iter().map(|row| (row, self.known(program, row))).collect();
        let moves = known.iter().filter(|(_, known)| matches!(known, Known::Declared(_))).count();
        judgement.changes = taken.len() + moves;
        let begins = program.release.baseline.as_ref().filter(|baseline| {
            rows.is_empty()
                && self.legacy.is_empty()
                && target.is_none_or(|target| baseline.version <= target)
        });
        for file in &program.release.files {
            let own =
                known.iter().find(|(_, known)| known.file().is_some_and(|own| own.identity == file.identity));
            let begun = begins.is_some_and(|baseline| file.version <= baseline.version);
            self.judge_place(file, own.map(|(_, known)| *known), &known, target, &mut judgement);
            match own {
                Some((row, _)) => {
                    let text = program.checksums.get(&file.identity);
                    let beyond = target.is_some_and(|target| file.version > target);
                    let here = matches!(self.known(program, row), Known::Here(_));
                    if file.kind != Kind::Tombstone && row.text.is_some() && row.text.as_ref() != text {
                        let problem = format!("{} was edited", file.name);
                        if beyond && !here { &mut judgement.unclear } else { &mut judgement.conflicts }
                            .push(problem);
                    }
                }
                None if file.kind == Kind::Tombstone || begun => {}
                None if target.is_some_and(|target| file.version > target) => {}
                None => {
                    if rows.iter().any(|row| row.identity == file.identity) {
                        judgement.unclear.push(format!("{} lost its name", file.name));
                    }
                    judgement.pending.push(file);
                }
            }
        }
        judgement.pending.splice(0..0, begins);
        self.judge_rows(program, &known, &mut judgement);
        judgement
    }

    /// Checks whether another migration has the version of a file; `own` is what the release makes of its row.
    fn judge_place(
        &self,
        file: &File,
        own: Option<Known<'_>>,
        known: &[(&Row, Known<'_>)],
        target: Option<i64>,
        judgement: &mut Judgement<'_>,
    ) {
        // A newer release has renamed it, and may have given its number to another.
        if let Some(Known::Alias(_)) = own {
            return;
        }
        for (row, known) in known.iter().filter(|(row, _)| row.identity != file.identity) {
            let place = match known {
                Known::Declared(moved) => moved.version,
                _ => row.stem.0,
            };
            // A row known under an earlier version is in the way only of a write.
            let writes = match own {
                None => file.kind != Kind::Tombstone,
                Some(own) => matches!(own, Known::Declared(_)),
            };
            let beyond = target.is_some_and(|target| file.version > target);
            if place == file.version && known.file().is_some() && writes && beyond {
                judgement.unclear.push(format!("{} would find {} in its place", file.name, row.stem.1));
            } else if place == file.version && (writes || known.file().is_none()) {
                judgement.conflicts.push(format!("{} finds {} in its place", file.name, row.stem.1));
            }
        }
    }

    fn judge_rows(&self, program: &Program, known: &[(&Row, Known<'_>)], judgement: &mut Judgement<'_>) {
        let release = &program.release;
        let replaced = |row: &Row| {
            let own = release.at(row.stem.0).map(|file| file.identity);
            known.iter().any(|(other, known)| Some(other.identity) == own && matches!(known, Known::Alias(_)))
        };
        let unknown =
            || known.iter().enumerate().filter(|(_, (row, known))| *known == Known::No && !replaced(row));
        // A newer release was here: nothing that is known came later, or the version is above all.
        let ahead = |index: usize, row: &Row| {
            row.stem.0 > release.last() || known[index + 1..].iter().all(|(_, known)| *known == Known::No)
        };
        // And what was recorded since that run began may be its or a later one's.
        let since = unknown().filter(|(index, (row, _))| ahead(*index, row)).map(|(_, (row, _))| row);
        let since: Vec<_> = since.map(|row| (row.action, row.text.is_some() && !row.raced)).collect();
        for (_, (row, _)) in unknown().filter(|(index, (row, _))| !ahead(*index, row)) {
            let newer = since.iter().filter(|(action, _)| *action <= row.action);
            match newer.map(|(_, told)| *told && row.text.is_some()).max() {
                None => judgement.conflicts.push(format!("{} is an orphan", row.stem.1)),
                // The journal does not tell of runs that took something over.
                Some(false) => judgement.unclear.push(format!("{} came with others", row.stem.1)),
                Some(true) => {}
            }
        }
        let empty = known.is_empty();
        if let Some(baseline) = release.baseline.as_ref().filter(|_| !empty) {
            let reached = |(row, known): &(&Row, Known<'_>)| {
                known.file().map_or(row.stem.0, |file| file.version) == baseline.version
            };
            if release.at(baseline.version).is_none() && !known.iter().any(reached) {
                judgement.conflicts.push(format!("it has not reached {}", baseline.name));
            }
        }
        let begun = known.iter().filter(|(row, known)| row.stem.1.ends_with(BEGUN) && *known == Known::No);
        let begun = begun.map(|(row, _)| row).max_by_key(|row| row.stem.0);
        if let Some(begun) =
            begun.filter(|row| judgement.pending.iter().any(|file| file.version < row.stem.0))
        {
            let problem = "it began at a baseline that stands for what is pending".to_owned();
            // Where the number is another migration's for this release, the baseline is out of sight.
            if replaced(begun) { &mut judgement.unclear } else { &mut judgement.conflicts }.push(problem);
        }
    }
}
