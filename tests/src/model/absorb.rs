//! After an action: is what the database holds now something that the action may have brought about?

use std::collections::{BTreeMap, BTreeSet};

use super::file::{File, Kind, Statement, Work};
use super::place::{Picture, Seen};
use super::reference::{Open, Reference, Row};
use super::release::Program;

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
            let baseline = release.baseline.as_ref().filter(|_| before.rows.is_empty());
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
                    self.began(baseline, file.version == baseline.map_or(-1, |baseline| baseline.version));
                }
                (None, None) if baseline.is_some_and(|baseline| baseline.identity == seen.identity) => {
                    self.began(baseline, true);
                }
                _ => continue,
            }
            let stems = release.stems_before(seen.identity);
            self.aliases.entry(seen.identity).or_default().extend(stems);
            return Ok(row);
        }
        Err(format!("{stem:?} was recorded, and nobody has it"))
    }

    /// The baseline has run, which is counted with the row of its version.
    fn began(&mut self, baseline: Option<&File>, at: bool) {
        for statement in baseline.into_iter().filter(|_| at).flat_map(|baseline| &baseline.statements) {
            *self.counts.entry(statement.number).or_default() += 1;
        }
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
            let number = statement.number;
            match &statement.work {
                Work::Insert | Work::Block => {
                    let count = self.counts.entry(number).or_default();
                    let more = if kind == Kind::Rerunnable { open.repeats } else { 0 };
                    // A statement that may be repeated may have been.
                    *count = picture.ran(number).clamp(*count + 1, *count + 1 + more);
                }
                Work::Fail => return Err(format!("{number} cannot have run")),
                Work::Index { name, unique, column } => {
                    let wanted = index(*name, *unique, *column);
                    if !picture.indexes.contains(&wanted) {
                        return Err(format!("{wanted:?} is not there, but {:?}", picture.indexes));
                    }
                }
                Work::DropIndex { name } => {
                    if picture.indexes.iter().any(|index| index[0] == format!("i{name}")) {
                        return Err(format!("i{name} is still there"));
                    }
                }
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
            // One after the other: only the first that is missing can have been begun.
            let begun = match allowed.direction {
                Direction::Nowhere => None,
                Direction::Forward => program
                    .release
                    .files
                    .iter()
                    .find(|file| self.row(file.identity).is_none() && file.kind != Kind::Tombstone),
                Direction::Back => {
                    let next = allowed.chain.iter().find(|identity| self.row(**identity).is_some());
                    next.and_then(|identity| program.release.find(*identity))
                }
            };
            let Some(file) = begun else { continue };
            let (opens, statements) = match (allowed.direction, &file.down) {
                (Direction::Forward, _) if file.is_stepwise() => (&self.forward, &file.statements),
                (Direction::Back, Some(down)) if down.steps => (&self.back, &down.statements),
                _ => continue,
            };
            let open = opens.get(&file.identity).cloned().unwrap_or_default();
            let repeats =
                usize::from(file.kind == Kind::Rerunnable && allowed.direction == Direction::Forward);
            let Some(mut open) = self.grown(open, statements, picture, allowed)? else { continue };
            open.repeats += repeats;
            if allowed.failed == Some(file.identity) {
                open.doubt = false;
            }
            let opens = if allowed.direction == Direction::Back { &mut self.back } else { &mut self.forward };
            opens.insert(file.identity, open);
        }
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
        let settled = |number: usize| self.counts.get(&number).copied().unwrap_or_default();
        let ran = |statement: &&Statement| match &statement.work {
            Work::Insert | Work::Block => picture.ran(statement.number) > settled(statement.number),
            Work::Fail => false,
            Work::Index { name, unique, column } => picture.indexes.contains(&index(*name, *unique, *column)),
            Work::DropIndex { name } => !picture.indexes.iter().any(|index| index[0] == format!("i{name}")),
        };
        // Statements that have run and are not in the file any more; an index may have been built anew.
        let mut done: Vec<_> =
            open.done.iter().filter(|one| !statements.contains(one) && ran(one)).cloned().collect();
        let stray = done.len();
        let fresh = statements.iter().take_while(ran).filter(|one| !open.done.contains(one)).count();
        done.extend(statements.iter().take_while(ran).cloned());
        let beyond = statements.iter().find(|one| one.is_counted() && ran(one) && !done.contains(one));
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

/// As the catalog has it.
fn index(name: usize, unique: bool, column: char) -> [String; 3] {
    [format!("i{name}"), "t".to_owned(), format!("{unique} {column}")]
}
