//! Describes a schema of SQLite line by line, so that two databases can be compared.

use crate::dialect::Language;
use crate::tracker::Tracker;

/// Clauses that no pragma of SQLite shows. The comparison counts how often each is written.
const CLAUSES: [&str; 5] = ["AUTOINCREMENT", "CHECK", "COLLATE", "DEFERR", "GENERATED"];

/// Source: <https://www.sqlite.org/pragma.html>. Views and triggers stand as they were written.
pub(super) fn describe(dialect: &dyn Language, tracker: &Tracker) -> String {
    let (table, journal) = (dialect.literal(tracker.table()), dialect.literal(&tracker.journal_table()));
    let schema = dialect.identifier(tracker.schema());
    let user = format!("m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND m.tbl_name NOT IN ({table}, {journal})");
    let written = CLAUSES.map(|clause| {
        let length = clause.len();
        format!("((length(m.sql) - length(replace(upper(m.sql), '{clause}', ''))) / {length})")
    });
    let parts = [
        format!(
            "SELECT 'clauses', m.name, {} FROM {schema}.sqlite_master m WHERE {user} AND m.type = 'table'",
            written.join(" || ' ' || ")
        ),
        format!(
            "SELECT 'options', m.name, l.strict || ' ' || l.wr FROM {schema}.sqlite_master m, pragma_table_list(m.name) l \
             WHERE {user} AND m.type = 'table'"
        ),
        format!(
            "SELECT m.type, m.name, CASE WHEN m.type IN ('view', 'trigger') THEN m.sql ELSE m.tbl_name END \
             FROM {schema}.sqlite_master m WHERE {user}"
        ),
        format!(
            "SELECT 'column', m.name || '.' || c.name, c.cid || ' ' || c.type || ' ' || c.\"notnull\" || ' ' || \
             coalesce(c.dflt_value, '') || ' ' || c.pk || ' ' || c.hidden FROM {schema}.sqlite_master m, \
             pragma_table_xinfo(m.name) c WHERE {user} AND m.type IN ('table', 'view')"
        ),
        format!(
            "SELECT 'index', m.name || ' (' || (SELECT group_concat(coalesce(x.name, x.cid) || ' ' || x.\"desc\" || \
             ' ' || x.coll) FROM pragma_index_xinfo(i.name) x WHERE x.\"key\") || ')', i.\"unique\" || ' ' || i.origin || \
             ' ' || i.partial || ' ' || coalesce((SELECT s.sql FROM {schema}.sqlite_master s WHERE s.name = i.name AND \
             (i.partial OR EXISTS (SELECT 1 FROM pragma_index_xinfo(i.name) e WHERE e.cid = -2))), '') FROM {schema}.sqlite_master m, pragma_index_list(m.name) i WHERE {user} AND m.type = 'table'"
        ),
        format!(
            "SELECT 'foreign key', m.name || '.' || f.\"from\", f.\"table\" || '.' || coalesce(f.\"to\", '') || ' ' || \
             f.on_update || ' ' || f.on_delete FROM {schema}.sqlite_master m, pragma_foreign_key_list(m.name) f \
             WHERE {user} AND m.type = 'table'"
        ),
    ];
    parts.iter().fold(String::new(), |sql, part| sql + part + ";\n")
}
