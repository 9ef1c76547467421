//! Ctrl-C and SIGTERM while a run goes on: the first cancels it, the second ends the process at once.

use gapless::CancellationToken;

/// Cancels the token at the first signal, until the guard is dropped, and says so. Calls `leave` before it ends the
/// process at the second.
///
/// Handlers that the program has set itself are called too.
pub(crate) fn cancel_on_signal(
    token: &CancellationToken,
    say: impl Fn(&str) + Send + 'static,
    leave: impl Fn() + Send + 'static,
) -> Guard {
    imp::cancel_on_signal(token, say, leave)
}

pub(crate) use imp::Guard;

#[cfg(unix)]
mod imp {
    use std::process;
    use std::sync::mpsc::{self, RecvTimeoutError, Sender};
    use std::thread::{self, JoinHandle};
    use std::time::Duration;

    use gapless::CancellationToken;
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::{Handle, Signals};

    /// A server passes over what comes between two messages.
    const AGAIN: Duration = Duration::from_secs(1);

    /// Listens for signals as long as it lives.
    pub(crate) struct Guard(Option<(Handle, JoinHandle<()>)>);

    pub(super) fn cancel_on_signal(
        token: &CancellationToken,
        say: impl Fn(&str) + Send + 'static,
        leave: impl Fn() + Send + 'static,
    ) -> Guard {
        // Without a handler, a signal ends the process as it always did.
        let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else { return Guard(None) };
        let (handle, token) = (signals.handle(), token.clone());
        let listener = thread::spawn(move || {
            let mut canceller = None;
            for signal in &mut signals {
                if canceller.is_some() {
                    leave();
                    // As a shell reports a process that a signal has ended.
                    process::exit(128 + signal);
                }
                say("cancelling; once more ends at once");
                canceller = Some(Canceller::begin(token.clone()));
            }
        });
        Guard(Some((handle, listener)))
    }

    /// Cancels again and again until it is dropped, beside the signals: to reach the server may take a while.
    struct Canceller(Option<(Sender<()>, JoinHandle<()>)>);

    impl Canceller {
        fn begin(token: CancellationToken) -> Canceller {
            let (sender, receiver) = mpsc::channel();
            let thread = thread::spawn(move || {
                loop {
                    token.cancel();
                    if receiver.recv_timeout(AGAIN) != Err(RecvTimeoutError::Timeout) {
                        return;
                    }
                }
            });
            Canceller(Some((sender, thread)))
        }
    }

    impl Drop for Canceller {
        fn drop(&mut self) {
            if let Some((sender, thread)) = self.0.take() {
                drop(sender);
                // What it cancels must not be what comes after the run.
                let _ = thread.join();
            }
        }
    }

    impl Drop for Guard {
        fn drop(&mut self) {
            if let Some((handle, listener)) = self.0.take() {
                handle.close();
                // Joined, so that the handlers are gone when the program goes on.
                let _ = listener.join();
            }
        }
    }
}

#[cfg(not(unix))]
mod imp {
    use gapless::CancellationToken;

    /// Here a signal ends the process at once.
    pub(crate) struct Guard;

    pub(super) fn cancel_on_signal(_: &CancellationToken, _: impl Fn(&str), _: impl Fn()) -> Guard {
        Guard
    }
}
