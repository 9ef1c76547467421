//! The copy of a database of MySQL, by `SHOW CREATE`.

use std::fmt::Write as _;

use super::Mysql;
use crate::dialect::copy::CopySql;
use crate::dialect::{Language, Postgres, Sqlite};
use crate::engine::ResultSet;
use crate::tracker::Tracker;

/// The columns of the journal that hold anything of their own.
const JOURNAL: &str = "id, at, version, name, event, attempt, statement, statements, duration_ms, db_user, application, backend_pid, detail";

const SET: &str = "version, name, applied_at, checksum";

impl CopySql for Postgres {}

impl CopySql for Sqlite {}

impl CopySql for Mysql {
    fn identity(&self) -> Option<&'static str> {
        Some("SELECT /*M!100600 concat(@@hostname, ':', @@port) */ /*!80000 @@server_uuid */, database();\n")
    }

    fn objects(&self) -> &'static str {
        "SELECT k, n FROM (SELECT 1 AS o, 'TABLE' AS k, TABLE_NAME AS n FROM information_schema.TABLES \
         WHERE TABLE_SCHEMA = database() AND TABLE_TYPE <> 'VIEW' UNION ALL \
         SELECT 2, ROUTINE_TYPE, ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = database() \
         AND ROUTINE_TYPE IN ('FUNCTION', 'PROCEDURE') UNION ALL \
         SELECT 3, 'VIEW', TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA = database() UNION ALL \
         SELECT 4, 'TRIGGER', TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = database() UNION ALL \
         SELECT 5, 'EVENT', EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = database()) all_objects \
         ORDER BY o, n;\n"
    }

    fn definitions(&self, objects: &[(String, String)]) -> String {
        let show =
            |(kind, name): &(String, String)| format!("SHOW CREATE {kind} {};\n", self.identifier(name));
        objects.iter().map(show).collect()
    }

    /// Source: MySQL 8.4 manual, "SHOW CREATE ..." statements, for the columns. Definers may be unknown on another server,
    /// and an event must not begin to work there.
    fn definition(&self, kind: &str, definition: &ResultSet) -> Option<String> {
        let (mode, text) = match kind {
            "TABLE" | "VIEW" => (None, definition.value(1)?),
            "EVENT" => (definition.value(1), definition.value(3)?),
            _ => (definition.value(1), definition.value(2)?),
        };
        // The body of a routine that MySQL took from a longer message ends in the semicolon behind it.
        let text = without_definer(text.trim_end_matches([';', ' ', '\n']));
        let text = if kind == "EVENT" { text.replacen(" ENABLE", " DISABLE", 1) } else { text };
        let mode = mode.map_or(String::new(), |mode| format!("SET sql_mode = {};\n", self.literal(mode)));
        Some(format!("{mode}{text};\n"))
    }

    fn begin_copy(&self) -> &'static str {
        "SET @gapless_checks = @@foreign_key_checks, @gapless_mode = @@sql_mode, foreign_key_checks = 0;\n"
    }

    fn end_copy(&self) -> &'static str {
        "SET foreign_key_checks = @gapless_checks, sql_mode = @gapless_mode, @gapless_checks = NULL, \
         @gapless_mode = NULL;\n"
    }

    fn tracker_rows(&self, tracker: &Tracker) -> String {
        let (set, journal) = (tracker.set(), tracker.journal());
        format!("SELECT {SET} FROM {set};\nSELECT {JOURNAL} FROM {journal} ORDER BY id;\n")
    }

    fn insert(&self, tracker: &Tracker, results: &[ResultSet]) -> String {
        let mut sql = String::new();
        let tables = [(tracker.set(), SET), (tracker.journal(), JOURNAL)];
        for ((table, columns), rows) in tables.iter().zip(results) {
            for row in rows.rows() {
                let value = |value: &Option<String>| {
                    value.as_ref().map_or("NULL".to_owned(), |text| self.literal(text))
                };
                let values: Vec<_> = row.iter().map(value).collect();
                let _ = writeln!(sql, "INSERT INTO {table} ({columns}) VALUES ({});", values.join(", "));
            }
        }
        sql
    }
}

/// Takes ``DEFINER=`user`@`host` `` out of a definition.
fn without_definer(text: &str) -> String {
    let Some(at) = text.find("DEFINER=").filter(|at| *at < 64) else { return text.to_owned() };
    let (mut quoted, mut end) = (false, text.len());
    for (index, char) in text[at..].char_indices() {
        match char {
            '`' => quoted = !quoted,
            ' ' if !quoted => {
                end = at + index + 1;
                break;
            }
            _ => {}
        }
    }
    text[..at].to_owned() + &text[end..]
}

#[cfg(test)]
mod tests {
    use super::without_definer;

    #[test]
    fn definers_are_taken_out() {
        for (text, expected) in [
            ("CREATE DEFINER=`a b`@`%` PROCEDURE `p`() SELECT 1", "CREATE PROCEDURE `p`() SELECT 1"),
            (
                "CREATE ALGORITHM=UNDEFINED DEFINER=`a`@`b` SQL SECURITY DEFINER VIEW `v` AS select 1",
                "CREATE ALGORITHM=UNDEFINED SQL SECURITY DEFINER VIEW `v` AS select 1",
            ),
            ("CREATE TABLE `t` (`a` int)", "CREATE TABLE `t` (`a` int)"),
        ] {
            assert_eq!(without_definer(text), expected);
        }
    }
}
