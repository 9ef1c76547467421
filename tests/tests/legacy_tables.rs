//! Tables of other tools, created on fresh databases for migrations that refer to them.

use std::thread;

use gapless::{Connection, Legacy, Locking, MigrationSet};
use gapless_tests::cluster::cluster;
use gapless_tests::mysql_server;
use gapless_tests::set::set;

const TOOLS: [fn(&'static str) -> Legacy; 10] = [
    Legacy::golang_migrate,
    Legacy::sql_migrate,
    Legacy::goose,
    Legacy::dbmate,
    Legacy::rails,
    Legacy::sqlx,
    Legacy::refinery,
    Legacy::diesel,
    Legacy::flyway,
    Legacy::tern,
];

/// Its first migration fails, so that the next run looks at the table again.
fn broken() -> MigrationSet {
    set(&[("1_t1.sql", "SELECT nonsense"), ("2_t2.sql", "CREATE TABLE t2 (id int)")])
}

fn mended() -> MigrationSet {
    set(&[("1_t1.sql", "CREATE TABLE t1 (id int)"), ("2_t2.sql", "CREATE TABLE t2 (id int)")])
}

/// The created table passes for the tool's own, and is empty.
fn is_the_tools_own<C: Connection>(client: &mut C, legacy: &Legacy) {
    let adopt = || legacy.clone().create_on_fresh_database();
    let error = broken().runner().adopt(adopt()).run(client).unwrap_err();
    assert!(error.failure().is_some(), "{legacy:?}: {error}");
    let plan =
        mended().runner().adopt(adopt()).plan(client).unwrap_or_else(|error| panic!("{legacy:?}: {error}"));
    assert_eq!((plan.creates(), plan.changes().len(), plan.pending().len()), (None, 0, 2), "{plan}");
    let report = mended().runner().adopt(adopt()).run(client).unwrap();
    assert_eq!((report.applied().len(), report.created()), (2, None), "{report}");
}

#[test]
fn each_tool_knows_its_table_again() {
    for (number, tool) in TOOLS.into_iter().enumerate() {
        let mut client = cluster().database().connect();
        is_the_tools_own(&mut client, &tool("of the \"tool\""));
        let mut client = cluster().database().connect();
        client.batch_execute("CREATE SCHEMA \"its \"\"own\"").unwrap();
        is_the_tools_own(&mut client, &tool("history").schema("its \"own"));
        let found = format!("SELECT to_regclass('\"its \"\"own\".history') IS NOT NULL, {number}");
        assert!(client.query_one(&found, &[]).unwrap().get::<_, bool>(0));
        let mut client = rusqlite::Connection::open_in_memory().unwrap();
        is_the_tools_own(&mut client, &tool("of the \"tool\""));
        let mut client = rusqlite::Connection::open_in_memory().unwrap();
        is_the_tools_own(&mut client, &tool("history").schema("main"));
        let mut client = mysql_server::server().database().connect();
        is_the_tools_own(&mut client, &tool("of the `tool`"));
        let other = mysql_server::server().database();
        let mut client = mysql_server::server().database().connect();
        is_the_tools_own(&mut client, &tool("history").schema(&other.name));
    }
}

#[test]
fn with_nothing_pending_nothing_is_created() {
    let mut client = cluster().database().connect();
    let adopt = Legacy::sqlx("_sqlx_migrations").create_on_fresh_database();
    let plan = set(&[]).runner().adopt(adopt).plan(&mut client).unwrap();
    assert!(plan.is_empty() && plan.creates().is_none(), "{plan}");
}

#[test]
fn a_schema_that_is_missing_is_named() {
    let mut client = cluster().database().connect();
    let adopt = || Legacy::sqlx("_sqlx_migrations").schema("app").create_on_fresh_database();
    let error = mended().runner().adopt(adopt()).run(&mut client).unwrap_err();
    let told = "the database failed while creating public.applied_migrations and sqlx's app._sqlx_migrations: \
                schema \"app\" does not exist";
    assert!(error.to_string().starts_with(told), "{error}");
    assert!(
        client.batch_execute("SELECT * FROM applied_migrations").is_err(),
        "the tracker was created alone"
    );
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = \
                 (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(client.query_one(locks, &[]).unwrap().get::<_, i64>(0), 0);
}

/// A table without columns looks as if it were not there, and so does a type of that name.
#[test]
fn an_object_in_the_way_is_an_error_and_not_tried_forever() {
    for way in ["CREATE TABLE t ()", "CREATE TYPE t AS ENUM ()"] {
        for locking in [Locking::Session, Locking::Transaction, Locking::None] {
            let mut client = cluster().database().connect();
            client.batch_execute(way).unwrap();
            let adopt = Legacy::sqlx("t").create_on_fresh_database();
            let error = mended().runner().locking(locking).adopt(adopt).run(&mut client).unwrap_err();
            assert!(error.to_string().contains("already exists"), "{error}");
        }
    }
}

#[test]
fn replicas_create_it_once() {
    let set = set(&[
        ("1_t1.sql", "-- gapless: no-transaction\nCREATE TABLE t1 (id int)"),
        ("2_who.sql", "ALTER TABLE _sqlx_migrations ADD COLUMN who text"),
    ]);
    for locking in [Locking::Session, Locking::None] {
        let database = cluster().database();
        let reports = thread::scope(|scope| {
            let replica = || {
                let adopt = Legacy::sqlx("_sqlx_migrations").create_on_fresh_database();
                set.runner().locking(locking).adopt(adopt).run(&mut database.connect()).unwrap()
            };
            let replicas: Vec<_> = (0..6).map(|_| scope.spawn(replica)).collect();
            replicas.into_iter().map(|replica| replica.join().unwrap()).collect::<Vec<_>>()
        });
        let created = reports.iter().filter(|report| report.created().is_some()).count();
        let journal = "SELECT count(*) FROM applied_migrations_journal WHERE event = 'table_created'";
        let journaled: i64 = database.connect().query_one(journal, &[]).unwrap().get(0);
        assert_eq!((created, journaled), (1, 1));
    }
}
