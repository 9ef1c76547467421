//! Reads the histories of other tools, which a run can adopt.
//!
//! Nothing here touches a database: a [`Legacy`] writes the query, and turns its rows into an adoption. Each file knows
//! one tool.

mod dbmate;
mod diesel;
#[cfg(test)]
mod fixture;
mod flyway;
mod golang_migrate;
mod goose;
mod proof;
mod reading;
mod refinery;
mod refusal;
mod sql_migrate;
mod sqlx;
pub(crate) mod stranger;
mod tern;
mod tool;

use gapless_core::{Checksum, MigrationSet, Syntax, Version};

use self::reading::Reading;
pub(crate) use self::refusal::{Refusal, told};
use self::tool::{Form, Kind, Place, TOOLS, Tool, no_lock};
use crate::dialect::{Dialect, Table, ToolLocks};
use crate::engine::ResultSet;

/// History of another tool, for [`Runner::adopt`](crate::Runner::adopt).
///
/// ```
/// use gapless::{Legacy, Version};
///
/// let legacy = Legacy::golang_migrate("schema_migrations")
///     .schema("app")
///     // The counter has passed version 7, which was merged late and never ran.
///     .except([Version::from(7)]);
/// # let _ = legacy;
/// ```
#[derive(Clone, Debug)]
pub struct Legacy {
    tool: &'static Tool,
    schema: Option<String>,
    table: String,
    except: Vec<Version>,
    pass_over_unknown: bool,
    create: bool,
}

impl Legacy {
    /// Names golang-migrate's table, by default `schema_migrations`. The tool keeps a counter: every embedded version up to
    /// it counts as applied.
    pub fn golang_migrate(table: impl Into<String>) -> Legacy {
        Legacy::new(&golang_migrate::TOOL, table)
    }

    /// Names sql-migrate's table, by default `gorp_migrations`.
    pub fn sql_migrate(table: impl Into<String>) -> Legacy {
        Legacy::new(&sql_migrate::TOOL, table)
    }

    /// Names goose's table, by default `goose_db_version`.
    pub fn goose(table: impl Into<String>) -> Legacy {
        Legacy::new(&goose::TOOL, table)
    }

    /// Names dbmate's table, by default `schema_migrations`.
    pub fn dbmate(table: impl Into<String>) -> Legacy {
        Legacy::new(&dbmate::TOOL, table)
    }

    /// Names the table of Rails, by default `schema_migrations`.
    pub fn rails(table: impl Into<String>) -> Legacy {
        Legacy::new(&dbmate::RAILS, table)
    }

    /// Names sqlx's table, by default `_sqlx_migrations`. The run compares its checksums with the embedded texts.
    pub fn sqlx(table: impl Into<String>) -> Legacy {
        Legacy::new(&sqlx::TOOL, table)
    }

    /// Names refinery's table, by default `refinery_schema_history`. The run compares its checksums with the embedded texts.
    pub fn refinery(table: impl Into<String>) -> Legacy {
        Legacy::new(&refinery::TOOL, table)
    }

    /// Names diesel's table, `__diesel_schema_migrations`.
    pub fn diesel(table: impl Into<String>) -> Legacy {
        Legacy::new(&diesel::TOOL, table)
    }

    /// Names Flyway's table, by default `flyway_schema_history`. The run compares its checksums with the embedded texts.
    pub fn flyway(table: impl Into<String>) -> Legacy {
        Legacy::new(&flyway::TOOL, table)
    }

    /// Names tern's table, by default `schema_version`. The tool keeps a counter: every embedded version up to it counts as
    /// applied.
    pub fn tern(table: impl Into<String>) -> Legacy {
        Legacy::new(&tern::TOOL, table)
    }

    fn new(tool: &'static Tool, table: impl Into<String>) -> Legacy {
        let (table, except) = (table.into(), Vec::new());
        Legacy { tool, schema: None, table, except, pass_over_unknown: false, create: false }
    }

    /// Sets the schema of the table. Default: the search path finds the table.
    #[must_use]
    pub fn schema(mut self, schema: impl Into<String>) -> Legacy {
        self.schema = Some(schema.into());
        self
    }

    /// Leaves out versions, so that the run applies them: ones that a counter has passed although they came late from a
    /// parallel branch and never ran.
    #[must_use]
    pub fn except(mut self, versions: impl IntoIterator<Item = Version>) -> Legacy {
        self.except.extend(versions);
        self
    }

    /// Warns about migrations that the tool has applied and the binary does not have. Default: the run refuses them.
    #[must_use]
    pub fn pass_over_unknown(mut self) -> Legacy {
        self.pass_over_unknown = true;
        self
    }

    /// Creates the tool's table on a fresh database, for migrations that refer to it, such as a trigger on it or a change of
    /// its columns. The run creates it empty and in the tool's form, together with the tracker, if nothing is recorded,
    /// something is pending and the table is missing. Its schema must exist. [`plan`](crate::Runner::plan) shows it first,
    /// and the journal records it as `table_created`.
    #[must_use]
    pub fn create_on_fresh_database(mut self) -> Legacy {
        self.create = true;
        self
    }

    /// Returns true if a run creates the table where it is missing.
    pub(crate) fn creates(&self) -> bool {
        self.create
    }

    /// Returns the statements that create the table as the tool does.
    pub(crate) fn create(&self, dialect: &dyn Dialect) -> String {
        let form = &self.tool.form;
        let (form, quote) = match dialect.syntax() {
            Syntax::Sqlite => (form.sqlite, "\""),
            Syntax::Mysql => (form.mysql, "`"),
            _ => (form.postgres, "\""),
        };
        let schema = self.schema.as_ref().map_or(String::new(), |schema| dialect.identifier(schema) + ".");
        // The name goes last, so that nothing in it is replaced.
        form.replace("{schema}", &schema).replace("{name}", &self.table.replace(quote, &quote.repeat(2)))
    }

