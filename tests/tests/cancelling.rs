//! A program cancels its run, and the statement on the server: what is kept, and what is said.

use std::thread;
use std::time::{Duration, Instant};

use gapless::engine::{Dialect, ResultSet};
use gapless::{CancellationToken, Connection, Error, ExchangeError, Log, LogEvent, Rollback};
use gapless_tests::cancelled::{SLEEP, SLEEPS, advisory_locks, applied, await_event, slow_third};
use gapless_tests::cluster::{Database, cluster};
use gapless_tests::killed::value;
use gapless_tests::set::{set, tables};
use postgres::{Client, NoTls};

/// Runs, and cancels once a session of this database waits for this.
fn cancelled_in(
    database: &Database,
    event: &str,
    work: impl FnOnce(&mut Client, &CancellationToken) -> Error + Send,
) -> Error {
    let token = CancellationToken::new();
    thread::scope(|scope| {
        let (worker, ours) = (database.clone(), token.clone());
        let run = scope.spawn(move || {
            let mut client = worker.connect();
            let server = client.cancel_token();
            ours.on_cancel(move || server.cancel_query(NoTls).unwrap());
            let error = work(&mut client, &ours);
            // The session is as it was before.
            for (setting, expected) in [("search_path", "\"$user\", public"), ("lock_timeout", "0")] {
                assert_eq!(value(&mut client, &format!("SHOW {setting}")), expected, "{error}");
            }
            error
        });
        await_event(database, event);
        let begun = Instant::now();
        token.cancel();
        let error = run.join().unwrap();
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        assert_eq!(advisory_locks(database), "0");
        error
    })
}

fn events(log: &Log) -> Vec<(i64, &LogEvent)> {
    log.entries().iter().map(|entry| (entry.version().number(), entry.event())).collect()
}

#[test]
fn a_batch_keeps_what_came_before_the_interrupted_migration() {
    let database = cluster().database();
    // The message that creates the tracker too.
    let slow = slow_third(SLEEP);
    let error = cancelled_in(&database, SLEEPS, |client, token| {
        slow.runner().cancel_on(token).run(client).unwrap_err()
    });
    assert!(error.is_cancelled(), "{error}");
    assert_eq!(applied(&error), [1, 2]);
    assert_eq!(
        error.failure().map(|failure| (failure.version().number(), failure.name())),
        Some((3, "slow"))
    );
    let said = error.to_string();
    assert!(said.starts_with("cancelled while applying migration 3 `slow`\n"), "{said}");
    assert!(said.contains("help: it was rolled back; run again to go on"), "{said}");
    assert!(said.ends_with("note: 2 were applied before, from version 1 to 2, and stay applied"), "{said}");
    let mut client = database.connect();
    let log = slow.runner().log(&mut client).unwrap();
    let expected = [(1, &LogEvent::Applied), (2, &LogEvent::Applied), (3, &LogEvent::Failed)];
    assert_eq!(events(&log), expected, "{log}");
    // Nothing is in the way of the next run.
    let report = slow_third("SELECT 1;").runner().run(&mut client).unwrap();
    assert_eq!(report.applied().len(), 3);
    assert_eq!(value(&mut client, "SELECT count(*)::text FROM a"), "0");
}

#[test]
fn steps_stop_at_the_interrupted_one_and_go_on_there() {
    let database = cluster().database();
    let steps = |middle: &str| {
        let text = format!(
            "-- gapless: no-transaction\nCREATE TABLE a (id int);\n{middle};\nCREATE TABLE c (id int);"
        );
        set(&[("1_steps.sql", text.as_str()), ("2_b.sql", "CREATE TABLE b (id int);")])
    };
    let slow = steps("SELECT pg_sleep(60)");
    let error = cancelled_in(&database, SLEEPS, |client, token| {
        slow.runner().cancel_on(token).lock_timeout(Duration::from_secs(7)).run(client).unwrap_err()
    });
    assert!(error.is_cancelled() && error.applied().is_empty(), "{error}");
    assert_eq!(error.failure().unwrap().database_error().code, "57014");
    let said = error.to_string();
    assert!(
        said.contains("the statements before this one stay done and will not be repeated; run again"),
        "{said}"
    );
    let report = steps("SELECT 1").runner().run(&mut database.connect()).unwrap();
    assert_eq!(report.applied().len(), 2);
}

