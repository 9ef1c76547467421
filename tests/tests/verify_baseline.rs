//! `verify_baseline`: which differences between two schemas it finds.

use gapless::{Error, MigrationSet};
use gapless_tests::cluster::cluster;
use gapless_tests::set::set;
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

#[test]
fn a_difference_of_any_kind_is_found() {
    let table = "CREATE TABLE t (id int, a text, b text);\n";
    // Common SQL, further SQL of the migration, and SQL of the baseline in its place.
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
fn a_check_that_is_missing_on_sqlite_is_found() {
    for (migration, baseline) in [
        ("CREATE TABLE t (id int CHECK (id > 0))", "CREATE TABLE t (id int)"),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)", "CREATE TABLE t (id INTEGER PRIMARY KEY)"),
    ] {
        let error = compared_on_sqlite(migration, baseline).unwrap_err();
        assert!(error.is_baseline(), "{error}");
    }
}
