//! Runs a migration outside of a transaction, statement by statement. The journal's row of each commits with it, or
//! before it and after it, so that the next run knows where a run was cut off.

use std::collections::BTreeSet;
use std::time::Duration;

use gapless_core::{Location, Version};

use super::Stop;
use super::batch::{shown, step_headline};
use super::item::{Direction, Item};
use super::part::{Message, Part};
use super::protocol::Protocol;
use super::resume::Begin;
use super::steps::{Manner, Steps};
use crate::StatementBegun;
use crate::code::Call;
use crate::dialect::Timeouts;
use crate::engine::ResultSet;
use crate::report::error::ErrorKind;
use crate::report::event::Event;

/// The memory of migrations outside of a transaction, from one attempt to the next.
#[derive(Debug, Default)]
pub(super) struct Stepwise {
    /// The version that the run waits for, the number of its last try, and the number of its journal's rows.
    watched: Option<(Version, u32, usize)>,
    /// The version that has nothing left outside of a transaction.
    pub(super) settled: Option<Version>,
    /// Versions that a message with many steps has stopped at: they have messages of their own.
    pub(super) apart: BTreeSet<Version>,
}

impl Stepwise {
    /// Returns `true` if the journal has grown since the last call.
    pub(super) fn is_news(&mut self, now: (Version, u32, usize)) -> bool {
        self.watched.replace(now) != Some(now)
    }

    pub(super) fn has_settled(&self, version: Version) -> bool {
        self.settled == Some(version)
    }
}

impl<'a> Protocol<'a> {
    /// Runs a migration until it is recorded, or until its record is removed. A migration that runs in a transaction
    /// now stays in the queue, once it has nothing left outside of one.
    pub(super) async fn run_steps(&mut self, item: Item<'a>) -> Result<(), Stop> {
        let (mut steps, begun) = loop {
            self.check_cancelled(|| format!("before migration {}", shown(item.migration)))?;
            let begun = self.session.report(|report| report.elapsed);
            let mut steps = self.steps(item)?;
            let progress = self.read_progress(&mut steps).await?;
            match self.begin_try(&mut steps, progress).await? {
                Begin::Steps => break (steps, begun),
                Begin::Turned => return Ok(()),
                // It has paused.
                Begin::Again => {}
            }
        };
        while let Some(index) = steps.replay.last().copied() {
            let message = Message::of(self.same_backend(), steps.text(index));
            self.insist(&mut steps, Part::Replay, message).await?;
            steps.replay.pop();
        }
        self.finish_steps(steps, begun).await
    }

    /// Runs the steps that are left, and records the migration, or removes its record. The try began when the run had
    /// taken so long.
    pub(super) async fn finish_steps(&mut self, mut steps: Steps<'a>, begun: Duration) -> Result<(), Stop> {
        while steps.at < steps.total() {
            if self.is_cancelled() {
                return Err(self.cancelled_before(&steps));
            }
            self.step(&mut steps).await?;
        }
        // Ends with the record or an error; it pauses before each further turn.
        while !self.record_all(&mut steps).await? {}
        self.session.dirty = false;
        let took = self.session.report(|report| report.elapsed.saturating_sub(begun));
        let item = steps.item;
        match item.direction {
            Direction::Up => {
                self.mark(item.migration, Some(took));
                self.patience.attempt = 1;
            }
            Direction::Down(_) => self.rolled_back(item.migration, Some(took)),
        }
        Ok(())
    }

    /// Runs the current step, unless it is done already.
    async fn step(&mut self, steps: &mut Steps<'a>) -> Result<(), Stop> {
        if self.is_done_already(steps).await? {
            self.note(steps).await?;
            steps.advance();
            return Ok(());
        }
        // Each turn but the last has paused, or has found that no transaction takes the statement.
        loop {
            let silent = !steps.announced && steps.is_announced(steps.at);
            if silent && !self.announce_step(steps).await? {
                continue;
            }
            let Some(leftovers) = self.inspect(steps).await? else { break };
            for index in leftovers {
                let message = Message::plain(self.dialect.drop_leftover(&index));
                self.insist(steps, Part::Drop, message).await?;
            }
            if self.execute(steps).await? {
                break;
            }
        }
        if matches!(steps.manner(steps.at), Manner::Alone | Manner::Code) {
            self.note(steps).await?;
        }
        steps.advance();
        Ok(())
    }

    /// Journals that the current step is done.
    pub(super) async fn note(&mut self, steps: &mut Steps<'a>) -> Result<(), Stop> {
        let message = self.in_transaction(&self.journal_done(steps));
        self.insist(steps, Part::Note, Message::plain(message)).await.map(|_| ())
    }

