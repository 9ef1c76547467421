//! Scans directories of migrations and collects all of their problems.

use std::path::{Path, PathBuf};

use super::directory;
use super::listing::{Directory, File};
use super::lock::{self, Files};
use super::pairing::{Claims, Pair};
use super::pattern::Pattern;
use super::resolve_renames::Targets;
use super::scanned::{Found, Scan, Scanned};
use super::script::{ScriptReader, Scripts, SoundScript};
use crate::lint::{Problem, Problems};
use crate::set::{Directives, Down, Migration, MigrationSet, Part, Rules};

impl MigrationSet {
    /// Scans directories as the macro does, and returns the set that they hold now.
    ///
    /// # Errors
    ///
    /// Returns every problem of every directory.
    pub fn scan(
        root: &Path,
        patterns: &[Pattern],
        rules: impl Into<Rules>,
    ) -> Result<MigrationSet, Problems> {
        scan(root, patterns, rules).map(Scan::into_set)
    }
}

/// Reads the directories that the patterns name below `root`.
///
/// # Errors
///
/// Returns every problem of every directory, file and script at once.
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
    let Reading { found, directories, watched, mut problems } =
        read(root, patterns, rules, |directory| directory.lock.is_some());
    for (directory, files) in &directories {
        if let (Some(lock), Some(files)) = (&directory.lock, files) {
            problems.extend(lock::compare(directory.pattern, &directory.shown, lock, files));
        }
    }
    let scan = Scan { found, patterns: patterns.to_vec(), rules, watched };
    (scan, Problems::check(problems))
}

/// Reads the directories as [`scan`] does, whatever their locks say: for tools that look at new files.
#[doc(hidden)]
pub fn scan_unlocked(root: &Path, patterns: &[Pattern], rules: impl Into<Rules>) -> Result<Scan, Problems> {
    let rules = rules.into();
    let Reading { found, watched, problems, .. } = read(root, patterns, rules, |_| false);
    Problems::check(problems)?;
    Ok(Scan { found, patterns: patterns.to_vec(), rules, watched })
}

/// The contents of directories, and their problems other than what a lock says.
pub(super) struct Reading {
    found: Found,
    /// Each with the checksums of its files, if they were wanted.
    pub(super) directories: Vec<(Directory, Option<Files>)>,
    watched: Vec<PathBuf>,
    pub(super) problems: Vec<Problem>,
}

/// Reads directories, and the checksums of all files in those that `checksums` picks.
pub(super) fn read(
    root: &Path,
    patterns: &[Pattern],
    rules: Rules,
    checksums: impl Fn(&Directory) -> bool,
) -> Reading {
    let listing = directory::list(root, patterns, rules.layout);
    let checksums = listing.directories.iter().map(|directory| checksums(directory).then(Files::new));
    let mut reader = ScriptReader::new(rules, checksums.collect());
    let mut problems = listing.problems;
    let claims = Claims::of(listing.files, rules.layout.tool());
    let baseline = baseline(&claims.baselines, &mut reader, &mut problems);
    let mut migrations = Vec::new();
    for claim in claims.versions {
        problems.extend(claim.problems);
        if let Some(Pair { up, down }) = claim.pair {
            migrations.extend(migration(&up, down.as_ref(), &mut reader, &mut problems));
        }
        // Their texts are read all the same: every error at once.
        let misfits = claim.misfits.iter().filter_map(|file| reader.read(file).err());
        problems.extend(misfits.flatten());
    }
    problems.extend(reader.for_mysql());
    let targets =
        Targets { migrations: &migrations, baseline: baseline.as_ref(), complete: problems.is_empty() };
    let renames = targets.resolve(&listing.directories, rules.layout, &mut problems);
    Reading {
        found: Found { migrations, baseline, renames },
        directories: listing.directories.into_iter().zip(reader.into_checksums()).collect(),
        watched: listing.watched,
        problems,
    }
}

fn baseline(files: &[File], reader: &mut ScriptReader, problems: &mut Vec<Problem>) -> Option<Scanned> {
    if files.len() > 1 {
        let problem = Problem::new(files[0].pattern, format!("{} baselines in one set", files.len()));
        let problem = files.iter().fold(problem, |problem, file| problem.file(&file.shown));
        problems.push(problem.help("keep the one with the highest version"));
    }
    let read: Vec<_> = files.iter().map(|file| migration(file, None, reader, problems)).collect();
    let baseline = read.into_iter().next().flatten()?;
    if baseline.migration.directives().no_transaction() || baseline.migration.directives().rust() {
        let problem = files[0].problem("a baseline must be SQL that runs in a transaction");
        let help =
            "remove the directive, and move the statements that need it into a migration after the baseline";
        problems.push(problem.help(help));
    }
    Some(baseline)
}

/// Reads a migration, unless one of its scripts has problems.
fn migration(
    up: &File,
    down: Option<&File>,
    reader: &mut ScriptReader,
    problems: &mut Vec<Problem>,
) -> Option<Scanned> {
    let mut read = |file: &File| reader.read(file).map_err(|found| problems.extend(found)).ok();
    let (scripts, beside) = (read(up), down.and_then(read));
    let Scripts { up: script, down: section } = scripts?;
    let SoundScript { text, directives, file } = script?;
    // The problems of a down script have been reported; one that is empty is none.
    let down_script = beside.and_then(|scripts| scripts.down).or(section);
    // A tombstone never runs.
    let directives = if up.name.part == Part::Tombstone { Directives::NONE } else { directives };
    let (version, name) = (up.name.version, up.name.name.clone());
    let mut migration = Migration::new(version, name, up.shown.clone(), text).with_directives(directives);
    migration = match up.name.part {
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
