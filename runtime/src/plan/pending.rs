//! Pending migrations.

use std::fmt;

use gapless_core::Version;

/// Migration that a run is going to apply, or to roll back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    pub(crate) version: Version,
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) source: Option<String>,
    pub(crate) out_of_order: bool,
    pub(crate) no_transaction: bool,
    /// It runs in one transaction; known once the run decides on its work.
    pub(crate) atomic: bool,
    /// The number of migrations that it stands for, if it is the baseline.
    pub(crate) stands_for: Option<usize>,
}

impl Pending {
    /// Returns the version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Returns the description from the file name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the file, relative to the embedding crate.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns true if a higher version is applied already: it came late from a parallel branch.
    pub fn out_of_order(&self) -> bool {
        self.out_of_order
    }

    /// Returns the directory that it comes from, if there are several; in a merged set with the name of the crate.
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// Returns the number of migrations that it stands for, if it is a baseline.
    pub fn stands_for(&self) -> Option<usize> {
        self.stands_for
    }

    /// Returns true if its file says `-- gapless: no-transaction`: it runs statement by statement outside of a transaction.
    pub fn no_transaction(&self) -> bool {
        self.no_transaction
    }

    /// Returns true if it runs in one transaction, all of it or nothing. Otherwise it runs statement by statement, and a
    /// failure keeps what ran before it: because its file says so, or because the database commits DDL at once, as MySQL
    /// does.
    pub fn is_atomic(&self) -> bool {
        self.atomic
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
        } else if !self.atomic {
            f.write_str(" (statement by statement)")?;
        }
        Ok(())
    }
}

impl super::Plan {
    /// Learns of what is pending, or to be rolled back, how it runs.
    pub(crate) fn learn_atomic(&mut self, atomic: impl Iterator<Item = bool>) {
        let work = if self.back.is_empty() { &mut self.pending } else { &mut self.back };
        work.iter_mut().zip(atomic).for_each(|(pending, atomic)| pending.atomic = atomic);
    }

    /// Returns true if the other plan makes the same changes, applies the same migrations, and rolls the same back.
    pub(crate) fn does_as(&self, other: &super::Plan) -> bool {
        let versions =
            |work: &[Pending]| work.iter().map(|one| (one.version, one.name.clone())).collect::<Vec<_>>();
        self.changes == other.changes
            && self.creates == other.creates
            && versions(&self.pending) == versions(&other.pending)
            && versions(&self.back) == versions(&other.back)
    }

    /// Leaves out what is pending, except for one version.
    pub(crate) fn keep_pending(&mut self, version: Option<Version>) {
        let all = self.pending.len() + self.held_back;
        self.pending.retain(|pending| Some(pending.version) == version);
        self.left_pending = all - self.pending.len();
        self.held_back = 0;
    }
}
