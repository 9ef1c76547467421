//! What of a schema is looked at: by a comparison with the baseline, and before tables are reconciled.

use gapless::{Error, MigrationSet, Version};
use gapless_tests::cluster::cluster;
use gapless_tests::set::{set, tables};
use postgres::Client;
use rusqlite::Connection;

/// Compares what a migration makes with what a baseline makes.
fn compared(migration: &str, baseline: &str) -> Result<(), Error> {
    let (one, other) = (cluster().database(), cluster().database());
    pair(migration, baseline).runner().verify_baseline(&mut one.connect(), &mut other.connect())
}

fn compared_on_sqlite(migration: &str, baseline: &str) -> Result<(), Error> {
    let [mut one, mut other] = [lite(), lite()];
    pair(migration, baseline).runner().verify_baseline(&mut one, &mut other)
}

fn pair(migration: &str, baseline: &str) -> MigrationSet {
    set(&[("1_a.sql", migration), ("1_all.baseline.sql", baseline)])
}

fn lite() -> Connection {
    Connection::open_in_memory().unwrap()
}

fn column(client: &mut Client, sql: &str) -> Vec<String> {
    client.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

#[test]
fn a_difference_of_any_kind_is_found() {
    let table = "CREATE TABLE t (id int, a text, b text);\n";
    // What both have, what the migration has besides, and what the baseline has instead.
    for (both, migration, baseline) in [
        (table, "CREATE POLICY p ON t TO pg_monitor USING (true);", "CREATE POLICY p ON t USING (true);"),
        ("", "CREATE TYPE r AS RANGE (subtype = int4);", "CREATE TYPE r AS RANGE (subtype = int8);"),
        (table, "ALTER TABLE t REPLICA IDENTITY FULL;", ""),
        (table, "CREATE STATISTICS st ON a, b FROM t;", ""),
        (
            "",
            "CREATE AGGREGATE ag (int) (SFUNC = int4pl, STYPE = int);",
            "CREATE AGGREGATE ag (int) (SFUNC = int4mi, STYPE = int, INITCOND = '5');",
        ),
        (table, "ALTER TABLE t ALTER a SET STORAGE EXTERNAL;", ""),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';\n",
            "COMMENT ON FUNCTION f() IS 'x';",
            "",
        ),
        (table, "CREATE SEQUENCE s OWNED BY t.id;", "CREATE SEQUENCE s;"),
        (
            "CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';\n",
            "CREATE EVENT TRIGGER et ON ddl_command_end EXECUTE FUNCTION ev();",
            "",
        ),
        (table, "CREATE COLLATION c (provider = libc, locale = 'C');", ""),
        (table, "CREATE PUBLICATION pub FOR TABLE t;", ""),
    ] {
        let error = compared(&format!("{both}{migration}"), &format!("{both}{baseline}"))
            .expect_err(&format!("`{migration}` was not seen"));
        assert!(error.is_baseline(), "{migration}: {error}");
        let told = error.to_string();
        assert!(told.contains("\n  - ") || told.contains("\n  + "), "{migration}: {told}");
    }
}

#[test]
fn another_way_to_the_same_schema_is_no_difference() {
    for (migration, baseline) in [
        (
            "CREATE TABLE t (x int, id int GENERATED ALWAYS AS IDENTITY, g int GENERATED ALWAYS AS (1) STORED);\n\
             ALTER TABLE t DROP x;",
            "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, g int GENERATED ALWAYS AS (1) STORED);",
        ),
        (
            "CREATE TABLE p (id int, PRIMARY KEY (id)) PARTITION BY RANGE (id);\n\
             CREATE TABLE p1 (id int NOT NULL PRIMARY KEY);\n\
             ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (1) TO (2);",
            "CREATE TABLE p (id int, PRIMARY KEY (id)) PARTITION BY RANGE (id);\n\
             CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (2);",
        ),
        (
            "CREATE DOMAIN d AS int;\nALTER DOMAIN d ADD CHECK (value > 0);\nCREATE TABLE t (a d);",
            "CREATE DOMAIN d AS int CHECK (value > 0);\nCREATE TABLE t (a d);",
        ),
        (
            "CREATE TABLE t (x int, id int PRIMARY KEY, n int);\nALTER TABLE t DROP x;\n\
             CREATE INDEX i ON t (n);\nCREATE VIEW v AS SELECT * FROM t;",
            "CREATE TABLE t (id int PRIMARY KEY, n int);\nCREATE INDEX i ON t (n);\nCREATE VIEW v AS SELECT * FROM t;",
        ),
    ] {
        compared(migration, baseline).unwrap_or_else(|error| panic!("{migration}: {error}"));
    }
}

/// SQLite tells of these by its pragmas.
#[test]
fn options_and_expressions_of_sqlite_are_compared() {
    for (migration, baseline) in [
        ("CREATE TABLE t (id int) STRICT;", "CREATE TABLE t (id int);"),
        ("CREATE TABLE t (id int PRIMARY KEY) WITHOUT ROWID;", "CREATE TABLE t (id int PRIMARY KEY);"),
        (
            "CREATE TABLE t (a text, b text);\nCREATE UNIQUE INDEX i ON t (lower(a));",
            "CREATE TABLE t (a text, b text);\nCREATE UNIQUE INDEX i ON t (lower(b));",
        ),
    ] {
        let error =
            compared_on_sqlite(migration, baseline).expect_err(&format!("`{migration}` was not seen"));
        assert!(error.is_baseline(), "{migration}: {error}");
    }
    let altered =
        "CREATE TABLE t (x int, id int);\nALTER TABLE t DROP COLUMN x;\nALTER TABLE t ADD COLUMN n text;";
    compared_on_sqlite(altered, "CREATE TABLE t (id int, n text);").unwrap();
}

