//! Predicts the outcome of a run.

use super::file::{File, Kind, Statement, Work};
use super::reference::{Open, Reference};
use super::release::Program;
use super::world::Indexes;

/// Reason why a run stops at a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The database refuses a statement.
    Fails,
    /// Its finished statements differ from those of the file now: somebody must look at it.
    Contradicts,
    /// Nobody knows what became of a statement, unless the database can tell.
    Doubt,
}

impl Reference {
    /// Returns the reason why a pending migration cannot be applied.
    pub fn stop(&self, file: &File, indexes: Indexes) -> Option<Stop> {
        let fails = file.fails().then_some(Stop::Fails);
        let Some(open) = self.forward.get(&file.identity) else { return fails };
        if !file.statements.starts_with(&open.done) || (!file.is_stepwise() && !open.done.is_empty()) {
            // The last statement may not be journaled; then the edited statement is the one in doubt.
            return Some(if open.doubt { Stop::Doubt } else { Stop::Contradicts });
        }
        // A statement in a transaction is journaled with its row, and the catalog tells the outcome of an index.
        // Any other that goes by itself is in doubt, if it was the next, or the last and not journaled.
        let decided = |one: &Statement| match one.work {
            Work::Block => false,
            Work::Index { .. } | Work::DropIndex { .. } => indexes == Indexes::Concurrent,
            Work::Insert | Work::Fail => file.kind != Kind::CodeOutside,
        };
        if open.doubt && file.statements.get(open.done.len()) != open.next.as_ref() {
            return Some(Stop::Doubt);
        }
        if file.kind == Kind::Rerunnable {
            return fails;
        }
        if file.is_stepwise()
            && file.statements.iter().skip(open.done.len().saturating_sub(1)).take(2).all(decided)
            || !open.doubt
        {
            return fails;
        }
        Some(Stop::Doubt)
    }

    /// From which statement, counted from 1, somebody who has looked at the database lets it go on.
    pub fn way_on(&self, file: &File) -> Option<usize> {
        let open = self.forward.get(&file.identity)?;
        (file.is_stepwise() && file.statements.starts_with(&open.done)).then_some(open.done.len() + 1)
    }

    /// Returns the migrations to roll back, the last applied first, for a number of steps or for all above a version.
    /// Otherwise returns the reason against it.
    pub fn back<'r>(&self, program: &'r Program, extent: Extent) -> Result<Vec<&'r File>, String> {
        use super::reference::Known;
        let rows: Vec<_> = self.rows.iter().map(|row| (row, self.known(program, row))).collect();
        // As they are once they are renamed.
        let version = |(row, known): &(&super::reference::Row, Known<'_>)| match known {
            Known::Here(file) | Known::Declared(file) | Known::Alias(file) => file.version,
            _ => row.stem.0,
        };
        let chosen: Vec<bool> = match extent {
            Extent::Steps(steps) if steps > rows.len() => {
                return Err("more steps than are applied".to_owned());
            }
            Extent::Steps(steps) => (0..rows.len()).map(|index| index >= rows.len() - steps).collect(),
            Extent::To(to) => rows.iter().map(|row| version(row) > to).collect(),
        };
        let mut files = Vec::new();
        for (index, row) in rows.iter().enumerate().filter(|(index, _)| chosen[*index]) {
            let stays = |other: usize| !chosen[other];
            let later = (index + 1..rows.len()).any(stays);
            let above = (0..rows.len()).any(|other| stays(other) && version(&rows[other]) > version(row));
            if later || above {
                return Err(format!("something came later than {}", row.0.stem.1));
            }
            match row.1 {
                Known::Here(file) | Known::Declared(file)
                    if file.down.is_some() && file.kind != Kind::Tombstone && row.0.text.is_some() =>
                {
                    files.push(file);
                }
                _ => return Err(format!("{} has no way back", row.0.stem.1)),
            }
        }
        // Half of another one is there, and may build on them.
        let half_done = |file: &&File| {
            let open = self.forward.get(&file.identity).is_some_and(|open| !open.done.is_empty());
            open && file.kind != Kind::Tombstone && self.row(file.identity).is_none()
        };
        if let Some(other) = program.release.files.iter().find(half_done).filter(|_| !files.is_empty()) {
            return Err(format!("{} is half done", other.name));
        }
        files.reverse();
        Ok(files)
    }
}

/// How far to go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    Steps(usize),
    To(i64),
}

impl Open {
    pub fn is_begun(&self) -> bool {
        self.doubt || !self.done.is_empty()
    }
}
