//! Real signals while the program works on MariaDB.

#![cfg(all(unix, feature = "binary", feature = "mysql"))]

mod terminal;

use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};
use std::{fs, io};

use gapless_tests::mysql_server::{Server, programs};
use mysql::Conn;
use mysql::prelude::Queryable;
use terminal::Terminal;
use terminal::running::{Running, signal};

/// Waits until a query has a row.
fn until(client: &mut Conn, query: &str) {
    let begun = Instant::now();
    while client.query_first::<i64, _>(query).expect("the server answers").is_none() {
        assert!(begun.elapsed() < Duration::from_secs(20), "nothing of {query}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The run is in this statement.
fn at(words: &str) -> String {
    format!(
        "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = database() AND ID <> connection_id() \
         AND INFO LIKE '{words}%'"
    )
}

/// Nothing of the run is left: no session, and so no lock and no transaction.
fn is_clean(client: &mut Conn) {
    until(
        client,
        "SELECT 1 FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM information_schema.PROCESSLIST \
         WHERE DB = database() AND ID <> connection_id())",
    );
}

/// Takes half a minute, unless the rows are gone.
const LONG: &str = "INSERT INTO b SELECT sleep(0.1) FROM patience;\n";

fn slow(before: &str) -> (Terminal, Conn) {
    let terminal = Terminal::mysql();
    terminal.sql("CREATE TABLE patience AS SELECT seq FROM seq_1_to_300; CREATE TABLE b (id int)");
    terminal.file("migrations/1_a.sql", "CREATE TABLE a (id int);\n");
    terminal.file("migrations/2_long.sql", &format!("{before}{LONG}"));
    terminal.file("migrations/3_c.sql", "CREATE TABLE c (id int);\n");
    let client = terminal.mysql_client();
    (terminal, client)
}

/// Interrupted in its sleep, it says what it kept, leaves nothing, and goes on the next time.
fn interrupted(terminal: &Terminal, client: &mut Conn, name: &str) -> String {
    let running = Running::start(terminal, "gapless up");
    until(client, &at("INSERT INTO b"));
    running.signal(name);
    let (code, text) = running.end();
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("cancelling; once more ends at once\n"), "{text}");
    assert!(text.contains("error: cancelled while applying migration 2 `long`"), "{text}");
    assert!(text.contains("version 1 was applied before and stays applied"), "{text}");
    is_clean(client);
    let kept: Option<i64> = client.query_first("SELECT count(*) FROM b").expect("the server answers");
    assert_eq!(kept, Some(0), "the statement was undone");
    client.query_drop("DELETE FROM patience").expect("it is deleted");
    let (code, again) = Running::start(terminal, "gapless up").end();
    assert!(code == 0 && again.contains("2 applied, 1 was already"), "{again}");
    text
}

#[test]
fn a_script_of_rows_alone_is_rolled_back() {
    let (terminal, mut client) = slow("");
    let text = interrupted(&terminal, &mut client, "INT");
    assert!(text.contains("help: it was rolled back; run again to go on"), "{text}");
}

#[test]
fn a_definition_before_it_stays() {
    let (terminal, mut client) = slow("CREATE TABLE d (id int);\n");
    let text = interrupted(&terminal, &mut client, "TERM");
    assert!(text.contains("help: the statements before this one stay done"), "{text}");
    assert!(!text.contains("rolled back"), "{text}");
}

/// A statement that the server takes back whole, and that waits for somebody.
#[test]
fn a_table_that_is_waited_for_is_left_as_it_was() {
    let terminal = Terminal::mysql();
    terminal.sql("CREATE TABLE a (id int)");
    terminal.file("migrations/1_a.sql", "-- gapless: lock-timeout 1min\nALTER TABLE a ADD COLUMN b int;\n");
    let (mut other, mut client) = (terminal.mysql_client(), terminal.mysql_client());
    other.query_drop("START TRANSACTION; SELECT * FROM a").expect("it works");
    let running = Running::start(&terminal, "gapless up");
    until(&mut client, &at("ALTER TABLE a"));
    running.signal("INT");
    let (code, text) = running.end();
    assert!(code == 1 && text.contains("help: none of its statements is done; run again to go on"), "{text}");
    drop(other);
    is_clean(&mut client);
    let (code, again) = Running::start(&terminal, "gapless up").end();
    assert!(code == 0 && again.contains("1 applied"), "{again}");
}

#[test]
fn a_run_that_waits_gives_up_and_the_other_goes_on() {
    let (terminal, mut client) = slow("");
    let first = Running::start(&terminal, "gapless up");
    until(&mut client, &at("INSERT INTO b"));
    let second = Running::start(&terminal, "gapless up");
    thread::sleep(Duration::from_millis(700));
    second.signal("INT");
    let (code, text) = second.end();
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("error: cancelled while waiting for another runner: backend "), "{text}");
    until(&mut client, &at("INSERT INTO b"));
    first.signal("INT");
    let (code, text) = first.end();
    assert!(code == 1 && text.contains("migration 2 `long`"), "{text}");
    is_clean(&mut client);
}

#[test]
fn a_rollback_is_cancelled_too() {
    let terminal = Terminal::mysql();
    terminal.sql("CREATE TABLE patience AS SELECT seq FROM seq_1_to_300; CREATE TABLE b (id int)");
    terminal.file("migrations/1_a.up.sql", "CREATE TABLE a (id int);\n");
    terminal.file("migrations/1_a.down.sql", LONG);
    assert_eq!(Running::start(&terminal, "gapless up").end().0, 0);
    let mut client = terminal.mysql_client();
    let running = Running::start(&terminal, "gapless down --yes");
    until(&mut client, &at("INSERT INTO b"));
    running.signal("INT");
    let (code, text) = running.end();
    assert!(code == 1 && text.contains("cancelled while rolling back migration 1 `a`"), "{text}");
    is_clean(&mut client);
    assert_eq!(Running::start(&terminal, "gapless verify").end(), (0, String::new()));
}

#[test]
fn the_second_signal_ends_at_once_where_the_server_does_not_answer() {
    let server = Server::start_new(&programs(), &[]);
    let terminal = Terminal::new(server.database().url());
    terminal.file("migrations/1_long.sql", "DO sleep(30);\n");
    let process = fs::read_to_string(server.directory().join("process")).expect("it is running");
    let process = process.trim().parse().expect("a process id");
    let running = Running::start(&terminal, "gapless up");
    until(&mut terminal.mysql_client(), &at("DO sleep"));
    signal(process, "STOP");
    running.signal("INT");
    thread::sleep(Duration::from_millis(1500));
    running.signal("INT");
    let ended = Instant::now();
    let (code, text) = running.end();
    signal(process, "CONT");
    assert_eq!(code, 130, "{text}");
    assert!(ended.elapsed() < Duration::from_secs(1), "it ends at once");
}

/// Leads the first connection to one server, and all others to another, as a balancer may.
fn balancer(first: u16, others: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it has a port").port();
    thread::spawn(move || {
        let targets = std::iter::once(first).chain(std::iter::repeat(others));
        for (client, target) in listener.incoming().zip(targets) {
            let client = client.expect("it connects");
            let server = TcpStream::connect(("127.0.0.1", target)).expect("the server answers");
            let both = |one: &TcpStream, other: &TcpStream| {
                let (mut from, mut to) =
                    (one.try_clone().expect("a copy"), other.try_clone().expect("a copy"));
                thread::spawn(move || {
                    let _ = io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Write);
                });
            };
            both(&client, &server);
            both(&server, &client);
        }
    });
    port
}

