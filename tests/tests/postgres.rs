//! Roles, session settings, advisory locks and lost servers of Postgres.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use gapless::{Event, MigrationSet};
use gapless_tests::cluster::{Database, cluster};
use gapless_tests::set::{set, tables};
use postgres::Client;

fn value(client: &mut Client, sql: &str) -> String {
    client.query_one(sql, &[]).unwrap().get(0)
}

fn advisory_locks(client: &mut Client) -> String {
    let here = "(SELECT oid FROM pg_database WHERE datname = current_database())";
    value(
        client,
        &format!("SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND database = {here}"),
    )
}

/// A role of this test's own, as roles belong to the whole cluster.
fn role(database: &Database) -> String {
    let role = format!("role_{}", database.name);
    database.connect().batch_execute(&format!("CREATE ROLE {role} LOGIN")).unwrap();
    role
}

#[test]
fn a_role_with_select_alone_boots_when_nothing_is_pending() {
    let database = cluster().database();
    let role = role(&database);
    let mut owner = database.connect();
    tables(2).runner().run(&mut owner).unwrap();
    let denied = tables(2).runner().run(&mut database.connect_as(&role)).unwrap_err();
    assert!(denied.is_permission_denied(), "{denied}");
    assert!(denied.to_string().contains("reading public.applied_migrations"), "{denied}");
    owner.batch_execute(&format!("GRANT SELECT ON applied_migrations TO {role}")).unwrap();
    assert_eq!(tables(2).runner().run(&mut database.connect_as(&role)).unwrap().round_trips(), 1);
}

#[test]
fn a_missing_privilege_is_named() {
    let database = cluster().database();
    let role = role(&database);
    let mut owner = database.connect();
    let mut client = database.connect_as(&role);
    // Since version 15 only the owner may create tables in `public`.
    owner.batch_execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC").unwrap();
    let error = tables(1).runner().run(&mut client).unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
    assert!(
        error.to_string().contains(
            "creating public.applied_migrations and its journal: permission denied for schema public"
        ),
        "{error}"
    );
    let error = tables(1).runner().schema("app").run(&mut client).unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
    assert!(error.to_string().contains("creating app.applied_migrations"), "{error}");
    tables(1).runner().run(&mut owner).unwrap();
    owner.batch_execute(&format!("GRANT SELECT ON applied_migrations TO {role}")).unwrap();
    let error = tables(2).runner().run(&mut client).unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
    assert!(error.to_string().contains("recording version 2 in public.applied_migrations"), "{error}");
    assert_eq!(advisory_locks(&mut client), "0");
}

#[test]
fn a_statement_without_privilege_is_the_migrations_failure() {
    let database = cluster().database();
    let role = role(&database);
    let mut owner = database.connect();
    owner
        .batch_execute(&format!("CREATE SCHEMA app AUTHORIZATION {role}; CREATE TABLE secret (id int)"))
        .unwrap();
    let all = set(&[("1_a.sql", "CREATE TABLE app.a (id int);"), ("2_b.sql", "DELETE FROM secret;")]);
    let mut client = database.connect_as(&role);
    let error = all.runner().schema("app").run(&mut client).unwrap_err();
    assert_eq!(error.failure().unwrap().path(), "migrations/2_b.sql", "{error}");
    assert_eq!(error.applied().len(), 1);
}

#[test]
fn a_schema_is_created_and_used() {
    let database = cluster().database();
    let mut client = database.connect();
    let all = tables(2);
    let report = all.runner().schema("My \"App\"").run(&mut client).unwrap();
    assert_eq!(report.applied().len(), 2);
    assert_eq!(all.runner().schema("My \"App\"").run(&mut client).unwrap().round_trips(), 1);
    assert_eq!(value(&mut client, "SELECT count(*)::text FROM \"My \"\"App\"\"\".applied_migrations"), "2");
    let error = all.runner().schema("pg_mine").run(&mut client).unwrap_err();
    assert!(error.to_string().contains("creating pg_mine.applied_migrations"), "{error}");
    assert!(all.runner().schema("s".repeat(64)).run(&mut client).unwrap_err().is_usage());
}

