//! `accept`: takes edited texts for what was applied.

use gapless::{Runner, Version};

use super::carry_out;
use crate::ask::Consent;
use crate::database::Database;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Versions whose files are taken for what was applied
    #[arg(required = true, value_name = "VERSION")]
    versions: Vec<Version>,
    #[command(flatten)]
    consent: Consent,
}

pub(in crate::commands) async fn run<D: Database>(
    arguments: &Arguments,
    mut runner: Runner<'_>,
    database: &mut D,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    for version in &arguments.versions {
        runner = runner.accept(*version);
    }
    carry_out(runner, arguments.consent, database, output).await
}
