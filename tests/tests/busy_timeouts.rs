//! A busy database of SQLite, and a client with a busy timeout of its own: the run's time for waiting counts, and the
//! timeout comes back.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gapless::engine::{Call, Dialect, ResultSet};
use gapless::{CancellationToken, Code, Event, ExchangeError, MigrationSet, Runner};
use gapless_tests::set::{set, tables};
use rusqlite::Connection;

/// The client's own timeout.
const OWN: Duration = Duration::from_secs(5);

fn open(path: &Path) -> Connection {
    let client = Connection::open(path).unwrap();
    client.busy_timeout(OWN).unwrap();
    client
}

fn timeout(client: &Connection) -> Duration {
    let milliseconds: u32 = client.query_row("PRAGMA busy_timeout", [], |row| row.get(0)).unwrap();
    Duration::from_millis(milliseconds.into())
}

fn database() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    (directory, path)
}

/// Keeps others from writing, or from reading too.
fn keep_busy(path: &Path, begin: &str) -> Connection {
    let other = Connection::open(path).unwrap();
    other.execute_batch(begin).unwrap();
    other
}

/// The three ways in which a migration runs, each behind another one.
fn ways() -> [(&'static str, MigrationSet); 3] {
    let second = |sql| set(&[("1_t.sql", "CREATE TABLE t (id int);"), ("2_a.sql", sql)]);
    [
        ("batched", second("CREATE TABLE a (id int);")),
        ("stepwise", second("-- gapless: no-transaction\nCREATE TABLE a (id int);")),
        ("code", second("-- gapless: rust\n")),
    ]
}

fn runner(all: &MigrationSet) -> Runner<'_> {
    let last = &all.migrations()[1];
    let runner = all.runner().lock_wait(Duration::from_millis(600));
    if last.directives().rust() { runner.code(last.version(), Code::rusqlite(|_| Ok(()))) } else { runner }
}

/// Every way on a fresh database, and behind what is applied; with nobody able to read, or to write.
fn busy(attempt: impl Fn(&str, &MigrationSet, &Path)) {
    for (kind, all) in ways() {
        for begin in ["BEGIN EXCLUSIVE", "BEGIN IMMEDIATE"] {
            for fresh in [true, false] {
                let (_directory, path) = database();
                if !fresh {
                    let first = all.migrations()[0].version();
                    runner(&all).target(first).run(&mut open(&path)).unwrap();
                }
                let _other = keep_busy(&path, begin);
                attempt(&format!("{kind}, {begin}, fresh: {fresh}"), &all, &path);
            }
        }
    }
}

#[test]
fn the_time_for_waiting_counts_what_a_busy_database_takes() {
    busy(|what, all, path| {
        let mut client = open(path);
        let mut told = Vec::new();
        let begun = Instant::now();
        let tell = |event: &Event<'_>| {
            if matches!(event, Event::Waiting { .. } | Event::Retrying { .. }) {
                told.push(begun.elapsed());
            }
        };
        let error = runner(all).on_event(tell).run(&mut client).unwrap_err();
        let took = begun.elapsed();
        assert!(error.is_lock_wait(), "{what}: {error}");
        assert!((500..2_000).contains(&took.as_millis()), "{what}: {took:?}");
        assert!(told.first().is_some_and(|at| *at < Duration::from_millis(550)), "{what}: {told:?}");
        assert_eq!(timeout(&client), OWN, "{what}");
    });
}

/// A handler of the client's own takes as long as it likes in each message, and that counts too.
#[test]
fn the_time_for_waiting_counts_what_a_handler_takes() {
    busy(|what, all, path| {
        let mut client = Connection::open(path).unwrap();
        let patient = |calls: i32| {
            thread::sleep(Duration::from_millis(10));
            calls < 40
        };
        client.busy_handler(Some(patient)).unwrap();
        let begun = Instant::now();
        let error = runner(all).run(&mut client).unwrap_err();
        let took = begun.elapsed();
        assert!(error.is_lock_wait(), "{what}: {error}");
        assert!(took < Duration::from_millis(1_600), "{what}: {took:?}");
    });
}

