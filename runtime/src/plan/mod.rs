//! Plans a run: the embedded set minus the applied one, or the conflicts between them.

pub(crate) mod conflict;
pub(crate) mod pending;
pub(crate) mod survey;

use std::fmt;

use gapless_core::{Checksum, Migration, MigrationSet, Version};

use crate::Change;
use crate::history::{History, Row};
use crate::plan::conflict::Conflict;
use crate::plan::pending::Pending;
use crate::runner::options::{Baseline, Drift, Options, OutOfOrder, Unknown};

/// The plan of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub(crate) changes: Vec<Change>,
    pending: Vec<Pending>,
    applied: usize,
    held_back: usize,
    /// Pending migrations that a run which only repairs leaves alone.
    pub(crate) left_pending: usize,
    pub(crate) warnings: Vec<String>,
    back: Vec<Pending>,
    unknown: usize,
    /// The number of rows below the baseline whose files are gone.
    covered: usize,
    /// The table of another tool that the run creates.
    pub(crate) creates: Option<String>,
}

impl Plan {
    /// Returns the plan for a database that holds the set and nothing else.
    pub(crate) fn of_current(set: &MigrationSet) -> Plan {
        Plan { applied: set.migrations().len(), ..Plan::default() }
    }

    /// Returns the changes by which the run first repairs the tracker: adopted, reconciled, renamed and accepted rows.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Returns the table of another tool that the run creates, as
    /// [`create_on_fresh_database`](crate::Legacy::create_on_fresh_database) asks.
    pub fn creates(&self) -> Option<&str> {
        self.creates.as_deref()
    }

    /// Returns the migrations to apply, in order.
    pub fn pending(&self) -> &[Pending] {
        &self.pending
    }

    /// Returns the migrations to roll back, in order, if this is the plan of a rollback.
    pub fn rolled_back(&self) -> &[Pending] {
        &self.back
    }

    /// Turns it into the plan of a rollback.
    pub(crate) fn roll_back(&mut self, set: &MigrationSet, migrations: &[&Migration]) {
        self.pending.clear();
        let each = migrations.iter().map(|migration| {
            let pending = pending(set, migration, None, OutOfOrder::Allow, &mut Vec::new());
            let no_transaction = migration.down().is_some_and(|down| down.directives().no_transaction());
            Pending { no_transaction, atomic: !no_transaction, ..pending }
        });
        self.back = each.collect();
    }

    /// Returns true if the plan passes over rows that the binary does not have, even if its baseline stands for them.
    pub(crate) fn knows_not_all(&self) -> bool {
        self.unknown + self.covered > 0
    }

    /// Returns true if there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.changes.is_empty() && self.back.is_empty()
    }

    /// Returns the number of migrations of the embedded set that are applied.
    pub fn applied(&self) -> usize {
        self.applied
    }

    /// Returns the number of pending migrations beyond the target.
    pub fn held_back(&self) -> usize {
        self.held_back
    }

    /// Returns warnings about the database that do not stop a run.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.back.is_empty() {
            write!(f, "{} to be rolled back", self.back.len())?;
        } else if self.is_empty() {
            crate::report::nothing_to_do(f, self.applied, self.held_back + self.left_pending)?;
        } else {
            write!(f, "{} pending, {} applied", self.pending.len(), self.applied)?;
        }
        crate::report::not_done(f, self.held_back, self.left_pending)?;
        self.creates.as_ref().map_or(Ok(()), |table| write!(f, "\n  create {table}, empty"))?;
        self.changes.iter().try_for_each(|change| write!(f, "\n  {change}"))?;
        self.pending.iter().try_for_each(|pending| write!(f, "\n  {pending}"))?;
        self.back.iter().try_for_each(|back| write!(f, "\n  {back}"))?;
        self.warnings.iter().try_for_each(|warning| write!(f, "\nwarning: {warning}"))
    }
}

/// The state of a database without an applied set: empty, or filled by another tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Empty,
    Filled,
}

