//! Lists a directory of migrations.

use std::fs;
use std::io::{self, Error};
use std::path::{Path, PathBuf};

use super::guess::misread;
use super::layout::section::Named;
use super::lock::LOCK;
use super::name::{FileName, NameError};
use super::renames::RENAMES;
use super::scanner::{Directory, File, Files, Scanner};
use crate::lint::Problem;
use crate::set::{Layout, Part, normalise};
use crate::sql::snippet;

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
        let native = self.rules.layout == Layout::Native;
        let misread = native.then(|| misread(pattern, relative, path, &names)).flatten();
        let (misread, problem) = misread.unzip();
        self.problems.extend(problem);
        let misread = misread.unwrap_or_default();
        let ours = |name: &&String| {
            ![LOCK, RENAMES].contains(&name.as_str()) && misread.binary_search(name).is_err()
        };
        for name in names.iter().filter(ours) {
            let (shown, path) = (format!("{relative}/{name}"), path.join(name));
            match fs::metadata(&path) {
                Ok(found) if found.is_dir() => self.subdirectory(pattern, shown, name, path),
                Ok(_) => self.entry(pattern, shown, name, path),
                Err(error) => self.unreadable(pattern, shown, name, path, &error),
            }
        }
        if known == self.files.len() + self.problems.len() {
            let help = "add the first migration, for example `0001_users.up.sql`, or correct the path";
            let problem = Problem::new(pattern, "the directory holds no migration").file(relative);
            self.problems.push(problem.help(help));
        }
    }

    /// Reports an entry that might have been a migration or a directory of them.
    fn unreadable(&mut self, pattern: usize, shown: String, name: &str, path: PathBuf, error: &Error) {
        // Editors keep notes in hidden links that lead nowhere. An entry without metadata of its own has a name
        // that is not UTF-8, and matters if it ends in `.sql`.
        let nameless = path.symlink_metadata().is_err() && !self.rules.layout.is_directories();
        if nameless || name.starts_with('.') {
            return self.entry(pattern, shown, name, path);
        }
        let problem = Problem::new(pattern, format!("what lies here cannot be read: {error}")).file(shown);
        let help = "restore what the link leads to, or remove it";
        self.problems.push(if path.is_symlink() { problem.help(help) } else { problem });
    }

    /// The normalised text of a file that is not a migration.
    fn beside(&mut self, pattern: usize, path: Option<PathBuf>) -> Option<String> {
        let path = path?;
        match fs::read_to_string(&path) {
            Ok(text) => Some(normalise(&text).into_owned()),
            Err(error) => {
                let shown = path.strip_prefix(self.root).unwrap_or(&path).to_string_lossy().into_owned();
                let problem = Problem::new(pattern, format!("the file cannot be read: {error}")).file(shown);
                // Both directions may ask for it.
                if !self.problems.contains(&problem) {
                    self.problems.push(problem);
                }
                None
            }
        }
    }

    fn entry(&mut self, pattern: usize, shown: String, name: &str, path: PathBuf) {
        if let Some(right) = [LOCK, RENAMES].into_iter().find(|right| name.eq_ignore_ascii_case(right)) {
            let problem = Problem::new(pattern, format!("`{name}` would be passed over")).file(shown);
            return self.problems.push(problem.help(format!("rename it to `{right}`")));
        }
        let layout = self.rules.layout;
        let parsed = match special(layout, name) {
            Some(parsed) => parsed,
            // It passes over what is not a directory, and so does its user.
            None if layout.is_directories() => return self.loose(pattern, shown, name),
            None => layout.parse(name),
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

    /// A file where Diesel has directories. One that has a version was meant to be a migration.
    fn loose(&mut self, pattern: usize, shown: String, name: &str) {
        if is_sql(name) && name.starts_with(|first: char| first.is_ascii_digit()) {
            let stem = name.get(..name.len() - ".sql".len()).unwrap_or(name);
            let message = "Diesel passes over a file beside the migrations' directories";
            let help = format!("move it to `{stem}/up.sql`, or rename it if it is no migration");
            self.problems.push(Problem::new(pattern, message).file(shown).help(help));
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
        match holds_sql(&path) {
            Ok(false) if !is_sql(name) => {}
            Ok(_) => {
                let help = "move its files up, or name the directory in `embed_migrations!` too";
                let problem = Problem::new(pattern, "a subdirectory with SQL files would be passed over");
                self.problems.push(problem.file(shown).help(help));
            }
            Err(error) => {
                let problem = Problem::new(pattern, format!("the directory cannot be read: {error}"));
                self.problems.push(problem.file(shown));
            }
        }
    }

    /// A directory that is a migration: `up.sql`, `down.sql`, `metadata.toml`.
    fn diesel(&mut self, pattern: usize, shown: String, name: &str, path: &Path) {
        let named = match self.rules.layout.parse(name) {
            Ok(Some(named)) => named,
            Ok(None) => return,
            Err(error) => return self.misnamed(pattern, shown, &error),
        };
        let names = match sorted_names(path) {
            Ok(names) => names,
            Err(error) => {
                let problem = Problem::new(pattern, format!("the directory cannot be read: {error}"));
                return self.problems.push(problem.file(shown));
            }
        };
        let (known, mut odd) = (self.files.len(), false);
        for entry in names.iter().filter(|entry| is_sql(entry) && !entry.starts_with('.')) {
            let part = match entry.as_str() {
                "up.sql" => Part::Up,
                "down.sql" => Part::Down,
                _ => {
                    odd = true;
                    let message = "Diesel passes over this file: a migration is `up.sql` and `down.sql`";
                    let lower = entry.to_ascii_lowercase();
                    let help = if matches!(&*lower, "up.sql" | "down.sql") {
                        format!("rename it to `{lower}`")
                    } else {
                        "put what it does into one of them, and remove it".to_owned()
                    };
                    let problem = Problem::new(pattern, message).file(format!("{shown}/{entry}"));
                    self.problems.push(problem.help(help));
                    continue;
                }
            };
            let (path, inside) = (path.join(entry), format!("{name}/{entry}"));
            let named = Named { part, ..named.clone() };
            let mut file = self.file(named, pattern, format!("{shown}/{entry}"), &inside, path);
            self.settings(&mut file, "metadata.toml");
            self.files.push(file);
        }
        if self.files.len() == known && !odd {
            let help = "add an `up.sql`, or remove the directory";
            let problem = Problem::new(pattern, "a migration's directory without `up.sql`").file(shown);
            self.problems.push(problem.help(help));
        }
    }

    /// Reads the file beside a migration that says how it is run.
    fn settings(&mut self, file: &mut File, suffix: &str) {
        let layout = self.rules.layout;
        let beside = match layout {
            Layout::Flyway => file.path.with_extension(suffix),
            Layout::Diesel => file.path.with_file_name(suffix),
            _ => return,
        };
        // A link that leads nowhere is there, and cannot be read.
        if beside.symlink_metadata().is_err() {
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

fn sorted_names(path: &Path) -> io::Result<Vec<String>> {
    let mut names = fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn is_sql(name: &str) -> bool {
    name.len() >= 4
        && name.is_char_boundary(name.len() - 4)
        && name[name.len() - 4..].eq_ignore_ascii_case(".sql")
}

/// True if a file that looks like SQL lies in the directory or below it.
fn holds_sql(path: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        // Links are not followed: they can lead round in a circle.
        let directory = entry.file_type()?.is_dir();
        if is_sql(&entry.file_name().to_string_lossy()) || (directory && holds_sql(&entry.path())?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A tombstone or a baseline, which are ours in every layout; `None` for another file. The stem is ours or that of the
/// layout.
pub(super) fn special(layout: Layout, file: &str) -> Option<Result<Option<Named>, NameError>> {
    let suffixes = [(".tombstone.sql", Part::Tombstone), (".baseline.sql", Part::Baseline)];
    let native = FileName::parse(file).map(|name| name.map(Named::from));
    let lower = file.to_ascii_lowercase();
    let (suffix, part) = suffixes.into_iter().find(|(suffix, _)| lower.ends_with(suffix))?;
    let Some(stem) = file.strip_suffix(suffix).filter(|_| native.is_err() && !layout.is_native()) else {
        return Some(native);
    };
    let theirs = if layout.is_directories() { stem.to_owned() } else { format!("{stem}.sql") };
    match layout.parse(&theirs) {
        Ok(None) => Some(native),
        Ok(Some(named)) => Some(Ok(Some(Named { part, ..named }))),
        Err(error) => Some(Err(error.suggesting(|name| {
            let stem = name.strip_suffix(".sql").unwrap_or(&name);
            format!("{stem}{suffix}")
        }))),
    }
}
