//! One face of blocking and asynchronous clients, so that each command is written once.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use crate::progress::watcher::Opener;
use gapless::{AsyncClient, Connection, DryRun, Error, Log, Plan, Report, Rollback, Runner, Status};

/// The endings of a runner that commands use.
pub(crate) trait Database {
    async fn status(&mut self, runner: Runner<'_>) -> Result<Status, Error>;
    async fn plan(&mut self, runner: Runner<'_>) -> Result<Plan, Error>;
    async fn run(&mut self, runner: Runner<'_>) -> Result<Report, Error>;
    async fn dry_run(&mut self, runner: Runner<'_>) -> Result<DryRun, Error>;
    async fn log(&mut self, runner: Runner<'_>) -> Result<Log, Error>;
    async fn verify(&mut self, runner: Runner<'_>) -> Result<Report, Error>;
    async fn plan_repair(&mut self, runner: Runner<'_>) -> Result<Plan, Error>;
    async fn repair(&mut self, runner: Runner<'_>) -> Result<Report, Error>;
    async fn plan_rollback(&mut self, runner: Runner<'_>, rollback: Rollback) -> Result<Plan, Error>;
    async fn rollback(&mut self, runner: Runner<'_>, rollback: Rollback) -> Result<Report, Error>;
    async fn sleep(&mut self, pause: Duration);

    /// Returns the way to look at a run from beside it, once.
    fn beside(&mut self) -> Option<Opener> {
        None
    }
}

/// A blocking client. Its futures are ready at once.
pub(crate) struct Blocking<'a, C>(pub(crate) &'a mut C, Option<Opener>);

impl<'a, C> Blocking<'a, C> {
    pub(crate) fn new(client: &'a mut C) -> Blocking<'a, C> {
        Blocking(client, None)
    }

    /// The client, with a way to look at it from beside.
    #[cfg(feature = "binary")]
    pub(crate) fn watched(client: &'a mut C, beside: Option<Opener>) -> Blocking<'a, C> {
        Blocking(client, beside)
    }
}

impl<C: Connection> Database for Blocking<'_, C> {
    async fn status(&mut self, runner: Runner<'_>) -> Result<Status, Error> {
        runner.status(self.0)
    }

    async fn plan(&mut self, runner: Runner<'_>) -> Result<Plan, Error> {
        runner.plan(self.0)
    }

    async fn run(&mut self, runner: Runner<'_>) -> Result<Report, Error> {
        runner.run(self.0)
    }

    async fn dry_run(&mut self, runner: Runner<'_>) -> Result<DryRun, Error> {
        runner.dry_run(self.0)
    }

    async fn log(&mut self, runner: Runner<'_>) -> Result<Log, Error> {
        runner.log(self.0)
    }

    async fn verify(&mut self, runner: Runner<'_>) -> Result<Report, Error> {
        runner.verify(self.0)
    }

    async fn plan_repair(&mut self, runner: Runner<'_>) -> Result<Plan, Error> {
        runner.plan_repair(self.0)
    }

    async fn repair(&mut self, runner: Runner<'_>) -> Result<Report, Error> {
        runner.repair(self.0)
    }

    async fn plan_rollback(&mut self, runner: Runner<'_>, rollback: Rollback) -> Result<Plan, Error> {
        runner.plan_rollback(rollback, self.0)
    }

    async fn rollback(&mut self, runner: Runner<'_>, rollback: Rollback) -> Result<Report, Error> {
        runner.rollback(rollback, self.0)
    }

    async fn sleep(&mut self, pause: Duration) {
        thread::sleep(pause);
    }

    fn beside(&mut self) -> Option<Opener> {
        self.1.take()
    }
}

/// An asynchronous client.
pub(crate) struct Async<'a, C>(pub(crate) &'a mut C);

impl<C: AsyncClient> Database for Async<'_, C> {
    async fn status(&mut self, runner: Runner<'_>) -> Result<Status, Error> {
        runner.status_async(self.0).await
    }

    async fn plan(&mut self, runner: Runner<'_>) -> Result<Plan, Error> {
        runner.plan_async(self.0).await
    }

    async fn run(&mut self, runner: Runner<'_>) -> Result<Report, Error> {
        runner.run_async(self.0).await
    }

    async fn dry_run(&mut self, runner: Runner<'_>) -> Result<DryRun, Error> {
        runner.dry_run_async(self.0).await
    }

    async fn log(&mut self, runner: Runner<'_>) -> Result<Log, Error> {
        runner.log_async(self.0).await
    }

    async fn verify(&mut self, runner: Runner<'_>) -> Result<Report, Error> {
        runner.verify_async(self.0).await
    }

    async fn plan_repair(&mut self, runner: Runner<'_>) -> Result<Plan, Error> {
        runner.plan_repair_async(self.0).await
    }

    async fn repair(&mut self, runner: Runner<'_>) -> Result<Report, Error> {
        runner.repair_async(self.0).await
    }

    async fn plan_rollback(&mut self, runner: Runner<'_>, rollback: Rollback) -> Result<Plan, Error> {
        runner.plan_rollback_async(rollback, self.0).await
    }

    async fn rollback(&mut self, runner: Runner<'_>, rollback: Rollback) -> Result<Report, Error> {
        runner.rollback_async(rollback, self.0).await
    }

    async fn sleep(&mut self, pause: Duration) {
        self.0.sleep(pause).await;
    }
}

/// Takes a future of a [`Blocking`] client to its end.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::yield_now(),
        }
    }
}
