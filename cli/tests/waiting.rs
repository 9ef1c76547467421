//! `wait`, beside what it waits for.

mod terminal;

use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use gapless_tests::server::Server;
use terminal::Terminal;

fn begin(terminal: &Terminal, line: &str) -> Child {
    let mut command = terminal.command(line);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a shell starts")
}

/// The exit code and what was said on the standard error.
fn end(child: Child) -> (i32, String) {
    let output = child.wait_with_output().expect("it ends");
    assert!(output.stdout.is_empty(), "{output:?}");
    (output.status.code().expect("it ends by itself"), String::from_utf8(output.stderr).expect("it is text"))
}

fn run(terminal: &Terminal, line: &str) -> (i32, String) {
    let output = terminal.command(line).output().expect("a shell starts");
    (output.status.code().expect("it ends by itself"), String::from_utf8(output.stderr).expect("it is text"))
}

#[test]
fn a_database_that_does_not_come_is_an_end_with_the_reason() {
    let terminal = Terminal::sqlite();
    terminal.file("migrations/1_users.sql", "CREATE TABLE users (id integer);\n");
    let (code, text) = run(&terminal, "gapless wait --for 1s --every 100ms");
    let file = "there is no database app.db\n";
    assert!(text.starts_with(&format!("waiting: {file}error: not current after 1s: {file}")), "{text}");
    assert_eq!(code, 3, "{text}");
    assert!(!terminal.directory().join("app.db").exists());
    terminal.file("app.db", "");
    let (code, text) = run(&terminal, "gapless wait --for 1s --every 100ms");
    assert_eq!(text.matches("waiting: ").count(), 1, "a reason is said once: {text}");
    assert!(
        code == 3
            && text.contains(
                "error: not current after 1s: 1 migration is not applied:\n  migrations/1_users.sql"
            ),
        "{text}"
    );
}

#[test]
fn it_ends_when_another_has_migrated() {
    for terminal in [Terminal::sqlite(), Terminal::postgres()] {
        terminal.file("migrations/1_users.sql", "CREATE TABLE users (id integer);\n");
        let child = begin(&terminal, "gapless wait --for 1m --every 50ms");
        thread::sleep(Duration::from_millis(300));
        assert_eq!(run(&terminal, "gapless up").0, 0);
        let (code, text) = end(child);
        assert_eq!(code, 0, "{text}");
        assert_eq!(
            run(&terminal, "gapless wait"),
            (0, String::new()),
            "it is silent when nothing is to be waited for"
        );
    }
}

#[test]
fn a_server_may_come_and_go() {
    let server = Server::start_new();
    let terminal = Terminal::new(server.database("app", true).url());
    terminal.file("migrations/1_users.sql", "CREATE TABLE users (id integer);\n");
    let child = begin(&terminal, "gapless wait --for 1m --every 50ms");
    thread::sleep(Duration::from_millis(500));
    server.stop_immediately();
    thread::sleep(Duration::from_millis(500));
    server.start();
    assert_eq!(run(&terminal, "gapless up").0, 0);
    let (code, text) = end(child);
    assert_eq!(code, 0, "{text}");
    let refused = format!("waiting: cannot connect to database `app` at 127.0.0.1:{}", server.port);
    assert!(text.starts_with("waiting: 1 migration is not applied\n") && text.contains(&refused), "{text}");
}

#[test]
fn a_step_that_another_runner_works_on_is_waited_for() {
    let terminal = Terminal::postgres();
    terminal.file("migrations/1_users.sql", "CREATE TABLE users (id integer);\n");
    terminal.file(
        "migrations/2_long.sql",
        "-- gapless: no-transaction\nSELECT pg_sleep(2);\nCREATE INDEX CONCURRENTLY ON users (id);\n",
    );
    let mut up = begin(&terminal, "gapless up >/dev/null");
    terminal.await_sleeping();
    let begun = Instant::now();
    let (code, text) = run(&terminal, "gapless wait --for 1m --every 50ms");
    assert_eq!(code, 0, "{text}");
    assert!(begun.elapsed() > Duration::from_millis(500), "it waited");
    assert!(up.wait().expect("it ends").success());
}

#[test]
fn what_waiting_does_not_change_is_an_end_at_once() {
    let terminal = Terminal::postgres();
    terminal.file("migrations/1_users.sql", "CREATE TABLE users (id integer);\n");
    assert_eq!(run(&terminal, "gapless up").0, 0);
    terminal.file("migrations/1_users.sql", "CREATE TABLE users (id bigint);\n");
    let (code, text) = run(&terminal, "gapless wait");
    assert!(code == 4 && text.starts_with("error: version 1 was edited"), "{text}");
    assert_eq!(run(&terminal, "gapless wait --for soon").0, 2);
}