#[test]
fn a_cancelled_run_leaves_a_busy_database_soon() {
    busy(|what, all, path| {
        let mut client = open(path);
        let token = CancellationToken::new();
        let ours = token.clone();
        let canceller = thread::spawn(move || {
            thread::sleep(Duration::from_millis(300));
            token.cancel();
            Instant::now()
        });
        let patient = runner(all).lock_wait(Duration::from_secs(60)).cancel_on(&ours);
        let error = patient.run(&mut client).unwrap_err();
        let late = canceller.join().unwrap().elapsed();
        assert!(error.is_cancelled(), "{what}: {error}");
        assert!(late < Duration::from_millis(600), "{what}: {late:?}");
        assert_eq!(timeout(&client), OWN, "{what}");
    });
}

/// A client that looks at its timeout between messages, where a run may be dropped.
struct Between(Connection);

impl gapless::Connection for Between {
    fn dialect(&self) -> &'static dyn Dialect {
        self.0.dialect()
    }

    fn runs(&self) -> &'static str {
        self.0.runs()
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        let answer = self.0.exchange(message);
        assert_eq!(timeout(&self.0), OWN, "after {message}");
        answer
    }

    fn call(&mut self, call: &mut Call) -> Result<Vec<ResultSet>, ExchangeError> {
        let answer = self.0.call(call);
        assert_eq!(timeout(&self.0), OWN, "after a call");
        answer
    }
}

#[test]
fn the_timeout_is_the_clients_own_after_every_message_and_in_code() {
    let scripts = [
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_b.sql", "-- gapless: no-transaction\nPRAGMA recursive_triggers = ON;\nINSERT INTO a VALUES (1);"),
        ("3_own.sql", "PRAGMA busy_timeout = 7;\nCREATE TABLE b (id int);"),
        ("4_c.sql", "-- gapless: rust\n"),
        ("5_d.sql", "-- gapless: rust\n-- gapless: no-transaction\n"),
        ("6_e.sql", "PRAGMA recursive_triggers = ON;\nINSERT INTO nowhere VALUES (1);"),
    ];
    let all = set(&scripts);
    let version = |at: usize| all.migrations()[at].version();
    let (_directory, path) = database();
    let mut client = Between(open(&path));
    let within = Code::rusqlite(|transaction| {
        assert_eq!(timeout(transaction), OWN);
        Ok(())
    });
    let outside = Code::rusqlite_no_transaction(|connection| {
        assert_eq!(timeout(connection), OWN);
        Ok(())
    });
    let error = all.runner().code(version(3), within).code(version(4), outside).run(&mut client).unwrap_err();
    assert_eq!(
        (error.applied().len(), error.failure().map(gapless::Failure::version)),
        (5, Some(version(5)))
    );
}

#[test]
fn a_timeout_that_is_shorter_and_a_handler_stay_as_they_are() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let (_directory, path) = database();
    let mut client = Connection::open(&path).unwrap();
    client.busy_timeout(Duration::from_millis(20)).unwrap();
    tables(1).runner().run(&mut client).unwrap();
    assert_eq!(timeout(&client), Duration::from_millis(20));
    let own = |_| CALLS.fetch_add(1, Ordering::Relaxed) == 0;
    client.busy_handler(Some(own)).unwrap();
    tables(2).runner().run(&mut client).unwrap();
    let _other = keep_busy(&path, "BEGIN IMMEDIATE");
    assert_eq!(CALLS.load(Ordering::Relaxed), 0);
    assert!(client.execute_batch("BEGIN IMMEDIATE").is_err());
    assert_eq!(CALLS.load(Ordering::Relaxed), 2, "the handler is the client's own");
}

/// A migration that has done its work must not do it again because somebody reads for a moment.
#[test]
fn readers_are_waited_for_at_a_commit_as_the_client_does() {
    for (kind, all) in ways() {
        let (_directory, path) = database();
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE other (id int)").unwrap();
        let reader = keep_busy(&path, "BEGIN; SELECT count(*) FROM other");
        let ended = thread::spawn(move || {
            thread::sleep(Duration::from_secs(1));
            drop(reader);
        });
        let mut client = open(&path);
        let report = runner(&all).run(&mut client).unwrap();
        ended.join().unwrap();
        assert_eq!((report.applied().len(), report.retries()), (2, 0), "{kind}: {report}");
        assert_eq!(report.waited(), Duration::ZERO, "{kind}: {report}");
    }
}
