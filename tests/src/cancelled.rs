//! Runs that their programs cancel.

use std::thread;
use std::time::{Duration, Instant};

use gapless::{Applied, Error, MigrationSet, Version};

use crate::cluster::Database;
use crate::killed::value;
use crate::set::set;

/// The third of five takes too long.
pub fn slow_third(sql: &str) -> MigrationSet {
    set(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_b.sql", "CREATE TABLE b (id int);"),
        ("3_slow.sql", sql),
        ("4_d.sql", "CREATE TABLE d (id int);"),
        ("5_e.sql", "CREATE TABLE e (id int);"),
    ])
}

/// It changes a setting and writes before it sleeps.
pub const SLEEP: &str =
    "SET search_path = pg_catalog;\nINSERT INTO public.a VALUES (1);\nSELECT pg_sleep(60);";

/// The event that a sleeping session of Postgres waits for.
pub const SLEEPS: &str = "PgSleep";

pub fn applied(error: &Error) -> Vec<i64> {
    error.applied().iter().map(Applied::version).map(Version::number).collect()
}

/// Waits until a session of this database waits for this event.
pub fn await_event(database: &Database, event: &str) {
    let mut watcher = database.connect();
    let active = format!(
        "SELECT count(*)::text FROM pg_stat_activity WHERE wait_event = '{event}' AND state = 'active' \
         AND datname = current_database() AND pid <> pg_backend_pid()"
    );
    let begun = Instant::now();
    while value(&mut watcher, &active) == "0" {
        assert!(begun.elapsed() < Duration::from_secs(30), "no session is in {event}");
        thread::sleep(Duration::from_millis(5));
    }
}

pub fn advisory_locks(database: &Database) -> String {
    let locks = "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    value(&mut database.connect(), locks)
}
