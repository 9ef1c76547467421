//! The indexes that reveal the outcome of a concurrent statement of Postgres.

use gapless_core::Concurrent;

use super::catalog::{oid, rebuilt};
use crate::dialect::steps::{CLOSING, is_own};
use crate::dialect::{BEGUN, Language, Names};
use crate::tracker::Tracker;

/// Selects the indexes (qualified name, valid, named by the statement, made since the statement was first begun) that
/// reveal the outcome of a concurrent statement, or that it has left.
pub(super) fn indexes<D: Language + ?Sized>(
    dialect: &D,
    tracker: &Tracker,
    names: &Names<'_>,
    number: usize,
    statement: &Concurrent<'_>,
) -> Option<String> {
    let then = found_then(tracker, &is_own(dialect, tracker, names), number);
    let is_new = format!(
        "NOT i.indexrelid::pg_catalog.text = ANY (pg_catalog.string_to_array(coalesce({then}, ''), ','))"
    );
    let (named, scope) = match statement {
        Concurrent::Create { index, table, .. } => {
            let named = index.as_ref().map_or("false".to_owned(), |index| {
                format!("c.relname = (pg_catalog.parse_ident({}))[1]::name", dialect.literal(index))
            });
            (named, format!("i.indrelid = {}", oid(dialect, table)))
        }
        Concurrent::Drop { index } => {
            let named = format!("i.indexrelid = {}", oid(dialect, index));
            (named.clone(), format!("({named} OR NOT {is_new})"))
        }
        Concurrent::Reindex { object, name } => {
            ("false".to_owned(), rebuilt(dialect, object, name) + " AND NOT i.indisvalid")
        }
        // It leaves no index.
        _ => return None,
    };
    Some(format!(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), i.indisvalid, {named}, {is_new} \
         FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'i' AND {scope} \
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index p \
         WHERE p.index_relid = i.indexrelid AND p.pid <> pg_catalog.pg_backend_pid());\n"
    ))
}

/// Returns the numbers of those indexes that exist now, in a list; an expression.
pub(super) fn there<D: Language + ?Sized>(dialect: &D, statement: &Concurrent<'_>) -> String {
    let scope = match statement {
        Concurrent::Create { table, .. } => format!("i.indrelid = {}", oid(dialect, table)),
        Concurrent::Drop { index } => format!("i.indexrelid = {}", oid(dialect, index)),
        Concurrent::Reindex { object, name } => rebuilt(dialect, object, name) + " AND NOT i.indisvalid",
        _ => "false".to_owned(),
    };
    format!(
        "(SELECT pg_catalog.string_agg(i.indexrelid::pg_catalog.text, ',') FROM pg_catalog.pg_index i \
         JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE {scope})"
    )
}

/// Returns the list that [`StepSql::journal_begun`](crate::dialect::StepSql::journal_begun) wrote when this statement
/// was first begun; an expression.
fn found_then(tracker: &Tracker, own: &str, statement: usize) -> String {
    let journal = tracker.journal();
    format!(
        "(SELECT pg_catalog.split_part(detail, ' ', 2) FROM {journal} WHERE ({own}) \
         AND event = '{BEGUN}' AND statement = {statement} AND id > (SELECT coalesce(max(id), 0) FROM {journal} \
         WHERE ({own}) AND event IN ('statement', {CLOSING})) ORDER BY id LIMIT 1)"
    )
}
