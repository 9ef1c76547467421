//! Refuses what a script of MySQL or MariaDB may not hold: what ends the run's transaction, what keeps it from its
//! journal, and settings by which the server would read the script otherwise than the build did.
//!
//! Sources: MySQL 8.4 manual 15.3 "Transactional and Locking Statements" and 7.1.11 "Server SQL Modes", the page
//! "SQL_MODE" of MariaDB.

use std::ops::Range;

use crate::sql::{Fault, Statement, Token, TokenKind};

/// Returns the fault of a statement, if it has one.
pub(super) fn refusal(statement: &Statement<'_>) -> Option<Fault> {
    if !statement.begins(&["SET", "STATEMENT"]) {
        return refusal_at(statement, 0);
    }
    // `SET STATEMENT a = 1 FOR ...` runs any statement.
    let end = statement.find("FOR").unwrap_or(statement.tokens().len());
    assignments(statement, 2..end).or_else(|| refusal_at(statement, end + 1))
}

fn refusal_at(statement: &Statement<'_>, at: usize) -> Option<Fault> {
    let is = |offset: usize, word: &str| statement.word_is(at + offset, word);
    let found = match &*statement.word(at).to_ascii_uppercase() {
        "BEGIN" if is(1, "NOT") && is(2, "ATOMIC") => return None,
        "ROLLBACK" if rolls_back_to_savepoint(statement, at) => (1, SAVEPOINTS),
        "SAVEPOINT" => (1, SAVEPOINTS),
        "RELEASE" if is(1, "SAVEPOINT") => (2, SAVEPOINTS),
        "BEGIN" | "COMMIT" | "ROLLBACK" | "XA" => (1, TRANSACTIONS),
        "START" if is(1, "TRANSACTION") => (2, TRANSACTIONS),
        "LOCK" | "UNLOCK" if is(1, "TABLE") || is(1, "TABLES") => (2, LOCKS),
        "LOCK" | "UNLOCK" if is(1, "INSTANCE") => (2, JOURNAL),
        "BACKUP" => (2, JOURNAL),
        "FLUSH" if locks(statement) => (statement.tokens().len() - at, JOURNAL),
        "SET" => return set(statement, at),
        "SELECT" | "DO" => return releases_locks(statement, at),
        _ => return None,
    };
    Some(refused(statement, at, found.0, found.1))
}

/// The reason for a refusal, and the way out.
type Reason = (&'static str, &'static str);

const TRANSACTIONS: Reason = (
    "would end the run's own transaction",
    "remove it: a file that only reads and writes rows commits together with its record, and any other is recorded \
     statement by statement, because MySQL commits before and after most statements",
);

const SAVEPOINTS: Reason = (
    "needs a transaction of the file's own",
    "remove it: a file that only reads and writes rows is rolled back as a whole, and in any other each statement commits",
);

const LOCKS: Reason = (
    "would keep the run from its journal",
    "remove it and its counterpart; `mysqldump --skip-add-locks` writes neither",
);

const JOURNAL: Reason =
    ("would keep the run from its journal", "remove it: the run writes the journal between the statements");

const ROLE: Reason = (
    "is not allowed in a migration",
    "remove it: the run writes the journal between the statements, in its own role",
);

/// Refuses the statement of `words` tokens from this one on.
fn refused(statement: &Statement<'_>, at: usize, words: usize, (why, help): Reason) -> Fault {
    let name: Vec<_> = (at..at + words).map(|index| statement.text_of(index).to_ascii_uppercase()).collect();
    Fault::new(format!("`{}` {why}", name.join(" ").trim_end()), place(statement, at..at + words), help)
}

/// Returns the place of these tokens.
fn place(statement: &Statement<'_>, tokens: Range<usize>) -> Range<usize> {
    let span = statement.span();
    let found =
        statement.tokens().get(tokens.start..tokens.end.min(statement.tokens().len())).unwrap_or_default();
    let start = found.first().map_or(span.start, |token| token.start);
    start..found.last().map_or(span.end, |token| token.end)
}

fn rolls_back_to_savepoint(statement: &Statement<'_>, at: usize) -> bool {
    let to = if statement.word_is(at + 1, "WORK") { at + 2 } else { at + 1 };
    statement.word_is(to, "TO")
}

/// Returns true for `FLUSH TABLES ... WITH READ LOCK` and `FOR EXPORT`.
fn locks(statement: &Statement<'_>) -> bool {
    let reads = statement.find("READ").is_some_and(|at| statement.word_is(at + 1, "LOCK"));
    reads || statement.find("EXPORT").is_some_and(|at| statement.word_is(at - 1, "FOR"))
}

/// Returns the fault of a call that gives up the run's lock.
fn releases_locks(statement: &Statement<'_>, at: usize) -> Option<Fault> {
    let calls =
        |index: &usize| statement.word_is(*index, "RELEASE_ALL_LOCKS") && statement.text_of(index + 1) == "(";
    let call = (at..statement.tokens().len()).find(calls)?;
    let help = "release locks by name, with `RELEASE_LOCK`";
    let message = "`RELEASE_ALL_LOCKS()` gives up the run's lock";
    Some(Fault::new(message, place(statement, call..call + 1), help))
}

