//! Reads sql-migrate's history.

use gapless_core::{Layout, Migration};

use super::reading::Reading;
use super::{Form, Kind, Tool, no_lock};
use crate::engine::ResultSet;

/// A row for each applied migration; its id is the whole file name. Several files may share a prefix of digits, so the
/// rest of the name counts as well.
pub(super) const TOOL: Tool = Tool {
    name: "sql-migrate",
    constructor: "sql_migrate",
    table: "gorp_migrations",
    columns: &[("id", Kind::Text)],
    beside: &["applied_at"],
    foreign: &[],
    order: "id",
    form: Form {
        postgres: "CREATE TABLE {schema}\"{name}\" (id text NOT NULL PRIMARY KEY, applied_at timestamp with time zone);\n",
        mysql: "CREATE TABLE {schema}`{name}` (id varchar(255) NOT NULL PRIMARY KEY, applied_at datetime) \
                ENGINE = InnoDB CHARSET = utf8;\n",
        sqlite: "CREATE TABLE {schema}\"{name}\" (id varchar(255) NOT NULL PRIMARY KEY, applied_at datetime);\n",
    },
    lock_keys: no_lock,
    lock_names: no_lock,
    read,
};

fn read(reading: &mut Reading<'_>, rows: &ResultSet) {
    for row in rows.rows() {
        let Some([id]) = reading.values(row) else { continue };
        let stem = id.strip_suffix(".sql").unwrap_or(id);
        match find(reading, stem) {
            Some(migration) => reading.take(migration),
            None => reading.unknown(stem, Some(parts(stem).1)),
        }
    }
}

fn find<'a>(reading: &Reading<'a>, stem: &str) -> Option<&'a Migration> {
    if let Some(version) = reading.renamed(&[stem]) {
        return reading.embedded(version);
    }
    let (version, name) = Layout::SqlMigrate.identify(&format!("{stem}.sql"))?;
    reading.embedded(version).filter(|migration| migration.name() == name)
}

/// Returns the leading digits, and the part behind the separator after them.
fn parts(stem: &str) -> (&str, &str) {
    let (digits, rest) = stem.split_at(stem.bytes().take_while(u8::is_ascii_digit).count());
    (digits, rest.strip_prefix(['_', '-']).unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use crate::legacy::fixture::{refused, renamed, set, taken, warned};
    use crate::legacy::{Legacy, Refusal};

    fn legacy() -> Legacy {
        Legacy::sql_migrate("gorp_migrations")
    }

    #[test]
    fn ids_are_file_names() {
        let set = set(&[(1, "users"), (2, "add-index"), (3, "c")]);
        let rows = ["0001_users.sql", "2-add-index"];
        assert_eq!(taken(&legacy(), &set, &rows), [(1, false), (2, false)]);
    }

    #[test]
    fn the_number_alone_is_not_enough() {
        let set = set(&[(1, "users"), (2, "orders")]);
        let refusals = refused(&legacy(), &set, &["1_orders.sql", "users.sql", "1.sql"]);
        let lines: Vec<_> = refusals
            .iter()
            .map(|refusal| match refusal {
                Refusal::Unknown { rename, .. } => rename.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(lines, ["1_orders -> 0002_orders", "users -> 0001_users", "1 -> NNN_description"]);
        let legacy = legacy().pass_over_unknown();
        assert_eq!(taken(&legacy, &set, &["1_orders.sql", "2_orders.sql"]), [(2, false)]);
        assert_eq!(warned(&legacy, &set, &["1_orders.sql"]).len(), 1);
    }

    #[test]
    fn a_rename_comes_before_the_number() {
        let set = set(&[(1, "users"), (2, "orders")]);
        let renames = [("1_users", 2), ("accounts", 1)];
        assert_eq!(renamed(&legacy(), &set, &["1_users.sql"], &renames), [(2, false)]);
        assert_eq!(renamed(&legacy(), &set, &["accounts.sql"], &renames), [(1, false)]);
    }
}
