//! Warns about migrations that refer to another tool's table, which fresh databases lack.

use gapless_core::{ForeignTable, Scan};
use proc_macro2::Span;

use crate::arguments::Arguments;
use crate::warning::Warning;

/// Returns a warning for each such table.
pub(crate) fn warnings(arguments: &Arguments, scan: &Scan) -> Vec<Warning> {
    scan.foreign_tables().iter().map(|table| missing(table, arguments.span(0))).collect()
}

fn missing(ForeignTable { table, tool, file, .. }: &ForeignTable, span: Span) -> Warning {
    let note = format!(
        "`{file}` refers to `{table}`, which exists only on databases that another tool has migrated; create it on the \
         others with `.adopt(Legacy::{tool}({table:?}).create_on_fresh_database())`, see \
         \"Migrations that refer to the old table\" in docs/moving, and then put `#[allow(deprecated)]` on this set"
    );
    Warning { name: "fresh_databases_lack_a_table", span, note }
}
