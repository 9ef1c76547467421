//! After an action: is what the database holds now something that the action may have brought about?

use std::collections::{BTreeMap, BTreeSet};

use super::file::{File, Kind};
use super::place::{Picture, Seen};
use super::reference::{Open, Reference, Row};
use super::release::Program;
use super::statement::Statement;

/// The changes that an action may make.
#[derive(Clone, Debug)]
pub struct Allowed<'r> {
    pub number: usize,
    /// Whose migrations it may have applied or taken back.
    pub programs: Vec<&'r Program>,
    pub direction: Direction,
    /// True if it may have ended anywhere.
    pub cut: bool,
    /// True if a `resolve` has settled a statement.
    pub resolved: bool,
    /// The migration that failed, so that nothing of it is in doubt.
    pub failed: Option<usize>,
    /// The migrations to roll back, in order.
    pub chain: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Forward,
    Back,
    /// It only looks.
    Nowhere,
}

impl Reference {
    /// Takes what is there for what is so, if it may be.
    ///
    /// # Errors
    ///
    /// Takes the new state over, or returns what may not be.
    pub fn absorb(&mut self, picture: &Picture, allowed: &Allowed<'_>) -> Result<(), String> {
        for (index, row) in picture.rows.iter().enumerate() {
            if picture.rows[..index].iter().any(|other| other.identity == row.identity) {
                return Err(format!("m{} is recorded twice", row.identity));
            }
        }
        let before = self.clone();
        self.rows = Vec::new();
        for seen in &picture.rows {
            let row = match before.row(seen.identity) {
                Some(was) => self.kept(was, seen, allowed)?,
                None => self.recorded(&before, seen, picture, allowed)?,
            };
            self.rows.push(row);
        }
        for was in before.rows.iter().filter(|was| picture.row(was.identity).is_none()) {
            self.taken_back(was, picture, allowed)?;
        }
        self.absorb_open(picture, allowed)?;
        self.ever |= !self.rows.is_empty();
        self.check_counts(picture)
    }

    fn kept(&mut self, was: &Row, seen: &Seen, allowed: &Allowed<'_>) -> Result<Row, String> {
        let stem = (seen.version, seen.name.clone());
        if was.text != seen.checksum {
            return Err(format!("the checksum of {} has changed", seen.name));
        }
        if stem != was.stem {
            let says = |program: &&Program| {
                program.release.declared(&was.stem).is_some_and(|file| file.stem() == stem)
            };
            if allowed.direction == Direction::Nowhere || !allowed.programs.iter().any(says) {
                return Err(format!("{:?} became {stem:?}, and nobody has said so", was.stem));
            }
            self.aliases.entry(was.identity).or_default().insert(was.stem.clone());
        }
        Ok(Row { stem, ..was.clone() })
    }

    /// A row that was not there before.
    fn recorded(
        &mut self,
        before: &Reference,
        seen: &Seen,
        picture: &Picture,
        allowed: &Allowed<'_>,
    ) -> Result<Row, String> {
        let stem = (seen.version, seen.name.clone());
        if allowed.direction != Direction::Forward {
            return Err(format!("{} was recorded by what applies nothing", seen.name));
        }
        let row = Row {
            identity: seen.identity,
            stem: stem.clone(),
            text: seen.checksum.clone(),
            action: allowed.number,
            raced: allowed.programs.len() > 1,
        };
        for program in &allowed.programs {
            let release = &program.release;
            // Another release may have renamed it at once.
            let renames = |file: &File| {
                let to = |other: &&Program| {
                    other.release.declared(&file.stem()).map(File::stem) == Some(stem.clone())
                };
                allowed.programs.iter().any(to)
            };
            let file = release.find(seen.identity).filter(|file| file.stem() == stem || renames(file));
            let baseline = release.baseline.as_ref().filter(|baseline| before.begins_at(baseline, picture));
            match (file, &seen.checksum) {
                (Some(file), Some(text)) if program.checksums.get(&file.identity) == Some(text) => {
                    self.applied(file, picture, allowed)?;
                }
                (Some(_), None)
                    if before.taken_over(program).iter().any(|file| file.identity == seen.identity) =>
                {
                    self.legacy.retain(|(identity, _)| *identity != seen.identity);
                }
                (Some(file), None)
                    if release.covered().any(|covered| covered == file) && baseline.is_some() =>
                {
                    let last = baseline.filter(|baseline| baseline.version == file.version);
                    self.began(last, picture)?;
                }
                (None, None) if baseline.is_some_and(|baseline| baseline.identity == seen.identity) => {
                    self.began(baseline, picture)?;
                }
                _ => continue,
            }
            let stems = release.stems_before(seen.identity);
            self.aliases.entry(seen.identity).or_default().extend(stems);
            return Ok(row);
        }
        Err(format!("{stem:?} was recorded, and nobody has it"))
    }

