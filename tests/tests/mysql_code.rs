//! Migrations in Rust on MySQL, with each client that runs them.

use gapless::{Code, Error, MigrationSet, Resolution, Version};
use gapless_tests::driver::{Driver, Mysql, MysqlAsync, Sqlx};
use gapless_tests::set::set;
use mysql::prelude::Queryable as _;
use mysql_async::prelude::Queryable as _;

const CODE: Version = Version::new(2).unwrap();
const ROWS: &str = "SELECT version, name FROM applied_migrations ORDER BY version";

fn with_code(outside: bool) -> MigrationSet {
    let outside = if outside { "-- gapless: no-transaction\n" } else { "" };
    set(&[("1_a.sql", "CREATE TABLE a (id int);"), ("2_fill.sql", &format!("-- gapless: rust\n{outside}"))])
}

/// Code of each client outside of a transaction, which sends these messages.
fn outside_of_mysql(messages: &'static [&'static str]) -> Code {
    Code::mysql_no_transaction(move |client| {
        Ok(messages.iter().try_for_each(|sql| client.query_drop(sql))?)
    })
}

fn outside_of_mysql_async(messages: &'static [&'static str]) -> Code {
    Code::mysql_async_no_transaction(move |client| {
        Box::pin(async move {
            for sql in messages {
                client.query_drop(*sql).await?;
            }
            Ok(())
        })
    })
}

fn run<D: Driver>(client: &mut D::Client, set: &MigrationSet, code: Code) -> Result<usize, Error> {
    D::run(client, set.runner().code(CODE, code)).map(|report| report.applied().len())
}

fn outside<D: Driver>(code: fn(&'static [&'static str]) -> Code) {
    let set = with_code(true);
    let driver = D::fresh();
    let mut client = driver.connect();
    let work = &[
        "CREATE TABLE b (id int)",
        "SET SESSION sql_mode = ''",
        "START TRANSACTION",
        "INSERT INTO a VALUES (1)",
        "COMMIT",
    ];
    let mode = D::sql(&mut client, "SELECT @@sql_mode").unwrap();
    assert_eq!(run::<D>(&mut client, &set, code(work)).unwrap(), 2);
    assert_eq!(D::sql(&mut client, "SELECT @@sql_mode").unwrap(), mode);
    assert_eq!(D::sql(&mut client, "SELECT count(*) FROM a JOIN b").unwrap(), ["0"]);
    assert_eq!(D::sql(&mut client, "SELECT id FROM a").unwrap(), ["1"]);

    let driver = D::fresh();
    let mut client = driver.connect();
    let error =
        run::<D>(&mut client, &set, code(&["START TRANSACTION", "INSERT INTO a VALUES (1)"])).unwrap_err();
    assert!(error.to_string().contains("left a transaction open"), "{error}");
    assert_eq!(D::sql(&mut client, "SELECT count(*) FROM a").unwrap(), ["0"]);
    assert!(run::<D>(&mut client, &set, code(&[])).unwrap_err().is_interrupted());
    let runner =
        set.runner().code(CODE, code(&["INSERT INTO a VALUES (2)"])).resolve(CODE, Resolution::Retry);
    assert_eq!(D::run(&mut client, runner).unwrap().applied().len(), 1);
    assert_eq!(D::sql(&mut client, ROWS).unwrap(), ["1|a", "2|fill"]);
}

#[test]
fn code_runs_outside_of_a_transaction() {
    outside::<Mysql>(outside_of_mysql);
    outside::<MysqlAsync>(outside_of_mysql_async);
}

/// A definition commits the record with it, before the code has come to its end.
fn defining<D: Driver>() {
    let set = with_code(false);
    let driver = D::fresh();
    let mut client = driver.connect();
    let code = D::code("CREATE TABLE b (id int)", None).unwrap();
    let error = run::<D>(&mut client, &set, code).unwrap_err();
    assert!(error.to_string().contains("the code has ended the migration's transaction"), "{error}");
    assert!(error.to_string().contains("is committed, and so is its record"), "{error}");
    assert_eq!(D::sql(&mut client, ROWS).unwrap(), ["1|a", "2|fill"]);
    // Another transaction is none of ours.
    let driver = D::fresh();
    let mut client = driver.connect();
    let code = D::code("COMMIT; START TRANSACTION", None).unwrap();
    let error = run::<D>(&mut client, &set, code).unwrap_err();
    assert!(error.to_string().contains("the code has ended the migration's transaction"), "{error}");
}

#[test]
fn code_that_ends_its_transaction_is_found_out() {
    defining::<Mysql>();
    defining::<MysqlAsync>();
}

/// Fails twice with a deadlock, as the server says it.
#[test]
fn code_is_tried_again_after_a_deadlock() {
    let deadlock = "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'deadlock'";
    let mut tries = 0;
    let blocking = Code::mysql(move |transaction| {
        tries += 1;
        Ok(transaction.query_drop(if tries < 3 { deadlock } else { "INSERT INTO a VALUES (1)" })?)
    });
    let mut tries = 0;
    let asynchronous = Code::mysql_async(move |transaction| {
        tries += 1;
        let sql = if tries < 3 { deadlock } else { "INSERT INTO a VALUES (1)" };
        Box::pin(async move { Ok(transaction.query_drop(sql).await?) })
    });
    let driver = Mysql::fresh();
    assert_eq!(run::<Mysql>(&mut driver.connect(), &with_code(false), blocking).unwrap(), 2);
    let driver = MysqlAsync::fresh();
    assert_eq!(run::<MysqlAsync>(&mut driver.connect(), &with_code(false), asynchronous).unwrap(), 2);
}

#[test]
fn a_connection_that_code_loses_is_reported() {
    let blocking = Code::mysql(|transaction| Ok(transaction.query_drop("KILL connection_id()")?));
    let asynchronous = Code::mysql_async(|transaction| {
        Box::pin(async { Ok(transaction.query_drop("KILL connection_id()").await?) })
    });
    let driver = Mysql::fresh();
    let error = run::<Mysql>(&mut driver.connect(), &with_code(false), blocking).unwrap_err();
    assert!(error.is_connection(), "{error}");
    let driver = MysqlAsync::fresh();
    let error = run::<MysqlAsync>(&mut driver.connect(), &with_code(false), asynchronous).unwrap_err();
    assert!(error.is_connection(), "{error}");
}

#[test]
fn code_for_another_client_is_an_error_before_anything() {
    let asynchronous = || Code::mysql_async(|_| Box::pin(async { Ok(()) }));
    let (driver, other, third) = (Mysql::fresh(), MysqlAsync::fresh(), Sqlx::fresh());
    let set = with_code(false);
    for error in [
        run::<Mysql>(&mut driver.connect(), &set, asynchronous()).unwrap_err(),
        run::<MysqlAsync>(&mut other.connect(), &set, Code::mysql(|_| Ok(()))).unwrap_err(),
        run::<Sqlx>(&mut third.connect(), &set, asynchronous()).unwrap_err(),
    ] {
        assert!(error.is_usage() && error.applied().is_empty(), "{error}");
        assert!(error.to_string().starts_with("the code of version 2 is for `mysql"), "{error}");
    }
    let own = Code::for_client("mysql_async::Conn", |_: &mut mysql_async::Conn| Ok(()));
    let error = run::<MysqlAsync>(&mut other.connect(), &set, own).unwrap_err();
    assert!(error.to_string().contains("`Code::mysql_async`"), "{error}");
}
