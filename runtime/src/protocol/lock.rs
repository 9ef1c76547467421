//! Takes the lock. The run polls it, and never waits for it inside of the server. Each try observes the applied set
//! too, so that a waiting runner leaves as soon as another has done the work.

use gapless_core::Migration;

use super::Stop;
use super::errors::Work;
use super::item::Execution;
use super::observe::{MANY, Observed, counted};
use super::other_tool::strangers;
use super::plan::Decision;
use super::protocol::Protocol;
use crate::dialect::{Class, LockAnswer, LockQuery, Missing};
use crate::engine::DbError;
use crate::legacy::stranger;
use crate::report::error::ErrorKind;
use crate::runner::Goal;
use crate::runner::options::Locking;

/// With more scripts, reading them takes longer than asking for the settings.
const FEW: usize = 50;

impl Protocol<'_> {
    /// Takes the lock, and learns everything that the work requires. Returns `None` if no work is left.
    pub(super) async fn lock(&mut self) -> Result<Option<Missing>, Stop> {
        let ready = self.session.locked && self.session.whole && !self.lacks_settings();
        if ready && self.goal != Goal::DryRun && self.plan.creates.is_none() {
            return Ok(Some(Missing::NOTHING));
        }
        // A run that is not to wait asks once.
        let mut names_holder = self.has_waited_long();
        // Ends with the lock, without work, with an error, or when the time for waiting is over. Each turn that does
        // not wait asks for more than the one before: the set, then the settings.
        loop {
            self.check_cancelled(|| "before it took the lock".to_owned())?;
            self.session.is_at("asking for the lock");
            names_holder = match self.try_lock(names_holder).await? {
                Try::Ready(missing) => return Ok(Some(missing)),
                Try::NothingToDo => return Ok(None),
                Try::Waited => self.has_waited_long(),
                Try::AskMore => false,
            };
        }
    }

    async fn try_lock(&mut self, names_holder: bool) -> Result<Try, Stop> {
        let query = self.query(names_holder);
        // A node answers for the cluster once the session is set to wait for that.
        let own = if self.session.node.is_some() { self.restore() } else { String::new() };
        let mut message = own + &self.dialect.lock(&self.tracker, query);
        if query.tables {
            message += &self.dialect.visible_tables(&stranger::tables());
        }
        let results = match self.session.send(message).await? {
            Ok(results) => results,
            Err(error) => {
                self.not_locked(error).await?;
                return Ok(Try::Waited);
            }
        };
        let answer = LockAnswer::read(query, &results);
        self.learn_database(answer.database)?;
        let was_node = self.session.node;
        let ours = self.learn_lock(query, &answer)?;
        self.check_server(answer.server)?;
        if self.session.node.is_some() && was_node.is_none() {
            return Ok(Try::AskMore);
        }
        if ours && self.session.set_exists && !query.set {
            // Another runner created it between the two observations.
            return Ok(Try::AskMore);
        }
        let decision = match self.read(answer.set)? {
            Observed::Current => self.decide_as_before()?,
            Observed::History(history) => self.decide(history)?,
        };
        if decision == Decision::Nothing {
            return Ok(Try::NothingToDo);
        }
        if !ours {
            self.wait(answer.holder).await?;
            return Ok(Try::Waited);
        }
        if query.again || self.lacks_settings() {
            // The lock came without everything that the work requires.
            return Ok(Try::AskMore);
        }
        if !self.decide_under_lock(decision).await? {
            return Ok(Try::NothingToDo);
        }
        self.check_fitness(query, &answer)?;
        self.session.journal = answer.journal;
        let strangers = strangers(answer.tables);
        let missing = Missing { schema: !answer.schema, set: !answer.set_exists, journal: !answer.journal };
        self.session.whole = !missing.any();
        self.refuse_other_histories(&strangers).await?;
        Ok(Try::Ready(missing))
    }

    /// Probes for everything that the decision lacks. Returns `false` if there is nothing to do.
    async fn decide_under_lock(&mut self, mut decision: Decision) -> Result<bool, Stop> {
        // Each question is asked once at most.
        while let Decision::Unknown(question) = decision {
            self.probe(question).await?;
            decision = self.decide_with_probes()?;
        }
        Ok(decision == Decision::Work)
    }
}

/// The outcome of a try for the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Try {
    /// The lock is ours, and these parts of the tracker are missing.
    Ready(Missing),
    NothingToDo,
    /// Another runner had it, or the database was busy.
    Waited,
    /// The next try has to ask for more.
    AskMore,
}

