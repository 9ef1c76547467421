//! The JSON that commands print, against the schemas of `cli/schemas`.

#![cfg(all(feature = "binary", feature = "postgres", feature = "sqlite"))]

mod terminal;

use serde_json::Value;
use terminal::Terminal;
use terminal::schema::Schema;

fn output(terminal: &Terminal, line: &str) -> String {
    let output = terminal.command(line).output().expect("a shell starts");
    String::from_utf8(output.stdout).expect("it is text")
}

fn document(terminal: &Terminal, line: &str) -> Value {
    serde_json::from_str(&output(terminal, line)).expect("it prints JSON")
}

/// The lines of a run, each checked.
fn events(terminal: &Terminal, line: &str) -> Vec<Value> {
    let schema = Schema::read("event");
    let text = output(terminal, line);
    let events = text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON"));
    let events: Vec<Value> = events.collect();
    events.iter().for_each(|event| schema.check(event));
    events
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().expect("it has a kind")).collect()
}

fn states(status: &Value) -> Vec<&str> {
    let versions = status["versions"].as_array().expect("it is a list");
    versions.iter().map(|version| version["state"].as_str().expect("it has a state")).collect()
}

/// A database with a bit of everything: what is applied, late, failed, renamed by `renames.txt`, edited, ahead.
fn eventful(terminal: &Terminal) {
    terminal.file("migrations/10_a.up.sql", "CREATE TABLE a (id integer);\n");
    terminal.file("migrations/10_a.down.sql", "DROP TABLE a;\n");
    terminal.file("migrations/20_b.up.sql", "CREATE TABLE b (id integer);\n");
    terminal.file("migrations/20_b.down.sql", "DROP TABLE b;\n");
    terminal.file("migrations/30_c.up.sql", "SELEC 1;\n");
    let seen = events(terminal, "gapless up --json");
    let failed = &seen[seen.len() - 1];
    assert_eq!((&failed["event"], &failed["line"]), (&Value::from("failed"), &Value::from(1)), "{seen:#?}");
    assert_eq!(failed["applied"].as_array().map(Vec::len), Some(2));
    terminal.file("migrations/15_late.up.sql", "CREATE TABLE late (id integer);\n");
    terminal.remove("migrations/20_b.up.sql").remove("migrations/20_b.down.sql");
    terminal.file("migrations/20_better.up.sql", "CREATE TABLE b (id integer);\n");
    terminal.file("migrations/20_better.down.sql", "DROP TABLE b;\n");
    terminal.file("migrations/renames.txt", "20_b -> 20_better\n");
}

fn documents(terminal: &Terminal) {
    let (status, plan, log) = (Schema::read("status"), Schema::read("plan"), Schema::read("log"));
    let dry_run = Schema::read("dry_run");
    eventful(terminal);
    let seen = document(terminal, "gapless status --json");
    status.check(&seen);
    assert_eq!(states(&seen), ["applied", "late", "applied", "failed"], "{seen:#}");
    let seen = document(terminal, "gapless plan --json --sql");
    plan.check(&seen);
    assert_eq!(seen["changes"][0]["change"], "renamed", "{seen:#}");
    assert_eq!(seen["pending"][0]["sql"], "CREATE TABLE late (id integer);\n", "{seen:#}");
    plan.check(&document(terminal, "gapless plan --json --to 15"));
    terminal.file("migrations/30_c.up.sql", "-- gapless: no-transaction\nSELECT 1;\n");
    let seen = document(terminal, "gapless dry-run --json");
    dry_run.check(&seen);
    assert_eq!(seen["tried"][0]["version"], 15, "{seen:#}");
    assert_eq!(seen["not_tried"][0]["reason"], "no_transaction", "{seen:#}");
    let seen = events(terminal, "gapless up --json --to 20");
    assert_eq!(
        kinds(&seen),
        ["planned", "started", "changed", "applying", "applied", "finished"],
        "{seen:#?}"
    );
    let seen = events(terminal, "gapless down --json --yes --past-later --to 15");
    assert_eq!(kinds(&seen).last(), Some(&"finished"), "{seen:#?}");
    assert_eq!(seen[seen.len() - 1]["rolled_back"][0]["version"], 20, "{seen:#?}");
    let seen = document(terminal, "gapless log --json");
    log.check(&seen);
    let entries = seen["entries"].as_array().expect("it is a list");
    let words: Vec<_> = entries.iter().filter_map(|entry| entry["event"].as_str()).collect();
    for word in ["applied", "failed", "renamed", "rolled_back"] {
        assert!(words.contains(&word), "{words:?}");
    }
    let seen = document(terminal, "gapless log --json --version 20 --limit 2");
    assert_eq!(seen["entries"].as_array().map(Vec::len), Some(2), "{seen:#}");
    terminal.file("migrations/10_a.up.sql", "CREATE TABLE a (id bigint);\n");
    terminal.remove("migrations/15_late.up.sql");
    let seen = document(terminal, "gapless status --json");
    status.check(&seen);
    assert_eq!(states(&seen), ["edited", "ahead", "pending", "failed"], "{seen:#}");
    let seen = events(terminal, "gapless up --json");
    assert_eq!((kinds(&seen), &seen[0]["exit_code"]), (vec!["failed"], &Value::from(4)), "{seen:#?}");
}

#[test]
fn documents_of_sqlite_are_as_the_schemas_say() {
    documents(&Terminal::sqlite());
}

#[test]
fn documents_of_postgres_are_as_the_schemas_say() {
    documents(&Terminal::postgres());
}

