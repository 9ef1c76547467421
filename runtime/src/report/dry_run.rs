//! The result of a dry run.

use std::fmt;

use gapless_core::Version;

use crate::engine::Finished;
use crate::{Applied, Pending};

/// The result of a dry run.
#[derive(Clone, Debug)]
pub struct DryRun {
    tried: Vec<Applied>,
    not_tried: Vec<NotTried>,
}

impl DryRun {
    /// Returns what ran without an error, in that order, with the time it took. Each ran on what a real run would give it.
    pub fn tried(&self) -> &[Applied] {
        &self.tried
    }

    /// Returns what was not tried, in that order, and why. A dry run ends with the first migration that it cannot try: on
    /// a database without it, what comes after could fail or succeed for want of it, and prove nothing.
    pub fn not_tried(&self) -> &[NotTried] {
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
        write!(f, "{} tried and rolled back", self.tried.len())?;
        self.tried.iter().try_for_each(|tried| write!(f, "\n  {tried}"))?;
        self.not_tried.iter().try_for_each(|not_tried| write!(f, "\n  {not_tried}"))
    }
}

/// A migration that a dry run did not try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotTried {
    pub(crate) pending: Pending,
    pub(crate) reason: Untried,
}

impl NotTried {
    /// The migration.
    pub fn pending(&self) -> &Pending {
        &self.pending
    }

    /// Returns why it was not tried.
    pub fn reason(&self) -> Untried {
        self.reason
    }
}

impl fmt::Display for NotTried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (version, name) = (self.pending.version(), self.pending.name());
        write!(f, "not tried: {version} {name}, because {}", self.reason)
    }
}

/// Reason for which a dry run did not try a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Untried {
    /// It runs outside of a transaction, and a dry run is one.
    NoTransaction,
    /// It is in Rust, and what code does cannot be rolled back.
    Rust,
    /// It uses what the transaction has added and cannot use yet, such as a value of an enum.
    Uncommitted,
    /// It comes after this version, which was not tried.
    After(Version),
}

impl fmt::Display for Untried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Untried::NoTransaction => f.write_str("it runs outside of a transaction"),
            Untried::Rust => f.write_str("it is in Rust"),
            Untried::Uncommitted => f.write_str("it uses a value of an enum that is not committed yet"),
            Untried::After(version) => write!(f, "version {version} before it was not"),
        }
    }
}
