//! Many migrations in one message, each in its own transaction.

use std::ops::Range;
use std::time::Duration;

use gapless_core::{Migration, Version, split};

use super::ending::shown;
use super::reply::{DbError, ResultSet};
use super::run::Run;
use crate::dialect::{APPLIED, Dialect, Prepared};
use crate::options::Locking;

/// A message is at most about this long, so that neither side holds much of it at once.
const MOST_BYTES: usize = 1 << 20;

/// What is prepared for fewer costs as much as it saves: a server plans a statement anew the first five times
/// (PostgreSQL's documentation of `PREPARE`).
const WORTH_PREPARING: usize = 10;

/// And holds at most so many migrations, so that progress is seen.
const MOST_MIGRATIONS: usize = 200;

#[derive(Debug)]
pub(super) struct Batch<'a> {
    segments: Vec<Segment<'a>>,
    unlocks: bool,
    /// Whether the message creates the tracker first.
    bootstraps: bool,
}

/// A migration's part of the message.
#[derive(Debug)]
struct Segment<'a> {
    migration: &'a Migration,
    /// From its `BEGIN` to its `COMMIT`.
    whole: Range<usize>,
    script: Range<usize>,
}

/// Where in a batch an error lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Culprit {
    pub(super) index: usize,
    /// In bytes of the migration's script, if it lies there.
    pub(super) at: Option<usize>,
}

impl<'a> Batch<'a> {
    /// Writes the run's message for the transactional migrations at the head of its queue.
    pub(super) fn build(run: &mut Run<'a>) -> Batch<'a> {
        let ready = run.queue.iter().copied().take_while(|migration| !run.is_to_be_asked(migration));
        let members: Vec<_> = members(ready);
        let last = members.len() == run.queue.len() && run.doomed.is_none();
        run.message = headline(&members) + &run.same_backend() + &run.none_unfinished(&members);
        let missing = run.missing.take();
        // Whatever makes the last migration durable makes this durable too.
        let bootstrap = missing.map(|missing| run.bootstrap(missing, false));
        run.message.extend(bootstrap);
        let segments = segments(run, &members);
        let unlock = run.dialect.unlock(&run.tracker, run.session.pid).filter(|_| last && run.session.locked);
        run.message.extend(unlock.iter().map(String::as_str));
        Batch { segments, unlocks: unlock.is_some(), bootstraps: missing.is_some() }
    }

    pub(super) fn members(&self) -> impl Iterator<Item = &'a Migration> {
        self.segments.iter().map(|segment| segment.migration)
    }

    /// Its migrations in few words.
    pub(super) fn shown(&self) -> String {
        match self.segments.as_slice() {
            [] => "nothing".to_owned(),
            [one] => format!("migration {}", shown(one.migration)),
            [first, .., last] => {
                format!("migrations {} to {}", shown(first.migration), shown(last.migration))
            }
        }
    }

    pub(super) fn versions(&self) -> impl Iterator<Item = Version> {
        self.members().map(Migration::version)
    }

    /// Whether the message ends by giving the lock back.
    pub(super) fn unlocks(&self) -> bool {
        self.unlocks
    }

    /// Whether the message creates the tracker first.
    pub(super) fn bootstraps(&self) -> bool {
        self.bootstraps
    }

    /// How long each member took, as the journal's rows say.
    pub(super) fn durations(&self, results: &[ResultSet]) -> Vec<Option<Duration>> {
        let mut marks = results.iter().filter(|result| result.value(0) == Some(APPLIED));
        let micros = |result: &ResultSet| result.value(2)?.parse().ok().map(Duration::from_micros);
        self.members().map(|_| marks.next().and_then(micros)).collect()
    }

    /// The member whose part of the message holds the error, if the database said where it lies.
    pub(super) fn culprit(&self, error: &DbError, message: &str, dialect: &dyn Dialect) -> Option<Culprit> {
        let at = offset(error, message, dialect)?;
        let index = self.segments.iter().position(|segment| segment.whole.contains(&at))?;
        let script = &self.segments[index].script;
        Some(Culprit { index, at: script.contains(&at).then(|| at - script.start) })
    }
}

/// Where in the message an error lies: where the database says, or at the statement after the last that
/// ended well.
pub(super) fn offset(error: &DbError, message: &str, dialect: &dyn Dialect) -> Option<usize> {
    let stated = error.position.map(|position| position.bytes(message));
    stated.or_else(|| untranslatable(error, message)).or_else(|| {
        let statements = split(message, dialect.syntax()).ok()?;
        statements.get(error.completed?).map(|statement| statement.span().start)
    })
}

