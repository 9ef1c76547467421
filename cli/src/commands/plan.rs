//! `plan`: what `up` would do.

use gapless::{Runner, Version};

use super::allowances::Allowances;
use super::script;
use crate::database::Database;
use crate::exit::{CommandError, Exit};
use crate::output::Output;
use crate::output::json::PlanDocument;
use crate::progress::tell_waiting;

#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Stop after this version
    #[arg(long, value_name = "VERSION")]
    to: Option<Version>,
    /// Print the SQL of what is pending; adoption and repairs are comments
    #[arg(long)]
    sql: bool,
    /// Do not warn of another tool's history that nothing adopts
    #[arg(long)]
    ignore_other_tools: bool,
    #[command(flatten)]
    allowances: Allowances,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run<D: Database>(
    arguments: &Arguments,
    runner: Runner<'_>,
    database: &mut D,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let target =
        super::up::beside(super::up::target(runner.clone(), arguments.to), arguments.ignore_other_tools);
    let plan = database.plan(tell_waiting(arguments.allowances.set(target))).await?;
    match (arguments.json, arguments.sql) {
        (true, true) => output.json(&PlanDocument::with_sql(&plan, &runner))?,
        (true, false) => output.json(&PlanDocument::new(&plan))?,
        (false, true) => script::write(&plan, &runner, output)?,
        (false, false) => output.line(&plan)?,
    }
    Ok(if plan.is_empty() { Exit::Done } else { Exit::Pending })
}
