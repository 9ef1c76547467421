//! Migrations that are to be applied.

use std::fmt;

use gapless_core::Version;

/// A migration that is to be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    pub(crate) version: Version,
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) source: Option<String>,
    pub(crate) out_of_order: bool,
    pub(crate) no_transaction: bool,
    /// For how many migrations it stands, if it is the baseline.
    pub(crate) stands_for: Option<usize>,
}

impl Pending {
    /// Returns the version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Returns the description of its file name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its file, relative to the embedding crate.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns true if a higher version is applied already: it came late from a parallel branch.
    pub fn out_of_order(&self) -> bool {
        self.out_of_order
    }

    /// Returns the directory that it comes from, with its crate's name if the set was merged, where there are several.
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// Returns for how many migrations it stands, if it is a baseline.
    pub fn stands_for(&self) -> Option<usize> {
        self.stands_for
    }

    /// Returns true if it runs statement by statement outside of a transaction.
    pub fn no_transaction(&self) -> bool {
        self.no_transaction
    }
}

impl fmt::Display for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.version, self.name)?;
        self.source.as_ref().map_or(Ok(()), |source| write!(f, " from {source}"))?;
        if let Some(count) = self.stands_for {
            write!(f, " (baseline: stands for {count} migrations)")?;
        }
        if self.out_of_order {
            f.write_str(" (late: a higher version is applied already)")?;
        }
        if self.no_transaction {
            f.write_str(" (outside of a transaction)")?;
        }
        Ok(())
    }
}
