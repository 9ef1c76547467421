//! Looks at a run from beside it, for what its own connection cannot tell while a message is on its way.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Progress;
use super::activity::Activity;

/// Most runs are over before that, and need no second connection.
const FIRST: Duration = Duration::from_secs(1);

const BETWEEN: Duration = Duration::from_millis(500);

/// A connection beside the run's own.
pub(crate) trait Look {
    /// Looks once at the backend, for these pending versions; `None` if nothing can be seen any more.
    fn look(&mut self, pid: i32, pending: &[i64]) -> Option<Activity>;
}

/// Opens the connection, in the thread that looks.
pub(crate) type Opener = Box<dyn FnOnce() -> Option<Box<dyn Look>> + Send>;

/// Looks until it is dropped.
pub(crate) struct Watcher(Option<(Sender<()>, JoinHandle<()>)>);

impl Watcher {
    pub(super) fn begin(open: Option<Opener>, progress: &Progress) -> Watcher {
        let Some(open) = open else { return Watcher(None) };
        let (sender, receiver) = mpsc::channel();
        let progress = progress.clone();
        let goes_on = move |pause| receiver.recv_timeout(pause) == Err(RecvTimeoutError::Timeout);
        let thread = thread::spawn(move || {
            let mut pid = None;
            while pid.is_none() {
                if !goes_on(FIRST) {
                    return;
                }
                pid = progress.backend();
            }
            let (Some(pid), Some(mut beside)) = (pid, open()) else { return };
            while let Some(activity) = beside.look(pid, &progress.pending()) {
                progress.see(&activity);
                if !goes_on(BETWEEN) {
                    return;
                }
            }
        });
        Watcher(Some((sender, thread)))
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.0.take() {
            drop(sender);
            let _ = thread.join();
        }
    }
}
