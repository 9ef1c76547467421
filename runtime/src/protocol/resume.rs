//! Resumes a migration outside of a transaction where the journal says that it stopped.

use gapless_core::Statement;

use super::Stop;
use super::errors::{Work, said};
use super::part::{Message, Part};
use super::progress::Progress;
use super::protocol::Protocol;
use super::steps::Steps;
use crate::dialect::Entry;
use crate::engine::ResultSet;
use crate::report::error::{ErrorKind, Since};
use crate::runner::options::Resolution;

/// The outcome of the beginning of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// The try has begun: send the steps.
    Steps,
    /// Nothing is left of earlier tries, and the migration runs in a transaction.
    Turned,
    /// It has paused: read the journal again.
    Again,
}

impl<'a> Protocol<'a> {
    /// Reads the journal of the migration.
    pub(super) async fn read_progress(&mut self, steps: &mut Steps<'a>) -> Result<Progress, Stop> {
        let message = self.dialect.progress(&self.tracker, &self.names(steps.item.migration));
        let results = self.insist(steps, Part::Progress, Message::plain(message)).await?;
        Ok(results.first().map(Progress::read).unwrap_or_default())
    }

    /// Finds the step to go on with, and journals that a try begins.
    pub(super) async fn begin_try(
        &mut self,
        steps: &mut Steps<'a>,
        mut progress: Progress,
    ) -> Result<Begin, Stop> {
        let down = steps.item.is_down();
        if progress.rows > 0 && progress.recorded != down {
            return Err(self.recorded_by_another(steps).await);
        }
        if progress.back != down {
            progress.begin_anew();
        }
        self.ask_cluster(&mut progress).await?;
        self.watch(steps, &progress);
        let waited = self.patience.waited + self.session.spent;
        let lives = progress.lives();
        if waited < progress.patience(self.options.lock_wait) && (lives || !self.resolves(steps)) {
            self.wait(None).await?;
            return Ok(Begin::Again);
        }
        self.check_seen(steps, &progress, lives)?;
        let resolution = self.resolution(steps, &progress);
        if steps.is_turned() && resolution != Some(Resolution::MarkApplied) {
            return self.turn(steps, &progress, resolution).await;
        }
        self.place(steps, &progress, resolution)?;
        self.patience.attempt = progress.attempt + 1;
        let message = self.start_message(steps, &progress, resolution.is_some());
        if !steps.item.is_down() {
            self.tell_applying([steps.item.migration.version()]);
        }
        let started = self.send_part(steps, Part::Start, Message::plain(message)).await?.is_some();
        Ok(if started { Begin::Steps } else { Begin::Again })
    }

    /// Fails if the caller's resolution is about another state than this one, or about a try that lives.
    fn check_seen(&self, steps: &Steps<'a>, progress: &Progress, lives: bool) -> Result<(), Stop> {
        if !self.resolves(steps) {
            return Ok(());
        }
        let version = steps.item.migration.version();
        if lives {
            return Err(Stop::failed(ErrorKind::Stale(Since::Session(
                version,
                progress.pid,
                self.dialect.end_session(),
            ))));
        }
        match self.options.seen {
            Some(seen) if progress.last != Some(seen) => {
                Err(Stop::failed(ErrorKind::Stale(Since::Entry(version, seen))))
            }
            _ => Ok(()),
        }
    }

    /// Ends the attempt because another runner has recorded the migration, or rolled it back, since the observation.
    async fn recorded_by_another(&mut self, steps: &Steps<'a>) -> Stop {
        if self.is_overtaken(self.known.history.rows().len()) {
            return self.overtaken_by(None).await;
        }
        let version = steps.item.migration.version();
        let (is, work) = if steps.item.is_down() {
            ("is not", Work::RollingBack(version))
        } else {
            ("is", Work::Applying(version))
        };
        let message =
            format!("it {is} in the set, where the run has read another migration under that version");
        Stop::failed(self.error(work, said(message)))
    }