#[test]
fn an_index_that_is_interrupted_is_named_and_built_anew() {
    let database = cluster().database();
    let all = set(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_index.sql", "-- gapless: no-transaction\nCREATE INDEX CONCURRENTLY a_id ON a (id);"),
    ]);
    let mut writer = database.connect();
    all.runner().target(all.migrations()[0].version()).run(&mut writer).unwrap();
    let mut writing = writer.transaction().unwrap();
    writing.execute("INSERT INTO a VALUES (1)", &[]).unwrap();
    let error = cancelled_in(&database, "virtualxid", |client, token| {
        all.runner().cancel_on(token).run(client).unwrap_err()
    });
    writing.commit().unwrap();
    assert!(error.is_cancelled(), "{error}");
    assert_eq!(error.failure().unwrap().invalid_indexes(), ["public.a_id"]);
    assert!(error.to_string().contains("note: left behind and invalid"), "{error}");
    assert_eq!(all.runner().run(&mut database.connect()).unwrap().applied().len(), 1);
    let valid = "SELECT indisvalid::text FROM pg_index WHERE indexrelid = 'a_id'::regclass";
    assert_eq!(value(&mut writer, valid), "true");
}

#[test]
fn waiting_for_the_lock_ends_at_once() {
    let database = cluster().database();
    let mut holder = database.connect();
    tables(1).runner().run(&mut holder).unwrap();
    holder.batch_execute("SELECT pg_advisory_lock(6004593293802252145)").unwrap();
    let token = CancellationToken::new();
    thread::scope(|scope| {
        let run = scope.spawn(|| {
            let error = tables(2).runner().cancel_on(&token).run(&mut database.connect()).unwrap_err();
            (error, Instant::now())
        });
        // By then it sleeps for 0.5 s at least.
        thread::sleep(Duration::from_millis(2_500));
        let begun = Instant::now();
        token.cancel();
        let (error, ended) = run.join().unwrap();
        assert!(ended - begun < Duration::from_millis(400), "{:?}", ended - begun);
        assert!(error.is_cancelled() && !error.is_lock_wait(), "{error}");
        let said = error.to_string();
        assert!(said.starts_with("cancelled while waiting for another runner: backend "), "{said}");
        assert!(
            said.ends_with("\nhelp: run again to go on\nnote: no migration was applied before"),
            "{said}"
        );
    });
    assert_eq!(advisory_locks(&database), "1");
}

#[test]
fn a_rollback_is_cancelled_alike() {
    let database = cluster().database();
    let all = set(&[
        ("1_a.up.sql", "CREATE TABLE a (id int);"),
        ("1_a.down.sql", "DROP TABLE a; SELECT pg_sleep(60);"),
        ("2_b.up.sql", "CREATE TABLE b (id int);"),
        ("2_b.down.sql", "DROP TABLE b;"),
    ]);
    all.runner().run(&mut database.connect()).unwrap();
    let error = cancelled_in(&database, SLEEPS, |client, token| {
        all.runner().cancel_on(token).rollback(Rollback::steps(2), client).unwrap_err()
    });
    assert!(error.is_cancelled() && error.rolled_back().len() == 1, "{error}");
    assert!(error.to_string().starts_with("cancelled while rolling back migration 1 `a`\n"), "{error}");
    let left = "SELECT string_agg(version::text, ' ') FROM applied_migrations";
    assert_eq!(value(&mut database.connect(), left), "1");
}

/// Cancels before it sends a message with these words.
struct Cancelling<'t> {
    client: Client,
    before: &'static str,
    token: &'t CancellationToken,
}

impl Connection for Cancelling<'_> {
    fn dialect(&self) -> &'static dyn Dialect {
        Connection::dialect(&self.client)
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        if message.contains(self.before) {
            self.token.cancel();
        }
        self.client.exchange(message)
    }
}

#[test]
fn what_was_to_be_rolled_back_stays_if_nothing_of_it_was_sent() {
    let database = cluster().database();
    let all = set(&[
        ("1_a.up.sql", "CREATE TABLE a (id int); CREATE INDEX a_id ON a (id);"),
        ("1_a.down.sql", "-- gapless: no-transaction\nDROP INDEX CONCURRENTLY a_id;\nDROP TABLE a;"),
    ]);
    all.runner().run(&mut database.connect()).unwrap();
    let token = CancellationToken::new();
    let mut client = Cancelling { client: database.connect(), before: "'rolling_back'", token: &token };
    let error = all.runner().cancel_on(&token).rollback(Rollback::steps(1), &mut client).unwrap_err();
    assert!(error.is_cancelled(), "{error}");
    assert!(all.runner().verify(&mut client.client).is_ok());
    assert_eq!(all.runner().rollback(Rollback::steps(1), &mut client.client).unwrap().rolled_back().len(), 1);
}

