//! Changes to files: all of them are made, or none.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::ask::Consent;
use crate::exit::{CommandError, Exit};
use crate::output::Output;
use crate::output::complain;

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

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Rename { from, to } => write!(f, "rename {} -> {}", from.display(), to.display()),
            Change::Write { path, note, .. } => write!(f, "write  {}: {note}", path.display()),
            Change::Remove { path } => write!(f, "remove {}", path.display()),
        }
    }
}

/// Prints the changes.
pub(super) fn show(changes: &[Change], output: &mut Output) -> io::Result<()> {
    changes.iter().try_for_each(|change| output.line(change))
}

/// Asks the question, and makes the changes if the user agrees.
pub(super) fn make_if_agreed(
    changes: &[Change],
    consent: &Consent,
    question: &str,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    if !consent.given(question)? {
        output.line("nothing was changed")?;
        return Ok(Exit::Failed);
    }
    make(changes)?;
    Ok(Exit::Done)
}

/// Makes the changes. Renames may swap names; files are written behind their new names. If one fails, those before it are
/// taken back.
pub(super) fn make(changes: &[Change]) -> Result<(), CommandError> {
    let mut work = Work::default();
    match work.all(changes) {
        Ok(()) => {
            work.finish();
            Ok(())
        }
        Err((path, error)) => {
            let left = work.undo();
            let outcome = if left.is_empty() {
                "nothing was changed".to_owned()
            } else {
                format!("and these could not be put back:\n  {}", left.join("\n  "))
            };
            Err(CommandError::failed(format!("cannot change {}: {error}\n{outcome}", path.display())))
        }
    }
}

/// What was done, so that it can be undone.
#[derive(Debug, Default)]
struct Work {
    done: Vec<Done>,
    /// What is removed at the end.
    doomed: Vec<PathBuf>,
    /// How many names were made up.
    names: usize,
}

#[derive(Debug)]
enum Done {
    Moved { from: PathBuf, to: PathBuf },
    Created(PathBuf),
    Written { path: PathBuf, before: Vec<u8> },
}

type Failed = (PathBuf, io::Error);

impl Work {
    fn all(&mut self, changes: &[Change]) -> Result<(), Failed> {
        // Away from their names first: two files may change places, and systems differ in the case of names.
        let mut moving = Vec::new();
        for change in changes {
            match change {
                Change::Rename { from, to } => moving.push((self.aside(from)?, to)),
                Change::Remove { path } => {
                    let aside = self.aside(path)?;
                    self.doomed.push(aside);
                }
                Change::Write { .. } => {}
            }
        }
        for (aside, to) in moving {
            self.rename(&aside, to)?;
        }
        for change in changes {
            if let Change::Write { path, text, .. } = change {
                self.write(path, text).map_err(|error| (path.clone(), error))?;
            }
        }
        Ok(())
    }

    /// Moves a file to a hidden name beside it, which no layout reads.
    fn aside(&mut self, from: &Path) -> Result<PathBuf, Failed> {
        self.names += 1;
        let aside = from.with_file_name(format!(".gapless-{}-{}", std::process::id(), self.names));
        self.rename(from, &aside)?;
        Ok(aside)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> Result<(), Failed> {
        let moved = match to.symlink_metadata() {
            Ok(_) => Err(io::Error::from(io::ErrorKind::AlreadyExists)),
            Err(_) => fs::rename(from, to),
        };
        moved.map_err(|error| (to.to_owned(), error))?;
        self.done.push(Done::Moved { from: from.to_owned(), to: to.to_owned() });
        Ok(())
    }

    fn write(&mut self, path: &Path, text: &str) -> io::Result<()> {
        match fs::read(path) {
            Ok(before) => {
                self.done.push(Done::Written { path: path.to_owned(), before });
                fs::write(path, text)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut file = fs::File::create_new(path)?;
                self.done.push(Done::Created(path.to_owned()));
                io::Write::write_all(&mut file, text.as_bytes())
            }
            Err(error) => Err(error),
        }
    }

    fn finish(self) {
        for path in self.doomed {
            // It is hidden, and so no migration any more, whether it can be removed or not.
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            if let Err(error) = removed {
                complain(format_args!("warning: cannot remove {}: {error}", path.display()));
            }
        }
    }

    /// Takes everything back, the last first. Returns what could not be.
    fn undo(self) -> Vec<String> {
        let mut left = Vec::new();
        for done in self.done.into_iter().rev() {
            let (outcome, what) = match &done {
                Done::Moved { from, to } => {
                    (fs::rename(to, from), format!("{} is now {}", from.display(), to.display()))
                }
                Done::Created(path) => (fs::remove_file(path), format!("{} is new", path.display())),
                Done::Written { path, before } => {
                    (fs::write(path, before), format!("{} was overwritten", path.display()))
                }
            };
            left.extend(outcome.err().map(|error| format!("{what}: {error}")));
        }
        left
    }
}

#[cfg(test)]
mod tests {
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
        make(&[
            Change::Rename { from: at("a"), to: at("b") },
            Change::Rename { from: at("b"), to: at("a") },
            Change::Remove { path: at("c") },
            write("b", "A2"),
            write("d", "D"),
        ])
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
            let changes = [&good[..], &[bad]].concat();
            let error = make(&changes).unwrap_err().to_string();
            assert!(error.ends_with("nothing was changed"), "{error}");
            assert_eq!(listing(directory.path()), before);
        }
        let taken = [
            Change::Rename { from: at("a"), to: at("x") },
            Change::Rename { from: at("b"), to: at("taken") },
        ];
        let error = make(&taken).unwrap_err().to_string();
        assert!(error.contains("taken: entity already exists"), "{error}");
        assert_eq!(listing(directory.path()), before);
    }
}
