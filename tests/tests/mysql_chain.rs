//! Many migrations in one message on MariaDB, and an error anywhere in it.

use gapless::engine::{Call, DbError, Dialect, ResultSet};
use gapless::{CancellationToken, Connection, ExchangeError, MigrationSet};
use gapless_tests::driver::{Driver, Mysql};
use gapless_tests::set::mysql_set as set;

/// A connection on which somebody cancels the first message with this text, before the statement that has it.
struct Cancelling {
    client: mysql::Conn,
    at: &'static str,
    token: CancellationToken,
}

impl Cancelling {
    fn new(driver: &Mysql, at: &'static str) -> Cancelling {
        Cancelling { client: driver.connect(), at, token: CancellationToken::new() }
    }
}

impl Connection for Cancelling {
    fn dialect(&self) -> &'static dyn Dialect {
        &gapless::engine::Mysql
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        let Some(found) = message.find(self.at).filter(|_| !self.token.is_cancelled()) else {
            return self.client.exchange(message);
        };
        self.token.cancel();
        let end = message[..found].rfind(";\n").map_or(0, |end| end + 2);
        if end > 0 {
            self.client.exchange(&message[..end])?;
        }
        let (code, message) = ("1317".to_owned(), "Query execution was interrupted".to_owned());
        Err(ExchangeError::Database(Box::new(DbError { code, message, ..DbError::default() })))
    }

    fn call(&mut self, _: &mut Call) -> Result<Vec<ResultSet>, ExchangeError> {
        Err(ExchangeError::Lost("no code here".into()))
    }
}

fn rows(driver: &Mysql, sql: &str) -> Vec<String> {
    Mysql::sql(&mut driver.connect(), sql).unwrap_or_else(|error| panic!("{error}"))
}

fn three() -> MigrationSet {
    set(&[
        ("1_a.sql", "CREATE TABLE a (a INT);\nINSERT INTO a VALUES (1);\n"),
        ("2_b.sql", "INSERT INTO a VALUES (2);\n"),
        ("3_c.sql", "CREATE TABLE c (a INT);\nINSERT INTO a VALUES (3);\n"),
    ])
}

#[test]
fn an_error_behind_the_last_migration_is_not_its_own() {
    let (driver, set) = (Mysql::fresh(), three());
    for at in ["SET lock_wait_timeout = 86400", "release_lock("] {
        let driver = if at.starts_with("SET") { &driver } else { &Mysql::fresh() };
        let mut client = Cancelling::new(driver, at);
        let token = client.token.clone();
        let report =
            set.runner().cancel_on(&token).run(&mut client).unwrap_or_else(|error| panic!("{at}: {error}"));
        assert!(token.is_cancelled(), "no message holds {at}");
        assert_eq!(report.applied().len(), 3, "{at}");
        let failed = "SELECT count(*) FROM applied_migrations_journal WHERE event = 'failed'";
        assert_eq!(rows(driver, failed), ["0"], "{at}");
        // It has given back what it had.
        let held = "SELECT count(*) FROM information_schema.PROCESSLIST \
                    WHERE DB = database() AND is_used_lock(concat('gapless session ', ID)) IS NOT NULL";
        assert_eq!(rows(driver, held), ["0"], "{at}");
        let wait = Mysql::sql(&mut client.client, "SELECT @@lock_wait_timeout").unwrap();
        assert_eq!(wait, ["86400"], "{at}");
    }
}

/// A pooler that hands the session on for the first message with this text.
struct HandingOn {
    client: mysql::Conn,
    other: mysql::Conn,
    at: &'static str,
}

impl Connection for HandingOn {
    fn dialect(&self) -> &'static dyn Dialect {
        &gapless::engine::Mysql
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        let handed_on = !self.at.is_empty() && message.contains(self.at);
        if handed_on {
            self.at = "";
        }
        if handed_on { self.other.exchange(message) } else { self.client.exchange(message) }
    }

    fn call(&mut self, _: &mut Call) -> Result<Vec<ResultSet>, ExchangeError> {
        Err(ExchangeError::Lost("no code here".into()))
    }
}

/// The session still has the place that the message of an earlier run came to.
#[test]
fn the_place_of_an_earlier_message_does_not_count() {
    let driver = Mysql::fresh();
    let mut client = HandingOn { client: driver.connect(), other: driver.connect(), at: "" };
    let first = set(&[("1_a.sql", "CREATE TABLE a (a INT);\n")]);
    first.runner().run(&mut client).unwrap();
    let second = set(&[("1_a.sql", "CREATE TABLE a (a INT);\n"), ("2_b.sql", "CREATE TABLE b (a INT);\n")]);
    for at in ["CREATE TABLE b", "CREATE TABLE b", ""] {
        client.at = at;
        let result = second.runner().run(&mut client);
        let recorded = rows(&driver, "SELECT count(*) FROM applied_migrations");
        match result {
            Ok(report) => {
                assert!(at.is_empty(), "{report}");
                assert_eq!((report.applied().len(), recorded), (1, vec!["2".to_owned()]));
            }
            Err(error) => {
                assert!(error.is_pooler(), "{error}");
                assert_eq!(recorded, ["1"]);
            }
        }
    }
}