    /// Returns true if this baseline has run on what was an empty database.
    fn begins_at(&self, baseline: &File, picture: &Picture) -> bool {
        let ran = |one: &Statement| one.has_run(picture, self.count(one.number));
        self.rows.is_empty() && baseline.statements.iter().all(ran)
    }

    /// The baseline has run, which is counted with the row of its version.
    fn began(&mut self, baseline: Option<&File>, picture: &Picture) -> Result<(), String> {
        let Some(baseline) = baseline else { return Ok(()) };
        let open = self.forward.remove(&baseline.identity).unwrap_or_default();
        self.settle(&baseline.statements, &open, baseline.kind, picture)
    }

    fn count(&self, statement: usize) -> usize {
        self.counts.get(&statement).copied().unwrap_or_default()
    }

    fn applied(&mut self, file: &File, picture: &Picture, allowed: &Allowed<'_>) -> Result<(), String> {
        let open = self.forward.remove(&file.identity).unwrap_or_default();
        let stray = |one: &&Statement| !file.statements.contains(one) && one.is_counted();
        if let Some(one) = open.done.iter().find(stray).filter(|_| !allowed.resolved) {
            return Err(format!("{} is recorded without {one:?}, which ran", file.name));
        }
        self.settle(&file.statements, &open, file.kind, picture)?;
        // Effects that a `resolve` has left out are there all the same.
        for one in open.done.iter().filter(stray) {
            *self.counts.entry(one.number).or_default() += 1;
        }
        Ok(())
    }

    /// All of these have run once more.
    fn settle(
        &mut self,
        statements: &[Statement],
        open: &Open,
        kind: Kind,
        picture: &Picture,
    ) -> Result<(), String> {
        for statement in statements {
            if statement.is_counted() {
                let count = self.counts.entry(statement.number).or_default();
                let more = if kind == Kind::Rerunnable { open.repeats } else { 0 };
                // A statement that may be repeated may have been.
                *count = picture.ran(statement.number).clamp(*count + 1, *count + 1 + more);
            } else if !statement.has_run(picture, 0) {
                return Err(format!("{statement:?} has not run, there is {:?}", picture.catalog));
            }
        }
        Ok(())
    }

    fn taken_back(&mut self, was: &Row, picture: &Picture, allowed: &Allowed<'_>) -> Result<(), String> {
        let down = |program: &&Program| program.release.find(was.identity)?.down.clone();
        let down = allowed.programs.iter().find_map(down);
        match down.filter(|_| allowed.direction == Direction::Back) {
            Some(down) => {
                let open = self.back.remove(&was.identity).unwrap_or_default();
                self.settle(&down.statements, &open, Kind::Steps, picture)
            }
            None => Err(format!("{} is not recorded any more", was.stem.1)),
        }
    }

    /// Takes over a half done or half rolled back migration.
    fn absorb_open(&mut self, picture: &Picture, allowed: &Allowed<'_>) -> Result<(), String> {
        for program in &allowed.programs {
            for file in self.may_be_begun(program, allowed) {
                self.absorb_begun(file, picture, allowed)?;
            }
        }
        Ok(())
    }

