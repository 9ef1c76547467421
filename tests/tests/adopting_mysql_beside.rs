//! Adopting the history of another tool on MariaDB while the tool itself is at work, and cut off by crashes.

use std::time::Duration;

use gapless::{Layout, Legacy};
use gapless_tests::between::Between;
use gapless_tests::crashing::{Crash, Crashing};
use gapless_tests::histories::{Case, cases, column, history, read, send};
use gapless_tests::mysql_server::server;
use gapless_tests::set::tables;

/// Each table of the bootstrap commits by itself.
#[test]
fn a_table_is_created_after_a_crash_too() {
    let set = tables(2);
    let adopt = || set.runner().adopt(Legacy::sqlx("_sqlx_migrations").create_on_fresh_database());
    for (at, side) in [
        ("(version BIGINT NOT NULL PRIMARY KEY, name", Crash::Before),
        ("CREATE TABLE `_sqlx_migrations`", Crash::Before),
        ("execution_time BIGINT NOT NULL);", Crash::Behind),
    ] {
        let database = server().database();
        let mut client = Crashing::new(database.connect(), at, side);
        let ended = adopt().run(&mut client);
        assert!(client.has_crashed(), "no message holds {at}: {ended:?}");
        let report = adopt().run(&mut database.connect()).unwrap_or_else(|error| panic!("{at}: {error}"));
        assert_eq!(report.applied().len(), 2, "{at}: {report}");
        assert_eq!(column(&mut database.connect(), "SELECT count(*) FROM _sqlx_migrations"), ["0"]);
        assert_eq!(adopt().run(&mut database.connect()).unwrap().round_trips(), 1);
    }
}

/// A crash while rows are taken over leaves none of them, or all.
#[test]
fn an_adoption_that_is_cut_off_begins_anew() {
    for (at, side) in [
        ("gapless: the lock of another tool", Crash::Before),
        ("(version, name, applied_at, checksum) VALUES", Crash::Before),
        ("(version, name, event, detail) VALUES", Crash::Before),
        ("COMMIT;\nDO release_lock", Crash::Before),
    ] {
        let case = cases().into_iter().find(|case| case.layout == Layout::GolangMigrate).unwrap();
        let database = history(&case);
        let set = read(case.layout, &case.files);
        let adopt = || set.runner().adopt(case.legacy.clone());
        let mut client = Crashing::new(database.connect(), at, side);
        let ended = adopt().run(&mut client);
        assert!(client.has_crashed(), "no message holds {at}: {ended:?}");
        let report = adopt().run(&mut database.connect()).unwrap_or_else(|error| panic!("{at}: {error}"));
        assert_eq!((report.changes().len(), report.applied().len()), (1, 1), "{at}: {report}");
    }
}

#[test]
fn another_tool_s_lock_is_waited_for() {
    let (mut taken, mut free) = (0, 0);
    for case in cases() {
        let Some(lock) = case.lock else {
            free += 1;
            continue;
        };
        taken += 1;
        let database = history(&case);
        let name = lock(&database.name);
        let mut holder = database.connect();
        assert_eq!(column(&mut holder, &format!("SELECT get_lock('{name}', 0)")), ["1"]);
        let set = read(case.layout, &case.files);
        let runner = || set.runner().adopt(case.legacy.clone()).lock_wait(Duration::from_millis(300));
        let mut client = database.connect();
        let error = runner().run(&mut client).unwrap_err();
        assert!(
            error.is_lock_wait() && error.to_string().contains(" is at work: a session has its lock"),
            "{error}"
        );
        assert_eq!(column(&mut client, "SELECT count(*) FROM applied_migrations"), ["0"]);
        // A failed try keeps nothing: the tool could begin now.
        assert_eq!(column(&mut holder, &format!("SELECT release_lock('{name}')")), ["1"]);
        assert_eq!(column(&mut holder, &format!("SELECT is_free_lock('{name}')")), ["1"]);
        assert_eq!(runner().run(&mut client).unwrap().changes().len(), 1);
        assert_eq!(column(&mut holder, &format!("SELECT is_free_lock('{name}')")), ["1"]);
    }
    assert_eq!((taken, free), (4, 5));
}

