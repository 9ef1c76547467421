//! The direction in which a migration runs statement by statement, and what differs with it.

use gapless_core::{Directives, Down, Migration, Problem, Syntax};

use crate::Failure;
use crate::engine::DbError;

#[derive(Clone, Copy, Debug)]
pub(super) enum Direction<'a> {
    Up,
    Down(&'a Down),
}

impl<'a> Direction<'a> {
    pub(super) fn is_down(self) -> bool {
        matches!(self, Direction::Down(_))
    }

    pub(super) fn sql(self, migration: &'a Migration) -> &'a str {
        match self {
            Direction::Up => migration.sql(),
            Direction::Down(down) => down.sql(),
        }
    }

    pub(super) fn path(self, migration: &'a Migration) -> &'a str {
        match self {
            Direction::Up => migration.path(),
            Direction::Down(down) => down.path(),
        }
    }

    pub(super) fn directives(self, migration: &Migration) -> Directives {
        match self {
            Direction::Up => migration.directives(),
            Direction::Down(down) => down.directives(),
        }
    }

    /// What this syntax brings to light in the text that is run.
    pub(super) fn problems(self, migration: &Migration, syntax: Syntax) -> Vec<Problem> {
        match self {
            Direction::Up => migration.problems(syntax),
            Direction::Down(_) => migration.down_problems(syntax),
        }
    }

    /// `at` is where in the text that is run.
    pub(super) fn failure(
        self,
        migration: &Migration,
        error: DbError,
        at: Option<usize>,
        syntax: Syntax,
    ) -> Failure {
        match self {
            Direction::Up => Failure::new(migration, error, at, syntax),
            Direction::Down(_) => Failure::back(migration, error, at, syntax),
        }
    }
}
