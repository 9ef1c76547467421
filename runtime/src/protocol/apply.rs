//! Applies the pending migrations in ascending order, each in the way that its item says.

use std::time::Duration;

use gapless_core::{Migration, Version};

use super::Stop;
use super::item::Execution;
use super::protocol::Protocol;
use crate::report::error::ErrorKind;
use crate::report::event::Event;
use crate::{Applied, Pending};

/// The migrations that the run has recorded and announced.
#[derive(Debug, Default)]
pub(super) struct Applying {
    /// The number of rows that this run has written to the set.
    pub(super) recorded: usize,
    /// The migrations of the last [`Event::Applying`].
    announced: Vec<Pending>,
    /// The migration of the last [`Event::RollingBack`].
    pub(super) rolling_back: Option<Version>,
}

impl Protocol<'_> {
    /// Applies the queue. If a migration fails, those before it are applied all the same.
    pub(super) async fn apply_all(&mut self) -> Result<(), Stop> {
        let mut failed: Option<ErrorKind> = None;
        // Each turn shortens the queue, or ends this attempt or the run.
        while let Some(item) = self.queue.front().copied() {
            self.check_cancelled_before_next(&mut failed)?;
            if self.is_to_be_asked(item.migration) {
                self.run_steps(item).await?;
                continue;
            }
            match item.execution {
                _ if self.is_chained(&item) => self.apply_chain(failed.is_none()).await?,
                Execution::Batched => {
                    let ends_run = failed.is_none();
                    match self.apply_batch(ends_run).await {
                        Ok(found) => failed = found.or(failed),
                        Err(stop) => return Err(stop.knowing(failed)),
                    }
                }
                Execution::Stepwise => self.run_steps(item).await?,
                Execution::Code => self.apply_code(item).await?,
            }
        }
        failed.map_or(Ok(()), |kind| Err(Stop::failed(kind)))
    }

    pub(super) fn pending(&self, version: Version) -> Option<Pending> {
        let pending = self.plan.pending();
        // They ascend, as the set does.
        let at = pending.binary_search_by_key(&version, Pending::version).ok()?;
        pending.get(at).cloned()
    }

    pub(super) fn tell_applying(&mut self, versions: impl IntoIterator<Item = Version>) {
        let pending: Vec<_> = versions.into_iter().filter_map(|version| self.pending(version)).collect();
        if self.applying.announced != pending {
            self.emit(&Event::Applying(&pending));
            self.applying.announced = pending;
        }
    }

    pub(super) fn applied(&self, migration: &Migration, duration: Option<Duration>) -> Applied {
        let pending = self.pending(migration.version());
        Applied {
            version: migration.version(),
            name: migration.name().to_owned(),
            path: migration.file(),
            source: pending.as_ref().and_then(|pending| pending.source().map(str::to_owned)),
            out_of_order: pending.is_some_and(|pending| pending.out_of_order()),
            duration,
        }
    }

    /// Takes a migration from the queue and reports it as applied by this run.
    pub(super) fn mark(&mut self, migration: &Migration, duration: Option<Duration>) {
        let version = migration.version();
        if let Ok(at) = self.queue.binary_search_by_key(&version, |item| item.migration.version()) {
            self.queue.remove(at);
        }
        self.applying.recorded += self.pending(version).and_then(|pending| pending.stands_for()).unwrap_or(1);
        let applied = self.applied(migration, duration);
        self.emit(&Event::Applied(&applied));
        self.session.report(|report| report.applied.push(applied));
    }
}