#[test]
fn tables_are_reconciled_by_their_names_in_a_statement() {
    let mut client = cluster().database().connect();
    let made = "CREATE TABLE \"odd.name\" (id int); CREATE SCHEMA app; CREATE TABLE app.\"Mine\" (id int); \
                CREATE TABLE p (id int) PARTITION BY RANGE (id)";
    client.batch_execute(made).unwrap();
    let one = tables(1);
    for (name, there) in [
        ("\"odd.name\"", true),
        ("odd.name", false),
        ("app.\"Mine\"", true),
        ("APP.\"Mine\"", true),
        ("app.mine", false),
        ("\"x\".\"y\"", false),
        ("P", true),
    ] {
        let plan = one.runner().reconcile([Version::from(1)], [name]).plan(&mut client).unwrap();
        assert_eq!(plan.changes().len(), usize::from(there), "{name}: {plan}");
    }
    for name in ["a.b.c.d", "\"", ""] {
        let error = one.runner().reconcile([Version::from(1)], [name]).run(&mut client).unwrap_err();
        assert!(error.to_string().contains("looking for the tables to reconcile"), "{name}: {error}");
    }
    let tracker = "SELECT count(*)::text FROM pg_tables WHERE tablename = 'applied_migrations'";
    assert_eq!(column(&mut client, tracker), ["0"]);
}

#[test]
fn only_tables_of_the_database_are_reconciled_on_sqlite() {
    let mut client = lite();
    let made = "CREATE TABLE \"odd.name\" (id int); CREATE TABLE a (x); CREATE INDEX ai ON a (x); \
                CREATE TEMP TABLE tt (id int)";
    client.execute_batch(made).unwrap();
    let one = tables(1);
    for (name, there) in [
        ("\"odd.name\"", true),
        ("a", true),
        ("A", true),
        ("ai", false),
        ("tt", false),
        ("temp.tt", false),
        ("\"x\".\"y\"", false),
        ("a.b.c.d", false),
        ("\"", false),
        ("", false),
    ] {
        let plan = one.runner().reconcile([Version::from(1)], [name]).plan(&mut client).unwrap();
        assert_eq!(plan.changes().len(), usize::from(there), "{name}: {plan}");
    }
}

#[test]
fn a_version_may_be_reconciled_twice() {
    let mut client = cluster().database().connect();
    client.batch_execute("CREATE TABLE t1 (id int)").unwrap();
    let one = tables(1);
    let runner = || one.runner().reconcile([1, 1].map(Version::from), ["t1"]);
    let report = runner().run(&mut client).unwrap();
    assert_eq!((report.applied().len(), report.changes().len()), (0, 1), "{report}");
    let events = "SELECT version || '|' || event FROM applied_migrations_journal";
    assert_eq!(column(&mut client, events), ["1|reconciled"]);
    assert_eq!(runner().run(&mut client).unwrap().round_trips(), 1);
}

#[test]
fn nothing_is_reconciled_beyond_the_target() {
    let mut client = cluster().database().connect();
    let two = tables(2);
    let runner = || two.runner().target(Version::from(1));
    runner().run(&mut client).unwrap();
    for there in ["", "CREATE TABLE t2 (id int)"] {
        client.batch_execute(there).unwrap();
        let report = runner().reconcile([Version::from(2)], ["t2"]).run(&mut client).unwrap();
        assert_eq!((report.round_trips(), report.held_back(), report.changes().len()), (1, 1, 0));
    }
}

#[test]
fn only_tables_of_the_database_are_reconciled_on_postgres() {
    for other in [
        "CREATE SEQUENCE q",
        "CREATE TABLE z (a int); CREATE INDEX q ON z (a)",
        "CREATE TYPE q AS (a int)",
        "CREATE VIEW q AS SELECT 1",
        "CREATE TEMP TABLE q (id int)",
    ] {
        let mut client = cluster().database().connect();
        client.batch_execute(other).unwrap();
        let plan = tables(1).runner().reconcile([Version::from(1)], ["q"]).plan(&mut client).unwrap();
        assert!(plan.changes().is_empty(), "{other}: {plan}");
    }
}

#[test]
fn groups_that_overlap_are_each_judged_by_what_was_there() {
    let mut client = cluster().database().connect();
    client.batch_execute("CREATE TABLE t1 (); CREATE TABLE t2 (); CREATE TABLE t3 ()").unwrap();
    let all = tables(3);
    let two = |one: u32| [Version::from(one), Version::from(one + 1)];
    let runner = all.runner().reconcile(two(1), ["t1", "t2"]).reconcile(two(2), ["t2", "t3"]);
    let report = runner.run(&mut client).unwrap();
    assert_eq!((report.changes().len(), report.applied().len()), (3, 0), "{report}");
}

#[test]
fn a_check_that_is_missing_on_sqlite_is_found() {
    for (migration, baseline) in [
        ("CREATE TABLE t (id int CHECK (id > 0))", "CREATE TABLE t (id int)"),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)", "CREATE TABLE t (id INTEGER PRIMARY KEY)"),
    ] {
        let error = compared_on_sqlite(migration, baseline).unwrap_err();
        assert!(error.is_baseline(), "{error}");
    }
}
