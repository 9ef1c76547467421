//! Provokes the faults that migration runners fail at, many times over, against real servers. Each function returns a row
//! of the table that the program `faults` prints, and panics if a promise does not hold.

pub mod crashes;
pub mod locks;
pub mod network;
pub mod pooler;
pub mod processes;
pub mod sets;
pub mod standby;

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::process::Command;
use std::time::Duration;

use crate::cluster::{Database, programs};

/// A line of the table.
#[derive(Debug)]
pub struct Row {
    pub what: &'static str,
    pub times: String,
    pub held: String,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| {} | {} | {} |", self.what, self.times, self.held)
    }
}

/// Schema and data as `pg_dump` writes them, without the tracker; a row a line, in no order of its own.
pub fn dump(database: &Database) -> Vec<String> {
    let mut dump = Command::new(programs().join("pg_dump"));
    dump.args(["--inserts", "-T", "applied_migrations*", "-d", &database.url()]);
    let output = dump.output().expect("pg_dump starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("it dumps text");
    // Newer versions bracket a dump with a random word.
    let mut lines: Vec<_> =
        text.lines().filter(|line| !line.contains("restrict ")).map(str::to_owned).collect();
    // Where a row lies depends on what was rolled back before it.
    lines.sort_unstable();
    lines
}

/// Asserts that the database holds what an undisturbed run leaves, with no invalid index.
pub fn assert_undisturbed(database: &Database, reference: &[String], applied: usize) {
    let mut client = database.connect();
    let row = client
        .query_one(
            "SELECT (SELECT count(*) FROM applied_migrations), (SELECT count(*) FROM pg_index WHERE NOT indisvalid)",
            &[],
        )
        .expect("the tracker can be read");
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (applied as i64, 0), "{}", database.name);
    let found = dump(database);
    let differ =
        |a: &[String], b: &[String]| a.iter().filter(|line| !b.contains(line)).cloned().collect::<Vec<_>>();
    let difference =
        if found == reference { None } else { Some((differ(&found, reference), differ(reference, &found))) };
    assert_eq!(difference, None, "{}", database.name);
}

/// A pause between nothing and this long.
pub fn random(longest: Duration) -> Duration {
    let part = RandomState::new().hash_one(0_u8) % 10_000;
    longest.mul_f64(part as f64 / 10_000.0)
}