#[test]
fn settings_and_role_of_one_migration_do_not_reach_the_next() {
    let database = cluster().database();
    let role = role(&database);
    let mut client = database.connect();
    client
        .batch_execute(
            "CREATE SCHEMA mine; SET search_path = mine, public; SET work_mem = '7MB'; SET app.tenant = 'seven'; \
             SET statement_timeout = '77s'",
        )
        .unwrap();
    let grant = format!("GRANT ALL ON SCHEMA mine, public TO {role};");
    let dumped = "SELECT pg_catalog.set_config('search_path', '', false);\nSET statement_timeout = 0;\n\
                  SET client_min_messages = warning;\nRESET work_mem;\nCREATE TABLE public.dumped (id int);";
    let all = set(&[
        ("1_grant.sql", grant.as_str()),
        ("2_dump.sql", dumped),
        ("3_here.sql", "CREATE TABLE here (id int);"),
        (
            "4_role.sql",
            &format!("SET ROLE {role};\nSET SESSION AUTHORIZATION {role};\nCREATE TABLE theirs (id int);"),
        ),
        ("5_mine.sql", "CREATE TABLE mine_again (id int);"),
        (
            "6_local.sql",
            "SET LOCAL search_path = public;\nSET TRANSACTION READ WRITE;\nCREATE TABLE local_one (id int);",
        ),
        ("7_last.sql", "CREATE TABLE last_one (id int);\nSET search_path = public;"),
    ]);
    let report = all.runner().lock_timeout(Duration::from_secs(5)).run(&mut client).unwrap();
    assert_eq!(report.applied().len(), 7);
    let tables = "SELECT string_agg(schemaname || '.' || tablename || ' ' || tableowner, ', ' ORDER BY tablename) \
                  FROM pg_tables WHERE tablename IN ('here', 'theirs', 'mine_again', 'local_one', 'last_one')";
    let expected = format!(
        "mine.here postgres, mine.last_one postgres, public.local_one postgres, mine.mine_again postgres, mine.theirs {role}"
    );
    assert_eq!(value(&mut client, tables), expected);
    for (setting, expected) in [
        ("search_path", "mine, public"),
        ("work_mem", "7MB"),
        ("app.tenant", "seven"),
        ("statement_timeout", "77s"),
        ("lock_timeout", "0"),
        ("client_min_messages", "notice"),
        ("role", "none"),
        ("session_authorization", "postgres"),
        ("synchronous_commit", "on"),
    ] {
        assert_eq!(
            value(&mut client, &format!("SELECT current_setting('{setting}')")),
            expected,
            "{setting}"
        );
    }
}

#[test]
fn settings_are_put_back_after_a_failure_too() {
    let database = cluster().database();
    let mut client = database.connect();
    client.batch_execute("SET search_path = public").unwrap();
    let broken = set(&[
        ("1_a.sql", "SET search_path = '';\nCREATE TABLE public.a (id int);"),
        (
            "2_b.sql",
            "-- gapless: no-transaction\nSET search_path = '';\nSET lock_timeout = '3s';\nSELECT 1 / 0;",
        ),
    ]);
    broken.runner().statement_timeout(Duration::from_secs(9)).run(&mut client).unwrap_err();
    for (setting, expected) in [("search_path", "public"), ("lock_timeout", "0"), ("statement_timeout", "0")]
    {
        assert_eq!(
            value(&mut client, &format!("SELECT current_setting('{setting}')")),
            expected,
            "{setting}"
        );
    }
    assert_eq!(advisory_locks(&mut client), "0");
}

#[test]
fn each_migration_of_a_message_has_a_time_of_its_own() {
    let mut client = cluster().database().connect();
    let slow = set(&[
        ("1_a.sql", "SELECT pg_sleep(0.4);"),
        ("2_b.sql", "SELECT 1;"),
        ("3_c.sql", "SELECT pg_sleep(0.2);"),
    ]);
    let report = slow.runner().run(&mut client).unwrap();
    let millis: Vec<_> = report.applied().iter().map(|a| a.duration().unwrap().as_millis()).collect();
    assert!(millis[0] >= 400 && millis[1] < 200 && (200..400).contains(&millis[2]), "{millis:?}");
    let between = "SELECT (max(applied_at) - min(applied_at) >= '0.4 s')::text FROM applied_migrations";
    assert_eq!(value(&mut client, between), "true");
    let journal =
        "SELECT string_agg((duration_ms >= 200)::text, ' ' ORDER BY version) FROM applied_migrations_journal";
    assert_eq!(value(&mut client, journal), "true false true");
}

#[test]
fn a_waiting_runner_says_for_whom_and_leaves_when_the_work_is_done() {
    let database = cluster().database();
    let slow = set(&[("1_a.sql", "CREATE TABLE a (id int);\nSELECT pg_sleep(1.5);")]);
    let (begun, begins) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut first = database.connect();
            first.batch_execute("SET application_name = 'the first one'").unwrap();
            let begun = begun;
            let tell = move |event: &Event<'_>| {
                if matches!(event, Event::Applying(_)) {
                    begun.send(()).unwrap();
                }
            };
            slow.runner().on_event(tell).run(&mut first).unwrap();
        });
        begins.recv().unwrap();
        let mut told = Vec::new();
        let second = slow
            .runner()
            .on_event(|event| told.push(event.to_string()))
            .run(&mut database.connect())
            .unwrap();
        assert_eq!(second.applied().len(), 0);
        assert!(second.waits() > 1, "{second}");
        let named =
            told.iter().any(|event| event.contains("(the first one)") && event.contains(": applying 1 a"));
        assert!(named, "{told:#?}");
    });
}

