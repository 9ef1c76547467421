//! Cancelling a run from another thread or task.

use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Token by which a program cancels runs: give it to [`Runner::cancel_on`](crate::Runner::cancel_on), keep a clone, and
/// call [`cancel`](CancellationToken::cancel) from another thread or task.
///
/// A run that is cancelled begins nothing any more: no migration, no statement outside of a transaction, no try for the
/// lock. It ends a wait at once, puts the session's settings back, gives the lock back, and fails with
/// [`Error::is_cancelled`](crate::Error::is_cancelled). A run that is done by then succeeds.
///
/// The token alone does not reach the server: the message that a run has sent goes on to its end. To interrupt the
/// statement, say with [`on_cancel`](CancellationToken::on_cancel) how the client does that. What the statement did is
/// rolled back, it is not tried again, and of a message with several migrations those before it stay applied.
///
/// ```no_run
/// # #[cfg(feature = "postgres")] {
/// use gapless::{CancellationToken, MigrationSet, embed_migrations};
/// use postgres::NoTls;
///
/// static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
///
/// # fn on_ctrl_c(handler: impl FnMut() + Send + 'static) {}
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut client = postgres::Client::connect("host=localhost user=app", NoTls)?;
/// let token = CancellationToken::new();
/// // With rusqlite: `let handle = connection.get_interrupt_handle();`, and `handle.interrupt()` in the hook.
/// let server = client.cancel_token();
/// token.on_cancel(move || drop(server.cancel_query(NoTls)));
/// on_ctrl_c({
///     let token = token.clone();
///     move || token.cancel()
/// });
/// match MIGRATIONS.runner().cancel_on(&token).run(&mut client) {
///     Err(error) if error.is_cancelled() => eprintln!("{error}"),
///     result => println!("{}", result?),
/// }
/// # Ok(()) }
/// # }
/// ```
#[derive(Clone, Default)]
pub struct CancellationToken(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    cancelled: Condvar,
}

type Hook = Arc<Mutex<dyn FnMut() + Send>>;

#[derive(Default)]
struct State {
    is_cancelled: bool,
    hooks: Vec<Hook>,
    wakers: BTreeMap<u64, Waker>,
    waiters: u64,
}

impl CancellationToken {
    /// Makes a token that is not cancelled.
    pub fn new() -> CancellationToken {
        CancellationToken::default()
    }

    /// Cancels, for good, and calls each hook.
    ///
    /// To cancel again calls the hooks again: a server passes over what comes between two messages. Do so while the run
    /// has not ended, a second later for example.
    pub fn cancel(&self) {
        let (hooks, wakers) = {
            let mut state = self.state();
            state.is_cancelled = true;
            (state.hooks.clone(), std::mem::take(&mut state.wakers))
        };
        self.0.cancelled.notify_all();
        wakers.into_values().for_each(Waker::wake);
        hooks.iter().for_each(call);
    }

    /// Returns true once it is cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.state().is_cancelled
    }

    /// Has [`cancel`](CancellationToken::cancel) call this each time, in its thread; and now, if it is cancelled already.
    ///
    /// The hook is where a program interrupts the statement that runs: `postgres::CancelToken::cancel_query` (with the
    /// program's TLS), `rusqlite::InterruptHandle::interrupt`, or a spawned task that awaits
    /// `tokio_postgres::CancelToken::cancel_query`. A hook stays as long as the token: use one token for
    /// one connection. The server may deliver a cancel late, to whatever the connection does next: close it after a
    /// cancelled run.
    pub fn on_cancel(&self, hook: impl FnMut() + Send + 'static) {
        let hook: Hook = Arc::new(Mutex::new(hook));
        let is_cancelled = {
            let mut state = self.state();
            state.hooks.push(Arc::clone(&hook));
            state.is_cancelled
        };
        if is_cancelled {
            call(&hook);
        }
    }

    /// Waits until it is cancelled.
    pub async fn cancelled(&self) {
        let mut waiting = Waiting { token: self, number: None };
        poll_fn(|context| waiting.poll(context)).await;
    }

    /// Waits so long; no longer than until it is cancelled, if it is not cancelled yet: what a cancelled run still has
    /// to wait for, it waits for.
    pub(crate) fn sleep(&self, pause: Duration) {
        let state = self.state();
        if state.is_cancelled {
            drop(state);
            std::thread::sleep(pause);
            return;
        }
        let woken = self.0.cancelled.wait_timeout_while(state, pause, |state| !state.is_cancelled);
        drop(woken);
    }

    /// [`sleep`](CancellationToken::sleep) with the timer of a runtime.
    pub(crate) async fn race(&self, pause: impl Future<Output = ()> + Send) {
        if self.is_cancelled() {
            return pause.await;
        }
        let (mut pause, mut cancelled) = (pin!(pause), pin!(self.cancelled()));
        poll_fn(|context| match cancelled.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => pause.as_mut().poll(context),
        })
        .await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here can panic half-way.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls a hook, unless somebody does so right now.
fn call(hook: &Hook) {
    if let Ok(mut hook) = hook.try_lock() {
        hook();
    }
}

impl fmt::Debug for CancellationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancellationToken").field("is_cancelled", &self.is_cancelled()).finish()
    }
}

/// A task that waits; it is forgotten when it is dropped.
struct Waiting<'t> {
    token: &'t CancellationToken,
    number: Option<u64>,
}

impl Waiting<'_> {
    fn poll(&mut self, context: &Context<'_>) -> Poll<()> {
        let mut state = self.token.state();
        if state.is_cancelled {
            return Poll::Ready(());
        }
        let number = *self.number.get_or_insert_with(|| {
            state.waiters += 1;
            state.waiters
        });
        state.wakers.insert(number, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.token.state().wakers.remove(&number);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Instant;

    use super::*;

    #[test]
    fn hooks_are_called_by_each_cancel_and_late_ones_at_once() {
        let token = CancellationToken::new();
        let called = Arc::new(AtomicUsize::new(0));
        let hook = || {
            let called = Arc::clone(&called);
            move || {
                called.fetch_add(1, Ordering::Relaxed);
            }
        };
        token.on_cancel(hook());
        token.clone().on_cancel(hook());
        assert!(!token.is_cancelled());
        token.cancel();
        assert!(token.is_cancelled() && called.load(Ordering::Relaxed) == 2);
        token.on_cancel(hook());
        assert_eq!(called.load(Ordering::Relaxed), 3);
        token.on_cancel({
            let token = token.clone();
            move || token.cancel()
        });
        // The last one has called all but itself, once.
        assert_eq!(called.load(Ordering::Relaxed), 6);
    }

    #[test]
    fn a_sleep_ends_with_the_token_and_not_after_it() {
        let token = CancellationToken::new();
        let begun = Instant::now();
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(20));
                token.cancel();
            });
            token.sleep(Duration::from_secs(60));
        });
        assert!(token.is_cancelled() && begun.elapsed() < Duration::from_secs(30));
        let begun = Instant::now();
        token.sleep(Duration::from_millis(20));
        assert!(begun.elapsed() >= Duration::from_millis(20));
    }

    #[test]
    fn a_task_that_stops_waiting_is_forgotten() {
        let token = CancellationToken::new();
        let mut context = Context::from_waker(Waker::noop());
        let mut waiting = Box::pin(token.cancelled());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        assert_eq!(token.state().wakers.len(), 1);
        drop(waiting);
        assert!(token.state().wakers.is_empty());
        let mut waiting = Box::pin(token.cancelled());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        token.cancel();
        assert!(waiting.as_mut().poll(&mut context).is_ready());
    }
}
