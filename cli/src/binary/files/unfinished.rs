//! Changes on their way. They are written down before the first one is made, so that a command that comes after a kill
//! can take them back.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use gapless_core::UNFINISHED;
use serde::{Deserialize, Serialize};

use super::change::Change;
use crate::exit::CommandError;
use crate::output::complain;

/// The changes, and the file that they are written down in.
#[derive(Debug)]
pub(super) struct Unfinished {
    path: PathBuf,
    plan: Plan,
}

/// The first line of the file. Each line after it names a stage that was reached.
#[derive(Debug, Serialize, Deserialize)]
struct Plan {
    /// The directory that the file lies in: elsewhere, the paths lead nowhere.
    at: PathBuf,
    moves: Vec<Move>,
    writes: Vec<Write>,
}

/// A file or a directory that gets another name. Without one, it is removed at the end.
#[derive(Debug, Serialize, Deserialize)]
struct Move {
    from: PathBuf,
    aside: PathBuf,
    to: Option<PathBuf>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Write {
    path: PathBuf,
    /// The text behind the new names; `None` if there is no file.
    before: Option<String>,
    after: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// A file lies where it was, or aside.
    Begun,
    /// A file lies aside, or where it is to be.
    Aside,
    /// Every file lies where it is to be; texts may be written.
    Moved,
    /// Nothing is left but to remove what has no name.
    Done,
}

pub(super) type Failed = (PathBuf, io::Error);

impl Unfinished {
    /// Writes the changes down in a directory, and makes none.
    ///
    /// # Errors
    ///
    /// A directory in which others are unfinished, or that cannot be written to.
    pub(super) fn note(at: &Path, changes: &[Change]) -> Result<Unfinished, Failed> {
        let path = at.join(UNFINISHED);
        let plan = Plan::of(at, changes)?;
        let noted = serde_json::to_string(&plan).map_err(io::Error::other).and_then(|line| {
            let mut file = fs::File::create_new(&path)?;
            writeln!(file, "{line}").inspect_err(|_| drop(fs::remove_file(&path)))
        });
        noted.map_err(|error| (path.clone(), error))?;
        Ok(Unfinished { path, plan })
    }

    /// Reads what a command has left in a directory.
    pub(super) fn read(at: &Path) -> Result<Unfinished, CommandError> {
        let path = at.join(UNFINISHED);
        let failed = |problem: &dyn std::fmt::Display| {
            CommandError::failed(format!(
                "cannot take back what {} says: {problem}\nhelp: restore the directory from version control, and remove the \
                 file",
                path.display()
            ))
        };
        let text = fs::read_to_string(&path).map_err(|error| failed(&error))?;
        // Without its end, the line is from before the first change.
        let line = text.split_once('\n').map(|(line, _)| line);
        let plan = match line {
            Some(line) => serde_json::from_str(line).map_err(|error| failed(&error))?,
            None => Plan { at: absolute(at), moves: Vec::new(), writes: Vec::new() },
        };
        if plan.at != absolute(at) {
            return Err(failed(&format_args!("it was written in {}", plan.at.display())));
        }
        Ok(Unfinished { path, plan })
    }

    /// The changes, for people.
    pub(super) fn changes(&self) -> Vec<Change> {
        let moves = self.plan.moves.iter().map(|one| match &one.to {
            Some(to) => Change::Rename { from: one.from.clone(), to: to.clone() },
            None => Change::Remove { path: one.from.clone() },
        });
        let writes = self.plan.writes.iter().map(|one| Change::Write {
            path: one.path.clone(),
            text: one.after.clone(),
            note: "the new text".to_owned(),
        });
        moves.chain(writes).collect()
    }

    /// True if all is made, and only what has no name is left to remove.
    pub(super) fn is_made(&self) -> bool {
        self.stage() == Stage::Done
    }

    /// Makes the changes.
    pub(super) fn make(&self) -> Result<(), Failed> {
        // Away from their names first: two files may change places, and systems differ in the case of names.
        for one in &self.plan.moves {
            rename(&one.from, &one.aside)?;
        }
        self.reach(Stage::Aside)?;
        for one in &self.plan.moves {
            if let Some(to) = &one.to {
                rename(&one.aside, to)?;
            }
        }
        self.reach(Stage::Moved)?;
        for one in &self.plan.writes {
            one.write().map_err(|error| (one.path.clone(), error))?;
        }
        self.reach(Stage::Done)
    }

