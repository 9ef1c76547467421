//! Every command for databases where something is amiss: its exit code, its words, and its document with `--json`.

#![cfg(all(feature = "binary", feature = "postgres", feature = "sqlite"))]

mod terminal;

use std::fs;
use std::net::TcpListener;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use gapless_tests::server::Server;
use serde_json::Value;
use terminal::Terminal;
use terminal::schema::Schema;

const HBA: &str = "\
local all all trust
host all wanda all scram-sha-256
host replication all all trust
host all all all trust
";

/// The commands, in the order of their exit codes below.
const COMMANDS: [&str; 8] =
    ["status", "plan", "verify", "log", "wait --for 600ms --every 100ms", "up", "down --yes", "dry-run"];

/// A server with a role that needs a password, one that may read, and one that may do nothing.
fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let server = Server::start_new();
        fs::write(server.directory().join("data/pg_hba.conf"), HBA).expect("the file can be written");
        let mut client = server.database("postgres", false).connect();
        client
            .batch_execute(
                "CREATE ROLE wanda LOGIN PASSWORD 'right'; CREATE ROLE reader LOGIN; CREATE ROLE nobody LOGIN; \
                 SELECT pg_reload_conf(), pg_sleep(0.5)",
            )
            .expect("roles are created");
        server
    })
}

/// A database with one migration applied, which can be rolled back, and one pending.
fn shop(name: &str) -> Terminal {
    let terminal = Terminal::new(server().database(name, true).url());
    terminal.file("migrations/1_a.up.sql", "CREATE TABLE a (id bigint);\n");
    terminal.file("migrations/1_a.down.sql", "DROP TABLE a;\n");
    assert_eq!(terminal.command("gapless up").output().expect("a shell starts").status.code(), Some(0));
    terminal.file("migrations/2_b.up.sql", "CREATE TABLE b (id bigint);\n");
    terminal.sql("GRANT SELECT ON applied_migrations, applied_migrations_journal TO reader");
    terminal
}

/// Runs every command with these options. Wants these exit codes, and these words of each that is an error; with
/// `--json` a document of the same code.
#[track_caller]
fn all(terminal: &Terminal, options: &str, codes: [i32; 8], words: &str, state: Option<&str>) {
    for (command, code) in COMMANDS.into_iter().zip(codes) {
        let line = format!("gapless {command} {options}");
        let output = terminal.command(&line).output().expect("a shell starts");
        let text = String::from_utf8(output.stderr).expect("it is text");
        assert_eq!(output.status.code(), Some(code), "{line}: {text}");
        let fails = code != 0 && !(code == 3 && command == "plan");
        if fails && code != 3 {
            assert!(text.contains(words), "{line}: {text}");
            assert!(!text.contains("this program"), "{line}: {text}");
        }
        if matches!(command, "verify" | "wait --for 600ms --every 100ms") {
            continue;
        }
        let line = format!("{line} --json");
        let output = terminal.command(&line).output().expect("a shell starts");
        assert_eq!(output.status.code(), Some(code), "{line}");
        let text = String::from_utf8(output.stdout).expect("it is text");
        if fails {
            failure(&line, &text, code, state);
        }
    }
}

/// Wants the text to be, or to end with, the document of a failure.
#[track_caller]
fn failure(line: &str, text: &str, code: i32, state: Option<&str>) {
    let lines = line.contains("gapless up") || line.contains("gapless down");
    let text = if lines { text.lines().last().unwrap_or_default() } else { text };
    let document: Value = serde_json::from_str(text).expect(line);
    for schema in ["failure", "event"] {
        Schema::read(schema).check(&document);
    }
    assert_eq!((&document["exit_code"], &document["code"]), (&code.into(), &state.into()), "{line}");
    let words = document["message"].as_str().expect("it is text");
    assert!(
        !words.is_empty() && !words.contains("this program") && !words.contains("(...)"),
        "{line}: {words}"
    );
}

