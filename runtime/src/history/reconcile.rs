//! Groups of versions to record without running them, because their tables exist.

use gapless_core::Version;

/// Versions to record without running them if their tables exist; see [`Runner::reconcile`](crate::Runner::reconcile).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reconcile {
    /// Ascending, none twice.
    versions: Vec<Version>,
    pub(crate) tables: Vec<String>,
}

impl Reconcile {
    pub(crate) fn new(mut versions: Vec<Version>, tables: Vec<String>) -> Reconcile {
        versions.sort_unstable();
        versions.dedup();
        Reconcile { versions, tables }
    }

    pub(crate) fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// Returns true if one of the versions is beyond the target.
    pub(crate) fn is_beyond(&self, target: Option<Version>) -> bool {
        target.is_some_and(|target| self.versions.last().is_some_and(|last| *last > target))
    }
}
