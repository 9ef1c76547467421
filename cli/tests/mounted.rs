//! The commands in a program of one's own: `examples/service`.

#![cfg(all(unix, feature = "binary", feature = "postgres"))]

mod terminal;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use terminal::Terminal;

/// The program of the example. `cargo test --test mounted` alone does not build it.
fn service() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let directory = Path::new(env!("CARGO_BIN_EXE_gapless")).parent().expect("it is in a directory");
        let release = directory.ends_with("release").then_some("--release");
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "gapless-cli", "--example", "service"]).args(release);
        assert!(build.status().expect("cargo starts").success(), "the example is built");
        directory.join("examples/service")
    })
}

/// The exit code and what is printed, errors first.
fn run(terminal: &Terminal, arguments: &str) -> (i32, String) {
    let line = format!("{} {arguments}", service().display());
    let output = terminal.command(&line).output().expect("a shell starts");
    let text = |bytes| String::from_utf8(bytes).expect("it is text");
    (output.status.code().expect("it ends by itself"), text(output.stderr) + &text(output.stdout))
}

/// The life of a database, with a migration in Rust.
fn life(options: &str) {
    let terminal = Terminal::postgres();
    let migrate = |arguments: &str| run(&terminal, &format!("{options} migrate {arguments}"));
    let (code, text) = migrate("plan --sql");
    assert!(
        code == 3 && text.contains("2 lower_emails") && text.contains("CREATE TABLE customers"),
        "{text}"
    );
    let (code, text) = run(&terminal, "serve");
    assert!(code == 1 && text.contains("not applied"), "{text}");
    let (code, text) = migrate("up --to 2");
    assert!(code == 0 && text.contains("2 applied"), "{text}");
    let email: String =
        terminal.client().query_one("SELECT email FROM customers", &[]).expect("a row").get(0);
    assert_eq!(email, "ada@example.com", "the code has run");
    let (code, text) = migrate("status");
    assert!(code == 0 && text.ends_with("2 applied, 1 pending\n"), "{text}");
    let (code, text) = migrate("wait --for 300ms --every 100ms");
    assert!(code == 3 && text.contains("not current after 300ms"), "{text}");
    let (code, text) = migrate("dry-run");
    assert!(code == 0 && text.contains("1 tried and rolled back"), "{text}");
    assert_eq!(migrate("up").0, 0);
    assert_eq!(migrate("verify"), (0, String::new()));
    assert_eq!(run(&terminal, "serve").0, 0);
    let (code, text) = migrate("log --version 2");
    assert!(code == 0 && text.contains("lower_emails"), "{text}");
    let (code, text) = migrate("down --yes");
    assert!(code == 0 && text.contains("1 rolled back"), "{text}");
    let (code, text) = migrate("down --yes");
    assert!(code == 1 && text.contains("no down file"), "{text}");
}

#[test]
fn a_blocking_program_has_all_commands() {
    life("");
}

#[test]
fn an_asynchronous_program_has_all_commands() {
    life("--asynchronous");
}

/// A signal reaches the statement through the token that the program has given its runner.
fn interrupted(options: &str) {
    let terminal = Terminal::postgres();
    assert_eq!(run(&terminal, "migrate up --to 2").0, 0);
    // The index waits for this.
    let mut other = terminal.client();
    let mut holding = other.transaction().expect("a transaction begins");
    holding.execute("UPDATE customers SET email = email", &[]).expect("a row is locked");
    let line = format!("exec {} {options} migrate up", service().display());
    let mut command = terminal.command(&line);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut client = terminal.client();
    let begun = Instant::now();
    let waits =
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while client.query_opt(waits, &[]).expect("the server answers").is_none() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not wait");
        thread::sleep(Duration::from_millis(20));
    }
    let sent = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill starts").success());
    let ended = Instant::now();
    let output = child.wait_with_output().expect("it ends");
    assert!(ended.elapsed() < Duration::from_secs(5), "{output:?}");
    let text = String::from_utf8(output.stderr).expect("it is text");
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("error: cancelled while applying migration 3 `unique_emails`"), "{text}");
    holding.rollback().expect("it is rolled back");
    assert_eq!(run(&terminal, &format!("{options} migrate up")).0, 0);
}

#[test]
fn a_signal_cancels_a_blocking_run() {
    interrupted("");
}

#[test]
fn a_signal_cancels_an_asynchronous_run() {
    interrupted("--asynchronous");
}
