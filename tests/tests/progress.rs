//! Progress as a program sees it: events while a run is at work, and the server's account of a long statement.

use std::thread;
use std::time::{Duration, Instant};

use gapless::{Event, MigrationSet, Rollback, ServerProgress};
use gapless_tests::cluster::{Database, cluster};
use gapless_tests::driver::{Driver, TokioPostgres};
use gapless_tests::killed::value;
use gapless_tests::set::set;

/// The events of a run, in words.
fn events(all: &MigrationSet, database: &Database, rollback: Option<Rollback>) -> Vec<String> {
    let (mut told, mut client) = (Vec::new(), database.connect());
    let runner = all.runner().on_event(|event| told.push(words(event)));
    match rollback {
        Some(rollback) => drop(runner.rollback(rollback, &mut client).unwrap()),
        None => drop(runner.run(&mut client).unwrap()),
    }
    told
}

fn words(event: &Event<'_>) -> String {
    let text = event.to_string();
    let line = text.lines().next().unwrap();
    match event {
        Event::Planned(_) => "planned".to_owned(),
        Event::Started { pid } => format!("started {}", pid.is_some()),
        Event::Applied(_) | Event::RolledBack(_) => line.split(" in ").next().unwrap().to_owned(),
        _ => line.to_owned(),
    }
}

#[test]
fn each_statement_outside_of_a_transaction_is_told_with_its_place() {
    let database = cluster().database();
    let all = set(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        (
            "2_steps.up.sql",
            "-- gapless: no-transaction\nSET lock_timeout = '9s'; CREATE INDEX CONCURRENTLY a_id\n  ON a (id);\n\nANALYZE a;",
        ),
        ("2_steps.down.sql", "-- gapless: no-transaction\nDROP INDEX CONCURRENTLY a_id;"),
    ]);
    let path = "migrations/2_steps";
    assert_eq!(
        events(&all, &database, None),
        [
            "planned".to_owned(),
            "started true".to_owned(),
            "applying 1 a".to_owned(),
            "applied 1 a".to_owned(),
            "applying 2 steps (outside of a transaction)".to_owned(),
            format!("2 steps, statement 1 of 3 ({path}.up.sql:2:1): SET lock_timeout = '9s'"),
            format!("2 steps, statement 2 of 3 ({path}.up.sql:2:26): CREATE INDEX CONCURRENTLY a_id"),
            format!("2 steps, statement 3 of 3 ({path}.up.sql:5:1): ANALYZE a"),
            "applied 2 steps".to_owned(),
        ]
    );
    assert_eq!(
        events(&all, &database, Some(Rollback::steps(1))),
        [
            "planned".to_owned(),
            "started true".to_owned(),
            "rolling back 2 steps".to_owned(),
            format!("2 steps, statement 1 of 1 ({path}.down.sql:2:1): DROP INDEX CONCURRENTLY a_id"),
            "rolled back 2 steps".to_owned(),
        ]
    );
    // With nothing to do, nothing starts.
    all.runner().run(&mut database.connect()).unwrap();
    assert_eq!(events(&all, &database, None), Vec::<String>::new());
}

#[test]
fn a_statement_that_is_tried_again_is_told_once() {
    let database = cluster().database();
    let mut holder = database.connect();
    holder.batch_execute("CREATE TABLE b (id int)").unwrap();
    holder.batch_execute("BEGIN; LOCK TABLE b").unwrap();
    let text = "-- gapless: no-transaction\n-- gapless: lock-timeout 50ms\nINSERT INTO b VALUES (1);";
    let all = set(&[("1_b.sql", text)]);
    let told = thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(Duration::from_millis(400));
            drop(holder);
        });
        let (mut told, mut client) = (Vec::new(), database.connect());
        let runner = all.runner().retries(50).on_event(|event| told.push(words(event)));
        let report = runner.run(&mut client).unwrap();
        // The time of the pauses counts.
        assert!(report.applied()[0].duration().unwrap() > Duration::from_millis(100), "{report}");
        told
    });
    let count = |begins: &str| told.iter().filter(|event| event.starts_with(begins)).count();
    assert_eq!(count("1 b, statement 1 of 1 "), 1, "{told:#?}");
    assert!(count("version 1, try ") > 0, "{told:#?}");
}

#[test]
fn sqlite_starts_without_a_backend() {
    let (mut told, mut client) = (Vec::new(), rusqlite::Connection::open_in_memory().unwrap());
    let all = set(&[("1_a.sql", "-- gapless: no-transaction\nCREATE TABLE a (id int);")]);
    all.runner().on_event(|event| told.push(words(event))).run(&mut client).unwrap();
    assert_eq!(told[1], "started false");
    assert_eq!(told[3], "1 a, statement 1 of 1 (migrations/1_a.sql:2:1): CREATE TABLE a (id int)");
    assert_eq!(ServerProgress::read(1, &mut client).unwrap(), None);
}

/// Runs, and keeps the first account of the run's backend that is wanted.
fn watched(
    database: &Database,
    all: &MigrationSet,
    wanted: impl Fn(&ServerProgress) -> bool,
    found: impl FnOnce() + Send,
) -> ServerProgress {
    let (pids, pid) = std::sync::mpsc::channel();
    let tell = move |event: &Event<'_>| {
        if let Event::Started { pid } = event {
            pids.send(*pid).unwrap();
        }
    };
    thread::scope(|scope| {
        let run = scope.spawn(|| all.runner().on_event(tell).run(&mut database.connect()).unwrap());
        let (pid, mut watcher, begun) = (pid.recv().unwrap().unwrap(), database.connect(), Instant::now());
        let progress = loop {
            let progress = ServerProgress::read(pid, &mut watcher).unwrap();
            if let Some(progress) = progress.filter(&wanted) {
                break progress;
            }
            assert!(!run.is_finished() && begun.elapsed() < Duration::from_secs(60), "nothing was wanted");
            thread::sleep(Duration::from_millis(2));
        };
        found();
        run.join().unwrap();
        assert_eq!(ServerProgress::read(pid, &mut watcher).unwrap(), None);
        progress
    })
}

