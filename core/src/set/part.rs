//! Names the part of a migration that a file holds.

/// The part of a migration that a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Up,
    Down,
    /// Comments about a version that was retired.
    Tombstone,
    /// Both directions, which the layout cuts apart.
    Sections,
    /// A script that stands for all versions up to this one on an empty database.
    Baseline,
}
