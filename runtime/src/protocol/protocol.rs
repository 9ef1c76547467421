//! The protocol of a run, from top to bottom: observe, lock, bootstrap, repair the history, apply, unlock, report.

use std::collections::{BTreeMap, VecDeque};

use gapless_core::{MigrationSet, Version};

use super::Stop;
use super::dry_run::Tried;
use super::item::Item;
use super::overtaken::Overtaken;
use super::probe::Known;
use super::session::{Link, Session};
use super::validate;
use super::wait::Patience;
use crate::code::Code;
use crate::dialect::{Abilities, Dialect, Missing, Prepared};
use crate::history::History;
use crate::plan::Plan;
use crate::report::error::{Error, ErrorKind, Lost};
use crate::report::event::Event;
use crate::runner::options::Options;
use crate::runner::{Goal, Listener};
use crate::tracker::Tracker;
use crate::{Log, Pending, Status};

/// One run: what it was asked for, and what it has come to know.
pub(super) struct Protocol<'a> {
    pub(super) set: &'a MigrationSet,
    pub(super) options: Options,
    pub(super) dialect: &'static dyn Dialect,
    pub(super) abilities: Abilities,
    pub(super) tracker: Tracker,
    pub(super) goal: Goal,
    pub(super) listener: Listener<'a>,
    pub(super) codes: BTreeMap<Version, Code>,
    /// By which the journal tells this run's migrations from those of others.
    pub(super) token: String,
    pub(super) session: Session,
    pub(super) patience: Patience,
    pub(super) known: Known,
    /// An observation that was made on the way, with which the next attempt begins.
    pub(super) observed: Option<History>,
    pub(super) plan: Plan,
    pub(super) queue: VecDeque<Item<'a>>,
    /// What of the tracker the first batch is to create.
    pub(super) missing: Option<Missing>,
    /// Whether the tracker is created in a message of its own.
    pub(super) apart: bool,
    /// How many rows of the set this run has written.
    pub(super) recorded: usize,
    /// How often somebody else has created what this run was about to create.
    pub(super) collisions: u32,
    pub(super) overtaken: Overtaken,
    /// The version outside of a transaction that is waited for, its last try and how long its journal is.
    pub(super) watched: Option<(Version, u32, usize)>,
    /// The version whose journal was asked what is left of it.
    pub(super) asked: Option<Version>,
    /// The version that stays applied, because its rollback has failed before it did anything.
    pub(super) staying: Option<Version>,
    /// What the last event said to be applied.
    pub(super) announced: Vec<Pending>,
    /// What a batch that was refused has prepared.
    pub(super) prepared: Option<Prepared>,
    /// Whether something is reported as applied that a crash of the server could still lose.
    pub(super) undurable: bool,
    pub(super) tried: Tried,
    pub(super) status: Option<Status>,
    pub(super) log: Option<Log>,
}

/// What a run comes to.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) result: Result<(), ErrorKind>,
    /// A connection that broke after there was a result.
    pub(super) lost: Option<Lost>,
    pub(super) plan: Plan,
    pub(super) tried: Tried,
    pub(super) status: Option<Status>,
    pub(super) log: Option<Log>,
}

impl<'a> Protocol<'a> {
    #[allow(clippy::too_many_arguments, reason = "one call, of `Run::new`")]
    pub(super) fn new(
        set: &'a MigrationSet,
        options: Options,
        goal: Goal,
        dialect: &'static dyn Dialect,
        listener: Listener<'a>,
        codes: BTreeMap<Version, Code>,
        seed: u64,
        link: Link,
    ) -> Result<Protocol<'a>, Error> {
        let schema = options.schema.as_deref().unwrap_or(dialect.default_schema());
        let tracker = Tracker::new(dialect, schema, &options.table)?;
        validate::check(set, &options, &codes)?;
        Ok(Protocol {
            set,
            options,
            goal,
            dialect,
            abilities: dialect.abilities(),
            tracker,
            listener,
            codes,
            token: format!("run {seed:016x}"),
            session: Session::new(link),
            patience: Patience::new(seed),
            known: Known::default(),
            observed: None,
            plan: Plan::default(),
            queue: VecDeque::new(),
            missing: None,
            apart: false,
            recorded: 0,
            collisions: 0,
            overtaken: Overtaken::default(),
            watched: None,
            asked: None,
            staying: None,
            announced: Vec::new(),
            prepared: None,
            undurable: false,
            tried: Tried::default(),
            status: None,
            log: None,
        })
    }

    /// Runs to the end. Whatever happens, the teardown is not passed over.
    pub(super) async fn run(mut self) -> Ended {
        let outcome = self.attempts().await;
        let (result, lost) = self.tear_down(outcome).await;
        let Protocol { plan, tried, status, log, .. } = self;
        Ended { result, lost, plan, tried, status, log }
    }

    /// Attempts to reach the goal, until nothing happens in between. [`overtaken`](super::overtaken) says what ends
    /// this loop, and every other one.
    async fn attempts(&mut self) -> Result<(), Stop> {
        loop {
            match self.attempt().await {
                Err(Stop::Again) => {}
                outcome => return outcome,
            }
        }
    }

    async fn attempt(&mut self) -> Result<(), Stop> {
        if self.goal == Goal::Log {
            return self.read_log().await;
        }
        // Observe the session and the applied set. With nothing to do, that is all.
        let observed = self.observe().await?;
        if self.goal == Goal::Status {
            return self.survey(observed).await;
        }
        if !self.plan_from(observed).await? {
            return Ok(());
        }
        // Take the lock, and observe again: another runner may have done the work meanwhile.
        let Some(missing) = self.lock().await? else { return Ok(()) };
        if self.goal == Goal::DryRun {
            return self.dry_run(missing).await;
        }
        // Create the tracker, or leave it to the first batch.
        self.bootstrap(missing).await?;
        // Put the history right: adoptions, renames, reconciled rows, accepted checksums.
        self.repair().await?;
        // Work, migration by migration. What it comes to is reported as it happens.
        match self.goal {
            Goal::Rollback => self.roll_back_all().await,
            _ => self.apply_all().await,
        }
        // The teardown puts settings back, journals a failure, and unlocks.
    }

    pub(super) fn emit(&mut self, event: &Event<'_>) {
        self.listener.tell(event);
    }

    pub(super) fn warn(&mut self, warning: String) {
        self.emit(&Event::Warning(&warning));
        self.session.report(|report| report.warnings.push(warning));
    }
}
