//! What is to be seen of a run while it goes on.

#![cfg(all(feature = "binary", feature = "postgres"))]

mod terminal;

use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use terminal::Terminal;

/// A table on which the build of an index takes three seconds.
fn slow_index() -> Terminal {
    let terminal = Terminal::postgres();
    terminal.sql(
        "CREATE TABLE orders AS SELECT * FROM generate_series(1, 2000) AS orders (id);
         CREATE FUNCTION slow(id integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql
             AS 'BEGIN PERFORM pg_sleep(0.0005); RETURN id; END'",
    );
    terminal.file("migrations/1_customers.sql", "CREATE TABLE customers (id integer);\n");
    terminal.file(
        "migrations/2_index.sql",
        "-- gapless: no-transaction\nCREATE INDEX CONCURRENTLY orders_id ON orders (slow(id));\nSELECT 1;\n",
    );
    terminal
}

/// Both outputs of a run.
fn run(terminal: &Terminal, line: &str) -> (String, String) {
    let output = terminal.command(line).output().expect("a shell starts");
    assert!(output.status.success(), "{output:?}");
    let text = |bytes| String::from_utf8(bytes).expect("it is text");
    (text(output.stdout), text(output.stderr))
}

#[test]
fn the_build_of_an_index_tells_its_phases() {
    let (report, lines) = run(&slow_index(), "gapless up");
    assert!(report.starts_with("2 applied, 0 were already"), "{report}");
    for expected in [
        "applying 1 customers\n",
        "2 index, statement 1 of 2 (migrations/2_index.sql:2:1): CREATE INDEX CONCURRENTLY orders_id",
        "CREATE INDEX CONCURRENTLY on orders: building index: scanning table",
        "2 index, statement 2 of 2",
    ] {
        assert!(lines.contains(expected), "{expected}: {lines}");
    }
    assert!(!report.contains("scanning"), "{report}");
}

#[test]
fn json_has_the_phases_and_who_is_in_the_way() {
    let terminal = slow_index();
    let mut other = terminal.client();
    let mut holding = other.transaction().expect("a transaction begins");
    holding
        .batch_execute("SET application_name = 'worker'; DELETE FROM orders WHERE id = 1")
        .expect("it works");
    let mut command = terminal.command("gapless up --json");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a shell starts");
    thread::sleep(Duration::from_millis(2500));
    holding.commit().expect("it is committed");
    let output = child.wait_with_output().expect("it ends");
    let text = String::from_utf8(output.stdout).expect("it is text");
    let events: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    let schema = terminal::schema::Schema::read("event");
    events.iter().for_each(|event| schema.check(event));
    let seen: Vec<_> = events.iter().filter(|event| event["event"] == "progress").collect();
    let blocked = seen.iter().find(|event| event["blocked_by"]["application"] == "worker");
    let blocked = blocked.unwrap_or_else(|| unreachable!("{seen:#?}"));
    assert_eq!(
        (&blocked["applied"], &blocked["blocked_by"]["state"]),
        (&1.into(), &"idle in transaction".into())
    );
    let scanning = seen.iter().find(|event| event["phase"] == "building index: scanning table");
    let scanning = scanning.unwrap_or_else(|| unreachable!("{seen:#?}"));
    assert_eq!((&scanning["relation"], scanning["percent"].is_number()), (&"orders".into(), true));
    assert!(
        seen.windows(2).all(|pair| pair[0]["percent"] != pair[1]["percent"]
            || pair[0]["phase"] != pair[1]["phase"]
            || pair[0]["blocked_by"] != pair[1]["blocked_by"]),
        "nothing is said twice: {seen:#?}"
    );
    let statements: Vec<_> = events.iter().filter(|event| event["event"] == "statement").collect();
    assert_eq!((statements.len(), &statements[0]["line"]), (2, &2.into()), "{statements:#?}");
}

#[test]
fn migrations_of_one_message_are_counted_as_they_are_committed() {
    let terminal = Terminal::postgres();
    for version in 1..=5 {
        terminal.file(&format!("migrations/{version}_slow.sql"), "SELECT pg_sleep(0.6);\n");
    }
    let (text, _) = run(&terminal, "gapless up --json");
    let counts: Vec<_> = text
        .lines()
        .filter_map(|line| {
            let event: Value = serde_json::from_str(line).expect("each line is JSON");
            event["applied"].as_u64().filter(|_| event["event"] == "progress")
        })
        .collect();
    assert!(
        counts.len() >= 2 && counts.is_sorted() && counts.iter().all(|count| *count <= 5),
        "{counts:?}: {text}"
    );
}
