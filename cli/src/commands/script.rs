//! The SQL of a plan.

use std::io;

use gapless::{Pending, Plan, Runner};

use crate::output::Output;

/// The text that a run applies.
pub(crate) fn up<'a>(runner: &Runner<'a>, pending: &Pending) -> Option<&'a str> {
    let set = runner.set();
    let migration = match pending.stands_for() {
        Some(_) => set.baseline(),
        None => set.find(pending.version()),
    };
    migration.map(|migration| migration.sql())
}

/// The text that a rollback runs.
fn down<'a>(runner: &Runner<'a>, pending: &Pending) -> Option<&'a str> {
    let down = runner.set().find(pending.version()).and_then(|migration| migration.down());
    down.map(|down| down.sql())
}

/// Writes the plan as comments, with the SQL of each migration below its name.
pub(super) fn write(plan: &Plan, runner: &Runner<'_>, output: &mut Output) -> io::Result<()> {
    let comment = |text: String| format!("-- {}", text.replace('\n', "\n--   "));
    for change in plan.changes() {
        output.line(comment(change.to_string()))?;
    }
    if let Some(table) = plan.creates() {
        output.line(comment(format!("create {table}, empty")))?;
    }
    let parts = plan.pending().iter().map(|pending| (pending, up(runner, pending)));
    let back = plan.rolled_back().iter().map(|pending| (pending, down(runner, pending)));
    for (number, (pending, sql)) in parts.chain(back).enumerate() {
        let is_first = number == 0 && plan.changes().is_empty();
        let gap = if is_first { "" } else { "\n" };
        output.line(format_args!("{gap}{}", comment(format!("{pending}: {}", pending.path()))))?;
        output.line(sql.unwrap_or_default().trim_end())?;
    }
    for warning in plan.warnings() {
        output.line(comment(format!("warning: {warning}")))?;
    }
    Ok(())
}
