//! `verify`: silent if the database is current.

use gapless::Runner;

use super::allowances::Allowances;
use crate::database::Database;
use crate::exit::{CommandError, Exit};
use crate::progress::tell_waiting;

#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    allowances: Allowances,
}

pub(super) async fn run<D: Database>(
    arguments: &Arguments,
    runner: Runner<'_>,
    database: &mut D,
) -> Result<Exit, CommandError> {
    database.verify(tell_waiting(arguments.allowances.set(runner))).await?;
    Ok(Exit::Done)
}