    /// Sets the step to go on with.
    fn place(
        &mut self,
        steps: &mut Steps<'a>,
        progress: &Progress,
        resolution: Option<Resolution>,
    ) -> Result<(), Stop> {
        let total = steps.total();
        steps.at = match resolution {
            Some(Resolution::MarkApplied) => total,
            Some(Resolution::RetryFrom(statement)) if (1..=total + 1).contains(&statement) => statement - 1,
            Some(Resolution::RetryFrom(_)) => {
                let version = steps.item.migration.version();
                return Err(Stop::failed(ErrorKind::Resolve(version, "the file has no such statement")));
            }
            Some(Resolution::Retry) => progress.done,
            None => match self.undecidable(steps, progress) {
                Some(why) => return Err(interrupted(steps, progress.done, &why)),
                None => progress.done,
            },
        };
        steps.begun_before = progress.announced.is_some();
        steps.in_doubt = progress.in_doubt && resolution.is_none();
        if resolution != Some(Resolution::MarkApplied) {
            // An edited file may have fewer statements than are done.
            let (done, left) = steps.statements.split_at(steps.at.min(steps.statements.len()));
            let needed = |statement: &Statement<'_>| {
                let name = statement.prepares();
                statement.sets_session()
                    && name.is_none_or(|name| left.iter().any(|later| later.uses_prepared(name)))
            };
            steps.replay = (0..done.len()).rev().filter(|index| needed(&done[*index])).collect();
        }
        Ok(())
    }

    /// Journals that a try begins, and everything known before it.
    fn start_message(&mut self, steps: &mut Steps<'a>, progress: &Progress, resolved: bool) -> String {
        let version = steps.item.migration.version();
        let names = self.names(steps.item.migration);
        let (mut known, mut journal) = (progress.rows, self.claim(&[steps.item.migration]));
        if steps.item.is_down() {
            journal += &self.dialect.go_back(&self.tracker, version);
            if !progress.begun {
                journal += &self.dialect.journal(&self.tracker, &self.entry(steps, "rolling_back"));
                known += 1;
            }
        }
        if resolved {
            let entry = Entry { statement: Some(steps.at), ..self.entry(steps, "resolved") };
            journal += &self.dialect.journal(&self.tracker, &entry);
            known += 1;
        }
        let entry = self.entry(steps, "started");
        journal += &self.dialect.journal_start(&self.tracker, &entry, &names, known);
        // Releases that know it by an older name must not begin it anew.
        journal += &self.journal_names(&names);
        // The replayed `SET`s come first: names may mean something else after them.
        // The row of the beginning that is in doubt says what there was before: no other comes before its outcome is known.
        if steps.replay.is_empty() && !self.asks_catalog(steps) {
            journal += &self.announce(steps, steps.at);
            steps.announced = steps.is_announced(steps.at);
        }
        let mut message = self.in_transaction(&journal);
        if steps.keeps_session() {
            message += &self.dialect.set_timeouts(self.step_timeouts(steps));
            self.session.dirty = true;
        }
        message
    }

    /// Finds out whether a session's node has left the cluster. A role that may not ask, and a node that has come back
    /// under its old name, leave that open.
    async fn ask_cluster(&mut self, progress: &mut Progress) -> Result<(), Stop> {
        let Some((node, message)) =
            progress.elsewhere.clone().zip(self.dialect.members()).filter(|_| progress.open)
        else {
            return Ok(());
        };
        let Ok(results) = self.session.send(message.to_owned()).await? else { return Ok(()) };
        let mut rows = results.first().into_iter().flat_map(ResultSet::rows);
        if !rows.any(|row| row.first().and_then(Option::as_deref) == Some(&*node)) {
            (progress.alive, progress.elsewhere) = (Some(false), None);
        }
        Ok(())
    }

    /// Returns the caller's resolution, if there is something to resolve.
    fn resolution(&mut self, steps: &Steps<'a>, progress: &Progress) -> Option<Resolution> {
        let (version, resolution) = self.options.resolve.filter(|_| self.resolves(steps))?;
        if !progress.begun {
            self.warn(format!("`.resolve({version}, ...)` had nothing to resolve"));
        }
        progress.begun.then_some(resolution)
    }

    fn resolves(&self, steps: &Steps<'a>) -> bool {
        self.options.resolve.is_some_and(|(version, _)| version == steps.item.migration.version())
    }

    /// Waits anew whenever the journal has grown: another runner is at work.
    fn watch(&mut self, steps: &Steps<'a>, progress: &Progress) {
        let version = steps.item.migration.version();
        if self.stepwise.is_news((version, progress.attempt, progress.rows)) {
            self.patience.waited = std::time::Duration::ZERO;
        }
    }

    /// Returns the reason why only a person can decide how to go on.
    fn undecidable(&self, steps: &Steps<'a>, progress: &Progress) -> Option<String> {
        if let Some(index) = progress.edited(|index| steps.checksum(index)) {
            return Some(format!("statement {} is done, and has been edited since", index + 1));
        }
        if progress.open && progress.alive == Some(true) {
            return Some(match (&progress.elsewhere, progress.pid) {
                (Some(node), Some(pid)) => format!(
                    "its session may be at work: it was connection {pid} of node {node}, which is in the cluster and \
                     alone can tell; a run there goes on"
                ),
                _ => "its session still exists, and may be at work".to_owned(),
            });
        }
        if !progress.in_doubt || steps.is_rerunnable() {
            return None;
        }
        let statement = steps.statements.get(progress.done);
        if statement.is_some_and(Statement::is_repeatable) {
            return None;
        }
        if progress.announced.as_ref().is_some_and(|begun| *begun != steps.checksum(progress.done)) {
            return Some(EDITED.to_owned());
        }
        let names = self.names(steps.item.migration);
        let told = statement
            .and_then(Statement::concurrent)
            .is_some_and(|concurrent| self.dialect.inspect(&self.tracker, &names, 0, &concurrent).is_some());
        let shown = self.dialect.effects(&self.tracker, &names, steps.begun_with(progress.done)).is_some();
        (!told && !shown).then(|| LOST.to_owned())
    }
}

