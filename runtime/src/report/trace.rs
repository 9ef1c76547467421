//! Emits the events of a run as `tracing` events, with the target `gapless` in a span `gapless`.

use crate::engine::Finished;
use crate::{Error, Event};

/// Returns the span of a run.
pub(crate) fn span() -> tracing::Span {
    tracing::info_span!(target: "gapless", "gapless")
}

pub(crate) fn event(event: &Event<'_>) {
    match event {
        Event::Planned(plan) => {
            let (pending, applied) = (plan.pending().len(), plan.applied());
            tracing::info!(target: "gapless", pending, applied, "planned");
        }
        Event::Waiting { waited, holder, busy } => {
            let holder = holder.map(ToString::to_string);
            let waited_ms = waited.as_millis();
            let what = if busy.is_some() { "waiting for the database" } else { "waiting for another runner" };
            tracing::info!(target: "gapless", waited_ms, holder, busy, "{what}");
        }
        Event::Applying(pending) => {
            for one in *pending {
                tracing::debug!(target: "gapless", version = one.version().number(), name = one.name(), "applying");
            }
        }
        Event::Changed(change) => {
            let (version, name) = (change.version().number(), change.name());
            tracing::info!(target: "gapless", version, name, "{change}");
        }
        Event::RolledBack(applied) => {
            let (version, name) = (applied.version().number(), applied.name());
            tracing::info!(target: "gapless", version, name, "rolled back");
        }
        Event::Applied(applied) => {
            let micros = applied.duration().map(|duration| duration.as_micros());
            let (version, name, late) = (applied.version().number(), applied.name(), applied.out_of_order());
            tracing::info!(target: "gapless", version, name, late, micros, "applied");
        }
        Event::Retrying { version, attempt, reason } => {
            tracing::warn!(target: "gapless", version = version.number(), attempt, reason, "trying again");
        }
        Event::Warning(warning) => tracing::warn!(target: "gapless", "{warning}"),
    }
}

/// Logs the end of a run. It leaves errors to the caller.
pub(crate) fn finished(outcome: &Result<Finished, Error>) {
    let Ok(Finished { report, plan, status: None, log: None, .. }) = outcome else { return };
    let (round_trips, elapsed_ms) = (report.round_trips(), report.elapsed().as_millis());
    if report.is_empty() && plan.is_empty() {
        let applied = report.already_applied();
        tracing::info!(target: "gapless", applied, round_trips, elapsed_ms, "nothing to do");
    } else if !report.is_empty() {
        let (applied, rolled_back) = (report.applied().len(), report.rolled_back().len());
        tracing::info!(target: "gapless", applied, rolled_back, round_trips, elapsed_ms, "done");
    }
}