fn set(statement: &Statement<'_>, at: usize) -> Option<Fault> {
    let first = if is_scope(statement, at + 1) { at + 2 } else { at + 1 };
    let is = |offset: usize, word: &str| statement.word_is(first + offset, word);
    let assigns = matches!(statement.text_of(first + 1), "=" | ":");
    match () {
        () if assigns => assignments(statement, at + 1..statement.tokens().len()),
        () if is(0, "TRANSACTION") => Some(refused(statement, at, first + 1 - at, TRANSACTIONS)),
        () if is(0, "ROLE") => Some(refused(statement, at, 2, ROLE)),
        () if is(0, "NAMES") || is(0, "CHARSET") => encoding(statement, first, first + 1),
        () if is(0, "CHARACTER") && is(1, "SET") => encoding(statement, first, first + 2),
        () => assignments(statement, at + 1..statement.tokens().len()),
    }
}

fn is_scope(statement: &Statement<'_>, at: usize) -> bool {
    let scopes = ["GLOBAL", "LOCAL", "PERSIST", "PERSIST_ONLY", "SESSION"];
    scopes.iter().any(|scope| statement.word_is(at, scope)) && !matches!(statement.text_of(at + 1), "=" | ":")
}

/// Returns the fault of the first assignment that has one.
fn assignments(statement: &Statement<'_>, list: Range<usize>) -> Option<Fault> {
    statement.commas(list).into_iter().find_map(|part| assignment(statement, part))
}

fn assignment(statement: &Statement<'_>, part: Range<usize>) -> Option<Fault> {
    let sign = part.clone().find(|at| statement.text_of(*at) == "=")?;
    let variable = statement.text_of(part.start) == "@" && statement.text_of(part.start + 1) != "@";
    // The last word before the sign; `:=` has a colon too.
    let at = (part.start..sign).rev().find(|at| statement.text_of(*at) != ":").filter(|_| !variable)?;
    let name = statement.text_of(at).trim_matches('`').to_ascii_lowercase();
    match &*name {
        "autocommit"
        | "completion_type"
        | "transaction_isolation"
        | "transaction_read_only"
        | "tx_isolation"
        | "tx_read_only" => {
            let (why, help) = TRANSACTIONS;
            let place = place(statement, part.start..at + 1);
            Some(Fault::new(format!("setting `{name}` {why}"), place, help))
        }
        "character_set_client" => encoding(statement, part.start, sign + 1),
        "sql_mode" => mode(statement, part.start..part.end, sign + 1),
        _ => None,
    }
}

/// Returns the fault of another character set than UTF-8. A variable restores one.
fn encoding(statement: &Statement<'_>, start: usize, value: usize) -> Option<Fault> {
    let text = statement.text_of(value).trim_matches(['\'', '"']).to_ascii_lowercase();
    if text.starts_with("utf8") || text == "@" {
        return None;
    }
    let message = "the statements after it are always sent in UTF-8";
    let help = "remove it, and keep the file in UTF-8; `SET NAMES utf8mb4` may stay";
    Some(Fault::new(message, place(statement, start..value + 1), help))
}

/// The modes by which the server reads quotes or bodies differently, with their bits and the way out.
const MODES: [(&str, u64, &str); 8] = [
    ("NO_BACKSLASH_ESCAPES", 1 << 20, "remove it, and double each backslash in a string"),
    ("ANSI_QUOTES", 1 << 2, QUOTES),
    ("ANSI", 1 << 18, QUOTES),
    ("ORACLE", 1 << 9, "remove it: bodies of Oracle mode are not read; write them in the default mode"),
    ("POSTGRESQL", 1 << 8, QUOTES),
    ("MSSQL", 1 << 10, QUOTES),
    ("DB2", 1 << 11, QUOTES),
    ("MAXDB", 1 << 12, QUOTES),
];

const QUOTES: &str = "remove it, and write names as `` `name` `` and strings as 'text'";

fn mode(statement: &Statement<'_>, part: Range<usize>, value: usize) -> Option<Fault> {
    let named = |name: &str, at: usize| {
        let words = || statement.text_of(at).split(|char: char| !char.is_ascii_alphanumeric() && char != '_');
        let text = |token: &Token| matches!(token.kind, TokenKind::Word | TokenKind::Text);
        statement.tokens().get(at).is_some_and(text) && words().any(|word| word.eq_ignore_ascii_case(name))
    };
    let number = statement.text_of(value).parse::<u64>().unwrap_or_default();
    let found =
        MODES.iter().find(|(name, bit, _)| number & bit != 0 || (value..part.end).any(|at| named(name, at)));
    found.map(|(name, _, help)| {
        let message = format!("with `{name}` the server would read the statements after it differently");
        Fault::new(message, place(statement, part), *help)
    })
}
