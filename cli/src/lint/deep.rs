//! Gives squawk the stack that a script needs: its parser calls itself for each level, and so does what frees its trees.

use std::thread;

use gapless_core::{Syntax, split};

use super::{Finding, Level, Script};

/// The depth beyond which a script is not read. Postgres reads no more than some thousand levels.
const DEEPEST: usize = 100_000;

/// More than a level was seen to take in a build without optimisations.
const STACK_OF_A_LEVEL: usize = 4 * 1024;

/// The stack that the rules themselves take, and more.
const STACK: usize = 8 * 1024 * 1024;

/// Does some work with a script where there is as much stack as it may need, unless it is too deep to read.
pub(super) fn with_enough_stack(
    script: Script<'_>,
    work: impl FnOnce() -> Vec<Finding> + Send,
) -> Vec<Finding> {
    let statements = split(script.sql, Syntax::Postgres).unwrap_or_default();
    let deepest = statements.iter().max_by_key(|statement| statement.__depth());
    let depth = deepest.map_or(0, |statement| statement.__depth());
    let unread = |why: &str| {
        let start = deepest.map_or(0, |statement| statement.span().start);
        let word = script.sql[start..].chars().take_while(|char| char.is_alphanumeric());
        let end = start + word.map(char::len_utf8).sum::<usize>();
        let message = format!("the linter does not read the file, because this statement {why}");
        let help = "look at the file yourself, and allow `syntax-error` here";
        vec![Finding::new(script, "syntax-error", Level::Error, start..end, message).help(help)]
    };
    if depth > DEEPEST {
        return unread("is too deep");
    }
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK + depth * STACK_OF_A_LEVEL);
        match thread.spawn_scoped(scope, work).map(thread::ScopedJoinHandle::join) {
            Ok(Ok(findings)) => findings,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => unread(&format!("needs more memory than there is ({error})")),
        }
    })
}
