//! Sets and tables, written as lines of text, for the tests of all tools.

use gapless_core::{Checksum, Directives, Migration, MigrationSet, Version};

use super::{Adoption, Legacy, Refusal};
use crate::engine::ResultSet;

/// The text whose checksums were computed with the code of the other tools.
pub(super) const TEXT: &str = "CREATE TABLE users (id bigint);\n-- grüße\n";

/// Returns migrations with these versions and names, and any text.
pub(super) fn set(migrations: &[(i64, &'static str)]) -> MigrationSet {
    set_of(&migrations.iter().map(|(version, name)| (*version, *name, "SELECT 1;\n")).collect::<Vec<_>>())
}

/// Returns migrations with these versions, names and texts.
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

/// Returns the adopted versions, and whether the text of each is proven; bars separate the columns of a row.
pub(super) fn taken(legacy: &Legacy, set: &MigrationSet, rows: &[&str]) -> Vec<(i64, bool)> {
    renamed(legacy, set, rows, &[])
}

/// Returns the same with these renames declared.
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

/// Returns the warnings.
pub(super) fn warned(legacy: &Legacy, set: &MigrationSet, rows: &[&str]) -> Vec<String> {
    read(legacy, set, rows, &[]).unwrap().not_taken
}

/// Returns the refusals.
pub(super) fn refused(legacy: &Legacy, set: &MigrationSet, rows: &[&str]) -> Vec<Refusal> {
    read(legacy, set, rows, &[]).unwrap_err()
}

/// Reads columns, each written as `name type`, between commas.
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
