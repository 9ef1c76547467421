//! Changes to the history table that a run makes before it applies anything.

use std::fmt;

use gapless_core::{Checksum, Version};

/// Something that a run puts right in the tracker before it applies anything. It is journaled, and a
/// [`Plan`](crate::Plan) shows it first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Another tool has applied it, and it is recorded.
    Adopted {
        /// The version.
        version: Version,
        /// The name of its file.
        name: String,
        /// The embedded checksum, if what the tool has kept proves that these were the bytes.
        proven: Option<Checksum>,
        /// The tool and its table.
        from: String,
    },
    /// What it would create is there already, and it is recorded.
    Reconciled {
        /// The version.
        version: Version,
        /// The name of its file.
        name: String,
    },
    /// It was applied under another name, as `renames.txt` says.
    Renamed {
        /// The version and name it was applied under.
        from: (Version, String),
        /// Those it has now.
        to: (Version, String),
        /// Whether it was recorded under both, so that the old row goes.
        both: bool,
    },
    /// Its text is taken for what was applied, as [`Runner::accept`](crate::Runner::accept) says.
    Accepted {
        /// The version.
        version: Version,
        /// The name of its file.
        name: String,
        /// The checksum that was recorded.
        before: Option<Checksum>,
        /// The embedded one, which is recorded now.
        now: Checksum,
    },
}

impl Change {
    /// Returns the version that it ends with.
    pub fn version(&self) -> Version {
        match self {
            Change::Adopted { version, .. }
            | Change::Reconciled { version, .. }
            | Change::Accepted { version, .. }
            | Change::Renamed { to: (version, _), .. } => *version,
        }
    }

    /// Returns the name that it ends with.
    pub fn name(&self) -> &str {
        match self {
            Change::Adopted { name, .. }
            | Change::Reconciled { name, .. }
            | Change::Accepted { name, .. }
            | Change::Renamed { to: (_, name), .. } => name,
        }
    }

    /// As the journal calls it.
    pub(crate) fn event(&self) -> &'static str {
        match self {
            Change::Adopted { .. } => "adopted",
            Change::Reconciled { .. } => "reconciled",
            Change::Renamed { .. } => "renamed",
            Change::Accepted { .. } => "checksum_accepted",
        }
    }

    /// What the journal keeps of it beside version and name.
    pub(crate) fn detail(&self) -> Option<String> {
        match self {
            Change::Adopted { from, .. } => Some(from.clone()),
            Change::Reconciled { .. } => None,
            Change::Renamed { from: (version, name), .. } => Some(format!("{version}_{name}")),
            Change::Accepted { before, .. } => before.map(|before| before.to_string()),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (version, name) = (self.version(), self.name());
        match self {
            Change::Adopted { proven, from, .. } => {
                let known = if proven.is_some() { "" } else { ", checksum unknown" };
                write!(f, "record {version} {name}: applied by {from}{known}")
            }
            Change::Reconciled { .. } => write!(f, "record {version} {name}: its tables exist"),
            Change::Renamed { from: (old, known), both: false, .. } => {
                write!(f, "record {old} {known} as {version} {name}: renamed")
            }
            Change::Renamed { from: (old, known), both: true, .. } => {
                write!(f, "remove {old} {known}: recorded as {version} {name} too")
            }
            Change::Accepted { .. } => write!(f, "accept the text of {version} {name}"),
        }
    }
}
