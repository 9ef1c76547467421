//! Pragmas of SQLite, which a rollback does not undo.

use gapless_tests::set::set;
use rusqlite::Connection;

fn pragma(client: &Connection, name: &str) -> i64 {
    client.query_row(&format!("SELECT {name} FROM pragma_{name}"), [], |row| row.get(0)).unwrap()
}

#[test]
fn pragmas_are_put_back_after_a_failure_and_after_a_dry_run() {
    let mut client = Connection::open_in_memory().unwrap();
    let sets = "PRAGMA legacy_alter_table = ON;\nPRAGMA recursive_triggers = ON;\n";
    let broken = set(&[("1_a.sql", &format!("{sets}INSERT INTO nowhere VALUES (1);"))]);
    broken.runner().run(&mut client).unwrap_err();
    broken.runner().dry_run(&mut client).unwrap_err();
    let fine = set(&[("1_a.sql", &format!("{sets}CREATE TABLE a (id int);"))]);
    fine.runner().dry_run(&mut client).unwrap();
    for name in ["legacy_alter_table", "recursive_triggers"] {
        assert_eq!(pragma(&client, name), 0, "{name}");
    }
    fine.runner().run(&mut client).unwrap();
    let steps = set(&[("2_b.sql", "-- gapless: no-transaction\nPRAGMA foreign_keys = OFF;\nSELECT 1;")]);
    client.pragma_update(None, "foreign_keys", true).unwrap();
    steps.runner().unknown(gapless::Unknown::Allow).run(&mut client).unwrap();
    assert_eq!((pragma(&client, "foreign_keys"), pragma(&client, "legacy_alter_table")), (1, 0));
}

/// No pragma tells of a file that was opened for reading: the first write finds out.
#[test]
fn a_file_that_was_opened_for_reading_takes_no_writes() {
    let path = std::env::temp_dir().join(format!("gapless-readonly-{}.db", std::process::id()));
    drop(Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (a int)"));
    let reading = || Connection::open_with_flags(&path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let one = set(&[("1_a.sql", "CREATE TABLE a (id int);")]);
    let bootstrapping = one.runner().run(&mut reading()).unwrap_err();
    one.runner().run(&mut Connection::open(&path).unwrap()).unwrap();
    let renamed = set(&[("1_b.sql", "CREATE TABLE a (id int);"), ("renames.txt", "1_a -> 1_b")]);
    let repairing = renamed.runner().run(&mut reading()).unwrap_err();
    one.runner().run(&mut reading()).unwrap();
    std::fs::remove_file(&path).unwrap();
    for error in [bootstrapping, repairing] {
        assert!(error.is_read_only(), "{error}");
    }
}
