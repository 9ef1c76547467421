//! The recipes of `docs/commands.md` for incidents, worked on a real server. The document shows what they print.

#![cfg(all(feature = "lint", feature = "postgres", feature = "sqlite"))]

mod terminal;

use std::thread;
use std::time::{Duration, Instant};

use terminal::Terminal;
use terminal::documented::Document;

/// A migration loses its server in the middle of a procedure that commits.
#[test]
fn an_interrupted_statement() {
    let mut terminal = Terminal::postgres();
    terminal.file(
        "migrations/1_orders.up.sql",
        "CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);\n\
         CREATE PROCEDURE fill_totals() LANGUAGE plpgsql AS $$\n\
         BEGIN INSERT INTO orders VALUES (1, 10); COMMIT; PERFORM pg_sleep(600); INSERT INTO orders VALUES (2, 20); END\n$$;\n",
    );
    terminal.file(
        "migrations/2_totals.up.sql",
        "-- gapless: no-transaction\nCALL fill_totals();\nALTER TABLE orders ALTER COLUMN total SET NOT NULL;\n",
    );
    terminal.output("gapless up --to 1");
    let mut client = terminal.client();
    let failover = thread::spawn(move || {
        let begun = Instant::now();
        while client.query("SELECT FROM orders", &[]).expect("it answers").is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(60), "the statement does not begin");
            thread::sleep(Duration::from_millis(20));
        }
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CALL fill%'";
        client.batch_execute(end).expect("the backend ends");
    });
    terminal.output("gapless up");
    failover.join().expect("the server was lost");
    terminal.run("gapless up");
    terminal.run("gapless resolve 2");
    terminal
        .note("the orders of the second half are missing: put them in by hand, and go on behind the call");
    terminal.run("psql -qc 'INSERT INTO orders VALUES (2, 20)' \"$DATABASE_URL\"");
    let seen = terminal.seen_entry("gapless resolve 2");
    terminal.run(&format!("gapless resolve 2 --skip {seen} --yes"));
    terminal.run("gapless verify");
    Document::open("docs/commands.md").shows("interrupted", &terminal.seen_here());
}

/// Somebody has edited a migration that is applied.
#[test]
fn an_edited_file() {
    let mut terminal = Terminal::postgres();
    terminal.file("migrations/1_orders.up.sql", "CREATE TABLE orders (id bigint PRIMARY KEY);\n");
    terminal.output("gapless up");
    let text = "-- Orders of customers.\nCREATE TABLE orders (id bigint PRIMARY KEY);\n";
    terminal.file("migrations/1_orders.up.sql", text);
    terminal.run("gapless up");
    terminal.note("it is a comment: the database stays as it is");
    terminal.run("gapless accept 1 --yes");
    terminal.run("gapless verify");
    Document::open("docs/commands.md").shows("edited", &terminal.seen_here());
}
