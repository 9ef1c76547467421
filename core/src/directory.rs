//! What lies in a directory of migrations.

use std::fs;
use std::path::{Path, PathBuf};

use crate::layout::{Layout, Named, Part};
use crate::lock::{Files, LOCK};
use crate::name::{FileName, Kind, NameError};
use crate::scan::{File, Scanner};
use crate::{Problem, normalise, snippet};

/// Where renames are declared, in each directory of migrations.
pub(crate) const RENAMES: &str = "renames.txt";

/// A directory that was named, or that a pattern led to.
pub(crate) struct Directory {
    pub(crate) pattern: usize,
    /// Relative to the root, with forward slashes.
    pub(crate) shown: String,
    pub(crate) path: PathBuf,
    /// The checksums of its files, where they are asked for.
    pub(crate) files: Option<Files>,
    /// The text of its `migrations.lock`.
    pub(crate) lock: Option<String>,
    /// The text of its `renames.txt`.
    pub(crate) renames: Option<String>,
}

impl Scanner<'_> {
    pub(crate) fn directory(&mut self, pattern: usize, relative: &str, path: &Path) {
        let names = match sorted_names(path) {
            Ok(names) => names,
            Err(error) => {
                let problem = Problem::new(pattern, format!("the directory cannot be read: {error}"));
                return self.problems.push(problem.file(relative));
            }
        };
        let beside = |name: &str| names.iter().any(|known| known == name).then(|| path.join(name));
        let (lock, renames) = (beside(LOCK), beside(RENAMES));
        self.watched.extend([&lock, &renames].into_iter().flatten().map(|path| self.root.join(path)));
        let (lock, renames) = (self.beside(pattern, lock), self.beside(pattern, renames));
        self.directories.push(Directory {
            pattern,
            shown: relative.to_owned(),
            path: path.to_owned(),
            files: (self.locking || lock.is_some()).then(Files::new),
            lock,
            renames,
        });
        let known = self.files.len() + self.problems.len();
        for name in names {
            let (shown, path) = (format!("{relative}/{name}"), path.join(&name));
            if path.is_dir() {
                self.subdirectory(pattern, shown, &name, path);
            } else {
                self.entry(pattern, shown, &name, path);
            }
        }
        if known == self.files.len() + self.problems.len() {
            let help = "add the first migration, for example `0001_users.up.sql`, or correct the path";
            let problem = Problem::new(pattern, "the directory holds no migration").file(relative);
            self.problems.push(problem.help(help));
        }
    }

    /// The normalised text of a file that is not a migration.
    fn beside(&mut self, pattern: usize, path: Option<PathBuf>) -> Option<String> {
        let path = path?;
        match fs::read_to_string(&path) {
            Ok(text) => Some(normalise(&text).into_owned()),
            Err(error) => {
                let shown = path.strip_prefix(self.root).unwrap_or(&path).to_string_lossy().into_owned();
                let problem = Problem::new(pattern, format!("the file cannot be read: {error}"));
                self.problems.push(problem.file(shown));
                None
            }
        }
    }

    fn entry(&mut self, pattern: usize, shown: String, name: &str, path: PathBuf) {
        let native = FileName::parse(name);
        // These two are ours in every layout.
        let ours = matches!(&native, Ok(Some(name)) if matches!(name.kind, Kind::Tombstone | Kind::Baseline));
        let parsed = match self.rules.layout {
            layout if ours || layout.is_native() => native.map(|name| name.map(Named::from)),
            // It passes over what is not a directory, and so does its user.
            layout if layout.is_directories() => Ok(None),
            layout => layout.parse(name),
        };
        match parsed {
            Ok(None) => {}
            Ok(Some(named)) => {
                let mut file = self.file(named, pattern, shown, name, path);
                self.settings(&mut file, "sql.conf");
                self.files.push(file);
            }
            Err(error) => self.misnamed(pattern, shown, &error),
        }
    }

    fn file(&self, name: Named, pattern: usize, shown: String, entry: &str, path: PathBuf) -> File {
        let directory = self.directories.len().saturating_sub(1);
        File { name, pattern, directory, entry: entry.to_owned(), shown, path, no_transaction: false }
    }

    fn misnamed(&mut self, pattern: usize, shown: String, error: &NameError) {
        let problem = Problem::new(pattern, format!("not a migration's file name: {error}"));
        self.problems.push(problem.file(shown).help(error.way_out()));
    }

    fn subdirectory(&mut self, pattern: usize, shown: String, name: &str, path: PathBuf) {
        if name.starts_with('.') {
            return;
        }
        if self.rules.layout.is_directories() {
            return self.diesel(pattern, shown, name, &path);
        }
        if fs::canonicalize(&path).is_ok_and(|path| self.named.contains(&path)) {
            return;
        }
        if is_sql(name) || holds_sql(&path) {
            let help = "move its files up, or name the directory in `embed_migrations!` too";
            let problem = Problem::new(pattern, "a subdirectory with SQL files would be passed over");
            self.problems.push(problem.file(shown).help(help));
        }
    }

    /// A directory that is a migration: `up.sql`, `down.sql`, `metadata.toml`.
    fn diesel(&mut self, pattern: usize, shown: String, name: &str, path: &Path) {
        let named = match self.rules.layout.parse(name) {
            Ok(Some(named)) => named,
            Ok(None) => return,
            Err(error) => return self.misnamed(pattern, shown, &error),
        };
        let known = self.files.len();
        for (file, part) in [("up.sql", Part::Up), ("down.sql", Part::Down)] {
            let path = path.join(file);
            if !path.exists() {
                continue;
            }
            let entry = format!("{name}/{file}");
            let named = Named { part, ..named.clone() };
            let mut file = self.file(named, pattern, format!("{shown}/{file}"), &entry, path);
            self.settings(&mut file, "metadata.toml");
            self.files.push(file);
        }
        if self.files.len() == known {
            let help = "add an `up.sql`, or remove the directory";
            let problem = Problem::new(pattern, "a migration's directory without `up.sql`").file(shown);
            self.problems.push(problem.help(help));
        }
    }

    /// Reads what stands beside a migration and says how it is run.
    fn settings(&mut self, file: &mut File, suffix: &str) {
        let layout = self.rules.layout;
        let beside = match layout {
            Layout::Flyway => file.path.with_extension(suffix),
            Layout::Diesel => file.path.with_file_name(suffix),
            _ => return,
        };
        if !beside.exists() {
            return;
        }
        self.watched.push(self.root.join(&beside));
        let Some(text) = self.beside(file.pattern, Some(beside.clone())) else { return };
        match layout.settings(&text) {
            Ok(no_transaction) => file.no_transaction = no_transaction,
            Err(fault) if file.name.part != Part::Down => {
                let path = beside.strip_prefix(self.root).unwrap_or(&beside).to_string_lossy().into_owned();
                let problem = Problem::new(file.pattern, fault.message).file(&path);
                self.problems.push(problem.snippet(snippet(&path, &text, fault.span)).help(fault.help));
            }
            Err(_) => {}
        }
    }
}

fn sorted_names(path: &Path) -> std::io::Result<Vec<String>> {
    let mut names = fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect::<std::io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn is_sql(name: &str) -> bool {
    name.len() >= 4
        && name.is_char_boundary(name.len() - 4)
        && name[name.len() - 4..].eq_ignore_ascii_case(".sql")
}

/// Whether a file that looks like SQL lies in the directory or below it.
fn holds_sql(path: &Path) -> bool {
    let Ok(entries) = fs::read_dir(path) else { return false };
    entries.flatten().any(|entry| {
        // Links are not followed: they can lead round in a circle.
        let directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        is_sql(&entry.file_name().to_string_lossy()) || (directory && holds_sql(&entry.path()))
    })
}