/// A tool without a lock applies its next one in a transaction: here goose, and golang-migrate with `x-no-lock`.
#[test]
fn rows_that_the_tool_writes_are_waited_for() {
    for (layout, writes) in [
        (Layout::Goose, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (2, 1)"),
        (Layout::GolangMigrate, "UPDATE schema_migrations SET version = 2"),
    ] {
        let case = cases().into_iter().find(|case| case.layout == layout).unwrap();
        let database = history(&case);
        let mut tool = database.connect();
        send(&mut tool, "START TRANSACTION");
        send(&mut tool, writes);
        let set = read(case.layout, &case.files);
        let runner = || set.runner().adopt(case.legacy.clone()).lock_wait(Duration::from_millis(300));
        let mut client = database.connect();
        let error = runner().run(&mut client).unwrap_err();
        assert!(error.is_lock_wait(), "{error}");
        assert_eq!(column(&mut client, "SELECT release_all_locks()"), ["0"]);
        send(&mut tool, "COMMIT; CREATE TABLE orders (id int)");
        let report = runner().run(&mut client).unwrap();
        assert_eq!((report.changes().len(), report.applied().len()), (2, 0), "{report}");
    }
}

/// A lock that is the application's own stays, and is given back no more than once.
#[test]
fn a_lock_of_the_application_stays() {
    let case = cases().into_iter().find(|case| case.layout == Layout::GolangMigrate).unwrap();
    let database = history(&case);
    let name = (case.lock.unwrap())(&database.name);
    let mut client = database.connect();
    assert_eq!(column(&mut client, &format!("SELECT get_lock('{name}', 0)")), ["1"]);
    let broken = read(case.layout, &[case.files[0], ("2_orders.up.sql", "SELECT nonsense")]);
    let error = broken.runner().adopt(case.legacy).run(&mut client).unwrap_err();
    assert!(error.failure().is_some(), "{error}");
    assert_eq!(column(&mut client, "SELECT release_all_locks()"), ["1"]);
}

/// The old tool applies its next one after its table was read, and before anything is taken over.
#[test]
fn another_tool_s_table_is_read_again_under_the_lock() {
    let case = cases().into_iter().find(|case| case.layout == Layout::GolangMigrate).unwrap();
    let database = history(&case);
    let between = || {
        send(
            &mut database.connect(),
            "UPDATE schema_migrations SET version = 2; CREATE TABLE orders (id int)",
        )
    };
    let set = read(case.layout, &case.files);
    let mut client = Between {
        client: database.connect(),
        text: "gapless: the lock of another tool",
        between: Some(between),
    };
    let report = set.runner().adopt(case.legacy).run(&mut client).unwrap_or_else(|error| panic!("{error}"));
    assert!(client.between.is_none(), "it never came to that");
    assert_eq!((report.changes().len(), report.applied().len()), (2, 0), "{report}");
}

/// golang-migrate marks its counter, and sqlx its row, while a migration runs.
#[test]
fn a_migration_of_the_tool_that_is_under_way_is_waited_for() {
    for (layout, begins, ends) in [
        (
            Layout::GolangMigrate,
            "UPDATE schema_migrations SET dirty = 1",
            "UPDATE schema_migrations SET dirty = 0",
        ),
        (
            Layout::Native,
            "UPDATE _sqlx_migrations SET success = 0",
            "UPDATE _sqlx_migrations SET success = 1",
        ),
    ] {
        let of =
            |case: &&Case| case.layout == layout && case.history.contains(ends.split(' ').nth(1).unwrap());
        let all = cases();
        let case = all.iter().find(of).unwrap();
        let database = history(case);
        let name = (case.lock.unwrap())(&database.name);
        let mut tool = database.connect();
        assert_eq!(column(&mut tool, &format!("SELECT get_lock('{name}', 0)")), ["1"]);
        send(&mut tool, begins);
        let set = read(case.layout, &case.files);
        let runner = || set.runner().adopt(case.legacy.clone());
        let mut client = database.connect();
        // A plan takes no lock, and tells what it sees.
        assert!(runner().plan(&mut client).unwrap_err().is_legacy());
        let error = runner().lock_wait(Duration::from_millis(300)).run(&mut client).unwrap_err();
        assert!(error.is_lock_wait(), "{error}");
        assert_eq!(column(&mut client, "SELECT release_all_locks()"), ["0"]);
        // It has died.
        assert_eq!(column(&mut tool, &format!("SELECT release_lock('{name}')")), ["1"]);
        let error = runner().lock_wait(Duration::from_millis(300)).run(&mut client).unwrap_err();
        assert!(error.is_legacy(), "{error}");
        assert_eq!(column(&mut client, "SELECT release_all_locks()"), ["0"]);
        // It comes to its end while the run waits.
        assert_eq!(column(&mut tool, &format!("SELECT get_lock('{name}', 0)")), ["1"]);
        let report = std::thread::scope(|scope| {
            let run = scope.spawn(|| runner().run(&mut database.connect()).unwrap());
            std::thread::sleep(Duration::from_millis(300));
            send(&mut tool, ends);
            assert_eq!(column(&mut tool, &format!("SELECT release_lock('{name}')")), ["1"]);
            run.join().unwrap()
        });
        assert!(report.changes().len() == 1 && report.waits() > 0, "{report}");
    }
}
