//! Adopting the history of another tool.

use std::time::Duration;

use gapless::{Legacy, Locking, MigrationSet, Rollback};
use gapless_tests::between::Between;
use gapless_tests::cluster::{Database, cluster};
use gapless_tests::set::{set, tables};
use postgres::Client;

const SET: &str = "SELECT version || '|' || name FROM applied_migrations ORDER BY version";
const DBMATE: &str = "CREATE TABLE g (version varchar); INSERT INTO g VALUES ('1'), ('2')";
const COUNTER: &str = "CREATE TABLE g (version bigint, dirty boolean); INSERT INTO g VALUES (2, false)";
const GOLANG_MIGRATE: &str = "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL); \
                       INSERT INTO schema_migrations VALUES (1, false); CREATE TABLE t1 (id int)";

fn column(client: &mut Client, sql: &str) -> Vec<String> {
    client.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

fn versions(applied: &[gapless::Applied]) -> Vec<i64> {
    applied.iter().map(|applied| applied.version().number()).collect()
}

fn there(client: &mut Client, table: &str) -> bool {
    client.query_one("SELECT to_regclass($1::text) IS NOT NULL", &[&table]).unwrap().get(0)
}

/// Another tool's table, in which versions 1 and 2 are applied, and what they have created.
fn legacy(table: &str) -> Client {
    let mut client = cluster().database().connect();
    client.batch_execute(table).unwrap();
    client.batch_execute("CREATE TABLE t1 (id int); CREATE TABLE t2 (id int)").unwrap();
    client
}

fn assert_no_advisory_locks(client: &mut Client) {
    let locks = "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(column(client, locks), ["0"]);
}

fn two() -> MigrationSet {
    set(&[
        ("1_t1.up.sql", "CREATE TABLE t1 (id int);"),
        ("1_t1.down.sql", "DROP TABLE t1;"),
        ("2_t2.up.sql", "CREATE TABLE t2 (id int);"),
        ("2_t2.down.sql", "DROP TABLE t2;"),
    ])
}

#[test]
fn a_history_is_not_adopted_again_after_a_rollback() {
    let mut client = cluster().database().connect();
    let dbmate = "CREATE TABLE g (version varchar); INSERT INTO g VALUES ('1'), ('2'); \
                  CREATE TABLE t1 (id int); CREATE TABLE t2 (id int)";
    client.batch_execute(dbmate).unwrap();
    let all = two();
    let runner = || all.runner().adopt(Legacy::dbmate("g"));
    // A rollback adopts nothing by itself.
    let error = runner().rollback(Rollback::steps(1), &mut client).unwrap_err();
    assert!(error.is_irreversible(), "{error}");
    assert!(error.to_string().starts_with("no migration is applied"), "{error}");
    runner().rollback(Rollback::steps(0), &mut client).unwrap();
    assert!(!there(&mut client, "applied_migrations"));
    assert_eq!(runner().run(&mut client).unwrap().changes().len(), 2);
    let report = runner().rollback(Rollback::steps(2).unproven(), &mut client).unwrap();
    assert_eq!(versions(report.rolled_back()), [2, 1]);
    let report = runner().run(&mut client).unwrap();
    assert_eq!((versions(report.applied()), report.changes().len()), (vec![1, 2], 0));
    assert!(there(&mut client, "t1"));
}

/// A text was applied before the file was retired, and is not the tombstone's.
#[test]
fn a_tombstone_is_adopted_whatever_the_tool_has_hashed() {
    let mut client = cluster().database().connect();
    client
        .batch_execute(
            "CREATE TABLE _sqlx_migrations (version bigint, description text, installed_on timestamptz, \
             success boolean, checksum bytea, execution_time bigint); \
             INSERT INTO _sqlx_migrations VALUES (1, 'gone', now(), true, '\\x00', 0)",
        )
        .unwrap();
    let retired = set(&[("1_gone.tombstone.sql", "-- The module is gone."), ("2_t2.sql", "SELECT 2;")]);
    let runner = || retired.runner().adopt(Legacy::sqlx("_sqlx_migrations"));
    let plan = runner().verify(&mut client).unwrap_err().to_string();
    assert!(plan.contains("record 1 gone: applied by sqlx's _sqlx_migrations, checksum unknown"), "{plan}");
    let report = runner().run(&mut client).unwrap();
    assert_eq!((versions(report.applied()), report.changes().len()), (vec![2], 1), "{report}");
}

#[test]
fn an_adoption_runs_what_took_the_number_of_a_renamed_one() {
    let goose = "CREATE TABLE g (id int, version_id bigint, is_applied boolean, tstamp timestamp); \
                 INSERT INTO g VALUES (1, 0, true, now()), (2, 1, true, now()), (3, 2, true, now())";
    for (table, adopt, renamed) in [
        (goose, Legacy::goose("g"), "2_t2 -> 5_t2"),
        (DBMATE, Legacy::dbmate("g"), "2_t2 -> 5_t2"),
        (COUNTER, Legacy::golang_migrate("g"), "2_t2 -> 5_t2"),
        (COUNTER, Legacy::golang_migrate("g"), "2 -> 5_t2"),
    ] {
        let mut client = legacy(table);
        let moved = set(&[
            ("1_t1.sql", "CREATE TABLE t1 (id int);"),
            ("2_new.sql", "CREATE TABLE brand_new (id int);"),
            ("5_t2.sql", "CREATE TABLE t2 (id int);"),
            ("renames.txt", renamed),
        ]);
        let report = moved.runner().adopt(adopt).run(&mut client).unwrap();
        assert_eq!((versions(report.applied()), report.changes().len()), (vec![2], 2), "{report}");
        assert_eq!(column(&mut client, SET), ["1|t1", "2|new", "5|t2"]);
    }
}

#[test]
fn a_dry_run_leaves_out_what_would_be_adopted() {
    for locking in [Locking::Session, Locking::Transaction] {
        let mut client = legacy("CREATE TABLE g (version varchar); INSERT INTO g VALUES ('1')");
        client.batch_execute("DROP TABLE t2").unwrap();
        let all = tables(2);
        let runner = || all.runner().locking(locking).adopt(Legacy::dbmate("g"));
        let tried = runner().dry_run(&mut client).unwrap();
        assert_eq!(tried.tried().len(), 1, "{tried}");
        let report = runner().run(&mut client).unwrap();
        assert_eq!((versions(report.applied()), report.changes().len()), (vec![2], 1), "{report}");
        assert_no_advisory_locks(&mut client);
    }
}

/// Two of the set bear one name, which a key of the user's own forbids.
#[test]
fn a_tracker_with_unique_names_refuses_an_adoption_once() {
    let mut client = legacy(DBMATE);
    client.batch_execute("DROP TABLE t1").unwrap();
    tables(1).runner().run(&mut client).unwrap();
    let emptied = "TRUNCATE applied_migrations, applied_migrations_journal; \
                   ALTER TABLE applied_migrations ADD UNIQUE (name)";
    client.batch_execute(emptied).unwrap();
    let twice = set(&[("1_fix.sql", "SELECT 1;"), ("2_fix.sql", "SELECT 2;")]);
    let error = twice.runner().adopt(Legacy::dbmate("g")).run(&mut client).unwrap_err();
    assert_eq!(error.database_error().unwrap().code, "23505", "{error}");
    assert_eq!(column(&mut client, SET), Vec::<String>::new());
    assert_no_advisory_locks(&mut client);
}

/// The old tool applies its next one after its table was read, and before anything is taken over.
#[test]
fn another_tools_table_is_read_again_under_the_lock() {
    let database = cluster().database();
    database.connect().batch_execute(GOLANG_MIGRATE).unwrap();
    let between = || {
        let next = "UPDATE schema_migrations SET version = 2; CREATE TABLE t2 (id int)";
        database.connect().batch_execute(next).unwrap();
    };
    let all = tables(3);
    let mut client =
        Between { client: database.connect(), text: "BEGIN;\nDO $gapless$", between: Some(between) };
    let runner = all.runner().adopt(Legacy::golang_migrate("schema_migrations"));
    let report = runner.run(&mut client).unwrap_or_else(|error| panic!("{error}"));
    assert!(client.between.is_none(), "it never came to that");
    assert_eq!((report.changes().len(), report.applied().len()), (2, 1), "{report}");
}

/// The old tool's own lock, as golang-migrate takes it: CRC-32 of the database, the schema and the table.
fn lock_of_golang_migrate(database: &Database) -> u32 {
    let crc = |text: &str| {
        !text.bytes().fold(!0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| {
                (crc >> 1) ^ (0xedb8_8320 & (!(crc & 1)).wrapping_add(1))
            })
        })
    };
    crc(&format!("public\0schema_migrations\0{}", database.name)).wrapping_mul(1_486_364_155)
}