pub(super) fn interrupted(steps: &Steps<'_>, done: usize, why: &str) -> Stop {
    let version = steps.item.migration.version();
    let statement = done + 1;
    let start = if steps.item.is_down() { "roll back once more" } else { "start once" };
    let ways = format!(
        "inspect the database, then {start} with one of `.resolve({version}, Resolution::Retry)` to run \
         statement {statement} again, `Resolution::RetryFrom({})` if it took effect, or \
         `Resolution::MarkApplied` if all of the file did",
        statement + 1
    );
    broken(steps, statement, why, ways)
}

pub(super) fn broken(steps: &Steps<'_>, statement: usize, why: &str, ways: String) -> Stop {
    Stop::failed(ErrorKind::Interrupted {
        version: steps.item.migration.version(),
        path: steps.item.file(),
        statement,
        statements: steps.total(),
        why: why.to_owned(),
        ways,
    })
}

pub(super) const LOST: &str =
    "its session ended and left no outcome: the statement may or may not have taken effect";

const EDITED: &str = "its session ended and left no outcome, and the statement has been edited since: the earlier \
     text may or may not have taken effect";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::dialect::Sqlite;
    use crate::engine::{DbError, Reply, ResultSet, Run, Step};
    use crate::protocol::session::Link;
    use crate::protocol::without_abilities::{protocol, set};
    use crate::runner::Goal;

    /// Another runner works on the migration: each reading of its journal shows one more step, 50 times.
    #[test]
    fn a_run_waits_anew_whenever_the_journal_has_grown() {
        let set = set(&["CREATE TABLE t (a int);\n"]);
        let link = Link::default();
        let mut protocol =
            protocol(&set, Goal::Apply, &Sqlite, |found| found.transactional_ddl = false, link.clone());
        protocol.options.lock_wait = Duration::from_secs(1);
        let mut run = Run::of(protocol, link);
        let row = |values: &[&str]| values.iter().map(|value| Some((*value).to_owned())).collect::<Vec<_>>();
        let mut reads = 0;
        loop {
            let reply = match run.step() {
                Step::Finished => break,
                Step::Sleep(_) | Step::Call => Reply::slept(),
                Step::Send(message) if message.starts_with("SELECT event, attempt") => {
                    reads += 1;
                    let mut rows = vec![row(&["started", "1"])];
                    let steps = (1..=reads.min(50)).map(|step| row(&["statement", "1", &step.to_string()]));
                    rows.extend(steps);
                    Reply::rows(vec![ResultSet::new(rows)], Duration::ZERO)
                }
                Step::Send(message) if message.starts_with("SELECT 1, 1, EXISTS") => {
                    let flags = row(&["1", "1", "1", "1", "0", "0", "0", "1", "1"]);
                    let settings = ResultSet::new(vec![row(&["foreign_keys", "1"])]);
                    Reply::rows(
                        vec![ResultSet::new(vec![flags]), settings, ResultSet::default()],
                        Duration::ZERO,
                    )
                }
                // The start of a try ends this one.
                Step::Send(message) if message.contains("'started'") => {
                    Reply::failed(DbError { code: "1".to_owned(), ..DbError::default() }, Duration::ZERO)
                }
                Step::Send(_) => Reply::rows(
                    vec![ResultSet::new(vec![row(&["0", "0", "0", "0"])]), ResultSet::default()],
                    Duration::ZERO,
                ),
            };
            run.reply(reply);
        }
        assert!((51..200).contains(&reads), "{reads}: {:?}", run.finish());
    }
}
