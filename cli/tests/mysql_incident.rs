//! Incidents on MariaDB. `docs/commands.md` shows what the commands print.

#![cfg(all(unix, feature = "lint", feature = "mysql", feature = "postgres", feature = "sqlite"))]

mod terminal;

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use gapless_tests::mysql_server::{Server, programs};
use mysql::Conn;
use mysql::prelude::Queryable;
use terminal::Terminal;
use terminal::documented::Document;
use terminal::running::Running;

/// A statement in the middle of a file fails, where what stands before it stays.
#[test]
fn half_a_file() {
    let mut terminal = Terminal::mysql();
    terminal.file("migrations/1_orders.up.sql", "CREATE TABLE orders (id bigint PRIMARY KEY);\n");
    terminal.output("gapless up");
    let broken = "CREATE TABLE notes (order_id bigint, note text);\n\
                  ALTER TABLE orders ADD COLUMN total decimal(10, 2) NOT NUL;\n\
                  UPDATE orders SET total = 0;\n";
    terminal.file("migrations/2_notes.up.sql", broken);
    terminal.run("gapless up");
    terminal.run("gapless status");
    terminal.note("correct the file: what is done must stay as it is");
    terminal.run("sed -i 's/NOT NUL;/NOT NULL;/' migrations/2_notes.up.sql");
    terminal.run("gapless up");
    Document::open("docs/commands.md").shows("half", &terminal.seen_here());
}

/// Waits until a session is in a statement that begins so.
fn until(client: &mut Conn, words: &str) {
    let query = format!("SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE '{words}%'");
    let begun = Instant::now();
    while client.query_first::<i64, _>(&query).expect("the server answers").is_none() {
        assert!(begun.elapsed() < Duration::from_secs(20), "nothing of {words}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The server crashes while it empties a table, which leaves no trace in the catalog.
#[test]
fn an_interrupted_truncate() {
    let server = Server::start_new(&programs(), &[]);
    let mut terminal = Terminal::new(server.database().url());
    terminal.file(
        "migrations/1_carts.up.sql",
        "CREATE TABLE carts (id bigint);\nINSERT INTO carts VALUES (1);\n",
    );
    let text = "-- gapless: lock-timeout 1min\nTRUNCATE TABLE carts;\nALTER TABLE carts ADD COLUMN owner bigint NOT NULL;\n";
    terminal.file("migrations/2_owners.up.sql", text);
    terminal.output("gapless up --to 1");
    let (mut other, mut client) = (terminal.mysql_client(), terminal.mysql_client());
    other.query_drop("START TRANSACTION; SELECT * FROM carts").expect("it works");
    let running = Running::start(&terminal, "gapless up");
    until(&mut client, "TRUNCATE");
    server.kill();
    assert_eq!(running.end().0, 1);
    server.start();
    terminal.run("gapless up");
    terminal.run("gapless status");
    terminal.run("gapless resolve 2");
    terminal.note("the rows are there, so nothing was emptied: repeat it");
    let seen = terminal.seen_entry("gapless resolve 2");
    terminal.run(&format!("gapless resolve 2 --retry {seen} --yes"));
    terminal.run("gapless verify");
    Document::open("docs/commands.md").shows("truncate", &terminal.seen_here());
}

#[test]
fn a_server_may_come_and_go() {
    let server = Server::start_new(&programs(), &[]);
    let terminal = Terminal::new(server.database().url());
    terminal.file("migrations/1_users.sql", "CREATE TABLE users (id int);\n");
    let mut command = terminal.command("gapless wait --for 1m --every 50ms");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a shell starts");
    thread::sleep(Duration::from_millis(500));
    server.kill();
    thread::sleep(Duration::from_millis(500));
    server.start();
    assert!(terminal.command("gapless up").output().expect("a shell starts").status.success());
    let output = child.wait_with_output().expect("it ends");
    let text = String::from_utf8(output.stderr).expect("it is text");
    assert!(output.status.success(), "{text}");
    let refused = format!("waiting: cannot connect to database `{}` at 127.0.0.1:{}", "test_", server.port);
    let refused = refused.split('`').next().expect("a beginning").to_owned();
    assert!(text.starts_with("waiting: 1 migration is not applied\n") && text.contains(&refused), "{text}");
}
