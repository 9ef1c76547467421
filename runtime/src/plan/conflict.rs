//! Contradictions between the embedded set and the applied one.

use std::fmt;

use gapless_core::{Checksum, Version};

use crate::plan::BEGUN;

/// A contradiction between the embedded set and the applied one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Conflict {
    /// The text was edited after it was applied.
    Drift {
        /// The version.
        version: Version,
        /// The file.
        path: String,
        /// What was applied.
        applied: Checksum,
        /// What the binary holds.
        embedded: Checksum,
    },
    /// The name differs from the one that was applied.
    Renamed {
        /// The version.
        version: Version,
        /// The file.
        path: String,
        /// The name that was applied.
        applied: String,
        /// The name that the binary holds.
        embedded: String,
    },
    /// A version was applied that the binary does not know and that no newer release explains.
    Orphan {
        /// The version.
        version: Version,
        /// The name that was applied.
        name: String,
    },
    /// What is pending was applied under another version, and nobody has declared that it was renamed.
    Moved {
        /// The pending version.
        version: Version,
        /// Its file.
        path: String,
        /// Its name.
        name: String,
        /// The version and name that were applied.
        applied: (Version, String),
    },
    /// A newer release has recorded one of ours under the number of another, which is pending.
    Taken {
        /// The pending version.
        version: Version,
        /// Its file.
        path: String,
        /// Its name.
        name: String,
        /// What has its number: the version and name that we know, and the name in the database.
        by: (Version, String, String),
    },
    /// The database stopped below the baseline, and the files that would bring it there are gone.
    BelowBaseline {
        /// The baseline's version.
        version: Version,
        /// The baseline's file.
        path: String,
        /// The highest version that is applied.
        highest: Option<Version>,
    },
    /// A pending version is below an applied one, and the runner was told to refuse that.
    OutOfOrder {
        /// The version.
        version: Version,
        /// The file.
        path: String,
        /// The highest version that is applied.
        highest: Version,
    },
    /// A script outside of a transaction was rolling it back, and has not ended.
    GoingBack {
        /// The version.
        version: Version,
        /// Its name.
        name: String,
    },
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Conflict::Drift { version, path, applied, embedded } => write!(
                f,
                "version {version} was edited after it was applied: {path}\n  applied  {applied}\n  \
                 embedded {embedded}\nhelp: restore the file as it was applied, and put the change into a new migration; if \
                 it is applied in your own database alone, roll it back with `Rollback::steps(1).edited()` and run again"
            ),
            Conflict::Renamed { version, path, applied, .. } if applied.ends_with(BEGUN) => write!(
                f,
                "this database began at a baseline for version {version}, of which this release has the migrations \
                 themselves: {path}\nhelp: run the release with the baseline"
            ),
            Conflict::Renamed { version, path, applied, embedded } => write!(
                f,
                "version {version} was applied as `{applied}` and is `{embedded}` now: {path}\n\
                 help: if it is the same migration, say so with this line in renames.txt beside it:\n  \
                 {version}_{applied} -> {version}_{embedded}\nif it is another one, give it a version of its own"
            ),
            Conflict::Moved { version, path, name, applied: (old, known) } => write!(
                f,
                "version {version} is pending, and what seems to be the same was applied as version {old} \
                 (`{known}`): {path}\nhelp: if it is the same migration, say so with this line in renames.txt beside \
                 it:\n  {old}_{known} -> {version}_{name}\nif a newer release applied the other one, \
                 `.unknown(Unknown::Allow)` lets this one go on"
            ),
            Conflict::Taken { version, path, name, by: (ours, known, recorded) } => write!(
                f,
                "version {version} (`{name}`) cannot be applied: a newer release has recorded version {ours} \
                 (`{known}`) as version {version} (`{recorded}`): {path}\n\
                 help: give `{name}` a version that no release has used, as the newer release will want it too: \
                 rename its file; until then run the newer release"
            ),
            Conflict::BelowBaseline { version, path, highest } => {
                let highest = highest.map_or("none".to_owned(), |highest| highest.to_string());
                write!(
                    f,
                    "the database has not reached version {version}, where the baseline begins: {path}\n  highest \
                     applied: {highest}\nhelp: first run a release that still has the migrations up to {version}"
                )
            }
            Conflict::GoingBack { version, name } => write!(
                f,
                "version {version} (`{name}`) was being rolled back outside of a transaction, and that has not ended\n\
                 help: roll it back again with the release that began it, which goes on where it stopped; then run again"
            ),
            Conflict::Orphan { version, name } => write!(
                f,
                "version {version} (`{name}`) was applied, and the binary does not have it\n\
                 help: restore its file from version control, or leave a tombstone that says why it is gone: \
                 `{version}_{name}.tombstone.sql`; if a newer release applied it, `.unknown(Unknown::Allow)` lets \
                 this one go on"
            ),
            Conflict::OutOfOrder { version, path, highest } => write!(
                f,
                "version {version} is pending below version {highest}, which is applied: {path}\n\
                 help: give it a version above {highest}, or allow it with `.out_of_order(OutOfOrder::Allow)`"
            ),
        }
    }
}
