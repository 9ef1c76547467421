//! `reconcile`: records versions whose tables exist.

use gapless::{Runner, Version};

use super::carry_out;
use crate::ask::Consent;
use crate::database::Database;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Versions to record
    #[arg(long, required = true, value_name = "VERSION", value_delimiter = ',', num_args = 1..)]
    versions: Vec<Version>,
    /// Tables that all must exist, with or without their schema
    #[arg(long, required = true, value_name = "TABLE", value_delimiter = ',', num_args = 1..)]
    tables: Vec<String>,
    #[command(flatten)]
    consent: Consent,
}

pub(in crate::commands) async fn run<D: Database>(
    arguments: &Arguments,
    runner: Runner<'_>,
    database: &mut D,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let tables = arguments.tables.iter().map(String::as_str);
    let runner = runner.reconcile(arguments.versions.iter().copied(), tables);
    carry_out(runner, arguments.consent, database, output).await
}
