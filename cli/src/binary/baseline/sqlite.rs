//! Throwaway databases of SQLite: in memory.

use rusqlite::Connection;

use super::{Scratch, Written};
use crate::exit::CommandError;

/// Databases in memory.
pub(super) struct Memory;

/// What was created by statements, in that order. Tables that belong to a virtual table are created with it.
const STATEMENTS: &str = "SELECT o.name, o.type, o.sql FROM sqlite_schema AS o
    WHERE o.sql IS NOT NULL AND o.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
      AND o.tbl_name NOT IN (?1, ?1 || '_journal')
      AND o.tbl_name NOT IN (SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow')
    ORDER BY o.rowid";

impl Scratch for Memory {
    type Client = Connection;

    fn create(&mut self) -> Result<Connection, CommandError> {
        Connection::open_in_memory()
            .map_err(|error| CommandError::failed(format!("cannot open a database in memory: {error}")))
    }

    fn write_down(&mut self, client: &mut Connection, table: &str) -> Result<Written, CommandError> {
        let failed =
            |error: rusqlite::Error| CommandError::failed(format!("cannot write the schema down: {error}"));
        let mut query = client.prepare(STATEMENTS).map_err(failed)?;
        let rows =
            query.query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).map_err(failed)?;
        let objects: Vec<(String, String, String)> = rows.collect::<Result<_, _>>().map_err(failed)?;
        let mut filled = Vec::new();
        for (name, _, _) in objects.iter().filter(|(_, kind, _)| kind == "table") {
            let query = format!("SELECT EXISTS (SELECT 1 FROM \"{}\")", name.replace('"', "\"\""));
            if client.query_row(&query, [], |row| row.get(0)).map_err(failed)? {
                filled.push(name.clone());
            }
        }
        let statements: Vec<_> = objects.iter().map(|(_, _, sql)| format!("{sql};\n")).collect();
        let source = format!("gapless baseline with SQLite {}", rusqlite::version());
        Ok(Written { sql: statements.join("\n"), source, filled })
    }
}
