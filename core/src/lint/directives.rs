//! Reads the header comments that tell the runner how to run a migration.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use super::allowance::allowed;
use super::comment::{below, body_of, header_end, lines};
use crate::set::{Directives, Part};
use crate::sql::{Fault, Script};

const KNOWN: &str = "the directives are `no-transaction`, `rerunnable`, `rust`, `lock-timeout 2s`, \
                     `statement-timeout 1h`, `allow RULE: why` and `todo`";

const NAMES: [&str; 4] = ["no-transaction", "rerunnable", "lock-timeout", "statement-timeout"];

/// Reads the directives of a script, on top of those in `base`. A comment that looks like a directive and is none is a
/// fault: a directive that is silently ignored is worse than none.
pub(crate) fn directives(
    sql: &str,
    script: &Script<'_>,
    base: Directives,
    part: Part,
) -> (Directives, Vec<Fault>) {
    let header_end = header_end(sql, script);
    let mut reader = Reader { directives: base, seen: BTreeSet::new(), rerunnable: None, rust: None };
    // sqlx knows its directive by the first bytes of the file.
    reader.directives.no_transaction |= sql.starts_with("-- no-transaction");
    let mut faults = Vec::new();
    for comment in &script.comments {
        for (span, line) in lines(sql, comment.clone()) {
            let place = || match () {
                () if span.start <= header_end => Place::Header,
                () if below(sql, script, span.start).is_some() => Place::AboveStatement,
                () => Place::Elsewhere,
            };
            if let Err((message, help)) = reader.read(line, place) {
                faults.push(Fault::new(message, span.clone(), help));
            } else if reader.sees("rerunnable") && reader.rerunnable.is_none() {
                reader.rerunnable = Some(span);
            } else if reader.sees("rust") && reader.rust.is_none() {
                reader.rust = Some(span);
            }
        }
    }
    if let Some(span) = reader.rerunnable.filter(|_| !reader.directives.no_transaction) {
        let help = "remove it, or add `-- gapless: no-transaction`: a transaction is never half done";
        faults.push(Fault::new("`rerunnable` means nothing without `no-transaction`", span, help));
    }
    faults.extend(reader.rust.and_then(|span| match part {
        Part::Down => Some(rust_down(span)),
        _ => rust_alone(script),
    }));
    (reader.directives, faults)
}

/// Returns the fault of a migration in Rust that has statements too.
fn rust_alone(script: &Script<'_>) -> Option<Fault> {
    let statement = script.statements.first()?;
    let help = "describe in comments what the code does, and move the SQL into a migration of its own";
    Some(Fault::new("a file with `-- gapless: rust` holds comments only", statement.span(), help))
}

/// Makes the fault of a down script in Rust: code runs forward only.
fn rust_down(span: Range<usize>) -> Fault {
    let help = "write the SQL that rolls the migration back, or remove the down script";
    Fault::new("`-- gapless: rust` in a down script", span, help)
}

/// Where a comment stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Header,
    AboveStatement,
    Elsewhere,
}

struct Reader {
    directives: Directives,
    seen: BTreeSet<String>,
    /// The place of `rerunnable`.
    rerunnable: Option<Range<usize>>,
    /// The place of `rust`.
    rust: Option<Range<usize>>,
}

impl Reader {
    fn sees(&self, name: &str) -> bool {
        self.seen.contains(name)
    }

