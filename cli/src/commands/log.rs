//! `log`: the journal.

use gapless::{LogEntry, LogEvent, Runner, Version};

use crate::database::Database;
use crate::exit::{CommandError, Exit};
use crate::output::json::LogDocument;
use crate::output::{Cell, Colour, Output, time};
use crate::progress::tell_waiting;

#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Only entries of this version
    #[arg(long, value_name = "VERSION")]
    version: Option<Version>,
    /// Only this many of the newest entries
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run<D: Database>(
    arguments: &Arguments,
    mut runner: Runner<'_>,
    database: &mut D,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    if let Some(version) = arguments.version {
        runner = runner.log_version(version);
    }
    if let Some(limit) = arguments.limit {
        runner = runner.log_limit(limit);
    }
    let log = database.log(tell_waiting(runner)).await?;
    if arguments.json {
        output.json(&LogDocument::new(&log))?;
        return Ok(Exit::Done);
    }
    if log.entries().is_empty() {
        output.line("nothing is journaled")?;
        return Ok(Exit::Done);
    }
    let rows: Vec<_> = log.entries().iter().map(cells).collect();
    output.fitted_table(["at (UTC)", "version", "name", "event", "took", "by"], &rows, 2)?;
    for entry in log.entries().iter().filter(|entry| is_failure(entry)) {
        let said = entry.detail().and_then(|detail| detail.lines().next()).unwrap_or_default();
        output.line(format_args!("version {} {}: {said}", entry.version(), entry.event()))?;
    }
    if log.unreadable() > 0 {
        output.line(format_args!("note: {} rows of the journal cannot be read", log.unreadable()))?;
    }
    Ok(Exit::Done)
}

fn is_failure(entry: &LogEntry) -> bool {
    matches!(entry.event(), LogEvent::Failed | LogEvent::Interrupted)
}

fn cells(entry: &LogEntry) -> [Cell; 6] {
    let event = match (entry.statement(), entry.statements()) {
        (Some(statement), Some(of)) => format!("{} {statement}/{of}", entry.event()),
        _ => entry.event().to_string(),
    };
    let event = match entry.event() {
        LogEvent::Applied | LogEvent::Baselined => Cell::coloured(event, Colour::Good),
        LogEvent::Failed | LogEvent::Interrupted => Cell::coloured(event, Colour::Bad),
        LogEvent::Statement | LogEvent::StatementBegun => Cell::coloured(event, Colour::Faint),
        _ => event.into(),
    };
    [
        Cell::coloured(time::to_the_second(entry.at()), Colour::Faint),
        entry.version().to_string().into(),
        entry.name().to_owned().into(),
        event,
        entry.duration().map(super::duration::measured).unwrap_or_default().into(),
        super::status::by(entry.db_user(), entry.application()).into(),
    ]
}
