//! `status`: the state of every version.

use gapless::{Runner, Status, VersionState, VersionStatus};

use super::duration;
use crate::database::Database;
use crate::exit::{CommandError, Exit};
use crate::output::json::StatusDocument;
use crate::output::{Cell, Colour, Output, time};
use crate::progress::tell_waiting;

#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Show only versions that a run would still apply
    #[arg(long)]
    pending: bool,
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
    let status = database.status(tell_waiting(runner)).await?;
    let shown: Vec<_> = status.versions().iter().filter(|one| !arguments.pending || is_open(one)).collect();
    if arguments.json {
        output.json(&StatusDocument::new(&shown, &status))?;
    } else if arguments.pending && shown.is_empty() {
        output.line("nothing is pending")?;
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
    if !shown.is_empty() {
        let rows: Vec<_> = shown.iter().map(|version| cells(version)).collect();
        output.fitted_table(["version", "name", "state", "applied at (UTC)", "took", "by"], &rows, 1)?;
    }
    for (version, recorded) in shown.iter().filter_map(|one| Some((one.version(), one.recorded_as()?))) {
        let (number, name) = recorded;
        output.line(format_args!("note: version {version} is recorded as {number} `{name}`"))?;
    }
    for version in shown {
        if let Some(said) = outcome(version) {
            output.line(said)?;
        }
    }
    for warning in status.warnings() {
        output.line(format_args!("warning: {warning}"))?;
    }
    output.line(summary(status))?;
    Ok(())
}

/// How the last try of a version ended, if it did not come to its end.
fn outcome(status: &VersionStatus) -> Option<String> {
    let version = status.version();
    let error = status.error().and_then(|error| error.lines().next());
    let kept = match status.statements_done() {
        0 => String::new(),
        1 => ", and its first statement stays done".to_owned(),
        many => format!(", and its first {many} statements stay done"),
    };
    match status.state() {
        VersionState::Running => {
            let session = status.session().map_or(String::new(), |session| format!(" in session {session}"));
            Some(format!("version {version} is running now{session}{kept}"))
        }
        VersionState::RollingBack => status
            .session()
            .map(|session| format!("version {version} is being rolled back now in session {session}")),
        VersionState::Interrupted => {
            Some(format!("version {version} was interrupted{kept}: see `resolve {version}`"))
        }
        _ => error.map(|error| format!("version {version} failed{kept}: {error}")),
    }
}

/// How many versions are in each state, in the order of the states' first versions.
fn summary(status: &Status) -> String {
    let mut counts: Vec<(VersionState, usize)> = Vec::new();
    for version in status.versions() {
        match counts.iter_mut().find(|(state, _)| *state == version.state()) {
            Some((_, count)) => *count += 1,
            None => counts.push((version.state(), 1)),
        }
    }
    let counts: Vec<_> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
    if counts.is_empty() { "no migrations".to_owned() } else { counts.join(", ") }
}

fn cells(version: &VersionStatus) -> [Cell; 6] {
    [
        version.version().to_string().into(),
        version.name().to_owned().into(),
        Cell::coloured(version.state().to_string(), colour(version.state())),
        version.applied_at().map(time::to_the_second).unwrap_or_default().into(),
        version.duration().map(duration::measured).unwrap_or_default().into(),
        by(version.db_user(), version.application()).into(),
    ]
}

fn colour(state: VersionState) -> Colour {
    match state {
        VersionState::Applied => Colour::Good,
        VersionState::Pending | VersionState::Late | VersionState::Ahead | VersionState::Running => {
            Colour::Open
        }
        VersionState::HeldBack | VersionState::Covered | VersionState::Tombstone => Colour::Faint,
        _ => Colour::Bad,
    }
}

/// The user, and the application if it is another than this one.
pub(super) fn by(user: Option<&str>, application: Option<&str>) -> String {
    match (user, application.filter(|name| !name.is_empty() && *name != "gapless")) {
        (Some(user), Some(application)) => format!("{user} ({application})"),
        (user, application) => user.or(application).unwrap_or_default().to_owned(),
    }
}