    /// Reads one line of a comment.
    fn read(&mut self, line: &str, place: impl Fn() -> Place) -> Result<(), (String, String)> {
        let Some(named) = addressed(line) else { return Ok(()) };
        let Some(body) = body_of(line) else {
            let help = "write it as a line of its own, `-- gapless: ...`, in lower case";
            return Err((format!("`{named}` is not a directive"), help.to_owned()));
        };
        if let Some(words) =
            body.strip_prefix("allow").filter(|words| !words.starts_with(char::is_alphabetic))
        {
            let (rules, _) = allowed(words)?;
            let help = "move it to a line of its own above the statement that it is for";
            return match place() {
                Place::Elsewhere => {
                    Err((format!("no statement is below `allow {}`", rules.join(", ")), help.to_owned()))
                }
                _ => Ok(()),
            };
        }
        if body.split_whitespace().next().is_some_and(|name| name.trim_end_matches([':', '.', ',']) == "todo")
        {
            let help = "write it, and remove the line `-- gapless: todo`".to_owned();
            return Err(("the script is not written yet".to_owned(), help));
        }
        if place() != Place::Header {
            let help = "move it above the first statement; it counts for the whole file";
            return Err(("a directive must come before the first statement".to_owned(), help.to_owned()));
        }
        let mut words = body.split_whitespace();
        let name = words.next().unwrap_or_default();
        let value = words.collect::<Vec<_>>().join(" ");
        if self.sees(name) {
            return Err((format!("the directive `{name}` is given twice"), "keep one of them".to_owned()));
        }
        self.seen.insert(name.to_owned());
        match (name, value.as_str()) {
            ("no-transaction", "") => self.directives.no_transaction = true,
            ("rerunnable", "") => self.directives.rerunnable = true,
            ("rust", "") => self.directives.rust = true,
            ("lock-timeout", value) => self.directives.lock_timeout = Some(duration(name, value)?),
            ("statement-timeout", value) => self.directives.statement_timeout = Some(duration(name, value)?),
            ("no-transaction" | "rerunnable" | "rust", _) => {
                let help = "write one directive per line, with nothing after it";
                return Err((format!("the directive `{name}` takes no value"), help.to_owned()));
            }
            _ => return Err((format!("unknown directive `{name}`"), KNOWN.to_owned())),
        }
        Ok(())
    }
}

/// Returns the line without its decoration, if it is addressed to us: `gapless` with a colon or with the name of a
/// directive after it. Prose about gapless has neither.
fn addressed(line: &str) -> Option<&str> {
    let decoration = |char: char| char.is_whitespace() || matches!(char, '-' | '*' | '/' | '#' | '@' | '!');
    let line = line.trim_start_matches(decoration).trim_end_matches(['*', '/', ' ']);
    let rest = line.get(..7).filter(|name| name.eq_ignore_ascii_case("gapless")).map(|_| &line[7..])?;
    let word = rest.trim_start_matches([' ', '\t', '=']);
    let names =
        NAMES.iter().any(|name| word.get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name)));
    // These begin many sentences, so they must stand alone.
    let named = names || ["rust", "todo"].iter().any(|name| word.eq_ignore_ascii_case(name));
    (rest.trim_start().starts_with(':') || (named && word.len() < rest.len())).then_some(line)
}

