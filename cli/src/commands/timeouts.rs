//! The options that say how long a run waits, and for what.

use std::time::Duration;

use gapless::Runner;

use super::duration;

#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Timeouts {
    /// How long to wait for another runner [default: 10m]
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    lock_wait: Option<Duration>,
    /// How long a statement may wait for a lock, where its file does not say
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    lock_timeout: Option<Duration>,
    /// How long a statement may take, where its file does not say
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    statement_timeout: Option<Duration>,
}

impl Timeouts {
    /// The runner with those that are given.
    pub(super) fn set<'a>(&self, mut runner: Runner<'a>) -> Runner<'a> {
        if let Some(wait) = self.lock_wait {
            runner = runner.lock_wait(wait);
        }
        if let Some(timeout) = self.lock_timeout {
            runner = runner.lock_timeout(timeout);
        }
        if let Some(timeout) = self.statement_timeout {
            runner = runner.statement_timeout(timeout);
        }
        runner
    }
}