/// Returns the plan for a database with this history, and all conflicts. Edits of `forgiven` versions are only warnings.
pub(crate) fn plan(
    set: &MigrationSet,
    history: &History,
    origin: Origin,
    options: &Options,
    forgiven: &[Version],
) -> (Plan, Vec<Conflict>) {
    let mut plan = Plan::default();
    let mut conflicts = Vec::new();
    let highest = history.highest();
    let empty = history.is_empty() && origin == Origin::Empty;
    let baseline = baseline(set, options).filter(|_| empty);
    if let Some(baseline) = baseline {
        let count = covered(set, baseline).count();
        let pending = pending(set, baseline, None, options.out_of_order, &mut conflicts);
        plan.pending.push(Pending { stands_for: Some(count), ..pending });
    }
    for migration in set.migrations() {
        let version = migration.version();
        match history.find(version) {
            Some(row) => {
                plan.applied += 1;
                let drift = if forgiven.contains(&version) { Drift::Warn } else { options.drift };
                compare(migration, row, drift, &mut plan.warnings, &mut conflicts);
            }
            None if migration.is_tombstone() => {}
            None if baseline.is_some_and(|baseline| version <= baseline.version()) => {}
            None if options.target.is_some_and(|target| version > target) => plan.held_back += 1,
            None => plan.pending.push(pending(set, migration, highest, options.out_of_order, &mut conflicts)),
        }
    }
    if !empty {
        judge_baseline(set, history, &mut conflicts);
    }
    // Only a release that has it under that name can go on with it.
    let ours = |row: &Row| set.find(row.version).is_some_and(|ours| ours.name() == row.name);
    let stops = |row: &&Row| row.going_back && (options.rollback.is_none() || !ours(row));
    let halves = history.rows().iter().filter(stops);
    conflicts.extend(halves.map(|row| Conflict::GoingBack { version: row.version, name: row.name.clone() }));
    judge_unknown(set, history, options.unknown, &mut plan, &mut conflicts);
    conflicts.extend(
        plan.pending
            .iter()
            .filter_map(|pending| taken(history, pending.version, &pending.name, pending.path.clone())),
    );
    if options.unknown != Unknown::Allow {
        judge_moved(set, history, &plan, &mut conflicts);
    }
    (plan, conflicts)
}

/// Returns the baseline, if an empty database begins with it: if it is within the target.
fn baseline<'a>(set: &'a MigrationSet, options: &Options) -> Option<&'a Migration> {
    let within = |baseline: &&Migration| options.target.is_none_or(|target| baseline.version() <= target);
    set.baseline().filter(within).filter(|_| options.baseline == Baseline::Use)
}

/// Returns the migrations that a baseline stands for. Without a file of its own version, the baseline itself counts.
pub(crate) fn covered<'a>(
    set: &'a MigrationSet,
    baseline: &'a Migration,
) -> impl Iterator<Item = &'a Migration> {
    let version = baseline.version();
    let alone = Some(baseline).filter(|_| set.find(version).is_none());
    // Its own version is recorded in any case, because it shows that the database began there.
    let below = move |migration: &&Migration| match migration.version() {
        other if other < version => !migration.is_tombstone(),
        other => other == version,
    };
    set.migrations().iter().filter(below).chain(alone)
}

/// Suffix of a baseline's name in the set if its migrations are gone. No migration can have such a name.
pub(crate) const BEGUN: &str = ".baseline";

/// Finds pending migrations that seem to be applied under another number: with the same text, or with the same name if
/// the text is unknown.
fn judge_moved(set: &MigrationSet, history: &History, plan: &Plan, conflicts: &mut Vec<Conflict>) {
    if !plan.knows_not_all() {
        return;
    }
    let unknown = history.rows().iter().filter(|row| set.find(row.version).is_none() && !row.going_back);
    let unknown: Vec<_> = unknown.collect();
    let beyond = |row: &Row| set.baseline().is_none_or(|baseline| row.version > baseline.version());
    let begun = unknown.iter().filter(|row| row.name.ends_with(BEGUN) && beyond(row));
    let begun = begun.max_by_key(|row| row.version);
    for pending in plan.pending.iter().filter(|pending| pending.stands_for.is_none()) {
        let Some(migration) = set.find(pending.version) else { continue };
        let same = |row: &&&Row| match row.checksum {
            Some(checksum) => checksum == migration.checksum(),
            None => row.name == migration.name(),
        };
        // The baseline of a newer release stood for it.
        if let Some(row) = begun.filter(|row| row.version > pending.version) {
            let (version, path) = (pending.version, pending.path.clone());
            let (applied, embedded) = (row.name.clone(), pending.name.clone());
            conflicts.push(Conflict::Renamed { version, path, applied, embedded });
        } else if let Some(row) = unknown.iter().find(same) {
            let (version, path) = (pending.version, pending.path.clone());
            let (name, applied) = (pending.name.clone(), (row.version, row.name.clone()));
            conflicts.push(Conflict::Moved { version, path, name, applied });
        }
    }
}

