//! Contradictions between the embedded set and the applied one.

use std::fmt;

use gapless_core::{Checksum, Version};

use crate::plan::BEGUN;

/// A contradiction between the embedded set and the applied one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Conflict {
    /// The text was edited after it was applied.
    #[non_exhaustive]
    Drift {
        /// The version.
        version: Version,
        /// The file.
        path: String,
        /// The checksum of the applied text.
        applied: Checksum,
        /// The checksum of the embedded text.
        embedded: Checksum,
    },
    /// The name differs from the recorded one.
    #[non_exhaustive]
    Renamed {
        /// The version.
        version: Version,
        /// The file.
        path: String,
        /// The recorded name.
        applied: String,
        /// The embedded name.
        embedded: String,
    },
    /// A version is applied that the binary does not have and that no newer release explains.
    #[non_exhaustive]
    Orphan {
        /// The version.
        version: Version,
        /// The recorded name.
        name: String,
    },
    /// A pending migration seems to be applied under another version, and no rename is declared.
    #[non_exhaustive]
    Moved {
        /// The pending version.
        version: Version,
        /// The file.
        path: String,
        /// The name.
        name: String,
        /// The recorded version and name.
        applied: (Version, String),
    },
    /// A newer release has recorded one migration under the version of another, which is pending.
    #[non_exhaustive]
    Taken {
        /// The pending version.
        version: Version,
        /// The file.
        path: String,
        /// The name.
        name: String,
        /// The recorded migration: its version and name in the binary, and its name in the database.
        by: (Version, String, String),
    },
    /// The database stopped below the baseline, and the files that would bring it there are gone.
    #[non_exhaustive]
    BelowBaseline {
        /// The baseline's version.
        version: Version,
        /// The baseline's file.
        path: String,
        /// The highest version that is applied.
        highest: Option<Version>,
    },
    /// A pending version is below an applied one, and the policy is [`OutOfOrder::Refuse`](crate::OutOfOrder::Refuse).
    #[non_exhaustive]
    OutOfOrder {
        /// The version.
        version: Version,
        /// The file.
        path: String,
        /// The highest version that is applied.
        highest: Version,
    },
    /// A rollback outside of a transaction has begun and not ended.
    #[non_exhaustive]
    GoingBack {
        /// The version.
        version: Version,
        /// The name.
        name: String,
    },
}

impl Conflict {
    /// Returns the version that it is about.
    pub fn version(&self) -> Version {
        match self {
            Conflict::Drift { version, .. }
            | Conflict::Renamed { version, .. }
            | Conflict::Orphan { version, .. }
            | Conflict::Moved { version, .. }
            | Conflict::Taken { version, .. }
            | Conflict::BelowBaseline { version, .. }
            | Conflict::OutOfOrder { version, .. }
            | Conflict::GoingBack { version, .. } => *version,
        }
    }
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
            Conflict::Renamed { version, path, applied, embedded } => {
                renamed(f, *version, path, applied, embedded)
            }
            Conflict::Moved { version, path, name, applied } => moved(f, *version, path, name, applied),
            Conflict::Taken { version, path, name, by } => number_taken(f, *version, path, name, by),
            Conflict::BelowBaseline { version, path, highest } => below_baseline(f, *version, path, *highest),
            Conflict::GoingBack { version, name } => write!(
                f,
                "version {version} (`{name}`) is half rolled back: a rollback outside of a transaction was \
                 interrupted\n\
                 help: roll it back again with the release that began, which goes on where it stopped; then run again"
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

fn renamed(
    f: &mut fmt::Formatter<'_>,
    version: Version,
    path: &str,
    applied: &str,
    embedded: &str,
) -> fmt::Result {
    if applied.ends_with(BEGUN) {
        return write!(
            f,
            "this database began at a baseline for version {version}, of which this release has the migrations \
             themselves: {path}\nhelp: run the release with the baseline"
        );
    }
    write!(
        f,
        "version {version} was applied as `{applied}` and is `{embedded}` now: {path}\n\
         help: if it is the same migration, say so with this line in renames.txt beside it:\n  \
         {version}_{applied} -> {version}_{embedded}\nif it is another one, give it a version of its own"
    )
}

fn moved(
    f: &mut fmt::Formatter<'_>,
    version: Version,
    path: &str,
    name: &str,
    (old, known): &(Version, String),
) -> fmt::Result {
    write!(
        f,
        "version {version} is pending, and what seems to be the same migration was applied as version {old} \
         (`{known}`): {path}\nhelp: if it is the same migration, say so with this line in renames.txt beside \
         it:\n  {old}_{known} -> {version}_{name}\nif a newer release applied the other one, \
         `.unknown(Unknown::Allow)` lets this one go on"
    )
}

fn number_taken(
    f: &mut fmt::Formatter<'_>,
    version: Version,
    path: &str,
    name: &str,
    (ours, known, recorded): &(Version, String, String),
) -> fmt::Result {
    write!(
        f,
        "version {version} (`{name}`) cannot be applied: a newer release has recorded version {ours} \
         (`{known}`) as version {version} (`{recorded}`): {path}\n\
         help: rename the file of `{name}` to a version that no release has used, which the newer release will need \
         too; until then, run the newer release"
    )
}

fn below_baseline(
    f: &mut fmt::Formatter<'_>,
    version: Version,
    path: &str,
    highest: Option<Version>,
) -> fmt::Result {
    let highest = highest.map_or("none".to_owned(), |highest| highest.to_string());
    write!(
        f,
        "the database has not reached version {version}, where the baseline begins: {path}\n  highest \
         applied: {highest}\nhelp: first run a release that still has the migrations up to {version}"
    )
}
