//! Databases that do not do what a run wants of them.

#![cfg(all(feature = "binary", feature = "postgres", feature = "sqlite"))]

mod terminal;

use gapless_tests::server::Server;
use terminal::Terminal;

fn users(terminal: &Terminal) {
    terminal.file("migrations/1_users.sql", "CREATE TABLE users (id integer);\n");
}

/// The exit code and what is printed, errors first.
fn run(terminal: &Terminal, line: &str) -> (i32, String) {
    let output = terminal.command(line).output().expect("a shell starts");
    let text = |bytes| String::from_utf8(bytes).expect("it is text");
    (output.status.code().expect("it ends by itself"), text(output.stderr) + &text(output.stdout))
}

#[test]
fn a_role_that_may_only_read_sees_everything_and_changes_nothing() {
    let owner = Terminal::postgres();
    users(&owner);
    assert_eq!(run(&owner, "gapless up").0, 0);
    let name = owner.url().rsplit('/').next().expect("a database").to_owned();
    owner.sql(&format!(
        "CREATE ROLE reader_{name} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader_{name}"
    ));
    let reader = Terminal::new(owner.url().replace("postgres@", &format!("reader_{name}@")));
    users(&reader);
    for (line, expected) in
        [("gapless verify", 0), ("gapless plan", 0), ("gapless up", 0), ("gapless wait", 0)]
    {
        assert_eq!(run(&reader, line).0, expected, "{line}");
    }
    let (code, text) = run(&reader, "gapless status");
    assert!(code == 0 && text.contains("users") && text.ends_with("1 applied\n"), "{text}");
    assert!(run(&reader, "gapless log").1.contains("applied"));
    reader.file("migrations/2_orders.sql", "CREATE TABLE orders (id integer);\n");
    assert_eq!(run(&reader, "gapless plan").0, 3);
    assert_eq!(run(&reader, "gapless verify").0, 3);
    let (code, text) = run(&reader, "gapless up");
    assert!(code == 1 && text.contains("permission denied"), "{text}");
    // Without the journal, the status is there with a warning.
    owner.sql(&format!("REVOKE SELECT ON applied_migrations_journal FROM reader_{name}"));
    let (code, text) = run(&reader, "gapless status");
    assert!(code == 0 && text.contains("warning: ") && text.contains("1 applied, 1 pending"), "{text}");
    let (code, text) = run(&reader, "gapless log");
    assert!(code == 1 && text.contains("permission denied"), "{text}");
    owner.sql(&format!("DROP OWNED BY reader_{name}; DROP ROLE reader_{name}"));
}

#[test]
fn a_standby_is_read_and_not_migrated() {
    let primary = Server::start_new();
    let terminal = Terminal::new(primary.database("app", true).url());
    users(&terminal);
    assert_eq!(run(&terminal, "gapless up").0, 0);
    let standby = primary.standby();
    let beside = Terminal::new(standby.database("app", false).url());
    users(&beside);
    for line in ["gapless verify", "gapless status", "gapless plan", "gapless log", "gapless up"] {
        assert_eq!(run(&beside, line).0, 0, "{line}: {:?}", run(&beside, line));
    }
    beside.file("migrations/2_orders.sql", "CREATE TABLE orders (id integer);\n");
    assert_eq!(run(&beside, "gapless plan").0, 3);
    let (code, text) = run(&beside, "gapless up");
    assert!(code == 1 && text.contains("read-only") || text.contains("standby"), "{text}");
    standby.stop_immediately();
}

#[test]
fn a_lock_that_is_not_given_back_is_an_exit_code_of_its_own() {
    let terminal = Terminal::postgres();
    terminal.file("migrations/1_slow.sql", "SELECT pg_sleep(3);\n");
    let mut first = terminal.command("gapless up >/dev/null 2>&1").spawn().expect("a shell starts");
    terminal.await_sleeping();
    let (code, text) = run(&terminal, "gapless up --lock-wait 500ms");
    assert_eq!(code, 5, "{text}");
    assert!(text.contains("gapless"), "it names the holder: {text}");
    assert!(first.wait().expect("it ends").success());
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let terminal = Terminal::sqlite();
    for version in 1..2000 {
        terminal.file(
            &format!("migrations/{version}_table.sql"),
            &format!("CREATE TABLE t{version} (id integer);\n"),
        );
    }
    terminal.file("app.db", "");
    for line in ["status", "plan", "plan --sql", "status --json", "plan --json"] {
        let (code, text) =
            run(&terminal, &format!("(gapless {line}; echo \"code $?\" >&2) | head -n 1 >/dev/null"));
        let expected =
            if line.starts_with("plan") { ["code 0\n", "code 3\n"] } else { ["code 0\n", "code 0\n"] };
        assert!(code == 0 && expected.contains(&text.as_str()), "{line}: {text}");
    }
    // A run is not stopped by what nobody reads.
    let (_, text) = run(&terminal, "(gapless up --json; echo \"code $?\" >&2) | head -n 1 >/dev/null");
    assert_eq!(text, "code 0\n");
    assert_eq!(run(&terminal, "gapless verify"), (0, String::new()));
}

#[test]
fn the_database_of_another_tool_is_not_taken_for_ours() {
    let terminal = Terminal::postgres();
    users(&terminal);
    terminal.sql("CREATE TABLE applied_migrations (id serial, filename text)");
    let (code, text) = run(&terminal, "gapless status");
    assert!(code == 1 && text.contains("applied_migrations"), "{text}");
}
