//! The repairs of a history, on real databases.

mod project;

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use gapless_tests::cluster::{Database, cluster};
use gapless_tests::mysql_server::server;
use mysql::prelude::Queryable;

use crate::project::Project;

const USERS: &str = "CREATE TABLE users (id integer);\n";
const ORDERS: &str = "CREATE TABLE orders (id integer);\n";

/// A project with three migrations.
fn project() -> Project {
    let project = Project::new();
    project.write("migrations/1_users.up.sql", USERS);
    project.write("migrations/2_orders.up.sql", ORDERS);
    project.write("migrations/3_lines.up.sql", "CREATE TABLE lines (id integer);\n");
    project
}

/// The option that names a database of each kind.
fn urls() -> [String; 3] {
    let urls = ["sqlite:app.db".to_owned(), cluster().database().url(), server().database().url()];
    urls.map(|url| format!("--database-url={url}"))
}

fn sqlite(project: &Project, sql: &str) {
    let connection = rusqlite::Connection::open(project.join("app.db")).expect("the file opens");
    connection.execute_batch(sql).expect("the statements run");
}

fn run_sql(project: &Project, url: &str, sql: &str) {
    let url = url.trim_start_matches("--database-url=");
    if url.starts_with("postgres:") {
        let mut client = postgres::Client::connect(url, postgres::NoTls).expect("it answers");
        client.batch_execute(sql).expect("the statements run");
    } else if url.starts_with("mysql:") {
        let mut client = mysql::Conn::new(url).expect("it answers");
        client.query_drop(sql.trim_end().trim_end_matches(';')).expect("the statements run");
    } else {
        sqlite(project, sql);
    }
}

#[test]
fn edits_are_accepted_one_by_one_and_nothing_is_applied() {
    for url in urls() {
        let project = project();
        project.output(&["up", "--to", "2", &url]);
        project.write("migrations/1_users.up.sql", &format!("-- A comment.\n{USERS}"));
        project.write("migrations/2_orders.up.sql", &format!("-- Another.\n{ORDERS}"));
        project.error(&["plan", &url], 4);
        let ended = project.run(&["accept", "1", &url]);
        assert_eq!(ended.code, Some(2), "nobody can answer: {ended:?}");
        assert!(
            ended.stdout.starts_with("1 change of the history:\n  accept the text of 1 users\n"),
            "{ended:?}"
        );
        assert!(ended.stdout.contains("warning: version 2 was edited"), "{ended:?}");
        assert!(project.error(&["plan", &url], 4).contains("version 1 was edited"), "nothing was written");
        project.output(&["accept", "1", "--yes", &url]);
        let error = project.error(&["plan", &url], 4);
        assert!(!error.contains("version 1 ") && error.contains("version 2 was edited"), "{error}");
        project.output(&["accept", "2", "--yes", &url]);
        let plan = project.run(&["plan", &url]);
        assert!(plan.code == Some(3) && plan.stdout.contains("3 lines"), "{plan:?}");
        assert_eq!(project.output(&["accept", "1", "--yes", &url]), "nothing to repair\n");
        assert!(project.error(&["accept", "9", "--yes", &url], 2).contains('9'));
    }
}

#[test]
fn another_tools_history_is_adopted_and_nothing_is_applied() {
    for url in urls() {
        let project = project();
        let table = "CREATE TABLE old_history (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);
                     INSERT INTO old_history VALUES (2, false);";
        run_sql(&project, &url, table);
        let error = project.error(&["adopt", "golang-migrate", "--yes", &url], 1);
        assert!(
            error.contains("`schema_migrations` holds nothing") && error.contains("--history-table"),
            "{error}"
        );
        let arguments =
            ["adopt", "golang-migrate", "--history-table", "old_history", "--except", "2", "--yes", &url];
        let output = project.output(&arguments);
        assert!(
            output.starts_with(
                "1 change of the history:\n  record 1 users: applied by golang-migrate's old_history, checksum unknown\n"
            ),
            "{output}"
        );
        let plan = project.run(&["plan", &url]);
        assert!(plan.stdout.starts_with("2 pending, 1 applied"), "{plan:?}");
        let output = project.output(&arguments);
        assert!(
            output.contains("nothing to adopt") && output.contains("1 migrations are recorded already"),
            "{output}"
        );
        assert!(
            project.error(&["adopt", "liquibase", &url], 2).contains("golang-migrate"),
            "the tools are listed"
        );
    }
}

