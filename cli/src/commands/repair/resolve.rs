//! `resolve`: settles what became of an interrupted migration.

use gapless::{Migration, Resolution, Rollback, Runner, Syntax, Version, VersionState, VersionStatus};
use gapless_core::{Statement, split};

use super::carry_out;
use super::interruption::Interruption;
use crate::ask::Consent;
use crate::database::Database;
use crate::exit::{CommandError, Exit};
use crate::output::Output;
use crate::progress::Progress;

#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Version that was interrupted
    version: Version,
    #[command(flatten)]
    outcome: Outcome,
    /// Entry of the journal up to which you have looked, as the command shows it; required with --yes
    #[arg(long, value_name = "ENTRY", requires = "outcome")]
    seen: Option<i64>,
    #[command(flatten)]
    consent: Consent,
}

/// What became of the interrupted statement. Without it, the command shows the statement.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "outcome", multiple = false)]
struct Outcome {
    /// The interrupted statement had no effect, or may be repeated: go on with it
    #[arg(long)]
    retry: bool,
    /// The interrupted statement took effect: go on with the one after it
    #[arg(long)]
    skip: bool,
    /// All statements before this one took effect: go on with it
    #[arg(long, value_name = "STATEMENT")]
    from: Option<usize>,
    /// The whole file took effect: record it, and run nothing
    #[arg(long)]
    applied: bool,
}

impl Outcome {
    fn resolution(&self, interruption: &Interruption) -> Option<Resolution> {
        let skip = self.skip.then_some(Resolution::RetryFrom(interruption.done + 2));
        let from = self.from.map(Resolution::RetryFrom);
        let applied = self.applied.then_some(Resolution::MarkApplied);
        skip.or(from).or(applied).or(self.retry.then_some(Resolution::Retry))
    }
}

pub(in crate::commands) async fn run<D: Database>(
    arguments: &Arguments,
    runner: Runner<'_>,
    database: &mut D,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let version = arguments.version;
    let status = database.status(runner.clone()).await?;
    let Some(migration) = runner.set().find(version) else {
        return Err(CommandError::usage(format!("version {version} is no migration of this set")));
    };
    let found = status.find(version);
    let log = database.log(runner.clone().log_version(version)).await?;
    let name = found.map_or(migration.name(), VersionStatus::name);
    let state = found.map(VersionStatus::state);
    let back = state == Some(VersionState::RollingBack);
    let interruption = Interruption::read(&log, name).filter(|interruption| interruption.back == back);
    let running = found.and_then(VersionStatus::session);
    let open = back
        || matches!(state, Some(VersionState::Interrupted | VersionState::Running | VersionState::Failed));
    let Some(interruption) = interruption.filter(|_| open) else {
        let state = state.map_or("unknown".to_owned(), |state| state.to_string());
        return Err(CommandError::usage(format!("version {version} was not interrupted: it is {state}")));
    };
    let last = found.and_then(VersionStatus::last_entry).unwrap_or_default();
    show(migration, runner.set().syntax(), &interruption, output)?;
    let Some(resolution) = arguments.outcome.resolution(&interruption) else {
        if let Some(session) = running {
            output.line(format_args!("it is not interrupted: session {session} is at work on it now"))?;
        } else {
            ways(&interruption, last, output)?;
        }
        return Ok(Exit::Contradiction);
    };
    let bound = arguments.seen.filter(|seen| *seen == last);
    if arguments.seen.is_some() && bound.is_none() {
        let message = format!("version {version} has gone on since you looked: its last entry is {last} now");
        return Err(CommandError::Other(
            Exit::Contradiction,
            message + "\nhelp: look again, and answer for what is shown",
        ));
    }
    if bound.is_none() && arguments.consent.is_given() {
        return Err(CommandError::usage(format!(
            "--yes needs --seen: the state may be another one than you have looked at\n\
             help: give --seen {last} if what is shown above is what you have looked at"
        )));
    }
    let runner = runner.resolve(version, resolution).seen(last);
    if back {
        return roll_back(version, runner, arguments.consent, database, output).await;
    }
    carry_out(runner, arguments.consent, database, output).await
}

/// Goes on with a rollback that was interrupted.
async fn roll_back<D: Database>(
    version: Version,
    runner: Runner<'_>,
    consent: Consent,
    database: &mut D,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let rollback = Rollback::steps(1);
    let plan = database.plan_rollback(runner.clone(), rollback).await?;
    if plan.rolled_back().iter().any(|back| back.version() != version) {
        return Err(CommandError::failed(format!(
            "version {version} is not the one that was applied last\nhelp: roll back what was applied after it first"
        )));
    }
    plan.rolled_back().iter().try_for_each(|back| output.line(format_args!("go on to roll back {back}")))?;
    if !consent.given("roll back?")? {
        output.line("nothing was changed")?;
        return Ok(Exit::Failed);
    }
    let progress = Progress::new(false);
    let attending = progress.attend(&runner);
    let outcome = database.rollback(progress.listen(runner.as_planned(&plan)), rollback).await;
    drop(attending);
    progress.conclude(outcome, output)
}

/// Prints where the migration stopped, with the statement.
fn show(
    migration: &Migration,
    syntax: Syntax,
    interruption: &Interruption,
    output: &mut Output,
) -> Result<(), CommandError> {
    let (version, name, done) = (migration.version(), migration.name(), interruption.done);
    let down = migration.down().filter(|_| interruption.back);
    let (path, sql) = down.map_or((migration.path(), migration.sql()), |down| (down.path(), down.sql()));
    output.line(format_args!("{version} {name}: {path}"))?;
    if let Some(last) = &interruption.last {
        output.line(format_args!("  last journaled: {last}"))?;
    }
    let statements = split(sql, syntax).unwrap_or_default();
    let total = if migration.directives().rust() && down.is_none() { 1 } else { statements.len() };
    output.line(format_args!("  statements done: {done} of {total}"))?;
    if done >= total {
        output.line("  all statements are done, and the set does not say so yet")?;
        return Ok(());
    }
    let doubt = if interruption.in_doubt { "outcome unknown" } else { "not done" };
    let line = statements.get(done).map_or(1, |statement| line_of(sql, statement));
    output.line(format_args!("  statement {}, {doubt}: {path}:{line}", done + 1))?;
    let text = statements.get(done).map_or("(Rust)", Statement::text);
    text.lines().try_for_each(|line| output.line(format_args!("    {line}")))?;
    Ok(())
}

fn line_of(sql: &str, statement: &Statement<'_>) -> usize {
    sql[..statement.span().start].matches('\n').count() + 1
}

/// Prints how to go on.
fn ways(interruption: &Interruption, last: i64, output: &mut Output) -> Result<(), CommandError> {
    let next = interruption.done + 1;
    output.line("look at the database, then say what became of it:")?;
    output.line(format_args!(
        "  --retry    statement {next} had no effect, or may be repeated: go on with it"
    ))?;
    output
        .line(format_args!("  --skip     statement {next} took effect: go on with statement {}", next + 1))?;
    output.line("  --from N   all statements before N took effect: go on with N")?;
    output.line("  --applied  the whole file took effect: record it, and run nothing")?;
    output.line(format_args!("with --seen {last}, which binds your answer to what is shown here"))?;
    Ok(())
}
