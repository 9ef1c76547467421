//! A table that somebody else has locked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::Row;
use crate::cluster::cluster;
use crate::set::set;

/// The lock is held for so long; a run with a lock timeout of 100 ms goes on trying, and those who only read
/// the table are not queued behind it for longer than that.
pub fn locked_table(held: Duration) -> Row {
    let database = cluster().database();
    let mut holder = database.connect();
    holder.batch_execute("CREATE TABLE busy (id int)").unwrap();
    holder.batch_execute("BEGIN; INSERT INTO busy VALUES (1)").unwrap();
    let change = set(&[("1_a.sql", "-- gapless: lock-timeout 100ms\nALTER TABLE busy ADD name text;")]);
    let over = AtomicBool::new(false);
    let (retries, slowest) = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut client = database.connect();
            let mut slowest = Duration::ZERO;
            while !over.load(Ordering::SeqCst) {
                let begun = Instant::now();
                client.query("SELECT count(*) FROM busy", &[]).unwrap();
                slowest = slowest.max(begun.elapsed());
            }
            slowest
        });
        scope.spawn(move || {
            thread::sleep(held);
            holder.batch_execute("COMMIT").unwrap();
        });
        let report = change.runner().retries(1000).run(&mut database.connect()).unwrap();
        over.store(true, Ordering::SeqCst);
        (report.retries(), reader.join().unwrap())
    });
    assert!(retries > 1, "the lock was not met");
    assert!(slowest < held / 3, "a reader was queued for {slowest:?}");
    Row {
        what: "another session locks a table for longer than `lock_timeout` (100 ms)",
        times: format!("held for {held:?}"),
        held: format!(
            "succeeds after {retries} retries; no reader of the table waits longer than {slowest:.0?}"
        ),
    }
}
