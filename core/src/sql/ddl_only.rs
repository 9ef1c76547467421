//! Finds the statements that change nothing but the schema.
//!
//! The lists name the statements that evaluate nothing. Any other statement may call functions of the user, which may
//! set anything. Sources: PostgreSQL 18 `src/backend/commands` (`tablecmds.c`, `indexcmds.c`, `typecmds.c`,
//! `functioncmds.c`). Comparisons of an index count as harmless, because only a superuser makes an operator
//! class. Event triggers are not considered.

use std::ops::Range;

use super::script::split;
use super::statement::Statement;
use super::syntax::Syntax;
use super::token::TokenKind;

/// Returns true if no statement of the script can change a setting of the session or its role: each one defines, drops
/// or describes an object, and evaluates nothing. Returns false in doubt.
pub(crate) fn is_ddl_only(sql: &str, syntax: Syntax) -> bool {
    split(sql, syntax).is_ok_and(|statements| statements.iter().all(Statement::is_ddl_only))
}

/// Objects that the server drops without evaluating their contents.
const DROPPED: [&str; 14] = [
    "AGGREGATE",
    "DOMAIN",
    "FUNCTION",
    "INDEX",
    "MATERIALIZED",
    "POLICY",
    "PROCEDURE",
    "RULE",
    "SCHEMA",
    "SEQUENCE",
    "TABLE",
    "TRIGGER",
    "TYPE",
    "VIEW",
];

/// Types that no domain can shadow, except in a schema that the search path names before `pg_catalog`.
const TYPES: [&str; 31] = [
    "bigint",
    "bit",
    "bool",
    "boolean",
    "bytea",
    "char",
    "character",
    "cidr",
    "date",
    "decimal",
    "double",
    "float",
    "float4",
    "float8",
    "inet",
    "int",
    "int2",
    "int4",
    "int8",
    "integer",
    "json",
    "jsonb",
    "numeric",
    "real",
    "smallint",
    "text",
    "time",
    "timestamp",
    "timestamptz",
    "uuid",
    "varchar",
];

