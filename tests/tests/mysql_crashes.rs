//! Crashes in the middle of a message, on MariaDB: what the server had committed stays, everything else is gone. The next
//! run finds out from the journal and the catalog what became of the statement.

use gapless::{MigrationSet, Report};
use gapless_tests::crashing::{Crash, Crashing};
use gapless_tests::driver::{Driver, Mysql};
use gapless_tests::set::mysql_set as set;

fn crash(driver: &Mysql, set: &MigrationSet, at: &'static str, crash: Crash) {
    let mut client = Crashing::new(driver.connect(), at, crash);
    let ended = set.runner().run(&mut client);
    assert!(client.has_crashed(), "no message holds {at}: {ended:?}");
}

fn run(driver: &Mysql, set: &MigrationSet) -> Result<Report, gapless::Error> {
    set.runner().lock_wait(std::time::Duration::from_millis(500)).run(&mut driver.connect())
}

fn rows(driver: &Mysql, sql: &str) -> Vec<String> {
    Mysql::sql(&mut driver.connect(), sql).unwrap_or_else(|error| panic!("{error}"))
}

/// Everything that a database of this set's making holds.
fn dump(driver: &Mysql) -> Vec<String> {
    let tables = rows(
        driver,
        "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = database() \
         AND TABLE_NAME NOT LIKE 'applied%' ORDER BY 1",
    );
    let columns = "SELECT concat(TABLE_NAME, '.', COLUMN_NAME, ' ', COLUMN_TYPE) FROM information_schema.COLUMNS \
                   WHERE TABLE_SCHEMA = database() AND TABLE_NAME NOT LIKE 'applied%' ORDER BY 1";
    let indexes = "SELECT concat(TABLE_NAME, '.', INDEX_NAME, ' ', COLUMN_NAME) FROM information_schema.STATISTICS \
                   WHERE TABLE_SCHEMA = database() AND TABLE_NAME NOT LIKE 'applied%' ORDER BY 1";
    let others = "SELECT concat('routine ', ROUTINE_NAME) FROM information_schema.ROUTINES \
                  WHERE ROUTINE_SCHEMA = database() UNION ALL SELECT concat('trigger ', TRIGGER_NAME) \
                  FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = database() ORDER BY 1";
    let mut dump: Vec<_> = [columns, indexes, others].iter().flat_map(|sql| rows(driver, sql)).collect();
    for table in tables {
        dump.extend(rows(driver, &format!("SELECT concat('{table}: ', count(*)) FROM `{table}`")));
    }
    dump
}

const BEFORE: &str = "CREATE TABLE t (a INT PRIMARY KEY, b INT, KEY i (b));\nCREATE TABLE u (a INT);\n\
                      CREATE PROCEDURE old() SELECT 1;\nINSERT INTO t VALUES (1, 1);\n";

/// Statements whose outcome the catalog or the transaction shows.
const DECIDED: [&str; 18] = [
    "CREATE TABLE n (a INT)",
    "ALTER TABLE t ADD COLUMN c INT",
    "ALTER TABLE t DROP COLUMN b",
    "ALTER TABLE t RENAME TO t2",
    "ALTER TABLE t MODIFY b BIGINT",
    "CREATE INDEX n ON t (b, a)",
    "DROP INDEX i ON t",
    "RENAME TABLE t TO t_old, u TO t",
    "DROP TABLE u",
    "CREATE VIEW v AS SELECT a FROM t",
    "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET NEW.b = 1",
    "CREATE PROCEDURE p() BEGIN INSERT INTO u VALUES (1); INSERT INTO u VALUES (2); END",
    "DROP PROCEDURE old",
    "INSERT INTO u VALUES (1), (2)",
    "EXECUTE s",
    "EXECUTE d",
    "CALL fill()",
    "DROP TABLE gone1, gone2",
];

fn migrations(statement: &str) -> MigrationSet {
    let before = format!(
        "{BEFORE}CREATE PROCEDURE fill() INSERT INTO u VALUES (7);\nCREATE TABLE gone1 (a INT);\n\
         CREATE TABLE gone2 (a INT);\n"
    );
    let script = format!(
        "CREATE TABLE first (a INT);\nPREPARE s FROM 'CREATE TABLE executed (a INT)';\n\
         PREPARE d FROM 'INSERT INTO u VALUES (3)';\nINSERT INTO first VALUES (1);\n{statement};\n\
         INSERT INTO first VALUES (2);\nCREATE TABLE last (a INT);\n"
    );
    set(&[
        ("1_before.sql", &before),
        ("2_crash.sql", &script),
        ("3_after.sql", "CREATE TABLE after (a INT);"),
    ])
}

#[test]
fn a_statement_before_or_behind_which_the_server_ends_takes_effect_once() {
    for statement in DECIDED {
        let set = migrations(statement);
        let clean = Mysql::fresh();
        run(&clean, &set).unwrap();
        let expected = dump(&clean);
        for side in [Crash::Before, Crash::Behind] {
            let driver = Mysql::fresh();
            let at: &'static str = format!("{statement};").leak();
            crash(&driver, &set, at, side);
            run(&driver, &set).unwrap_or_else(|error| panic!("{statement}, {side:?}: {error}"));
            assert_eq!(dump(&driver), expected, "{statement}, {side:?}");
        }
    }
}

