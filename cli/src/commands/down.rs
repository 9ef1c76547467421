//! `down`: rolls applied migrations back with their down files.

use gapless::{Rollback, Runner, Version};

use super::script;
use super::timeouts::Timeouts;
use crate::ask::Consent;
use crate::database::Database;
use crate::exit::{CommandError, Exit};
use crate::output::Output;
use crate::progress::{Progress, tell_waiting};

#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Roll back every migration above this version, which stays
    #[arg(long, value_name = "VERSION", conflicts_with = "steps")]
    to: Option<Version>,
    /// Roll back this many of the migrations that were applied last
    #[arg(long, value_name = "N", default_value_t = 1)]
    steps: usize,
    /// Also where a migration stays that was applied later and may build on it
    #[arg(long)]
    past_later: bool,
    /// Also what was adopted without a proof that its file is what was applied
    #[arg(long)]
    unproven: bool,
    /// Also what was edited after it was applied; the down file runs as it is now
    #[arg(long)]
    edited: bool,
    /// Print the SQL of the plan
    #[arg(long)]
    sql: bool,
    #[command(flatten)]
    timeouts: Timeouts,
    /// Print JSON, a document in a line for each event
    #[arg(long, requires = "yes", conflicts_with = "sql")]
    pub(super) json: bool,
    #[command(flatten)]
    consent: Consent,
}

impl Arguments {
    fn rollback(&self) -> Rollback {
        let mut rollback = self.to.map_or_else(|| Rollback::steps(self.steps), Rollback::to);
        if self.past_later {
            rollback = rollback.past_later();
        }
        if self.unproven {
            rollback = rollback.unproven();
        }
        if self.edited {
            rollback = rollback.edited();
        }
        rollback
    }
}

pub(super) async fn run<D: Database>(
    arguments: &Arguments,
    runner: Runner<'_>,
    database: &mut D,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let (rollback, runner) = (arguments.rollback(), arguments.timeouts.set(runner));
    let progress = Progress::new(arguments.json);
    let mut runner = runner;
    if !arguments.json {
        let plan = database.plan_rollback(tell_waiting(runner.clone()), rollback).await?;
        if arguments.sql {
            script::write(&plan, &runner, output)?;
        } else {
            output.line(&plan)?;
        }
        if plan.is_empty() {
            return Ok(Exit::Done);
        }
        if !arguments.consent.given("roll back?")? {
            output.line("nothing was rolled back")?;
            return Ok(Exit::Failed);
        }
        runner = runner.as_planned(&plan);
    }
    let attending = (progress.attend(&runner), progress.watch(database.beside()));
    let outcome = database.rollback(progress.listen(runner), rollback).await;
    drop(attending);
    progress.conclude(outcome, output)
}
