//! Tests of the statements that a script may not hold, and of how far the refusals go.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;

use gapless_core::{Pattern, Syntax, scan};

/// The first line of each problem of a directory that holds this one script.
fn problems(sql: &str, syntax: Syntax) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("m")).unwrap();
    fs::write(root.path().join("m/1_x.up.sql"), sql).unwrap();
    match scan(root.path(), &[Pattern::new("m").unwrap()], syntax) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(|p| p.to_string().lines().next().unwrap().to_owned()).collect(),
    }
}

#[test]
fn statements_that_break_out_of_the_transaction() {
    for (sql, name) in [
        ("BEGIN", "BEGIN"),
        ("begin isolation level serializable", "BEGIN"),
        ("START TRANSACTION", "START TRANSACTION"),
        ("COMMIT", "COMMIT"),
        ("COMMIT AND CHAIN", "COMMIT"),
        ("END", "END"),
        ("ROLLBACK", "ROLLBACK"),
        ("ROLLBACK WORK", "ROLLBACK"),
        ("ABORT", "ABORT"),
        ("PREPARE TRANSACTION 'x'", "PREPARE TRANSACTION"),
        ("COMMIT PREPARED 'x'", "COMMIT PREPARED"),
        ("SELECT 1; /* c */ COMMIT", "COMMIT"),
    ] {
        let found = problems(sql, Syntax::Shared);
        assert_eq!(found, [format!("`{name}` would break out of the migration's own transaction")], "{sql}");
        assert_eq!(problems(&format!("-- gapless: no-transaction\n{sql}"), Syntax::Shared).len(), 1, "{sql}");
    }
}

#[test]
fn statements_that_need_autocommit() {
    for (sql, name) in [
        ("CREATE INDEX CONCURRENTLY i ON t (a)", "CREATE INDEX CONCURRENTLY"),
        ("create unique index concurrently if not exists i on t (a)", "CREATE UNIQUE INDEX CONCURRENTLY"),
        ("DROP INDEX CONCURRENTLY i", "DROP INDEX CONCURRENTLY"),
        ("REINDEX INDEX CONCURRENTLY i", "REINDEX INDEX CONCURRENTLY"),
        ("REINDEX SCHEMA s", "REINDEX SCHEMA"),
        ("VACUUM", "VACUUM"),
        ("VACUUM FULL t", "VACUUM"),
        ("CREATE DATABASE d", "CREATE DATABASE"),
        ("DROP DATABASE d", "DROP DATABASE"),
        ("CREATE TABLESPACE s LOCATION '/x'", "CREATE TABLESPACE"),
        ("ALTER SYSTEM SET a = 1", "ALTER SYSTEM"),
        ("CREATE SUBSCRIPTION s CONNECTION 'c' PUBLICATION p", "CREATE SUBSCRIPTION"),
        ("CLUSTER", "CLUSTER"),
        ("CLUSTER (VERBOSE)", "CLUSTER"),
        ("DISCARD ALL", "DISCARD ALL"),
        ("ALTER TABLE t DETACH PARTITION p CONCURRENTLY", "ALTER TABLE T DETACH PARTITION P CONCURRENTLY"),
    ] {
        let found = problems(sql, Syntax::Shared);
        assert_eq!(found, [format!("`{name}` cannot run inside a transaction")], "{sql}");
        if sql == "DISCARD ALL" {
            continue;
        }
        let released = problems(&format!("-- gapless: no-transaction\n{sql}"), Syntax::Shared);
        assert!(released.is_empty(), "{sql}: {released:?}");
    }
    assert_eq!(problems("REINDEX (CONCURRENTLY, VERBOSE) TABLE t", Syntax::Shared).len(), 1);
    assert_eq!(problems("PRAGMA foreign_keys = OFF", Syntax::Shared).len(), 1);
    assert_eq!(problems("PRAGMA main.foreign_keys(0)", Syntax::Shared).len(), 1);
    assert_eq!(problems("PRAGMA \"foreign_keys\" = OFF", Syntax::Shared).len(), 1);
    assert_eq!(problems("PRAGMA main.'foreign_keys' = OFF", Syntax::Shared).len(), 1);
    assert_eq!(problems("PRAGMA [foreign_keys] = OFF", Syntax::Sqlite).len(), 1);
    assert_eq!(problems("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF", Syntax::Shared).len(), 2);
}

#[test]
fn statements_that_cannot_stand_between_journaled_ones() {
    for sql in [
        "SAVEPOINT a",
        "RELEASE a",
        "ROLLBACK TO a",
        "SET ROLE x",
        "SET SESSION AUTHORIZATION x",
        "SET LOCAL ROLE x",
        "SET default_transaction_read_only = on",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    ] {
        let found = problems(&format!("-- gapless: no-transaction\n{sql}"), Syntax::Shared);
        assert!(
            found.len() == 1 && found[0].contains("is not allowed in a no-transaction file"),
            "{sql}: {found:?}"
        );
        assert!(problems(sql, Syntax::Shared).is_empty(), "{sql}");
    }
    assert!(problems("-- gapless: no-transaction\nSET search_path = a", Syntax::Shared).is_empty());
}

