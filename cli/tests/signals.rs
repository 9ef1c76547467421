//! Real signals while the program works.

#![cfg(all(unix, feature = "binary", feature = "postgres", feature = "sqlite"))]

mod terminal;

use std::thread;
use std::time::{Duration, Instant};

use postgres::Client;
use terminal::Terminal;
use terminal::running::{Running, signal};

/// Waits until a query has a row.
fn until(client: &mut Client, query: &str) -> i32 {
    let begun = Instant::now();
    loop {
        if let Some(row) = client.query_opt(query, &[]).expect("the server answers") {
            return row.get(0);
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "nothing of {query}");
        thread::sleep(Duration::from_millis(20));
    }
}

const SLEEPING: &str = "SELECT pid FROM pg_stat_activity \
    WHERE datname = current_database() AND wait_event = 'PgSleep' AND application_name = 'gapless'";

/// Nothing of the run is left: no lock, no transaction, no statement.
fn is_clean(client: &mut Client) {
    let row = client
        .query_one(
            "SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())),
                    (SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = 'gapless' AND state <> 'idle')",
            &[],
        )
        .expect("the server answers");
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (0, 0));
}

/// Sleeps for half a minute, unless it may not.
const LONG: &str = "SELECT pg_sleep(CASE WHEN EXISTS (SELECT FROM patience) THEN 30 ELSE 0 END);\n";

fn slow(directives: &str) -> Terminal {
    let terminal = Terminal::postgres();
    terminal.sql("CREATE TABLE patience AS SELECT 1 AS one");
    terminal.file("migrations/1_a.sql", "CREATE TABLE a (id integer);\n");
    terminal.file("migrations/2_long.sql", &format!("{directives}CREATE TABLE b (id integer);\n{LONG}"));
    terminal.file("migrations/3_c.sql", "CREATE TABLE c (id integer);\n");
    terminal
}

/// Interrupted in its sleep, it says what it kept, leaves nothing, and goes on the next time.
fn interrupted(terminal: &Terminal, name: &str) -> String {
    let mut client = terminal.client();
    let running = Running::start(terminal, "gapless up");
    until(&mut client, SLEEPING);
    running.signal(name);
    let (code, text) = running.end();
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("cancelling; once more ends at once\n"), "{text}");
    assert!(text.contains("error: cancelled while applying migration 2 `long`"), "{text}");
    assert!(text.contains("version 1 was applied before and stays applied"), "{text}");
    is_clean(&mut client);
    client.batch_execute("DELETE FROM patience").expect("it is deleted");
    let (code, again) = Running::start(terminal, "gapless up").end();
    assert!(code == 0 && again.contains("2 applied, 1 was already"), "{again}");
    text
}

#[test]
fn a_batch_is_cancelled_and_what_came_before_stays() {
    let text = interrupted(&slow(""), "INT");
    assert!(text.contains("rolled back"), "{text}");
}

#[test]
fn a_statement_outside_of_a_transaction_is_cancelled_and_goes_on_the_next_time() {
    interrupted(&slow("-- gapless: no-transaction\n"), "TERM");
}

#[test]
fn a_run_that_waits_gives_up_and_the_other_goes_on() {
    let terminal = slow("");
    let mut client = terminal.client();
    let first = Running::start(&terminal, "gapless up");
    until(&mut client, SLEEPING);
    let second = Running::start(&terminal, "gapless up");
    thread::sleep(Duration::from_millis(700));
    second.signal("INT");
    let (code, text) = second.end();
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("error: cancelled while waiting for another runner: backend "), "{text}");
    let pid = until(&mut client, SLEEPING);
    first.signal("INT");
    let (code, text) = first.end();
    assert!(code == 1 && text.contains("migration 2 `long`"), "{pid}: {text}");
    is_clean(&mut client);
}

#[test]
fn a_rollback_is_cancelled_too() {
    let terminal = Terminal::postgres();
    terminal.file("migrations/1_a.up.sql", "CREATE TABLE a (id integer);\n");
    terminal.file("migrations/1_a.down.sql", "DROP TABLE a;\nSELECT pg_sleep(30);\n");
    assert_eq!(Running::start(&terminal, "gapless up").end().0, 0);
    let mut client = terminal.client();
    let running = Running::start(&terminal, "gapless down --yes");
    until(&mut client, SLEEPING);
    running.signal("INT");
    let (code, text) = running.end();
    assert!(code == 1 && text.contains("cancelled while rolling back migration 1 `a`"), "{text}");
    is_clean(&mut client);
    assert_eq!(Running::start(&terminal, "gapless verify").end(), (0, String::new()));
}

#[test]
fn json_tells_it_too() {
    let terminal = slow("");
    let mut client = terminal.client();
    let running = Running::start(&terminal, "gapless up --json 2>/dev/null");
    until(&mut client, SLEEPING);
    running.signal("INT");
    let (code, text) = running.end();
    let last: serde_json::Value =
        serde_json::from_str(text.lines().last().unwrap_or_default()).expect("the last line is JSON");
    assert_eq!((code, &last["event"], &last["exit_code"]), (1, &"failed".into(), &1.into()), "{text}");
    assert_eq!(last["applied"][0]["version"], 1, "{text}");
}

#[test]
fn the_second_signal_ends_at_once() {
    let terminal = slow("");
    let mut client = terminal.client();
    let running = Running::start(&terminal, "gapless up");
    let backend = until(&mut client, SLEEPING);
    // A server that does not answer.
    signal(u32::try_from(backend).expect("a process id"), "STOP");
    running.signal("INT");
    thread::sleep(Duration::from_millis(1500));
    running.signal("INT");
    let ended = Instant::now();
    let (code, text) = running.end();
    signal(u32::try_from(backend).expect("a process id"), "CONT");
    assert_eq!(code, 130, "{text}");
    assert!(ended.elapsed() < Duration::from_secs(1), "it ends at once");
}

#[test]
fn sqlite_is_interrupted_as_well() {
    let terminal = Terminal::sqlite();
    terminal.file("migrations/1_a.sql", "CREATE TABLE a (id integer);\n");
    let endless =
        "WITH RECURSIVE c (x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c;\n";
    terminal.file("migrations/2_long.sql", &format!("CREATE TABLE b (id integer);\n{endless}"));
    let running = Running::start(&terminal, "gapless up");
    thread::sleep(Duration::from_secs(1));
    running.signal("TERM");
    let (code, text) = running.end();
    assert!(code == 1 && text.contains("cancelled while applying migration 2 `long`"), "{text}");
    terminal.file("migrations/2_long.sql", "CREATE TABLE b (id integer);\n");
    let (code, text) = Running::start(&terminal, "gapless up").end();
    assert!(code == 0 && text.contains("1 applied, 1 was already"), "{text}");
}