impl Protocol<'_> {
    fn query(&self, names_holder: bool) -> LockQuery {
        let take = self.locks_session() && !self.session.locked;
        let digests = self.abilities.digest;
        let known = Some(&self.known.history).filter(|history| digests && history.rows().len() >= MANY);
        LockQuery {
            take,
            pid: self.session.pid,
            again: take && self.session.refused,
            settings: self.lacks_settings(),
            set: self.session.set_exists,
            digest: known.map(|history| counted(history.digest(), history.rows().len())),
            holder: names_holder,
            tables: matches!(self.goal, Goal::Apply | Goal::DryRun) && self.heeds_other_tools(),
        }
    }

    /// Returns `true` if the run holds a lock of its session while it works.
    fn locks_session(&self) -> bool {
        self.options.locking == Locking::Session && self.abilities.session_lock
    }

    /// Takes in the session's facts. Returns `true` if the lock is ours.
    fn learn_lock(&mut self, query: LockQuery, answer: &LockAnswer<'_>) -> Result<bool, Stop> {
        if answer.ours.is_none() && query.pid.is_some() {
            return Err(Stop::failed(self.pooler(answer.session.pid)));
        }
        if let Some(settings) = &answer.settings {
            self.session.settings = Some(settings.clone());
            self.session.node = self.dialect.is_node(settings).then(|| self.dialect.syntax());
            // What the run itself needs is put back at its end.
            self.session.needs_own = self.dialect.give_back(settings) != self.dialect.restore(settings);
        }
        self.session.longest = answer.longest;
        let ours = answer.ours == Some(true);
        self.session.refused |= !ours;
        self.session.locked |= ours && query.take;
        self.session.knows(answer.session);
        self.session.set_exists = answer.set_exists;
        Ok(ours)
    }

    /// Waits for a busy database, or retries what somebody canceled.
    ///
    /// # Errors
    ///
    /// The error that kept the run from the lock, or `LockWait` once the time for waiting is over.
    async fn not_locked(&mut self, error: DbError) -> Result<(), Stop> {
        let class = self.class(&error);
        if class == Class::InTransaction {
            return Err(Stop::failed(self.error(Work::Locking, error)));
        }
        // The message may have taken the lock before it failed. The teardown gives it back either way, unless the next
        // try finds out.
        self.session.locked = self.locks_session();
        self.session.unsure = self.session.locked;
        let again = match class {
            Class::Busy | Class::Retry => self.wait_for_database(&error).await,
            Class::Canceled if self.may_retry() => {
                self.retry_canceled(error).await?;
                Err(Stop::Again)
            }
            _ => Err(Stop::failed(self.error(Work::Locking, error))),
        };
        if matches!(again, Ok(()) | Err(Stop::Again)) {
            (self.session.locked, self.session.refused, self.session.unsure) = (false, false, false);
        }
        again
    }

    /// Returns `true` if the run lacks settings of the session that the work may change. They take a server as long as
    /// two small migrations, and replicas that wait for another never need them.
    fn lacks_settings(&self) -> bool {
        if self.session.settings.is_some() {
            return false;
        }
        // Steps set timeouts of the session, and code may set anything.
        let plain = |item: &super::item::Item<'_>| {
            item.execution == Execution::Batched
                && item.migration.is_ddl_only(self.dialect.syntax())
                && self.abilities.transactional_ddl
        };
        let few = (1..=FEW).contains(&self.queue.len());
        self.goal != Goal::Apply || !few || !self.queue.iter().all(plain)
    }

    /// Fails if the session or the tracker is unfit for the work.
    fn check_fitness(&self, query: LockQuery, answer: &LockAnswer<'_>) -> Result<(), Stop> {
        self.unfit(query, answer).map_or(Ok(()), |kind| Err(Stop::failed(kind)))
    }

    fn unfit(&self, query: LockQuery, answer: &LockAnswer<'_>) -> Option<ErrorKind> {
        if !answer.standard_strings
            && self.queue.iter().any(|item| self.dialect.depends_on_strings(item.sql()))
        {
            return Some(ErrorKind::Strings(self.dialect.syntax()));
        }
        // The catalog may show a table that was missing a moment ago without its key.
        if query.set && !answer.has_key {
            let set = self.tracker.set();
            return Some(self.shape(format!(
                "two rows may have one version; make it the key: ALTER TABLE {set} ADD PRIMARY KEY (version)"
            )));
        }
        let steps = self.queue.iter().find(|item| item.execution == Execution::Stepwise);
        if let (Locking::Transaction, Some(item)) = (self.options.locking, steps) {
            return Some(ErrorKind::NeedsSession(item.file()));
        }
        let lacks_code = |migration: &&Migration| !self.codes.contains_key(&migration.version());
        let coded = self.queue.iter().map(|item| item.migration).filter(|one| one.directives().rust());
        let lacking = coded.filter(|_| matches!(self.goal, Goal::Apply | Goal::Repair)).filter(lacks_code);
        let lacking: Vec<_> = lacking.map(|migration| (migration.version(), migration.file())).collect();
        if !lacking.is_empty() {
            return Some(ErrorKind::NoCode(lacking));
        }
        if let Some(kind) = self.too_long() {
            return Some(kind);
        }
        // The set may be read by other rules than this database's, and they may hide from the build what it runs.
        let syntax = self.dialect.syntax();
        if self.set.syntax() == syntax {
            return None;
        }
        let problems: Vec<_> = self.queue.iter().flat_map(|item| item.problems(syntax)).collect();
        (!problems.is_empty()).then_some(ErrorKind::Refused(problems))
    }

    /// Takes the lock inside of a transaction, with `Locking::Transaction`.
    pub(super) fn lock_transaction(&self) -> String {
        match self.options.locking {
            Locking::Transaction => self.dialect.lock_transaction(&self.tracker),
            Locking::Session | Locking::None => String::new(),
        }
    }

    /// Fails a message on any other backend than the one that has the lock.
    pub(super) fn same_backend(&self) -> String {
        let pid = self.session.pid.filter(|_| self.session.locked);
        pid.map_or(String::new(), |pid| self.dialect.same_backend(pid))
    }
}
