//! Finds migrations that refer to the table in which another tool keeps its history.

use super::scanned::Scan;
use crate::set::Layout;
use crate::sql::{Statement, TokenKind, split};

/// A migration that refers to a table of another tool, which a fresh database does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ForeignTable {
    /// The table.
    pub table: &'static str,
    /// The tool, as the constructor of the runtime names it.
    pub tool: &'static str,
    /// The first file that refers to it.
    pub file: String,
}

/// The default names of the tables, and the constructors of their tools.
const TABLES: [(&str, &str); 8] = [
    ("__diesel_schema_migrations", "diesel"),
    ("_sqlx_migrations", "sqlx"),
    ("flyway_schema_history", "flyway"),
    ("goose_db_version", "goose"),
    ("gorp_migrations", "sql_migrate"),
    ("refinery_schema_history", "refinery"),
    ("schema_migrations", "golang_migrate"),
    ("schema_version", "tern"),
];

impl Scan {
    /// Returns the tables of other tools that migrations refer to and do not create.
    pub fn foreign_tables(&self) -> Vec<ForeignTable> {
        TABLES.iter().filter_map(|(table, tool)| self.foreign_table(table, tool)).collect()
    }

    fn foreign_table(&self, table: &'static str, tool: &'static str) -> Option<ForeignTable> {
        let (layout, syntax) = (self.rules().layout, self.rules().syntax);
        // Tables of many programs have this name.
        if table == "schema_version" && layout != Layout::Tern {
            return None;
        }
        let tool = if table == "schema_migrations" && layout == Layout::Dbmate { "dbmate" } else { tool };
        let scripts = self.migrations().iter().map(|scanned| &scanned.migration);
        for migration in scripts.filter(|migration| migration.sql().contains(table)) {
            for statement in split(migration.sql(), syntax).unwrap_or_default() {
                match statement.treats(table) {
                    Treatment::Creates => return None,
                    Treatment::Refers => {
                        return Some(ForeignTable { table, tool, file: migration.path().to_owned() });
                    }
                    Treatment::None => {}
                }
            }
        }
        None
    }
}

enum Treatment {
    None,
    Creates,
    Refers,
}

impl Statement<'_> {
    /// Returns its treatment of a table. Strings and bodies do not count: their statements may check first.
    fn treats(&self, table: &str) -> Treatment {
        let is_name = |kind| matches!(kind, TokenKind::Word | TokenKind::Identifier);
        let named = self.tokens().iter().position(|token| {
            is_name(token.kind) && self.slice(token.span()).trim_matches(['"', '`', '[', ']']) == table
        });
        let Some(at) = named else { return Treatment::None };
        let before = |word: &str| (0..at).any(|index| self.word_is(index, word));
        if self.first_is("CREATE") && before("TABLE") && !before("REFERENCES") {
            return Treatment::Creates;
        }
        let asks = before("IF") && before("EXISTS") && !before("ON");
        if asks { Treatment::None } else { Treatment::Refers }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::{Layout, Pattern, Rules, Syntax, scan};

    fn tables(layout: Layout, files: &[(&str, &str)]) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        for (file, sql) in files {
            let path = root.path().join("m").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, sql).unwrap();
        }
        let rules = Rules::new(Syntax::Shared, layout);
        let scan = scan(root.path(), &[Pattern::new("m").unwrap()], rules).unwrap();
        let found = scan.foreign_tables().into_iter();
        found.map(|found| format!("{} {} {}", found.tool, found.table, found.file)).collect()
    }

    #[test]
    fn references_to_missing_tables_are_found() {
        let files = [
            ("1_a/up.sql", "SELECT 1;"),
            (
                "2_b/up.sql",
                "CREATE TRIGGER t AFTER INSERT ON \"__diesel_schema_migrations\" EXECUTE FUNCTION f();",
            ),
        ];
        assert_eq!(tables(Layout::Diesel, &files), ["diesel __diesel_schema_migrations m/2_b/up.sql"]);
        let altered = [
            ("1_a.sql", "ALTER TABLE _sqlx_migrations ADD x int;"),
            ("2_b.sql", "GRANT SELECT ON public.schema_migrations TO x"),
        ];
        let found = tables(Layout::Native, &altered);
        assert_eq!(found, ["sqlx _sqlx_migrations m/1_a.sql", "golang_migrate schema_migrations m/2_b.sql"]);
    }

    #[test]
    fn created_and_optional_tables_are_not() {
        for sql in [
            "CREATE TABLE IF NOT EXISTS schema_migrations (version text); DROP TABLE schema_migrations;",
            "DROP TABLE IF EXISTS schema_migrations;",
            "-- schema_migrations\nSELECT 'schema_migrations', my_schema_migrations FROM t;",
            "ALTER TABLE IF EXISTS _sqlx_migrations ADD x int;",
            "DROP TABLE schema_version;",
        ] {
            assert_eq!(tables(Layout::Native, &[("1_a.sql", sql)]), Vec::<String>::new(), "{sql}");
        }
    }
}
