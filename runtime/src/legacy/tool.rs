//! Describes the table of each tool, and tells the tables apart.

use super::reading::Reading;
use super::{dbmate, diesel, flyway, golang_migrate, goose, refinery, sql_migrate, sqlx, tern};
use crate::engine::ResultSet;

/// Description of a tool.
#[derive(Debug)]
pub(super) struct Tool {
    pub(super) name: &'static str,
    /// The constructor of `Legacy`, for messages.
    pub(super) constructor: &'static str,
    /// The table in which it keeps its history unless it is told otherwise.
    pub(super) table: &'static str,
    /// The columns to select, in this order.
    pub(super) columns: &'static [(&'static str, Kind)],
    /// Other columns that the table must have.
    pub(super) beside: &'static [&'static str],
    /// Columns that the table must not have, because they show that it belongs to another tool.
    pub(super) foreign: &'static [&'static str],
    pub(super) order: &'static str,
    /// The statements that create the empty table as the tool does.
    pub(super) form: Form,
    /// The keys of its advisory locks on Postgres.
    pub(super) lock_keys: fn(&Place<'_>) -> Vec<i64>,
    /// The names of its locks on MySQL.
    pub(super) lock_names: fn(&Place<'_>) -> Vec<String>,
    pub(super) read: fn(&mut Reading<'_>, &ResultSet),
}

/// Statements that create a tool's table, for each database. `{schema}` stands for the quoted schema and its dot, or for
/// nothing; `{name}` stands for the table's name between the quotes of names.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) mysql: &'static str,
    pub(super) postgres: &'static str,
    pub(super) sqlite: &'static str,
}

/// All tools.
pub(super) const TOOLS: [&Tool; 10] = [
    &golang_migrate::TOOL,
    &sql_migrate::TOOL,
    &goose::TOOL,
    &dbmate::TOOL,
    &dbmate::RAILS,
    &sqlx::TOOL,
    &refinery::TOOL,
    &diesel::TOOL,
    &flyway::TOOL,
    &tern::TOOL,
];

impl Tool {
    /// Returns the reason why a table with these columns is not the tool's.
    pub(super) fn misfit(&self, columns: &[(String, String)]) -> Option<String> {
        let find = |wanted: &str| columns.iter().find(|(name, _)| name == wanted);
        if let Some(foreign) = self.foreign.iter().find(|name| find(name).is_some()) {
            return Some(format!("it has a column `{foreign}`"));
        }
        let mut names = self.columns.iter().map(|(name, _)| name).chain(self.beside);
        if let Some(missing) = names.find(|name| find(name).is_none()) {
            return Some(format!("it has no column `{missing}`"));
        }
        self.columns.iter().find_map(|(name, kind)| {
            let (_, written) = find(name)?;
            (!kind.fits(written)).then(|| format!("its column `{name}` is of type {written}"))
        })
    }
}

/// Kind of a column.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Integer,
    Text,
    Bytes,
    Flag,
}

impl Kind {
    /// Returns true if a type is of this kind, as a database names it. A column of SQLite may have no type.
    fn fits(self, written: &str) -> bool {
        let has = |part| written.contains(part);
        written.is_empty()
            || match self {
                Kind::Integer => has("int"),
                Kind::Text => has("char") || has("text"),
                Kind::Bytes => has("bytea") || has("blob"),
                Kind::Flag => has("bool") || has("int"),
            }
    }
}

/// The place of a tool's table, from which its locks are computed. On MySQL, the schema is the database.
pub(super) struct Place<'a> {
    pub(super) database: &'a str,
    pub(super) schema: &'a str,
    pub(super) table: &'a str,
}

/// Returns no lock, for a tool that takes none.
pub(super) fn no_lock<T>(_: &Place<'_>) -> Vec<T> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legacy::Legacy;
    use crate::legacy::fixture::columns;

    const FORMS: [(&str, &str); 9] = [
        ("golang_migrate", "version bigint, dirty boolean"),
        ("sql_migrate", "id text, applied_at timestamp with time zone"),
        ("goose", "id integer, version_id bigint, is_applied boolean, tstamp timestamp"),
        ("dbmate", "version character varying"),
        (
            "sqlx",
            "version bigint, description text, installed_on timestamp with time zone, \
             success boolean, checksum bytea, execution_time bigint",
        ),
        (
            "refinery",
            "version integer, name character varying, applied_on character varying, \
             checksum character varying",
        ),
        ("diesel", "version character varying, run_on timestamp"),
        (
            "flyway",
            "installed_rank integer, version character varying, description character varying, \
             type character varying, script character varying, checksum integer, \
             installed_by character varying, installed_on timestamp, execution_time integer, \
             success boolean",
        ),
        ("tern", "version integer"),
    ];

    #[test]
    fn each_table_is_told_from_every_other() {
        for (constructor, written) in FORMS {
            let fitting: Vec<_> = TOOLS
                .iter()
                .filter(|tool| tool.misfit(&columns(written)).is_none())
                .map(|tool| tool.constructor)
                .collect();
            let expected = if constructor == "dbmate" { vec!["dbmate", "rails"] } else { vec![constructor] };
            assert_eq!(fitting, expected);
        }
    }

    #[test]
    fn forms_of_sqlite_fit() {
        let check = |legacy: Legacy, written| legacy.check_columns(&columns(written));
        assert_eq!(check(Legacy::golang_migrate("m"), "version uint64, dirty bool"), Ok(()));
        assert_eq!(check(Legacy::dbmate("m"), "version varchar(128)"), Ok(()));
        assert_eq!(check(Legacy::sql_migrate("m"), "id varchar(255), applied_at datetime"), Ok(()));
        let goose = "id integer, version_id integer, is_applied integer, tstamp timestamp";
        assert_eq!(check(Legacy::goose("m"), goose), Ok(()));
    }
}
