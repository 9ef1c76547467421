//! Waits for another runner or for a busy database, and retries, within the time and the number of tries that the
//! options allow.

use std::time::Duration;

use gapless_core::Version;

use super::Stop;
use super::backoff::Backoff;
use super::protocol::Protocol;
use crate::engine::DbError;
use crate::report::error::ErrorKind;
use crate::report::event::{Event, Holder};

/// The time after which an event names the lock's holder.
const LONG: Duration = Duration::from_millis(200);

/// From here on, the next event comes after twice the time,
const AGAIN: Duration = Duration::from_secs(1);

/// and at least this often.
const RARELY: Duration = Duration::from_secs(10);

/// The rest of the run's patience.
#[derive(Debug)]
pub(super) struct Patience {
    backoff: Backoff,
    /// The time that it has waited for others since it last made progress.
    pub(super) waited: Duration,
    /// The time of the last event.
    told: Duration,
    /// The number of this try of the current work, counted from 1.
    pub(super) attempt: u32,
    /// How often it has waited since it was cancelled.
    pub(super) cancelled: u32,
}

impl Patience {
    pub(super) fn new(seed: u64) -> Patience {
        let (waited, told) = (Duration::ZERO, Duration::ZERO);
        Patience { backoff: Backoff::new(seed), waited, told, attempt: 1, cancelled: 0 }
    }

    pub(super) fn renew(&mut self) {
        (self.attempt, self.waited) = (1, Duration::ZERO);
        self.backoff.reset();
    }

    /// Returns `true` if an event should tell the time; `first` is the time of the first event.
    fn is_news(&mut self, first: Duration) -> bool {
        if self.waited < self.told {
            // It has made progress since.
            self.told = Duration::ZERO;
        }
        let next =
            if self.told.is_zero() { first } else { (self.told * 2).max(AGAIN).min(self.told + RARELY) };
        let news = self.waited >= next;
        if news {
            self.told = self.waited;
        }
        news
    }
}

