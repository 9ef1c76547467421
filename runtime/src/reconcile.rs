use gapless_core::Version;

/// Versions to be recorded without being run, where what they create is there already; see
/// [`Runner::reconcile`](crate::Runner::reconcile).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reconcile {
    pub(crate) versions: Vec<Version>,
    pub(crate) tables: Vec<String>,
}
