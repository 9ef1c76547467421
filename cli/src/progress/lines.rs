//! Events as plain lines, for logs. What the report says at the end is left out.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gapless::Event;

use super::activity::Activity;
use crate::output::complain;

/// A long statement is reported as often as its phase changes, and besides no more often than this.
const BETWEEN: Duration = Duration::from_secs(10);

/// The activity that was written last.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines(Arc<Mutex<Option<(Instant, Activity)>>>);

impl Lines {
    pub(super) fn show(&self, event: &Event<'_>) {
        match event {
            Event::Planned(_)
            | Event::Started { .. }
            | Event::Changed(_)
            | Event::Applied(_)
            | Event::RolledBack(_)
            | Event::Warning(_) => {}
            event => complain(event),
        }
    }

    pub(super) fn see(&self, activity: &Activity) {
        let Some(sentence) = activity.sentence() else { return };
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due =
            last.as_ref().is_none_or(|(at, before)| activity.is_news(before) || at.elapsed() > BETWEEN);
        if is_due {
            complain(sentence);
            *last = Some((Instant::now(), activity.clone()));
        }
    }
}
