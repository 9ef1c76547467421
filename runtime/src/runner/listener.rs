//! The listeners for events of a run.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::Event;

type Callback<'a> = Arc<Mutex<dyn FnMut(&Event<'_>) + Send + 'a>>;

/// The listeners for events, which all clones of a runner share.
#[derive(Clone, Default)]
pub(crate) struct Listener<'a> {
    callbacks: Vec<Callback<'a>>,
    #[cfg(feature = "tracing")]
    spans: crate::report::trace::Spans,
}

impl<'a> Listener<'a> {
    pub(super) fn add(&mut self, listener: impl FnMut(&Event<'_>) + Send + 'a) {
        self.callbacks.push(Arc::new(Mutex::new(listener)));
    }

    pub(crate) fn tell(&mut self, event: &Event<'_>) {
        #[cfg(feature = "tracing")]
        self.spans.event(event);
        for listener in &self.callbacks {
            // A panic in a listener ends its own run only.
            (listener.lock().unwrap_or_else(PoisonError::into_inner))(event);
        }
    }
}

impl fmt::Debug for Listener<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.callbacks.is_empty() { "Listener" } else { "Listener(..)" })
    }
}
