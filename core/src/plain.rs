//! Statements that change nothing but the schema.

use crate::statement::{Statement, split};
use crate::token::TokenKind;
use crate::{Migration, Syntax};

impl Migration {
    /// Whether no statement of the script can change a setting of the session or its role: each one defines,
    /// drops or describes an object, and evaluates nothing. What it cannot be sure of, it does not say.
    pub fn is_plain(&self, syntax: Syntax) -> bool {
        split(self.sql(), syntax).is_ok_and(|statements| statements.iter().all(Statement::is_plain))
    }
}

impl Statement<'_> {
    fn is_plain(&self) -> bool {
        let word = |at: usize| self.word(at).to_ascii_uppercase();
        match word(0).as_str() {
            "COMMENT" | "DROP" | "GRANT" | "REVOKE" => true,
            "CREATE" => {
                let replaces = usize::from(word(1) == "OR") * 2;
                let qualified = usize::from(matches!(word(1 + replaces).as_str(), "UNIQUE" | "UNLOGGED"));
                let kind = word(1 + replaces + qualified);
                match kind.as_str() {
                    // `AS` brings rows along, and those come from anywhere.
                    "TABLE" => self.find("AS").is_none(),
                    // An expression or a predicate is evaluated for each row.
                    "INDEX" => self.find("WHERE").is_none() && self.deepest() < 2,
                    "DOMAIN" | "FUNCTION" | "POLICY" | "PROCEDURE" | "SEQUENCE" | "TRIGGER" | "TYPE"
                    | "VIEW" => true,
                    _ => false,
                }
            }
            // Adding a default or a check, or another type, goes over the rows.
            "ALTER" => {
                matches!(word(1).as_str(), "TABLE" | "TYPE" | "SEQUENCE" | "INDEX")
                    && self.deepest() == 0
                    && !["DEFAULT", "USING", "CHECK", "TYPE"].iter().any(|word| self.find_behind(word, 2))
            }
            _ => false,
        }
    }

    /// How deep parentheses are nested.
    fn deepest(&self) -> usize {
        let (mut depth, mut deepest) = (0_usize, 0);
        for token in self.tokens() {
            match token.kind {
                TokenKind::Open => depth += 1,
                TokenKind::Close => depth = depth.saturating_sub(1),
                _ => {}
            }
            deepest = deepest.max(depth);
        }
        deepest
    }

    /// Whether this word stands outside of parentheses, behind so many tokens.
    fn find_behind(&self, word: &str, tokens: usize) -> bool {
        self.find(word).is_some_and(|at| at >= tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_evaluates_nothing_is_plain() {
        let plain = |sql: &str| split(sql, Syntax::Postgres).unwrap().iter().all(Statement::is_plain);
        for sql in [
            "CREATE TABLE t (id int DEFAULT f(), CHECK (g(id)))",
            "create unlogged table t (id int)",
            "CREATE UNIQUE INDEX i ON t USING btree (a, b)",
            "CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql AS $$ SET x = 1 $$",
            "ALTER TABLE t ADD COLUMN a int; COMMENT ON TABLE t IS 'x'; DROP TABLE u;",
            "ALTER TYPE t ADD VALUE 'x'",
            "-- nothing",
        ] {
            assert!(plain(sql), "{sql}");
        }
        for sql in [
            "CREATE TABLE t AS SELECT f()",
            "CREATE INDEX i ON t (f(a))",
            "CREATE INDEX i ON t (a) WHERE f(a)",
            "CREATE MATERIALIZED VIEW v AS SELECT f()",
            "CREATE EXTENSION x",
            "CREATE SCHEMA s AUTHORIZATION x",
            "ALTER TABLE t ADD COLUMN a int DEFAULT f",
            "ALTER TABLE t ADD CHECK (f(a))",
            "ALTER TABLE t ALTER COLUMN a TYPE text",
            "ALTER ROLE x SET y = 1",
            "SELECT set_config('search_path', '', false)",
            "INSERT INTO t VALUES (1)",
            "DO $$ BEGIN END $$",
            "SET search_path = x",
            "CALL p()",
        ] {
            assert!(!plain(sql), "{sql}");
        }
    }
}
