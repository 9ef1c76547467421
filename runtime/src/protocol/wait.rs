//! Waiting for another runner or for a busy database, and retrying: within the time and the number of tries that the
//! options allow.

use std::time::Duration;

use gapless_core::Version;

use super::Stop;
use super::backoff::Backoff;
use super::protocol::Protocol;
use crate::engine::DbError;
use crate::report::error::ErrorKind;
use crate::report::event::{Event, Holder};

/// After so long somebody may want to know who has the lock.
const LONG: Duration = Duration::from_millis(200);

/// Then it is said after twice as long each time, from here on,
const AGAIN: Duration = Duration::from_secs(1);

/// and at least so often.
const RARELY: Duration = Duration::from_secs(10);

/// What is left of the run's patience.
#[derive(Debug)]
pub(super) struct Patience {
    backoff: Backoff,
    /// How long it has waited for others since it last made progress.
    pub(super) waited: Duration,
    /// How long that was when it was last said.
    told: Duration,
    /// Which try of the work at hand this is, counted from 1.
    pub(super) attempt: u32,
}

impl Patience {
    pub(super) fn new(seed: u64) -> Patience {
        Patience { backoff: Backoff::new(seed), waited: Duration::ZERO, told: Duration::ZERO, attempt: 1 }
    }

    /// The run has made progress: what follows may wait and retry anew.
    pub(super) fn renew(&mut self) {
        (self.attempt, self.waited) = (1, Duration::ZERO);
        self.backoff.reset();
    }

    /// Whether to say that it has waited for so long; `first` is after how long to say so for the first time.
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
    /// The time for waiting is over.
    pub(super) async fn wait(&mut self, holder: Option<Holder>) -> Result<(), Stop> {
        self.wait_for(holder, None).await
    }

    /// Waits because the database is busy.
    ///
    /// # Errors
    ///
    /// The time for waiting is over.
    pub(super) async fn wait_for_database(&mut self, error: &DbError) -> Result<(), Stop> {
        self.wait_for(None, Some(&error.message)).await
    }

    async fn wait_for(&mut self, holder: Option<Holder>, busy: Option<&str>) -> Result<(), Stop> {
        self.patience.waited += self.session.spent;
        let waited = self.patience.waited;
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

    /// Who has the lock is of no interest if it is about to be free, and costs a new backend milliseconds to tell.
    pub(super) fn has_waited_long(&self) -> bool {
        self.patience.waited >= self.long()
    }

    fn long(&self) -> Duration {
        LONG.min(self.options.lock_wait / 2)
    }

    async fn pause(&mut self, pause: Duration) {
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

    /// Rolls back and pauses before another attempt; or fails with this error, once the retries are used up.
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

    /// Whether the work at hand may be tried once more.
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
