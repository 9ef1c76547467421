//! `down`: rolls applied migrations back with their down files.

use gapless::{Rollback, Runner, Version};

use crate::ask::Consent;
use crate::database::Database;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Roll back every migration above this version, which stays
    #[arg(long, value_name = "VERSION", conflicts_with = "steps")]
    to: Option<Version>,
    /// Roll back this many of the migrations that were applied last
    #[arg(long, value_name = "N", default_value_t = 1)]
    steps: usize,
    #[command(flatten)]
    consent: Consent,
}

impl Arguments {
    fn rollback(&self) -> Rollback {
        self.to.map_or_else(|| Rollback::steps(self.steps), Rollback::to)
    }
}

pub(super) async fn run<D: Database>(
    arguments: &Arguments,
    runner: Runner<'_>,
    database: &mut D,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let rollback = arguments.rollback();
    let plan = database.plan_rollback(runner.clone(), rollback).await?;
    output.line(&plan)?;
    if plan.is_empty() {
        return Ok(Exit::Done);
    }
    if !arguments.consent.given("roll back?")? {
        output.line("nothing was rolled back")?;
        return Ok(Exit::Failed);
    }
    let report = database.rollback(runner, rollback).await?;
    output.line(&report)?;
    Ok(Exit::Done)
}
