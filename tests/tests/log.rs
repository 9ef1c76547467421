//! The log: its entries, its messages, and rows that do not make it fail.

use std::time::Duration;

use gapless::{Code, Error, Log, LogEvent, MigrationSet, Rollback, Runner, Version};
use gapless_tests::cluster::cluster;
use gapless_tests::driver::{Driver, TokioPostgres};
use gapless_tests::set::{set, tables};

const FOUR: Version = Version::new(4).unwrap();

/// An applied one, one in steps, one that is rolled back, one that fails.
fn eventful() -> MigrationSet {
    set(&[
        ("1_a.up.sql", "CREATE TABLE a (id int);"),
        ("2_steps.up.sql", "-- gapless: no-transaction\nCREATE TABLE b (id int);\nCREATE TABLE c (id int);"),
        ("3_d.up.sql", "CREATE TABLE d (id int);"),
        ("3_d.down.sql", "DROP TABLE d;"),
        ("4_e.up.sql", "INSERT INTO nowhere VALUES (1);"),
    ])
}

fn words(log: &Log) -> Vec<String> {
    let entry = |entry: &gapless::LogEntry| format!("{} {}", entry.version(), entry.event().as_str());
    log.entries().iter().map(entry).collect()
}

const EVENTS: [&str; 7] =
    ["1 applied", "2 started", "2 statement", "2 statement", "2 applied", "3 applied", "4 failed"];

