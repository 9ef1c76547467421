//! Reads golang-migrate's counter.

use super::proof::crc32;
use super::reading::Reading;
use super::{Form, Kind, Place, Tool};
use crate::engine::ResultSet;

/// One row: the version of the counter, and whether the migration to it (or back from it) broke off. A database without
/// migrations has no row.
pub(super) const TOOL: Tool = Tool {
    name: "golang-migrate",
    constructor: "golang_migrate",
    table: "schema_migrations",
    columns: &[("version", Kind::Integer), ("dirty", Kind::Flag)],
    beside: &[],
    foreign: &[],
    order: "version",
    form: Form {
        postgres: "CREATE TABLE {schema}\"{name}\" (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);\n",
        mysql: "CREATE TABLE {schema}`{name}` (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);\n",
        sqlite: "CREATE TABLE {schema}\"{name}\" (version uint64, dirty bool);\n\
                 CREATE UNIQUE INDEX {schema}version_unique ON \"{name}\" (version);\n",
    },
    lock_keys,
    lock_names,
    read,
};

fn read(reading: &mut Reading<'_>, rows: &ResultSet) {
    let Some(row) = reading.only(rows) else { return };
    let Some([version, dirty]) = reading.values(row) else { return };
    match reading.flag(dirty) {
        Some(true) => reading.dirty(version),
        Some(false) => reading.take_counter(version),
        None => {}
    }
}

/// Returns the CRC-32 of schema, table and database with NULs between them, times a constant, in 32 bits.
///
/// The tool knows the database by two names. Opened by URL, as from the command line, it uses the URL's path, which begins
/// with a slash; opened from a connection, it asks the database.
fn lock_keys(place: &Place<'_>) -> Vec<i64> {
    let Place { database, schema, table } = place;
    let key = |database: &str| {
        let named = format!("{schema}\0{table}\0{database}");
        i64::from(crc32(named.bytes()).wrapping_mul(SALT))
    };
    vec![key(database), key(&format!("/{database}"))]
}

/// Returns the same hash of database and table with a colon between them. Here a URL names the database without a slash.
fn lock_names(place: &Place<'_>) -> Vec<String> {
    let named = format!("{}:{}", place.database, place.table);
    vec![crc32(named.bytes()).wrapping_mul(SALT).to_string()]
}

const SALT: u32 = 1_486_364_155;

#[cfg(test)]
mod tests {
    use crate::legacy::fixture::{refused, renamed, set, taken, version, warned};
    use crate::legacy::{Legacy, Refusal};

    fn legacy() -> Legacy {
        Legacy::golang_migrate("schema_migrations")
    }

    #[test]
    fn every_version_up_to_the_counter_is_applied() {
        let set = set(&[(1, "a"), (2, "b"), (5, "c"), (6, "d")]);
        assert_eq!(taken(&legacy(), &set, &["5|f"]), [(1, false), (2, false), (5, false)]);
        assert_eq!(taken(&legacy(), &set, &[]), []);
    }

    #[test]
    fn excepted_versions_are_not_adopted() {
        let set = set(&[(1, "a"), (2, "b"), (5, "c")]);
        let legacy = legacy().except([version(2), version(4)]);
        assert_eq!(taken(&legacy, &set, &["5|0"]), [(1, false), (5, false)]);
        let warning = "version 4 is excepted, and the binary does not have it";
        assert_eq!(warned(&legacy, &set, &["5|0"]), [warning]);
    }

    #[test]
    fn a_dirty_counter_is_refused_with_the_way_out() {
        let set = set(&[(1, "a")]);
        for (row, at) in [("1|t", "1"), ("-1|1", "-1")] {
            let refusals = refused(&legacy(), &set, &[row]);
            let table = "golang-migrate's schema_migrations".to_owned();
            assert_eq!(refusals, [Refusal::Dirty { table, version: at.to_owned() }]);
        }
        let text = refused(&legacy(), &set, &["1|t"])[0].to_string();
        assert_eq!(
            text,
            "golang-migrate's schema_migrations is dirty at version 1: a migration broke off there\n\
             help: find out how much of it took effect and put that right by hand, set the counter to the version \
             that the database then has with `migrate force`, and run again"
        );
    }

    #[test]
    fn a_counter_at_a_version_that_is_not_embedded_is_refused() {
        let set = set(&[(1, "a"), (2, "b")]);
        let text = refused(&legacy(), &set, &["7|f"])[0].to_string();
        assert_eq!(
            text,
            "`7` was applied by golang-migrate, and the binary does not have it\n\
             help: if the binary has it under another name, add the line `7 -> NNN_description` to renames.txt; \
             if it was removed for good, leave a tombstone in its place; otherwise restore its file, or go on past it with `.pass_over_unknown()`"
        );
        let legacy = legacy().pass_over_unknown();
        assert_eq!(taken(&legacy, &set, &["7|f"]), [(1, false), (2, false)]);
        assert_eq!(warned(&legacy, &set, &["7|f"]).len(), 1);
    }

    #[test]
    fn a_rename_moves_the_counter() {
        let set = set(&[(1, "a"), (20, "b"), (30, "c")]);
        assert_eq!(renamed(&legacy(), &set, &["2|f"], &[("2", 20)]), [(1, false), (20, false)]);
    }

    #[test]
    fn rows_that_the_tool_does_not_write_are_refused() {
        let set = set(&[(1, "a")]);
        for rows in [&["1|f", "2|f"][..], &["x|f"], &["-1|f"], &["1|maybe"], &["NULL|f"], &["1"]] {
            assert!(matches!(&refused(&legacy(), &set, rows)[..], [Refusal::Malformed { .. }]), "{rows:?}");
        }
    }

    #[test]
    fn its_locks_are_known_by_both_names_of_the_database() {
        // Computed with zlib's CRC-32.
        assert_eq!(legacy().locks("app", "public").keys, [1_787_120_056, 1_726_534_663]);
        assert_eq!(legacy().locks("app", "app").names, ["2938252834"]);
    }
}
