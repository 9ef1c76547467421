//! Reads the comments that allow what `gapless lint` would report. The build reads them too: one without a reason is
//! refused like any other directive that would be ignored.

use std::ops::Range;

use super::comment::{below, body_of, header_end, lines};
use crate::sql::{Syntax, parse};

/// A comment `-- gapless: allow RULE: why`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The rules, as they are written. Only the linter knows which rules there are.
    pub rules: Vec<String>,
    /// The reason.
    pub reason: String,
    /// The comment, in bytes of the script.
    pub span: Range<usize>,
    /// The statement below it; `None` if it stands above the first one and so counts for the whole script.
    pub statement: Option<Range<usize>>,
}

/// Returns what the comments of a script allow, in the order of the text. Comments with a mistake are left out: a scan
/// reports them.
pub fn allowances(sql: &str, syntax: Syntax) -> Vec<Allowance> {
    let script = parse(sql, syntax);
    let header = header_end(sql, &script);
    let lines = script.comments.iter().flat_map(|comment| lines(sql, comment.clone()));
    let allowances = lines.filter_map(|(span, line)| {
        let (rules, reason) = allowed(body_of(line)?.strip_prefix("allow")?).ok()?;
        let statement = if span.start <= header { None } else { Some(below(sql, &script, span.start)?) };
        Some(Allowance { rules, reason, span, statement })
    });
    allowances.collect()
}

/// The rules and the reason behind the word `allow`.
pub(super) fn allowed(words: &str) -> Result<(Vec<String>, String), (String, String)> {
    let help = || "write `-- gapless: allow RULE: why`; several rules are separated by commas".to_owned();
    let (rules, reason) = words.split_once(':').unwrap_or((words, ""));
    let rules: Vec<_> = rules.split(',').map(|rule| rule.trim().to_owned()).collect();
    let named = |rule: &String| {
        !rule.is_empty() && rule.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    };
    if !words.starts_with([' ', '\t']) || !rules.iter().all(named) {
        return Err(("the directive `allow` names no rule".to_owned(), help()));
    }
    if reason.trim().is_empty() {
        return Err((format!("the directive `allow {}` gives no reason", rules.join(", ")), help()));
    }
    Ok((rules, reason.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sql: &str) -> Vec<(String, String, Option<&str>)> {
        let found = allowances(sql, Syntax::Shared).into_iter();
        found.map(|one| (one.rules.join(","), one.reason, one.statement.map(|span| &sql[span]))).collect()
    }

    #[test]
    fn an_allowance_counts_for_the_file_or_for_the_statement_below_it() {
        let sql = "-- gapless: allow a: whole\n-- gapless: lock-timeout 2s\nSELECT 1;\n\n-- Prose.\n\
                   --gapless: allow b, c-d: one: two \nSELECT 2;\n  -- gapless: allow e: why\n-- More.\n\nSELECT 3;";
        let owned = |rules: &str, reason: &str, statement| (rules.to_owned(), reason.to_owned(), statement);
        assert_eq!(
            of(sql),
            [
                owned("a", "whole", None),
                owned("b,c-d", "one: two", Some("SELECT 2")),
                owned("e", "why", Some("SELECT 3")),
            ]
        );
        for sql in [
            "SELECT 1; -- gapless: allow a: behind it\nSELECT 2;",
            "SELECT 1;\nSELECT\n-- gapless: allow a: inside\n2;",
            "SELECT 1;\n-- gapless: allow a: at the end\n",
            "-- gapless: allow a\nSELECT 1;",
            "-- gapless: allowed a: why\nSELECT 1;",
        ] {
            assert_eq!(of(sql), [], "{sql}");
        }
    }
}
