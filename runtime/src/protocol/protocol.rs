//! The protocol of a run, from top to bottom: observe, lock, bootstrap, repair the history, apply, unlock, report.

use std::collections::{BTreeMap, VecDeque};

use gapless_core::{MigrationSet, Version};

use super::Stop;
use super::apply::Applying;
use super::autocommit::Stepwise;
use super::bootstrap::Bootstrapping;
use super::dry_run::Tried;
use super::item::Item;
use super::overtaken::Overtaken;
use super::place::Chains;
use super::probe::Known;
use super::session::{Link, Session};
use super::teardown::Cleanup;
use super::trace_locks::LockTrace;
use super::validate;
use super::wait::Patience;
use crate::code::Code;
use crate::dialect::{Abilities, Dialect};
use crate::plan::Plan;
use crate::report::error::{Error, ErrorKind, Lost};
use crate::report::event::Event;
use crate::runner::options::{Locking, Options};
use crate::runner::{Goal, Listener};
use crate::tracker::Tracker;
use crate::{Log, StatementTrace, Status};

/// The request for a run.
pub(crate) struct Request<'a> {
    pub(crate) set: &'a MigrationSet,
    pub(crate) options: Options,
    pub(crate) goal: Goal,
    pub(crate) dialect: &'static dyn Dialect,
    pub(crate) listener: Listener<'a>,
    pub(crate) codes: BTreeMap<Version, Code>,
    /// The seed of the pauses, and of the token by which the journal tells this run's migrations from those of others.
    pub(crate) seed: u64,
}

/// One run: its request, its knowledge, and the state of each part.
pub(super) struct Protocol<'a> {
    // The request.
    pub(super) set: &'a MigrationSet,
    pub(super) options: Options,
    pub(super) goal: Goal,
    pub(super) dialect: &'static dyn Dialect,
    pub(super) abilities: Abilities,
    pub(super) tracker: Tracker,
    pub(super) listener: Listener<'a>,
    pub(super) codes: BTreeMap<Version, Code>,
    pub(super) token: String,

    // Its knowledge of the session and the history.
    pub(super) session: Session,
    pub(super) known: Known,
    pub(super) plan: Plan,
    pub(super) queue: VecDeque<Item<'a>>,

    // The state of each part.
    pub(super) patience: Patience,
    pub(super) overtaken: Overtaken,
    pub(super) bootstrapping: Bootstrapping,
    pub(super) applying: Applying,
    pub(super) stepwise: Stepwise,
    pub(super) chains: Chains,
    pub(super) cleanup: Cleanup,
    /// The run has told its listener that it starts to work.
    started: bool,
    pub(super) tried: Tried,
    pub(super) trace: LockTrace,
    pub(super) status: Option<Status>,
    pub(super) log: Option<Log>,
}

/// The outcome of a run.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) result: Result<(), ErrorKind>,
    /// The connection broke after there was a result.
    pub(super) lost: Option<Lost>,
    pub(super) plan: Plan,
    pub(super) tried: Tried,
    pub(super) traced: Vec<StatementTrace>,
    pub(super) status: Option<Status>,
    pub(super) log: Option<Log>,
}

impl<'a> Protocol<'a> {
    pub(super) fn new(request: Request<'a>, link: Link) -> Result<Protocol<'a>, Error> {
        let Request { set, options, goal, dialect, listener, codes, seed } = request;
        let tracker = Tracker::new(dialect, options.schema.as_deref(), &options.table)?;
        validate::check(set, &options, &codes)?;
        validate::check_dialect(set.syntax(), dialect.syntax())?;
        if goal == Goal::DryRun && options.trace_locks && dialect.relations().is_none() {
            return Err(Error::new(ErrorKind::NoLockTrace));
        }
        if options.locking == Locking::Transaction && !dialect.abilities().transaction_lock {
            return Err(Error::new(ErrorKind::NoTransactionLock));
        }
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
            known: Known::default(),
            plan: Plan::default(),
            queue: VecDeque::new(),
            patience: Patience::new(seed),
            overtaken: Overtaken::default(),
            bootstrapping: Bootstrapping::default(),
            applying: Applying::default(),
            stepwise: Stepwise::default(),
            chains: Chains::new(seed),
            cleanup: Cleanup::default(),
            started: false,
            tried: Tried::default(),
            trace: LockTrace::default(),
            status: None,
            log: None,
        })
    }

    /// Runs to the end. The teardown follows every outcome.
    pub(super) async fn run(mut self) -> Ended {
        let outcome = self.attempts().await;
        let (result, lost) = self.tear_down(outcome).await;
        let Protocol { plan, tried, trace, status, log, .. } = self;
        Ended { result, lost, plan, tried, traced: trace.statements, status, log }
    }

    /// Attempts to reach the goal until an attempt ends the run. [`overtaken`](super::overtaken) says what ends this
    /// loop, and every other one.
    async fn attempts(&mut self) -> Result<(), Stop> {
        loop {
            match self.attempt().await {
                Err(Stop::Again) => {}
                outcome => return outcome,
            }
        }
    }

    async fn attempt(&mut self) -> Result<(), Stop> {
        let when = if self.started { "before another attempt" } else { "before it looked at the database" };
        self.check_cancelled(|| when.to_owned())?;
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
        self.check_cancelled(|| "before anything was done".to_owned())?;
        self.tell_started();
        if self.goal == Goal::DryRun {
            return self.dry_run(missing).await;
        }
        // Create the tracker, or leave it to the first batch.
        self.bootstrap(missing).await?;
        // Repair the history: adoptions, renames, reconciled rows, accepted checksums.
        self.repair().await?;
        // Work, migration by migration, and report each.
        match self.goal {
            Goal::Rollback => self.roll_back_all().await,
            _ => self.apply_all().await,
        }
        // The teardown puts settings back, journals a failure, and unlocks.
    }

    fn tell_started(&mut self) {
        if !std::mem::replace(&mut self.started, true) {
            let pid = self.session.pid;
            self.emit(&Event::Started { pid });
        }
    }

    pub(super) fn emit(&mut self, event: &Event<'_>) {
        self.listener.tell(event);
    }

    pub(super) fn warn(&mut self, warning: String) {
        self.emit(&Event::Warning(&warning));
        self.session.report(|report| report.warnings.push(warning));
    }
}