#[test]
fn versions_are_reconciled_if_all_tables_exist() {
    for url in urls() {
        let project = project();
        run_sql(&project, &url, USERS);
        let arguments = ["reconcile", "--versions", "1,2", "--tables", "users,orders", "--yes", &url];
        let error = project.error(&arguments, 1);
        assert!(error.contains("orders"), "{error}");
        run_sql(&project, &url, ORDERS);
        let output = project.output(&arguments);
        assert!(
            output.contains("record 1 users: its tables exist\n  record 2 orders: its tables exist"),
            "{output}"
        );
        let plan = project.run(&["plan", &url]);
        assert!(plan.stdout.starts_with("1 pending, 2 applied"), "{plan:?}");
        assert_eq!(
            project.output(&arguments),
            "nothing to repair\nnote: the versions are recorded already\n"
        );
    }
}

/// Why versions are not recorded, where nothing contradicts it.
#[test]
fn a_reconcile_that_changes_nothing_says_why() {
    for url in urls() {
        let project = project();
        run_sql(&project, &url, "CREATE TABLE beside (id integer);\n");
        let reconcile = |versions: &str, tables: &str| {
            project.output(&["reconcile", "--versions", versions, "--tables", tables, &url])
        };
        assert_eq!(
            reconcile("1,2", "users,orders"),
            "nothing to repair\nnote: none of these tables exists: `users`, `orders`; `up` applies the migrations\n"
        );
        project.output(&["up", "--to", "1", &url]);
        assert_eq!(
            reconcile("1,2", "users"),
            "nothing to repair\nnote: version 1 is recorded already, and the tables may be its own; leave it out of `--versions`\n"
        );
        project.write(
            "migrations/2_orders.up.sql",
            "-- gapless: no-transaction\nCREATE TABLE orders (id int);\nSELECT nothing;\n",
        );
        project.run(&["up", "--to", "2", &url]);
        assert_eq!(
            reconcile("2", "orders"),
            "nothing to repair\nnote: version 2 was begun and not finished; `status` says where it stands\n"
        );
    }
}

