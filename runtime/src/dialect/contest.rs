//! Two releases may have one migration under different names, and the key of the set does not reveal that.

use gapless_core::{Migration, Version};

use super::{Language, Names};
use crate::tracker::Tracker;

/// See [`TrackerSql::contest`]. The migration's row exists, so any second one violates the key.
pub(super) fn statement<D: Language + ?Sized>(
    dialect: &D,
    tracker: &Tracker,
    migration: &Migration,
    recorded: &[Names<'_>],
) -> String {
    let own: Vec<_> = recorded.iter().map(|names| (names.version, names.name)).collect();
    let before: Vec<_> = recorded.iter().flat_map(|names| names.before.iter().copied()).collect();
    let (set, journal) = (tracker.set(), tracker.journal());
    let row = format!("{}, {}, {}", migration.version(), dialect.literal(migration.name()), dialect.clock());
    let is = |(version, name): &(Version, &str)| {
        format!("s.version = {version} AND s.name = {}", dialect.literal(name))
    };
    // Another release may have given the same old name a number of its own.
    let stems: Vec<_> = own
        .iter()
        .chain(&before)
        .map(|(version, name)| dialect.literal(&format!("{version}_{name}")))
        .collect();
    let own: Vec<_> = own.iter().map(is).collect();
    let mut there = vec![format!(
        "EXISTS (SELECT 1 FROM {journal} j JOIN {set} s ON s.version = j.version AND s.name = j.name \
         WHERE j.event = 'renamed' AND j.detail IN ({}) AND NOT ({}))",
        stems.join(", "),
        own.join(" OR "),
    )];
    let before: Vec<_> = before.iter().map(is).collect();
    if !before.is_empty() {
        there.push(format!("EXISTS (SELECT 1 FROM {set} s WHERE {})", before.join(" OR ")));
    }
    format!(
        "INSERT INTO {set} (version, name, applied_at) SELECT {row}{} WHERE {};\n",
        dialect.no_table(),
        there.join(" OR ")
    )
}
