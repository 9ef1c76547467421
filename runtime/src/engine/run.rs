use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::time::Duration;

use gapless_core::{Migration, MigrationSet, Version};

use super::backoff::Backoff;
use super::bound::Overtaken;
use super::consult::LegacyTable;
use super::ending::told;
use super::named;
use super::rehearse::Rehearsal;
use super::reply::{Outcome, Reply};
pub(super) use super::state::{After, Rollback, State};
use crate::amend::Facts;
use crate::code::{Call, Code};
use crate::dialect::{Dialect, Missing, Prepared};
use crate::error::{Error, ErrorKind, Lost};
use crate::event::Event;
use crate::history::History;
use crate::options::Options;
use crate::plan::Plan;
use crate::runner::{Goal, Listener};
use crate::tracker::Tracker;
use crate::{Applied, NotTried, Report};

/// What a driver is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Send this one message and wait for its answer.
    Send(&'a str),
    /// Take the call from [`Run::take_call`]: in one transaction send its message before, run its code, send the
    /// message after. Give it back with [`Run::called`], and reply with the rows of the message after.
    Call,
    /// Wait this long.
    Sleep(Duration),
    /// Nothing: take the result from [`Run::finish`].
    Finished,
}

/// What a finished run hands over.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finished {
    /// What it did.
    pub report: Report,
    /// What was to be done when it looked last.
    pub plan: Plan,
    /// What a dry run tried.
    pub tried: Vec<Applied>,
    /// What a dry run could not try.
    pub not_tried: Vec<NotTried>,
}

/// One run against one database; see the [module](super).
#[derive(Debug)]
pub struct Run<'a> {
    pub(super) set: &'a MigrationSet,
    pub(super) options: Options,
    pub(super) dialect: &'static dyn Dialect,
    pub(super) tracker: Tracker,
    pub(super) goal: Goal,
    pub(super) listener: Listener<'a>,
    pub(super) state: State<'a>,
    pub(super) message: String,
    pub(super) session: Session,
    /// The applied set as it was looked at last, and what was asked beside it.
    pub(super) history: History,
    pub(super) facts: Facts,
    pub(super) legacy: Option<LegacyTable>,
    pub(super) codes: BTreeMap<Version, Code>,
    pub(super) call: Option<Call>,
    pub(super) queue: VecDeque<&'a Migration>,
    /// A failure that ends the run once everything before it is applied.
    pub(super) doomed: Option<ErrorKind>,
    /// By which the journal tells this run's migrations from those of others.
    pub(super) token: String,
    pub(super) attempt: u32,
    pub(super) backoff: Backoff,
    pub(super) overtaken: Overtaken,
    pub(super) unlock_tries: u32,
    pub(super) restore_tries: u32,
    /// How long it has waited for others since it last got on.
    pub(super) lock_waited: Duration,
    /// How long that was when it was last said.
    pub(super) told: Duration,
    /// How long the last message took: part of the wait if it came to nothing.
    pub(super) spent: Duration,
    /// The version outside of a transaction that is waited for, its last try and how far that is.
    pub(super) watched: Option<(Version, u32, usize)>,
    /// The version in a transaction of which nothing is left that was done outside of one.
    pub(super) asked: Option<Version>,
    /// The version that was to be rolled back, and of which nothing was.
    pub(super) staying: Option<Version>,
    /// What of the tracker the next message is to bring along.
    pub(super) missing: Option<Missing>,
    /// Whether the tracker is created by itself.
    pub(super) apart: bool,
    /// How often somebody else has created what this run was about to create.
    pub(super) collisions: u32,
    /// What the message that is under way prepares.
    pub(super) prepared: Option<Prepared>,
    /// Whether something is reported as applied that a crash of the server could still lose.
    pub(super) undurable: bool,
    /// How many rows of the set this run has written with what it applied.
    pub(super) recorded: usize,
    pub(super) plan: Plan,
    /// Whether to ask what a failure has left along with its row in the journal.
    pub(super) asks: bool,
    /// What the last event said to be applied.
    pub(super) announced: Vec<crate::Pending>,
    pub(super) report: Report,
    pub(super) rehearsal: Rehearsal,
    pub(super) result: Result<(), ErrorKind>,
    /// A connection that broke after there was a result.
    pub(super) lost: Option<Lost>,
}