#[test]
fn an_index_that_waits_for_a_writer_counts_it() {
    let database = cluster().database();
    let mut writer = database.connect();
    writer.batch_execute("CREATE SCHEMA s; CREATE TABLE s.a (id int)").unwrap();
    writer.batch_execute("BEGIN; INSERT INTO s.a VALUES (1)").unwrap();
    let all = set(&[("1_i.sql", "-- gapless: no-transaction\nCREATE INDEX CONCURRENTLY a_id ON s.a (id);")]);
    let waits = |progress: &ServerProgress| progress.phase().starts_with("waiting for writers");
    let progress = watched(&database, &all, waits, || drop(writer));
    assert_eq!((progress.command(), progress.relation()), ("CREATE INDEX CONCURRENTLY", Some("s.a")));
    assert_eq!((progress.done(), progress.total(), progress.unit()), (Some(0), Some(1), Some("lockers")));
    let said = "CREATE INDEX CONCURRENTLY on s.a: waiting for writers before build, 0 % (0 of 1 lockers)";
    assert_eq!(progress.to_string(), said);
}

#[test]
fn an_index_build_counts_blocks() {
    let database = cluster().database();
    let slow = "CREATE FUNCTION slow(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS \
                $$ BEGIN PERFORM pg_sleep(0.001); RETURN i; END $$; \
                CREATE TABLE a (id int, filler text); INSERT INTO a SELECT i, repeat('x', 1500) FROM generate_series(1, 500) i";
    database.connect().batch_execute(slow).unwrap();
    // In a transaction too.
    let all = set(&[("1_i.sql", "CREATE INDEX a_slow ON a (slow(id));")]);
    let scans = |progress: &ServerProgress| progress.unit() == Some("blocks") && progress.done() > Some(10);
    let progress = watched(&database, &all, scans, || {});
    assert_eq!((progress.command(), progress.relation()), ("CREATE INDEX", Some("a")));
    assert_eq!(progress.total(), Some(100));
    assert!(progress.percent().is_some_and(|percent| (10.0..=100.0).contains(&percent)), "{progress}");
}

#[test]
fn vacuum_and_its_full_form_are_told_apart() {
    let database = cluster().database();
    let fill = "CREATE TABLE a (id int, filler text); \
                INSERT INTO a SELECT i, repeat('x', 1500) FROM generate_series(1, 2000) i; DELETE FROM a WHERE id % 2 = 0";
    database.connect().batch_execute(fill).unwrap();
    let lazy =
        "-- gapless: no-transaction\nSET vacuum_cost_delay = '5ms'; SET vacuum_cost_limit = 10; VACUUM a;";
    let scans = |progress: &ServerProgress| progress.done() > Some(0);
    let progress = watched(&database, &set(&[("1_v.sql", lazy)]), scans, || {});
    assert_eq!((progress.command(), progress.unit()), ("VACUUM", Some("blocks")));
    assert_eq!(progress.total(), Some(400));
    // The index is built with a function that is slow.
    let slow = "CREATE FUNCTION slow(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS \
                $$ BEGIN PERFORM pg_sleep(0.001); RETURN i; END $$; CREATE INDEX a_slow ON a (slow(id))";
    database.connect().batch_execute(slow).unwrap();
    let full = "-- gapless: no-transaction\nVACUUM FULL a;";
    let all = set(&[("1_v.sql", lazy), ("2_full.sql", full)]);
    let rebuilds = |progress: &ServerProgress| progress.phase() == "rebuilding index";
    let progress = watched(&database, &all, rebuilds, || {});
    assert_eq!(
        (progress.command(), progress.relation(), progress.percent()),
        ("VACUUM FULL", Some("a"), None)
    );
    assert_eq!(progress.to_string(), "VACUUM FULL on a: rebuilding index");
}

#[test]
fn an_asynchronous_watcher_and_a_role_that_may_not_see_it() {
    let driver = TokioPostgres::fresh();
    let mut client = driver.connect();
    let progress = client.runtime.block_on(ServerProgress::read_async(1, &mut client.client));
    assert_eq!(progress.unwrap(), None);
    let database = cluster().database();
    let mut blind = database.connect();
    blind.batch_execute("CREATE ROLE sees_no_progress; CREATE TABLE a (id int)").unwrap();
    let mut writer = database.connect();
    writer.batch_execute("BEGIN; INSERT INTO a VALUES (1)").unwrap();
    blind.batch_execute("SET ROLE sees_no_progress").unwrap();
    let all = set(&[("1_i.sql", "-- gapless: no-transaction\nCREATE INDEX CONCURRENTLY a_id ON a (id);")]);
    let waits = |progress: &ServerProgress| progress.phase().starts_with("waiting for writers");
    watched(&database, &all, waits, || {
        let pid = value(&mut writer, "SELECT pid::text FROM pg_stat_progress_create_index");
        assert_eq!(ServerProgress::read(pid.parse().unwrap(), &mut blind).unwrap(), None);
        drop(writer);
    });
    blind.batch_execute("RESET ROLE; DROP ROLE sees_no_progress").unwrap();
}
