//! `wait`: until the database is current.

use std::process;
use std::thread;
use std::time::{Duration, Instant};

use gapless::Runner;

use super::allowances::Allowances;
use super::duration;
use crate::database::Database;
use crate::exit::{CommandError, Exit, Form, conclude};
use crate::output::complain;

/// A look that began in time may end.
const GRACE: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Give up after this time, as 30s, 5m or 1h
    #[arg(long = "for", value_name = "TIME", default_value = "10m", value_parser = duration::parse)]
    patience: Duration,
    /// Time between two looks
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration::parse)]
    every: Duration,
    #[command(flatten)]
    allowances: Allowances,
}

/// Waits with a client that may find its way back to a lost database.
pub(super) async fn run<D: Database>(
    arguments: &Arguments,
    runner: Runner<'_>,
    database: &mut D,
) -> Result<Exit, CommandError> {
    let mut waiting = Waiting::begin(arguments);
    while let Err(reason) = waiting.until_current(&runner, database).await? {
        let pause = waiting.pause(reason)?;
        database.sleep(pause).await;
    }
    Ok(Exit::Done)
}

/// How long it waits, and for what.
pub(crate) struct Waiting {
    begun: Instant,
    patience: Duration,
    every: Duration,
    allowances: Allowances,
    reason: String,
}

impl Waiting {
    pub(crate) fn begin(arguments: &Arguments) -> Waiting {
        let Arguments { patience, every, allowances } = *arguments;
        Waiting { begun: Instant::now(), patience, every, allowances, reason: String::new() }
    }

    /// Ends the process a moment after the end of patience, in the middle of a look that gets no answer: it takes no lock
    /// and writes nothing.
    #[cfg(feature = "binary")]
    pub(crate) fn end_in_time(&self) {
        let (limit, patience) = (self.patience.saturating_add(GRACE), self.patience);
        thread::spawn(move || {
            thread::sleep(limit);
            let error = late(patience, "the database does not answer");
            process::exit(conclude(Err(error), Form::Text).code().into());
        });
    }

    /// Looks until the database is current. Returns the reason inside if the connection is lost.
    ///
    /// # Errors
    ///
    /// What waiting does not change, and the end of patience.
    pub(crate) async fn until_current<D: Database>(
        &mut self,
        runner: &Runner<'_>,
        database: &mut D,
    ) -> Result<Result<(), String>, CommandError> {
        loop {
            let runner = self.allowances.set(runner.clone());
            match database.verify(runner.lock_wait(self.left())).await {
                Ok(_) => return Ok(Ok(())),
                Err(error) if error.is_connection() => return Ok(Err(error.to_string())),
                Err(error) if error.is_pending() || error.is_lock_wait() => {
                    let pause = self.pause(error.to_string())?;
                    database.sleep(pause).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// How long to wait before the next look. Says on the standard error why, when that has changed.
    ///
    /// # Errors
    ///
    /// The end of patience, with the reason.
    pub(crate) fn pause(&mut self, reason: String) -> Result<Duration, CommandError> {
        let left = self.left();
        if left.is_zero() {
            return Err(late(self.patience, &reason));
        }
        if reason != self.reason {
            let first = reason.lines().next().unwrap_or_default();
            complain(format_args!("waiting: {}", first.trim_end_matches(':')));
            self.reason = reason;
        }
        Ok(left.min(self.every))
    }

    fn left(&self) -> Duration {
        self.patience.saturating_sub(self.begun.elapsed())
    }
}

/// The error at the end of patience.
fn late(patience: Duration, reason: &str) -> CommandError {
    let waited = duration::shown(patience);
    CommandError::Other(Exit::Pending, format!("not current after {waited}: {reason}"))
}
