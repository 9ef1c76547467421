//! The catalog of MySQL.

use super::{Mysql, describe, progress};
use crate::dialect::{CatalogSql, Language, Table, literals};
use crate::tracker::Tracker;

impl CatalogSql for Mysql {
    fn columns(&self, table: Table<'_>) -> String {
        let schema = table.schema.map_or_else(|| "database()".to_owned(), |schema| self.literal(schema));
        format!(
            "SELECT COLUMN_NAME, DATA_TYPE, TABLE_SCHEMA, TABLE_SCHEMA FROM information_schema.COLUMNS \
             WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {} ORDER BY ORDINAL_POSITION;\n",
            self.literal(table.name)
        )
    }

    fn tables(&self, names: &[&str]) -> String {
        let there = |name: &&str| {
            let (schema, table) = qualified(name);
            let schema = schema.map_or_else(|| "database()".to_owned(), |schema| self.literal(&schema));
            format!(
                "SELECT EXISTS (SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {} \
                 AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED'))",
                self.literal(&table)
            )
        };
        names.iter().map(there).collect::<Vec<_>>().join(" UNION ALL ") + ";\n"
    }

    fn visible_tables(&self, names: &[&str]) -> String {
        format!(
            "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = database() AND TABLE_NAME IN ({}) \
             AND TABLE_TYPE = 'BASE TABLE';\n",
            literals(self, names)
        )
    }

    fn describe(&self, tracker: &Tracker) -> String {
        describe::describe(self, tracker)
    }

    fn server_progress(&self, pid: i32) -> Option<String> {
        Some(progress::server_progress(self, pid))
    }
}

/// Takes the name of a table apart, as a statement writes it: the schema, if it names one, and the table.
pub(super) fn qualified(name: &str) -> (Option<String>, String) {
    let (mut parts, mut open) = (vec![String::new()], false);
    for char in name.chars() {
        match char {
            '`' | '"' => open = !open,
            '.' if !open => parts.push(String::new()),
            char => parts.iter_mut().last().into_iter().for_each(|part| part.push(char)),
        }
    }
    let table = parts.pop().unwrap_or_default();
    (parts.pop(), table)
}