#[test]
fn waiting_ends_at_the_deadline_with_an_error() {
    let database = cluster().database();
    let mut holder = database.connect();
    tables(1).runner().run(&mut holder).unwrap();
    // The key that every runner of this table derives.
    holder.batch_execute("SELECT pg_advisory_lock(6004593293802252145)").unwrap();
    let error =
        tables(2).runner().lock_wait(Duration::from_millis(300)).run(&mut database.connect()).unwrap_err();
    assert!(error.is_lock_wait(), "{error}");
    // It does nothing: what it did last is no hint.
    assert!(error.to_string().contains(", idle for 00:00:0"), "{error}");
    assert_eq!(tables(1).runner().run(&mut database.connect()).unwrap().round_trips(), 1);
}

#[test]
fn a_lock_timeout_is_tried_again_until_the_lock_is_free() {
    let database = cluster().database();
    let mut holder = database.connect();
    holder.batch_execute("CREATE TABLE busy (id int)").unwrap();
    holder.batch_execute("BEGIN; LOCK TABLE busy").unwrap();
    let all = set(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_busy.sql", "-- gapless: lock-timeout 100ms\nALTER TABLE busy ADD COLUMN name text;"),
    ]);
    let mut retried = 0;
    let report = thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(Duration::from_millis(400));
            holder.batch_execute("COMMIT").unwrap();
        });
        let count = |event: &Event<'_>| retried += usize::from(matches!(event, Event::Retrying { .. }));
        all.runner().retries(50).on_event(count).run(&mut database.connect()).unwrap()
    });
    assert_eq!(report.applied().len(), 2);
    assert!(report.retries() >= 1 && retried == report.retries() as usize, "{report}");
    let mut holder = database.connect();
    holder.batch_execute("BEGIN; LOCK TABLE busy").unwrap();
    let more = set(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_busy.sql", "-- gapless: lock-timeout 100ms\nALTER TABLE busy ADD COLUMN name text;"),
        ("3_busy.sql", "-- gapless: lock-timeout 50ms\nALTER TABLE busy ADD COLUMN more text;"),
    ]);
    let error = more.runner().retries(1).run(&mut database.connect()).unwrap_err();
    assert_eq!(error.database_error().unwrap().code, "55P03", "{error}");
}

#[test]
fn a_lost_connection_is_reported_and_the_next_run_goes_on() {
    let database = cluster().database();
    let all = set(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_b.sql", "SELECT pg_terminate_backend(pg_backend_pid());\nCREATE TABLE b (id int);"),
    ]);
    let error = all.runner().run(&mut database.connect()).unwrap_err();
    assert!(error.is_connection(), "{error}");
    assert!(error.to_string().starts_with("the connection was lost while applying migrations"), "{error}");
    let mended = set(&[("1_a.sql", "CREATE TABLE a (id int);"), ("2_b.sql", "CREATE TABLE b (id int);")]);
    let mut client = database.connect();
    let report = mended.runner().run(&mut client).unwrap();
    assert_eq!((report.applied().len(), report.already_applied()), (1, 1));
    assert_eq!(advisory_locks(&mut client), "0");
}

fn failure_of(files: &[(&str, &str)]) -> String {
    let all: MigrationSet = set(files);
    all.runner().run(&mut cluster().database().connect()).unwrap_err().to_string()
}

#[test]
fn a_typo_on_line_12_is_shown() {
    let typo = "-- Orders and their lines.\nCREATE TABLE orders (\n    id bigint PRIMARY KEY,\n    note text\n);\n\n\
                CREATE TABLE order_lines (\n    order_id bigint REFERENCES orders (id),\n    amount int\n);\n\n\
                CREATE INDX orders_note ON orders (note);\n";
    let first = ("1_schema.sql", "CREATE SCHEMA größe;");
    insta::assert_snapshot!(
        "typo",
        failure_of(&[first, ("2_orders.up.sql", typo), ("3_more.sql", "SELECT 1;")])
    );
}

#[test]
fn other_failures_are_shown() {
    let users = ("1_users.sql", "CREATE TABLE users (id int PRIMARY KEY, email text UNIQUE);");
    let twice = ("2_seed.sql", "INSERT INTO users VALUES (1, 'a');\nINSERT INTO users VALUES (2, 'a');");
    insta::assert_snapshot!("constraint", failure_of(&[users, twice]));
    let column = ("2_names.sql", "ALTER TABLE users ADD name text;\nUPDATE users SET 'ß' = nmae;");
    insta::assert_snapshot!("column", failure_of(&[users, column]));
    let steps = (
        "2_steps.sql",
        "-- gapless: no-transaction\nCREATE INDEX CONCURRENTLY i ON users (email);\nSELECT 1/0;",
    );
    insta::assert_snapshot!("step", failure_of(&[users, steps]));
    let function =
        ("2_call.sql", "DO $$\nBEGIN\n  RAISE EXCEPTION 'no way' USING HINT = 'go home';\nEND $$;");
    insta::assert_snapshot!("raised", failure_of(&[users, function]));
}
