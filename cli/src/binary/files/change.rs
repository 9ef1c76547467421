//! Changes to files: all of them are made, or none.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::tree::shortened;
use super::unfinished::{Failed, Unfinished};
use crate::ask::Consent;
use crate::exit::{CommandError, Exit};
use crate::output::{Output, complain};

/// A change to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    /// Writes a file, which may be new.
    Write {
        path: PathBuf,
        text: String,
        note: String,
    },
    Remove {
        path: PathBuf,
    },
}

impl Change {
    fn seen_from_here(self) -> Change {
        match self {
            Change::Rename { from, to } => Change::Rename { from: shortened(from), to: shortened(to) },
            Change::Write { path, text, note } => Change::Write { path: shortened(path), text, note },
            Change::Remove { path } => Change::Remove { path: shortened(path) },
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Rename { from, to } => write!(f, "rename {} -> {}", from.display(), to.display()),
            Change::Write { path, note, .. } => write!(f, "write  {}: {note}", path.display()),
            Change::Remove { path } => write!(f, "remove {}", path.display()),
        }
    }
}

/// The changes of a command, and the directory in which they are written down until they are made.
#[derive(Debug)]
pub(super) struct Changes {
    pub(super) at: PathBuf,
    pub(super) list: Vec<Change>,
}

impl Changes {
    /// Prints the changes.
    pub(super) fn show(&self, output: &mut Output) -> io::Result<()> {
        self.list.iter().try_for_each(|change| output.line(change))
    }

    /// Asks the question, and makes the changes if the user agrees.
    pub(super) fn make_if_agreed(
        &self,
        consent: &Consent,
        question: &str,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        if !consent.given(question)? {
            output.line("nothing was changed")?;
            return Ok(Exit::Failed);
        }
        self.make()?;
        Ok(Exit::Done)
    }

    /// Makes the changes. Renames may swap names; files are written behind their new names. If one fails, those before it
    /// are taken back.
    pub(super) fn make(&self) -> Result<(), CommandError> {
        let failed = |(path, error): Failed, outcome: &str| {
            CommandError::failed(format!("cannot change {}: {error}\n{outcome}", path.display()))
        };
        let unfinished = Unfinished::note(&self.at, &self.list)
            .map_err(|failure| failed(failure, "nothing was changed"))?;
        if let Err(failure) = unfinished.make() {
            let left = unfinished.settle();
            return Err(failed(failure, &outcome(&left)));
        }
        // They are made. What is left over is hidden, and the next command removes it.
        if let Err((path, error)) = unfinished.finish() {
            complain(format_args!("warning: cannot remove {}: {error}", path.display()));
        }
        Ok(())
    }
}

fn outcome(left: &[String]) -> String {
    if left.is_empty() {
        return "nothing was changed".to_owned();
    }
    format!("and these could not be put back:\n  {}", left.join("\n  "))
}

/// Takes back what an interrupted command has left, if the user agrees. Returns false if not.
pub(super) fn settle(at: &Path, consent: &Consent, output: &mut Output) -> Result<bool, CommandError> {
    let unfinished = Unfinished::read(at)?;
    let changes = unfinished.changes();
    if !unfinished.is_made() && !changes.is_empty() {
        output.line(format_args!(
            "a command was interrupted in {}. It has made a part of this:",
            at.display()
        ))?;
        for change in changes {
            output.line(format_args!("  {}", change.seen_from_here()))?;
        }
        if !consent.given("take it back?")? {
            output.line("nothing was changed")?;
            return Ok(false);
        }
    }
    let left = unfinished.settle();
    if left.is_empty() {
        return Ok(true);
    }
    Err(CommandError::failed(format!("these could not be put back:\n  {}", left.join("\n  "))))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn listing(directory: &Path) -> Vec<(String, String)> {
        let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        let mut found: Vec<_> = entries
            .map(|path| {
                (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap())
            })
            .collect();
        found.sort();
        found
    }

    fn pairs(listing: &[(String, String)]) -> Vec<(&str, &str)> {
        listing.iter().map(|(name, text)| (&**name, &**text)).collect()
    }

    #[test]
    fn files_may_change_places_and_are_written_behind_their_new_names() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::write(at("a"), "A").unwrap();
        fs::write(at("b"), "B").unwrap();
        fs::write(at("c"), "C").unwrap();
        let write = |name: &str, text: &str| Change::Write {
            path: at(name),
            text: text.to_owned(),
            note: String::new(),
        };
        let changes = |list: Vec<Change>| Changes { at: directory.path().to_owned(), list };
        changes(vec![
            Change::Rename { from: at("a"), to: at("b") },
            Change::Rename { from: at("b"), to: at("a") },
            Change::Remove { path: at("c") },
            write("b", "A2"),
            write("d", "D"),
        ])
        .make()
        .unwrap();
        assert_eq!(pairs(&listing(directory.path())), [("a", "B"), ("b", "A2"), ("d", "D")]);
    }

    #[test]
    fn a_failure_anywhere_leaves_everything_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        for name in ["a", "b", "taken"] {
            fs::write(at(name), name).unwrap();
        }
        let before = listing(directory.path());
        let changes = |list: Vec<Change>| Changes { at: directory.path().to_owned(), list };
        let write =
            |name: &str| Change::Write { path: at(name), text: "new".to_owned(), note: String::new() };
        let good = [
            Change::Rename { from: at("a"), to: at("x") },
            Change::Remove { path: at("b") },
            write("x"),
            write("y"),
        ];
        for bad in [
            Change::Rename { from: at("missing"), to: at("z") },
            Change::Rename { from: at("x"), to: at("z") },
            write("nowhere/z"),
        ] {
            let list = [&good[..], &[bad]].concat();
            let error = changes(list).make().unwrap_err().to_string();
            assert!(error.ends_with("nothing was changed"), "{error}");
            assert_eq!(listing(directory.path()), before);
        }
        let taken = vec![
            Change::Rename { from: at("a"), to: at("x") },
            Change::Rename { from: at("b"), to: at("taken") },
        ];
        let error = changes(taken).make().unwrap_err().to_string();
        assert!(error.contains("taken: entity already exists"), "{error}");
        assert_eq!(listing(directory.path()), before);
    }
}
