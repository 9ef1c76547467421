//! The commands that repair the history and apply nothing else. Each shows what it would write, asks, and writes it.

pub(super) mod accept;
pub(super) mod adopt;
mod interruption;
pub(super) mod reconcile;
pub(super) mod resolve;

use gapless::{Plan, Runner};

use crate::ask::Consent;
use crate::database::Database;
use crate::exit::{CommandError, Exit};
use crate::output::Output;
use crate::progress::Progress;

/// Makes the repairs that the runner is set to make.
async fn carry_out<D: Database>(
    runner: Runner<'_>,
    consent: Consent,
    database: &mut D,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let plan = database.plan_repair(runner.clone()).await?;
    show(&plan, output)?;
    if plan.is_empty() {
        return Ok(Exit::Done);
    }
    if !consent.given("repair the history?")? {
        output.line("nothing was changed")?;
        return Ok(Exit::Failed);
    }
    let progress = Progress::new(false);
    let attending = progress.attend(&runner);
    let outcome = database.repair(progress.listen(runner.as_planned(&plan))).await;
    drop(attending);
    progress.leave();
    let report = outcome?;
    // The changes stand above already.
    if report.changes() == plan.changes() {
        output.line(format_args!("{report:#}"))?;
    } else {
        output.line(report)?;
    }
    Ok(Exit::Done)
}

/// Prints the repairs of a plan.
fn show(plan: &Plan, output: &mut Output) -> Result<(), CommandError> {
    match plan.changes().len() {
        0 if plan.is_empty() => output.line("nothing to repair")?,
        0 => {}
        1 => output.line("1 change of the history:")?,
        many => output.line(format_args!("{many} changes of the history:"))?,
    }
    plan.changes().iter().try_for_each(|change| output.line(format_args!("  {change}")))?;
    plan.pending().iter().try_for_each(|pending| output.line(format_args!("go on with {pending}")))?;
    plan.warnings().iter().try_for_each(|warning| output.line(format_args!("warning: {warning}")))?;
    Ok(())
}