/// Reads a whole number and a unit, as Postgres writes durations; `0` needs no unit.
fn duration(name: &str, text: &str) -> Result<Duration, (String, String)> {
    let compact = text.replace(' ', "");
    let digits = compact.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = compact.split_at(digits);
    let scale = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "min" => Some(60_000),
        "h" => Some(3_600_000),
        "" if number == "0" => Some(0),
        _ => None,
    };
    // Postgres keeps both timeouts in a signed 32-bit number of milliseconds.
    let millis = scale
        .zip(number.parse::<u64>().ok())
        .and_then(|(scale, number)| number.checked_mul(scale))
        .filter(|millis| *millis <= 2_147_483_647);
    millis.map(Duration::from_millis).ok_or_else(|| {
        let help =
            "write a whole number and one of `ms`, `s`, `min`, `h`, at most 24 days: `500ms`, `2s`, `1h`";
        (format!("`{name}` needs a duration, not `{text}`"), help.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{Syntax, parse};

    fn of(sql: &str) -> (Directives, Vec<String>) {
        let script = parse(sql, Syntax::Shared);
        let (directives, faults) = directives(sql, &script, Directives::NONE, Part::Up);
        (directives, faults.into_iter().map(|fault| fault.message).collect())
    }

    #[test]
    fn header_comments_are_read() {
        let (directives, faults) =
            of("-- Why: big table.\n-- gapless: no-transaction\n--gapless: rerunnable\n\
             -- gapless: lock-timeout 500ms\n-- gapless: statement-timeout 1 h\nSELECT 1;");
        assert!(faults.is_empty(), "{faults:?}");
        assert!(directives.no_transaction() && directives.rerunnable());
        assert_eq!(directives.lock_timeout(), Some(Duration::from_millis(500)));
        assert_eq!(directives.statement_timeout(), Some(Duration::from_secs(3600)));
    }

    #[test]
    fn near_misses_are_faults() {
        for sql in [
            "-- gapless: no-transactions\nSELECT 1",
            "-- gapless: no-transaction, rerunnable\nSELECT 1",
            "-- gapless:\nSELECT 1",
            "-- Gapless: no-transaction\nSELECT 1",
            "-- gapless : no-transaction\nSELECT 1",
            "-- gapless: lock-timeout\nSELECT 1",
            "-- gapless: lock-timeout 2m\nSELECT 1",
            "-- gapless: lock-timeout 99999h\nSELECT 1",
            "/* gapless: no-transactio */ SELECT 1",
            "/*\n * gapless: no-transaction\n */ SELECT 1",
            "/* Big table.\n   gapless: no-transaction */ SELECT 1",
            "--- gapless: no-transaction\nSELECT 1",
            "-- gapless no-transaction\nSELECT 1",
            "-- gapless = lock-timeout 2s\nSELECT 1",
            "-- @gapless: no-transaction\nSELECT 1",
            "-- gapless rust\n",
            "-- gapless=rust\nSELECT 1",
            "-- gapless: lock-timeout 2s\n-- gapless: lock-timeout 3s\nSELECT 1",
            "-- gapless: rerunnable\nSELECT 1",
            "-- gapless: rust\nSELECT 1",
            "SELECT 1;\n-- gapless: no-transaction\n",
            "SELECT 1 -- gapless: no-transaction\n",
            "-- gapless: allow\nSELECT 1",
            "-- gapless: allow a\nSELECT 1",
            "-- gapless: allow a:\nSELECT 1",
            "-- gapless: allow a b: why\nSELECT 1",
            "-- gapless: allowed a: why\nSELECT 1",
            "SELECT 1;\n-- gapless: allow a: why\n",
            "SELECT 1; -- gapless: allow a: why\nSELECT 2",
        ] {
            assert_eq!(of(sql).1.len(), 1, "{sql}");
        }
    }

    #[test]
    fn an_unwritten_script_is_a_fault_wherever_it_says_so() {
        for sql in [
            "-- gapless: todo\n-- Write the SQL here.\n",
            "--gapless: todo: the index\nSELECT 1",
            "-- gapless: rust\n-- gapless: todo\n",
            "SELECT 1;\n-- gapless: todo\n",
            "SELECT 1 -- gapless: todo\n",
        ] {
            assert_eq!(of(sql).1, ["the script is not written yet"], "{sql}");
        }
        for near in ["-- gapless todo\n", "-- Gapless: TODO\n", "/* gapless: todo */"] {
            assert!(of(near).1[0].ends_with("is not a directive"), "{near}");
        }
        assert_eq!(of("-- gapless todo lists are kept here\nSELECT 1"), (Directives::NONE, vec![]));
    }

    #[test]
    fn code_may_run_outside_of_a_transaction() {
        let (directives, faults) =
            of("-- gapless: rust\n-- gapless: no-transaction\n-- gapless: rerunnable\n");
        assert!(faults.is_empty(), "{faults:?}");
        assert!(directives.rust() && directives.no_transaction() && directives.rerunnable());
    }

    #[test]
    fn allowances_are_no_directives_of_a_run() {
        let sql = "-- gapless: allow a: why\n-- gapless: allow a: again\nSELECT 1;\n-- gapless: allow b: why\nSELECT 2";
        assert_eq!(of(sql), (Directives::NONE, vec![]));
    }

    #[test]
    fn prose_about_us_is_prose() {
        assert_eq!(of("-- gapless rust code reads this\nSELECT 1"), (Directives::NONE, vec![]));
        assert_eq!(of("-- gapless runs this at boot\nSELECT 'x -- gapless: y'"), (Directives::NONE, vec![]));
    }

    #[test]
    fn the_directive_of_sqlx_counts_at_the_very_beginning_only() {
        assert!(of("-- no-transaction\nSELECT 1").0.no_transaction());
        assert!(of("-- no-transaction because of X\nSELECT 1").0.no_transaction());
        assert!(!of("\n-- no-transaction\nSELECT 1").0.no_transaction());
    }
}
