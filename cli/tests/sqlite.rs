//! The program against SQLite files.

use std::path::Path;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

fn gapless(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gapless"));
    command.current_dir(directory).args(arguments).env_remove("DATABASE_URL");
    command.output().expect("the program starts")
}

fn write(directory: &Path, name: &str, sql: &str) {
    let migrations = directory.join("migrations");
    std::fs::create_dir_all(&migrations).expect("a directory can be made");
    std::fs::write(migrations.join(name), sql).expect("a file can be written");
}

#[test]
fn exit_codes_tell_pending_from_current() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let directory = directory.path();
    write(directory, "1_users.up.sql", "CREATE TABLE users (id integer);\n");
    write(directory, "1_users.down.sql", "DROP TABLE users;\n");
    let url = "--database-url=sqlite:app.db";
    for command in ["status", "plan", "verify"] {
        let output = gapless(directory, &[command, url]);
        assert_eq!(output.status.code(), Some(1), "{command}: {output:?}");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.starts_with("error: there is no database app.db\n"), "{command}: {text}");
    }
    assert!(!directory.join("app.db").exists(), "a mistyped path leaves no empty file");
    std::fs::write(directory.join("app.db"), "").expect("a file can be written");
    for (arguments, code) in
        [(&["plan", url][..], 3), (&["verify", url], 3), (&["up", url], 0), (&["verify", url], 0)]
    {
        let output = gapless(directory, arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
    }
    let output = gapless(directory, &["down", url]);
    assert_eq!(output.status.code(), Some(2), "nobody can answer: {output:?}");
    let output = gapless(directory, &["down", "--yes", url]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(gapless(directory, &["verify", url]).status.code(), Some(3));
}

#[test]
fn a_busy_file_is_waited_for_as_long_as_was_said() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let directory = directory.path();
    write(directory, "1_users.up.sql", "CREATE TABLE users (id integer);\n");
    let other = rusqlite::Connection::open(directory.join("app.db")).expect("it opens");
    let url = "--database-url=sqlite:app.db";
    for begin in ["BEGIN EXCLUSIVE", "BEGIN IMMEDIATE"] {
        other.execute_batch(begin).expect("nobody else is there");
        let begun = Instant::now();
        let output = gapless(directory, &["up", url, "--lock-wait", "800ms"]);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(begun.elapsed() < Duration::from_secs(3), "{begin}: {:?}", begun.elapsed());
        assert_eq!(output.status.code(), Some(5), "{begin}: {text}");
        let told = text.lines().filter(|line| line.starts_with("waiting for the database, ")).count();
        assert!(told >= 1, "{begin}: {text}");
        assert!(text.contains("\nerror: the database was busy for all of "), "{begin}: {text}");
        let begun = Instant::now();
        let output = gapless(directory, &["wait", url, "--for", "800ms", "--every", "100ms"]);
        assert!(begun.elapsed() < Duration::from_secs(3), "{begin}: {:?}", begun.elapsed());
        assert_eq!(output.status.code(), Some(3), "{begin}: {output:?}");
        other.execute_batch("ROLLBACK").expect("it is open");
    }
}

#[test]
fn commands_that_read_say_that_they_wait() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let directory = directory.path();
    write(directory, "1_users.up.sql", "CREATE TABLE users (id integer);\n");
    let url = "--database-url=sqlite:app.db";
    assert_eq!(gapless(directory, &["up", url]).status.code(), Some(0));
    for command in ["status", "plan", "verify", "log"] {
        let other = rusqlite::Connection::open(directory.join("app.db")).expect("it opens");
        other.execute_batch("BEGIN EXCLUSIVE").expect("nobody else is there");
        let ended = thread::spawn(move || {
            thread::sleep(Duration::from_millis(700));
            drop(other);
        });
        let output = gapless(directory, &[command, url]);
        ended.join().expect("it ends");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.starts_with("waiting for the database, "), "{command}: {text}");
        assert_eq!(output.status.code(), Some(0), "{command}: {text}");
    }
}