    /// Journals that the run is about to send the current step by itself. Returns `false` after a pause: try again.
    async fn announce_step(&mut self, steps: &mut Steps<'a>) -> Result<bool, Stop> {
        let mut message = self.in_transaction(&self.announce(steps, steps.at));
        if steps.apart {
            self.session.dirty = true;
            message += &self.dialect.set_timeouts(self.step_timeouts(steps));
        }
        let announced = self.send_part(steps, Part::Announcement, Message::plain(message)).await?.is_some();
        steps.announced |= announced;
        Ok(announced)
    }

    /// Tells the listener that a statement begins: once, however often it is sent.
    fn tell_statement(&mut self, steps: &mut Steps<'a>) {
        if steps.told.replace(steps.at) == Some(steps.at) {
            return;
        }
        let (migration, sql) = (steps.item.migration, steps.item.sql());
        let location = steps.statement().map(|statement| Location::of(sql, statement.span().start));
        let begun = StatementBegun {
            version: migration.version(),
            name: migration.name().to_owned(),
            path: steps.item.file(),
            number: steps.at + 1,
            total: steps.total(),
            location,
            sql: steps.text(steps.at).to_owned(),
        };
        self.emit(&Event::Statement(&begun));
    }

    /// Sends the step itself. Returns `false` to try again.
    async fn execute(&mut self, steps: &mut Steps<'a>) -> Result<bool, Stop> {
        self.tell_statement(steps);
        let text = steps.text(steps.at);
        let head = || step_headline(&steps.item, steps.at, steps.total()) + &self.same_backend();
        let message = match steps.manner(steps.at) {
            Manner::Code => return self.call_step(steps).await,
            // Several statements in a message would share a transaction.
            Manner::Alone => Message { text: text.to_owned(), script: 0..text.len() },
            Manner::Session => {
                let mut message = Message::of(head(), text);
                message.text += &self.journal_done(steps);
                message
            }
            Manner::Claimed => {
                // An earlier try may have committed the row.
                let begun = if steps.announced { String::new() } else { self.begun(steps, steps.at) };
                let before = head() + &self.dialect.begin(Timeouts::default()) + &begun;
                let mut message = Message::of(before, text);
                message.text += &self.journal_done(steps);
                message.text += &self.dialect.commit(true);
                message
            }
            Manner::Together => {
                // The session's timeouts count already, unless each statement has its own.
                let own = if steps.keeps_session() { Timeouts::default() } else { self.step_timeouts(steps) };
                let mut message = Message::of(head() + &self.dialect.begin(own), text);
                message.text += &self.journal_done(steps);
                message.text += &self.dialect.commit(true);
                message
            }
        };
        Ok(self.send_part(steps, Part::Statement, message).await?.is_some())
    }

    /// Runs the code of a migration outside of a transaction.
    async fn call_step(&mut self, steps: &mut Steps<'a>) -> Result<bool, Stop> {
        let version = steps.item.migration.version();
        let Some(code) = self.codes.remove(&version) else {
            return Err(Stop::failed(ErrorKind::NoCode(vec![(version, steps.item.migration.file())])));
        };
        self.session.is_at(format!("applying the migration in Rust {}", shown(steps.item.migration)));
        let call = Call { before: self.same_backend(), code, after: self.dialect.outside() };
        let (returned, answer) = self.session.call(call).await?;
        self.codes.extend(returned.map(|call| (version, call.code)));
        let Err(error) = answer else { return Ok(true) };
        let error = self.without_our_words(error);
        self.part_failed(steps, Part::Statement, &Message::default(), error).await?;
        Ok(false)
    }

    /// Sends a message until the database answers, with a pause before each further try.
    pub(super) async fn insist(
        &mut self,
        steps: &mut Steps<'a>,
        part: Part,
        message: Message,
    ) -> Result<Vec<ResultSet>, Stop> {
        loop {
            if let Some(results) = self.send_part(steps, part, message.clone()).await? {
                return Ok(results);
            }
        }
    }

    /// Returns `false` after a pause: try again.
    async fn record_all(&mut self, steps: &mut Steps<'a>) -> Result<bool, Stop> {
        let message = self.record_steps(steps);
        Ok(self.send_part(steps, Part::Record, message).await?.is_some())
    }

    /// Writes or removes the version's row, once all steps are done.
    fn record_steps(&self, steps: &Steps<'a>) -> Message {
        let row = match steps.item.direction {
            Direction::Up => {
                self.record(steps.item.migration, None)
                    + &self.dialect.journal_applied_in_steps(&self.tracker, steps.item.migration, &self.token)
            }
            Direction::Down(_) => self.dialect.remove(&self.tracker, steps.item.migration.version()),
        };
        let text = self.same_backend()
            + &self.restore()
            + &self.begin(Timeouts::default())
            + &row
            + &self.dialect.commit(true);
        Message::plain(text)
    }
}