#[test]
fn lookalikes_of_refused_statements_pass() {
    for sql in [
        "SAVEPOINT a; ROLLBACK TO SAVEPOINT a; ROLLBACK TO a; ROLLBACK WORK TO a; RELEASE a",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
        "CREATE INDEX i ON concurrently_used (a)",
        "PREPARE q AS SELECT 1",
        "CLUSTER t USING i",
        "REINDEX TABLE database",
        "REINDEX (CONCURRENTLY false) TABLE t",
        "PREPARE transaction AS SELECT 1",
        "ALTER DATABASE tablespace SET work_mem = '1MB'",
        "DISCARD TEMP",
        "ALTER DATABASE d SET work_mem = '1MB'",
        "CREATE SUBSCRIPTION s CONNECTION 'c' PUBLICATION p WITH (create_slot = false)",
        "SELECT 'COMMIT; VACUUM'; -- COMMIT;\n/* VACUUM; */ SELECT $$ COMMIT; $$",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$",
        "PRAGMA defer_foreign_keys = ON; PRAGMA foreign_keys",
        "COPY t TO '/tmp/stdout'",
        "-- nothing to do any more",
    ] {
        assert_eq!(problems(sql, Syntax::Shared), Vec::<String>::new(), "{sql}");
    }
}

#[test]
fn commands_of_clients() {
    assert_eq!(problems("COPY t FROM STDIN;\n1\n\\.\n", Syntax::Shared).len(), 1);
    assert_eq!(problems("COPY (SELECT 1) TO STDOUT", Syntax::Shared).len(), 1);
    assert_eq!(problems("COPY t TO STDIN; COPY t FROM STDOUT;\n1\n\\.\n", Syntax::Shared).len(), 2);
    assert_eq!(problems("\\set x 1\n\\i other.sql\nSELECT 1;", Syntax::Shared).len(), 2);
    assert_eq!(problems(".mode csv\n", Syntax::Shared).len(), 1);
}

#[test]
fn every_fault_of_a_script_is_reported_in_order() {
    let found = problems("-- gapless: fast\nCOMMIT;\nVACUUM;\nSELECT 'x", Syntax::Shared);
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found[0].contains("directive") && found[1].contains("COMMIT") && found[3].contains("string"));
}

/// The server reads by the settings that the script was read by here.
#[test]
fn settings_that_change_how_the_server_reads() {
    for sql in [
        "SET standard_conforming_strings = off",
        "SET SESSION \"Standard_Conforming_Strings\" TO 'off'",
        "SET LOCAL U&\"standard\\005fconforming_strings\" = 0",
        "SET standard_conforming_strings TO DEFAULT",
        "SET standard_conforming_strings = o",
        "SELECT pg_catalog.set_config('standard_conforming_strings', 'off', false)",
        "SELECT 1, set_config('STANDARD_conforming_strings', v, false) FROM t",
    ] {
        for sql in [sql.to_owned(), outside(sql)] {
            let found = problems(&sql, Syntax::Postgres);
            assert_eq!(found.len(), 1, "{sql}: {found:?}");
            assert!(
                found[0].contains("always read with `standard_conforming_strings = on`"),
                "{sql}: {found:?}"
            );
            assert_eq!(problems(&sql, Syntax::Sqlite), Vec::<String>::new(), "{sql}");
        }
    }
}

#[test]
fn settings_that_change_how_the_server_reads_the_next_statement() {
    for sql in [
        "SET client_encoding = 'GBK'",
        "SET NAMES 'sjis'",
        "SET NAMES DEFAULT",
        "SELECT set_config('client_encoding', 'BIG5', true)",
        "RESET standard_conforming_strings",
        "RESET \"client_encoding\"",
        "RESET ALL",
        "DISCARD ALL",
        "ALTER SYSTEM SET standard_conforming_strings = off",
        "ALTER DATABASE d SET standard_conforming_strings = off",
        "UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'",
        "DO $$ BEGIN PERFORM set_config('standard_conforming_' || 'strings', 'off', false); SET standard_conforming_strings = off; END $$",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET standard_conforming_strings = off AS 'SELECT 1'",
        "SET \"role\" = x",
        "SET U&\"role\" = x",
    ] {
        assert_eq!(problems(&outside(sql), Syntax::Postgres).len(), 1, "{sql}");
        let allowed = problems(sql, Syntax::Postgres);
        assert!(allowed.iter().all(|problem| problem.contains("cannot run inside")), "{sql}: {allowed:?}");
    }
}

#[test]
fn settings_that_the_server_has_anyway() {
    for sql in [
        "SET standard_conforming_strings = on; SET client_encoding = 'UTF8'",
        "SET standard_conforming_strings TO 'true'; SET NAMES 'utf-8'; SET client_encoding TO UNICODE",
        "SET session = 1; SET local.x = 2; SET SESSION work_mem = '1MB'; SHOW client_encoding; RESET search_path",
        "SELECT pg_catalog.set_config('search_path', '', false)",
    ] {
        assert_eq!(problems(&outside(sql), Syntax::Postgres), Vec::<String>::new(), "{sql}");
        assert_eq!(problems(sql, Syntax::Postgres), Vec::<String>::new(), "{sql}");
    }
}

/// The script outside of a transaction.
fn outside(sql: &str) -> String {
    format!("-- gapless: no-transaction\n{sql}")
}
