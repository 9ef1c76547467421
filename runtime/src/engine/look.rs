//! Looking at the database, deciding, asking for the lock, waiting for it, creating the tracker.

use gapless_core::Migration;

use super::consult::{Question, Then};
use super::reply::{DbError, ResultSet};
use super::run::{After, Run, State};
use crate::dialect::{CURRENT, Class, Look, Missing};
use crate::error::ErrorKind;
use crate::event::Holder;
use crate::options::Locking;
use crate::runner::Goal;

/// So many rows are more than a server sends before it waits for the first word of the client (ten segments,
/// RFC 6928), at 90 bytes each. With fewer, the digest would save nothing.
const MANY: usize = 150;

/// To look at more scripts than that takes longer than to look at the settings.
const FEW: usize = 50;

/// What a look at the applied set comes to.
#[derive(Debug)]
pub(super) enum Decision<'a> {
    /// The run ends.
    End(Box<State<'a>>),
    /// There is work, and the queue holds it.
    Work,
    /// More must be known first.
    Ask(Question),
}

/// What came of asking for the lock.
#[derive(Debug)]
pub(super) struct Asked {
    look: Look,
    flags: ResultSet,
    holder: Option<Holder>,
}

impl<'a> Run<'a> {
    pub(super) fn look(&mut self) -> State<'a> {
        self.message = self.dialect.observe(&self.tracker, self.digest());
        State::Observing
    }

    /// The digest that the set has if there is nothing to do. What few rows there are, are sent as soon as it
    /// is reckoned; a rollback has to know them.
    fn digest(&self) -> Option<i64> {
        let many = self.set.migrations().len() >= MANY && self.options.rollback.is_none();
        self.set.digest().filter(|_| many).map(|digest| counted(digest, self.set.migrations().len()))
    }

    pub(super) fn observed(&mut self, results: &[ResultSet]) -> State<'a> {
        let session = results.first().cloned().unwrap_or_default();
        let pid = session.value(0).and_then(|pid| pid.parse().ok());
        if let (true, Some(before)) =
            (self.session.locked, self.session.pid.filter(|_| pid != self.session.pid))
        {
            let after = session.value(0).unwrap_or_default().to_owned();
            return self.end(Err(ErrorKind::Pooler { before, after }));
        }
        self.session.pid = pid;
        self.session.read_only = session.is_true(1);
        self.session.standby = session.is_true(2);
        if session.is_true(3) {
            return self.end(Err(ErrorKind::InTransaction));
        }
        self.session.set_exists = true;
        let rows = results.get(1);
        let decision = if is_current(rows) { self.nothing_to_do() } else { self.decide(rows) };
        self.after_observing(decision)
    }

    pub(super) fn after_observing(&mut self, decision: Decision<'a>) -> State<'a> {
        match decision {
            Decision::End(end) => *end,
            Decision::Ask(question) if self.asks_now(question) => self.consult(question, Then::Observed),
            Decision::Work if self.session.locked && self.session.set_exists && !self.prepares() => {
                self.begin_work()
            }
            Decision::Work | Decision::Ask(_) => self.ask(false),
        }
    }

    pub(super) fn not_observed(&mut self, error: DbError) -> State<'a> {
        let table = self.tracker.shown();
        match self.dialect.classify(&error, &self.tracker) {
            Class::Missing => {
                self.session.set_exists = false;
                let decision = self.decide(None);
                self.after_observing(decision)
            }
            Class::Busy | Class::Retry => self.await_database(After::Look, &error),
            Class::Canceled => self.look_again(error),
            Class::InTransaction => self.end(Err(ErrorKind::InTransaction)),
            Class::Shape => self.end(Err(ErrorKind::Shape { table, problem: error.message })),
            Class::Permission => {
                self.end(Err(ErrorKind::Permission { doing: format!("reading {table}"), error }))
            }
            _ => self.end(Err(ErrorKind::Database { doing: format!("reading {table}"), error })),
        }
    }

    pub(super) fn ask(&mut self, holder: bool) -> State<'a> {
        let take = self.options.locking == Locking::Session && !self.session.locked;
        let again = take && self.session.refused;
        let settings = self.lacks_settings();
        let digest = Some(&self.history)
            .filter(|history| history.rows().len() >= MANY)
            .map(|history| counted(history.digest(), history.rows().len()));
        let (pid, set) = (self.session.pid, self.session.set_exists);
        let look = Look { take, pid, again, settings, set, digest, holder };
        self.message = self.dialect.lock(&self.tracker, look);
        State::Locking(look)
    }

    pub(super) fn asked(&mut self, look: Look, results: &[ResultSet]) -> State<'a> {
        let mut results = results.iter().peekable();
        let flags = results.next().cloned().unwrap_or_default();
        if let Some(settings) = results.next_if(|_| look.settings) {
            self.session.settings = Some(pairs(settings));
        }
        let applied = if look.set { results.next() } else { None };
        let holder = if look.holder { results.next().and_then(holder) } else { None };
        if let (None, Some(before)) = (flags.value(0), look.pid) {
            let after = flags.value(4).unwrap_or_default().to_owned();
            return self.end(Err(ErrorKind::Pooler { before, after }));
        }
        let ours = flags.is_true(0);
        self.session.refused |= !ours;
        self.session.locked |=
            ours && look.take && self.dialect.unlock(&self.tracker, self.session.pid).is_some();
        self.session.pid = flags.value(4).and_then(|pid| pid.parse().ok());
        self.session.read_only = flags.is_true(5);
        self.session.standby = flags.is_true(6);
        self.session.set_exists = flags.is_true(2);
        if ours && self.session.set_exists && !look.set {
            // Another runner created it between our two looks.
            return self.ask(false);
        }
        let decision = if is_current(applied) {
            let history = std::mem::take(&mut self.history);
            self.decide_on(history)
        } else {
            self.decide(applied)
        };
        self.after_asking(Asked { look, flags, holder }, decision)
    }

    pub(super) fn after_asking(&mut self, asked: Asked, decision: Decision<'a>) -> State<'a> {
        let ours = asked.flags.is_true(0);
        if let Decision::End(end) = decision {
            return *end;
        }
        if !ours {
            return self.wait(After::Lock, asked.holder);
        }
        if asked.look.again || self.lacks_settings() {
            // The lock came without all that must be known for the work.
            return self.ask(false);
        }
        if let Decision::Ask(question) = decision {
            return self.consult(question, Then::Asked(Box::new(asked)));
        }
        if let Some(kind) = self.unfit(asked.look, &asked.flags) {
            return self.end(Err(kind));
        }
        let there = |column| asked.flags.is_true(column);
        let missing = Missing { schema: !there(1), set: !there(2), journal: !there(3) };
        self.session.journal = there(3);
        if self.goal == Goal::DryRun {
            return self.begin_rehearsal(missing);
        }
        let whole = !missing.any() && self.plan.creates.is_none();
        self.missing = Some(missing).filter(|_| !whole && self.brings_tracker());
        if whole || self.missing.is_some() {
            return self.begin_work();
        }
        self.message = self.same_backend() + &self.bootstrap(missing, true);
        State::Bootstrapping
    }

    /// Whether what is to be run may change settings of the session, so that they must be known first. They take a
    /// server as long as two small migrations, and replicas that wait for another never need them.
    fn needs_settings(&self) -> bool {
        // Steps have timeouts of the session, and code is not looked into.
        let plain = |migration: &&'a Migration| {
            let directives = migration.directives();
            !directives.rust() && !directives.no_transaction() && migration.is_plain(self.dialect.syntax())
        };
        let few = (1..=FEW).contains(&self.queue.len());
        self.goal != Goal::Apply || !few || !self.queue.iter().all(plain)
    }

    /// Whether they must be known and are not: what is to be run has changed since the lock was asked for.
    pub(super) fn lacks_settings(&self) -> bool {
        self.session.settings.is_none() && self.needs_settings()
    }

    /// What about the session or the tracker keeps anything from being applied.
    fn unfit(&self, look: Look, flags: &ResultSet) -> Option<ErrorKind> {
        if !flags.is_true(7) {
            return Some(ErrorKind::Strings);
        }
        // Of a table that was not there at the look before, the catalog may show the name and not yet the key.
        if look.set && !flags.is_true(8) {
            let table = self.tracker.shown();
            let set = self.tracker.set();
            let problem = format!(
                "two rows may have one version; make it the key: ALTER TABLE {set} ADD PRIMARY KEY (version)"
            );
            return Some(ErrorKind::Shape { table, problem });
        }
        let steps = self.queue.iter().find(|migration| self.runs_in_steps(migration));
        if let (Locking::Transaction, Some(migration)) = (self.options.locking, steps) {
            let down = migration.down().filter(|_| self.goal == Goal::Rollback);
            return Some(ErrorKind::NeedsSession(
                down.map_or(migration.file(), |down| down.path().to_owned()),
            ));
        }
        let lacking = self.queue.iter().filter(|migration| self.lacks_code(migration));
        let lacking: Vec<_> = lacking.map(|migration| (migration.version(), migration.file())).collect();
        if !lacking.is_empty() {
            return Some(ErrorKind::NoCode(lacking));
        }
        // A set read by other rules may hold what those rules hide from the build and this database runs.
        if self.set.syntax() == self.dialect.syntax() {
            return None;
        }
        let syntax = self.dialect.syntax();
        let problems: Vec<_> = match self.goal {
            Goal::Rollback => {
                self.queue.iter().flat_map(|migration| migration.down_problems(syntax)).collect()
            }
            _ => self.queue.iter().flat_map(|migration| migration.problems(syntax)).collect(),
        };
        (!problems.is_empty()).then_some(ErrorKind::Refused(problems))
    }

    /// Whether what is to be run of it runs outside of a transaction.
    fn runs_in_steps(&self, migration: &Migration) -> bool {
        match migration.down().filter(|_| self.goal == Goal::Rollback) {
            Some(down) => down.directives().no_transaction(),
            None => migration.directives().no_transaction(),
        }
    }

    /// Whether it is in Rust, and the run was not given the code. A dry run does not try it, and a rollback
    /// runs its down file.
    fn lacks_code(&self, migration: &Migration) -> bool {
        let needed = self.goal == Goal::Apply && migration.directives().rust();
        needed && !self.codes.contains_key(&migration.version())
    }

    /// Fails a message on another backend than the one that has the lock.
    pub(super) fn same_backend(&self) -> String {
        let pid = self.session.pid.filter(|_| self.session.locked);
        pid.map_or(String::new(), |pid| self.dialect.same_backend(pid))
    }

    pub(super) fn handed_on(&self, error: &DbError) -> Option<ErrorKind> {
        let class = self.dialect.classify(error, &self.tracker);
        let before = self.session.pid.filter(|_| class == Class::HandedOn)?;
        let pid = error.message.rsplit(|char: char| !char.is_ascii_digit()).find(|digits| !digits.is_empty());
        Some(ErrorKind::Pooler { before, after: pid.unwrap_or_default().to_owned() })
    }

    /// Takes the lock inside of a transaction, where that is the way of locking.
    pub(super) fn lock_transaction(&self) -> String {
        match self.options.locking {
            Locking::Transaction => self.dialect.lock_transaction(&self.tracker),
            Locking::Session | Locking::None => String::new(),
        }
    }

    pub(super) fn not_asked(&mut self, error: DbError) -> State<'a> {
        let class = self.dialect.classify(&error, &self.tracker);
        if class == Class::InTransaction {
            return self.end(Err(ErrorKind::InTransaction));
        }
        // Whether the lock was taken before the message failed is not known: give it back either way.
        self.session.locked = self.options.locking == Locking::Session;
        match class {
            Class::Busy | Class::Retry => {
                // The next look finds out.
                self.session.refused = false;
                let state = self.await_database(After::Lock, &error);
                self.session.locked &= !matches!(state, State::Waiting(..));
                state
            }
            Class::Canceled if self.attempt <= self.options.retries => {
                self.session.refused = false;
                self.session.locked = false;
                self.look_again(error)
            }
            _ => self.end(Err(ErrorKind::Database { doing: "asking for the lock".to_owned(), error })),
        }
    }
}

/// The digest with the number of rows.
fn counted(digest: i64, rows: usize) -> i64 {
    digest ^ i64::try_from(rows).unwrap_or(i64::MAX)
}

/// Whether the answer is that the rows are those that were expected.
fn is_current(rows: Option<&ResultSet>) -> bool {
    rows.is_some_and(|rows| rows.value(0).is_none() && rows.value(1) == Some(CURRENT))
}

/// Rows of a name and a value.
fn pairs(rows: &ResultSet) -> Vec<(String, String)> {
    let pair = |row: &[Option<String>]| match row {
        [Some(name), Some(value)] => Some((name.clone(), value.clone())),
        _ => None,
    };
    rows.rows().filter_map(pair).collect()
}

pub(super) fn holder(rows: &ResultSet) -> Option<Holder> {
    rows.rows().next()?;
    let text = |column| rows.value(column).map(str::to_owned);
    Some(Holder {
        pid: rows.value(0).and_then(|pid| pid.parse().ok()),
        application: text(1),
        since: text(2),
        query: text(3),
        state: text(4),
    })
}
