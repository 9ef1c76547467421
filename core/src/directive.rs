//! Header comments that tell the runner how to run a migration.

use std::ops::Range;
use std::time::Duration;

use crate::Syntax;
use crate::statement::{Fault, Script};

/// How a migration wants to be run, as its header comments say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Directives {
    no_transaction: bool,
    rerunnable: bool,
    lock_timeout: Option<Duration>,
    statement_timeout: Option<Duration>,
}

impl Directives {
    /// No directive: in a transaction, with the runner's timeouts.
    pub const NONE: Directives =
        Directives { no_transaction: false, rerunnable: false, lock_timeout: None, statement_timeout: None };

    /// `-- gapless: no-transaction`: statement by statement, each in autocommit.
    pub const fn no_transaction(self) -> bool {
        self.no_transaction
    }

    /// `-- gapless: rerunnable`: each statement may be repeated without harm.
    pub const fn rerunnable(self) -> bool {
        self.rerunnable
    }

    /// `-- gapless: lock-timeout 2s`: how long a statement may wait for a lock; zero is for ever.
    pub const fn lock_timeout(self) -> Option<Duration> {
        self.lock_timeout
    }

    /// `-- gapless: statement-timeout 1h`: how long a statement may take; zero is for ever.
    pub const fn statement_timeout(self) -> Option<Duration> {
        self.statement_timeout
    }

    /// The macro's way to write directives down as a constant; timeouts in milliseconds.
    #[doc(hidden)]
    pub const fn __embedded(
        no_transaction: bool,
        rerunnable: bool,
        lock_timeout: Option<u64>,
        statement_timeout: Option<u64>,
    ) -> Directives {
        Directives {
            no_transaction,
            rerunnable,
            lock_timeout: millis(lock_timeout),
            statement_timeout: millis(statement_timeout),
        }
    }
}

impl Default for Directives {
    fn default() -> Directives {
        Directives::NONE
    }
}

const fn millis(millis: Option<u64>) -> Option<Duration> {
    match millis {
        Some(millis) => Some(Duration::from_millis(millis)),
        None => None,
    }
}

const KNOWN: &str = "known are `no-transaction`, `rerunnable`, `lock-timeout 2s` and `statement-timeout 1h`";

/// Reads the directives of a script. All that looks like one and is not is a fault: a directive that
/// is silently ignored is worse than none.
pub(crate) fn directives(sql: &str, syntax: Syntax, script: &Script<'_>) -> (Directives, Vec<Fault>) {
    let header_end = script.statements.first().map_or(sql.len(), |first| first.span().start);
    let mut directives = Directives { no_transaction: sqlx_no_transaction(sql), ..Directives::NONE };
    let mut faults = Vec::new();
    for span in &script.comments {
        let Some(text) = comment_text(&sql[span.clone()], syntax) else { continue };
        if let Err((message, help)) = read_comment(text, span, header_end, &mut directives) {
            faults.push(Fault::new(message, span.clone(), help));
        }
    }
    (directives, faults)
}

/// The directive of sqlx, which it knows by the first bytes of the file only.
fn sqlx_no_transaction(sql: &str) -> bool {
    sql.lines().next().is_some_and(|line| line.trim_end() == "-- no-transaction")
}

/// What stands in a comment that addresses us: after `gapless`, if that is how it begins.
fn comment_text(comment: &str, syntax: Syntax) -> Option<&str> {
    let inner = match comment.as_bytes() {
        [b'-', b'-', ..] => &comment[2..],
        [b'#', ..] if syntax == Syntax::Mysql => &comment[1..],
        _ => comment.trim_start_matches(['/', '*']).trim_end_matches(['/', '*']),
    };
    let inner = inner.trim();
    let named = inner.get(..7).is_some_and(|name| name.eq_ignore_ascii_case("gapless"));
    let addressed = named && inner[7..].trim_start().starts_with(':');
    addressed.then_some(inner)
}

fn read_comment(
    text: &str,
    span: &Range<usize>,
    header_end: usize,
    directives: &mut Directives,
) -> Result<(), (String, String)> {
    let Some(body) = text.strip_prefix("gapless:") else {
        return Err((
            format!("`{text}` is not a directive"),
            "write it `-- gapless: ...`, in lower case".into(),
        ));
    };
    if span.start > header_end {
        let help = "move it above the first statement; it counts for the whole file";
        return Err(("a directive must come before the first statement".into(), help.into()));
    }
    let mut words = body.split_whitespace();
    let name = words.next().unwrap_or_default();
    let value = words.collect::<Vec<_>>().join(" ");
    match (name, value.as_str()) {
        ("no-transaction", "") => directives.no_transaction = true,
        ("rerunnable", "") => directives.rerunnable = true,
        ("lock-timeout", value) => directives.lock_timeout = Some(duration(name, value)?),
        ("statement-timeout", value) => directives.statement_timeout = Some(duration(name, value)?),
        ("no-transaction" | "rerunnable", _) => {
            return Err((
                format!("the directive `{name}` takes no value"),
                "one directive a line, nothing after it".into(),
            ));
        }
        _ => return Err((format!("unknown directive `{name}`"), KNOWN.into())),
    }
    Ok(())
}

/// A whole number and a unit, as Postgres writes durations; `0` needs no unit.
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
        let help = "a whole number and one of `ms`, `s`, `min`, `h`, at most 24 days: `500ms`, `2s`, `1h`";
        (format!("`{name}` needs a duration, not `{text}`"), help.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::read;

    fn of(sql: &str) -> (Directives, Vec<String>) {
        let script = read(sql, Syntax::Shared);
        let (directives, faults) = directives(sql, Syntax::Shared, &script);
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
    fn what_only_looks_like_one_is_a_fault() {
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
            "SELECT 1;\n-- gapless: no-transaction\n",
            "SELECT 1 -- gapless: no-transaction\n",
        ] {
            assert_eq!(of(sql).1.len(), 1, "{sql}");
        }
    }

    #[test]
    fn prose_about_us_is_prose() {
        assert_eq!(of("-- gapless runs this at boot\nSELECT 'x -- gapless: y'"), (Directives::NONE, vec![]));
    }

    #[test]
    fn the_directive_of_sqlx_counts_on_the_first_line_only() {
        assert!(of("-- no-transaction\nSELECT 1").0.no_transaction());
        assert!(!of("\n-- no-transaction\nSELECT 1").0.no_transaction());
    }
}
