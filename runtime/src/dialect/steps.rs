//! What the journal is told of migrations outside of a transaction, and asked: the same in every dialect.

use gapless_core::{Concurrent, Version};

use super::{Dialect, Entry};
use crate::history::GOING_BACK;
use crate::tracker::Tracker;

/// Events after which nothing is left of the tries before.
const CLOSING: &str = "'applied', 'adopted', 'baselined', 'reconciled', 'rolled_back'";

/// A row of the journal; the name is an expression.
pub(super) fn row<D: Dialect + ?Sized>(
    dialect: &D,
    tracker: &Tracker,
    entry: &Entry<'_>,
    name: &str,
) -> String {
    let number = |value: Option<usize>| value.map_or("NULL".to_owned(), |value| value.to_string());
    let detail = match &entry.detail {
        Some(detail) => dialect.literal(detail),
        None if entry.event == "started" => dialect.session_mark().to_owned(),
        None => "NULL".to_owned(),
    };
    format!(
        "INSERT INTO {} (version, name, event, attempt, statement, statements, detail) \
         VALUES ({}, {name}, '{}', {}, {}, {}, {detail});\n",
        tracker.journal(),
        entry.version,
        entry.event,
        entry.attempt,
        number(entry.statement),
        number(entry.statements),
    )
}

/// A row without a name, which the journal refuses, if this condition holds.
fn row_unless<D: Dialect + ?Sized>(
    dialect: &D,
    tracker: &Tracker,
    entry: &Entry<'_>,
    condition: &str,
) -> String {
    let name = dialect.literal(entry.name);
    row(dialect, tracker, entry, &format!("CASE WHEN NOT ({condition}) THEN {name} END"))
}

/// See [`Dialect::journal_start`].
pub(super) fn start<D: Dialect + ?Sized>(
    dialect: &D,
    tracker: &Tracker,
    entry: &Entry<'_>,
    before: &[(Version, &str)],
    known: usize,
) -> String {
    let journal = tracker.journal();
    let about = about(dialect, tracker, entry.version, entry.name, before);
    row_unless(dialect, tracker, entry, &format!("(SELECT count(*) FROM {journal} WHERE {about}) <> {known}"))
}

/// See [`Dialect::journal_step`].
pub(super) fn step<D: Dialect + ?Sized>(
    dialect: &D,
    tracker: &Tracker,
    entry: &Entry<'_>,
    before: &[(Version, &str)],
) -> String {
    let about = about(dialect, tracker, entry.version, entry.name, before);
    let overtaken = format!(
        "EXISTS (SELECT 1 FROM {} WHERE ({about}) AND event = 'started' AND attempt > {})",
        tracker.journal(),
        entry.attempt
    );
    row_unless(dialect, tracker, entry, &overtaken)
}

/// See [`Dialect::journal_begun`]; what is there already is an expression.
pub(super) fn begun<D: Dialect + ?Sized>(
    dialect: &D,
    tracker: &Tracker,
    entry: &Entry<'_>,
    there: Option<String>,
) -> String {
    let checksum = dialect.literal(entry.detail.as_deref().unwrap_or_default());
    let detail =
        there.map_or(checksum.clone(), |there| format!("{checksum} || coalesce(' ' || {there}, '')"));
    format!(
        "INSERT INTO {} (version, name, event, attempt, statement, statements, detail) \
         VALUES ({}, {}, '{BEGUN}', {}, {}, {}, {detail});\n",
        tracker.journal(),
        entry.version,
        dialect.literal(entry.name),
        entry.attempt,
        entry.statement.unwrap_or_default(),
        entry.statements.unwrap_or_default(),
    )
}

/// A statement that is about to be sent by itself.
pub(crate) const BEGUN: &str = "statement_begun";

/// Whether a row of the journal is about the migration, under this name, one before, or one that a newer release has given
/// it; a condition.
pub(super) fn is_own<D: Dialect + ?Sized>(
    dialect: &D,
    tracker: &Tracker,
    version: Version,
    name: &str,
    before: &[(Version, &str)],
) -> String {
    let names = [(version, name)].into_iter().chain(before.iter().copied());
    let (mut own, mut stems) = (Vec::new(), Vec::new());
    for (version, name) in names {
        own.push(format!("version = {version} AND name = {}", dialect.literal(name)));
        stems.push(dialect.literal(&format!("{version}_{name}")));
    }
    format!(
        "{} OR (version,name) IN (SELECT version,name FROM {} WHERE event = 'renamed' AND detail IN ({}))",
        own.join(" OR "),
        tracker.journal(),
        stems.join(",")
    )
}

/// What of the journal is about the migration or its version, whatever bore it; a condition.
pub(super) fn about<D: Dialect + ?Sized>(
    dialect: &D,
    tracker: &Tracker,
    version: Version,
    name: &str,
    before: &[(Version, &str)],
) -> String {
    format!("version = {version} OR {}", is_own(dialect, tracker, version, name, before))
}

