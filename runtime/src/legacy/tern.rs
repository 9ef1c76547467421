//! Reads tern's counter.

use super::reading::Reading;
use super::{Form, Kind, Place, Tool, no_lock};
use crate::engine::ResultSet;

/// One row: the number of applied migrations, which is the version of the last one.
pub(super) const TOOL: Tool = Tool {
    name: "tern",
    constructor: "tern",
    table: "schema_version",
    columns: &[("version", Kind::Integer)],
    beside: &[],
    foreign: &["dirty", "checksum", "inserted_at"],
    order: "version",
    form: Form {
        postgres: "CREATE TABLE {schema}\"{name}\" (version int4 NOT NULL);\n",
        mysql: "CREATE TABLE {schema}`{name}` (version int4 NOT NULL);\n",
        sqlite: "CREATE TABLE {schema}\"{name}\" (version int4 NOT NULL);\n",
    },
    lock_keys,
    lock_names: no_lock,
    read,
};

fn read(reading: &mut Reading<'_>, rows: &ResultSet) {
    let Some(row) = reading.only(rows) else { return };
    match reading.values(row) {
        None | Some(["0"]) => {}
        Some([version]) => reading.take_counter(version),
    }
}

/// Returns the key that tern uses for every database and table.
fn lock_keys(_: &Place<'_>) -> Vec<i64> {
    vec![9_628_173_550_095_224]
}

#[cfg(test)]
mod tests {
    use crate::legacy::fixture::{refused, set, taken};
    use crate::legacy::{Legacy, Refusal};

    #[test]
    fn every_version_up_to_the_counter_is_applied() {
        let (legacy, set) = (Legacy::tern("schema_version"), set(&[(0, "z"), (1, "a"), (2, "b"), (3, "c")]));
        assert_eq!(taken(&legacy, &set, &["2"]), [(0, false), (1, false), (2, false)]);
        assert_eq!(taken(&legacy, &set, &["0"]), []);
        assert_eq!(taken(&legacy, &set, &[]), []);
        assert!(matches!(&refused(&legacy, &set, &["4"])[..], [Refusal::Unknown { .. }]));
        assert!(matches!(&refused(&legacy, &set, &["1", "2"])[..], [Refusal::Malformed { .. }]));
        assert_eq!(legacy.locks("app", "public").keys, [9_628_173_550_095_224]);
    }
}
