//! Describes a database of MySQL line by line, so that two databases can be compared.

use gapless_core::ObjectKind;

use super::objects::{ROWS, Rows};
use super::{Mysql, session};
use crate::dialect::Language;
use crate::tracker::Tracker;

/// See [`CatalogSql::describe`](crate::dialect::CatalogSql::describe).
pub(super) fn describe(dialect: &Mysql, tracker: &Tracker) -> String {
    let ours = [tracker.table(), &tracker.journal_table()].map(|name| dialect.literal(name)).join(", ");
    let here = session::schema(dialect, tracker);
    let select = |rows: &Rows| {
        let Rows { kind, name, of, own, values, .. } = rows;
        let values: Vec<_> = values.iter().map(|value| format!("coalesce({value}, '')")).collect();
        let values = values.join(", ");
        let tracker = *of == ObjectKind::Table;
        let user = if tracker { format!(" AND {own} NOT IN ({ours})") } else { String::new() };
        format!("SELECT {kind}, {name}, concat_ws(' ', {values}) FROM {}{user};\n", rows.of(&here, None))
    };
    ROWS.iter().map(select).collect()
}