/// What is known of the session.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) locked: bool,
    /// Whether settings may differ from those at the beginning, outside of any transaction.
    pub(super) dirty: bool,
    /// The backend that answered first.
    pub(super) pid: Option<i32>,
    pub(super) set_exists: bool,
    /// As they were before anything was run, if that is known.
    pub(super) settings: Option<Vec<(String, String)>>,
    /// Whether it has asked for the lock, and another runner had it.
    pub(super) refused: bool,
    pub(super) standby: bool,
    /// Whether the journal was there when the lock was asked for.
    pub(super) journal: bool,
    pub(super) read_only: bool,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        set: &'a MigrationSet,
        options: Options,
        goal: Goal,
        dialect: &'static dyn Dialect,
        listener: Listener<'a>,
        codes: BTreeMap<Version, Code>,
        seed: u64,
    ) -> Result<Run<'a>, Error> {
        let schema = options.schema.as_deref().unwrap_or(dialect.default_schema());
        let tracker = Tracker::new(schema, &options.table, dialect.longest_identifier())?;
        named::check(set, &options, &codes)?;
        let mut run = Run {
            set,
            options,
            dialect,
            tracker,
            goal,
            listener,
            state: State::Observing,
            message: String::new(),
            session: Session { set_exists: true, ..Session::default() },
            history: History::default(),
            facts: Facts::default(),
            legacy: None,
            codes,
            call: None,
            queue: VecDeque::new(),
            doomed: None,
            token: format!("run {seed:016x}"),
            attempt: 1,
            backoff: Backoff::new(seed),
            overtaken: Overtaken::default(),
            unlock_tries: 0,
            restore_tries: 0,
            lock_waited: Duration::ZERO,
            told: Duration::ZERO,
            spent: Duration::ZERO,
            watched: None,
            asked: None,
            staying: None,
            missing: None,
            apart: false,
            collisions: 0,
            prepared: None,
            undurable: false,
            recorded: 0,
            plan: Plan::default(),
            asks: true,
            announced: Vec::new(),
            report: Report::default(),
            rehearsal: Rehearsal::default(),
            result: Ok(()),
            lost: None,
        };
        run.state = run.look();
        Ok(run)
    }

    /// What to do next. Asking again without a reply gives the same answer.
    pub fn step(&self) -> Step<'_> {
        match self.state {
            State::Waiting(pause, _) | State::Repeating(pause, _) | State::Pausing(pause, _) => {
                Step::Sleep(pause)
            }
            State::Finished => Step::Finished,
            State::Calling(_) | State::CallingStep(_) => Step::Call,
            _ => Step::Send(&self.message),
        }
    }

    /// Tells what came of the step. A reply that does not fit the step ends the run with an error.
    pub fn reply(&mut self, reply: Reply) {
        self.report.elapsed += reply.elapsed;
        if !matches!(reply.outcome, Outcome::Slept) {
            self.report.round_trips += 1;
        }
        self.spent = reply.elapsed;
        let state = mem::replace(&mut self.state, State::Finished);
        self.state = match (state, reply.outcome) {
            (State::Finished, _) => self.misused("a reply after the end"),
            (state, Outcome::Slept) => self.awake(state),
            (State::Waiting(..) | State::Repeating(..) | State::Pausing(..), _) => {
                self.misused("a reply to another step")
            }
            (state, Outcome::Lost(source)) => self.lost(state, source),
            (State::Observing, Outcome::Rows(results)) => self.observed(&results),
            (State::Observing, Outcome::Failed(error)) => self.not_observed(error),
            (State::Locking(look), Outcome::Rows(results)) => self.asked(look, &results),
            (State::Locking(_), Outcome::Failed(error)) => self.not_asked(error),
            (State::Consulting(question, then), Outcome::Rows(results)) => {
                self.consulted(question, then, &results)
            }
            (State::Consulting(question, then), Outcome::Failed(error)) => {
                self.not_consulted(question, then, error)
            }
            (State::Amending(amending), Outcome::Rows(results)) => self.amended(amending, &results),
            (State::Amending(_), Outcome::Failed(error)) => self.not_amended(error),
            (State::Calling(migration), Outcome::Rows(results)) => self.call_returned(migration, &results),
            (State::Calling(migration), Outcome::Failed(error)) => self.call_failed(migration, error),
            (State::Undoing(undo), Outcome::Rows(_)) => self.undone(&undo),
            (State::Undoing(undo), Outcome::Failed(error)) => self.not_undone(&undo, error),
            (State::Bootstrapping, Outcome::Rows(_)) => {
                self.bootstrapped();
                self.begin_work()
            }
            (State::Bootstrapping, Outcome::Failed(error)) => self.not_bootstrapped(error),
            (State::Rehearsing(scene), Outcome::Rows(_)) => self.rehearsed(scene),
            (State::Rehearsing(scene), Outcome::Failed(error)) => self.not_rehearsed(scene, error),
            (State::Applying(batch), Outcome::Rows(results)) => self.committed(&batch, &results),
            (State::Applying(batch), Outcome::Failed(error)) => self.not_applied(batch, error),
            (State::RollingBack(then), _) => self.rolled_back(then),
            (State::Reviewing(refusal), Outcome::Rows(results)) => self.review(refusal, &results),
            (State::Reviewing(refusal), Outcome::Failed(error)) => self.not_reviewed(refusal, &error),
            (State::Probing(probe), Outcome::Rows(_)) => self.probed(probe),
            (State::Probing(probe), Outcome::Failed(error)) => self.not_probed(probe, &error),
            (
                state @ (State::Stepping(_) | State::CallingStep(_) | State::Unfinished),
                Outcome::Rows(results),
            ) => self.went_on(state, &results),
            (
                state @ (State::Stepping(_) | State::CallingStep(_) | State::Unfinished),
                Outcome::Failed(error),
            ) => self.did_not_go_on(state, error),
            (State::Journaling(kind), Outcome::Rows(results)) => self.journaled(kind, &results),
            // A journal that cannot be written must not hide the failure that was to be written.
            (State::Journaling(kind), Outcome::Failed(error)) => self.not_journaled(kind, &error),
            (State::Restoring, Outcome::Failed(error)) => self.not_restored(&error),
            (State::Restoring, Outcome::Rows(_)) | (State::Flushing, _) => self.wind_up(),
            (State::Unlocking, Outcome::Rows(results)) => self.unlocked(results.last()),
            (State::Unlocking, Outcome::Failed(_)) => self.unlocked(None),
        };
    }

    /// The result.
    ///
    /// # Errors
    ///
    /// Why the database is not where it should be, with what was applied before.
    pub fn finish(self) -> Result<Finished, Error> {
        let Run { state, options, result, lost, report, plan, rehearsal, .. } = self;
        let Rehearsal { tried, not_tried } = rehearsal;
        match (state, result) {
            (State::Finished, Ok(())) => Ok(Finished { report, plan, tried, not_tried }),
            (State::Finished, Err(kind)) => {
                Err(Error::new(told(kind, &options, &report)).and_lost(lost).after(report))
            }
            _ => Err(Error::new(ErrorKind::Misuse("finished before its last step")).after(report)),
        }
    }

    pub(super) fn emit(&mut self, event: &Event<'_>) {
        self.listener.tell(event);
    }

    pub(super) fn warn(&mut self, warning: String) {
        self.emit(&Event::Warning(&warning));
        self.report.warnings.push(warning);
    }
}
