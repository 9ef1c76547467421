//! What the commands that look at a database print for people.

#![cfg(all(feature = "binary", feature = "postgres", feature = "sqlite"))]

mod terminal;

use terminal::Terminal;

/// Three migrations, two of which can be rolled back.
fn shop(terminal: &Terminal) {
    terminal.file("migrations/1_users.up.sql", "CREATE TABLE users (id integer);\n");
    terminal.file("migrations/2_orders.up.sql", "-- All of them.\nCREATE TABLE orders (id integer);\n");
    terminal.file("migrations/2_orders.down.sql", "DROP TABLE orders;\n");
    terminal.file(
        "migrations/4_items.up.sql",
        "CREATE TABLE items (id integer);\nINSERT INTO items VALUES (1);\n",
    );
    terminal.file("migrations/4_items.down.sql", "DROP TABLE items;\n");
}

fn reports(mut terminal: Terminal) -> String {
    shop(&terminal);
    terminal.file("app.db", "");
    terminal.run("gapless plan --sql");
    terminal.run("gapless dry-run");
    terminal.run("gapless log");
    terminal.run("gapless up --lock-wait 1m --lock-timeout 2s --statement-timeout 5m");
    terminal.note("A late one, and one that fails.");
    terminal.file("migrations/3_prices.up.sql", "CREATE TABLE prices (id integer);\n");
    terminal.file("migrations/5_typo.up.sql", "CREATE TABEL typo (id integer);\n");
    terminal.run("gapless plan");
    terminal.run("gapless up");
    terminal.run("gapless dry-run");
    terminal.run("gapless status");
    terminal.run("gapless log");
    terminal.run("gapless log --version 2 --limit 1");
    terminal.run("gapless down --yes --sql --to 1");
    terminal.remove("migrations/3_prices.up.sql");
    terminal.run("gapless down --yes --sql");
    terminal.run("gapless down --yes --past-later --steps 2");
    terminal.seen()
}

#[test]
fn reports_on_sqlite() {
    insta::assert_snapshot!(reports(Terminal::sqlite()));
}

#[cfg(feature = "mysql")]
#[test]
fn reports_on_mysql() {
    insta::assert_snapshot!(reports(Terminal::mysql()));
}

#[test]
fn reports_on_postgres() {
    insta::assert_snapshot!(reports(Terminal::postgres()));
}