#[test]
fn another_tools_lock_is_waited_for() {
    let database = cluster().database();
    let mut holder = database.connect();
    holder.batch_execute(GOLANG_MIGRATE).unwrap();
    holder.batch_execute(&format!("SELECT pg_advisory_lock({})", lock_of_golang_migrate(&database))).unwrap();
    let all = tables(2);
    let runner = || all.runner().adopt(Legacy::golang_migrate("schema_migrations"));
    let error = runner().lock_wait(Duration::from_millis(300)).run(&mut database.connect()).unwrap_err();
    assert!(error.is_lock_wait(), "{error}");
    drop(holder);
    assert_eq!(runner().run(&mut database.connect()).unwrap().changes().len(), 1);
}

/// golang-migrate marks its counter while a migration runs.
#[test]
fn a_migration_of_the_tool_that_is_under_way_is_waited_for() {
    let database = cluster().database();
    let mut tool = database.connect();
    tool.batch_execute(GOLANG_MIGRATE).unwrap();
    let lock = lock_of_golang_migrate(&database);
    tool.batch_execute(&format!(
        "SELECT pg_advisory_lock({lock}); UPDATE schema_migrations SET dirty = true"
    ))
    .unwrap();
    let all = tables(2);
    let runner = || all.runner().adopt(Legacy::golang_migrate("schema_migrations"));
    assert!(runner().plan(&mut database.connect()).unwrap_err().is_legacy());
    for locking in [Locking::Session, Locking::Transaction, Locking::None] {
        let waiting = runner().locking(locking).lock_wait(Duration::from_millis(300));
        let error = waiting.run(&mut database.connect()).unwrap_err();
        assert!(error.is_lock_wait(), "{locking:?}: {error}");
    }
    tool.batch_execute(&format!("SELECT pg_advisory_unlock({lock})")).unwrap();
    let mut client = database.connect();
    let error = runner().run(&mut client).unwrap_err();
    assert!(error.is_legacy(), "{error}");
    tool.batch_execute("UPDATE schema_migrations SET dirty = false").unwrap();
    assert_eq!(runner().run(&mut client).unwrap().changes().len(), 1);
    assert_no_advisory_locks(&mut client);
}
