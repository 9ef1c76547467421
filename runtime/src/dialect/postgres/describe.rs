//! Describes a schema line by line, so that two databases can be compared.

use crate::dialect::Language;
use crate::tracker::Tracker;

/// Excludes the system's schemas.
const SYSTEM: &str = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'";

/// Excludes objects that belong to an extension; `oid` is the object's.
fn own(catalog: &str, oid: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.deptype = 'e' AND \
         e.classid = 'pg_catalog.{catalog}'::regclass AND e.objid = {oid})"
    )
}

/// The common parts of the queries of tables.
struct Tables {
    from: String,
    journal: String,
}

/// The name of a relation, as a statement writes it.
const NAMED: &str = "pg_catalog.format('%I.%I', n.nspname, c.relname)";

impl Tables {
    fn new(dialect: &dyn Language, tracker: &Tracker) -> Tables {
        let journal = dialect.literal(&tracker.journal_table());
        let ours = format!(
            "(n.nspname = {} AND c.relname IN ({}, {journal}))",
            dialect.literal(tracker.schema()),
            dialect.literal(tracker.table()),
        );
        let from = format!(
            "pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND {SYSTEM} \
             AND NOT {ours} AND {}",
            own("pg_class", "c.oid")
        );
        Tables { from, journal }
    }
}

/// Source of the list: PostgreSQL 18, chapter "System Catalogs". Object identifiers and the numbers of columns depend
/// on the history, so names and ranks stand in their place.
pub(super) fn describe(dialect: &dyn Language, tracker: &Tracker) -> String {
    let tables = Tables::new(dialect, tracker);
    let mut parts = objects(&dialect.literal(tracker.schema())).to_vec();
    parts.extend(relations(&tables));
    parts.extend(behaviour(&tables));
    parts.extend(rarities());
    // With this path, the server writes names alike whatever the session's path is.
    let mut sql = "BEGIN;\nSET LOCAL search_path = pg_catalog;\n".to_owned();
    parts.iter().for_each(|part| sql.extend([part, ";\n"]));
    sql + "COMMIT;\n"
}

/// Describes objects that stand by themselves.
fn objects(schema: &str) -> [String; 4] {
    let (function, types) = (own("pg_proc", "p.oid"), own("pg_type", "t.oid"));
    [
        format!(
            "SELECT 'schema', pg_catalog.quote_ident(n.nspname), '' FROM pg_catalog.pg_namespace n WHERE {SYSTEM} \
             AND n.nspname NOT IN ('public', {schema}) AND {}",
            own("pg_namespace", "n.oid")
        ),
        "SELECT 'extension', extname::text, extversion FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql'"
            .to_owned(),
        format!(
            "SELECT 'function', pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, \
             pg_catalog.pg_get_function_identity_arguments(p.oid)), CASE WHEN p.prokind = 'a' THEN \
             (SELECT pg_catalog.concat_ws(' ', g.aggtransfn, g.aggfinalfn, g.aggtranstype::regtype, g.agginitval) FROM pg_catalog.pg_aggregate g WHERE g.aggfnoid = p.oid) \
             ELSE pg_catalog.pg_get_functiondef(p.oid) END FROM pg_catalog.pg_proc p \
             JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE {SYSTEM} AND {function}"
        ),
        format!(
            "SELECT 'type', pg_catalog.format('%I.%I', n.nspname, t.typname), pg_catalog.concat_ws(' ', t.typtype, \
             (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(l.enumlabel), ',' ORDER BY l.enumsortorder) \
             FROM pg_catalog.pg_enum l WHERE l.enumtypid = t.oid), nullif(t.typbasetype, 0)::regtype, t.typnotnull, \
             t.typdefault, (SELECT pg_catalog.string_agg(pg_catalog.pg_get_constraintdef(k.oid), ',' ORDER BY k.conname) \
             FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid)) FROM pg_catalog.pg_type t \
             JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE {SYSTEM} AND {types} \
             AND t.typtype IN ('e', 'd', 'r')"
        ),
    ]
}

/// Describes tables and views.
fn relations(tables: &Tables) -> [String; 5] {
    let (table, named) = (&tables.from, NAMED);
    [
        format!(
            "SELECT 'relation', {named}, pg_catalog.concat_ws(' ', c.relkind, c.relpersistence, c.relrowsecurity, \
             c.relforcerowsecurity, c.relreplident, c.reloptions, pg_catalog.pg_get_partkeydef(c.oid), \
             pg_catalog.pg_get_expr(c.relpartbound, c.oid), \
             (SELECT pg_catalog.string_agg(i.inhparent::regclass::text, ',' ORDER BY i.inhseqno) \
             FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid)) FROM {table} WHERE c.relkind IN \
             ('r', 'p', 'v', 'm', 'f', 'S')"
        ),
        format!(
            "SELECT 'column', {named} || '.' || pg_catalog.quote_ident(a.attname), pg_catalog.concat_ws(' ', \
             pg_catalog.rank() OVER (PARTITION BY a.attrelid ORDER BY a.attnum), \
             pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attstorage, a.attidentity, a.attgenerated, \
             nullif(a.attcollation, 0)::regcollation, pg_catalog.pg_get_expr(d.adbin, d.adrelid)) FROM {table} \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
             LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum \
             WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')"
        ),
        format!(
            "SELECT 'constraint', {named} || '.' || pg_catalog.quote_ident(k.conname), \
             pg_catalog.pg_get_constraintdef(k.oid) FROM {table} JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid \
             WHERE k.contype <> 'n'"
        ),
        format!(
            "SELECT 'index', pg_catalog.format('%I.%I', n.nspname, x.relname), pg_catalog.concat_ws(' ', \
             pg_catalog.pg_get_indexdef(i.indexrelid), i.indisvalid) FROM {table} \
             JOIN pg_catalog.pg_index i ON i.indrelid = c.oid JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid"
        ),
        format!(
            "SELECT 'view', {named}, pg_catalog.pg_get_viewdef(c.oid) FROM {table} WHERE c.relkind IN ('v', 'm')"
        ),
    ]
}

