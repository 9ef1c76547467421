//! Reads diesel's history.

use super::reading::Reading;
use super::{Form, Kind, Tool, no_lock};
use crate::engine::ResultSet;

/// A row for each applied migration; its version is the part of the folder's name before the first underscore, without
/// dashes. It need not be a number.
pub(super) const TOOL: Tool = Tool {
    name: "diesel",
    constructor: "diesel",
    table: "__diesel_schema_migrations",
    columns: &[("version", Kind::Text)],
    beside: &["run_on"],
    foreign: &[],
    order: "version",
    form: Form {
        postgres: "CREATE TABLE {schema}\"{name}\" (version varchar(50) PRIMARY KEY NOT NULL, \
                   run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP);\n",
        mysql: "CREATE TABLE {schema}`{name}` (version VARCHAR(50) PRIMARY KEY NOT NULL, \
                run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);\n",
        sqlite: "CREATE TABLE {schema}\"{name}\" (version VARCHAR(50) PRIMARY KEY NOT NULL, \
                 run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);\n",
    },
    lock_keys: no_lock,
    lock_names: no_lock,
    read,
};

fn read(reading: &mut Reading<'_>, rows: &ResultSet) {
    for row in rows.rows() {
        let Some([version]) = reading.values(row) else { continue };
        // Rows written by hand, or copied from a folder's name, may have dashes.
        match reading.find(&[version], &version.replace('-', "")) {
            Some(migration) => reading.take(migration),
            None => reading.unknown(version, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::legacy::fixture::{refused, renamed, set, taken};
    use crate::legacy::{Legacy, Refusal};

    #[test]
    fn versions_are_folders_without_dashes() {
        let legacy = Legacy::diesel("__diesel_schema_migrations");
        let set =
            set(&[(0, "diesel_initial_setup"), (20_151_219_180_527, "users"), (20_160_107_082_941, "x")]);
        let rows = ["00000000000000", "20151219180527", "2016-01-07-082941"];
        let expected = [(0, false), (20_151_219_180_527, false), (20_160_107_082_941, false)];
        assert_eq!(taken(&legacy, &set, &rows), expected);
        assert!(matches!(&refused(&legacy, &set, &["first"])[..], [Refusal::Unknown { .. }]));
        assert_eq!(renamed(&legacy, &set, &["first"], &[("first", 0)]), [(0, false)]);
        assert!(legacy.locks("app", "public").is_empty());
    }
}
