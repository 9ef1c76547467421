//! Statements of MySQL that may commit by themselves before they fail, or before the server ends: procedures, and what
//! executes them.

use std::thread;
use std::time::Duration;

use gapless::engine::{Call, Dialect, ResultSet};
use gapless::{Connection, Error, ExchangeError, MigrationSet, Report, Resolution, Version};
use gapless_tests::driver::{Driver, Mysql};
use gapless_tests::mysql_server::server;
use gapless_tests::set::mysql_set as set;

/// `breaks` commits its row and fails then, `refuses` fails before it has committed anything.
const BEFORE: &str = "CREATE TABLE log (a INT);\n\
     CREATE PROCEDURE works() BEGIN INSERT INTO log VALUES (1); COMMIT; END;\n\
     CREATE PROCEDURE breaks() BEGIN CALL works(); SIGNAL SQLSTATE '45000'; END;\n\
     CREATE PROCEDURE refuses() BEGIN INSERT INTO log VALUES (1); SIGNAL SQLSTATE '45000'; END;\n";

const SECOND: Version = Version::new(2).unwrap();

fn of(script: &str) -> MigrationSet {
    set(&[("1_before.sql", BEFORE), ("2_script.sql", script), ("3_after.sql", "CREATE TABLE after (a INT);")])
}

fn before() -> MigrationSet {
    set(&[("1_before.sql", BEFORE)])
}

fn run(driver: &Mysql, set: &MigrationSet) -> Result<Report, Error> {
    set.runner().run(&mut driver.connect())
}

fn rows(driver: &Mysql, sql: &str) -> Vec<String> {
    Mysql::sql(&mut driver.connect(), sql).unwrap_or_else(|error| panic!("{error}"))
}

/// The ways to a procedure; `{}` is its name.
const WAYS: [&str; 5] = [
    "CALL {}()",
    "EXECUTE IMMEDIATE 'CALL {}()'",
    "BEGIN NOT ATOMIC CALL {}(); END",
    "PREPARE s FROM 'CALL {}()';\nEXECUTE s",
    "SET @s = 'CALL {}()';\nPREPARE s FROM @s;\nEXECUTE s",
];

/// MySQL has no blocks outside of routines, and prepares before it executes.
fn is_known(way: &str) -> bool {
    server().is_mariadb() || !(way.contains("NOT ATOMIC") || way.contains("IMMEDIATE"))
}

#[test]
fn what_committed_before_it_failed_is_not_repeated() {
    for way in WAYS.into_iter().filter(|way| is_known(way)) {
        for first in ["", "CREATE TABLE first (a INT);\n"] {
            let script = format!("{first}{};\nCREATE TABLE last (a INT);\n", way.replace("{}", "breaks"));
            let (driver, set) = (Mysql::fresh(), of(&script));
            let error = run(&driver, &set).unwrap_err();
            assert!(error.to_string().contains("committed a part"), "{script}: {error}");
            let error = run(&driver, &set).unwrap_err();
            assert!(error.is_interrupted(), "{script}: {error}");
            assert_eq!(rows(&driver, "SELECT count(*) FROM log"), ["1"], "{script}");
        }
    }
}

#[test]
fn what_failed_before_it_committed_is_tried_again() {
    for way in WAYS.into_iter().filter(|way| is_known(way)) {
        let script = format!("{};\nCREATE TABLE last (a INT);\n", way.replace("{}", "refuses"));
        let (driver, set) = (Mysql::fresh(), of(&script));
        let error = run(&driver, &set).unwrap_err();
        assert!(!error.to_string().contains("committed a part"), "{script}: {error}");
        assert_eq!(rows(&driver, "SELECT count(*) FROM log"), ["0"], "{script}");
        rows(&driver, "DROP PROCEDURE refuses");
        rows(&driver, "CREATE PROCEDURE refuses() INSERT INTO log VALUES (2)");
        run(&driver, &set).unwrap_or_else(|error| panic!("{script}: {error}"));
        assert_eq!(rows(&driver, "SELECT a FROM log"), ["2"], "{script}");
    }
}

