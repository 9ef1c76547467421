//! The statements that repair a tracker, the same in every dialect.

use std::fmt::Write as _;

use gapless_core::{Checksum, Migration, Version};

use super::{Language, Names};
use crate::Change;
use crate::tracker::Tracker;

/// Writes every change, which does nothing where another runner has made it, and a row of the journal for each.
pub(super) fn statements<D: Language + ?Sized>(dialect: &D, tracker: &Tracker, changes: &[Change]) -> String {
    let mut sql = moves(dialect, tracker, changes);
    let (mut rows, mut entries, mut accepted) = (Vec::new(), Vec::new(), String::new());
    for change in changes {
        let (version, name) = (change.version(), dialect.literal(change.name()));
        match change {
            Change::Adopted { proven, .. } => {
                rows.push(format!("({version}, {name}, {}, {})", dialect.clock(), checksum(*proven)));
            }
            Change::Reconciled { .. } => rows.push(format!("({version}, {name}, {}, NULL)", dialect.clock())),
            Change::Accepted { before, now, .. } => {
                let known = before.map_or("IS NULL".to_owned(), |before| format!("= '{before}'"));
                let _ = writeln!(
                    accepted,
                    "UPDATE {} SET checksum = '{now}' WHERE version = {version} AND checksum {known};",
                    tracker.set()
                );
            }
            Change::Renamed { .. } => {}
        }
        let detail = change.detail().map_or("NULL".to_owned(), |detail| dialect.literal(&detail));
        entries.push(format!("({version}, {name}, '{}', {detail})", change.event()));
    }
    if !rows.is_empty() {
        let set = tracker.set();
        let _ = writeln!(
            sql,
            "INSERT INTO {set} (version, name, applied_at, checksum) VALUES {};",
            rows.join(", ")
        );
    }
    // A row that was adopted a moment ago may be accepted.
    sql += &accepted;
    let journal = tracker.journal();
    let _ =
        writeln!(sql, "INSERT INTO {journal} (version, name, event, detail) VALUES {};", entries.join(", "));
    sql
}

fn checksum(checksum: Option<Checksum>) -> String {
    checksum.map_or("NULL".to_owned(), |checksum| format!("'{checksum}'"))
}

/// Two rows may change places, so each goes by way of a negative version, which no migration has. Rows that another
/// release has recorded under the new name as well go last.
fn moves<D: Language + ?Sized>(dialect: &D, tracker: &Tracker, changes: &[Change]) -> String {
    let set = tracker.set();
    let (mut away, mut back, mut gone) = (String::new(), String::new(), String::new());
    for change in changes {
        let Change::Renamed { from: (old, known), to: (new, name), both } = change else { continue };
        let (known, name) = (dialect.literal(known), dialect.literal(name));
        let row = format!("version = {old} AND name = {known}");
        let _ = if *both {
            // A derived table: not every database deletes from a table that the condition reads.
            let there = format!(
                "SELECT 1 FROM (SELECT version FROM {set} WHERE version = {new} AND name = {name} LIMIT 1) kept"
            );
            writeln!(gone, "DELETE FROM {set} WHERE {row} AND EXISTS ({there});")
        } else {
            let _ = writeln!(away, "UPDATE {set} SET version = -1 - version WHERE {row};");
            writeln!(back, "UPDATE {set} SET version = {new}, name = {name} WHERE version = -1 - {old};")
        };
    }
    away + &back + &gone
}

/// See [`TrackerSql::record_covered`].
pub(super) fn record_covered<D: Language + ?Sized>(
    dialect: &D,
    tracker: &Tracker,
    migrations: &mut dyn Iterator<Item = &Migration>,
) -> String {
    let row = |migration: &Migration| {
        // No migration can have this name, so that an older release does not take it for one of its own.
        let begun = if migration.is_baseline() { crate::plan::BEGUN } else { "" };
        let name = dialect.literal(&format!("{}{begun}", migration.name()));
        format!("({}, {name}, {}, NULL)", migration.version(), dialect.clock())
    };
    let rows: Vec<_> = migrations.map(row).collect();
    let set = tracker.set();
    format!("INSERT INTO {set} (version, name, applied_at, checksum) VALUES {};\n", rows.join(", "))
}

/// See [`TrackerSql::journal_names`].
pub(super) fn journal_names<D: Language + ?Sized>(
    dialect: &D,
    tracker: &Tracker,
    names: &Names<'_>,
) -> String {
    let (version, name) = (names.version, dialect.literal(names.name));
    let row = |(old, known): &(Version, &str)| {
        format!("({version}, {name}, 'renamed', {})", dialect.literal(&format!("{old}_{known}")))
    };
    let rows: Vec<_> = names.before.iter().map(row).collect();
    let journal = tracker.journal();
    format!("INSERT INTO {journal} (version, name, event, detail) VALUES {};\n", rows.join(", "))
}
