//! The locks of a dry run, statement by statement, on a database with rows and with other sessions.

use std::time::{Duration, Instant};

use gapless::{DryRun, LockMode, StatementTrace, Untried};
use gapless_tests::cluster::{Database, cluster};
use gapless_tests::driver::{Driver, TokioPostgres};
use gapless_tests::killed::value;
use gapless_tests::set::set;

fn filled() -> Database {
    let database = cluster().database();
    let fill = "CREATE TABLE a (id int PRIMARY KEY, name text); CREATE TABLE b (id int PRIMARY KEY, a_id int); \
                INSERT INTO a SELECT i, repeat('x', 100) FROM generate_series(1, 1000) i; ANALYZE a";
    database.connect().batch_execute(fill).unwrap();
    database
}

fn traced(database: &Database, files: &[(&str, &str)]) -> DryRun {
    let mut client = database.connect();
    let dry_run = set(files).runner().trace_locks().dry_run(&mut client).unwrap();
    // Nothing is left of it.
    assert_eq!(value(&mut client, "SELECT to_regclass('applied_migrations')::text"), "");
    assert_eq!(
        value(
            &mut client,
            "SELECT count(*)::text FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation::regclass::text IN ('a', 'b')"
        ),
        "0"
    );
    dry_run
}

/// Locks as mode and relation, the strongest of each.
fn locks(trace: &StatementTrace) -> Vec<String> {
    let mut locks: Vec<_> = trace
        .locks()
        .iter()
        .map(|lock| format!("{} {} {}", lock.mode(), lock.relation().kind(), lock.relation().name()))
        .collect();
    locks.sort();
    locks
}

fn rewrites(trace: &StatementTrace) -> Vec<&str> {
    trace.rewrites().iter().map(gapless::TracedRelation::name).collect()
}

#[test]
fn a_volatile_default_rewrites_the_table_and_a_constant_one_does_not() {
    let database = filled();
    let dry_run = traced(
        &database,
        &[
            ("1_constant.sql", "ALTER TABLE a ADD COLUMN c int DEFAULT 7;"),
            (
                "2_volatile.sql",
                "SELECT pg_sleep(0.02);\nALTER TABLE a ADD COLUMN d timestamptz DEFAULT clock_timestamp();\nSELECT pg_sleep(0.05);",
            ),
        ],
    );
    let [constant, sleep, volatile, last] = dry_run.statements() else { panic!("{dry_run}") };
    assert_eq!(locks(constant), ["ACCESS EXCLUSIVE table public.a"]);
    assert_eq!(rewrites(constant), Vec::<&str>::new());
    let lock = &constant.locks()[0];
    assert!(lock.mode().blocks_reads() && lock.mode().blocks_writes());
    assert_eq!(lock.relation().rows(), Some(1000));
    let bytes = value(&mut database.connect(), "SELECT pg_table_size('a')::text").parse().unwrap();
    assert_eq!(lock.relation().bytes(), Some(bytes));
    // The lock of the first migration is held on in the dry run's one transaction, and not told again.
    assert!(locks(sleep).is_empty());
    assert!(
        volatile
            .locks()
            .iter()
            .all(|lock| lock.relation().name() != "public.a" || lock.mode() != LockMode::AccessExclusive)
    );
    assert_eq!(rewrites(volatile), ["public.a", "public.a_pkey"]);
    assert!(locks(last).is_empty() && rewrites(last).is_empty(), "{last}");
    let statement = volatile.statement();
    assert_eq!((statement.version().number(), statement.number(), statement.total()), (2, 2, 3));
    assert_eq!(statement.location().unwrap().to_string(), "2:1");
    assert_eq!(dry_run.tried().len(), 2);
    // Both sleeps are a part of the migration, and it begins before the first.
    assert!(dry_run.tried()[1].duration().unwrap() >= Duration::from_millis(70));
    assert_eq!(
        value(
            &mut database.connect(),
            "SELECT count(*)::text FROM pg_attribute WHERE attrelid = 'a'::regclass AND attnum > 0"
        ),
        "2"
    );
}

