//! Finds the statements that may run a second time, and those that run in a transaction.

use super::autocommit::is_autocommit;
use super::statement::Statement;

impl Statement<'_> {
    /// Returns true if it may run again after a first time whose outcome is unknown: twice leaves the same state as
    /// once, and half of the work does not make a second time fail.
    ///
    /// Returns false in doubt: `DROP TABLE IF EXISTS t` may find another `t` in the next schema of the search path, and
    /// `CREATE INDEX CONCURRENTLY IF NOT EXISTS` an invalid index of its own making (see [`Statement::concurrent`]).
    pub fn is_repeatable(&self) -> bool {
        match &*self.word(0).to_ascii_uppercase() {
            "CREATE" => self.creates_again(),
            "DROP" => self.drops_again(),
            "ALTER" => self.alters_again(),
            // MySQL's variables are assigned expressions.
            "SET" => !self.tokens().iter().any(|token| matches!(self.slice(token.span()), "@" | "(")),
            // `VACUUM INTO` fails if the file exists.
            "VACUUM" => self.find("INTO").is_none(),
            "REINDEX" => self.find_anywhere("CONCURRENTLY").is_none(),
            "REFRESH" => self.begins(&["REFRESH", "MATERIALIZED", "VIEW"]),
            "SECURITY" => self.begins(&["SECURITY", "LABEL"]),
            "COMMENT" => self.begins(&["COMMENT", "ON"]),
            "LOAD" => !self.loads_rows(),
            "ANALYZE" | "CHECKPOINT" | "CLUSTER" | "DISCARD" | "GRANT" | "OPTIMIZE" | "PRAGMA" | "RESET"
            | "SHOW" | "USE" => true,
            _ => false,
        }
    }

    /// Returns true if it surely runs in a transaction, so that its record commits with it or not at all. Returns false
    /// for a statement that changes the session, because its effect outlasts the transaction.
    pub fn is_transactional(&self) -> bool {
        const KNOWN: [&str; 19] = [
            "ALTER",
            "ANALYZE",
            "COMMENT",
            "CREATE",
            "DEALLOCATE",
            "DELETE",
            "DROP",
            "GRANT",
            "INSERT",
            "MERGE",
            "REFRESH",
            "REPLACE",
            "REVOKE",
            "SECURITY",
            "SELECT",
            "TRUNCATE",
            "UPDATE",
            "VALUES",
            "WITH",
        ];
        // With some of their options these run in autocommit only, and the catalog decides which.
        let global =
            ["DATABASE", "SUBSCRIPTION", "SYSTEM", "TABLESPACE"].iter().any(|word| self.word_is(1, word));
        KNOWN.iter().any(|word| self.first_is(word))
            && !global
            && !is_autocommit(self)
            && self.concurrent().is_none()
            && !self.sets_session()
    }

    /// Returns true for `CREATE OR REPLACE` of an object that is replaced whole, and for `IF NOT EXISTS`. `AS` brings
    /// rows along.
    fn creates_again(&self) -> bool {
        const KINDS: [&str; 10] = [
            "AGGREGATE",
            "FUNCTION",
            "LANGUAGE",
            "PROCEDURE",
            "RULE",
            "TRANSFORM",
            "TRIGGER",
            "VIEW",
            "RECURSIVE",
            "TRUSTED",
        ];
        if self.begins(&["CREATE", "OR", "REPLACE"]) {
            let at = if self.word_is(3, "TEMP") || self.word_is(3, "TEMPORARY") { 4 } else { 3 };
            return KINDS.iter().any(|kind| self.word_is(at, kind));
        }
        const WORDS: [&str; 17] = [
            "COLLATION",
            "EXTENSION",
            "FOREIGN",
            "INDEX",
            "MAPPING",
            "SCHEMA",
            "SEQUENCE",
            "SERVER",
            "STATISTICS",
            "TABLE",
            "TEMP",
            "TEMPORARY",
            "UNIQUE",
            "UNLOGGED",
            "USER",
            "VIEW",
            "VIRTUAL",
        ];
        let known = |index: usize| WORDS.iter().any(|word| self.word_is(index, word));
        let at = (1..6).find(|index| !known(*index)).unwrap_or_default();
        let rows = self.find("AS").is_some() && !self.word_is(at.saturating_sub(1), "VIEW");
        at > 1 && self.says_if_not_exists(at) && !rows
    }

    /// Returns true for `DROP ... IF EXISTS` of names that do not depend on the search path: those that are qualified,
    /// belong to a table, or stand in no schema.
    fn drops_again(&self) -> bool {
        const GLOBAL: [&str; 13] = [
            "ACCESS",
            "CAST",
            "DATABASE",
            "EVENT",
            "EXTENSION",
            "GROUP",
            "LANGUAGE",
            "PUBLICATION",
            "ROLE",
            "SCHEMA",
            "SERVER",
            "TABLESPACE",
            "USER",
        ];
        const OF_TABLE: [&str; 3] = ["POLICY", "RULE", "TRIGGER"];
        const IN_SCHEMA: [&str; 13] = [
            "AGGREGATE",
            "COLLATION",
            "DOMAIN",
            "FOREIGN",
            "FUNCTION",
            "INDEX",
            "MATERIALIZED",
            "PROCEDURE",
            "ROUTINE",
            "SEQUENCE",
            "TABLE",
            "TYPE",
            "VIEW",
        ];
        let kind = |kinds: &[&str]| kinds.iter().any(|kind| self.word_is(1, kind));
        let Some(at) = (2..5).find(|index| self.word_is(*index, "IF") && self.word_is(index + 1, "EXISTS"))
        else {
            return false;
        };
        if self.find("CONCURRENTLY").is_some() {
            return false;
        }
        kind(&GLOBAL)
            || (kind(&OF_TABLE) && self.find("ON").is_some())
            || (kind(&IN_SCHEMA) && self.items(at + 2).all(|item| self.text_of(item + 1) == "."))
    }

    /// Returns true for subcommands of `ALTER TABLE` that all say `IF [NOT] EXISTS`, or that all find their work done.
    fn alters_again(&self) -> bool {
        if self.begins(&["ALTER", "SYSTEM"]) {
            return true;
        }
        if self.begins(&["ALTER", "TYPE"]) {
            let value = |at: usize| self.word_is(at, "ADD") && self.word_is(at + 1, "VALUE");
            return self
                .name(2)
                .is_some_and(|name| value(name.next) && self.says_if_not_exists(name.next + 2));
        }
        if !self.begins(&["ALTER", "TABLE"]) {
            return false;
        }
        let at = if self.word_is(2, "IF") && self.word_is(3, "EXISTS") { 4 } else { 2 };
        let at = if self.word_is(at, "ONLY") { at + 1 } else { at };
        let Some(name) = self.name(at) else { return false };
        let at = if self.text_of(name.next) == "*" { name.next + 1 } else { name.next };
        // A column that one subcommand drops and another adds would lose the rows' values of the meantime.
        let adds = self.items(at).all(|item| self.word_is(item, "ADD") && self.is_conditional(item + 1));
        adds || self.items(at).all(|item| self.is_settled(item))
    }

    fn is_conditional(&self, at: usize) -> bool {
        self.word_is(at, "COLUMN") && self.says_if_not_exists(at + 1) || self.says_if_not_exists(at)
    }

    /// Returns true for a subcommand that finds nothing to do the second time.
    fn is_settled(&self, at: usize) -> bool {
        let says =
            |at: usize, words: &[&str]| words.iter().enumerate().all(|(i, word)| self.word_is(at + i, word));
        let drops = ["COLUMN", "CONSTRAINT"].iter().any(|kind| says(at, &["DROP", kind, "IF", "EXISTS"]));
        let column = if self.word_is(at + 1, "COLUMN") { at + 3 } else { at + 2 };
        let null = says(column, &["SET", "NOT", "NULL"]) || says(column, &["DROP", "NOT", "NULL"]);
        drops || says(at, &["VALIDATE", "CONSTRAINT"]) || (self.word_is(at, "ALTER") && null)
    }

    fn says_if_not_exists(&self, at: usize) -> bool {
        self.word_is(at, "IF") && self.word_is(at + 1, "NOT") && self.word_is(at + 2, "EXISTS")
    }

    /// Returns the first token of each part of the list that starts at this token.
    fn items(&self, from: usize) -> impl Iterator<Item = usize> {
        self.commas(from..self.tokens().len()).into_iter().map(|part| part.start)
    }

    /// Finds where this word first stands, also inside of parentheses.
    fn find_anywhere(&self, word: &str) -> Option<usize> {
        (0..self.tokens().len()).find(|index| self.word_is(*index, word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{Syntax, split};

    fn first(sql: &str) -> Statement<'_> {
        split(sql, Syntax::Shared).unwrap().remove(0)
    }

    #[test]
    fn repeatable_statements() {
        for sql in [
            "CREATE TABLE IF NOT EXISTS t (id int, c int GENERATED ALWAYS AS (id + 1) STORED)",
            "create unique index if not exists i ON t (a)",
            "CREATE SCHEMA IF NOT EXISTS s",
            "CREATE VIEW IF NOT EXISTS v AS SELECT 1",
            "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE OR REPLACE TEMP VIEW v AS SELECT 1",
            "DROP TABLE IF EXISTS s.t, s.u CASCADE",
            "DROP FUNCTION IF EXISTS s.f(int, text), s.g",
            "DROP INDEX IF EXISTS s.i",
            "DROP MATERIALIZED VIEW IF EXISTS s.v",
            "DROP TRIGGER IF EXISTS x ON t",
            "DROP SCHEMA IF EXISTS s CASCADE",
            "DROP DATABASE IF EXISTS d",
            "ALTER TABLE t ADD COLUMN IF NOT EXISTS a int DEFAULT f(1, 2), ADD IF NOT EXISTS b numeric(1, 2)",
            "ALTER TABLE IF EXISTS ONLY s.t DROP COLUMN IF EXISTS a, DROP CONSTRAINT IF EXISTS c",
            "ALTER TABLE t VALIDATE CONSTRAINT c",
            "ALTER TABLE t ALTER COLUMN a SET NOT NULL, ALTER b DROP NOT NULL",
            "ALTER TYPE s.t ADD VALUE IF NOT EXISTS 'x' BEFORE 'y'",
            "ALTER SYSTEM SET x = 1",
            "SET search_path = a, b",
            "RESET ALL",
            "ANALYZE t",
            "VACUUM (FULL) t",
            "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
            "REINDEX TABLE t",
            "COMMENT ON TABLE t IS 'x'",
            "GRANT SELECT ON t TO u",
            "PRAGMA foreign_keys = ON",
            "OPTIMIZE TABLE t",
        ] {
            assert!(first(sql).is_repeatable(), "{sql}");
        }
    }

    #[test]
    fn unrepeatable_statements() {
        for sql in [
            "CREATE TABLE t (id int)",
            "CREATE TABLE t (\"IF\" int)",
            "CREATE TEMP UNIQUE INDEX FOREIGN TABLE VIEW",
            "CREATE TABLE IF NOT EXISTS t AS SELECT 1",
            "CREATE MATERIALIZED VIEW v AS SELECT 1",
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)",
            "CREATE OR REPLACE TABLE t (id int)",
            "DROP TABLE s.t",
            "DROP TABLE IF EXISTS t",
            "DROP TABLE IF EXISTS s.t, u",
            "DROP INDEX CONCURRENTLY IF EXISTS s.i",
            "DROP SUBSCRIPTION IF EXISTS s",
            "ALTER TABLE t ADD COLUMN a int",
            "ALTER TABLE IF EXISTS t ADD COLUMN a int",
            "ALTER TABLE t ADD COLUMN IF NOT EXISTS a int, ADD COLUMN b int",
            "ALTER TABLE t DROP COLUMN IF EXISTS a, ADD COLUMN IF NOT EXISTS a int",
            "ALTER TABLE t DROP COLUMN a",
            "ALTER TABLE t ADD CONSTRAINT c CHECK (true)",
            "ALTER TABLE t RENAME COLUMN a TO b",
            "ALTER TYPE t ADD VALUE 'x'",
            "ALTER TYPE t ADD ATTRIBUTE a int",
            "REINDEX TABLE CONCURRENTLY t",
            "REINDEX (CONCURRENTLY) TABLE t",
            "VACUUM INTO 'copy.db'",
            "SET @a = @a + 1",
            "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
            "UPDATE t SET a = 1",
            "SELECT f()",
            "CALL p()",
            "DO $$ BEGIN END $$",
            "TRUNCATE t",
            "PREPARE p AS SELECT 1",
        ] {
            assert!(!first(sql).is_repeatable(), "{sql}");
        }
    }

    #[test]
    fn transactional_statements() {
        for (sql, takes) in [
            ("DROP INDEX IF EXISTS i", true),
            ("INSERT INTO b SELECT 1", true),
            ("WITH a AS (SELECT 1) INSERT INTO b SELECT * FROM a", true),
            ("ALTER TYPE t ADD VALUE 'x'", true),
            ("CREATE INDEX i ON t (a)", true),
            ("CREATE INDEX CONCURRENTLY i ON t (a)", false),
            ("ALTER TABLE t DETACH PARTITION u CONCURRENTLY", false),
            ("VACUUM", false),
            ("REINDEX TABLE t", false),
            ("CLUSTER t", false),
            ("CALL p()", false),
            ("DO $$ BEGIN END $$", false),
            ("SET x = 1", false),
            ("SELECT set_config('x', 'y', false)", false),
            ("DROP SUBSCRIPTION s", false),
            ("ALTER DATABASE d SET TABLESPACE t", false),
            ("PRAGMA foreign_keys = on", false),
            ("ATTACH 'x' AS y", false),
            ("EXECUTE p", false),
        ] {
            assert_eq!(first(sql).is_transactional(), takes, "{sql}");
        }
    }
}
