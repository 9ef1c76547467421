//! Changes by which a run repairs the tracker before it applies anything.

use std::fmt;

use gapless_core::{Checksum, Version};

/// Change by which a run repairs the tracker before it applies anything. A [`Plan`](crate::Plan) shows it first, and the
/// run journals it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Records a migration that another tool has applied.
    #[non_exhaustive]
    Adopted {
        /// The version.
        version: Version,
        /// The name of its file.
        name: String,
        /// The embedded checksum, if the tool's own checksum proves that this text was applied.
        proven: Option<Checksum>,
        /// The tool and its table.
        from: String,
    },
    /// Records a migration whose tables exist.
    #[non_exhaustive]
    Reconciled {
        /// The version.
        version: Version,
        /// The name of its file.
        name: String,
    },
    /// Renames a row as `renames.txt` says.
    #[non_exhaustive]
    Renamed {
        /// The recorded version and name.
        from: (Version, String),
        /// The version and name in the binary.
        to: (Version, String),
        /// True if both are recorded, so that the old row is removed.
        both: bool,
    },
    /// Accepts the embedded text as the applied one, as [`Runner::accept`](crate::Runner::accept) says.
    #[non_exhaustive]
    Accepted {
        /// The version.
        version: Version,
        /// The name of its file.
        name: String,
        /// The previous checksum.
        before: Option<Checksum>,
        /// The embedded checksum, which the run records.
        now: Checksum,
    },
}

impl Change {
    /// Returns the version after the change.
    pub fn version(&self) -> Version {
        match self {
            Change::Adopted { version, .. }
            | Change::Reconciled { version, .. }
            | Change::Accepted { version, .. }
            | Change::Renamed { to: (version, _), .. } => *version,
        }
    }

    /// Returns the name after the change.
    pub fn name(&self) -> &str {
        match self {
            Change::Adopted { name, .. }
            | Change::Reconciled { name, .. }
            | Change::Accepted { name, .. }
            | Change::Renamed { to: (_, name), .. } => name,
        }
    }

    /// Returns the journal's word for it.
    pub(crate) fn event(&self) -> &'static str {
        match self {
            Change::Adopted { .. } => "adopted",
            Change::Reconciled { .. } => "reconciled",
            Change::Renamed { .. } => "renamed",
            Change::Accepted { .. } => "checksum_accepted",
        }
    }

    /// Returns the detail that the journal keeps beside version and name.
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