#[test]
fn locks_are_held_until_the_end_of_their_migration() {
    let dry_run = traced(
        &filled(),
        &[(
            "1_index.sql",
            "CREATE INDEX a_name ON a (name);\nSELECT pg_sleep(0.05);\nALTER TABLE b ADD FOREIGN KEY (a_id) REFERENCES a (id);\nINSERT INTO b VALUES (1, 1);\nDROP TABLE b;",
        )],
    );
    let [index, sleep, key, insert, drop] = dry_run.statements() else { panic!("{dry_run}") };
    // The new index is in nobody's way.
    assert_eq!(locks(index), ["SHARE table public.a"]);
    assert!(index.locks()[0].held() >= Duration::from_millis(50), "{index}");
    assert!(!index.locks()[0].mode().blocks_reads() && index.locks()[0].mode().blocks_writes());
    assert!(locks(sleep).is_empty() && sleep.waits_for().is_empty());
    assert!(locks(key).contains(&"SHARE ROW EXCLUSIVE table public.b".to_owned()), "{key}");
    assert!(locks(key).contains(&"SHARE ROW EXCLUSIVE table public.a".to_owned()), "{key}");
    // The foreign key's lock is stronger than that of the row.
    assert!(locks(insert).iter().all(|lock| !lock.ends_with(" table public.b")), "{insert}");
    assert!(locks(drop).contains(&"ACCESS EXCLUSIVE table public.b".to_owned()), "{drop}");
    assert!(locks(drop).contains(&"ACCESS EXCLUSIVE index public.b_pkey".to_owned()), "{drop}");
    let of_b = drop.locks().iter().find(|lock| lock.relation().name() == "public.b").unwrap();
    assert!(of_b.held() < index.locks()[0].held(), "{dry_run}");
    let said = dry_run.to_string();
    assert!(
        said.contains(
            "\n1 index, statement 1 of 5 (migrations/1_index.sql:1:1): CREATE INDEX a_name ON a (name) in "
        ),
        "{said}"
    );
    assert!(said.contains("\n  SHARE on table public.a (about 1000 rows, "), "{said}");
    assert!(said.contains(" KiB) blocks writes, changes of the schema and VACUUM for "), "{said}");
}

#[test]
fn a_session_that_is_idle_in_a_transaction_is_named_as_one_to_wait_for() {
    let database = filled();
    let mut idle = database.connect();
    idle.batch_execute("SET application_name = 'report'").unwrap();
    idle.batch_execute("BEGIN; SELECT count(*) FROM a").unwrap();
    let files = [
        ("1_b.sql", "ALTER TABLE b ADD COLUMN x int;"),
        ("2_a.sql", "-- gapless: lock-timeout 100ms\nSELECT 1;\nALTER TABLE a ADD COLUMN x int;"),
        ("3_c.sql", "CREATE TABLE c (id int);"),
    ];
    let begun = Instant::now();
    let dry_run = traced(&database, &files);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    let [of_b, _, waits] = dry_run.statements() else { panic!("{dry_run}") };
    assert_eq!(locks(of_b), ["ACCESS EXCLUSIVE table public.b"]);
    assert!(waits.locks().is_empty() && waits.duration() >= Duration::from_millis(100));
    let pid: i32 = idle.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0);
    let holder = &waits.waits_for()[0];
    assert_eq!((holder.session().pid(), holder.session().application()), (Some(pid), Some("report")));
    assert_eq!(holder.session().state(), Some("idle in transaction"));
    assert_eq!((holder.mode(), holder.relation()), (LockMode::AccessShare, "public.a"));
    let reasons: Vec<_> = dry_run.not_tried().iter().map(gapless::NotTried::reason).collect();
    assert_eq!(reasons, [Untried::Locked, Untried::After(gapless::Version::new(2).unwrap())]);
    let said = dry_run.to_string();
    assert!(said.contains("not tried: 2 a, because another session has a lock that it needs\n"), "{said}");
    assert!(said.contains("\n  would wait for backend "), "{said}");
    assert!(said.contains(", which has ACCESS SHARE on public.a"), "{said}");
    // What the session does not keep from being locked is tried.
    let dry_run = traced(&database, &[("1_i.sql", "CREATE INDEX a_name ON a (name);")]);
    assert_eq!(locks(&dry_run.statements()[0]), ["SHARE table public.a"]);
    // Without a timeout of its own the dry run waits for 2 s: everybody else waits behind it.
    let begun = Instant::now();
    let dry_run = traced(
        &database,
        &[("1_a.sql", "DROP INDEX IF EXISTS nothing; ALTER TABLE a RENAME name TO title;")],
    );
    assert!((1.9..10.0).contains(&begun.elapsed().as_secs_f64()), "{:?}", begun.elapsed());
    assert!(!dry_run.statements()[1].waits_for().is_empty());
}

