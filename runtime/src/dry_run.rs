use std::fmt;

use crate::engine::Finished;
use crate::{Applied, Pending};

/// What a dry run tried, and took back.
#[derive(Clone, Debug)]
pub struct DryRun {
    tried: Vec<Applied>,
    not_tried: Vec<Pending>,
}

impl DryRun {
    /// What ran without an error, in that order, with the time it took.
    pub fn tried(&self) -> &[Applied] {
        &self.tried
    }

    /// What cannot run in a transaction, and so was not tried.
    pub fn not_tried(&self) -> &[Pending] {
        &self.not_tried
    }
}

impl From<Finished> for DryRun {
    fn from(finished: Finished) -> DryRun {
        DryRun { tried: finished.tried, not_tried: finished.not_tried }
    }
}

impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} tried and taken back", self.tried.len())?;
        self.tried.iter().try_for_each(|tried| write!(f, "\n  {tried}"))?;
        self.not_tried.iter().try_for_each(|pending| write!(f, "\n  not tried: {pending}"))
    }
}
