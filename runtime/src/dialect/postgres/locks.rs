//! The relations of Postgres and the locks on them.

use super::session::SESSION_OF;
use crate::dialect::Language;
use crate::tracker::Tracker;

const THIS_DATABASE: &str =
    "(SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())";

/// Selects all relations of schemas other than the system's. Sizes are estimates: to measure one takes a lock on it.
pub(super) fn relations() -> String {
    "SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), CASE c.relkind WHEN 'r' THEN 'table' \
     WHEN 'p' THEN 'partitioned table' WHEN 'i' THEN 'index' WHEN 'I' THEN 'partitioned index' WHEN 'v' THEN 'view' \
     WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign table' ELSE 'relation' END, \
     c.relfilenode, CASE WHEN c.reltuples >= 0 AND c.relkind IN ('r', 'p', 'm') \
     THEN CAST(c.reltuples AS pg_catalog.int8) END, CASE WHEN c.relfilenode <> 0 THEN CAST(c.relpages AS pg_catalog.int8) \
     * CAST(pg_catalog.current_setting('block_size') AS pg_catalog.int8) END \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND c.relkind <> 'c';\n"
        .to_owned()
}

/// Selects the locks of this session on relations other than the tracker's.
pub(super) fn own_locks(dialect: &dyn Language, tracker: &Tracker) -> String {
    let [set, journal] = [tracker.set(), tracker.journal()].map(|name| dialect.literal(&name));
    format!(
        "SELECT l.relation, l.mode, c.relfilenode, CASE WHEN c.relkind IN ('r', 'm', 'i', 'S') \
         THEN CASE WHEN c.relkind = 'i' THEN pg_catalog.pg_relation_size(c.oid) \
         ELSE pg_catalog.pg_table_size(c.oid) END END \
         FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation \
         WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.granted \
         AND l.database = {THIS_DATABASE} \
         AND l.relation NOT IN (SELECT i.indexrelid FROM pg_catalog.pg_index i WHERE i.indrelid IN \
         (pg_catalog.to_regclass({set}), pg_catalog.to_regclass({journal}))) \
         AND l.relation IS DISTINCT FROM CAST(pg_catalog.to_regclass({set}) AS pg_catalog.oid) \
         AND l.relation IS DISTINCT FROM CAST(pg_catalog.to_regclass({journal}) AS pg_catalog.oid) ORDER BY l.relation;\n"
    )
}

/// Selects the other sessions with locks on relations of these names, on their partitions, on the tables of such indexes
/// and on the indexes of such tables: the session, the mode, the relation. The strongest lock comes first.
pub(super) fn lock_holders(dialect: &dyn Language, names: &[String]) -> Option<String> {
    let names: Vec<_> = names.iter().map(|name| dialect.literal(name)).collect();
    (!names.is_empty()).then(|| {
        format!(
            "WITH RECURSIVE named AS (SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n \
             ON n.oid = c.relnamespace WHERE n.nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema') \
             AND c.relname IN ({}) UNION SELECT i.inhrelid FROM named JOIN pg_catalog.pg_inherits i \
             ON i.inhparent = named.oid), \
             relations AS (SELECT oid FROM named UNION SELECT i.indrelid FROM pg_catalog.pg_index i JOIN named \
             ON named.oid = i.indexrelid) \
             SELECT {SESSION_OF}, l.mode, pg_catalog.format('%I.%I', n.nspname, c.relname) \
             FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid) \
             JOIN pg_catalog.pg_class c ON c.oid = l.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE l.locktype = 'relation' AND l.granted AND l.pid <> pg_catalog.pg_backend_pid() \
             AND l.database = {THIS_DATABASE} AND l.relation IN (SELECT oid FROM relations) \
             ORDER BY a.xact_start, a.pid, c.relname, l.mode;\n",
            names.join(", ")
        )
    })
}
