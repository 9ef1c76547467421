//! Emits the events of a run as `tracing` events, with the target `gapless` in a span `gapless`;
//! and a span of each migration.

use std::collections::BTreeMap;

use gapless_core::Version;
use tracing::Span;

use crate::engine::Finished;
use crate::{Applied, Error, Event};

/// Returns the span of a run.
pub(crate) fn span() -> tracing::Span {
    tracing::info_span!(target: "gapless", "gapless")
}

/// The spans of the migrations that a run is at: each with version and name, and with its duration once it is done.
#[derive(Debug, Default)]
pub(crate) struct Spans(BTreeMap<Version, Span>);

/// A clone of a runner begins without spans.
impl Clone for Spans {
    fn clone(&self) -> Spans {
        Spans::default()
    }
}

impl Spans {
    fn begin(&mut self, version: Version, name: &str) -> &Span {
        let make = || {
            let (number, duration_us) = (version.number(), tracing::field::Empty);
            tracing::info_span!(target: "gapless", "migration", version = number, name, duration_us)
        };
        self.0.entry(version).or_insert_with(make)
    }

    /// Ends the span of a migration with these words.
    fn end(&mut self, applied: &Applied, words: &'static str) {
        let (version, name, late) = (applied.version(), applied.name(), applied.out_of_order());
        self.begin(version, name);
        let Some(span) = self.0.remove(&version) else { return };
        let micros = applied.duration().and_then(|duration| u64::try_from(duration.as_micros()).ok());
        micros.map(|micros| span.record("duration_us", micros));
        let version = version.number();
        span.in_scope(|| tracing::info!(target: "gapless", version, name, late, micros, "{words}"));
    }

    pub(crate) fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Planned(plan) => {
                let (pending, applied) = (plan.pending().len(), plan.applied());
                tracing::info!(target: "gapless", pending, applied, "planned");
            }
            Event::Waiting { waited, holder, busy } => {
                let holder = holder.map(ToString::to_string);
                let waited_ms = waited.as_millis();
                let what =
                    if busy.is_some() { "waiting for the database" } else { "waiting for another runner" };
                tracing::info!(target: "gapless", waited_ms, holder, busy, "{what}");
            }
            Event::Started { pid } => tracing::debug!(target: "gapless", pid, "started"),
            Event::Applying(pending) => {
                for one in *pending {
                    let (version, name) = (one.version().number(), one.name());
                    let span = self.begin(one.version(), name);
                    span.in_scope(|| tracing::debug!(target: "gapless", version, name, "applying"));
                }
            }
            Event::RollingBack(one) => {
                let (version, name) = (one.version().number(), one.name());
                let span = self.begin(one.version(), name);
                span.in_scope(|| tracing::debug!(target: "gapless", version, name, "rolling back"));
            }
            Event::Statement(one) => {
                let (version, statement, of) = (one.version().number(), one.number(), one.total());
                let span = self.begin(one.version(), one.name());
                span.in_scope(|| tracing::debug!(target: "gapless", version, statement, of, "statement"));
            }
            Event::Changed(change) => {
                let (version, name) = (change.version().number(), change.name());
                tracing::info!(target: "gapless", version, name, "{change}");
            }
            Event::RolledBack(applied) => self.end(applied, "rolled back"),
            Event::Applied(applied) => self.end(applied, "applied"),
            Event::Retrying { version, attempt, reason } => {
                let retrying = || {
                    tracing::warn!(target: "gapless", version = version.number(), attempt, reason, "trying again");
                };
                match self.0.get(version) {
                    Some(span) => span.in_scope(retrying),
                    None => retrying(),
                }
            }
            Event::Warning(warning) => tracing::warn!(target: "gapless", "{warning}"),
        }
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
