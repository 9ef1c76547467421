//! `verify`: silent if the database is current.

use gapless::Runner;

use crate::database::Database;
use crate::exit::{CommandError, Exit};
use crate::progress::tell_waiting;

pub(super) async fn run<D: Database>(runner: Runner<'_>, database: &mut D) -> Result<Exit, CommandError> {
    database.verify(tell_waiting(runner)).await?;
    Ok(Exit::Done)
}
