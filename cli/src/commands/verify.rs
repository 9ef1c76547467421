//! `verify`: silent if the database is current.

use gapless::Runner;

use crate::database::Database;
use crate::exit::{CommandError, Exit};

pub(super) async fn run<D: Database>(runner: Runner<'_>, database: &mut D) -> Result<Exit, CommandError> {
    database.verify(runner).await?;
    Ok(Exit::Done)
}
