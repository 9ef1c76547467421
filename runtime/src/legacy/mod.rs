//! The histories of other tools, read so that a run can take them over.
//!
//! Nothing here touches a database: a [`Legacy`] says what to select, and what its rows come to. Each
//! file knows one tool and nothing of the others.

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
mod tern;
mod tool;

use gapless_core::{Checksum, MigrationSet, Syntax, Version};

use self::reading::Reading;
pub(crate) use self::refusal::{Refusal, told};
use self::tool::{Form, Kind, Place, TOOLS, Tool, no_lock};
use crate::dialect::Dialect;
use crate::dialect::Table;
use crate::engine::ResultSet;

/// The tracker of another tool, whose history a run takes over.
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
    /// golang-migrate's table, `schema_migrations` by default. It keeps a counter: every embedded version
    /// up to it counts as applied.
    pub fn golang_migrate(table: impl Into<String>) -> Legacy {
        Legacy::new(&golang_migrate::TOOL, table)
    }

    /// sql-migrate's table, `gorp_migrations` by default.
    pub fn sql_migrate(table: impl Into<String>) -> Legacy {
        Legacy::new(&sql_migrate::TOOL, table)
    }

    /// goose's table, `goose_db_version` by default.
    pub fn goose(table: impl Into<String>) -> Legacy {
        Legacy::new(&goose::TOOL, table)
    }

    /// dbmate's table, `schema_migrations` by default.
    pub fn dbmate(table: impl Into<String>) -> Legacy {
        Legacy::new(&dbmate::TOOL, table)
    }

    /// The table of Rails, `schema_migrations` by default.
    pub fn rails(table: impl Into<String>) -> Legacy {
        Legacy::new(&dbmate::RAILS, table)
    }

    /// sqlx's table, `_sqlx_migrations` by default. Its checksums are held against the embedded texts.
    pub fn sqlx(table: impl Into<String>) -> Legacy {
        Legacy::new(&sqlx::TOOL, table)
    }

    /// refinery's table, `refinery_schema_history` by default. Its checksums are held against the embedded
    /// texts.
    pub fn refinery(table: impl Into<String>) -> Legacy {
        Legacy::new(&refinery::TOOL, table)
    }

    /// diesel's table, `__diesel_schema_migrations`.
    pub fn diesel(table: impl Into<String>) -> Legacy {
        Legacy::new(&diesel::TOOL, table)
    }

    /// Flyway's table, `flyway_schema_history` by default. Its checksums are held against the embedded
    /// texts.
    pub fn flyway(table: impl Into<String>) -> Legacy {
        Legacy::new(&flyway::TOOL, table)
    }

    /// tern's table, `schema_version` by default. It keeps a counter: every embedded version up to it counts
    /// as applied.
    pub fn tern(table: impl Into<String>) -> Legacy {
        Legacy::new(&tern::TOOL, table)
    }

    fn new(tool: &'static Tool, table: impl Into<String>) -> Legacy {
        let (table, except) = (table.into(), Vec::new());
        Legacy { tool, schema: None, table, except, pass_over_unknown: false, create: false }
    }

    /// The schema of the table; unless it is named, the search path finds it.
    #[must_use]
    pub fn schema(mut self, schema: impl Into<String>) -> Legacy {
        self.schema = Some(schema.into());
        self
    }

    /// Versions that are not taken over, so that they will be applied: a counter has passed them by because
    /// they came late from a parallel branch.
    #[must_use]
    pub fn except(mut self, versions: impl IntoIterator<Item = Version>) -> Legacy {
        self.except.extend(versions);
        self
    }

    /// Goes on, with a warning each, past what the tool has applied and the binary does not have; otherwise
    /// that is refused.
    #[must_use]
    pub fn pass_over_unknown(mut self) -> Legacy {
        self.pass_over_unknown = true;
        self
    }

    /// Creates the tool's table, empty, on a fresh database: for migrations that refer to it, such as a trigger on
    /// it or a change of its columns. It has the form that the tool gives it and is created together with the
    /// tracker, if nothing is recorded, something is pending and the table is missing. Its schema must exist.
    /// [`plan`](crate::Runner::plan) shows it first, and the journal has it as `table_created`.
    #[must_use]
    pub fn create_on_fresh_database(mut self) -> Legacy {
        self.create = true;
        self
    }

    /// Whether the table is to be created where it is missing.
    pub(crate) fn creates(&self) -> bool {
        self.create
    }

    /// The statements that create the table as the tool does.
    pub(crate) fn create(&self, dialect: &dyn Dialect) -> String {
        let form =
            if dialect.syntax() == Syntax::Sqlite { self.tool.form.sqlite } else { self.tool.form.postgres };
        let schema = self.schema.as_ref().map_or(String::new(), |schema| dialect.identifier(schema) + ".");
        // The name goes last: what it holds is not to be replaced.
        form.replace("{schema}", &schema).replace("{name}", &self.table.replace('"', "\"\""))
    }

    /// The table, as a dialect looks for it.
    pub(crate) fn place(&self) -> Table<'_> {
        Table { schema: self.schema.as_deref(), name: &self.table }
    }

    /// The table, quoted, and qualified if its schema was named.
    fn quoted(&self, dialect: &dyn Dialect) -> String {
        match &self.schema {
            Some(schema) => dialect.qualified(schema, &self.table),
            None => dialect.identifier(&self.table),
        }
    }

    /// The table as messages name it.
    pub(crate) fn shown(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{}'s {schema}.{}", self.tool.name, self.table),
            None => format!("{}'s {}", self.tool.name, self.table),
        }
    }

    /// The tool's name.
    pub(crate) fn tool(&self) -> &'static str {
        self.tool.name
    }

    /// Refuses a table of another form, going by its columns (name, type), both in lower case.
    ///
    /// Several tools call their table `schema_migrations`; read by the wrong rules, a counter would pass for
    /// a set of one version.
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

    /// Selects what [`Legacy::read`] reads.
    pub(crate) fn select(&self, dialect: &dyn Dialect) -> String {
        let column = |(name, kind): &(&str, Kind)| match kind {
            Kind::Bytes => dialect.hex(name),
            _ => (*name).to_owned(),
        };
        let columns: Vec<_> = self.tool.columns.iter().map(column).collect();
        format!("SELECT {} FROM {} ORDER BY {};\n", columns.join(", "), self.quoted(dialect), self.tool.order)
    }

    /// The advisory locks on Postgres by which the tool keeps its own processes apart, for a table in this
    /// schema. Whoever holds all of them is alone with the table; a tool that takes none has none here.
    pub(crate) fn lock_keys(&self, database: &str, schema: &str) -> Vec<i64> {
        (self.tool.lock_keys)(&Place { database, schema, table: &self.table })
    }

    /// What the rows of [`Legacy::select`] come to, or everything that speaks against taking them over.
    ///
    /// `renames` gives the version that a declared rename maps an identifier of the tool to; it is asked
    /// before an identifier is taken for a number. Of what is `accepted` the embedded text counts, whatever was
    /// applied.
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

/// What is to be recorded.
#[derive(Debug, Default)]
pub(crate) struct Adoption {
    /// Ascending.
    pub(crate) rows: Vec<Adopted>,
    /// What stays behind, a warning each.
    pub(crate) not_taken: Vec<String>,
}

/// A migration that the other tool has applied.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Adopted {
    pub(crate) version: Version,
    /// The embedded text's, if the tool's own checksum proves that this text was applied.
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
            Legacy::sqlx("_sqlx_migrations").schema("a\"b").select(&Sqlite),
            "SELECT version, description, success, lower(hex(checksum)) FROM \"a\"\"b\".\"_sqlx_migrations\" \
             ORDER BY version;\n"
        );
        assert_eq!(
            Legacy::goose("goose_db_version").select(&Sqlite),
            "SELECT version_id, is_applied FROM \"goose_db_version\" ORDER BY id;\n"
        );
    }
}
