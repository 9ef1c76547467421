//! Looks for statements that are dangerous on a database in use. The rules are squawk's, save those that contradict how
//! gapless runs a file, and a few of our own.
//!
//! ```text
//! scripts --squawk, own--> findings --suppress--> findings --format--> text, JSON, SARIF, annotations
//! ```

mod advice;
mod deep;
mod finding;
pub(crate) mod format;
mod locks;
mod own;
mod rule;
mod squawk;
mod suppress;

use gapless::Directives;
use gapless_core::{Syntax, allowances};
use squawk_syntax::SourceFile;

pub(crate) use finding::{Finding, Level, REFUSED};
pub(crate) use rule::{DROPPED, Selection, all, row};

/// A script to look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Script<'a> {
    /// The file as messages show it.
    pub(crate) file: &'a str,
    pub(crate) sql: &'a str,
    pub(crate) directives: Directives,
}

/// Returns what the selected rules find in a script, in the order of its text.
pub(crate) fn lint(script: Script<'_>, selection: &Selection) -> Vec<Finding> {
    let mut findings = deep::with_enough_stack(script, || {
        let parsed = SourceFile::parse(script.sql);
        let found = squawk::findings(script, &parsed, selection);
        found.into_iter().chain(own::findings(script, &parsed.tree())).collect()
    });
    suppress::apply(script, selection, &allowances(script.sql, Syntax::Postgres), &mut findings);
    findings.retain(|finding| selection.has(finding.rule));
    findings.sort_by_key(|finding| (finding.span.start, finding.rule));
    findings
}
