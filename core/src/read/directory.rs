//! Lists the directories that patterns name, and reports every entry that might have been a migration and is not.

use std::collections::BTreeSet;
use std::fs;
use std::io::Error;
use std::path::{Path, PathBuf};

use super::filesystem::{holds_sql, is_sql, sorted_names};
use super::guess::misread;
use super::interrupted::interrupted;
use super::layout::{Entries, Named, Tool};
use super::listing::{Directory, Entry, File, Listing};
use super::lock::LOCK;
use super::migration_directory;
use super::name::NameError;
use super::pattern::Pattern;
use super::renames::RENAMES;
use super::text::Text;
use crate::lint::Problem;
use crate::set::Layout;

/// Lists every directory that the patterns name below `root`.
pub(crate) fn list(root: &Path, patterns: &[Pattern], layout: Layout) -> Listing {
    // All of them come first: a directory inside of another is listed by itself if a pattern names it too.
    let found: Vec<_> = patterns.iter().map(|pattern| pattern.directories(root)).collect();
    let named = found.iter().flatten().flatten().filter_map(|(_, path)| fs::canonicalize(path).ok());
    let mut lister =
        Lister { layout, tool: layout.tool(), named: named.collect(), listing: Listing::default() };
    let mut seen = BTreeSet::new();
    for (pattern, directories) in found.into_iter().enumerate() {
        match directories {
            Ok(directories) => {
                for (shown, path) in directories {
                    let known = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
                    if seen.insert(known) {
                        lister.directory(pattern, &shown, &path);
                    } else {
                        let problem = Problem::new(pattern, format!("`{shown}` is named twice"));
                        lister.report(problem.help("name each directory once"));
                    }
                }
            }
            Err(error) => lister.report(Problem::new(pattern, error.to_string())),
        }
    }
    lister.listing
}

struct Lister {
    layout: Layout,
    tool: &'static Tool,
    /// Every directory that is listed, by its real path.
    named: Vec<PathBuf>,
    listing: Listing,
}

impl Lister {
    fn report(&mut self, problem: Problem) {
        self.listing.problems.push(problem);
    }

    fn directory(&mut self, pattern: usize, shown: &str, path: &Path) {
        let names = match sorted_names(path) {
            Ok(names) => names,
            Err(error) => {
                let problem = Problem::new(pattern, format!("cannot read the directory: {error}"));
                return self.report(problem.file(shown));
            }
        };
        let entry = |name| Entry { pattern, shown: format!("{shown}/{name}"), name, path: path.join(name) };
        let mut beside =
            |name| if names.iter().any(|known| known == name) { self.beside(&entry(name)) } else { None };
        let (lock, renames) = (beside(LOCK), beside(RENAMES));
        let (shown_there, path_there) = (shown.to_owned(), path.to_owned());
        let directory = Directory { pattern, shown: shown_there, path: path_there, lock, renames };
        let interrupted = interrupted(&directory, &names);
        self.listing.problems.extend(interrupted);
        self.listing.directories.push(directory);
        let before = self.listing.files.len() + self.listing.problems.len();
        let misread = (self.layout == Layout::Native).then(|| misread(pattern, shown, path, &names));
        let (misread, problem) = misread.flatten().unzip();
        self.listing.problems.extend(problem);
        let misread = misread.unwrap_or_default();
        for name in &names {
            if ![LOCK, RENAMES].contains(&name.as_str()) && misread.binary_search(name).is_err() {
                self.entry(entry(name));
            }
        }
        if before == self.listing.files.len() + self.listing.problems.len() {
            let help = "add the first migration, for example `0001_users.up.sql`, or correct the path";
            let problem = Problem::new(pattern, "the directory holds no migration").file(shown);
            self.report(problem.help(help));
        }
    }

    /// Reads a file that is not a migration.
    fn beside(&mut self, entry: &Entry<'_>) -> Option<String> {
        self.listing.watched.push(entry.path.clone());
        let text = Text::read(entry.pattern, &entry.shown, &entry.path);
        text.map_err(|problem| self.report(problem)).ok().map(|text| text.text)
    }

