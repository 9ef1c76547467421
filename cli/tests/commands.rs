//! Each command as its reader sees it, on SQLite and on Postgres.

#![cfg(all(feature = "binary", feature = "postgres", feature = "sqlite"))]

mod terminal;

use terminal::Terminal;

/// Two migrations, of which one can be rolled back.
fn shop(terminal: &Terminal) {
    terminal.file("migrations/1_customers.up.sql", "CREATE TABLE customers (id bigint, email text);\n");
    terminal.file("migrations/2_orders.up.sql", "CREATE TABLE orders (id bigint);\n");
    terminal.file("migrations/2_orders.down.sql", "DROP TABLE orders;\n");
}

/// The life of a database from empty to current and one step back.
fn life(mut terminal: Terminal) -> String {
    shop(&terminal);
    terminal.run("gapless plan");
    terminal.run("gapless verify");
    terminal.run("gapless up");
    terminal.run("gapless up");
    terminal.run("gapless verify");
    terminal.run("gapless status");
    terminal.run("gapless down");
    terminal.run("gapless down --yes");
    terminal.run("gapless status --pending");
    terminal.run("gapless status --json");
    terminal.run("gapless plan --json");
    terminal.seen()
}

#[test]
fn life_on_sqlite() {
    insta::assert_snapshot!(life(Terminal::sqlite()));
}

#[test]
fn life_on_postgres() {
    insta::assert_snapshot!(life(Terminal::postgres()));
}

#[cfg(feature = "mysql")]
#[test]
fn life_on_mysql() {
    insta::assert_snapshot!(life(Terminal::mysql()));
}

#[test]
fn check() {
    let mut terminal = Terminal::new(String::new());
    terminal.run("gapless check");
    shop(&terminal);
    terminal.run("gapless check");
    terminal.file("migrations/2_users.up.sql", "SELECT 1;\nCOMMIT;\n");
    terminal.run("gapless check");
    terminal.run("gapless check --layout rails");
    insta::assert_snapshot!(terminal.seen());
}

#[test]
fn config() {
    let mut terminal = Terminal::new("postgres://shop:secret@db.internal/shop".to_owned());
    terminal.file(
        "gapless.toml",
        "dir = [\"sql\", \"more\"]\nschema = \"shop\"\n\n[lint]\nexcept = [\"prefer-identity\"]\n",
    );
    terminal.run("gapless config");
    terminal.run("gapless config --database-url 'postgres://db/shop?user=a&password=secret' --schema own");
    terminal.file("gapless.toml", "directory = \"sql\"\n");
    terminal.run("gapless config");
    let seen = terminal.seen();
    // Once in the line that was typed.
    assert_eq!(seen.matches("secret").count(), 1, "{seen}");
    insta::assert_snapshot!(seen);
}

#[test]
fn failures() {
    let mut terminal = Terminal::postgres();
    shop(&terminal);
    terminal
        .file("migrations/3_typo.up.sql", "CREATE TABLE payments (id bigint);\nCREATE INDX a ON payments;\n");
    terminal.run("gapless up");
    terminal.run("gapless status");
    terminal.remove("migrations/3_typo.up.sql");
    terminal.file("migrations/1_customers.up.sql", "CREATE TABLE customers (id int);\n");
    terminal.run("gapless verify");
    terminal.run("gapless up --database-url oracle://db/shop");
    terminal.run("gapless up --database-url postgres://nobody@127.0.0.1:1/shop");
    terminal.run("gapless status | head -n 1");
    insta::assert_snapshot!(terminal.seen());
}

#[test]
fn a_lock_takes_new_files_without_a_question() {
    let mut terminal = Terminal::new(String::new());
    terminal.file("migrations/1_users.up.sql", "CREATE TABLE users (id bigint);\n");
    terminal.run("gapless lock");
    terminal.file("migrations/2_orders.up.sql", "CREATE TABLE orders (id bigint);\n");
    terminal.run("gapless check");
    terminal.run("gapless lock");
    terminal.file("migrations/1_users.up.sql", "CREATE TABLE users (id int);\n");
    terminal.file("migrations/3_notes.up.sql", "CREATE TABLE notes (id bigint);\n");
    terminal.run("gapless lock");
    terminal.run("gapless lock --yes");
    insta::assert_snapshot!(terminal.seen());
}