    /// Returns the table, as a dialect looks for it.
    pub(crate) fn place(&self) -> Table<'_> {
        Table { schema: self.schema.as_deref(), name: &self.table }
    }

    /// Returns the table, quoted, and qualified if its schema is set.
    fn quoted(&self, dialect: &dyn Dialect) -> String {
        match &self.schema {
            Some(schema) => dialect.qualified(schema, &self.table),
            None => dialect.identifier(&self.table),
        }
    }

    /// Returns the table as messages name it.
    pub(crate) fn shown(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{}'s {schema}.{}", self.tool.name, self.table),
            None => format!("{}'s {}", self.tool.name, self.table),
        }
    }

    /// Returns the tool's name.
    pub(crate) fn tool(&self) -> &'static str {
        self.tool.name
    }

    /// Refuses a table of another form by its columns: name and type, both in lower case.
    ///
    /// Several tools call their table `schema_migrations`. Read by the wrong rules, a counter would pass for a set of one
    /// version.
    pub(crate) fn check_columns(&self, columns: &[(String, String)]) -> Result<(), String> {
        let Some(problem) = self.tool.misfit(columns) else { return Ok(()) };
        let fitting: Vec<_> = TOOLS
            .iter()
            .filter(|tool| tool.misfit(columns).is_none())
            .map(|tool| format!("`Legacy::{}`", tool.constructor))
            .collect();
        let help = if fitting.is_empty() {
            format!("name the table in which {} keeps its history", self.tool.name)
        } else {
            format!("by its columns it is a table for {}", fitting.join(" or "))
        };
        Err(format!("{} is of another form: {problem}\nhelp: {help}", self.shown()))
    }

    /// Returns the query for the rows that [`Legacy::read`] reads, with this at its end.
    pub(crate) fn select(&self, dialect: &dyn Dialect, end: &str) -> String {
        let column = |(name, kind): &(&str, Kind)| match kind {
            Kind::Bytes => dialect.hex(name),
            _ => (*name).to_owned(),
        };
        let columns: Vec<_> = self.tool.columns.iter().map(column).collect();
        let (columns, table, order) = (columns.join(", "), self.quoted(dialect), self.tool.order);
        format!("SELECT {columns} FROM {table} ORDER BY {order}{end};\n")
    }

    /// Returns the locks by which the tool keeps its own processes apart, for a table in this schema. A session that holds
    /// all of them is alone with the table. Some tools take no lock.
    pub(crate) fn locks(&self, database: &str, schema: &str) -> ToolLocks {
        let place = Place { database, schema, table: &self.table };
        ToolLocks { keys: (self.tool.lock_keys)(&place), names: (self.tool.lock_names)(&place) }
    }

    /// Turns the rows of [`Legacy::select`] into an adoption.
    ///
    /// `renames` returns the version to which a declared rename maps an identifier of the tool; it goes before the number
    /// in the identifier. The texts of `accepted` versions count as applied, whatever the tool's checksums say.
    ///
    /// # Errors
    ///
    /// All reasons against the adoption.
    pub(crate) fn read(
        &self,
        rows: &ResultSet,
        set: &MigrationSet,
        renames: &dyn Fn(&str) -> Option<Version>,
        accepted: &[Version],
    ) -> Result<Adoption, Vec<Refusal>> {
        let mut reading = Reading::new(self, set, renames, accepted);
        (self.tool.read)(&mut reading, rows);
        reading.finish()
    }
}

/// The versions to record.
#[derive(Debug, Default)]
pub(crate) struct Adoption {
    /// Ascending.
    pub(crate) rows: Vec<Adopted>,
    /// Warnings about entries of the tool that are not adopted.
    pub(crate) not_taken: Vec<String>,
}

/// A migration that the other tool has applied.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Adopted {
    pub(crate) version: Version,
    /// The checksum of the embedded text, if the tool's own checksum proves that this text was applied.
    pub(crate) checksum: Option<Checksum>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Sqlite;
    use crate::legacy::fixture::columns;

    #[test]
    fn a_table_of_another_tool_is_refused_and_named() {
        let legacy = Legacy::dbmate("schema_migrations").schema("app");
        assert_eq!(
            legacy.check_columns(&columns("version bigint, dirty boolean")).unwrap_err(),
            "dbmate's app.schema_migrations is of another form: it has a column `dirty`\n\
             help: by its columns it is a table for `Legacy::golang_migrate`"
        );
        assert_eq!(
            Legacy::sqlx("users").check_columns(&columns("id bigint")).unwrap_err(),
            "sqlx's users is of another form: it has no column `version`\n\
             help: name the table in which sqlx keeps its history"
        );
        // Ecto's.
        let ecto = columns("version bigint, inserted_at timestamp");
        assert!(Legacy::rails("schema_migrations").check_columns(&ecto).is_err());
        assert!(Legacy::tern("schema_migrations").check_columns(&ecto).is_err());
    }

    #[test]
    fn the_select_names_its_columns_and_order() {
        assert_eq!(
            Legacy::sqlx("_sqlx_migrations").schema("a\"b").select(&Sqlite, ""),
            "SELECT version, description, success, lower(hex(checksum)) FROM \"a\"\"b\".\"_sqlx_migrations\" \
             ORDER BY version;\n"
        );
        assert_eq!(
            Legacy::goose("goose_db_version").select(&Sqlite, ""),
            "SELECT version_id, is_applied FROM \"goose_db_version\" ORDER BY id;\n"
        );
    }
}
