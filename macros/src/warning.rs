//! Collects warnings: facts that are no mistakes, and should be known.

use gapless_core::{ForeignTable, Scan};
use proc_macro2::Span;

use crate::arguments::Arguments;
use crate::tracked;

pub(crate) struct Warning {
    /// The item that is deprecated, which the compiler names.
    pub(crate) name: &'static str,
    pub(crate) span: Span,
    pub(crate) note: String,
}

pub(crate) fn warnings(arguments: &Arguments, scan: &Scan) -> Vec<Warning> {
    let mut warnings = tracked::warnings(arguments);
    warnings.extend(scan.foreign_tables().into_iter().map(|table| missing(&table, arguments.span(0))));
    warnings
}

fn missing(ForeignTable { table, tool, file }: &ForeignTable, span: Span) -> Warning {
    let note = format!(
        "`{file}` refers to `{table}`, which only databases have that another tool has migrated; have it created on the \
         others with `.adopt(Legacy::{tool}({table:?}).create_on_fresh_database())`, see \
         \"Migrations that refer to the old table\" in docs/moving, and put `#[allow(deprecated)]` on this set then"
    );
    Warning { name: "fresh_databases_lack_a_table", span, note }
}
