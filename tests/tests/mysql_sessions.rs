//! Sessions of MySQL with settings of their own, which a run neither obeys nor changes, with each driver.

use gapless::{Error, Legacy, Locking, MigrationSet, Rollback, Version};
use gapless_tests::driver::{Driver, Mysql, MysqlAsync, SqlxMysql};
use gapless_tests::set::mysql_set as set;

/// The session is in no transaction: the statement fails in one.
fn assert_outside<D: Driver>(client: &mut D::Client, after: &str) {
    if let Err(error) = D::sql(client, "SET TRANSACTION READ WRITE") {
        panic!("{after} has left a transaction open: {error}");
    }
}

/// Each ending, by its name.
fn endings<D: Driver>(
    client: &mut D::Client,
    set: &MigrationSet,
    mut each: impl FnMut(&mut D::Client, &str, Option<Error>),
) {
    let tables = ["a"];
    let runner = || {
        let gorp = Legacy::sql_migrate("gorp_migrations");
        set.runner().adopt(gorp).reconcile([Version::new(9).expect("it is positive")], tables)
    };
    let ended = D::plan(client, runner()).err();
    each(client, "plan", ended);
    let ended = D::status(client, runner()).err();
    each(client, "status", ended);
    let ended = D::log(client, runner()).err();
    each(client, "log", ended);
    let ended = D::verify(client, runner()).err();
    each(client, "verify", ended.filter(|error| !error.is_pending()));
    let ended = D::plan_repair(client, runner()).err();
    each(client, "plan_repair", ended);
    // Some of these databases have nothing that can be rolled back.
    let _ = D::plan_rollback(client, runner(), Rollback::steps(1));
    each(client, "plan_rollback", None);
    let ended = D::run(client, runner()).err();
    each(client, "run", ended);
}

fn no_transaction_stays_open<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let set = set(&[
        ("1_a.up.sql", "CREATE TABLE a (n int);\n"),
        ("1_a.down.sql", "DROP TABLE a;\n"),
        ("2_b.up.sql", "INSERT INTO a VALUES (1);\n"),
        ("2_b.down.sql", "DELETE FROM a;\n"),
        ("9_c.up.sql", "CREATE TABLE c (n int);\n"),
        ("9_c.down.sql", "DROP TABLE c;\n"),
        ("renames.txt", "5_old -> 2_b\n"),
    ]);
    D::sql(&mut client, "SET autocommit = 0").unwrap();
    // With an empty database, with a migration that is pending, and with nothing to do.
    for prepare in
        ["CREATE TABLE beside (n int)", "DELETE FROM applied_migrations WHERE version = 2", "SELECT 1"]
    {
        D::sql(&mut client, prepare).unwrap();
        D::sql(&mut client, "COMMIT").unwrap();
        endings::<D>(&mut client, &set, |client, name, error| {
            assert!(error.is_none(), "{name} after {prepare}: {}", error.unwrap());
            assert_outside::<D>(client, name);
        });
        D::sql(&mut client, "DELETE FROM a").unwrap();
        D::sql(&mut client, "COMMIT").unwrap();
    }
    let round_trips = D::run(&mut client, set.runner()).unwrap().round_trips();
    assert_eq!((round_trips, D::sql(&mut client, "SELECT @@autocommit").unwrap()), (1, vec!["0".to_owned()]));
}

#[test]
fn no_transaction_stays_open_where_nothing_commits_by_itself() {
    no_transaction_stays_open::<Mysql>();
    no_transaction_stays_open::<MysqlAsync>();
    no_transaction_stays_open::<SqlxMysql>();
}

/// The caller's own transaction is refused, and goes on.
fn a_transaction_goes_on<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let set = set(&[("1_a.sql", "CREATE TABLE a (n int);\n")]);
    D::run(&mut client, set.runner()).unwrap();
    for begin in ["BEGIN", "SET autocommit = 0"] {
        D::sql(&mut client, begin).unwrap();
        D::sql(&mut client, "INSERT INTO a VALUES (1)").unwrap();
        assert!(D::run(&mut client, set.runner()).unwrap_err().to_string().contains("transaction"));
        // Reading the journal disturbs nothing.
        let _ = D::log(&mut client, set.runner());
        D::sql(&mut client, "COMMIT").unwrap();
    }
    assert_eq!(D::sql(&mut client, "SELECT count(*) FROM a").unwrap(), ["2"]);
}

#[test]
fn a_transaction_of_the_caller_goes_on() {
    a_transaction_goes_on::<Mysql>();
    a_transaction_goes_on::<MysqlAsync>();
    a_transaction_goes_on::<SqlxMysql>();
}

/// Settings that cut off what a session reads, or what it is told.
fn narrow<D: Driver>() {
    const NARROW: &str = "SELECT @@sql_select_limit, @@group_concat_max_len, @@sql_notes";
    let driver = D::fresh();
    let mut client = driver.connect();
    let file = "CREATE TABLE a (n int);\nCREATE TABLE b (n int);\nALTER TABLE a ADD COLUMN m int;\n";
    let files = [
        ("1_a.sql", file),
        ("2_b.sql", "INSERT INTO b VALUES (1);\n"),
        ("3_c.sql", "SET SESSION sql_notes = 1;\nCREATE TABLE c (n int);\n"),
        ("4_d.sql", "CREATE TABLE d (n int);\n"),
    ];
    let own = "SET SESSION sql_select_limit = 1, SESSION group_concat_max_len = 4, SESSION sql_notes = 0";
    D::sql(&mut client, own).unwrap();
    let before = D::sql(&mut client, NARROW).unwrap();
    let few = set(&files[..3]);
    assert_eq!(D::run(&mut client, few.runner()).unwrap().applied().len(), 3);
    assert_eq!(D::sql(&mut client, NARROW).unwrap(), before);
    // A set that is cut off would look as if migrations were missing.
    assert_eq!(D::plan(&mut client, few.runner()).unwrap().pending().len(), 0);
    let all = set(&files);
    assert_eq!(D::status(&mut client, all.runner()).unwrap().versions().len(), 4);
    assert_eq!(D::run(&mut client, all.runner()).unwrap().applied().len(), 1);
    assert!(D::log(&mut client, all.runner()).unwrap().entries().len() > 4);
    assert_eq!(D::sql(&mut client, NARROW).unwrap(), before);
}

#[test]
fn settings_that_cut_answers_off_cut_nothing_off() {
    narrow::<Mysql>();
    narrow::<MysqlAsync>();
    narrow::<SqlxMysql>();
}

/// No lock lasts until a transaction ends: one that is released at its own end would leave it unguarded.
#[test]
fn a_lock_inside_of_a_transaction_cannot_be_had() {
    let driver = Mysql::fresh();
    let mut client = driver.connect();
    let set = set(&[("1_a.sql", "CREATE TABLE a (n int);\n")]);
    let error = set.runner().locking(Locking::Transaction).run(&mut client).unwrap_err();
    assert_eq!(
        error.to_string(),
        "MySQL and MariaDB have no lock that a transaction holds, which `Locking::Transaction` asks for\n\
         help: use `Locking::Session`, and connect past a proxy that hands sessions on"
    );
    assert_eq!(Mysql::sql(&mut client, "SHOW TABLES").unwrap(), [""; 0]);
}
