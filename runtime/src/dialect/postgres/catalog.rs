//! The catalog of Postgres.

use super::session::SESSION_OF;
use super::{Postgres, describe, locks, progress};
use crate::dialect::{CatalogSql, Language, Table, literals};
use crate::tracker::Tracker;

impl CatalogSql for Postgres {
    fn columns(&self, table: Table<'_>) -> String {
        columns(self, table)
    }

    fn tables(&self, names: &[&str]) -> String {
        tables(self, names)
    }

    fn visible_tables(&self, names: &[&str]) -> String {
        format!(
            "SELECT relname FROM pg_catalog.pg_class WHERE relname IN ({}) AND relkind IN ('r', 'p') \
             AND relpersistence <> 't' AND pg_catalog.pg_table_is_visible(oid);\n",
            literals(self, names)
        )
    }

    fn describe(&self, tracker: &Tracker) -> String {
        describe::describe(self, tracker)
    }

    fn server_progress(&self, pid: i32) -> Option<String> {
        Some(progress::server_progress(pid))
    }

    fn relations(&self) -> Option<String> {
        Some(locks::relations())
    }

    fn own_locks(&self, tracker: &Tracker) -> Option<String> {
        Some(locks::own_locks(self, tracker))
    }

    fn lock_holders(&self, names: &[String]) -> Option<String> {
        locks::lock_holders(self, names)
    }

    fn blocker(&self, names: &[String]) -> Option<String> {
        blocker(self, names)
    }
}

/// Tests that the tracker's version is a key by itself; an expression.
pub(super) fn has_key(dialect: &dyn Language, tracker: &Tracker) -> String {
    format!(
        "EXISTS (SELECT 1 FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a \
             ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] WHERE i.indrelid = pg_catalog.to_regclass({}) \
             AND a.attname = 'version' AND i.indnkeyatts = 1 AND i.indisunique AND i.indisvalid AND i.indimmediate \
             AND i.indpred IS NULL)",
        dialect.literal(&tracker.set())
    )
}

/// Finds the object of this name, as a statement writes it; an expression.
pub(super) fn oid<D: Language + ?Sized>(dialect: &D, name: &str) -> String {
    format!("pg_catalog.to_regclass({})", dialect.literal(name))
}

/// Tests for indexes `i`, in `pg_class` as `c`, that a REINDEX rebuilds, with those of partitions and of TOAST tables;
/// a condition.
pub(super) fn rebuilt<D: Language + ?Sized>(dialect: &D, object: &str, name: &str) -> String {
    let named = oid(dialect, name);
    let own = match object {
        "INDEX" => format!("(SELECT indrelid FROM pg_catalog.pg_index WHERE indexrelid = {named})"),
        _ => named.clone(),
    };
    match object {
        "INDEX" | "TABLE" => format!(
            "i.indrelid IN (WITH r AS (SELECT {own} AS oid UNION SELECT x.indrelid \
             FROM pg_catalog.pg_partition_tree({named}) t JOIN pg_catalog.pg_index x ON x.indexrelid = t.relid \
             UNION SELECT t.relid FROM pg_catalog.pg_partition_tree({named}) t) \
             SELECT r.oid FROM r UNION SELECT o.reltoastrelid FROM pg_catalog.pg_class o JOIN r USING (oid))"
        ),
        // TOAST tables are in another schema than their tables.
        "SCHEMA" => format!(
            "i.indrelid IN (SELECT pg_catalog.unnest(ARRAY[o.oid, o.reltoastrelid]) FROM pg_catalog.pg_class o \
             WHERE o.relnamespace = pg_catalog.to_regnamespace({}))",
            dialect.literal(name)
        ),
        _ => "true".to_owned(),
    }
}

/// Selects the session that has been in its transaction for longest of those with a lock on a relation of these names.
pub(super) fn blocker(dialect: &dyn Language, names: &[String]) -> Option<String> {
    let names: Vec<_> = names.iter().map(|name| dialect.literal(name)).collect();
    (!names.is_empty()).then(|| {
        format!(
            "SELECT {SESSION_OF}, pg_catalog.format('%s on %I.%I', l.mode, n.nspname, c.relname) \
             FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid) \
             JOIN pg_catalog.pg_class c ON c.oid = l.relation \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE l.locktype = 'relation' AND l.granted AND a.pid <> pg_catalog.pg_backend_pid() \
             AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) \
             AND n.nspname <> 'pg_catalog' AND c.relname IN ({}) ORDER BY a.xact_start LIMIT 1;\n",
            names.join(", ")
        )
    })
}

/// Selects the columns of a table: name, type, database, schema.
pub(super) fn columns(dialect: &dyn Language, table: Table<'_>) -> String {
    let name = match table.schema {
        Some(schema) => dialect.qualified(schema, table.name),
        None => dialect.identifier(table.name),
    };
    format!(
        "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), pg_catalog.current_database(), n.nspname \
             FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.oid = pg_catalog.to_regclass({}) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum;\n",
        dialect.literal(&name)
    )
}

/// Selects the existence of each of these tables.
pub(super) fn tables(dialect: &dyn Language, names: &[&str]) -> String {
    let there = |name: &&str| {
        format!(
            "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass({}) \
             AND relkind IN ('r', 'p', 'f') AND relpersistence <> 't')",
            dialect.literal(name)
        )
    };
    names.iter().map(there).collect::<Vec<_>>().join(" UNION ALL ") + ";\n"
}

/// Tests for the rows of `pg_locks`, as `l`, of this advisory lock, which show a bigint key in two halves; a condition.
pub(super) fn is_lock(key: i64) -> String {
    let [high, low] = [key.cast_unsigned() >> 32, key.cast_unsigned() & 0xffff_ffff];
    format!(
        "l.locktype = 'advisory' AND l.objsubid = 1::pg_catalog.int2 AND l.classid = '{high}'::pg_catalog.oid \
         AND l.objid = '{low}'::pg_catalog.oid"
    )
}

/// Tests for the rows of the lock's holder in this database; a condition.
pub(super) fn held(key: i64) -> String {
    format!(
        "{} AND l.granted AND l.database = \
         (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())",
        is_lock(key)
    )
}