#[test]
fn a_server_that_is_down() {
    let terminal = Terminal::new("postgres://me@127.0.0.1:1/shop".to_owned());
    terminal.file("migrations/1_a.sql", "SELECT 1;\n");
    let words = "error: cannot connect to database `shop` at 127.0.0.1:1 as `me`: Connection refused\n\
                 help: start the server, or correct host and port of the URL\n";
    all(&terminal, "", [1, 1, 1, 1, 3, 1, 1, 1], words, None);
}

#[test]
fn a_wrong_password() {
    let terminal = shop("wrong_password");
    let url = terminal.url().replace("postgres@", "wanda:wrong@");
    let words =
        "password authentication failed for user \"wanda\"\nhelp: correct user and password of the URL";
    all(&terminal, &format!("--database-url {url}"), [1, 1, 1, 1, 1, 1, 1, 1], words, Some("28P01"));
}

#[test]
fn a_database_that_is_missing() {
    let terminal = shop("not_missing");
    let url = terminal.url().replace("not_missing", "missing");
    let words = "database \"missing\" does not exist\nhelp: create it: CREATE DATABASE \"missing\"\n";
    all(&terminal, &format!("--database-url {url}"), [1, 1, 1, 1, 3, 1, 1, 1], words, Some("3D000"));
}

#[test]
fn a_file_that_is_missing() {
    let terminal = Terminal::sqlite();
    terminal.file("migrations/1_a.sql", "SELECT 1;\n");
    let words = "error: there is no database app.db\nhelp: correct the path, or let `up` create it\n";
    for (command, code) in COMMANDS.into_iter().zip([1, 1, 1, 1, 3, 0, 1, 1]).filter(|(one, _)| *one != "up")
    {
        let output = terminal.command(&format!("gapless {command}")).output().expect("a shell starts");
        let text = String::from_utf8(output.stderr).expect("it is text");
        assert_eq!(output.status.code(), Some(code), "{command}: {text}");
        assert!(code == 3 || text == words, "{command}: {text}");
    }
}

#[test]
fn a_role_that_may_only_read() {
    let terminal = shop("reading");
    let url = terminal.url().replace("postgres@", "reader@");
    let words = "public.applied_migrations: permission denied for table applied_migrations";
    all(&terminal, &format!("--database-url {url}"), [0, 3, 3, 0, 3, 1, 1, 1], words, Some("42501"));
    let output =
        terminal.command(&format!("gapless dry-run --database-url {url}")).output().expect("it starts");
    let text = String::from_utf8(output.stderr).expect("it is text");
    assert!(text.contains("error: not permitted while recording version 2"), "{text}");
}

#[test]
fn a_role_that_may_do_nothing() {
    let terminal = shop("nothing");
    let url = terminal.url().replace("postgres@", "nobody@");
    let words = "help: grant what is missing, or run the migrations as the owner\n";
    all(&terminal, &format!("--database-url {url}"), [1, 1, 1, 1, 1, 1, 1, 1], words, Some("42501"));
}

#[test]
fn a_standby() {
    let terminal = shop("copied");
    let standby = server().standby();
    let url = standby.database("copied", false).url();
    let codes = [0, 3, 3, 0, 3, 1, 1, 1];
    let option = format!("--database-url {url}");
    all(&terminal, &option, codes, "and the database is a standby\nhelp: ", None);
    for (command, words) in [
        (
            "up",
            "error: 1 migration is pending and the database is a standby\nhelp: apply them on the primary\n",
        ),
        (
            "down --yes",
            "error: 1 migration is to be rolled back and the database is a standby\nhelp: roll back on the primary\n",
        ),
        (
            "accept 1 --yes",
            "error: 1 change of the history is due and the database is a standby\nhelp: make it on the primary\n",
        ),
    ] {
        terminal.file(
            "migrations/1_a.up.sql",
            match command {
                "accept 1 --yes" => "CREATE TABLE a (id bigint); -- edited\n",
                _ => "CREATE TABLE a (id bigint);\n",
            },
        );
        let output = terminal.command(&format!("gapless {command} {option}")).output().expect("it starts");
        let text = String::from_utf8(output.stderr).expect("it is text");
        assert!(text.ends_with(words), "{command}: {text}");
    }
}

