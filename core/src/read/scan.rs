//! Scans directories of migrations and collects all of their problems.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::layout::section::Named;
use super::lock;
use super::pairing::next_version;
use super::pattern::Pattern;
use super::scanned::{Found, Scan, Scanned};
use super::scanner::{File, Scanner};
use super::script::SoundScript;
use crate::lint::{Problem, Problems};
use crate::set::{Directives, Down, Migration, MigrationSet, Part, Rules, Version};

impl MigrationSet {
    /// The set of what directories hold now, read as the macro reads them.
    ///
    /// # Errors
    ///
    /// Every problem of every directory.
    pub fn scan(
        root: &Path,
        patterns: &[Pattern],
        rules: impl Into<Rules>,
    ) -> Result<MigrationSet, Problems> {
        scan(root, patterns, rules).map(|scan| scan.into_set())
    }
}

/// Reads the directories that the patterns name below `root`.
///
/// # Errors
///
/// Every problem of every directory, file and script at once.
pub fn scan(root: &Path, patterns: &[Pattern], rules: impl Into<Rules>) -> Result<Scan, Problems> {
    let (scan, problems) = scan_leniently(root, patterns, rules);
    problems.map(|()| scan)
}

/// Reads the directories as [`scan`] does, and returns what could be read beside the problems.
#[doc(hidden)]
pub fn scan_leniently(
    root: &Path,
    patterns: &[Pattern],
    rules: impl Into<Rules>,
) -> (Scan, Result<(), Problems>) {
    let rules = rules.into();
    let mut scanner = Scanner::new(root, rules);
    scanner.read(patterns);
    let found = scanner.assemble();
    scanner.check_locks();
    let scan = Scan { found, patterns: patterns.to_vec(), rules, watched: scanner.watched };
    (scan, Problems::check(scanner.problems))
}

/// The files that claim one version.
#[derive(Default)]
struct Claims {
    ups: Vec<File>,
    downs: Vec<File>,
}

impl Scanner<'_> {
    pub(crate) fn read(&mut self, patterns: &[Pattern]) {
        let mut seen = BTreeSet::new();
        // All of them come first: a directory inside of another is looked at for itself if it is named too.
        let found: Vec<_> = patterns.iter().map(|pattern| pattern.directories(self.root)).collect();
        let named = found.iter().flatten().flatten();
        self.named = named.filter_map(|(_, path)| fs::canonicalize(path).ok()).collect();
        for (index, directories) in found.into_iter().enumerate() {
            let directories = match directories {
                Ok(directories) => directories,
                Err(error) => {
                    self.problems.push(Problem::new(index, error.to_string()));
                    continue;
                }
            };
            for (relative, path) in directories {
                let known = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
                if !seen.insert(known) {
                    let problem = Problem::new(index, format!("`{relative}` is named twice"));
                    self.problems.push(problem.help("name each directory once"));
                } else {
                    self.directory(index, &relative, &path);
                }
            }
        }
    }

    /// Pairs the files, reads them, and reports what does not fit.
    pub(crate) fn assemble(&mut self) -> Found {
        let files = std::mem::take(&mut self.files);
        let next = next_version(&files);
        let mut versions: BTreeMap<Version, Claims> = BTreeMap::new();
        let mut baselines = Vec::new();
        for file in files {
            match file.name.part {
                Part::Baseline => baselines.push(file),
                Part::Down => versions.entry(file.name.version).or_default().downs.push(file),
                Part::Up | Part::Sections | Part::Tombstone => {
                    versions.entry(file.name.version).or_default().ups.push(file);
                }
            }
        }
        let mut found = Found { baseline: self.baseline(&baselines), ..Found::default() };
        for (version, Claims { ups, downs }) in versions {
            if ups.len() > 1 {
                self.duplicate(version, &ups, &next);
            } else if let Some(up) = ups.first() {
                self.stray_downs(&downs, Some(up));
                let down = downs.iter().find(|down| down.name.name == up.name.name);
                found.migrations.extend(self.migration(up, down));
                continue;
            } else {
                self.stray_downs(&downs, None);
            }
            // Their texts are looked at all the same: every error at once.
            for file in ups.iter().chain(&downs) {
                self.scripts(file);
            }
        }
        found.renames = self.renames(&found.migrations, found.baseline.as_ref());
        found
    }

    fn baseline(&mut self, files: &[File]) -> Option<Scanned> {
        if files.len() > 1 {
            let problem = Problem::new(files[0].pattern, format!("{} baselines in one set", files.len()));
            let problem = files.iter().fold(problem, |problem, file| problem.file(&file.shown));
            self.problems.push(problem.help("keep the one with the highest version"));
        }
        let read: Vec<_> = files.iter().map(|file| self.migration(file, None)).collect();
        let baseline = read.into_iter().next().flatten()?;
        if baseline.migration.directives().no_transaction() || baseline.migration.directives().rust() {
            let problem = Problem::new(files[0].pattern, "a baseline is SQL, and runs in a transaction");
            let help = "leave the directive out; put what needs it into a migration behind the baseline";
            self.problems.push(problem.file(&files[0].shown).help(help));
        }
        Some(baseline)
    }

    fn check_locks(&mut self) {
        for directory in &self.directories {
            if let (Some(lock), Some(files)) = (&directory.lock, &directory.files) {
                self.problems.extend(lock::compare(directory.pattern, &directory.shown, lock, files));
            }
        }
    }

    fn migration(&mut self, up: &File, down: Option<&File>) -> Option<Scanned> {
        let (read, beside) = (self.scripts(up), down.map(|down| self.scripts(down)));
        let (up_script, mut down_script) = read?;
        // The problems of a down script have been reported; one that is empty is none.
        if let Some((script, _)) = beside.flatten() {
            down_script = Some(script);
        }
        let SoundScript { text, directives, file } = up_script;
        let Named { version, name, part } = up.name.clone();
        // A tombstone never runs.
        let directives = if part == Part::Tombstone { Directives::NONE } else { directives };
        let mut migration = Migration::new(version, name, up.shown.clone(), text).with_directives(directives);
        migration = match part {
            Part::Tombstone => migration.__tombstone(),
            Part::Baseline => migration.__baseline(),
            _ => migration,
        };
        let mut down_file = None;
        if let Some(SoundScript { text, directives, file }) = down_script {
            let shown = down.map_or(&up.shown, |down| &down.shown);
            migration = migration.with_down(Down::new(shown.clone(), text, directives));
            down_file = Some(file);
        }
        Some(Scanned { migration, up: file, down: down_file })
    }
}
