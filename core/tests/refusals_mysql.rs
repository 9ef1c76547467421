//! Tests of the statements that a script of MySQL or MariaDB may not hold. MariaDB 10.11 takes all of them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;

use gapless_core::{Pattern, Problem, Syntax, scan};

/// The problems of a directory that holds this one script.
fn problems(sql: &str) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("m")).unwrap();
    fs::write(root.path().join("m/1_x.up.sql"), sql).unwrap();
    match scan(root.path(), &[Pattern::new("m").unwrap()], Syntax::Mysql) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(Problem::to_string).collect(),
    }
}

/// Asserts that each script has one problem, which begins so, also outside of a transaction and in a comment that some
/// servers run.
fn refused(cases: &[(&str, &str)]) {
    for (sql, message) in cases {
        for sql in
            [(*sql).to_owned(), format!("-- gapless: no-transaction\n{sql}"), format!("/*!40101 {sql} */;")]
        {
            let found = problems(&sql);
            assert!(found.len() == 1 && found[0].starts_with(message), "{sql}: {found:?}");
        }
    }
}

#[test]
fn transactions_of_a_files_own() {
    refused(&[
        ("BEGIN", "`BEGIN` would end the run's own transaction"),
        ("begin work", "`BEGIN` would end"),
        ("START TRANSACTION WITH CONSISTENT SNAPSHOT", "`START TRANSACTION` would end"),
        ("COMMIT AND CHAIN", "`COMMIT` would end"),
        ("ROLLBACK", "`ROLLBACK` would end"),
        ("XA START 'a'", "`XA` would end"),
        ("SET STATEMENT max_statement_time = 1 FOR COMMIT", "`COMMIT` would end"),
        ("SET TRANSACTION READ ONLY", "`SET TRANSACTION` would end"),
        ("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", "`SET SESSION TRANSACTION` would end"),
        ("SET autocommit = 0", "setting `autocommit` would end"),
        ("SET @@session.autocommit := 0", "setting `autocommit` would end"),
        ("SET @a = 1, @@AUTOCOMMIT = 1", "setting `autocommit` would end"),
        ("SET SESSION `autocommit` = 1, @a = 2", "setting `autocommit` would end"),
        ("SET STATEMENT a = 1 FOR SET autocommit = 1", "setting `autocommit` would end"),
        ("SET completion_type = 1", "setting `completion_type` would end"),
        ("SET tx_isolation = 'SERIALIZABLE'", "setting `tx_isolation` would end"),
        ("SAVEPOINT a", "`SAVEPOINT` needs a transaction of the file's own"),
        ("ROLLBACK WORK TO SAVEPOINT a", "`ROLLBACK` needs"),
        ("RELEASE SAVEPOINT a", "`RELEASE SAVEPOINT` needs"),
    ]);
}

#[test]
fn statements_that_keep_the_run_from_its_journal_or_lock() {
    refused(&[
        ("LOCK TABLES a WRITE, b READ", "`LOCK TABLES` would keep the run from its journal"),
        ("LOCK TABLE a WRITE", "`LOCK TABLE` would keep"),
        ("UNLOCK TABLES", "`UNLOCK TABLES` would keep"),
        ("FLUSH TABLES WITH READ LOCK", "`FLUSH TABLES WITH READ LOCK` would keep"),
        ("FLUSH LOCAL TABLES a FOR EXPORT", "`FLUSH LOCAL TABLES A FOR EXPORT` would keep"),
        ("LOCK INSTANCE FOR BACKUP", "`LOCK INSTANCE` would keep"),
        ("BACKUP STAGE START", "`BACKUP STAGE` would keep"),
        ("SET ROLE x", "`SET ROLE` is not allowed in a migration"),
        ("SELECT 1, release_all_locks()", "`RELEASE_ALL_LOCKS()` gives up the run's lock"),
    ]);
}

#[test]
fn settings_that_change_how_the_server_reads() {
    refused(&[
        ("SET sql_mode = 'STRICT_TRANS_TABLES,ansi_quotes'", "with `ANSI_QUOTES` the server would read"),
        ("SET SESSION sql_mode = ANSI", "with `ANSI` the server would read"),
        ("SET @@sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')", "with `NO_BACKSLASH_ESCAPES`"),
        ("SET GLOBAL sql_mode = \"ORACLE\"", "with `ORACLE`"),
        ("SET sql_mode = 4", "with `ANSI_QUOTES`"),
        ("SET STATEMENT sql_mode = 'ANSI_QUOTES' FOR SELECT 1", "with `ANSI_QUOTES`"),
        ("SET NAMES gbk", "the statements after it are always sent in UTF-8"),
        ("SET NAMES DEFAULT", "the statements after it"),
        ("SET CHARACTER SET 'latin1'", "the statements after it"),
        ("SET @a = 1, character_set_client = sjis", "the statements after it"),
    ]);
    let found = problems("SELECT 1;\nSET @a = 1,\n  sql_mode = 'ANSI_QUOTES';");
    assert!(
        found[0].contains("3 |   sql_mode = 'ANSI_QUOTES';\n  |   ^^^^^^^^^^^^^^^^^^^^^^^^"),
        "{}",
        found[0]
    );
    assert!(
        found[0].ends_with("help: remove it, and write names as `` `name` `` and strings as 'text'"),
        "{}",
        found[0]
    );
}

#[test]
fn lookalikes_pass() {
    for sql in [
        "BEGIN NOT ATOMIC SELECT 1; COMMIT; END",
        "CREATE PROCEDURE p() BEGIN START TRANSACTION; SET autocommit = 0; COMMIT; END",
        "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW IF NEW.x THEN SET NEW.commit = 1; END IF",
        "/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */; /*!40101 SET NAMES utf8mb4 COLLATE utf8mb4_bin */;",
        "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */; /*!40101 SET SQL_MODE=@OLD_SQL_MODE */;",
        "/*!40101 SET @saved_cs_client = @@character_set_client */; SET character_set_client = @saved_cs_client; SET NAMES 'utf8'",
        "SET @autocommit = 0, @x.sql_mode = 'ANSI_QUOTES'; SET sql_mode = 0; SET SESSION sql_mode = DEFAULT",
        "SET @old_ansi = 1; SET sql_mode = @old_ansi; SET FOREIGN_KEY_CHECKS = 0; SET DEFAULT ROLE x FOR y",
        "FLUSH TABLES; FLUSH PRIVILEGES; START SLAVE; SET PASSWORD FOR x = 'COMMIT'; SELECT RELEASE_LOCK('a')",
        "SELECT * FROM a LOCK IN SHARE MODE; SELECT 'COMMIT'; -- COMMIT\nSELECT `commit` FROM xa",
        "SET STATEMENT max_statement_time = 1 FOR SELECT 1",
        "SET session = 1, local = 2",
    ] {
        assert_eq!(problems(sql), Vec::<String>::new(), "{sql}");
    }
}
