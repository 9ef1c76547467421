//! What is to be done: the embedded set minus the applied one, unless they contradict each other.

use std::fmt;

use gapless_core::{Migration, MigrationSet, Version};

use crate::conflict::Conflict;
use crate::history::{History, Row};
use crate::options::{Drift, Options, OutOfOrder, Unknown};

/// What a run would do now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pending: Vec<Pending>,
    applied: usize,
    held_back: usize,
    warnings: Vec<String>,
}

/// A migration that is to be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    version: Version,
    name: String,
    path: String,
    out_of_order: bool,
    no_transaction: bool,
}

impl Plan {
    /// What is to be applied, in that order.
    pub fn pending(&self) -> &[Pending] {
        &self.pending
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// How many migrations of the embedded set are applied already.
    pub fn applied(&self) -> usize {
        self.applied
    }

    /// How many pending migrations lie beyond the target.
    pub fn held_back(&self) -> usize {
        self.held_back
    }

    /// What is unusual about the database and does not stop a run.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

impl Pending {
    /// The version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The description of its file name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its file, relative to the embedding crate.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether a higher version is applied already: it came late from a parallel branch.
    pub fn out_of_order(&self) -> bool {
        self.out_of_order
    }

    /// Whether it runs statement by statement outside of a transaction.
    pub fn no_transaction(&self) -> bool {
        self.no_transaction
    }
}

impl fmt::Display for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.version, self.name)?;
        if self.out_of_order {
            f.write_str(" (late: a higher version is applied already)")?;
        }
        if self.no_transaction {
            f.write_str(" (outside of a transaction)")?;
        }
        Ok(())
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            write!(f, "nothing to do: all {} migrations are applied", self.applied)?;
        } else {
            write!(f, "{} pending, {} applied", self.pending.len(), self.applied)?;
        }
        if self.held_back > 0 {
            write!(f, ", {} beyond the target", self.held_back)?;
        }
        self.pending.iter().try_for_each(|pending| write!(f, "\n  {pending}"))?;
        self.warnings.iter().try_for_each(|warning| write!(f, "\nwarning: {warning}"))
    }
}

/// The plan for a database with this history, or everything that speaks against one.
pub(crate) fn plan(set: &MigrationSet, history: &History, options: &Options) -> Result<Plan, Vec<Conflict>> {
    let mut plan = Plan::default();
    let mut conflicts = Vec::new();
    let highest = history.highest();
    for migration in set.migrations() {
        match history.find(migration.version()) {
            Some(row) => {
                plan.applied += 1;
                compare(migration, row, options.drift, &mut plan.warnings, &mut conflicts);
            }
            None if options.target.is_some_and(|target| migration.version() > target) => plan.held_back += 1,
            None => plan.pending.push(pending(migration, highest, options.out_of_order, &mut conflicts)),
        }
    }
    judge_unknown(set, history, options.unknown, &mut plan.warnings, &mut conflicts);
    if conflicts.is_empty() { Ok(plan) } else { Err(conflicts) }
}

fn pending(
    migration: &Migration,
    highest: Option<Version>,
    policy: OutOfOrder,
    conflicts: &mut Vec<Conflict>,
) -> Pending {
    let above = highest.filter(|highest| *highest > migration.version());
    if let (Some(highest), OutOfOrder::Refuse) = (above, policy) {
        let (version, path) = (migration.version(), migration.path().to_owned());
        conflicts.push(Conflict::OutOfOrder { version, path, highest });
    }
    Pending {
        version: migration.version(),
        name: migration.name().to_owned(),
        path: migration.path().to_owned(),
        out_of_order: above.is_some(),
        no_transaction: migration.directives().no_transaction(),
    }
}

fn compare(
    migration: &Migration,
    row: &Row,
    policy: Drift,
    warnings: &mut Vec<String>,
    conflicts: &mut Vec<Conflict>,
) {
    let (version, path) = (row.version, migration.path().to_owned());
    if row.name != migration.name() {
        let (applied, embedded) = (row.name.clone(), migration.name().to_owned());
        conflicts.push(Conflict::Renamed { version, path: path.clone(), applied, embedded });
    }
    let embedded = migration.checksum();
    if let Some(applied) = row.checksum.filter(|applied| *applied != embedded) {
        match policy {
            Drift::Refuse => conflicts.push(Conflict::Drift { version, path, applied, embedded }),
            Drift::Warn => {
                warnings.push(format!("version {version} was edited after it was applied: {path}"))
            }
        }
    }
}

/// An unknown row is ahead if nothing that we know was applied after it, or if its version is above all
/// of ours: a newer release was here. Time counts beside the number because that release may have applied
/// a late migration from a parallel branch.
fn judge_unknown(
    set: &MigrationSet,
    history: &History,
    policy: Unknown,
    warnings: &mut Vec<String>,
    conflicts: &mut Vec<Conflict>,
) {
    let known = |row: &Row| set.find(row.version).is_some();
    let last_known = history.rows().iter().rposition(known);
    for (index, row) in history.rows().iter().enumerate().filter(|(_, row)| !known(row)) {
        let ahead = last_known.is_none_or(|last| index > last) || Some(row.version) > set.last_version();
        let allowed = match policy {
            Unknown::AllowAhead => ahead,
            Unknown::Allow => true,
            Unknown::Refuse => false,
        };
        if allowed {
            let origin = if ahead { "a newer release was here" } else { "its file is gone" };
            warnings
                .push(format!("version {} (`{}`) is applied and unknown: {origin}", row.version, row.name));
        } else {
            conflicts.push(Conflict::Orphan { version: row.version, name: row.name.clone() });
        }
    }
}
