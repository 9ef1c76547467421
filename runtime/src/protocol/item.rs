//! A work item: a migration, its direction, and its execution. This file alone decides them.

use gapless_core::{Directives, Down, Migration, Problem, Statement, Syntax, split};

use crate::Failure;
use crate::dialect::Abilities;
use crate::engine::DbError;

/// The execution of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Execution {
    /// In a transaction of its own; many in one message.
    Batched,
    /// Statement by statement, or as code, outside of a transaction.
    Stepwise,
    /// As code, in a transaction of its own.
    Code,
}

impl Execution {
    fn of(sql: &str, directives: Directives, abilities: Abilities, syntax: Syntax) -> Execution {
        // DDL that commits by itself commits the record with it, and leaves the rest of the script behind.
        let atomic = || abilities.transactional_ddl || is_dml(sql, syntax);
        match (directives.no_transaction(), directives.rust()) {
            (true, _) => Execution::Stepwise,
            (false, true) => Execution::Code,
            (false, false) if atomic() => Execution::Batched,
            (false, false) => Execution::Stepwise,
        }
    }
}

fn is_dml(sql: &str, syntax: Syntax) -> bool {
    split(sql, syntax).is_ok_and(|statements| statements.iter().all(Statement::is_dml))
}

/// The direction in which a migration runs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Direction<'a> {
    Up,
    Down(&'a Down),
}

/// A migration to run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'a> {
    pub(super) migration: &'a Migration,
    pub(super) direction: Direction<'a>,
    pub(super) execution: Execution,
}

impl<'a> Item<'a> {
    pub(super) fn up(migration: &'a Migration, abilities: Abilities, syntax: Syntax) -> Item<'a> {
        let execution = Execution::of(migration.sql(), migration.directives(), abilities, syntax);
        Item { migration, direction: Direction::Up, execution }
    }

    /// Returns `None` for a migration without a down script.
    pub(super) fn down(migration: &'a Migration, abilities: Abilities, syntax: Syntax) -> Option<Item<'a>> {
        let down = migration.down()?;
        let execution = Execution::of(down.sql(), down.directives(), abilities, syntax);
        Some(Item { migration, direction: Direction::Down(down), execution })
    }

    pub(super) fn is_down(&self) -> bool {
        matches!(self.direction, Direction::Down(_))
    }

    /// Returns the text that runs.
    pub(super) fn sql(&self) -> &'a str {
        match self.direction {
            Direction::Up => self.migration.sql(),
            Direction::Down(down) => down.sql(),
        }
    }

    /// Returns the path of the file that runs, behind its crate where several crates make the set.
    pub(super) fn file(&self) -> String {
        match self.direction {
            Direction::Up => self.migration.file(),
            Direction::Down(down) => {
                let package =
                    self.migration.package().map_or(String::new(), |package| format!("{package}: "));
                package + down.path()
            }
        }
    }

    pub(super) fn directives(&self) -> Directives {
        match self.direction {
            Direction::Up => self.migration.directives(),
            Direction::Down(down) => down.directives(),
        }
    }

    /// Finds the problems that this syntax reveals in the text that runs.
    pub(super) fn problems(&self, syntax: Syntax) -> Vec<Problem> {
        match self.direction {
            Direction::Up => self.migration.problems(syntax),
            Direction::Down(_) => self.migration.down_problems(syntax),
        }
    }

    /// Makes a failure of the database's error, which lies `at` this byte of the text that runs.
    pub(super) fn failure(&self, error: DbError, at: Option<usize>, syntax: Syntax) -> Failure {
        let failure = match self.direction {
            Direction::Up => Failure::new(self.migration, error, at, syntax),
            Direction::Down(_) => Failure::back(self.migration, error, at, syntax),
        };
        if self.execution == Execution::Stepwise { failure.stepwise() } else { failure }
    }
}
