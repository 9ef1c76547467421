//! The part of a migration that a file holds.

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Up,
    Down,
    /// Comments about a version that was retired.
    Tombstone,
    /// Both, to be cut by [`Layout::sections`].
    Sections,
    /// What stands for all versions up to this one on an empty database.
    Baseline,
}
