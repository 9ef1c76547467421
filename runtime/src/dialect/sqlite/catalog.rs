//! The catalog of SQLite.

use super::{Sqlite, describe};
use crate::dialect::{CatalogSql, Language, Table, literals};
use crate::tracker::Tracker;

impl CatalogSql for Sqlite {
    fn columns(&self, table: Table<'_>) -> String {
        let schema = table.schema.unwrap_or("main");
        let (name, schema) = (self.literal(table.name), self.literal(schema));
        format!("SELECT name, type, '', {schema} FROM pragma_table_info({name}, {schema});\n")
    }

    fn tables(&self, names: &[&str]) -> String {
        let there = |name: &&str| {
            let (schema, table) = qualified(name);
            let (table, lists) = (self.literal(&table), self.literal(schema.as_deref().unwrap_or("main")));
            format!(
                "SELECT EXISTS (SELECT 1 FROM pragma_table_list WHERE lower(schema) = lower({lists}) \
                 AND lower(schema) <> 'temp' \
                 AND type IN ('table', 'virtual') AND lower(name) = lower({table}))"
            )
        };
        names.iter().map(there).collect::<Vec<_>>().join(" UNION ALL ") + ";\n"
    }

    fn visible_tables(&self, names: &[&str]) -> String {
        let names = literals(self, names);
        format!("SELECT name FROM main.sqlite_master WHERE type = 'table' AND name IN ({names});\n")
    }

    fn describe(&self, tracker: &Tracker) -> String {
        describe::describe(self, tracker)
    }
}

/// Takes the name of a table apart, as a statement writes it: the schema, if it names one, and the table.
fn qualified(name: &str) -> (Option<String>, String) {
    let (mut parts, mut open) = (vec![String::new()], false);
    for char in name.chars() {
        match char {
            '"' => open = !open,
            '.' if !open => parts.push(String::new()),
            char => parts.iter_mut().last().into_iter().for_each(|part| part.push(char)),
        }
    }
    let table = parts.pop().unwrap_or_default();
    (parts.pop(), table)
}
