//! The part of a migration that a file holds.

/// The contents of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Up,
    Down,
    /// Comments about a version that was retired.
    Tombstone,
    /// Both, to be cut by `Layout::sections`.
    Sections,
    /// A script that stands for all versions up to this one on an empty database.
    Baseline,
}
