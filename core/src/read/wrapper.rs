//! Finds the `BEGIN` and the `COMMIT` that a file of another tool may have around its statements.

use std::ops::Range;

use crate::sql::Statement;

/// The statements with which a script begins and ends a transaction of its own.
pub(crate) struct Wrapper {
    begin: Option<Range<usize>>,
    end: Range<usize>,
}

impl Wrapper {
    /// Finds the wrapper of a script. A `COMMIT` alone at the end commits the tool's transaction. A `BEGIN` alone leaves a
    /// transaction open, and an `END` alone may be anything: both stay, and are refused.
    pub(crate) fn of(statements: &[Statement<'_>]) -> Option<Wrapper> {
        let (last, before) = statements.split_last()?;
        let begin = before.first().filter(|first| begins(first));
        let ends = begin.is_some() && is_plain(last, "END");
        (is_plain(last, "COMMIT") || ends)
            .then(|| Wrapper { begin: begin.map(Statement::span), end: last.span() })
    }

    /// Returns true if it both begins and ends.
    pub(crate) fn is_whole(&self) -> bool {
        self.begin.is_some()
    }

    /// Returns the text with blanks in its place. Every other statement stays where it was, and the semicolons end empty
    /// statements.
    pub(crate) fn masked(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for span in self.begin.iter().chain([&self.end]) {
            let blank = |byte| if byte == b'\n' { '\n' } else { ' ' };
            let blanks: String = text[span.clone()].bytes().map(blank).collect();
            masked.replace_range(span.clone(), &blanks);
        }
        masked
    }
}

fn begins(statement: &Statement<'_>) -> bool {
    let started = statement.begins(&["START", "TRANSACTION"]) && statement.tokens().len() == 2;
    started || is_plain(statement, "BEGIN")
}

/// Returns true for the word alone, or with `WORK` or `TRANSACTION` after it.
fn is_plain(statement: &Statement<'_>, word: &str) -> bool {
    let noise = || ["WORK", "TRANSACTION"].iter().any(|noise| statement.word(1).eq_ignore_ascii_case(noise));
    statement.first_is(word)
        && match statement.tokens().len() {
            1 => true,
            2 => noise(),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{Syntax, parse};

    fn masked(sql: &str) -> Option<String> {
        Wrapper::of(&parse(sql, Syntax::Postgres).statements).map(|wrapper| wrapper.masked(sql))
    }

    #[test]
    fn wrappers_are_found() {
        for (sql, expected) in [
            ("BEGIN; a; COMMIT;", Some("     ; a;       ;")),
            ("START\n/* é */ TRANSACTION; a; END", Some("     \n                    ; a;    ")),
            ("begin work; a; commit transaction", Some("          ; a;                   ")),
            ("a; COMMIT", Some("a;       ")),
            ("BEGIN; END", Some("     ;    ")),
            ("a; END", None),
            ("END", None),
            ("BEGIN; a", None),
            ("BEGIN", None),
            ("START; a; END", None),
            ("BEGIN ISOLATION LEVEL SERIALIZABLE; a; END", None),
            ("BEGIN; a; COMMIT AND CHAIN", None),
        ] {
            assert_eq!(masked(sql).as_deref(), expected, "{sql}");
        }
    }
}