    fn entry(&mut self, entry: Entry<'_>) {
        match fs::metadata(&entry.path) {
            Ok(found) if found.is_dir() => self.subdirectory(&entry),
            Ok(_) => self.file(entry),
            Err(error) => self.unreadable(entry, &error),
        }
    }

    /// Reports an entry that might have been a migration or a directory of them.
    fn unreadable(&mut self, entry: Entry<'_>, error: &Error) {
        // Editors keep notes in hidden dangling links. An entry without metadata of its own has a name that is not
        // UTF-8, and matters if it ends in `.sql`.
        let nameless = entry.path.symlink_metadata().is_err() && self.tool.entries == Entries::Files;
        if nameless || entry.name.starts_with('.') {
            return self.file(entry);
        }
        let problem = entry.problem(format!("cannot read this entry: {error}"));
        let help = "restore the target of the link, or remove the link";
        self.report(if entry.path.is_symlink() { problem.help(help) } else { problem });
    }

    fn file(&mut self, entry: Entry<'_>) {
        let name = entry.name;
        if let Some(right) = [LOCK, RENAMES].into_iter().find(|right| name.eq_ignore_ascii_case(right)) {
            let problem = entry.problem(format!("`{name}` would be ignored"));
            return self.report(problem.help(format!("rename it to `{right}`")));
        }
        let parsed = match self.tool.special(name) {
            Some(parsed) => parsed,
            // The tool ignores files, and its users expect that.
            None if self.tool.entries == Entries::Directories => return self.loose(&entry),
            None => self.tool.parse(name),
        };
        match parsed {
            Ok(None) => {}
            Ok(Some(named)) => self.migration(entry, named),
            Err(error) => self.misnamed(&entry, &error),
        }
    }

    fn migration(&mut self, entry: Entry<'_>, name: Named) {
        let Entry { pattern, shown, name: entry, path } = entry;
        let directory = self.listing.directories.len().saturating_sub(1);
        let entry = entry.to_owned();
        let mut file = File { name, pattern, directory, entry, shown, path, no_transaction: false };
        if let Some(sidecar) = &self.tool.sidecar {
            sidecar.apply(&mut file, &mut self.listing);
        }
        self.listing.files.push(file);
    }

    /// Reports a file where Diesel has directories, if it has a version: it was meant to be a migration.
    fn loose(&mut self, entry: &Entry<'_>) {
        let name = entry.name;
        if is_sql(name) && name.starts_with(|first: char| first.is_ascii_digit()) {
            let stem = name.get(..name.len() - ".sql".len()).unwrap_or(name);
            let problem = entry.problem("Diesel ignores a file beside the migrations' directories");
            let help = format!("move it to `{stem}/up.sql`, or rename it if it is not a migration");
            self.report(problem.help(help));
        }
    }

    fn misnamed(&mut self, entry: &Entry<'_>, error: &NameError) {
        // Another name would not help a migration that cannot be read at all.
        let message = if error.help().is_some() {
            error.to_string()
        } else {
            format!("invalid migration name: {error}")
        };
        self.report(entry.problem(message).help(error.remedy()));
    }

    fn subdirectory(&mut self, entry: &Entry<'_>) {
        if entry.name.starts_with('.') {
            return;
        }
        if self.tool.entries == Entries::Directories {
            return match self.tool.parse(entry.name) {
                Ok(None) => {}
                Ok(Some(named)) => migration_directory::list(entry, &named, self.tool, &mut self.listing),
                Err(error) => self.misnamed(entry, &error),
            };
        }
        if fs::canonicalize(&entry.path).is_ok_and(|path| self.named.contains(&path)) {
            return;
        }
        match holds_sql(&entry.path) {
            Ok(false) if !is_sql(entry.name) => {}
            Ok(_) => {
                let problem = entry.problem("a subdirectory with SQL files would be ignored");
                let help = "move its files up, or name the directory in `embed_migrations!` too";
                self.report(problem.help(help));
            }
            Err(error) => self.report(entry.problem(format!("cannot read the directory: {error}"))),
        }
    }
}