/// On a database that commits DDL at once, most migrations are not atomic.
#[test]
fn plans_tell_what_runs_in_one_transaction() {
    for (terminal, ddl) in
        [(Terminal::sqlite(), true), (Terminal::postgres(), true), (Terminal::mysql(), false)]
    {
        terminal.file("migrations/1_ddl.sql", "CREATE TABLE a (id integer);\n");
        terminal.file("migrations/2_dml.sql", "INSERT INTO a VALUES (1);\n");
        terminal.file("migrations/3_steps.sql", "-- gapless: no-transaction\nINSERT INTO a VALUES (2);\n");
        if terminal.url().starts_with("sqlite:") {
            terminal.file("app.db", "");
        }
        let plan = document(&terminal, "gapless plan --json");
        Schema::read("plan").check(&plan);
        let pending = plan["pending"].as_array().expect("it is a list");
        let atomic: Vec<_> = pending.iter().map(|one| one["atomic"].as_bool()).collect();
        assert_eq!(atomic, [Some(ddl), Some(true), Some(false)], "{plan:#}");
        let text = output(&terminal, "gapless plan");
        assert_eq!(text.contains("\n  1 ddl (statement by statement)\n  2 dml\n"), !ddl, "{text}");
    }
}

#[test]
fn a_dry_run_measures_locks() {
    let terminal = Terminal::postgres();
    terminal
        .sql("CREATE TABLE orders AS SELECT * FROM generate_series(1, 1000) AS orders (id); ANALYZE orders");
    terminal.file("migrations/1_note.sql", "SELECT 1;\nALTER TABLE orders ALTER COLUMN id TYPE bigint;\n");
    let schema = Schema::read("dry_run");
    let seen = document(&terminal, "gapless dry-run --locks --json");
    schema.check(&seen);
    let [first, second] = &seen["statements"].as_array().expect("it is a list")[..] else {
        unreachable!("two statements: {seen:#}")
    };
    assert_eq!(first["locks"], Value::Array(Vec::new()), "{seen:#}");
    assert_eq!((&second["line"], &second["statement"]), (&2.into(), &2.into()), "{seen:#}");
    let lock = &second["locks"][0];
    assert_eq!(
        (&lock["relation"], &lock["mode"]),
        (&"public.orders".into(), &"ACCESS EXCLUSIVE".into()),
        "{seen:#}"
    );
    assert_eq!((&lock["blocks_reads"], &lock["rows"]), (&true.into(), &1000.into()), "{seen:#}");
    assert_eq!(second["rewrites"][0]["relation"], "public.orders", "{seen:#}");
    let text = output(&terminal, "gapless dry-run --locks");
    assert!(text.contains("ACCESS EXCLUSIVE on table public.orders (about 1000 rows, "), "{text}");
    // Another session is in the way.
    let mut other = terminal.client();
    let mut holding = other.transaction().expect("a transaction begins");
    holding
        .batch_execute("SET application_name = 'report'; SELECT count(*) FROM orders")
        .expect("it is locked");
    let seen = document(&terminal, "gapless dry-run --locks --json --lock-timeout 200ms");
    schema.check(&seen);
    let waits = &seen["statements"][1]["waits_for"][0];
    assert_eq!(
        (&waits["session"]["application"], &waits["mode"]),
        (&"report".into(), &"ACCESS SHARE".into()),
        "{seen:#}"
    );
    holding.rollback().expect("it is rolled back");
    let terminal = Terminal::sqlite();
    terminal.file("app.db", "").file("migrations/1_a.sql", "CREATE TABLE a (id integer);\n");
    let output = terminal.command("gapless dry-run --locks").output().expect("a shell starts");
    let text = String::from_utf8(output.stderr).expect("it is text");
    assert!(output.status.code() == Some(2) && text.contains("Postgres"), "{text}");
}

#[test]
fn a_waiting_run_says_for_whom() {
    let terminal = Terminal::postgres();
    terminal.file("migrations/1_slow.sql", "SELECT pg_sleep(2);\n");
    let mut first = terminal.command("gapless up 2>/dev/null >&2").spawn().expect("a shell starts");
    terminal.await_sleeping();
    let seen = events(&terminal, "gapless up --json");
    assert!(first.wait().expect("it ends").success());
    let waiting = seen.iter().find(|event| event["event"] == "waiting").expect("it waited");
    assert_eq!(waiting["holder"]["application"], "gapless", "{seen:#?}");
    assert!(waiting["holder"]["pid"].is_i64() && waiting["holder"]["query"].is_string(), "{seen:#?}");
    assert_eq!(seen[seen.len() - 1]["already_applied"], 1, "{seen:#?}");
}

#[test]
#[cfg(feature = "lint")]
fn findings() {
    let terminal = Terminal::new(String::new());
    terminal.file(
        "migrations/1_a.up.sql",
        "CREATE TABLE a (id int);\nDROP TABLE b;\nALTER TABLE c\n  ADD d text;\n",
    );
    let seen = document(&terminal, "gapless lint --format json");
    Schema::read("lint").check(&seen);
    let findings = seen["findings"].as_array().expect("it is a list");
    let rules: Vec<_> = findings.iter().filter_map(|one| one["rule"].as_str()).collect();
    assert_eq!(rules, ["prefer-bigint-over-int", "ban-drop-table", "require-lock-timeout"], "{seen:#}");
    terminal.file("migrations/2_b.up.sql", "");
    let seen = document(&terminal, "gapless lint --format json");
    Schema::read("lint").check(&seen);
    assert_eq!((&seen["findings"][0]["rule"], &seen["findings"][0]["line"]), (&"check".into(), &Value::Null));
}
