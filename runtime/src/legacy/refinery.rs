//! Reads refinery's history, and proves texts by its checksums.

use gapless_core::Migration;

use super::proof::{sip_1_3, variants};
use super::reading::Reading;
use super::{Form, Kind, Tool, no_lock};
use crate::engine::ResultSet;

/// A row for each migration; its checksum is a SipHash-1-3 of name, version and text, as decimal text.
pub(super) const TOOL: Tool = Tool {
    name: "refinery",
    constructor: "refinery",
    table: "refinery_schema_history",
    columns: &[("version", Kind::Integer), ("name", Kind::Text), ("checksum", Kind::Text)],
    beside: &["applied_on"],
    foreign: &[],
    order: "version",
    form: Form {
        postgres: "CREATE TABLE {schema}\"{name}\" (version int4 PRIMARY KEY, name varchar(255), \
                   applied_on varchar(255), checksum varchar(255));\n",
        mysql: "CREATE TABLE {schema}`{name}` (version int4 PRIMARY KEY, name varchar(255), \
                applied_on varchar(255), checksum varchar(255));\n",
        sqlite: "CREATE TABLE {schema}\"{name}\" (version int4 PRIMARY KEY, name VARCHAR(255), \
                 applied_on VARCHAR(255), checksum VARCHAR(255));\n",
    },
    lock_keys: no_lock,
    lock_names: no_lock,
    read,
};

fn read(reading: &mut Reading<'_>, rows: &ResultSet) {
    for row in rows.rows() {
        let Some([version, name, checksum]) = reading.values(row) else { continue };
        let Ok(number) = version.parse() else {
            reading.malformed(format!("`{version}` is not a version"));
            continue;
        };
        let Ok(checksum) = checksum.parse() else {
            reading.malformed(format!("the checksum `{checksum}` of version {version} is not a number"));
            continue;
        };
        let [versioned, unversioned, plain] = ["V", "U", ""].map(|kind| {
            let separator = if kind.is_empty() { "_" } else { "__" };
            format!("{kind}{version}{separator}{name}")
        });
        match reading.find(&[&versioned, &unversioned, &plain], version) {
            Some(migration) => reading.take_if(migration, proves(checksum, name, number, migration)),
            None => reading.unknown(&versioned, Some(name)),
        }
    }
}

/// Compares refinery's checksum with that of the embedded text, and of the name and version by which refinery knew it.
/// The version has 32 bits, or 64 if refinery was built with `int8-versions`.
fn proves(checksum: u64, name: &str, version: i64, migration: &Migration) -> bool {
    let wide = version.to_le_bytes();
    let narrow = i32::try_from(version).map(i32::to_le_bytes);
    variants(migration.sql()).any(|sql| {
        let hash = |version: &[u8]| sip_1_3(&[name.as_bytes(), END, version, sql.as_bytes(), END]);
        narrow.is_ok_and(|narrow| hash(&narrow) == checksum) || hash(&wide) == checksum
    })
}

/// The byte that Rust's `Hash` writes after a string.
const END: &[u8] = &[0xff];

#[cfg(test)]
mod tests {
    use crate::legacy::fixture::{TEXT, refused, renamed, set_of, taken};
    use crate::legacy::{Legacy, Refusal};

    // Checksums of refinery-core 0.10.1 for `V1__users` with `TEXT` as it is, with CRLF, with a byte order mark, and
    // with both; first by default, then with `int8-versions`.
    const CHECKSUMS: [&str; 8] = [
        "13515017774198326252",
        "16038891691947488245",
        "8177982897547566655",
        "2078704268215294272",
        "11325551926021407095",
        "10129493032739743947",
        "9900397011626172677",
        "15333582636020512416",
    ];

    fn legacy() -> Legacy {
        Legacy::refinery("refinery_schema_history")
    }

    #[test]
    fn its_checksums_prove_the_text_in_both_widths_of_the_version() {
        let set = set_of(&[(1, "users", TEXT), (2, "later", "SELECT 1;\n")]);
        for checksum in CHECKSUMS {
            assert_eq!(taken(&legacy(), &set, &[&format!("1|users|{checksum}")]), [(1, true)]);
        }
    }

    #[test]
    fn a_renamed_migration_is_proven_by_its_old_name() {
        let set = set_of(&[(7, "people", TEXT)]);
        let row = format!("1|users|{}", CHECKSUMS[0]);
        for old in ["V1__users", "U1__users", "1_users", "1"] {
            assert_eq!(renamed(&legacy(), &set, &[&row], &[(old, 7)]), [(7, true)]);
        }
    }

    #[test]
    fn other_texts_and_other_names_are_refused() {
        let set = set_of(&[(1, "users", TEXT)]);
        for row in [format!("1|users|{}", 17), format!("1|accounts|{}", CHECKSUMS[0])] {
            assert!(matches!(&refused(&legacy(), &set, &[&row])[..], [Refusal::Mismatch { .. }]), "{row}");
        }
        let refusals = refused(&legacy(), &set, &["2|users|1", "x|users|1", "1|users|ff", "1|NULL|1"]);
        let Refusal::Unknown { rename, .. } = &refusals[0] else { panic!("{refusals:?}") };
        assert_eq!(rename, "V2__users -> 0001_users");
        assert!(refusals[1..].iter().all(|refusal| matches!(refusal, Refusal::Malformed { .. })));
        assert!(legacy().locks("app", "public").is_empty());
    }
}
