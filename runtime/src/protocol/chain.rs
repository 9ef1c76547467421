//! Applies many migrations in one message where DDL commits by itself. Each statement stands between its rows of the
//! journal, and the session notes how far the message has come: an error is one of a certain statement, and the rest
//! goes on from there in messages of their own.

use gapless_core::Migration;

use super::Stop;
use super::batch::{MOST_MIGRATIONS, headline};
use super::errors::Work;
use super::item::{Execution, Item};
use super::part::{Message, Part};
use super::place::Place;
use super::protocol::Protocol;
use super::steps::{Manner, Steps};
use crate::dialect::{Class, Effect, Recorded, Unlock, durations, place};
use crate::engine::DbError;
use crate::runner::Goal;

/// A message of migrations.
#[derive(Debug)]
struct Chain<'a> {
    message: String,
    items: Vec<Item<'a>>,
    /// The message ends by giving the lock back.
    unlocks: bool,
}

impl<'a> Protocol<'a> {
    /// Returns `true` if a migration may share a message with others although its statements commit one by one. The
    /// lock keeps others away from it: no row asks for them.
    pub(super) fn is_chained(&self, item: &Item<'a>) -> bool {
        let possible = !self.abilities.transactional_ddl && self.dialect.reach(0, false).is_some();
        let version = item.migration.version();
        possible
            && self.is_alone()
            && self.goal == Goal::Apply
            && !item.directives().rust()
            && !self.is_to_be_asked(item.migration)
            && !self.stepwise.apart.contains(&version)
    }

    /// Applies the migrations at the head of the queue.
    pub(super) async fn apply_chain(&mut self, ends_run: bool) -> Result<(), Stop> {
        let chain = self.chain(ends_run)?;
        if chain.items.is_empty() {
            return Ok(());
        }
        self.tell_applying(chain.items.iter().map(|item| item.migration.version()));
        self.session.is_at(format!("applying {}", named(&chain.items)));
        let begun = self.session.report(|report| report.elapsed);
        match self.session.transact(chain.message.clone()).await? {
            Ok(results) => {
                let durations = durations(&results).map(Some).chain(std::iter::repeat(None));
                for (item, duration) in chain.items.iter().zip(durations) {
                    self.mark(item.migration, duration.flatten());
                }
                self.patience.renew();
                if chain.unlocks {
                    (self.session.locked, self.session.needs_own) = (false, false);
                    self.check_unlock(Unlock::read(&results));
                }
                Ok(())
            }
            Err(error) => {
                let number = self.ask_place().await?;
                let read = |number| Place::read(self.chains.number(), number);
                let Some((mut index, mut place)) = number.and_then(read) else {
                    return self.not_chained(error).await;
                };
                if self.is_over(&chain, index, place).await? {
                    (index, place) = (index + 1, Place::Start);
                }
                match self.mark_before(&chain, index) {
                    Some(item) => self.break_chain(item, place, error, begun).await,
                    // All are applied: the teardown does what the message was to do behind the last.
                    None => Ok(()),
                }
            }
        }
    }

    /// Returns `true` if the last transaction of this migration was committed: somebody may have canceled the note behind
    /// it.
    async fn is_over(&mut self, chain: &Chain<'a>, index: usize, place: Place) -> Result<bool, Stop> {
        let Some(item) = chain.items.get(index) else { return Ok(false) };
        let last = match place {
            Place::Start => true,
            Place::In(_) => false,
            Place::Behind(at) => at + 1 == self.steps(*item)?.total(),
        };
        if !last {
            return Ok(false);
        }
        let version = item.migration.version();
        let answer = self.send_to_end(self.dialect.recorded_how(&self.tracker, version, version)).await?;
        Ok(answer.is_ok_and(|results| Recorded::read(results.first()).is_of(version, &self.token)))
    }

