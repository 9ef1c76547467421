//! Reads sqlx's history, and proves texts by its checksums.

use gapless_core::Migration;

use super::proof::{crc32, sha384, variants};
use super::reading::Reading;
use super::{Form, Kind, Place, Tool};
use crate::engine::ResultSet;

/// A row for each migration; its checksum is the SHA-384 of the file's bytes. Spaces of the description were
/// underscores in the file's name.
pub(super) const TOOL: Tool = Tool {
    name: "sqlx",
    constructor: "sqlx",
    table: "_sqlx_migrations",
    columns: &[
        ("version", Kind::Integer),
        ("description", Kind::Text),
        ("success", Kind::Flag),
        ("checksum", Kind::Bytes),
    ],
    beside: &["installed_on"],
    foreign: &[],
    order: "version",
    form: Form {
        postgres: "CREATE TABLE {schema}\"{name}\" (version bigint PRIMARY KEY, description text NOT NULL, \
                   installed_on timestamptz NOT NULL DEFAULT now(), success boolean NOT NULL, \
                   checksum bytea NOT NULL, execution_time bigint NOT NULL);\n",
        mysql: "CREATE TABLE {schema}`{name}` (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
                installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, \
                checksum BLOB NOT NULL, execution_time BIGINT NOT NULL);\n",
        sqlite: "CREATE TABLE {schema}\"{name}\" (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
                 installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, \
                 checksum BLOB NOT NULL, execution_time BIGINT NOT NULL);\n",
    },
    lock_keys,
    lock_names,
    read,
};

fn read(reading: &mut Reading<'_>, rows: &ResultSet) {
    for row in rows.rows() {
        let Some([version, description, success, checksum]) = reading.values(row) else { continue };
        let Some(success) = reading.flag(success) else { continue };
        let name = description.replace(' ', "_");
        let stem = format!("{version}_{name}");
        match reading.find(&[&stem], version) {
            _ if !success => reading.failed(&stem),
            Some(migration) => {
                let proven = proves(checksum, migration);
                if proven || !equal_but_for_space(migration, checksum) {
                    reading.take_if(migration, proven);
                } else {
                    reading.take(migration);
                }
            }
            None => reading.unknown(&stem, Some(&name)),
        }
    }
}

fn proves(checksum: &str, migration: &Migration) -> bool {
    variants(migration.sql()).any(|text| sha384(&text).eq_ignore_ascii_case(checksum))
}

/// Returns true if the checksum is that of the text without white space. sqlx can leave characters out of its checksums
/// (`ignored-chars` in `sqlx.toml`), and its manual proposes these. Then the exact text that was applied is unknown.
fn equal_but_for_space(migration: &Migration, checksum: &str) -> bool {
    let bare: String = migration.sql().chars().filter(|char| !" \t\r\n".contains(*char)).collect();
    ["", "\u{feff}"].iter().any(|mark| sha384(&format!("{mark}{bare}")).eq_ignore_ascii_case(checksum))
}

/// Returns the CRC-32 of the database's name times a constant, which needs at most 62 bits.
fn lock_keys(place: &Place<'_>) -> Vec<i64> {
    vec![0x3d32_ad9e * i64::from(crc32(place.database.bytes()))]
}

/// The same number, in hex digits.
fn lock_names(place: &Place<'_>) -> Vec<String> {
    lock_keys(place).iter().map(|key| format!("{key:x}")).collect()
}

#[cfg(test)]
mod tests {
    use crate::legacy::fixture::{TEXT, refused, renamed, set_of, taken};
    use crate::legacy::{Legacy, Refusal};

    // Checksums of sqlx-core 0.9.0 for `TEXT` as it is, with CRLF, with a byte order mark, and with both.
    const CHECKSUMS: [&str; 4] = [
        "28c7051aeed18ff791f4dffa6da05e2d003114fada92c3713441710795a389a71bf4fe8cf8dfbc48ef0d0b721d80048f",
        "e1e6e888466bcd86934b062f31c3edd3b181d1bb234d1bb6d6d823952f41c565cacf6c9cfc90dc2bc1378cefc024cbc5",
        "97cf93bbe6cacf1958d011456bc3af8a44eb6b00bbf8b703d95295ba0b439c5d478014450e1dba9403578c8717dc1cd9",
        "b5ae2cc90036a508cb1b0c29f28c94636531f1d632659c6e5678c52fef05a9f5482500e5bf22c9741245e0447fb55f5e",
    ];
    /// The same crate with space, tab, CR and LF as ignored characters.
    const WITHOUT_SPACE: &str =
        "a078f54459f200d2eea8fec41e8736c5f2b38ce8bbff9602a8004572832a91af50b9b34cda5cd121f28a742f4df190ac";

    fn legacy() -> Legacy {
        Legacy::sqlx("_sqlx_migrations")
    }

    #[test]
    fn its_checksums_prove_the_text() {
        let set = set_of(&[(1, "add_users", TEXT), (2, "later", "SELECT 1;\n")]);
        for checksum in CHECKSUMS {
            let upper = checksum.to_uppercase();
            for row in [format!("1|add users|t|{checksum}"), format!("1|add users|1|{upper}")] {
                assert_eq!(taken(&legacy(), &set, &[&row]), [(1, true)]);
            }
        }
        assert_eq!(taken(&legacy(), &set, &[&format!("1|add users|t|{WITHOUT_SPACE}")]), [(1, false)]);
    }

    #[test]
    fn another_text_is_refused_and_its_file_is_named() {
        let set = set_of(&[(1, "add_users", "SELECT 1;\n")]);
        let refusals = refused(&legacy(), &set, &[&format!("1|add users|t|{}", CHECKSUMS[0])]);
        assert_eq!(
            refusals[0].to_string(),
            "version 1 is not the text that sqlx has applied: migrations/0001_add_users.sql\n\
             help: restore the file as it was applied, and put the change into a new migration; if the edit does \
             not matter, `.accept(...)` this version"
        );
    }

    #[test]
    fn a_failed_migration_is_refused() {
        let set = set_of(&[(1, "add_users", TEXT)]);
        let refusals = refused(&legacy(), &set, &[&format!("1|add users|f|{}", CHECKSUMS[0])]);
        assert_eq!(
            refusals[0].to_string(),
            "`1_add_users` failed, according to sqlx's _sqlx_migrations\n\
             help: find out how much of it took effect and undo that by hand, delete its row, and run again"
        );
    }

    #[test]
    fn a_migration_that_moved_is_found_by_its_rename() {
        let set = set_of(&[(7, "add_users", TEXT)]);
        let row = format!("1|add users|t|{}", CHECKSUMS[0]);
        let refusals = refused(&legacy(), &set, &[&row]);
        let Refusal::Unknown { rename, .. } = &refusals[0] else { panic!("{refusals:?}") };
        assert_eq!(rename, "1_add_users -> 0007_add_users");
        assert_eq!(renamed(&legacy(), &set, &[&row], &[("1_add_users", 7)]), [(7, true)]);
        assert_eq!(renamed(&legacy(), &set, &[&row], &[("1", 7)]), [(7, true)]);
    }

    #[test]
    fn its_lock_is_the_database_s() {
        // Computed with zlib's CRC-32.
        assert_eq!(legacy().locks("app", "public").keys, [3_469_795_979_745_788_610]);
        assert_eq!(legacy().locks("app", "app").names, ["3027310f4fd382c2"]);
    }
}
