//! Settings of a session of MySQL, which no rollback puts back: a run sets its own and those of a file, and returns the
//! caller's.

use gapless::{Code, MigrationSet, Runner, Version};
use gapless_tests::driver::{Driver, Mysql};
use gapless_tests::set::mysql_set as set;
use mysql::prelude::Queryable;

const SETTINGS: &str = "SELECT @@lock_wait_timeout, @@innodb_lock_wait_timeout, @@autocommit, \
     /*M!100600 @@max_statement_time */ /*!80000 @@max_execution_time */, @@foreign_key_checks, @@sql_mode, database()";

const OWN: &str = "SET lock_wait_timeout = 77, innodb_lock_wait_timeout = 33, \
     /*M!100600 max_statement_time = 9 */ /*!80000 max_execution_time = 9000 */, autocommit = 0";

/// Runs it on a session with settings of its own, and compares them.
fn returns_settings(set: &MigrationSet, prepare: impl for<'a> Fn(Runner<'a>) -> Runner<'a>) {
    for own in ["", "SET lock_wait_timeout = 2", OWN] {
        let driver = Mysql::fresh();
        let mut client = driver.connect();
        if !own.is_empty() {
            Mysql::sql(&mut client, own).unwrap();
        }
        let before = Mysql::sql(&mut client, SETTINGS).unwrap();
        // The caller's own transaction is not the run's.
        Mysql::sql(&mut client, "COMMIT").unwrap();
        let result = prepare(set.runner()).run(&mut client);
        let message = result.map_or_else(|error| error.to_string(), |report| report.to_string());
        assert_eq!(Mysql::sql(&mut client, SETTINGS).unwrap(), before, "{message}");
    }
}

const SCRIPT: &str = "-- gapless: lock-timeout 3s\n-- gapless: statement-timeout 20s\nCREATE TABLE t (a INT);\n\
     SET foreign_key_checks = 0, sql_mode = '';\nINSERT INTO t VALUES (1);\nCREATE TABLE u (a INT);\n";

#[test]
fn a_run_returns_the_settings_of_the_session() {
    for second in ["INSERT INTO t VALUES (2);\n", "CREATE TABLE v (a INT);\n", "CREATE TABLE t (a INT);\n"] {
        returns_settings(&set(&[("1_a.sql", SCRIPT), ("2_b.sql", second)]), |runner| runner);
    }
    let code =
        set(&[("1_a.sql", SCRIPT), ("2_b.up.sql", "-- gapless: rust\n-- gapless: no-transaction\n-- Code.")]);
    returns_settings(&code, |runner| {
        let code = Code::mysql_no_transaction(|client| Ok(client.query_drop("SET lock_wait_timeout = 12")?));
        runner.code(Version::new(2).unwrap(), code)
    });
}

#[test]
fn without_the_lock_too() {
    for second in ["INSERT INTO t VALUES (2);\n", "CREATE TABLE v (a INT);\n", "CREATE TABLE t (a INT);\n"] {
        let set = set(&[("1_a.sql", SCRIPT), ("2_b.sql", second)]);
        returns_settings(&set, |runner| runner.locking(gapless::Locking::None));
    }
}

/// The first file has its own, the second the run's, the third none: then a statement waits for a table for a moment, and
/// for a row as long as the session says.
#[test]
fn a_timeout_holds_for_each_statement_of_its_file_and_for_no_other() {
    let look = "INSERT INTO seen SELECT @@lock_wait_timeout, @@innodb_lock_wait_timeout, \
         /*M!100600 @@max_statement_time */ /*!80000 @@max_execution_time / 1000 */;\n";
    let before = "CREATE TABLE seen (tables INT, row_locks INT, statement INT);\n";
    let own = format!(
        "-- gapless: lock-timeout 3s\n-- gapless: statement-timeout 20s\n{look}CREATE TABLE a (a INT);\n{look}"
    );
    let rows = format!("-- gapless: lock-timeout 4s\n{look}{look}");
    let none = format!("{look}CREATE TABLE b (a INT);\n{look}");
    let set =
        set(&[("1_before.sql", before), ("2_own.sql", &own), ("3_rows.sql", &rows), ("4_none.sql", &none)]);
    for locking in [gapless::Locking::Session, gapless::Locking::None] {
        let driver = Mysql::fresh();
        let mut client = driver.connect();
        Mysql::sql(&mut client, "SET innodb_lock_wait_timeout = 33").unwrap();
        set.runner().locking(locking).run(&mut client).unwrap();
        let seen = Mysql::sql(&mut client, "SELECT * FROM seen").unwrap();
        assert_eq!(seen, ["3|3|20", "3|3|20", "4|4|0", "4|4|0", "5|33|0", "5|33|0"], "{locking:?}");
    }
}
