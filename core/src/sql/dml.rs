//! Finds the statements that no database commits by itself.
//!
//! Source: MySQL 8.4 manual 15.3.3 "Statements That Cause an Implicit Commit", and what MariaDB 10.11 does: a savepoint
//! outlives each of these statements.

use std::ops::Range;

use super::statement::Statement;

impl Statement<'_> {
    /// Returns true if it surely reads and writes rows and nothing else, so that no database commits before it or after
    /// it, and a rollback undoes it. Variables of the session count as nothing: a run restores them.
    ///
    /// Returns false in doubt: `CALL` may do anything, `TRUNCATE` and `CREATE TABLE ... AS SELECT` commit on MySQL, and
    /// `SELECT ... INTO OUTFILE` leaves a file. Only the server knows tables whose rows outlast a rollback, such as those
    /// of MyISAM.
    pub fn is_dml(&self) -> bool {
        const KNOWN: [&str; 9] =
            ["DEALLOCATE", "DELETE", "INSERT", "MERGE", "REPLACE", "SELECT", "UPDATE", "VALUES", "WITH"];
        let rows = KNOWN.iter().any(|word| self.first_is(word));
        (rows && !self.writes_file()) || (self.first_is("SET") && self.sets_variables())
    }

    fn writes_file(&self) -> bool {
        let file = |at| self.word_is(at, "OUTFILE") || self.word_is(at, "DUMPFILE");
        (0..self.tokens().len()).any(|at| self.word_is(at, "INTO") && file(at + 1))
    }

    /// Returns true for `SET NAMES`, and for assignments to variables of the user and to settings of the session that a
    /// transaction lets change.
    fn sets_variables(&self) -> bool {
        self.word_is(1, "NAMES")
            || self.commas(1..self.tokens().len()).into_iter().all(|part| self.is_variable(part))
    }

    fn is_variable(&self, part: Range<usize>) -> bool {
        const SETTINGS: [&str; 4] = ["foreign_key_checks", "sql_mode", "time_zone", "unique_checks"];
        if self.text_of(part.start) == "@" && self.text_of(part.start + 1) != "@" {
            return true;
        }
        let scoped = |at: usize| self.word_is(at, "SESSION") || self.word_is(at, "LOCAL");
        let system = self.text_of(part.start) == "@";
        let at = if system { part.start + 2 } else { part.start };
        let at = match () {
            () if system && scoped(at) && self.text_of(at + 1) == "." => at + 2,
            () if !system && scoped(at) => at + 1,
            () => at,
        };
        SETTINGS.iter().any(|setting| self.word_is(at, setting)) && matches!(self.text_of(at + 1), "=" | ":")
    }
}

#[cfg(test)]
mod tests {
    use crate::sql::{Syntax, split};

    #[test]
    fn rows_and_variables_are_read_and_written() {
        for sql in [
            "INSERT INTO t VALUES (1)",
            "insert into t select * from u on duplicate key update a = 1",
            "REPLACE INTO t VALUES (1)",
            "UPDATE t, u SET t.a = u.a",
            "DELETE t FROM t JOIN u ON t.a = u.a",
            "WITH x AS (SELECT 1) SELECT * FROM x",
            "SELECT a INTO @x FROM t FOR UPDATE",
            "VALUES (1), (2)",
            "DEALLOCATE PREPARE s",
            "/*!50003 INSERT INTO t VALUES (1) */",
            "SET @a = LAST_INSERT_ID(), @b := (SELECT 1)",
            "SET foreign_key_checks = 0, @@unique_checks = 0, @@session.sql_mode = ''",
            "SET SESSION time_zone = '+00:00'",
            "/*!40014 SET @old = @@UNIQUE_CHECKS, UNIQUE_CHECKS = 0 */",
            "SET NAMES utf8mb4",
        ] {
            assert!(split(sql, Syntax::Mysql).unwrap()[0].is_dml(), "{sql}");
        }
    }

    #[test]
    fn anything_else_may_commit_or_outlast_a_rollback() {
        for sql in [
            "TRUNCATE t",
            "CALL p()",
            "CREATE TABLE t AS SELECT 1",
            "CREATE TEMPORARY TABLE t (a INT)",
            "DROP TABLE t",
            "LOAD DATA INFILE 'x' INTO TABLE t",
            "SELECT * FROM t INTO OUTFILE '/tmp/x'",
            "SELECT 1 INTO DUMPFILE '/tmp/x'",
            "EXECUTE s",
            "DO SLEEP(1)",
            "HANDLER t OPEN",
            "BEGIN NOT ATOMIC SELECT 1; END",
            "ANALYZE TABLE t",
            "GRANT SELECT ON t TO u",
            "USE x",
            "SAVEPOINT a",
            "SET GLOBAL foreign_key_checks = 0",
            "SET @@global.sql_mode = ''",
            "SET foreign_key_checks = 0, GLOBAL sql_mode = ''",
            "SET PASSWORD = 'x'",
            "SET sql_log_bin = 0",
            "SET autocommit = 0",
            "SET STATEMENT max_statement_time = 1 FOR TRUNCATE t",
            "SET sql_mode",
        ] {
            assert!(!split(sql, Syntax::Mysql).unwrap()[0].is_dml(), "{sql}");
        }
    }
}
