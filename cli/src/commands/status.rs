//! `status`: the state of every version.

use gapless::{Runner, Status, VersionState, VersionStatus};

use crate::database::Database;
use crate::exit::{CommandError, Exit};
use crate::output::Output;
use crate::output::json::StatusDocument;

#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Show only versions that a run would still apply
    #[arg(long)]
    pending: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run<D: Database>(
    arguments: &Arguments,
    runner: Runner<'_>,
    database: &mut D,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let status = database.status(runner).await?;
    let shown: Vec<_> = status.versions().iter().filter(|one| !arguments.pending || is_open(one)).collect();
    if arguments.json {
        output.json(&StatusDocument::new(shown, &status))?;
    } else {
        people(&shown, &status, output)?;
    }
    Ok(Exit::Done)
}

/// True for a version that a run would still apply.
fn is_open(version: &VersionStatus) -> bool {
    matches!(
        version.state(),
        VersionState::Pending | VersionState::Late | VersionState::HeldBack | VersionState::Failed
    )
}

fn people(shown: &[&VersionStatus], status: &Status, output: &mut Output) -> Result<(), CommandError> {
    if shown.is_empty() {
        output.line(if status.versions().is_empty() { "no migrations" } else { "nothing is pending" })?;
    } else {
        let head = ["version", "name", "state", "applied at", "took", "by"];
        output.table(head, shown.iter().map(|version| cells(version)))?;
    }
    for warning in status.warnings() {
        output.line(format_args!("warning: {warning}"))?;
    }
    Ok(())
}

fn cells(version: &VersionStatus) -> [String; 6] {
    let old = version.recorded_as().map(|(version, name)| format!(" (recorded as {version} {name})"));
    let by = [version.db_user(), version.application()];
    let by: Vec<_> = by.into_iter().flatten().filter(|name| !name.is_empty()).collect();
    [
        version.version().to_string(),
        version.name().to_owned(),
        version.state().to_string() + &old.unwrap_or_default(),
        version.applied_at().unwrap_or_default().to_owned(),
        version.duration().map(|taken| format!("{taken:.1?}")).unwrap_or_default(),
        by.join(" "),
    ]
}