/// Describes the objects that belong to a table.
fn behaviour(tables: &Tables) -> [String; 5] {
    let (Tables { from: table, journal }, named) = (tables, NAMED);
    [
        format!(
            "SELECT 'sequence', {named}, pg_catalog.concat_ws(' ', s.seqtypid::regtype, s.seqstart, s.seqincrement, \
             s.seqmin, s.seqmax, s.seqcache, s.seqcycle, (SELECT w.refobjid::regclass || '.' || o.attname FROM pg_catalog.pg_depend w JOIN pg_catalog.pg_attribute o ON o.attrelid = w.refobjid AND o.attnum = w.refobjsubid WHERE w.objid = c.oid AND w.classid = 'pg_catalog.pg_class'::regclass AND w.deptype IN ('a', 'i') LIMIT 1)) FROM {table} \
             JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid WHERE NOT EXISTS (SELECT 1 FROM \
             pg_catalog.pg_depend d JOIN pg_catalog.pg_class o ON o.oid = d.refobjid WHERE d.objid = c.oid \
             AND d.deptype = 'i' AND o.relname = {journal})"
        ),
        format!(
            "SELECT 'trigger', {named} || '.' || pg_catalog.quote_ident(t.tgname), \
             pg_catalog.concat_ws(' ', pg_catalog.pg_get_triggerdef(t.oid), t.tgenabled) FROM {table} \
             JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid WHERE NOT t.tgisinternal"
        ),
        format!(
            "SELECT 'rule', {named} || '.' || pg_catalog.quote_ident(r.rulename), pg_catalog.pg_get_ruledef(r.oid) \
             FROM {table} JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid WHERE r.rulename <> '_RETURN'"
        ),
        format!(
            "SELECT 'policy', {named} || '.' || pg_catalog.quote_ident(p.polname), pg_catalog.concat_ws(' ', p.polcmd, \
             (SELECT pg_catalog.string_agg(r.rolname, ',' ORDER BY r.rolname) FROM pg_catalog.pg_roles r WHERE r.oid = ANY (p.polroles)), \
             p.polpermissive, pg_catalog.pg_get_expr(p.polqual, c.oid), pg_catalog.pg_get_expr(p.polwithcheck, c.oid)) \
             FROM {table} JOIN pg_catalog.pg_policy p ON p.polrelid = c.oid"
        ),
        format!(
            "SELECT 'comment', i.type || ' ' || i.identity, d.description FROM pg_catalog.pg_description d, \
             pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) i JOIN pg_catalog.pg_namespace n \
             ON n.nspname = i.schema WHERE {SYSTEM} AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e \
             WHERE e.deptype = 'e' AND e.classid = d.classoid AND e.objid = d.objoid)"
        ),
    ]
}

/// Describes objects that few databases have.
fn rarities() -> [String; 4] {
    [
        format!(
            "SELECT 'statistics', pg_catalog.format('%I.%I', n.nspname, x.stxname), \
             pg_catalog.pg_get_statisticsobjdef(x.oid) FROM pg_catalog.pg_statistic_ext x \
             JOIN pg_catalog.pg_namespace n ON n.oid = x.stxnamespace WHERE {SYSTEM}"
        ),
        format!(
            "SELECT 'collation', pg_catalog.format('%I.%I', n.nspname, x.collname), pg_catalog.concat_ws(' ', \
             x.collprovider, x.collisdeterministic, x.collcollate) FROM pg_catalog.pg_collation x \
             JOIN pg_catalog.pg_namespace n ON n.oid = x.collnamespace WHERE {SYSTEM}"
        ),
        "SELECT 'event trigger', evtname::text, pg_catalog.concat_ws(' ', evtevent, evtfoid::regproc, evtenabled, \
         evttags) FROM pg_catalog.pg_event_trigger"
            .to_owned(),
        "SELECT 'publication', pubname::text, pg_catalog.concat_ws(' ', puballtables, pubinsert, pubupdate, \
         pubdelete, pubtruncate) FROM pg_catalog.pg_publication"
            .to_owned(),
    ]
}