/// The parts that are the same on all databases.
fn told<E>(
    mut run: impl FnMut(Runner<'_>) -> Result<(), Error>,
    log: impl Fn(Runner<'_>) -> Result<Log, E>,
    mut roll_back: impl FnMut(Runner<'_>, Rollback),
) where
    E: std::fmt::Debug,
{
    let all = eventful();
    assert_eq!(log(all.runner()).unwrap(), Log::default());
    assert!(run(all.runner()).unwrap_err().failure().is_some());
    roll_back(all.runner(), Rollback::steps(1));
    let whole = log(all.runner()).unwrap();
    assert_eq!(words(&whole), [EVENTS.as_slice(), &["3 rolled_back"]].concat());
    let ids: Vec<_> = whole.entries().iter().map(gapless::LogEntry::id).collect();
    assert!(ids.is_sorted() && whole.unreadable() == 0, "{whole}");
    let failed = &whole.entries()[6];
    assert_eq!((failed.event(), failed.name(), failed.attempt()), (&LogEvent::Failed, "e", Some(1)));
    assert!(failed.detail().unwrap().contains("nowhere"), "{failed}");
    let second = &whole.entries()[3];
    assert_eq!((second.statement(), second.statements()), (Some(2), Some(2)));
    assert!(whole.entries()[0].duration().unwrap() < Duration::from_secs(60));
    assert!(whole.entries().iter().all(|entry| entry.at().starts_with("20") && entry.at().ends_with('Z')));
    let last = log(all.runner().log_limit(2)).unwrap();
    assert_eq!(last.entries(), &whole.entries()[6..]);
    assert_eq!(words(&log(all.runner().log_version(FOUR)).unwrap()), ["4 failed"]);
    assert_eq!(
        words(&log(all.runner().log_version(Version::new(2).unwrap()).log_limit(1)).unwrap()),
        ["2 applied"]
    );
    assert_eq!(log(all.runner().log_version(Version::new(99).unwrap())).unwrap(), Log::default());
    assert_eq!(log(all.runner().log_limit(0)).unwrap(), Log::default());
    assert_eq!(log(all.runner().log_limit(usize::MAX)).unwrap(), whole);
}

#[test]
fn a_log_has_every_entry_the_newest_last() {
    let database = cluster().database();
    told(
        |runner| runner.run(&mut database.connect()).map(drop),
        |runner| runner.log(&mut database.connect()),
        |runner, back| drop(runner.rollback(back, &mut database.connect()).unwrap()),
    );
    let mut client = database.connect();
    let log = eventful().runner().log(&mut client).unwrap();
    assert!(log.entries().iter().all(|entry| entry.pid().is_some_and(|pid| pid > 0)));
    assert!(log.entries().iter().all(|entry| entry.db_user() == Some("postgres")));
}

#[test]
fn a_log_of_sqlite_has_the_same_entries() {
    let directory = tempfile::tempdir().unwrap();
    let connect = || rusqlite::Connection::open(directory.path().join("test.db")).unwrap();
    told(
        |runner| runner.run(&mut connect()).map(drop),
        |runner| runner.log(&mut connect()),
        |runner, back| drop(runner.rollback(back, &mut connect()).unwrap()),
    );
}

#[test]
fn an_asynchronous_log_is_the_same() {
    let driver = TokioPostgres::fresh();
    let mut client = driver.connect();
    TokioPostgres::run(&mut client, tables(2).runner()).unwrap();
    let log = TokioPostgres::log(&mut client, tables(2).runner()).unwrap();
    assert_eq!(words(&log), ["1 applied", "2 applied"]);
}

#[test]
fn a_role_that_may_not_read_the_journal_is_told_so() {
    let database = cluster().database();
    let mut client = database.connect();
    tables(1).runner().run(&mut client).unwrap();
    client.batch_execute("CREATE ROLE reader_of_no_log; SET ROLE reader_of_no_log").unwrap();
    let error = tables(1).runner().log(&mut client).unwrap_err();
    client.batch_execute("RESET ROLE; DROP ROLE reader_of_no_log").unwrap();
    assert!(error.is_permission_denied(), "{error}");
    let said = error.to_string();
    assert!(said.contains("while reading the journal public.applied_migrations_journal"), "{said}");
}

#[test]
fn a_table_that_is_no_journal_is_refused() {
    let mut client = cluster().database().connect();
    client.batch_execute("CREATE TABLE applied_migrations_journal (note text)").unwrap();
    let error = tables(1).runner().log(&mut client).unwrap_err();
    assert!(error.is_foreign_table() && error.to_string().contains("applied_migrations_journal"), "{error}");
}

#[test]
fn rows_of_other_hands_do_not_make_a_log_fail() {
    let mut client = cluster().database().connect();
    tables(1).runner().run(&mut client).unwrap();
    client
        .batch_execute(
            "ALTER TABLE applied_migrations_journal ALTER COLUMN attempt TYPE text; \
             INSERT INTO applied_migrations_journal (at, version, name, event, attempt, statement, duration_ms, \
             db_user, backend_pid, detail) VALUES \
             ('infinity', 9, '', 'squashed', 'first', -3, -7, NULL, NULL, E'two\\nlines'), \
             ('2026-01-31 12:00:00Z', -1, 'no version', 'applied', '1', NULL, NULL, NULL, NULL, NULL)",
        )
        .unwrap();
    let log = tables(1).runner().log(&mut client).unwrap();
    let [_, odd] = log.entries() else { panic!("{log}") };
    assert_eq!((odd.event(), odd.attempt()), (&LogEvent::Other("squashed".to_owned()), None));
    assert_eq!((odd.statement(), odd.duration(), odd.detail()), (None, None, Some("two\nlines")));
    assert_eq!(log.unreadable(), 1);
    assert!(log.to_string().ends_with("\nnote: 1 row of the journal cannot be read"), "{log}");
}

#[test]
fn a_log_is_shown_as_a_table() {
    let mut client = rusqlite::Connection::open_in_memory().unwrap();
    assert_eq!(eventful().runner().log(&mut client).unwrap().to_string(), "nothing is journaled");
    drop(eventful().runner().run(&mut client).unwrap_err());
    client
        .execute_batch(
            "UPDATE applied_migrations_journal SET at = '2024-02-29T23:59:0' || id || '.000Z', duration_ms = 12 * id; \
             UPDATE applied_migrations_journal SET db_user = 'alice', application = 'deploy' WHERE id > 5; \
             UPDATE applied_migrations_journal SET duration_ms = NULL WHERE event <> 'applied'",
        )
        .unwrap();
    let log = eventful().runner().log(&mut client).unwrap();
    insta::assert_snapshot!(log);
    let failed =
        "2024-02-29T23:59:07.000Z 4 e: failed in statement 1, by alice (deploy): no such table: nowhere";
    assert_eq!(log.entries()[6].to_string(), failed);
}

/// The record of a migration in steps is written in a moment, and is not all of its time.
#[test]
fn a_migration_in_steps_took_as_long_as_its_steps() {
    let long = Duration::from_millis(300);
    let all = set(&[
        ("1_a.sql", "-- gapless: no-transaction\nCREATE TABLE a (id int);"),
        ("2_b.sql", "-- gapless: rust\n-- gapless: no-transaction\n"),
    ]);
    let second = all.migrations()[1].version();
    let check = |log: &Log| {
        let [first, second] = [1, 2].map(|version| {
            let of_it = |entry: &&gapless::LogEntry| {
                entry.version().number() == version && *entry.event() == LogEvent::Applied
            };
            log.entries().iter().find(of_it).unwrap().duration().unwrap()
        });
        assert!(first < long, "{log}");
        assert!((long..Duration::from_secs(60)).contains(&second), "{log}");
    };
    let mut client = cluster().database().connect();
    let code = Code::postgres_no_transaction(move |_| {
        std::thread::sleep(long);
        Ok(())
    });
    all.runner().code(second, code).run(&mut client).unwrap();
    check(&all.runner().log(&mut client).unwrap());
    let mut client = rusqlite::Connection::open_in_memory().unwrap();
    let code = Code::rusqlite_no_transaction(move |_| {
        std::thread::sleep(long);
        Ok(())
    });
    all.runner().code(second, code).run(&mut client).unwrap();
    check(&all.runner().log(&mut client).unwrap());
}
