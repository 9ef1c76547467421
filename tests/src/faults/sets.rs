//! The sets that the child processes run, by name.

use gapless::MigrationSet;

use crate::set::set;

/// The set of this name.
pub fn named(name: &str) -> MigrationSet {
    match name {
        "counting" => counting(),
        "index" => index(),
        "mixed" => mixed(200),
        "short" => mixed(30),
        "empty" => MigrationSet::new(Vec::new()).expect("nothing collides"),
        _ => panic!("no set {name}"),
    }
}

fn of(files: &[(String, String)]) -> MigrationSet {
    let files: Vec<_> = files.iter().map(|(file, sql)| (file.as_str(), sql.as_str())).collect();
    set(&files)
}

/// Twenty; each but the first adds a bit of its own, so that twice would show.
fn counting() -> MigrationSet {
    let first = "CREATE TABLE counter (n bigint); INSERT INTO counter VALUES (0);".to_owned();
    let more = (1..20)
        .map(|bit| (format!("{}_bit.sql", bit + 1), format!("UPDATE counter SET n = n + {};", 1 << bit)));
    of(&[vec![("1_counter.sql".to_owned(), first)], more.collect()].concat())
}

/// The value that `counting` leaves.
pub const COUNTED: i64 = (1 << 20) - 2;

fn index() -> MigrationSet {
    set(&[
        ("1_big.sql", "CREATE TABLE big AS SELECT generate_series(1, 50000) AS id;"),
        ("2_index.sql", "-- gapless: no-transaction\nCREATE INDEX CONCURRENTLY big_id ON big (id);"),
    ])
}

/// Tables, data that depends on being changed once, and steps outside of transactions that the catalog can
/// decide or that may be repeated.
fn mixed(count: usize) -> MigrationSet {
    let steps = "-- gapless: no-transaction\n";
    let files = (1..=count).map(|n| {
        let sql = match n {
            1 => "CREATE TABLE ledger (n int PRIMARY KEY, seen text NOT NULL);".to_owned(),
            _ if n % 40 == 5 && n > 40 => format!("{steps}DROP INDEX CONCURRENTLY i{};", n - 5),
            _ if n % 40 == 15 => format!("{steps}REINDEX INDEX CONCURRENTLY i{};", n - 5),
            _ if n % 10 == 0 => format!(
                "{steps}CREATE INDEX CONCURRENTLY i{n} ON t{m} (id);\nCREATE INDEX CONCURRENTLY IF NOT EXISTS j{n} ON t{m} ((-id));",
                m = n - 1
            ),
            _ if n % 25 == 0 => format!("{steps}-- gapless: rerunnable\nVACUUM ledger;\nANALYZE ledger;"),
            _ if n % 10 == 9 => format!("CREATE TABLE t{n} AS SELECT generate_series(1, 500) AS id;"),
            _ => format!("INSERT INTO ledger VALUES ({n}, '');\nUPDATE ledger SET seen = seen || ' {n}' WHERE n < {n};"),
        };
        (format!("{n}_step.sql"), sql)
    });
    of(&files.collect::<Vec<_>>())
}
