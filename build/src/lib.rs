//! Makes cargo notice added migrations, in one line of the `build.rs` of a crate that embeds them with gapless:
//!
//! ```no_run
//! fn main() {
//!     gapless_build::track("migrations");
//! }
//! ```
//!
//! `embed_migrations!` makes cargo watch every file that it embeds, so edits, renames and deletions rebuild by
//! themselves. Only a build script can notice a file that did not exist at the last build; without it the macro warns.

#![allow(clippy::needless_doctest_main, reason = "a build script is a program")]

use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Makes cargo rebuild the crate when a file is added to a directory of migrations.
///
/// Takes the directories of `embed_migrations!`: one or several, relative to the crate, with `*` for one whole segment.
///
/// ```no_run
/// gapless_build::track(["modules/*/sql", "../shared/migrations"]);
/// ```
///
/// A build script may call it several times.
pub fn track(directories: impl Directories) {
    // Cargo keeps the last value of a variable only.
    static TRACKED: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut tracked = TRACKED.lock().unwrap_or_else(PoisonError::into_inner);
    tracked.extend(directories.patterns().iter().map(|pattern| normal(pattern)));
    print!("{}", Instructions(&tracked));
}

/// One directory or several.
pub trait Directories {
    /// Returns the directories as they were written.
    fn patterns(&self) -> Vec<String>;
}

impl Directories for &str {
    fn patterns(&self) -> Vec<String> {
        vec![(*self).to_owned()]
    }
}

impl<const N: usize> Directories for [&str; N] {
    fn patterns(&self) -> Vec<String> {
        self.iter().map(|&pattern| pattern.to_owned()).collect()
    }
}

impl Directories for &[&str] {
    fn patterns(&self) -> Vec<String> {
        self.iter().map(|&pattern| pattern.to_owned()).collect()
    }
}

/// Returns the one spelling of a pattern, which the macro compares with its own.
fn normal(pattern: &str) -> String {
    let slashed = pattern.replace('\\', "/");
    let segments: Vec<_> = slashed.split('/').filter(|segment| !matches!(*segment, "" | ".")).collect();
    segments.join("/")
}

/// The lines of the build script's output, which cargo reads.
struct Instructions<'a>(&'a [String]);

impl fmt::Display for Instructions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for pattern in self.0 {
            // A new module is a change of the directory before the star.
            let watched = pattern.split('*').next().unwrap_or_default().trim_end_matches('/');
            writeln!(f, "cargo::rerun-if-changed={watched}")?;
        }
        writeln!(f, "cargo::rustc-env=GAPLESS_TRACKED={}", self.0.join(";"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_watched_from_the_directory_before_the_star() {
        let patterns = ["./migrations/", "modules\\*\\sql"].map(normal);
        assert_eq!(
            Instructions(&patterns).to_string(),
            "cargo::rerun-if-changed=migrations\ncargo::rerun-if-changed=modules\n\
             cargo::rustc-env=GAPLESS_TRACKED=migrations;modules/*/sql\n"
        );
    }
}