/// Returns the conflict of a version to record that the database holds for another migration of ours.
pub(crate) fn taken(history: &History, version: Version, name: &str, path: String) -> Option<Conflict> {
    let by = history.rows().iter().find_map(|row| {
        let (_, recorded) = row.recorded.as_ref().filter(|(number, _)| *number == version)?;
        Some((row.version, row.name.clone(), recorded.clone()))
    })?;
    Some(Conflict::Taken { version, path, name: name.to_owned(), by })
}

/// Finds a database that stopped below the baseline, whose files are gone.
fn judge_baseline(set: &MigrationSet, history: &History, conflicts: &mut Vec<Conflict>) {
    let Some(baseline) = set.baseline() else { return };
    let version = baseline.version();
    if set.find(version).is_none() && history.find(version).is_none() {
        let path = baseline.file();
        conflicts.push(Conflict::BelowBaseline { version, path, highest: history.highest() });
    }
}

fn pending(
    set: &MigrationSet,
    migration: &Migration,
    highest: Option<Version>,
    policy: OutOfOrder,
    conflicts: &mut Vec<Conflict>,
) -> Pending {
    let above = highest.filter(|highest| *highest > migration.version());
    if let (Some(highest), OutOfOrder::Refuse) = (above, policy) {
        let (version, path) = (migration.version(), migration.file());
        conflicts.push(Conflict::OutOfOrder { version, path, highest });
    }
    Pending {
        version: migration.version(),
        name: migration.name().to_owned(),
        path: migration.file(),
        source: set.is_composed().then(|| source(migration)),
        out_of_order: above.is_some(),
        no_transaction: migration.directives().no_transaction(),
        atomic: !migration.directives().no_transaction(),
        stands_for: None,
    }
}

/// Returns the directory of a migration's file.
fn source(migration: &Migration) -> String {
    let file = migration.file();
    file.rsplit_once('/').map_or(file.clone(), |(directory, _)| directory.to_owned())
}

fn compare(
    migration: &Migration,
    row: &Row,
    policy: Drift,
    warnings: &mut Vec<String>,
    conflicts: &mut Vec<Conflict>,
) {
    let version = row.version;
    if row.name != migration.name() {
        let (applied, embedded) = (row.name.clone(), migration.name().to_owned());
        conflicts.push(Conflict::Renamed { version, path: migration.file(), applied, embedded });
    }
    let embedded = migration.checksum();
    // A tombstone's text is not the text that was applied.
    let differs = |applied: &Checksum| *applied != embedded && !migration.is_tombstone();
    if let Some(applied) = row.checksum.filter(differs) {
        let path = migration.file();
        match policy {
            Drift::Refuse => conflicts.push(Conflict::Drift { version, path, applied, embedded }),
            Drift::Warn => {
                warnings.push(format!("version {version} was edited after it was applied: {path}"))
            }
        }
    }
}

/// Judges rows that the binary does not have.
///
/// Such a row is ahead if no known migration was applied after it, or if its version is above all embedded ones: a newer
/// release was here. Time counts beside the number, because that release may have applied a late migration from a
/// parallel branch. The journal counts too: rows recorded by the same run as a row that is ahead, or after that run had
/// begun, are ahead as well.
fn judge_unknown(
    set: &MigrationSet,
    history: &History,
    policy: Unknown,
    plan: &mut Plan,
    conflicts: &mut Vec<Conflict>,
) {
    let covered = |row: &Row| set.baseline().is_some_and(|baseline| row.version <= baseline.version());
    let known = |row: &Row| set.find(row.version).is_some() || covered(row);
    plan.covered =
        history.rows().iter().filter(|row| set.find(row.version).is_none() && covered(row)).count();
    let last_known = history.rows().iter().rposition(known);
    let unknown = || history.rows().iter().enumerate().filter(|(_, row)| !known(row));
    let is_ahead = |index: usize, row: &Row| {
        last_known.is_none_or(|last| index > last) || Some(row.version) > set.last_version()
    };
    let newer = unknown().filter(|(index, row)| is_ahead(*index, row)).filter_map(|(_, row)| row.told);
    let newer = newer.map(|told| told.begun).min();
    for (index, row) in unknown() {
        let since = row.told.is_some_and(|told| newer.is_some_and(|begun| told.at >= begun));
        let ahead = since || is_ahead(index, row);
        let allowed = match policy {
            Unknown::AllowAhead => ahead,
            Unknown::Allow => true,
            Unknown::Refuse => false,
        };
        if allowed {
            let origin = if ahead { "a newer release was here" } else { "its file is gone" };
            plan.unknown += 1;
            plan.warnings
                .push(format!("version {} (`{}`) is applied and unknown: {origin}", row.version, row.name));
        } else {
            conflicts.push(Conflict::Orphan { version: row.version, name: row.name.clone() });
        }
    }
}
