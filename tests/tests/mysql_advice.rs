//! What to do about an error of MariaDB or MySQL. Their numbers are also SQLite's, with other meanings.

use gapless::{MigrationSet, Rollback};
use gapless_tests::mysql_server::{Database, server};
use gapless_tests::set::set;
use mysql::prelude::Queryable;

fn error(set: &MigrationSet, database: &Database) -> String {
    set.runner().retries(0).run(&mut database.connect()).unwrap_err().to_string()
}

#[track_caller]
fn advises(error: &str, code: &str, help: &str) {
    let kept = "\nhelp: none of its statements is done; ";
    let (said, advice) = error.split_once(kept).unwrap_or_else(|| panic!("{error}"));
    assert!(said.contains(&format!("\ncode: {code}")) && advice.starts_with(help), "{error}");
}

#[test]
fn a_table_that_exists_is_a_matter_of_the_file_or_of_the_history() {
    let database = server().database();
    database.connect().query_drop("CREATE TABLE a (id int)").unwrap();
    let mut client = database.connect();
    advises(
        &error(&set(&[("1_a.sql", "CREATE TABLE a (id int);")]), &database),
        "1050",
        "the database may be older",
    );
    client.query_drop("DROP TABLE a").unwrap();
    let two = [("1_a.sql", "CREATE TABLE a (id int);"), ("2_b.sql", "CREATE TABLE a (id int);")];
    set(&two[..1]).runner().run(&mut client).unwrap();
    advises(&error(&set(&two), &database), "1050", "fix the file and run again");
}

#[test]
fn a_lock_is_waited_for_and_a_limit_is_raised() {
    let database = server().database();
    let mut other = database.connect();
    other.query_drop("CREATE TABLE a (id int) ENGINE = InnoDB; INSERT INTO a VALUES (1)").unwrap();
    other.query_drop("BEGIN; SELECT * FROM a").unwrap();
    let held = "-- gapless: lock-timeout 1s\nALTER TABLE a ADD COLUMN b int;";
    let held = error(&set(&[("1_a.sql", held)]), &database);
    advises(&held, "1205", "run again when the lock is free");
    other.query_drop("ROLLBACK").unwrap();
    // MySQL ends no statement but a query for its time.
    if !server().is_mariadb() {
        return;
    }
    let slow = "-- gapless: statement-timeout 100ms\nCREATE TABLE s AS SELECT sleep(5) AS a;";
    advises(
        &error(&set(&[("1_a.sql", slow)]), &database),
        "1969",
        "run again, with a longer `statement-timeout`",
    );
}

#[test]
fn a_privilege_is_granted() {
    let database = server().database();
    let (mut root, name) = (database.connect(), &database.name);
    root.query_drop(format!(
        "CREATE USER reader_{name}; GRANT SELECT, INSERT, UPDATE, DELETE ON {name}.* TO reader_{name}"
    ))
    .unwrap();
    set(&[]).runner().run(&mut root).unwrap();
    set(&[("1_a.sql", "SELECT 1;")]).runner().run(&mut root).unwrap();
    let two = set(&[("1_a.sql", "SELECT 1;"), ("2_b.sql", "CREATE TABLE a (id int);")]);
    let mut client = database.connect_as(&format!("reader_{name}"));
    let error = two.runner().run(&mut client).unwrap_err().to_string();
    advises(&error, "1142", "grant what is missing");
}

#[test]
fn an_error_of_syntax_is_shown_where_it_is_and_quotes_the_file_alone() {
    let database = server().database();
    let broken = "CREATE TABLE b (id int);\nCREATE TABLE c (\n    id int,\n    note text DEFALT 'x',\n    other int\n);\n";
    let all = set(&[("1_a.sql", "CREATE TABLE a (id int);"), ("2_b.sql", broken)]);
    let said = all.runner().run(&mut database.connect()).unwrap_err();
    let place = said.failure().and_then(gapless::Failure::location).expect("it has a place");
    // The one complains of what stands behind the word that it does not know, the other of the word.
    let (column, near) = if server().is_mariadb() { (22, "") } else { (15, "DEFALT ") };
    assert_eq!((place.line, place.column), (4, column), "{said}");
    let said = said.to_string();
    assert!(said.contains(&format!("near '{near}'x',\n    other int\n)'\n --> ")), "{said}");
    // A script of rows alone, and one with nothing after the place.
    for (sql, near, column) in [
        ("INSERT INTO a VALUES (1);\nINSRT INTO a VALUES (2);", "'INSRT INTO a VALUES (2)'", 1),
        ("INSERT INTO a VALUES (1);\nINSERT INTO a VALUES", "''", 1),
    ] {
        let database = server().database();
        let failed = set(&[("1_a.sql", "CREATE TABLE a (id int);"), ("2_b.sql", sql)]);
        let said = failed.runner().run(&mut database.connect()).unwrap_err();
        let place = said.failure().and_then(gapless::Failure::location);
        let place = place.unwrap_or_else(|| panic!("no place: {said}"));
        assert_eq!((place.line, place.column), (2, column), "{said}");
        assert!(said.to_string().contains(&format!("near {near}\n")), "{said}");
    }
}

#[test]
fn a_down_file_is_quoted_as_well() {
    let database = server().database();
    let all =
        set(&[("1_a.up.sql", "CREATE TABLE a (id int);"), ("1_a.down.sql", "DROP TABLE\n  IF EXIST a;")]);
    all.runner().run(&mut database.connect()).unwrap();
    let said = all.runner().rollback(Rollback::steps(1), &mut database.connect()).unwrap_err().to_string();
    assert!(said.contains("near 'EXIST a'\n --> migrations/1_a.down.sql:2:6"), "{said}");
}