/// Behind the row of its end, nothing is in doubt either.
#[test]
fn a_crash_between_two_statements_is_none_in_doubt() {
    let set = migrations("ALTER TABLE t ADD COLUMN c INT");
    let clean = Mysql::fresh();
    run(&clean, &set).unwrap();
    for at in ["INSERT INTO first VALUES (1);", "INSERT INTO first VALUES (2);", "CREATE TABLE last (a INT);"]
    {
        for side in [Crash::Before, Crash::Behind] {
            let driver = Mysql::fresh();
            crash(&driver, &set, at, side);
            run(&driver, &set).unwrap_or_else(|error| panic!("{at}, {side:?}: {error}"));
            assert_eq!(dump(&driver), dump(&clean), "{at}, {side:?}");
        }
    }
}

/// A second crash comes while the first is being cleared up: the sums of before the first still count.
#[test]
fn two_crashes_in_a_row_are_told_apart() {
    let statement = "ALTER TABLE t ADD COLUMN c INT";
    let set = migrations(statement);
    for side in [Crash::Before, Crash::Behind] {
        let driver = Mysql::fresh();
        crash(&driver, &set, "ALTER TABLE t ADD COLUMN c INT;", side);
        // The second try has begun, and has not asked the catalog.
        crash(&driver, &set, "SELECT 't', CASE", Crash::Before);
        // It has asked, and what it found is not journaled.
        let next =
            if side == Crash::Before { "ALTER TABLE t ADD COLUMN c INT" } else { "'statement', 3, 5, " };
        crash(&driver, &set, next, Crash::Before);
        run(&driver, &set).unwrap_or_else(|error| panic!("{side:?}: {error}"));
    }
}

/// A release that lacks the migration in doubt changes the same table: what the catalog shows may be its work.
#[test]
fn changes_of_another_migration_decide_nothing() {
    let doubtful = ("2_doubtful.sql", "ALTER TABLE t ADD COLUMN c INT;\n");
    let other = ("3_other.sql", "CREATE INDEX n ON t (b, a);\n");
    let before = ("1_before.sql", BEFORE);
    for side in [Crash::Before, Crash::Behind] {
        let driver = Mysql::fresh();
        run(&driver, &set(&[before])).unwrap();
        crash(&driver, &set(&[before, doubtful]), "ADD COLUMN c INT;", side);
        run(&driver, &set(&[before, other])).unwrap();
        let both = set(&[before, doubtful, other]);
        let error = run(&driver, &both).unwrap_err();
        assert!(error.is_interrupted(), "{side:?}: {error}");
        assert_eq!(rows(&driver, "SELECT count(*) FROM applied_migrations WHERE version = 2"), ["0"]);
    }
    // A table that comes or goes whole is another matter, and so is one that looks as it did.
    for (doubtful, other) in [
        ("CREATE TABLE n (a INT);\n", "ALTER TABLE t ADD COLUMN c INT;\n"),
        ("ALTER TABLE t ADD COLUMN c INT;\n", "ALTER TABLE u ADD COLUMN c INT;\n"),
    ] {
        let driver = Mysql::fresh();
        run(&driver, &set(&[before])).unwrap();
        let doubtful = ("2_doubtful.sql", doubtful);
        crash(&driver, &set(&[before, doubtful]), doubtful.1.trim_end(), Crash::Before);
        run(&driver, &set(&[before, ("3_other.sql", other)])).unwrap();
        run(&driver, &set(&[before, doubtful, ("3_other.sql", other)])).unwrap();
    }
}

#[test]
fn what_nothing_shows_stops_for_a_person() {
    for (statement, side, why) in [
        ("TRUNCATE t", Crash::Behind, "left no outcome"),
        ("TRUNCATE t", Crash::Before, "left no outcome"),
        ("RENAME TABLE t TO x, u TO t, x TO u", Crash::Behind, "left no outcome"),
        ("CREATE TABLE n AS SELECT 1 AS a", Crash::Behind, "left no outcome"),
    ] {
        let set = migrations(statement);
        let driver = Mysql::fresh();
        crash(&driver, &set, format!("{statement};").leak(), side);
        let error = run(&driver, &set).unwrap_err();
        assert!(error.is_interrupted(), "{statement}: {error}");
        let text = error.to_string();
        assert!(
            text.contains("version 2 was interrupted in statement 5 of 7") && text.contains(why),
            "{text}"
        );
    }
}

/// A procedure that commits in its middle: the row of its beginning is there, and says that nobody knows.
#[test]
fn a_procedure_that_commits_stops_for_a_person() {
    let before = "CREATE TABLE u (a INT);\nCREATE PROCEDURE p() BEGIN INSERT INTO u VALUES (1); COMMIT; \
                  INSERT INTO u VALUES (2); END;\n";
    let set = set(&[("1_before.sql", before), ("2_call.sql", "CALL p();\nCREATE TABLE last (a INT);\n")]);
    let driver = Mysql::fresh();
    crash(&driver, &set, "CALL p();", Crash::Behind);
    assert_eq!(rows(&driver, "SELECT a FROM u"), ["1", "2"]);
    let error = run(&driver, &set).unwrap_err();
    assert!(error.is_interrupted(), "{error}");
    assert!(error.to_string().contains("statement 1 of 2"), "{error}");
}

/// MariaDB drops the tables one by one.
#[test]
fn a_drop_of_several_tables_that_is_half_done_says_which() {
    let statement = "DROP TABLE gone1, gone2";
    let set = migrations(statement);
    let driver = Mysql::fresh();
    crash(&driver, &set, "DROP TABLE gone1, gone2;", Crash::Before);
    rows(&driver, "DROP TABLE gone1");
    let error = run(&driver, &set).unwrap_err();
    assert!(error.is_interrupted(), "{error}");
    assert!(error.to_string().contains("gone1 changed, and the others did not"), "{error}");
}