#[test]
fn a_failure_is_told_with_its_place_as_ever() {
    let database = filled();
    let mut client = database.connect();
    let broken = set(&[("1_a.sql", "SELECT 1;\nALTER TABLE a ADD COLUMN x nothing;")]);
    let error = broken.runner().trace_locks().dry_run(&mut client).unwrap_err();
    assert_eq!(error.failure().unwrap().location().unwrap().to_string(), "2:28");
    let plain = broken.runner().dry_run(&mut client).unwrap_err();
    assert_eq!(plain.to_string(), error.to_string());
    // Constraints that a commit checks are checked at the end.
    let late = "ALTER TABLE b ADD FOREIGN KEY (a_id) REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED; INSERT INTO b VALUES (1, 5000);";
    let error = set(&[("1_b.sql", late)]).runner().trace_locks().dry_run(&mut client).unwrap_err();
    assert_eq!(error.failure().unwrap().database_error().code, "23503");
    // A migration that a dry run cannot try ends the trace.
    let all = set(&[
        ("1_e.sql", "CREATE TYPE e AS ENUM ('x');"),
        ("2_s.sql", "-- gapless: no-transaction\nSELECT 1;"),
    ]);
    let dry_run = all.runner().trace_locks().dry_run(&mut client).unwrap();
    assert_eq!((dry_run.statements().len(), dry_run.not_tried().len()), (1, 1));
    assert!(all.runner().dry_run(&mut client).unwrap().statements().is_empty());
}

#[test]
fn partitions_and_views_are_traced_and_an_asynchronous_client_traces_too() {
    let driver = TokioPostgres::fresh();
    let mut client = driver.connect();
    let tables = "CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9); \
                  CREATE MATERIALIZED VIEW m AS SELECT 1 AS one; CREATE VIEW v AS SELECT * FROM p";
    TokioPostgres::sql(&mut client, tables).unwrap();
    let all = set(&[
        ("1_p.sql", "ALTER TABLE p ADD COLUMN x int;"),
        ("2_m.sql", "REFRESH MATERIALIZED VIEW m; SELECT * FROM v;"),
    ]);
    let runner = all.runner().trace_locks();
    let dry_run = client.runtime.block_on(runner.dry_run_async(&mut client.client)).unwrap();
    let [alter, refresh, select] = dry_run.statements() else { panic!("{dry_run}") };
    assert_eq!(
        locks(alter),
        ["ACCESS EXCLUSIVE partitioned table public.p", "ACCESS EXCLUSIVE table public.p1"]
    );
    let bytes = |name: &str| {
        let lock = alter.locks().iter().find(|lock| lock.relation().name() == name).unwrap();
        lock.relation().bytes()
    };
    assert_eq!((bytes("public.p"), bytes("public.p1")), (None, Some(0)));
    assert_eq!(locks(refresh), ["ACCESS EXCLUSIVE materialized view public.m"]);
    assert_eq!(rewrites(refresh), ["public.m"]);
    assert!(locks(select).contains(&"ACCESS SHARE view public.v".to_owned()), "{select}");
}

#[test]
fn sqlite_says_why_it_traces_no_locks() {
    let mut client = rusqlite::Connection::open_in_memory().unwrap();
    let all = set(&[("1_a.sql", "CREATE TABLE a (id int);")]);
    let error = all.runner().trace_locks().dry_run(&mut client).unwrap_err();
    assert!(error.is_usage() && error.to_string().starts_with("locks cannot be traced: "), "{error}");
    // Nothing but a dry run minds.
    assert_eq!(all.runner().trace_locks().run(&mut client).unwrap().applied().len(), 1);
}