/// A migration that is killed in its second statement, which has committed half of its work.
fn interrupted(project: &Project, database: &Database, url: &str) {
    project.write(
        "migrations/1_log.up.sql",
        "CREATE TABLE log (line text);\n\
         CREATE PROCEDURE work() LANGUAGE plpgsql AS $$\n\
         BEGIN INSERT INTO log VALUES ('half'); COMMIT; PERFORM pg_sleep(600); INSERT INTO log VALUES ('whole'); END\n$$;\n",
    );
    project.write(
        "migrations/2_work.up.sql",
        "-- gapless: no-transaction\nINSERT INTO log VALUES ('begin');\n-- It takes long.\nCALL\n  work();\nINSERT INTO log VALUES ('end');\n",
    );
    project.write("migrations/3_after.up.sql", "INSERT INTO log VALUES ('after');\n");
    let mut command = project.command(&["up", url]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    let mut client = database.connect();
    let begun = Instant::now();
    let half = |client: &mut postgres::Client| {
        client.query("SELECT FROM log WHERE line = 'half'", &[]).is_ok_and(|rows| !rows.is_empty())
    };
    while !half(&mut client) {
        assert!(begun.elapsed() < Duration::from_secs(60), "the statement does not begin");
        thread::sleep(Duration::from_millis(20));
    }
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CALL%' AND pid <> pg_backend_pid()";
    client.batch_execute(end).expect("the backend ends");
}

/// The entry of the journal to which an answer is bound.
fn seen(shown: &str) -> String {
    let rest = shown.split_once("with --seen ").expect("it is shown").1;
    rest.split_once(',').expect("it ends").0.to_owned()
}

fn lines(database: &Database) -> Vec<String> {
    let rows = database.connect().query("SELECT line FROM log", &[]).expect("the table is there");
    rows.iter().map(|row| row.get(0)).collect()
}

#[test]
fn an_interrupted_migration_is_understood_and_resolved() {
    for (outcome, wanted, exit) in [
        (&["--skip"][..], &["begin", "half", "end"][..], 0),
        (&["--from", "3"], &["begin", "half", "end"], 0),
        (&["--applied"], &["begin", "half"], 0),
        (&["--from", "9"], &["begin", "half"], 1),
    ] {
        let (project, database) = (Project::new(), cluster().database());
        let url = format!("--database-url={}", database.url());
        interrupted(&project, &database, &url);
        project.error(&["up", &url], 4);
        let ended = project.run(&["resolve", "2", &url]);
        assert_eq!(ended.code, Some(4), "{ended:?}");
        for part in [
            "2 work: migrations/2_work.up.sql\n",
            "  statements done: 1 of 3\n",
            "  statement 2, outcome unknown: migrations/2_work.up.sql:4\n    CALL\n      work()\n",
            "  --skip     statement 2 took effect: go on with statement 3\n",
        ] {
            assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
        }
        let seen = seen(&ended.stdout);
        let unbound = project.error(&[&["resolve", "2", "--yes", &url], outcome].concat(), 2);
        assert!(unbound.contains("--yes needs --seen: the state may be another one"), "{unbound}");
        let late = project.error(&[&["resolve", "2", "--yes", "--seen", "1", &url], outcome].concat(), 4);
        assert!(
            late.contains(&format!("version 2 has gone on since you looked: its last entry is {seen} now")),
            "{late}"
        );
        let arguments = [&["resolve", "2", "--yes", "--seen", &seen, &url], outcome].concat();
        let ended = project.run(&arguments);
        assert_eq!(ended.code == Some(0), exit == 0, "{ended:?}");
        assert_eq!(lines(&database), wanted, "{outcome:?}");
        if exit == 0 {
            let plan = project.run(&["plan", &url]);
            assert!(plan.stdout.starts_with("1 pending, 2 applied"), "version 3 stays pending: {plan:?}");
            let error = project.error(&arguments, 2);
            assert!(error.contains("version 2 was not interrupted: it is applied"), "{error}");
        }
    }
}

#[test]
fn what_was_not_interrupted_is_not_resolved() {
    for url in urls() {
        let project = project();
        project.output(&["up", "--to", "1", &url]);
        for (version, reason) in [
            ("1", "version 1 was not interrupted: it is applied"),
            ("2", "version 2 was not interrupted: it is pending"),
            ("9", "version 9 is no migration of this set"),
        ] {
            let error = project.error(&["resolve", version, "--applied", "--yes", &url], 2);
            assert!(error.contains(reason), "{error}");
        }
        assert!(
            project.error(&["resolve", "2", "--applied", "--retry", &url], 2).contains("cannot be used with")
        );
    }
}

#[test]
fn an_interrupted_rollback_is_resolved_too() {
    let (project, database) = (Project::new(), cluster().database());
    let url = format!("--database-url={}", database.url());
    project.write(
        "migrations/1_a.up.sql",
        "CREATE TABLE a (id int);\nCREATE TABLE b (id int);\nCREATE TABLE log (line text);\n",
    );
    project.write(
        "migrations/1_a.down.sql",
        "-- gapless: no-transaction\nDROP TABLE a;\n\
         DO $$ BEGIN INSERT INTO log VALUES ('half'); COMMIT; PERFORM pg_sleep(600); END $$;\nDROP TABLE b;\n",
    );
    project.output(&["up", &url]);
    let end = thread::spawn({
        let mut client = database.connect();
        move || {
            let begun = Instant::now();
            while client.query("SELECT FROM log", &[]).expect("it answers").is_empty() {
                assert!(begun.elapsed() < Duration::from_secs(60), "the statement does not begin");
                thread::sleep(Duration::from_millis(20));
            }
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'DO $$ BEGIN INSERT%'";
            client.batch_execute(end).expect("the backend ends");
        }
    });
    project.run(&["down", "--yes", &url]);
    end.join().expect("the backend was ended");
    let ended = project.run(&["resolve", "1", &url]);
    assert!(
        ended.code == Some(4)
            && ended.stdout.contains("statement 2, outcome unknown: migrations/1_a.down.sql:3\n"),
        "{ended:?}"
    );
    let seen = seen(&ended.stdout);
    let output = project.output(&["resolve", "1", "--skip", "--yes", "--seen", &seen, &url]);
    assert!(output.contains("go on to roll back 1 a"), "{output}");
    let plan = project.run(&["plan", &url]);
    assert!(plan.stdout.starts_with("1 pending, 0 applied"), "{plan:?}");
    assert!(database.connect().query("SELECT FROM b", &[]).is_err(), "the last statement ran");
}

#[test]
fn a_lost_file_is_passed_over_where_one_says_so() {
    for url in urls() {
        let project = project();
        fs::remove_file(project.join("migrations/3_lines.up.sql")).expect("it is removed");
        project.write("migrations/3_items.up.sql", "CREATE TABLE items (id integer);\n");
        project.output(&["up", &url]);
        fs::remove_file(project.join("migrations/2_orders.up.sql")).expect("it is removed");
        project.write("migrations/4_more.up.sql", "CREATE TABLE more (id integer);\n");
        for command in ["plan", "up", "verify", "dry-run"] {
            let error = project.error(&[command, &url], 4);
            assert!(
                error.contains("version 2 (`orders`) was applied") && error.contains("`--allow-unknown`"),
                "{error}"
            );
        }
        let plan = project.run(&["plan", "--allow-unknown", &url]);
        assert!(plan.code == Some(3) && plan.stdout.contains("4 more"), "{plan:?}");
        if !url.contains("mysql") {
            project.output(&["dry-run", "--allow-unknown", &url]);
        }
        assert!(project.output(&["up", "--allow-unknown", &url]).contains("1 applied, "));
        project.error(&["verify", &url], 4);
        project.output(&["verify", "--allow-unknown", &url]);
        project.error(&["wait", "--for=200ms", "--every=50ms", &url], 4);
        project.output(&["wait", "--for=200ms", "--every=50ms", "--allow-unknown", &url]);
    }
}
