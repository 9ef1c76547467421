//! Migrations that a release began outside of a transaction and did not end, and that are to run in one now.

use gapless_core::{Migration, Version};

use super::progress::Progress;
use super::reply::ResultSet;
use super::run::{Run, State};
use super::stepwise::{Phase, Stepwise};
use super::way::Way;
use crate::dialect::{Entry, Timeouts};
use crate::error::ErrorKind;
use crate::options::Resolution;

impl Stepwise<'_> {
    /// Whether it is to run in a transaction.
    pub(super) fn is_turned(&self) -> bool {
        !self.way.directives(self.migration).no_transaction()
    }
}

impl<'a> Run<'a> {
    /// Fails a message if one of these migrations was begun outside of a transaction.
    pub(super) fn none_unfinished(&self, migrations: &[&Migration]) -> String {
        // A journal that is not there yet says nothing of them.
        if !self.session.journal || migrations.is_empty() {
            return String::new();
        }
        self.dialect.none_unfinished(&self.tracker, &self.all_names(migrations.iter().copied()))
    }

    fn all_names<'m>(&self, migrations: impl Iterator<Item = &'m Migration>) -> Vec<(Version, &'m str)>
    where
        'a: 'm,
    {
        let names = |migration: &'m Migration| {
            [(migration.version(), migration.name())]
                .into_iter()
                .chain(self.names_before(migration.version()))
        };
        migrations.flat_map(names).collect()
    }

    /// Asks which it is.
    pub(super) fn ask_unfinished(&mut self) -> State<'a> {
        let known = self.all_names(self.queue.iter().copied());
        self.message = self.dialect.unfinished(&self.tracker, &known) + ";\n";
        State::Unfinished
    }

    pub(super) fn found_unfinished(&mut self, results: &[ResultSet]) -> State<'a> {
        let rows = results.iter().flat_map(ResultSet::rows);
        let versions: Vec<Version> = rows.filter_map(|row| row.first()?.as_deref()?.parse().ok()).collect();
        let of_it = |migration: &&Migration| {
            let before = self.names_before(migration.version());
            let named = |version: &Version| {
                *version == migration.version() || before.iter().any(|(old, _)| old == version)
            };
            !migration.directives().no_transaction() && versions.iter().any(named)
        };
        match self.queue.iter().copied().find(of_it) {
            Some(migration) => self.begin_steps(migration, Way::Up),
            None => self.look(),
        }
    }

    /// Whether the caller says what became of it, and it has not been looked at.
    pub(super) fn is_to_be_asked(&self, migration: &Migration) -> bool {
        let version = migration.version();
        let named = self.options.resolve.is_some_and(|(resolved, _)| resolved == version);
        named && self.asked != Some(version)
    }

    /// Goes on with the file in a transaction, if nothing is left of what was done outside of one.
    pub(super) fn turn(
        &mut self,
        mut steps: Stepwise<'a>,
        progress: &Progress,
        resolution: Option<Resolution>,
    ) -> State<'a> {
        let version = steps.migration.version();
        let alive = progress.open && progress.alive == Some(true);
        match resolution {
            Some(Resolution::RetryFrom(2..)) => {
                return self
                    .end(Err(ErrorKind::Resolve(version, "the file runs in a transaction, as a whole")));
            }
            None if !progress.begun => return self.closed(&steps),
            None if alive || !progress.is_untouched() => {
                let done = progress.done;
                let doubt = if progress.in_doubt { ", and nobody knows what became of the next" } else { "" };
                let why =
                    format!("{done} of its statements are done{doubt}; now it is to run in a transaction");
                let ways = format!(
                    "put `-- gapless: no-transaction` back into the file, and it goes on there; or undo by hand what \
                     was done and start once with `.resolve({version}, Resolution::Retry)`, or with \
                     `Resolution::MarkApplied` if all of the file took effect"
                );
                return self.broken(&steps, done + 1, &why, ways);
            }
            _ => {}
        }
        self.attempt = progress.attempt.max(1);
        let entry = Entry { statement: Some(0), ..self.entry(&steps, "resolved") };
        self.message = self.same_backend() + &self.dialect.begin(Timeouts::default());
        self.message += &self.dialect.journal(&self.tracker, &entry);
        self.message += &self.dialect.commit(true);
        steps.phase = Phase::Closing;
        State::Stepping(steps)
    }

    pub(super) fn closed(&mut self, steps: &Stepwise<'a>) -> State<'a> {
        self.attempt = 1;
        self.asked = Some(steps.migration.version());
        match steps.way {
            Way::Up => self.next(),
            Way::Down(_) => self.take_back(),
        }
    }
}
