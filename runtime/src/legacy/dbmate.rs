//! Reads the histories of dbmate and of Rails.

use super::proof::crc32;
use super::reading::Reading;
use super::{Form, Kind, Place, Tool, no_lock};
use crate::engine::ResultSet;

/// A row for each applied version: the leading digits of its file, as text.
pub(super) const TOOL: Tool = Tool {
    name: "dbmate",
    constructor: "dbmate",
    table: "schema_migrations",
    columns: &[("version", Kind::Text)],
    beside: &[],
    foreign: &["dirty", "run_on", "checksum", "inserted_at"],
    order: "version",
    form: Form {
        postgres: "CREATE TABLE {schema}\"{name}\" (version varchar(128) PRIMARY KEY);\n",
        mysql: "CREATE TABLE {schema}`{name}` (version varchar(128) PRIMARY KEY);\n",
        sqlite: "CREATE TABLE {schema}\"{name}\" (version varchar(128) PRIMARY KEY);\n",
    },
    lock_keys: no_lock,
    lock_names: no_lock,
    read,
};

/// Rails keeps the same table as dbmate, and takes a lock.
pub(super) const RAILS: Tool = Tool {
    name: "Rails",
    constructor: "rails",
    table: "schema_migrations",
    form: Form {
        postgres: "CREATE TABLE {schema}\"{name}\" (version varchar NOT NULL PRIMARY KEY);\n",
        mysql: "CREATE TABLE {schema}`{name}` (version varchar(255) NOT NULL PRIMARY KEY);\n",
        sqlite: "CREATE TABLE {schema}\"{name}\" (version varchar NOT NULL PRIMARY KEY);\n",
    },
    lock_keys,
    lock_names,
    ..TOOL
};

fn read(reading: &mut Reading<'_>, rows: &ResultSet) {
    for row in rows.rows() {
        let Some([version]) = reading.values(row) else { continue };
        match reading.find(&[], version) {
            Some(migration) => reading.take(migration),
            None => reading.unknown(version, None),
        }
    }
}

/// Returns the CRC-32 of the database's name times a constant, which needs at most 63 bits.
fn lock_keys(place: &Place<'_>) -> Vec<i64> {
    vec![2_053_462_845 * i64::from(crc32(place.database.bytes()))]
}

/// The same number, as text.
fn lock_names(place: &Place<'_>) -> Vec<String> {
    lock_keys(place).iter().map(i64::to_string).collect()
}

#[cfg(test)]
mod tests {
    use crate::legacy::fixture::{refused, renamed, set, taken};
    use crate::legacy::{Legacy, Refusal};

    #[test]
    fn versions_are_text() {
        let set = set(&[(1, "a"), (20_240_131_120_000, "b"), (20_240_201_000_000, "c")]);
        for legacy in [Legacy::dbmate("schema_migrations"), Legacy::rails("schema_migrations")] {
            let rows = ["001", "20240131120000"];
            assert_eq!(taken(&legacy, &set, &rows), [(1, false), (20_240_131_120_000, false)]);
            let refusals = refused(&legacy, &set, &["20230101000000", "x"]);
            assert!(matches!(&refusals[..], [Refusal::Unknown { .. }, Refusal::Unknown { .. }]));
            assert_eq!(renamed(&legacy, &set, &["x"], &[("x", 1)]), [(1, false)]);
        }
    }

    #[test]
    fn only_rails_takes_a_lock() {
        // Computed with zlib's CRC-32.
        let rails = Legacy::rails("schema_migrations");
        assert_eq!(rails.locks("app", "public").keys, [6_939_591_962_871_035_475]);
        assert_eq!(rails.locks("app", "app").names, ["6939591962871035475"]);
        assert!(Legacy::dbmate("schema_migrations").locks("app", "public").is_empty());
    }
}