    /// Marks the migrations before this one as applied, and returns it.
    fn mark_before(&mut self, chain: &Chain<'a>, index: usize) -> Option<Item<'a>> {
        for item in chain.items.iter().take(index) {
            self.patience.renew();
            self.mark(item.migration, None);
        }
        chain.items.get(index).copied()
    }

    /// Rolls back, and asks how far the message came.
    async fn ask_place(&mut self) -> Result<Option<u64>, Stop> {
        self.session.dirty = true;
        self.session.open = false;
        self.session.is_at("rolling back");
        let message = self.dialect.reached().to_owned() + self.dialect.roll_back();
        let answer = self.send_to_end(message).await?;
        Ok(answer.ok().as_deref().and_then(place))
    }

    /// Handles an error before the first migration of the message.
    async fn not_chained(&mut self, error: DbError) -> Result<(), Stop> {
        match self.class(&error) {
            Class::HandedOn { pid } => Err(self.handed_on(pid)),
            Class::Unfinished => {
                let begun = self.unfinished().await?;
                self.stepwise.apart.extend(begun);
                Ok(())
            }
            Class::Busy => {
                self.wait_for_database(&error).await?;
                Err(Stop::Again)
            }
            Class::Retry if self.may_retry() => {
                self.count_retry(None, &error.message);
                self.pause_before_retry().await;
                Err(Stop::Again)
            }
            _ => Err(Stop::failed(self.error(Work::Settling, error))),
        }
    }

    /// Goes on with a migration in messages of its own, from the place of the error.
    async fn break_chain(
        &mut self,
        item: Item<'a>,
        place: Place,
        error: DbError,
        begun: std::time::Duration,
    ) -> Result<(), Stop> {
        self.stepwise.apart.insert(item.migration.version());
        let at = match place {
            // A cancelled run begins nothing again.
            _ if item.execution == Execution::Batched && self.is_cancelled() && self.is_canceled(&error) => {
                return Err(Stop::failed(self.failure(&item, error, None)));
            }
            // It was rolled back whole, or another try is there: its own messages find out.
            _ if item.execution == Execution::Batched => return Ok(()),
            Place::Start => return Ok(()),
            Place::In(at) | Place::Behind(at) => at,
        };
        let mut steps = self.steps(item)?;
        if matches!(place, Place::Behind(_)) && steps.manner(at) == Manner::Claimed {
            // It may have committed by itself: the journal and the catalog say so.
            return Ok(());
        }
        (steps.at, steps.tries) = (at, 0);
        steps.announced = steps.is_announced(at);
        steps.told = Some(at);
        let noted = matches!(place, Place::Behind(_)) && steps.manner(at) == Manner::Alone;
        if noted || (place == Place::In(at) && self.was_canceled_behind(&mut steps, &error).await?) {
            // It took effect. A row that was refused is sent again.
            self.note(&mut steps).await?;
            steps.advance();
        } else {
            let (text, refused) = (steps.text(at).to_owned(), DbError { completed: Some(0), ..error });
            let script = if matches!(place, Place::In(_)) { 0..text.len() } else { 0..0 };
            self.part_failed(&mut steps, Part::Statement, &Message { text, script }, refused).await?;
        }
        self.finish_steps(steps, begun).await
    }
}

impl<'a> Protocol<'a> {
    /// Returns `true` if a statement took effect, and somebody canceled the note behind it. If nothing shows that, and a
    /// second time could do harm, the statement is half done.
    async fn was_canceled_behind(&mut self, steps: &mut Steps<'a>, error: &DbError) -> Result<bool, Stop> {
        let unsure = steps.announced || steps.manner(steps.at) == Manner::Claimed;
        if !unsure || self.class(error) != Class::Canceled || steps.is_rerunnable() {
            return Ok(false);
        }
        let effect = self.effect(steps).await?;
        let creates = steps.text(steps.at).to_ascii_uppercase().starts_with("CREATE");
        steps.unclear = !matches!(effect, Effect::Done | Effect::NotDone) && !creates;
        Ok(effect == Effect::Done)
    }
}

impl<'a> Protocol<'a> {
    /// Writes the message for the migrations at the head of the queue.
    fn chain(&mut self, ends_run: bool) -> Result<Chain<'a>, Stop> {
        self.chains.draw();
        let items: Vec<_> = self
            .queue
            .iter()
            .take_while(|item| self.is_chained(item))
            .take(MOST_MIGRATIONS)
            .copied()
            .collect();
        let (mut parts, mut taken) = (String::new(), Vec::new());
        for (index, item) in items.into_iter().enumerate() {
            let part = match item.execution {
                Execution::Batched => self.whole(index, &item),
                _ => self.step_by_step(index, &self.steps(item)?),
            };
            if !taken.is_empty() && parts.len() + part.len() > self.most_together() {
                break;
            }
            if !self.takes(part.len()) {
                // Its rows of the journal make it longer than the server takes: it goes in messages of its own.
                self.stepwise.apart.insert(item.migration.version());
                break;
            }
            parts += &part;
            taken.push(item);
        }
        let members: Vec<_> = taken.iter().map(|item| item.migration).collect();
        let mut message =
            headline(&members) + &self.same_backend() + &self.none_unfinished(&members) + &parts;
        let unlocks = ends_run && taken.len() == self.queue.len();
        if unlocks {
            message += &self.reach(taken.len(), Place::Start);
            message += &self.give_back();
            message += &self.dialect.unlock(&self.tracker, self.session.pid);
        }
        Ok(Chain { message, items: taken, unlocks })
    }