    /// Removes what is to go, and the note.
    pub(super) fn finish(&self) -> Result<(), Failed> {
        for one in self.plan.moves.iter().filter(|one| one.to.is_none()) {
            let path = &one.aside;
            let removed = step()
                .and_then(|()| if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) });
            match removed {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err((path.clone(), error)),
                _ => {}
            }
        }
        self.forget()
    }

    /// Takes back what was made, or finishes it if all was made. Returns what could not be taken back.
    pub(super) fn settle(&self) -> Vec<String> {
        let mut left = Vec::new();
        let failed = |(path, error): Failed| format!("{}: {error}", path.display());
        let outcome = match self.stage() {
            Stage::Done => self.finish(),
            stage => self.take_back(stage, &mut left),
        };
        left.extend(outcome.err().map(failed));
        left
    }

    fn take_back(&self, stage: Stage, left: &mut Vec<String>) -> Result<(), Failed> {
        let mut stage = stage;
        if stage == Stage::Moved {
            for one in self.plan.writes.iter().rev() {
                if !one.restore().map_err(|error| (one.path.clone(), error))? {
                    complain(format_args!(
                        "note: {} was edited since, and keeps its text",
                        one.path.display()
                    ));
                }
            }
            self.reach(Stage::Aside)?;
            stage = Stage::Aside;
        }
        if stage == Stage::Aside {
            for one in &self.plan.moves {
                if let Some(to) = one.to.as_ref().filter(|to| !exists(&one.aside) && exists(to)) {
                    rename(to, &one.aside)?;
                }
            }
            self.reach(Stage::Begun)?;
        }
        for one in self.plan.moves.iter().filter(|one| exists(&one.aside)) {
            if let Err((_, error)) = rename(&one.aside, &one.from) {
                left.push(format!("{} is now {}: {error}", one.from.display(), one.aside.display()));
            }
        }
        if left.is_empty() { self.forget() } else { Ok(()) }
    }

    /// The last stage that the file names.
    fn stage(&self) -> Stage {
        let text = fs::read_to_string(&self.path).unwrap_or_default();
        let lines = text.split_inclusive('\n').skip(1).filter_map(|line| line.strip_suffix('\n'));
        lines.filter_map(Stage::named).last().unwrap_or(Stage::Begun)
    }

    fn reach(&self, stage: Stage) -> Result<(), Failed> {
        let reached = step().and_then(|()| {
            let mut file = fs::File::options().append(true).open(&self.path)?;
            file.write_all(format!("{}\n", stage.name()).as_bytes())
        });
        reached.map_err(|error| (self.path.clone(), error))
    }

    fn forget(&self) -> Result<(), Failed> {
        step().and_then(|()| fs::remove_file(&self.path)).map_err(|error| (self.path.clone(), error))
    }
}

impl Plan {
    fn of(at: &Path, changes: &[Change]) -> Result<Plan, Failed> {
        let mut moves = Vec::new();
        for change in changes {
            let (from, to) = match change {
                Change::Rename { from, to } => (from, Some(absolute(to))),
                Change::Remove { path } => (path, None),
                Change::Write { .. } => continue,
            };
            // A hidden name, which no layout reads.
            let aside = format!(".gapless-{}-{}", std::process::id(), moves.len() + 1);
            let from = absolute(from);
            moves.push(Move { aside: from.with_file_name(aside), from, to });
        }
        let mut plan = Plan { at: absolute(at), moves, writes: Vec::new() };
        for change in changes {
            if let Change::Write { path, text, .. } = change {
                let path = absolute(path);
                let before = plan.text(&path).map_err(|error| (path.clone(), error))?;
                plan.writes.push(Write { path, before, after: text.clone() });
            }
        }
        Ok(plan)
    }

    /// The text that a path has behind the new names.
    fn text(&self, path: &Path) -> io::Result<Option<String>> {
        let come = self.moves.iter().find_map(|one| {
            let below = path.strip_prefix(one.to.as_ref()?).ok()?;
            Some(if below.as_os_str().is_empty() { one.from.clone() } else { one.from.join(below) })
        });
        let gone = || self.moves.iter().any(|one| path.starts_with(&one.from));
        match come {
            Some(source) => text(&source),
            None if gone() => Ok(None),
            None => text(path),
        }
    }
}

impl Write {
    fn write(&self) -> io::Result<()> {
        step()?;
        if self.before.is_some() {
            return fs::write(&self.path, &self.after);
        }
        fs::File::create_new(&self.path)?.write_all(self.after.as_bytes())
    }

    /// Puts the old text back. Returns false if the file holds another one than both, or a part of the new one.
    fn restore(&self) -> io::Result<bool> {
        let now = text(&self.path)?;
        if now == self.before {
            return Ok(true);
        }
        if now.is_some_and(|now| !self.after.starts_with(&now)) {
            return Ok(false);
        }
        step()?;
        match &self.before {
            Some(before) => fs::write(&self.path, before)?,
            None => fs::remove_file(&self.path)?,
        }
        Ok(true)
    }
}

impl Stage {
    const ALL: [Stage; 4] = [Stage::Begun, Stage::Aside, Stage::Moved, Stage::Done];

    fn name(self) -> &'static str {
        match self {
            Stage::Begun => "begun",
            Stage::Aside => "aside",
            Stage::Moved => "moved",
            Stage::Done => "done",
        }
    }

    fn named(name: &str) -> Option<Stage> {
        Stage::ALL.into_iter().find(|stage| stage.name() == name)
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), Failed> {
    let moved = match exists(to) {
        true => Err(io::Error::from(io::ErrorKind::AlreadyExists)),
        false => step().and_then(|()| fs::rename(from, to)),
    };
    moved.map_err(|error| (to.to_owned(), error))
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// The text of a file; `None` if there is none.
fn text(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A test may end the process here, as a kill does.
fn step() -> io::Result<()> {
    #[cfg(test)]
    tests::step()?;
    Ok(())
}

#[cfg(test)]
mod tests;
