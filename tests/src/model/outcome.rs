//! Predicts the outcome of a run.

use super::file::{File, Kind};
use super::reference::{Open, Reference};
use super::release::Program;
use super::statement::{Statement, Work};

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
    pub fn stop(&self, file: &File) -> Option<Stop> {
        let fails = self.fails(file).then_some(Stop::Fails);
        let Some(open) = self.forward.get(&file.identity) else { return fails };
        let stepwise = file.is_stepwise(self.abilities);
        if !file.statements.starts_with(&open.done) || (!stepwise && !open.done.is_empty()) {
            // The last statement may not be journaled; then the edited statement is the one in doubt.
            let told = open.done.iter().any(Statement::leaves_a_trace) && !open.doubt;
            return Some(if told { Stop::Contradicts } else { Stop::Doubt });
        }
        // A statement in a transaction is journaled with its row, and the catalog tells the outcome of an index.
        // Any other that goes by itself is in doubt, if it was the next, or the last and not journaled.
        let decided = |one: &Statement| match one.work {
            Work::Insert => file.kind != Kind::CodeOutside,
            _ => one.is_decided(self.abilities),
        };
        if open.doubt && file.statements.get(open.done.len()) != open.next.as_ref() {
            return Some(Stop::Doubt);
        }
        if file.kind == Kind::Rerunnable {
            return fails;
        }
        if stepwise && file.statements.iter().skip(open.done.len().saturating_sub(1)).take(2).all(decided)
            || !open.doubt
        {
            return fails;
        }
        Some(Stop::Doubt)
    }

    /// Returns true if a statement fails that somebody has not passed over already.
    pub fn fails(&self, file: &File) -> bool {
        let done = self.forward.get(&file.identity).map_or(0, |open| open.done.len());
        let done = if file.kind == Kind::Rerunnable { 0 } else { done };
        file.statements.iter().skip(done).any(Statement::fails)
    }

    /// From which statement, counted from 1, somebody who has looked at the database lets it go on.
    pub fn way_on(&self, file: &File) -> Option<usize> {
        let open = self.forward.get(&file.identity)?;
        (file.is_stepwise(self.abilities) && file.statements.starts_with(&open.done))
            .then_some(open.done.len() + 1)
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
