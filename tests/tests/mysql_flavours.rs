//! Habits of single servers of MySQL and MariaDB that must not show.

use gapless::{Code, Version};
use gapless_tests::driver::{Driver, Mysql};
use gapless_tests::set::mysql_set as set;
use mysql::prelude::Queryable;

const BODY: &str = "CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2";

/// MySQL keeps the semicolon behind a body in a longer message.
#[test]
fn a_body_is_the_same_however_it_was_sent() {
    let all = set(&[
        ("1_twice.sql", "-- gapless: rust\n-- gapless: no-transaction\n"),
        ("1_base.baseline.sql", &format!("{BODY};\n")),
    ]);
    let code = Code::mysql_no_transaction(|client| Ok(client.query_drop(BODY)?));
    let (one, other) = (Mysql::fresh(), Mysql::fresh());
    let runner = all.runner().code(Version::from(1), code);
    runner.verify_baseline(&mut one.connect(), &mut other.connect()).unwrap();
}

/// A value that is missing is no error in such a session, except in the guards of the journal.
#[test]
fn a_session_that_takes_anything_is_guarded_too() {
    let driver = Mysql::fresh();
    let mut client = driver.connect();
    client.query_drop("SET sql_mode = ''").unwrap();
    set(&[("1_a.sql", "CREATE TABLE a (n INT);")]).runner().run(&mut client).unwrap();
    let all = set(&[
        ("1_a.sql", "CREATE TABLE a (n INT);"),
        ("2_b.sql", "INSERT INTO a VALUES (1);\nDELETE FROM applied_migrations;\n"),
    ]);
    let error = all.runner().run(&mut client).unwrap_err();
    assert_eq!(error.failure().map(|failure| failure.version()), Some(Version::from(2)), "{error}");
    let rows =
        Mysql::sql(&mut client, "SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM applied_migrations)");
    assert_eq!(rows.unwrap(), ["0|1"]);
}