    /// One after the other: only the first that is missing can have been begun, or the baseline of an empty database.
    fn may_be_begun<'r>(&self, program: &'r Program, allowed: &Allowed<'_>) -> Vec<&'r File> {
        let release = &program.release;
        match allowed.direction {
            Direction::Nowhere => Vec::new(),
            Direction::Forward => {
                let there = |file: &File| self.legacy.iter().any(|(identity, _)| *identity == file.identity);
                let missing = |file: &&File| {
                    self.row(file.identity).is_none() && file.kind != Kind::Tombstone && !there(file)
                };
                let empty = self.rows.is_empty() && self.legacy.is_empty();
                let baseline = release.baseline.as_ref().filter(|_| empty);
                baseline.into_iter().chain(release.files.iter().find(missing)).collect()
            }
            Direction::Back => {
                let next = allowed.chain.iter().find(|identity| self.row(**identity).is_some());
                next.and_then(|identity| release.find(*identity)).into_iter().collect()
            }
        }
    }

    fn absorb_begun(&mut self, file: &File, picture: &Picture, allowed: &Allowed<'_>) -> Result<(), String> {
        let (opens, statements) = match (allowed.direction, &file.down) {
            (Direction::Forward, _) if file.is_stepwise(self.abilities) => (&self.forward, &file.statements),
            (Direction::Back, Some(down)) if down.is_stepwise(self.abilities) => {
                (&self.back, &down.statements)
            }
            _ => return Ok(()),
        };
        let open = opens.get(&file.identity).cloned().unwrap_or_default();
        let repeats = usize::from(file.kind == Kind::Rerunnable && allowed.direction == Direction::Forward);
        let Some(mut open) = self.grown(open, statements, picture, allowed)? else { return Ok(()) };
        open.repeats += repeats;
        if allowed.failed == Some(file.identity) {
            // It may have committed what it did before it failed.
            let half = |one: &Statement| one.fails() && one.may_be_half_done();
            open.doubt = open.done.last().is_some_and(half);
        }
        let opens = if allowed.direction == Direction::Back { &mut self.back } else { &mut self.forward };
        opens.insert(file.identity, open);
        Ok(())
    }

    /// How far the statements have come; `None` if nothing was begun.
    fn grown(
        &self,
        mut open: Open,
        statements: &[Statement],
        picture: &Picture,
        allowed: &Allowed<'_>,
    ) -> Result<Option<Open>, String> {
        let ran = |statement: &&Statement| statement.has_run(picture, self.count(statement.number));
        // Statements that have run and are not in the file any more; an index may have been built anew.
        let mut done: Vec<_> =
            open.done.iter().filter(|one| !statements.contains(one) && ran(one)).cloned().collect();
        let stray = done.len();
        let fresh = statements.iter().take_while(ran).filter(|one| !open.done.contains(one)).count();
        done.extend(statements.iter().take_while(ran).cloned());
        let beyond = statements.iter().find(|one| one.is_told_apart() && ran(one) && !done.contains(one));
        if let Some(beyond) = beyond.filter(|beyond| !open.done.contains(beyond)) {
            return Err(format!("{} ran before its turn", beyond.number));
        }
        done.extend(
            open.done.iter().filter(|one| ran(one) && !done.contains(one)).cloned().collect::<Vec<_>>(),
        );
        if fresh > 0 && stray > 0 && !allowed.resolved {
            return Err(format!("{fresh} more ran beside {:?}, which is gone from the file", &done[..stray]));
        }
        if allowed.cut {
            open.next = statements.get(done.len()).cloned();
        }
        open.done = done;
        open.doubt = allowed.cut || (open.doubt && fresh == 0);
        Ok(open.is_begun().then_some(open))
    }

    /// Nothing has run more or less often than it should have.
    fn check_counts(&self, picture: &Picture) -> Result<(), String> {
        let mut expected: BTreeMap<usize, (usize, usize)> =
            self.counts.iter().map(|(number, count)| (*number, (*count, *count))).collect();
        for open in self.forward.values().chain(self.back.values()) {
            for statement in open.done.iter().filter(|statement| statement.is_counted()) {
                let (least, most) = expected.entry(statement.number).or_default();
                (*least, *most) = (*least + 1, *most + 1 + open.repeats);
            }
        }
        let numbers: BTreeSet<_> = expected.keys().chain(picture.effects.keys()).collect();
        for number in numbers {
            let (least, most) = expected.get(number).copied().unwrap_or_default();
            let ran = picture.ran(*number);
            if ran < least || ran > most {
                return Err(format!("statement {number} has run {ran} times instead of {least} to {most}"));
            }
        }
        Ok(())
    }
}
