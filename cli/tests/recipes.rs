//! The recipes of `docs/commands.md`, worked on real databases. The document shows what they print.

#![cfg(all(feature = "lint", feature = "postgres", feature = "sqlite"))]

mod terminal;

use terminal::Terminal;
use terminal::documented::Document;

fn commands() -> Document {
    Document::open("docs/commands.md")
}

#[test]
fn first_steps() {
    let mut terminal = Terminal::sqlite();
    terminal.output("mkdir migrations");
    terminal.run("gapless new --down customers");
    terminal.file(
        "migrations/0001_customers.up.sql",
        "CREATE TABLE customers (id bigint PRIMARY KEY, email text);\n",
    );
    terminal.file("migrations/0001_customers.down.sql", "DROP TABLE customers;\n");
    terminal.note("write SQL into the files, and then:");
    terminal.run("gapless check");
    terminal.run("gapless up");
    terminal.run("gapless status");
    terminal.run("gapless down --yes");
    terminal.run("gapless plan");
    terminal.run("gapless up");
    commands().shows("first steps", &terminal.seen_here());
}

/// Somebody sits on a lock in an open transaction.
#[test]
fn a_held_lock() {
    let mut terminal = Terminal::postgres();
    terminal.file("migrations/1_orders.up.sql", "CREATE TABLE orders (id bigint PRIMARY KEY);\n");
    terminal.output("gapless up");
    terminal.file(
        "migrations/2_notes.up.sql",
        "-- gapless: lock-timeout 200ms\nALTER TABLE orders ADD COLUMN note text;\n",
    );
    let url = format!("{}?application_name=report", terminal.url());
    let mut other = postgres::Client::connect(&url, postgres::NoTls).expect("the server answers");
    let mut holding = other.transaction().expect("a transaction begins");
    holding.batch_execute("SELECT count(*) FROM orders").expect("the table is locked");
    terminal.run("gapless up");
    terminal.note("it is a report that somebody left open: end it, and run again");
    let pid: i32 = holding.query_one("SELECT pg_backend_pid()", &[]).expect("it answers").get(0);
    terminal.run(&format!("psql -qAtc 'SELECT pg_terminate_backend({pid})' \"$DATABASE_URL\""));
    terminal.run("gapless up");
    commands().shows("held", &terminal.seen_here());
}

/// A role that may do no more than read the tracker.
#[test]
fn a_role_that_reads() {
    let mut terminal = Terminal::postgres();
    terminal.file("migrations/1_orders.up.sql", "CREATE TABLE orders (id bigint PRIMARY KEY);\n");
    terminal.output("gapless up");
    terminal.sql("DROP ROLE IF EXISTS watcher");
    terminal.file("migrations/2_notes.up.sql", "ALTER TABLE orders ADD COLUMN note text;\n");
    terminal.run(
        "psql -qc 'CREATE ROLE watcher LOGIN; GRANT SELECT ON applied_migrations, applied_migrations_journal TO watcher' \"$DATABASE_URL\"",
    );
    let url = terminal.url().replace("postgres@", "watcher@");
    terminal.variable("DATABASE_URL", &url);
    terminal.note("with DATABASE_URL=postgres://watcher@127.0.0.1/shop");
    terminal.run("gapless status");
    terminal.run("gapless plan");
    terminal.run("gapless up");
    commands().shows("reading", &terminal.seen_here());
}
