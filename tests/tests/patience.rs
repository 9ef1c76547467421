//! Looks that a server cancels.

use std::thread;
use std::time::Duration;

use gapless_tests::cluster::cluster;
use gapless_tests::set::tables;

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
