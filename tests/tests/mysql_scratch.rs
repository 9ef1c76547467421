//! `dry_run_on`: DDL is tried on a scratch database with the schema of the other one.

use gapless_tests::driver::{Driver, Mysql};
use gapless_tests::set::mysql_set as set;

const SCHEMA: &str = "CREATE TABLE a (id INT PRIMARY KEY, n VARCHAR(20) NOT NULL, KEY n (n));\n\
    CREATE TABLE b (a INT NOT NULL, FOREIGN KEY (a) REFERENCES a (id) ON DELETE CASCADE);\n\
    CREATE VIEW z AS SELECT id FROM a;\nCREATE VIEW y AS SELECT id FROM z;\nCREATE VIEW x AS SELECT id FROM y;\n\
    CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2;\n\
    CREATE PROCEDURE fill() BEGIN INSERT INTO a (id, n) VALUES (twice(1), 'it''s'); END;\n\
    CREATE TRIGGER t BEFORE INSERT ON b FOR EACH ROW SET NEW.a = twice(NEW.a);\n\
    CREATE EVENT e ON SCHEDULE EVERY 1 SECOND DO DELETE FROM b;\nCALL fill();\n";

const GOOD: &str = "ALTER TABLE a ADD COLUMN c INT;\nCREATE OR REPLACE VIEW x AS SELECT id, c FROM a;\n\
                    ALTER EVENT e ON SCHEDULE EVERY 2 DAY;\nDROP TRIGGER t;\nCALL fill();\n";

fn rows(driver: &Mysql, sql: &str) -> Vec<String> {
    Mysql::sql(&mut driver.connect(), sql).unwrap_or_else(|error| panic!("{error}"))
}

/// A database with the first migration, and an empty one.
fn pair() -> (Mysql, Mysql) {
    let driver = Mysql::fresh();
    set(&[("1_schema.sql", SCHEMA)]).runner().run(&mut driver.connect()).unwrap();
    (driver, Mysql::fresh())
}

#[test]
fn ddl_is_tried_and_nothing_is_changed() {
    let (driver, scratch) = pair();
    let later = set(&[("1_schema.sql", SCHEMA), ("2_good.sql", GOOD), ("3_more.sql", "DROP TABLE b;")]);
    let dry = later.runner().dry_run_on(&mut driver.connect(), &mut scratch.connect()).unwrap();
    let tried: Vec<_> = dry.tried().iter().map(|tried| tried.version().number()).collect();
    assert_eq!((tried, dry.not_tried().len()), (vec![2, 3], 0));
    assert_eq!(rows(&driver, "SELECT version FROM applied_migrations"), ["1"]);
    let columns = "SELECT count(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = database() AND TABLE_NAME = 'a'";
    assert_eq!(
        (rows(&driver, columns), rows(&scratch, columns)),
        (vec!["2".to_owned()], vec!["3".to_owned()])
    );
    // No rows came along but the tracker's, and no event works there.
    assert_eq!(rows(&scratch, "SELECT count(*) FROM a"), ["1"]);
    let event = "SELECT STATUS FROM information_schema.EVENTS WHERE EVENT_SCHEMA = database()";
    assert_eq!(
        (rows(&driver, event), rows(&scratch, event)),
        (vec!["ENABLED".to_owned()], vec!["DISABLED".to_owned()])
    );
    let journal = "SELECT event FROM applied_migrations_journal WHERE version = 1 ORDER BY id LIMIT 1";
    assert_eq!(rows(&scratch, journal), ["started"]);
}

#[test]
fn the_first_failure_is_told_and_no_word_says_that_anything_stays() {
    let (driver, scratch) = pair();
    let bad = "ALTER TABLE a ADD COLUMN c INT;\nALTER TABLE a ADD COLUMN c INT;\n";
    let later = set(&[("1_schema.sql", SCHEMA), ("2_good.sql", "DROP TABLE b;"), ("3_bad.sql", bad)]);
    let error = later.runner().dry_run_on(&mut driver.connect(), &mut scratch.connect()).unwrap_err();
    let failure = error.failure().expect("a migration failed");
    assert_eq!((failure.version().number(), failure.statement()), (3, Some(2)), "{error}");
    assert!(error.applied().is_empty() && !error.to_string().contains("stay applied"), "{error}");
    assert_eq!(rows(&driver, "SELECT version FROM applied_migrations"), ["1"]);
}

#[test]
fn a_fresh_database_is_tried_too() {
    let (driver, scratch) = (Mysql::fresh(), Mysql::fresh());
    let first = set(&[("1_schema.sql", SCHEMA)]);
    let dry = first.runner().dry_run_on(&mut driver.connect(), &mut scratch.connect()).unwrap();
    assert_eq!(dry.tried().len(), 1);
    assert!(rows(&driver, "SHOW TABLES").is_empty());
    // With nothing pending, the scratch database is not asked for.
    first.runner().run(&mut driver.connect()).unwrap();
    let dry = first.runner().dry_run_on(&mut driver.connect(), &mut scratch.connect()).unwrap();
    assert!(dry.tried().is_empty());
}

#[test]
fn a_tracker_elsewhere_is_left_alone() {
    let (driver, scratch, tracker) = (Mysql::fresh(), Mysql::fresh(), Mysql::fresh());
    let (first, later) =
        (set(&[("1_schema.sql", SCHEMA)]), set(&[("1_schema.sql", SCHEMA), ("2_good.sql", GOOD)]));
    let elsewhere = tracker.0.name.clone();
    first.runner().schema(&elsewhere).run(&mut driver.connect()).unwrap();
    let runner = later.runner().schema(&elsewhere);
    let dry = runner.dry_run_on(&mut driver.connect(), &mut scratch.connect()).unwrap();
    assert_eq!(dry.tried().len(), 1);
    assert_eq!(rows(&tracker, "SELECT version FROM applied_migrations"), ["1"]);
    assert_eq!(rows(&scratch, "SELECT version FROM applied_migrations ORDER BY 1"), ["1", "2"]);
}

#[test]
fn a_scratch_database_that_cannot_serve_is_refused() {
    let (driver, scratch) = pair();
    let later = |sql: &str| set(&[("1_schema.sql", SCHEMA), ("2_later.sql", sql)]);
    let refused = |sql: &str, scratch: &Mysql| {
        let error = later(sql)
            .runner()
            .dry_run_on(&mut driver.connect(), &mut scratch.connect())
            .expect_err("it is refused");
        assert!(error.is_usage(), "{error}");
        error.to_string()
    };
    assert!(refused("DROP TABLE b", &Mysql(driver.0.clone())).contains("the same database"));
    let qualified = format!("ALTER TABLE {}.a ADD COLUMN c INT", driver.0.name.to_uppercase());
    assert!(refused(&qualified, &scratch).contains("2_later.sql names its database"));
    assert!(refused("USE test_0", &scratch).contains("2_later.sql names its database"));
    rows(&scratch, "CREATE TABLE mine (a INT)");
    assert!(refused("DROP TABLE b", &scratch).contains("is not empty"));
    let mut sqlite =
        [rusqlite::Connection::open_in_memory().unwrap(), rusqlite::Connection::open_in_memory().unwrap()];
    let [one, other] = &mut sqlite;
    let error =
        gapless_tests::set::set(&[("1_a.sql", "SELECT 1")]).runner().dry_run_on(one, other).unwrap_err();
    assert!(error.to_string().contains("use `dry_run`"), "{error}");
}