impl Protocol<'_> {
    /// Waits for another runner.
    ///
    /// # Errors
    ///
    /// Fails once the time for waiting is over.
    pub(super) async fn wait(&mut self, holder: Option<Holder>) -> Result<(), Stop> {
        // The last message was answered, and told that the lock is another runner's.
        self.session.in_vain += self.session.spent;
        self.wait_for(holder, None).await
    }

    /// Waits because the database is busy.
    ///
    /// # Errors
    ///
    /// Fails once the time for waiting is over.
    pub(super) async fn wait_for_database(&mut self, error: &DbError) -> Result<(), Stop> {
        self.wait_for(None, Some(&error.message)).await
    }

    /// Waits because the database is busy in the middle of what has to come to its end; once the run is cancelled, for a
    /// moment.
    ///
    /// # Errors
    ///
    /// The time for waiting is over.
    pub(super) async fn wait_to_end(&mut self, error: &DbError) -> Result<(), Stop> {
        if self.is_cancelled() {
            if !self.may_wait_cancelled() {
                return self.check_cancelled_waiting(None, Some(&error.message));
            }
            self.pause_before_retry().await;
            return Ok(());
        }
        self.wait_uncancelled(None, Some(&error.message)).await
    }

    /// Waits for the lock's holder, or for what the database says that it is busy with.
    pub(super) async fn wait_for(&mut self, holder: Option<Holder>, busy: Option<&str>) -> Result<(), Stop> {
        self.check_cancelled_waiting(holder.as_ref(), busy)?;
        self.wait_uncancelled(holder.clone(), busy).await?;
        self.check_cancelled_waiting(holder.as_ref(), busy)
    }

    async fn wait_uncancelled(&mut self, holder: Option<Holder>, busy: Option<&str>) -> Result<(), Stop> {
        let waited = self.count_waiting();
        if waited >= self.options.lock_wait {
            let busy = busy.map(str::to_owned);
            return Err(Stop::failed(ErrorKind::LockWait { waited, holder, busy }));
        }
        self.session.report(|report| report.waits += 1);
        let long = self.long();
        if self.patience.is_news(long) {
            self.emit(&Event::Waiting { waited, holder: holder.as_ref(), busy });
        }
        let left = self.options.lock_wait - waited;
        let pause = self.patience.backoff.wait().min(left);
        self.pause(pause).await;
        Ok(())
    }

    /// Counts the time of the messages that were in vain. Returns how long the run has waited by now.
    pub(super) fn count_waiting(&mut self) -> Duration {
        let in_vain = std::mem::take(&mut self.session.in_vain);
        self.session.report(|report| report.waited += in_vain);
        self.patience.waited += in_vain;
        self.patience.waited
    }

    /// Begins anew after progress: the rest of the run may wait and retry as long again.
    pub(super) fn renew_patience(&mut self) {
        self.session.in_vain = Duration::ZERO;
        self.patience.renew();
    }

    /// Returns `true` if it is worth asking for the lock's holder, which costs a new backend milliseconds: a lock that
    /// is about to be free interests nobody.
    pub(super) fn has_waited_long(&self) -> bool {
        self.patience.waited >= self.long()
    }

    fn long(&self) -> Duration {
        LONG.min(self.options.lock_wait / 2)
    }

    async fn pause(&mut self, pause: Duration) {
        // A refusal that leads to a retry is no waiting: retries have a number.
        self.session.in_vain = Duration::ZERO;
        self.session.sleep(pause).await;
        self.patience.waited += pause;
    }

    /// Rolls back and waits for another runner, before another attempt.
    pub(super) async fn stand_back(&mut self) -> Stop {
        let stood_back = async {
            self.roll_back().await?;
            self.wait(None).await
        };
        stood_back.await.err().unwrap_or(Stop::Again)
    }

    /// Rolls back and waits for the busy database, before another attempt.
    pub(super) async fn stand_back_from(&mut self, error: &DbError) -> Stop {
        let stood_back = async {
            self.roll_back().await?;
            self.wait_for_database(error).await
        };
        stood_back.await.err().unwrap_or(Stop::Again)
    }

    /// Rolls back and pauses before another attempt, or fails with this error once the retries are used up.
    pub(super) async fn retry_or(&mut self, kind: ErrorKind, version: Option<Version>, reason: &str) -> Stop {
        if !self.may_retry() {
            return Stop::failed(kind);
        }
        self.count_retry(version, reason);
        if let Err(stop) = self.roll_back().await {
            return stop;
        }
        self.pause_before_retry().await;
        Stop::Again
    }

    /// Returns `true` if the current work may be tried once more.
    pub(super) fn may_retry(&self) -> bool {
        self.patience.attempt <= self.options.retries
    }

    pub(super) fn count_retry(&mut self, version: Option<Version>, reason: &str) {
        if let Some(version) = version {
            self.emit(&Event::Retrying { version, attempt: self.patience.attempt, reason });
        }
        self.patience.attempt += 1;
        self.session.report(|report| report.retries += 1);
    }

    pub(super) async fn pause_before_retry(&mut self) {
        let pause = self.patience.backoff.retry();
        self.pause(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::dialect::Sqlite;
    use crate::engine::Reply;
    use crate::protocol::session::Link;
    use crate::protocol::without_abilities;
    use crate::runner::Goal;

    /// A deadlock after minutes of work is tried again, and the run has waited for nobody.
    #[test]
    fn the_time_before_a_retry_is_no_waiting() {
        let (set, link) = (without_abilities::set(&["SELECT 1;"]), Link::default());
        let mut protocol = without_abilities::protocol(&set, Goal::Apply, &Sqlite, |_| {}, link.clone());
        protocol.session.in_vain = Duration::from_secs(600);
        {
            let (mut pause, mut context) =
                (pin!(protocol.pause_before_retry()), Context::from_waker(Waker::noop()));
            assert_eq!(pause.as_mut().poll(&mut context), Poll::Pending);
            link.slot().reply = Some(Reply::slept());
            assert_eq!(pause.as_mut().poll(&mut context), Poll::Ready(()));
        }
        assert!(protocol.count_waiting() < Duration::from_secs(1));
        protocol.session.in_vain = Duration::from_secs(600);
        protocol.renew_patience();
        assert_eq!(protocol.count_waiting(), Duration::ZERO, "progress was made since");
    }
}