/// Where the character stands that the database's encoding lacks: the server converts a message before it reads it, and
/// names the bytes (`0xe2 0x98 0x83`) in whatever language.
pub(super) fn untranslatable(error: &DbError, message: &str) -> Option<usize> {
    if error.code != "22P05" {
        return None;
    }
    let named = error.message.split(|char: char| !char.is_ascii_alphanumeric());
    let bytes = named.filter_map(|word| u8::from_str_radix(word.strip_prefix("0x")?, 16).ok());
    message.find(std::str::from_utf8(&bytes.collect::<Vec<_>>()).ok().filter(|char| !char.is_empty())?)
}

/// Whether a script may prepare statements or declare cursors that outlive it.
fn leaves_open(sql: &str) -> bool {
    let sql = sql.to_ascii_uppercase();
    sql.contains("PREPARE") || (sql.contains("DECLARE") && sql.contains("HOLD"))
}

/// What whoever looks at the server's activity sees first.
pub(super) fn headline(members: &[&Migration]) -> String {
    let shown = |migration: &Migration| format!("{} {}", migration.version(), migration.name());
    match members {
        [] => String::new(),
        [one] => format!("-- gapless: applying {}\n", shown(one)),
        [first, .., last] => {
            format!(
                "-- gapless: applying {} migrations, {} to {}\n",
                members.len(),
                shown(first),
                shown(last)
            )
        }
    }
}

fn members<'a>(queue: impl Iterator<Item = &'a Migration>) -> Vec<&'a Migration> {
    let mut bytes = 0;
    queue
        .take_while(|migration| {
            let fits = bytes == 0 || bytes + migration.sql().len() <= MOST_BYTES;
            bytes += migration.sql().len();
            fits && !migration.directives().no_transaction() && !migration.directives().rust()
        })
        .take(MOST_MIGRATIONS)
        .collect()
}

/// Writes each member's part. Where many scripts follow each other that define objects and do nothing else, their
/// rows are prepared: any other script may make the session forget what is prepared.
fn segments<'a>(run: &mut Run<'a>, members: &[&'a Migration]) -> Vec<Segment<'a>> {
    let plain: Vec<_> = members.iter().map(|migration| migration.is_plain(run.dialect.syntax())).collect();
    let alike = |index: &usize| plain[*index] && !members[*index].is_baseline();
    let restore = run.restore();
    // A pooler's session may be another one when there is something to forget.
    let session = run.options.locking == Locking::Session;
    let prepared = run.dialect.prepared(&run.tracker, &run.token).filter(|_| session);
    let mut segments = Vec::with_capacity(members.len());
    let (mut ready, mut used): (Option<&Prepared>, bool) = (None, false);
    for (index, migration) in members.iter().enumerate() {
        let many = || (index..members.len()).take_while(alike).nth(WORTH_PREPARING).is_some();
        if let Some(prepared) = ready.filter(|_| !alike(&index)) {
            run.message.push_str(&prepared.end);
            ready = None;
        } else if let (None, Some(prepared)) = (ready, prepared.as_ref().filter(|_| many())) {
            run.message.push_str(&prepared.begin);
            (ready, used) = (Some(prepared), true);
        }
        // To look for settings that have changed takes as long as a small migration.
        let restore = if plain[index] { "" } else { &restore };
        let durable = index + 1 == members.len();
        segments.push(Segment::write(run, migration, ready, restore, durable));
    }
    if let Some(prepared) = ready {
        run.message.push_str(&prepared.end);
    }
    run.prepared = prepared.filter(|_| used);
    segments
}

impl<'a> Segment<'a> {
    /// The record comes first: it is the fence. The settings are put back before the journal's row, so
    /// that nothing stands between one transaction and the next.
    fn write(
        run: &mut Run<'a>,
        migration: &'a Migration,
        prepared: Option<&Prepared>,
        restore: &str,
        durable: bool,
    ) -> Segment<'a> {
        let begin = run.dialect.begin(run.timeouts(migration));
        let lock = run.lock_transaction();
        let record = run.record(migration, prepared);
        let journal = match prepared {
            Some(prepared) => prepared.journal_applied(migration),
            None => run.dialect.journal_applied(&run.tracker, migration, &run.token),
        };
        let (mark, check) = (run.dialect.mark(&run.token), run.dialect.check_mark(&run.token));
        let commit = run.dialect.commit(durable);
        let message = &mut run.message;
        let whole = message.len();
        message.push_str(&begin);
        message.push_str(&lock);
        message.push_str(&record);
        message.push_str(&mark);
        let script = message.len();
        message.push_str(migration.sql());
        let script_end = message.len();
        // The script may end in a comment, or without a semicolon.
        message.push_str("\n;\n");
        message.push_str(restore);
        message.push_str(if leaves_open(migration.sql()) { run.dialect.close() } else { "" });
        message.push_str(&check);
        message.push_str(&journal);
        message.push_str(&commit);
        Segment { migration, whole: whole..message.len(), script: script..script_end }
    }
}
