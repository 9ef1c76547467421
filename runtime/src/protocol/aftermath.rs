//! The aftermath of a failure: who holds a lock, and what the migration left behind. The teardown asks the database
//! along with the journal's row.

use std::collections::BTreeSet;

use gapless_core::{Migration, Statement, split};

use super::protocol::Protocol;
use super::reply::ResultSet;
use crate::Failure;
use crate::dialect::{Class, FoundIndex, Names, blocker, is_recorded};
use crate::report::failure::Aftermath;

/// The most words of a statement that are compared with the names of locked relations.
const MOST_WORDS: usize = 500;

/// The questions that a failure raises.
#[derive(Debug, Default)]
pub(super) struct Questions {
    /// Asks for the version's row, which is there if code has ended its transaction.
    pub(super) recorded: Option<String>,
    /// Asks for the indexes that the statement left.
    indexes: Option<String>,
    /// Asks who has a lock on the relations that the statement names.
    blocker: Option<String>,
}

impl Questions {
    pub(super) fn message(&self) -> String {
        [&self.recorded, &self.indexes, &self.blocker].into_iter().flatten().map(String::as_str).collect()
    }

    /// Reads the answers, which follow that of the journal's row.
    pub(super) fn read(&self, failure: Failure, results: &[ResultSet]) -> Failure {
        let mut answers = results.iter().skip(1);
        let mut answer = |question: &Option<String>| question.as_ref().and_then(|_| answers.next());
        let kept = answer(&self.recorded).is_some_and(is_recorded);
        let indexes = answer(&self.indexes).into_iter().flat_map(FoundIndex::read);
        let invalid: Vec<_> = indexes.filter(|index| !index.valid).map(|index| index.name).collect();
        let blocker = answer(&self.blocker).and_then(blocker);
        let failure = if kept { failure.left_behind() } else { failure };
        failure.with_aftermath(Aftermath { invalid, blocker })
    }
}

impl Protocol<'_> {
    pub(super) fn questions(&self, failure: &Failure) -> Questions {
        let recorded = failure.is_code().then(|| self.dialect.is_recorded(&self.tracker, failure.version()));
        let baseline = self.set.baseline().filter(|baseline| baseline.name() == failure.name());
        let Some(migration) = self.set.find(failure.version()).or(baseline) else {
            return Questions { recorded, ..Questions::default() };
        };
        let script = script(migration, failure);
        let statements = split(script, self.dialect.syntax()).unwrap_or_default();
        let at = failure.statement().and_then(|number| number.checked_sub(1));
        let statement = at.and_then(|at| statements.get(at));
        let concurrent = statement.filter(|_| failure.is_step()).and_then(Statement::concurrent);
        let names = Names { version: failure.version(), name: failure.name(), before: Vec::new() };
        let indexes =
            concurrent.and_then(|concurrent| self.dialect.inspect(&self.tracker, &names, 0, &concurrent));
        let locked = self.class(failure.database_error()) == Class::Retry;
        let text = statement.map_or(script, Statement::text);
        let blocker = locked.then(|| self.dialect.blocker(&words(text))).flatten();
        Questions { recorded, indexes, blocker }
    }
}

fn script<'a>(migration: &'a Migration, failure: &Failure) -> &'a str {
    let down = migration.down().filter(|_| failure.is_back());
    down.map_or(migration.sql(), |down| down.sql())
}

/// Returns each word that may name a relation, as written and in lower case.
pub(super) fn words(text: &str) -> Vec<String> {
    let words = text.split(|char: char| !(char.is_alphanumeric() || char == '_' || char == '$'));
    let named = words.filter(|word| !word.is_empty() && word.len() < 64);
    let both = named.flat_map(|word| [word.to_owned(), word.to_lowercase()]);
    both.take(2 * MOST_WORDS).collect::<BTreeSet<_>>().into_iter().collect()
}