/// What [`begun`] had found there when this statement was begun first, a list of numbers; an expression.
pub(super) fn found_then(tracker: &Tracker, version: Version, statement: usize) -> String {
    let journal = tracker.journal();
    format!(
        "(SELECT pg_catalog.split_part(detail, ' ', 2) FROM {journal} WHERE version = {version} \
         AND event = '{BEGUN}' AND statement = {statement} AND id > (SELECT coalesce(max(id), 0) FROM {journal} \
         WHERE version = {version} AND event IN ('statement', {CLOSING})) ORDER BY id LIMIT 1)"
    )
}

/// See [`Dialect::unfinished`].
pub(super) fn unfinished<D: Dialect + ?Sized>(
    dialect: &D,
    tracker: &Tracker,
    known: &[(Version, (Version, &str))],
) -> String {
    let row = |(own, (version, name)): &(Version, (Version, &str))| {
        format!("({own}, {version}, {})", dialect.literal(name))
    };
    let rows: Vec<_> = known.iter().map(row).collect();
    let journal = tracker.journal();
    format!(
        "WITH k (own, version, name) AS (VALUES {}), a AS (SELECT own, version, name FROM k UNION \
         SELECT k.own, j.version, j.name FROM k JOIN {journal} j ON j.event = 'renamed' \
         AND j.detail = k.version || '_' || k.name) \
         SELECT DISTINCT a.own AS version FROM a JOIN {journal} s ON s.version = a.version AND s.name = a.name \
         WHERE s.event IN ('statement', '{BEGUN}', 'interrupted') AND NOT EXISTS (SELECT 1 FROM {journal} c \
         JOIN a b ON c.version = b.version AND c.name = b.name WHERE b.own = a.own AND c.id > s.id \
         AND (c.event IN ({CLOSING}) OR c.event = 'resolved' AND c.statement = 0))",
        rows.join(", ")
    )
}

/// See [`Dialect::go_back`].
pub(super) fn go_back<D: Dialect + ?Sized>(dialect: &D, tracker: &Tracker, version: Version) -> String {
    let mark = dialect.literal(GOING_BACK);
    format!(
        "UPDATE {} SET name = name || {mark} WHERE version = {version} AND name NOT LIKE '%' || {mark};\n",
        tracker.set()
    )
}

/// See [`Dialect::stay`].
pub(super) fn stay<D: Dialect + ?Sized>(dialect: &D, tracker: &Tracker, version: Version) -> String {
    format!(
        "UPDATE {} SET name = replace(name, {}, '') WHERE version = {version};\n",
        tracker.set(),
        dialect.literal(GOING_BACK)
    )
}

/// The indexes (qualified name, valid, named by the statement, made since it was begun first) that tell what became
/// of a concurrent statement of Postgres, or that it has left.
pub(super) fn indexes<D: Dialect + ?Sized>(
    dialect: &D,
    tracker: &Tracker,
    version: Version,
    number: usize,
    statement: &Concurrent<'_>,
) -> Option<String> {
    let then = found_then(tracker, version, number);
    let is_new = format!(
        "NOT i.indexrelid::pg_catalog.text = ANY (pg_catalog.string_to_array(coalesce({then}, ''), ','))"
    );
    let (named, scope) = match statement {
        Concurrent::Create { index, table, .. } => {
            let named = index.as_ref().map_or("false".to_owned(), |index| {
                format!("c.relname = (pg_catalog.parse_ident({}))[1]::name", dialect.literal(index))
            });
            (named, format!("i.indrelid = {}", super::catalog::oid(dialect, table)))
        }
        Concurrent::Drop { index } => {
            let named = format!("i.indexrelid = {}", super::catalog::oid(dialect, index));
            (named.clone(), format!("({named} OR NOT {is_new})"))
        }
        Concurrent::Reindex { object, name } => {
            ("false".to_owned(), super::catalog::rebuilt(dialect, object, name) + " AND NOT i.indisvalid")
        }
    };
    Some(format!(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), i.indisvalid, {named}, {is_new} \
         FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'i' AND {scope} \
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index p \
         WHERE p.index_relid = i.indexrelid AND p.pid <> pg_catalog.pg_backend_pid());\n"
    ))
}

/// Which indexes of those are there now: their numbers in a list, an expression.
pub(super) fn there<D: Dialect + ?Sized>(dialect: &D, statement: &Concurrent<'_>) -> String {
    let scope = match statement {
        Concurrent::Create { table, .. } => format!("i.indrelid = {}", super::catalog::oid(dialect, table)),
        Concurrent::Drop { index } => format!("i.indexrelid = {}", super::catalog::oid(dialect, index)),
        Concurrent::Reindex { object, name } => {
            super::catalog::rebuilt(dialect, object, name) + " AND NOT i.indisvalid"
        }
    };
    format!(
        "(SELECT pg_catalog.string_agg(i.indexrelid::pg_catalog.text, ',') FROM pg_catalog.pg_index i \
         JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE {scope})"
    )
}
