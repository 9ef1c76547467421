//! Compares an embedded set with its directories as they are now.

use std::fmt;
use std::path::{Path, PathBuf};

use super::pattern::Pattern;
use crate::lint::Problems;
use crate::set::{Migration, MigrationSet, Version};

/// A difference between an embedded set and its directories.
#[derive(Debug)]
#[non_exhaustive]
pub enum Difference {
    /// A file that the binary does not have.
    Added(String),
    /// A migration of the binary whose file is gone.
    Removed(String),
    /// A version that has another name, text, down script or directive now.
    Changed(String),
    /// Directories that cannot be read, or have mistakes.
    Problems(Problems),
    /// A directory that is no longer where the crate was when it was built.
    Moved(String),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Added(path) => write!(f, "{path} is not in the binary"),
            Difference::Removed(path) => write!(f, "{path} is in the binary, but its file is missing"),
            Difference::Changed(path) => write!(f, "{path} differs from the binary"),
            Difference::Problems(problems) => problems.fmt(f),
            Difference::Moved(source) => f.write_str(source),
        }
    }
}

impl MigrationSet {
    /// Returns the differences between the set and its directories below `root` as they are now.
    pub fn differences(&self, root: &Path) -> Vec<Difference> {
        if self.migrations().first().is_some_and(|first| first.package().is_some()) {
            let text =
                "the set was merged from several crates\nhelp: check the set of each crate in that crate";
            return vec![Difference::Moved(text.to_owned())];
        }
        let patterns: Result<Vec<_>, _> = self.sources().map(Pattern::new).collect();
        let patterns = match patterns {
            Ok(patterns) => patterns,
            Err(error) => return vec![Difference::Moved(error.to_string())],
        };
        match MigrationSet::scan(root, &patterns, self.rules()) {
            Ok(found) => compare(self, &found),
            Err(problems) => vec![Difference::Problems(problems)],
        }
    }

    /// Panics if a file was added, removed or edited and cargo has not noticed; for a test of the embedding crate.
    ///
    /// Looks for the directories below `CARGO_MANIFEST_DIR`, which `cargo test` sets, or else below the current
    /// directory.
    ///
    /// # Panics
    ///
    /// Panics if the set and its directories differ, and names every file.
    pub fn assert_current(&self) {
        let root = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from);
        let differences = self.differences(&root);
        let lines: Vec<_> = differences.iter().map(|difference| format!("\n  {difference}")).collect();
        assert!(
            differences.is_empty(),
            "the embedded migrations differ from the directory:{}\nhelp: add a build.rs with \
             `gapless_build::track(...)`, or `touch` the file that embeds them and rebuild",
            lines.concat()
        );
    }
}

fn compare(embedded: &MigrationSet, found: &MigrationSet) -> Vec<Difference> {
    let mut versions: Vec<Version> = embedded.migrations().iter().map(Migration::version).collect();
    versions.extend(found.migrations().iter().map(Migration::version));
    versions.sort_unstable();
    versions.dedup();
    let difference = |version| match (embedded.find(version), found.find(version)) {
        (Some(embedded), Some(found)) if embedded == found => None,
        (Some(_), Some(found)) => Some(Difference::Changed(found.path().to_owned())),
        (Some(embedded), None) => Some(Difference::Removed(embedded.path().to_owned())),
        (None, found) => found.map(|found| Difference::Added(found.path().to_owned())),
    };
    let mut differences: Vec<_> = versions.into_iter().filter_map(difference).collect();
    if embedded.baseline() != found.baseline() {
        let either = found.baseline().or(embedded.baseline());
        differences.extend(either.map(|baseline| Difference::Changed(baseline.path().to_owned())));
    }
    if embedded.renames() != found.renames() {
        differences.push(Difference::Changed("renames.txt".to_owned()));
    }
    differences
}