#[test]
fn a_schema_that_is_missing() {
    let terminal = shop("schemaless");
    let url = terminal.url().replace("postgres@", "reader@");
    let option = format!("--database-url {url} --schema other");
    for (command, code, words) in [
        ("status", 0, ""),
        ("plan", 3, ""),
        ("verify", 3, "error: 2 migrations are not applied:"),
        ("log", 0, ""),
        (
            "wait --for 600ms --every 100ms",
            3,
            "error: not current after 600ms: 2 migrations are not applied:",
        ),
        ("up", 1, "error: not permitted while creating other.applied_migrations and its journal: permission"),
        ("down --yes", 1, "error: no migration is applied, so none can be rolled back\n"),
        ("dry-run", 1, "error: not permitted while trying to create other.applied_migrations: permission"),
    ] {
        let output = terminal.command(&format!("gapless {command} {option}")).output().expect("it starts");
        let text = String::from_utf8(output.stderr).expect("it is text");
        assert_eq!(output.status.code(), Some(code), "{command}: {text}");
        assert!(text.contains(words), "{command}: {text}");
    }
}

#[test]
fn a_directory_that_is_missing() {
    let terminal = shop("directoryless");
    let words = "error: the directory `sql` does not exist\nhelp: create it, or name another directory with `--dir`\n";
    all(&terminal, "--dir sql", [2, 2, 2, 2, 2, 2, 2, 2], words, None);
    terminal.file("migrations/2_c.up.sql", "SELECT 1;\n");
    let words = "error: 2 migrations have version 2\n";
    all(&terminal, "", [1, 1, 1, 1, 1, 1, 1, 1], words, None);
}

#[test]
fn no_database() {
    let terminal = Terminal::new(String::new());
    terminal.file("migrations/1_a.sql", "SELECT 1;\n");
    all(&terminal, "", [2, 2, 2, 2, 2, 2, 2, 2], "error: no database is named\nhelp: set DATABASE_URL", None);
    #[cfg(feature = "lint")]
    {
        let line = "gapless lint --pending --format json";
        let output = terminal.command(line).output().expect("a shell starts");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        failure(line, &String::from_utf8(output.stdout).expect("it is text"), 2, None);
    }
    let words = "error: the URL names no database that is known here\n";
    all(&terminal, "--database-url shop", [2, 2, 2, 2, 2, 2, 2, 2], words, None);
}

#[test]
fn an_edited_migration() {
    let terminal = shop("edited");
    terminal.file("migrations/1_a.up.sql", "CREATE TABLE a (id integer);\n");
    all(&terminal, "", [0, 4, 4, 0, 4, 4, 4, 4], "was edited after it was applied", None);
}

/// What does not answer is waited for no longer than was said.
#[test]
fn a_server_that_is_mute() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it has one").port();
    let mute = Terminal::new(format!("postgres://me@127.0.0.1:{port}/shop"));
    mute.file("migrations/1_a.sql", "SELECT 1;\n");
    let locked = shop("locked");
    let mut client = locked.client();
    let mut transaction = client.transaction().expect("it begins");
    transaction.batch_execute("LOCK TABLE applied_migrations").expect("it is locked");
    for terminal in [&mute, &locked] {
        let begun = Instant::now();
        let output = terminal.command("gapless wait --for 1s").output().expect("a shell starts");
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
        let text = String::from_utf8(output.stderr).expect("it is text");
        assert_eq!(output.status.code(), Some(3), "{text}");
        assert!(text.ends_with("error: not current after 1s: the database does not answer\n"), "{text}");
    }
}