impl Statement<'_> {
    fn is_ddl_only(&self) -> bool {
        match self.word(0).to_ascii_uppercase().as_str() {
            "COMMENT" | "GRANT" | "REVOKE" => true,
            "DROP" => self.is_any(1, &DROPPED),
            "CREATE" => self.is_ddl_only_create(),
            "ALTER" => self.is_ddl_only_alter(),
            _ => false,
        }
    }

    fn is_ddl_only_create(&self) -> bool {
        let at = if self.begins(&["CREATE", "OR", "REPLACE"]) { 3 } else { 1 };
        let qualified = usize::from(self.is_any(at, &["UNIQUE", "UNLOGGED"]));
        match self.word(at + qualified).to_ascii_uppercase().as_str() {
            "TABLE" => self.is_ddl_only_table(at + qualified + 1),
            // An expression or a predicate is evaluated for each row, and one of constants at once.
            "INDEX" => self.find("WHERE").is_none() && self.deepest(0..self.tokens().len()) < 2,
            // The validator of another language may run what it is given.
            "FUNCTION" | "PROCEDURE" => self.find("LANGUAGE").is_some_and(|at| {
                let language = self.text_of(at + 1).trim_matches(['\'', '"']).to_ascii_lowercase();
                matches!(language.as_str(), "sql" | "plpgsql")
            }),
            "DOMAIN" | "POLICY" | "SEQUENCE" | "TRIGGER" | "TYPE" | "VIEW" => true,
            _ => false,
        }
    }

    /// Returns true for a table of columns and constraints: without rows, the server stores its defaults and checks, and
    /// evaluates none.
    fn is_ddl_only_table(&self, mut at: usize) -> bool {
        if self.word_is(at, "IF") && self.word_is(at + 1, "NOT") {
            at += 3;
        }
        let Some(name) = self.name(at) else { return false };
        // `PARTITION OF`, `OF type`, `AS`: bounds, and rows from anywhere.
        let Some(body) = self.parenthesised(name.next) else { return false };
        let plain = self.commas(body.clone()).iter().all(|element| self.is_ddl_only_element(element.clone()));
        plain && self.is_ddl_only_tail(body.end + 1)
    }

    fn is_ddl_only_element(&self, element: Range<usize>) -> bool {
        // `LIKE` copies expressions of indexes, and `EXCLUDE` may have some.
        if self.is_any(element.start, &["LIKE", "EXCLUDE"]) {
            return false;
        }
        let outside = self.outside(element.clone());
        let named = self.word_is(element.start, "CONSTRAINT");
        let excludes = named && outside.iter().any(|at| self.word_is(*at, "EXCLUDE"));
        // A column that is generated from constants is evaluated at once.
        let generated = outside.iter().any(|at| self.word_is(*at, "AS") && !self.word_is(at + 1, "IDENTITY"));
        !excludes && !generated
    }

    /// Returns true if the options after the columns of a table evaluate nothing.
    fn is_ddl_only_tail(&self, at: usize) -> bool {
        let outside = self.outside(at..self.tokens().len());
        let known = ["INHERITS", "ON", "PARTITION", "STRICT", "TABLESPACE", "USING", "WITH", "WITHOUT"];
        let begins = at >= self.tokens().len() || self.is_any(at, &known);
        let expressions = self.word_is(at, "PARTITION") && self.deepest(at..self.tokens().len()) > 1;
        begins && !expressions && !outside.iter().any(|at| self.is_any(*at, &["AS", "EXECUTE"]))
    }

    fn is_ddl_only_alter(&self) -> bool {
        let at = if self.word_is(2, "IF") && self.word_is(3, "EXISTS") { 4 } else { 2 };
        let at = if self.word_is(at, "ONLY") { at + 1 } else { at };
        let Some(name) = self.name(at) else { return false };
        let rest = name.next..self.tokens().len();
        match self.word(1).to_ascii_uppercase().as_str() {
            "SEQUENCE" => true,
            "INDEX" => self.word_is(rest.start, "RENAME"),
            // With `CASCADE`, an attribute is a column of tables.
            "TYPE" => {
                let value = self.word_is(rest.start, "ADD") && self.word_is(rest.start + 1, "VALUE");
                value || self.word_is(rest.start, "RENAME") && !self.word_is(rest.start + 1, "ATTRIBUTE")
            }
            "TABLE" => self.commas(rest).iter().all(|part| self.is_ddl_only_subcommand(part.clone())),
            _ => false,
        }
    }

    /// Returns true for a subcommand of `ALTER TABLE` that reads no row.
    fn is_ddl_only_subcommand(&self, part: Range<usize>) -> bool {
        let at = part.start;
        match self.word(at).to_ascii_uppercase().as_str() {
            "ADD" => self.is_ddl_only_column(part),
            "ALTER" => {
                let at = if self.word_is(at + 1, "COLUMN") { at + 2 } else { at + 1 };
                self.name(at).is_some_and(|name| self.word_is(name.next, "DROP"))
            }
            "DISABLE" | "DROP" | "ENABLE" | "FORCE" | "OWNER" | "RENAME" => true,
            "SET" => self.word_is(at + 1, "SCHEMA"),
            _ => false,
        }
    }

    /// Returns true for a column of a built-in type, which is no domain, and without a default.
    fn is_ddl_only_column(&self, part: Range<usize>) -> bool {
        let at = if self.word_is(part.start + 1, "COLUMN") { part.start + 2 } else { part.start + 1 };
        let at = if self.word_is(at, "IF") && self.word_is(at + 1, "NOT") { at + 3 } else { at };
        if self.is_any(at, &["CHECK", "CONSTRAINT", "EXCLUDE", "FOREIGN", "PRIMARY", "UNIQUE"]) {
            return false;
        }
        let Some(name) = self.name(at) else { return false };
        let known = |at: usize| {
            let numbers = matches!(self.text_of(at), "(" | ")" | "," | "[" | "]") || self.is_number(at);
            numbers
                || self
                    .is_any(at, &["NOT", "NULL", "PRECISION", "TIME", "VARYING", "WITH", "WITHOUT", "ZONE"])
        };
        self.is_any(name.next, &TYPES) && (name.next + 1..part.end).all(known)
    }

    fn is_number(&self, at: usize) -> bool {
        self.tokens().get(at).is_some_and(|token| token.kind == TokenKind::Number)
    }

    fn is_any(&self, at: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.word_is(at, word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_ddl_only(sql: &str) -> bool {
        split(sql, Syntax::Postgres).unwrap().iter().all(Statement::is_ddl_only)
    }

    #[test]
    fn definitions_evaluate_nothing() {
        for sql in [
            "CREATE TABLE t (id int DEFAULT f(), CHECK (g(id)), \"like\" text, as_ int)",
            "create unlogged table if not exists s.t (id int)",
            "CREATE TABLE t ()",
            "CREATE TABLE t (id bigint GENERATED BY DEFAULT AS IDENTITY (START 5) PRIMARY KEY, x numeric(1, 2)[] NOT NULL)",
            "CREATE TABLE t (a int REFERENCES u (b) ON DELETE CASCADE, CONSTRAINT x UNIQUE (a) INCLUDE (b)) INHERITS (p)",
            "CREATE TABLE t (a int) PARTITION BY RANGE (a, b) WITH (fillfactor = 70)",
            "CREATE TABLE t (a int) STRICT, WITHOUT ROWID",
            "CREATE UNIQUE INDEX i ON t USING btree (a, b text_pattern_ops DESC) WITH (fillfactor = 70)",
            "CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql AS $$ SET x = 1 $$",
            "CREATE FUNCTION f() RETURNS void AS 'x' LANGUAGE 'plpgsql'",
            "CREATE VIEW v AS SELECT f()",
            "CREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW WHEN (f(NEW.x)) EXECUTE FUNCTION g()",
            "ALTER TABLE t ADD COLUMN a int; COMMENT ON TABLE t IS 'x'; DROP TABLE u;",
            "ALTER TABLE IF EXISTS ONLY t ADD IF NOT EXISTS a timestamp(3) with time zone NOT NULL, DROP COLUMN b",
            "ALTER TABLE t ADD COLUMN a double precision, ADD b varchar(10)[], ALTER c DROP NOT NULL",
            "ALTER TABLE t RENAME COLUMN a TO b; ALTER TABLE t OWNER TO x; ALTER TABLE t SET SCHEMA s",
            "ALTER TYPE t ADD VALUE 'x'; ALTER INDEX i RENAME TO j; ALTER SEQUENCE s RESTART",
            "GRANT SELECT ON t TO x; DROP FUNCTION f(int)",
            "-- nothing",
        ] {
            assert!(is_ddl_only(sql), "{sql}");
        }
    }

    #[test]
    fn creating_may_evaluate_expressions_and_rows() {
        for sql in [
            "CREATE TABLE t AS SELECT f()",
            "CREATE TABLE t (a) AS SELECT f()",
            "CREATE TABLE t (a) WITH (fillfactor = 70) AS SELECT f()",
            "CREATE TABLE t AS EXECUTE p",
            "CREATE TABLE t PARTITION OF p FOR VALUES FROM (f()) TO (g())",
            "CREATE TABLE t PARTITION OF p (CHECK (true)) DEFAULT",
            "CREATE TABLE t OF ty",
            "CREATE TABLE t (LIKE u INCLUDING ALL)",
            "CREATE TABLE t (a int, EXCLUDE USING gist (f(a) WITH =))",
            "CREATE TABLE t (a int, CONSTRAINT x EXCLUDE USING gist (f(a) WITH =))",
            "CREATE TABLE t (a int GENERATED ALWAYS AS (f(1)) STORED)",
            "CREATE TABLE t (a int) PARTITION BY RANGE (f(a))",
            "CREATE TABLE t (a int) PARTITION BY LIST ((f(a)))",
            "CREATE TABLE t (a int) IRGENDWIE",
            "CREATE TEMP TABLE t (a int)",
            "CREATE INDEX i ON t (f(a))",
            "CREATE INDEX i ON t (a) WHERE f(a)",
            "CREATE FUNCTION f() RETURNS void LANGUAGE plperl AS 'BEGIN { }'",
            "CREATE FUNCTION f() RETURNS void AS 'x'",
            "CREATE MATERIALIZED VIEW v AS SELECT f()",
            "CREATE EXTENSION x",
            "CREATE SCHEMA s AUTHORIZATION x",
            "CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION f()",
        ] {
            assert!(!is_ddl_only(sql), "{sql}");
        }
    }

    #[test]
    fn altering_and_other_statements_may_evaluate_them() {
        for sql in [
            "ALTER TABLE t ADD COLUMN a int DEFAULT f",
            "ALTER TABLE t ADD COLUMN a int CHECK (f(a))",
            "ALTER TABLE t ADD COLUMN a my_domain",
            "ALTER TABLE t ADD COLUMN a s.text",
            "ALTER TABLE t ADD COLUMN a int REFERENCES u",
            "ALTER TABLE t ADD COLUMN a int GENERATED ALWAYS AS (f(1)) STORED",
            "ALTER TABLE t ADD CHECK (f(a))",
            "ALTER TABLE t ADD CONSTRAINT c CHECK (f(a)) NOT VALID",
            "ALTER TABLE t ADD PRIMARY KEY (a)",
            "ALTER TABLE t VALIDATE CONSTRAINT c",
            "ALTER TABLE t ALTER COLUMN a TYPE text",
            "ALTER TABLE t ALTER a SET NOT NULL",
            "ALTER TABLE t ALTER a SET DEFAULT f()",
            "ALTER TABLE t ATTACH PARTITION u FOR VALUES IN (f())",
            "ALTER TABLE t ATTACH PARTITION u DEFAULT",
            "ALTER TABLE t DETACH PARTITION u",
            "ALTER TABLE t INHERIT u",
            "ALTER TABLE t SET UNLOGGED",
            "ALTER TABLE t DROP COLUMN a, VALIDATE CONSTRAINT c",
            "ALTER TYPE t ADD ATTRIBUTE a d CASCADE",
            "ALTER TYPE t ALTER ATTRIBUTE a TYPE d CASCADE",
            "ALTER INDEX i ATTACH PARTITION j",
            "ALTER DOMAIN d ADD CHECK (f(VALUE))",
            "ALTER DOMAIN d VALIDATE CONSTRAINT c",
            "ALTER ROLE x SET y = 1",
            "REFRESH MATERIALIZED VIEW v",
            "SELECT set_config('search_path', '', false)",
            "INSERT INTO t VALUES (1)",
            "DO $$ BEGIN END $$",
            "SET search_path = x",
            "DROP OWNED BY x",
            "CALL p()",
        ] {
            assert!(!is_ddl_only(sql), "{sql}");
        }
    }
}
