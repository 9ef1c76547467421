//! `reconcile`: records versions whose tables exist.

use gapless::{Runner, Status, Version, VersionState};

use super::{carry_out, show};
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
    let plan = database.plan_repair(runner.clone()).await?;
    if plan.is_empty() {
        show(&plan, output)?;
        let status = database.status(runner).await?;
        output.line(format_args!("note: {}", arguments.obstacle(&status)))?;
        return Ok(Exit::Done);
    }
    carry_out(runner, arguments.consent, database, output).await
}

impl Arguments {
    /// Returns the reason why a history needs no change, or gets none.
    fn obstacle(&self, status: &Status) -> String {
        let states = self.versions.iter().map(|version| (version, status.find(*version)));
        let open =
            |state| matches!(state, VersionState::Pending | VersionState::Late | VersionState::HeldBack);
        let settled = states.filter(|(_, found)| !found.is_some_and(|found| open(found.state())));
        let settled: Vec<_> =
            settled.map(|(version, found)| (version, found.map(|found| found.state()))).collect();
        match &settled[..] {
            [] => {
                let tables =
                    self.tables.iter().map(|table| format!("`{table}`")).collect::<Vec<_>>().join(", ");
                format!("none of these tables exists: {tables}; `up` applies the migrations")
            }
            [(version, Some(VersionState::Failed | VersionState::Interrupted))] => {
                format!("version {version} was begun and not finished; `status` says where it stands")
            }
            all if all.len() == self.versions.len() => "the versions are recorded already".to_owned(),
            [(version, _), ..] => {
                format!(
                    "version {version} is recorded already, and the tables may be its own; leave it out of `--versions`"
                )
            }
        }
    }
}