    fn reach(&self, index: usize, place: Place) -> String {
        self.dialect
            .reach(place.number(self.chains.number(), index), place == Place::Start)
            .unwrap_or_default()
    }

    /// Writes a migration whose statements do not commit: one transaction, with its record.
    fn whole(&self, index: usize, item: &Item<'a>) -> String {
        let mut part = self.reach(index, Place::Start);
        let envelope = self.up_envelope(item.migration, None, &self.restore(), true);
        envelope.write(&mut part, item.sql(), self.dialect);
        part
    }

    /// Writes a migration statement by statement. A row never shares a transaction with the statement after it: an error
    /// there would take it back.
    fn step_by_step(&self, index: usize, steps: &Steps<'a>) -> String {
        let (begin, commit) = (self.begin(crate::dialect::Timeouts::default()), self.dialect.commit(true));
        let mut part = self.reach(index, Place::Start);
        part += &begin;
        part += &self.dialect.journal(&self.tracker, &self.entry(steps, "started"));
        part += &self.journal_names(&self.names(steps.item.migration));
        part += &self.announce(steps, 0);
        part += &commit;
        part += &self.dialect.set_timeouts(self.step_timeouts(steps));
        for at in 0..steps.total() {
            let together = matches!(steps.manner(at), Manner::Together | Manner::Claimed);
            part += if together { &begin } else { "" };
            if steps.manner(at) == Manner::Claimed {
                part += &self.begun(steps, at);
            }
            part += &self.reach(index, Place::In(at));
            part += steps.text(at);
            part += ";\n";
            part += &self.reach(index, Place::Behind(at));
            if at + 1 == steps.total() {
                // The record comes with the last row, after the return of settings that could change it.
                part += &self.restore();
            }
            part += if together { "" } else { &begin };
            part += &self.done(steps, at);
            part += if at + 1 == steps.total() { "" } else { &commit };
        }
        match steps.total().checked_sub(1).map(|last| steps.manner(last)) {
            None => part += &begin,
            // It may have ended its transaction, and nothing would hold the record and its row together.
            Some(Manner::Claimed) => part += &(commit.clone() + &begin),
            Some(_) => {}
        }
        part += &self.record(steps.item.migration, None);
        part += &self.dialect.journal_applied(&self.tracker, steps.item.migration, &self.token);
        part + &commit
    }

    /// Writes the journal's rows for a step, and for the next if that goes by itself.
    fn done(&self, steps: &Steps<'a>, at: usize) -> String {
        let mut entry = self.entry(steps, "statement");
        entry.statement = Some(at + 1);
        entry.detail = Some(steps.checksum(at));
        self.dialect.journal(&self.tracker, &entry) + &self.announce(steps, at + 1)
    }
}

/// Names the migrations of a message in few words.
fn named(items: &[Item<'_>]) -> String {
    let shown = |migration: &Migration| super::batch::shown(migration);
    match items {
        [] => "nothing".to_owned(),
        [one] => format!("migration {}", shown(one.migration)),
        [first, .., last] => {
            format!("migrations {} to {}", shown(first.migration), shown(last.migration))
        }
    }
}
