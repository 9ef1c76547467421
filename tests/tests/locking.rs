//! Locks: the lock of each transaction, and a tracker that another session has locked.

use std::thread;
use std::time::{Duration, Instant};

use gapless::{Locking, MigrationSet};
use gapless_tests::cluster::cluster;
use gapless_tests::set::{set, tables};
use postgres::Client;

fn versions(applied: &[gapless::Applied]) -> Vec<i64> {
    applied.iter().map(|applied| applied.version().number()).collect()
}

fn value(client: &mut Client, sql: &str) -> String {
    client.query_one(sql, &[]).unwrap().get(0)
}

/// Somebody has locked the tracker, and the role waits for no lock for long.
#[test]
fn a_locked_tracker_is_waited_for() {
    for setting in ["lock_timeout", "statement_timeout"] {
        for (pending, first) in [(tables(1), true), (tables(2), true), (tables(2), false)] {
            if setting == "statement_timeout" && !first {
                // Then it may be the migration that has no time.
                continue;
            }
            let database = cluster().database();
            tables(1).runner().run(&mut database.connect()).unwrap();
            let mut holder = database.connect();
            let mut client = database.connect();
            client.batch_execute(&format!("SET {setting} = '50ms'")).unwrap();
            if first {
                holder.batch_execute("BEGIN; LOCK TABLE applied_migrations").unwrap();
            }
            let report = thread::scope(|scope| {
                scope.spawn(move || {
                    if !first {
                        thread::sleep(Duration::from_millis(5));
                        holder.batch_execute("BEGIN; LOCK TABLE applied_migrations").unwrap();
                    }
                    thread::sleep(Duration::from_millis(400));
                    holder.batch_execute("COMMIT").unwrap();
                });
                pending.runner().retries(50).run(&mut client).unwrap()
            });
            assert_eq!(
                report.applied().len() + report.already_applied(),
                pending.migrations().len(),
                "{setting}"
            );
            let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND \
                         database = (SELECT oid FROM pg_database WHERE datname = current_database())";
            assert_eq!(database.connect().query_one(locks, &[]).unwrap().get::<_, i64>(0), 0, "{setting}");
        }
    }
}

#[test]
fn a_tracker_that_stays_locked_is_an_error_that_says_so() {
    let database = cluster().database();
    tables(1).runner().run(&mut database.connect()).unwrap();
    let mut holder = database.connect();
    holder.batch_execute("BEGIN; LOCK TABLE applied_migrations").unwrap();
    let mut client = database.connect();
    client.batch_execute("SET lock_timeout = '50ms'").unwrap();
    let error = tables(1).runner().lock_wait(Duration::from_millis(300)).run(&mut client).unwrap_err();
    assert!(error.is_lock_wait(), "{error}");
    assert!(error.to_string().contains("the database was busy for all of"), "{error}");
    client.batch_execute("SET lock_timeout = 0; SET statement_timeout = '50ms'").unwrap();
    let error = tables(1).runner().retries(2).run(&mut client).unwrap_err();
    assert_eq!(error.database_error().unwrap().code, "57014", "{error}");
}

/// Waiting for a lock inside of a transaction is waiting, and not one of so many tries.
#[test]
fn a_lock_of_the_transaction_is_waited_for() {
    // As `Tracker::lock_key` reckons it for `public.applied_migrations`.
    const KEY: i64 = 6_004_593_293_802_252_145;
    let database = cluster().database();
    let mut other = database.connect();
    other.batch_execute(&format!("SELECT pg_advisory_lock({KEY})")).unwrap();
    let all = tables(2);
    let runner = || all.runner().locking(Locking::Transaction).retries(0);
    let error = runner().lock_wait(Duration::from_millis(200)).run(&mut database.connect()).unwrap_err();
    assert!(error.is_lock_wait(), "{error}");
    let report = thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(Duration::from_millis(400));
            other.batch_execute(&format!("SELECT pg_advisory_unlock({KEY})")).unwrap();
        });
        runner().run(&mut database.connect()).unwrap()
    });
    assert!(report.waits() > 0, "{report}");
    assert_eq!((versions(report.applied()), report.retries()), (vec![1, 2], 0), "{report}");
}

/// Where the key alone would let both of them run, one waits.
#[test]
fn a_lock_of_transactions_keeps_different_migrations_apart() {
    let database = cluster().database();
    let slowly = "SELECT pg_sleep(0.5);";
    let (one, other) = (set(&[("1_a.sql", slowly)]), set(&[("2_b.sql", slowly)]));
    tables(1).runner().run(&mut database.connect()).unwrap();
    database.connect().batch_execute("TRUNCATE applied_migrations, applied_migrations_journal").unwrap();
    let begun = Instant::now();
    let waits = thread::scope(|scope| {
        let run = |set: &MigrationSet| {
            let runner = set.runner().unknown(gapless::Unknown::Allow).locking(Locking::Transaction);
            runner.run(&mut database.connect()).unwrap().waits()
        };
        let first = scope.spawn(move || run(&one));
        thread::sleep(Duration::from_millis(150));
        run(&other) + first.join().unwrap()
    });
    assert!(waits > 0, "nobody has waited");
    assert!(begun.elapsed() >= Duration::from_millis(950), "{:?}", begun.elapsed());
}

#[test]
fn a_lock_of_each_transaction_keeps_runners_apart() {
    let database = cluster().database();
    let all = set(&[
        ("1_a.sql", "CREATE TABLE a (n int); INSERT INTO a VALUES (0);"),
        ("2_b.sql", "UPDATE a SET n = n + 1;\nSELECT pg_sleep(0.3);"),
        ("3_c.sql", "UPDATE a SET n = n + 10;"),
        ("4_d.sql", "UPDATE a SET n = n + 100;"),
    ]);
    let applied: usize = thread::scope(|scope| {
        let run = || {
            all.runner().locking(Locking::Transaction).run(&mut database.connect()).unwrap().applied().len()
        };
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(run)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).sum()
    });
    assert_eq!(applied, 4);
    assert_eq!(value(&mut database.connect(), "SELECT n::text FROM a"), "111");
}
