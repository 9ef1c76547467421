//! Lints a whole script: its directives, its statements and its characters.

use std::ops::Range;

use super::diagnostic::Problem;
use super::directives::directives;
use super::statement::refusal;
use crate::set::{Directives, Migration, Part};
use crate::sql::{Fault, Script, Statement, Syntax, parse};

/// The directives of a script that are known before it is read.
#[derive(Clone, Copy)]
pub(crate) enum Known {
    /// Those of a sidecar or an annotation; its header comments add to them.
    Beside(Directives),
    /// All directives; its header comments do not count.
    All(Directives),
}

/// The result of linting a script.
pub(crate) struct Linted {
    pub(crate) directives: Directives,
    /// In the order of the text.
    pub(crate) faults: Vec<Fault>,
    /// True if it holds neither SQL nor a comment.
    pub(crate) empty: bool,
    /// The place of the first statement.
    pub(crate) first: Option<Range<usize>>,
}

impl Linted {
    pub(crate) fn of(sql: &str, script: Script<'_>, syntax: Syntax, known: Known, part: Part) -> Linted {
        let (Known::Beside(base) | Known::All(base)) = known;
        let (read, mut faults) = directives(sql, &script, base, part);
        let directives = match known {
            Known::Beside(_) => read,
            Known::All(all) => all,
        };
        faults
            .extend(script.statements.iter().filter_map(|statement| refusal(statement, syntax, directives)));
        faults.extend(script.faults);
        if let Some(at) = sql.find('\0') {
            faults.push(Fault::new(
                "a NUL character",
                at..at + 1,
                "remove it: no database accepts it in a script",
            ));
        }
        faults.sort_by_key(|fault| fault.span.start);
        let empty = script.statements.is_empty() && script.comments.is_empty() && faults.is_empty();
        let first = script.statements.first().map(Statement::span);
        Linted { directives, faults, empty, first }
    }
}

impl Migration {
    /// Lints the text by the rules of a syntax: those of the database that will run it, if the set was read by others.
    pub fn problems(&self, syntax: Syntax) -> Vec<Problem> {
        problems(self.file(), self.sql(), syntax, self.directives(), Part::Up)
    }

    /// Lints the down script in the same way; returns nothing if there is none.
    pub fn down_problems(&self, syntax: Syntax) -> Vec<Problem> {
        let Some(down) = self.down() else { return Vec::new() };
        let file = self.package().map(|package| format!("{package}: {}", down.path()));
        let file = file.unwrap_or_else(|| down.path().to_owned());
        problems(file, down.sql(), syntax, down.directives(), Part::Down)
    }
}

fn problems(file: String, sql: &str, syntax: Syntax, directives: Directives, part: Part) -> Vec<Problem> {
    let linted = Linted::of(sql, parse(sql, syntax), syntax, Known::All(directives), part);
    to_problems(0, &file, sql, linted.faults).collect()
}

/// Returns the problems of a file, each with its line; only the first of them, because a file that is not SQL has
/// thousands.
pub(crate) fn to_problems(
    pattern: usize,
    path: &str,
    sql: &str,
    faults: Vec<Fault>,
) -> impl Iterator<Item = Problem> {
    faults.into_iter().take(MOST_FAULTS).map(move |fault| {
        let problem = Problem::new(pattern, fault.message).file(path);
        problem.snippet(path, sql, fault.span).help(fault.help)
    })
}

/// The number of faults that are shown for one file.
const MOST_FAULTS: usize = 50;