/// Another server has other sessions under the same number.
#[test]
fn no_session_of_another_server_is_cancelled() {
    let (own, other) = (Server::start_new(&programs(), &[]), Server::start_new(&programs(), &[]));
    let (database, there) = (own.database(), other.database());
    other
        .connect()
        .query_drop(format!("CREATE DATABASE IF NOT EXISTS {}", database.name))
        .expect("it is created");
    // So that this server's numbers are ahead.
    (0..20).for_each(|_| drop(own.connect()));
    let url = format!(
        "mysql://root@127.0.0.1:{}/{}?ssl-mode=disabled",
        balancer(own.port, other.port),
        database.name
    );
    let terminal = Terminal::new(url);
    terminal.file("migrations/1_long.sql", "DO sleep(30);\n");
    let running = Running::start(&terminal, "gapless up");
    let mut client = database.connect();
    until(&mut client, &at("DO sleep"));
    let number: Option<u32> = client.query_first(at("DO sleep")).expect("the server answers");
    let mut same = there.connect();
    while Some(same.connection_id()) != number {
        assert!(Some(same.connection_id()) < number, "its numbers were behind");
        same = there.connect();
    }
    let sleeping = thread::spawn(move || same.query_first::<u32, _>("SELECT sleep(3)").expect("it runs"));
    thread::sleep(Duration::from_millis(500));
    running.signal("INT");
    // It is interrupted if it returns 1.
    assert_eq!(sleeping.join().expect("no panic"), Some(0));
    running.signal("INT");
    assert_eq!(running.end().0, 130);
}