/// A connection that is lost behind this text in a message, with what the server has not committed.
struct Crashing {
    client: Option<mysql::Conn>,
    behind: String,
}

impl Connection for Crashing {
    fn dialect(&self) -> &'static dyn Dialect {
        &gapless::engine::Mysql
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        let Some(client) = &mut self.client else { return Err(ExchangeError::Lost("gone".into())) };
        let Some(found) = message.find(&self.behind) else { return client.exchange(message) };
        client.exchange(&message[..found + self.behind.len()])?;
        self.client = None;
        Err(ExchangeError::Lost("the server is gone".into()))
    }

    fn call(&mut self, _: &mut Call) -> Result<Vec<ResultSet>, ExchangeError> {
        Err(ExchangeError::Lost("no code here".into()))
    }
}

#[test]
fn what_committed_before_a_crash_is_not_repeated() {
    for way in WAYS.into_iter().filter(|way| is_known(way)) {
        let statement = way.replace("{}", "works") + ";";
        let (driver, set) = (Mysql::fresh(), of(&format!("{statement}\nCREATE TABLE last (a INT);\n")));
        let behind = statement.rsplit('\n').next().unwrap_or_default().to_owned();
        run(&driver, &before()).unwrap();
        let mut client = Crashing { client: Some(driver.connect()), behind };
        set.runner().run(&mut client).unwrap_err();
        assert!(client.client.is_none(), "{statement}");
        let error = run(&driver, &set).unwrap_err();
        assert!(error.is_interrupted(), "{statement}: {error}");
        assert_eq!(rows(&driver, "SELECT count(*) FROM log"), ["1"], "{statement}");
        let number =
            if statement.contains("@s") { 4 } else { 2 + usize::from(statement.contains("PREPARE")) };
        let resolved = set.runner().resolve(SECOND, Resolution::RetryFrom(number)).run(&mut driver.connect());
        resolved.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

/// The definitions that the catalog shows are decided by it, also where they are executed.
#[test]
fn an_executed_definition_is_decided_by_the_catalog() {
    let ways = [
        "EXECUTE IMMEDIATE 'ALTER TABLE log ADD b INT'",
        "PREPARE s FROM 'ALTER TABLE log ADD b INT';\nEXECUTE s",
        "SET @s = if(1 = 1, 'ALTER TABLE log ADD b INT', 'SELECT 1');\nPREPARE s FROM @s;\nEXECUTE s",
    ];
    for way in ways.into_iter().filter(|way| is_known(way)) {
        let (driver, set) = (Mysql::fresh(), of(&format!("{way};\nCREATE TABLE last (a INT);\n")));
        let behind = way.rsplit('\n').next().unwrap_or_default().to_owned() + ";";
        let mut client = Crashing { client: Some(driver.connect()), behind };
        set.runner().run(&mut client).unwrap_err();
        assert!(client.client.is_none(), "{way}");
        run(&driver, &set).unwrap_or_else(|error| panic!("{way}: {error}"));
    }
}

/// It commits the row of its beginning, waits for the table, and gives up.
#[test]
fn an_executed_definition_that_gives_up_its_lock_is_tried_again() {
    let ways = [
        "EXECUTE IMMEDIATE 'ALTER TABLE log ADD b INT'",
        "SET @s = 'ALTER TABLE log ADD b INT';\nPREPARE s FROM @s;\nEXECUTE s",
    ];
    for way in ways.into_iter().filter(|way| is_known(way)) {
        let driver = Mysql::fresh();
        run(&driver, &before()).unwrap();
        let mut reader = driver.connect();
        Mysql::sql(&mut reader, "START TRANSACTION; SELECT * FROM log").unwrap();
        let script = format!("-- gapless: lock-timeout 1s\n{way};\nCREATE TABLE last (a INT);\n");
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(2500));
                drop(reader);
            });
            run(&driver, &of(&script)).unwrap_or_else(|error| panic!("{way}: {error}"));
        });
    }
}