#[test]
fn a_token_without_a_hook_lets_the_statement_end_and_begins_no_other() {
    let database = cluster().database();
    let steps = set(&[
        ("1_a.sql", "-- gapless: no-transaction\nSELECT pg_sleep(1);\nCREATE TABLE a (id int);"),
        ("2_b.sql", "CREATE TABLE b (id int);"),
    ]);
    let token = CancellationToken::new();
    let error = thread::scope(|scope| {
        let run = scope.spawn(|| steps.runner().cancel_on(&token).run(&mut database.connect()).unwrap_err());
        await_event(&database, SLEEPS);
        token.cancel();
        run.join().unwrap()
    });
    assert!(error.is_cancelled(), "{error}");
    let said = error.to_string();
    assert!(said.contains("statement 2 of 2") && !said.contains("57014"), "{said}");
    let mut client = database.connect();
    let log = steps.runner().log(&mut client).unwrap();
    let expected = [(1, &LogEvent::Started), (1, &LogEvent::Statement), (1, &LogEvent::Failed)];
    assert_eq!(events(&log), expected, "{log}");
    assert_eq!(log.entries()[2].detail(), Some("cancelled before it was sent"));
    assert_eq!(steps.runner().run(&mut client).unwrap().applied().len(), 2);
}

#[test]
fn a_token_that_is_cancelled_before_and_one_that_comes_too_late() {
    let mut client = cluster().database().connect();
    let token = CancellationToken::new();
    let late = token.clone();
    let all = tables(2);
    let cancels = |event: &gapless::Event<'_>| {
        if matches!(event, gapless::Event::Applied(one) if one.version().number() == 2) {
            late.cancel();
        }
    };
    assert_eq!(all.runner().cancel_on(&token).on_event(cancels).run(&mut client).unwrap().applied().len(), 2);
    assert!(token.is_cancelled());
    let error = tables(3).runner().cancel_on(&token).run(&mut client).unwrap_err();
    assert!(error.is_cancelled() && error.to_string().starts_with("cancelled before "), "{error}");
    assert_eq!(value(&mut client, "SELECT count(*)::text FROM applied_migrations"), "2");
}

/// Wherever the server's cancelling arrives, also in what cleans up: each is applied once, and what is said is so.
#[test]
fn cancelled_anywhere_the_database_is_as_the_error_says() {
    let files: Vec<_> = (1..=12)
        .map(|number| {
            let directive = if number % 4 == 0 { "-- gapless: no-transaction\n" } else { "" };
            let text = format!("{directive}CREATE TABLE t{number} (id int);\nSELECT pg_sleep(0.002);\nINSERT INTO t{number} VALUES (1);");
            (format!("{number}_t.sql"), text)
        })
        .collect();
    let files: Vec<_> = files.iter().map(|(file, sql)| (file.as_str(), sql.as_str())).collect();
    let all = set(&files);
    let (mut cancelled, mut interrupted) = (0, 0);
    for delay in 0..40_u64 {
        let database = cluster().database();
        let mut client = database.connect();
        let token = CancellationToken::new();
        let server = client.cancel_token();
        token.on_cancel(move || server.cancel_query(NoTls).unwrap());
        let result = thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_micros(delay * 2_500));
                // Several, so that some hit what the first has set off.
                (0..4).for_each(|_| token.cancel());
            });
            all.runner().cancel_on(&token).run(&mut client)
        });
        let mut watcher = database.connect();
        assert_eq!(advisory_locks(&database), "0", "{delay}: {result:?}");
        let there = "SELECT to_regclass('applied_migrations')::text";
        let mut recorded = String::new();
        if !value(&mut watcher, there).is_empty() {
            recorded = value(
                &mut watcher,
                "SELECT string_agg(version::text, ' ' ORDER BY version) FROM applied_migrations",
            );
        }
        let said = match &result {
            Ok(report) => report.applied(),
            Err(error) => error.applied(),
        };
        let said: Vec<_> = said.iter().map(|one| one.version().to_string()).collect();
        assert_eq!(said.join(" "), recorded, "{delay}: {result:?}");
        if let Err(error) = &result {
            assert!(error.is_cancelled(), "{delay}: {error}");
            cancelled += 1;
            interrupted += i32::from(error.failure().is_some());
        }
        // The last signal may still be on its way to the session that was cancelled.
        all.runner().run(&mut watcher).unwrap();
        for number in 1..=12 {
            assert_eq!(value(&mut watcher, &format!("SELECT count(*)::text FROM t{number}")), "1", "{delay}");
        }
    }
    assert!(cancelled > 10 && interrupted > 5, "{cancelled} {interrupted}");
}
