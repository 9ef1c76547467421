//! Asks squawk, and says its advice in gapless's words.

use std::collections::BTreeSet;

use gapless_core::{Syntax, split};
use squawk_linter::Linter;
use squawk_syntax::{Parse, SourceFile};

use super::advice::advice;
use super::{Finding, Level, Script, Selection};

/// What squawk finds in a script, and what it cannot read.
pub(super) fn findings(
    script: Script<'_>,
    parsed: &Parse<SourceFile>,
    selection: &Selection,
) -> Vec<Finding> {
    let timed = script.directives.statement_timeout().is_some();
    let rules = selection.squawk().filter(|rule| !timed || rule.to_string() != "require-statement-timeout");
    let mut linter = Linter::from(rules);
    linter.settings.assume_in_transaction = !script.directives.no_transaction();
    let violations = linter.lint(parsed, script.sql);
    let found = violations.into_iter().filter_map(|violation| {
        let name = super::all().into_iter().find(|name| *name == violation.code.to_string())?;
        let span = usize::from(violation.text_range.start())..usize::from(violation.text_range.end());
        let (level, help) = advice(name);
        let finding = Finding::new(script, name, level, span, sentence(&violation.message));
        Some(match help.map(str::to_owned).or(violation.help.as_deref().map(sentence)) {
            Some(help) => finding.help(help),
            None => finding,
        })
    });
    found.chain(unread(script, parsed)).collect()
}

/// The first place of each statement that squawk cannot read.
fn unread(script: Script<'_>, parsed: &Parse<SourceFile>) -> Vec<Finding> {
    let statements = split(script.sql, Syntax::Postgres).unwrap_or_default();
    let mut seen = BTreeSet::new();
    let errors = parsed.errors().into_iter().filter_map(|error| {
        let start = usize::from(error.range().start());
        let statement = statements.partition_point(|statement| statement.span().end <= start);
        seen.insert(statement).then_some(())?;
        let word = script.sql.get(start..)?.chars().take_while(|char| char.is_alphanumeric());
        let end = usize::from(error.range().end()).max(start + word.map(char::len_utf8).sum::<usize>());
        let message = format!("this is not the SQL of Postgres: {}", sentence(error.message()));
        let help =
            "correct it; if Postgres takes it, allow `syntax-error` here, and look at the statement yourself";
        Some(Finding::new(script, "syntax-error", Level::Error, start..end, message).help(help))
    });
    errors.collect()
}

/// The first sentence of a message as ours are written: in lower case and without a full stop.
fn sentence(text: &str) -> String {
    let text = text.split(". ").next().unwrap_or(text).trim().trim_end_matches('.');
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
    // An abbreviation stays one.
    if text.split(' ').next().is_some_and(|word| word.len() > 1 && word.chars().all(char::is_uppercase)) {
        text.to_owned()
    } else {
        first + chars.as_str()
    }
}
