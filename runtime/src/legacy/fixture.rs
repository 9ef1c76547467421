//! What the tests of all tools share: sets, and tables written as lines of text.

use gapless_core::{Checksum, Directives, Migration, MigrationSet, Version};

use super::{Adoption, Legacy, Refusal};
use crate::engine::ResultSet;

/// The text whose checksums the other tools' own code was asked for.
pub(super) const TEXT: &str = "CREATE TABLE users (id bigint);\n-- grüße\n";

/// Migrations with these versions and names, and a text that does not matter.
pub(super) fn set(migrations: &[(i64, &'static str)]) -> MigrationSet {
    set_of(&migrations.iter().map(|(version, name)| (*version, *name, "SELECT 1;\n")).collect::<Vec<_>>())
}

/// Migrations with these versions, names and texts.
pub(super) fn set_of(migrations: &[(i64, &'static str, &'static str)]) -> MigrationSet {
    let migration = |(version, name, sql): &(i64, &'static str, &'static str)| {
        let path = format!("migrations/{version:04}_{name}.sql").leak();
        let checksum = Checksum::of(sql);
        Migration::__embedded(*version, name, path, sql, checksum.as_bytes(), None, Directives::NONE)
    };
    MigrationSet::new(migrations.iter().map(migration).collect()).unwrap()
}

pub(super) fn version(number: i64) -> Version {
    Version::new(number).unwrap()
}

/// The versions taken over, and whether the text of each is proven; a row's columns stand between bars.
pub(super) fn taken(legacy: &Legacy, set: &MigrationSet, rows: &[&str]) -> Vec<(i64, bool)> {
    renamed(legacy, set, rows, &[])
}

/// The same, with these renames declared.
pub(super) fn renamed(
    legacy: &Legacy,
    set: &MigrationSet,
    rows: &[&str],
    renames: &[(&str, i64)],
) -> Vec<(i64, bool)> {
    let adoption = read(legacy, set, rows, renames).unwrap();
    let pair = |row: &super::Adopted| {
        let embedded = set.find(row.version).unwrap().checksum();
        assert!(row.checksum.is_none_or(|checksum| checksum == embedded));
        (row.version.number(), row.checksum.is_some())
    };
    adoption.rows.iter().map(pair).collect()
}

/// The warnings.
pub(super) fn warned(legacy: &Legacy, set: &MigrationSet, rows: &[&str]) -> Vec<String> {
    read(legacy, set, rows, &[]).unwrap().not_taken
}

/// The refusals.
pub(super) fn refused(legacy: &Legacy, set: &MigrationSet, rows: &[&str]) -> Vec<Refusal> {
    read(legacy, set, rows, &[]).unwrap_err()
}

/// Columns from `name type` between commas.
pub(super) fn columns(written: &str) -> Vec<(String, String)> {
    let pair = |column: &str| column.split_once(' ').map(|(name, kind)| (name.to_owned(), kind.to_owned()));
    written.split(", ").filter_map(pair).collect()
}

fn read(
    legacy: &Legacy,
    set: &MigrationSet,
    rows: &[&str],
    renames: &[(&str, i64)],
) -> Result<Adoption, Vec<Refusal>> {
    let column = |text: &str| (text != "NULL").then(|| text.to_owned());
    let rows = rows.iter().map(|row| row.split('|').map(column).collect()).collect();
    let find = |old: &str| renames.iter().find(|(from, _)| *from == old).map(|(_, to)| version(*to));
    legacy.read(&ResultSet::new(rows), set, &find, &[])
}
