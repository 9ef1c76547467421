//! Events of a run as `tracing` events, inside of the span `gapless`.

use crate::Event;

pub(crate) fn event(event: &Event<'_>) {
    match event {
        Event::Planned(plan) => {
            tracing::info!(pending = plan.pending().len(), applied = plan.applied(), "planned");
        }
        Event::Waiting { waited, holder } => {
            let holder = holder.map(ToString::to_string);
            tracing::info!(waited_ms = waited.as_millis(), holder, "waiting for another runner");
        }
        Event::Applying(pending) => {
            for one in *pending {
                tracing::debug!(version = one.version().number(), name = one.name(), "applying");
            }
        }
        Event::Changed(change) => {
            tracing::info!(version = change.version().number(), name = change.name(), "{change}");
        }
        Event::RolledBack(applied) => {
            tracing::info!(version = applied.version().number(), name = applied.name(), "taken back");
        }
        Event::Applied(applied) => {
            let micros = applied.duration().map(|duration| duration.as_micros());
            let (version, name, late) = (applied.version().number(), applied.name(), applied.out_of_order());
            tracing::info!(version, name, late, micros, "applied");
        }
        Event::Retrying { version, attempt, reason } => {
            tracing::warn!(version = version.number(), attempt, reason, "trying again");
        }
        Event::Warning(warning) => tracing::warn!("{warning}"),
    }
}
