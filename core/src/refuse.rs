//! Statements that would break out of the migration's transaction, that cannot run in one, or that
//! no driver can send. Each refusal says how to mend it.
//!
//! Source for what cannot run in a transaction block: the calls of `PreventInTransactionBlock` in
//! PostgreSQL 18, and the pages "VACUUM" and "PRAGMA" of the SQLite documentation.

use crate::Syntax;
use crate::directive::Directives;
use crate::setting::{DISCARD_LESS, Setting, changed_reading};
use crate::statement::{Fault, Statement, copies_with_client};

/// What has no place between statements that are run and journaled one by one.
fn breaks_steps(statement: &Statement<'_>) -> Option<Fault> {
    if statement.first_is("SAVEPOINT") || statement.first_is("RELEASE") || statement.first_is("ROLLBACK") {
        let message =
            format!("`{}` has no place in a no-transaction file", statement.word(0).to_ascii_uppercase());
        let help = "remove it: each statement is committed by itself, and is journaled";
        return Some(fault(statement, 1, message, help));
    }
    let Setting { name, end, .. } = Setting::of(statement)?;
    let who = matches!(name.as_str(), "role" | "authorization" | "session_authorization");
    let how =
        matches!(name.as_str(), "transaction" | "characteristics") || name.starts_with("default_transaction");
    (who || how).then(|| {
        let message = format!("`SET {}` has no place in a no-transaction file", name.to_ascii_uppercase());
        let help = "remove it: between the statements the journal is written, with the run's own rights";
        fault(statement, end, message, help)
    })
}

/// What is wrong with a statement, or `None`.
pub(crate) fn refusal(statement: &Statement<'_>, syntax: Syntax, directives: Directives) -> Option<Fault> {
    if syntax == Syntax::Mysql {
        return None;
    }
    // Nearly all statements begin with another word, and there may be many thousands of them.
    let suspect = SUSPECTS.iter().any(|word| statement.first_is(word));
    if syntax != Syntax::Sqlite && (suspect || directives.no_transaction() || statement.first_is("SELECT")) {
        let changed = changed_reading(statement, directives.no_transaction());
        if changed.is_some() {
            return changed;
        }
    }
    if !suspect {
        return shell_command(statement);
    }
    transaction_control(statement, directives).or_else(|| copy_with_client(statement)).or_else(|| {
        if directives.no_transaction() { breaks_steps(statement) } else { needs_autocommit(statement) }
    })
}

/// Whether a statement can run in autocommit only.
pub(crate) fn is_autocommit(statement: &Statement<'_>) -> bool {
    SUSPECTS.iter().any(|word| statement.first_is(word)) && needs_autocommit(statement).is_some()
}

/// Whether the fault is mended by running the script outside of a transaction.
pub(crate) fn offers_no_transaction(fault: &Fault) -> bool {
    fault.help.starts_with(OFFER)
}

/// The first words of everything that is refused below.
const SUSPECTS: [&str; 19] = [
    "BEGIN",
    "COMMIT",
    "END",
    "ROLLBACK",
    "ABORT",
    "START",
    "PREPARE",
    "SAVEPOINT",
    "RELEASE",
    "SET",
    "COPY",
    "VACUUM",
    "CREATE",
    "DROP",
    "REINDEX",
    "ALTER",
    "CLUSTER",
    "DISCARD",
    "PRAGMA",
];

pub(crate) fn fault(statement: &Statement<'_>, words: usize, message: String, help: &str) -> Fault {
    let span = statement.span();
    let tokens = statement.tokens();
    let end = tokens.get(words.saturating_sub(1)).or(tokens.last()).map_or(span.end, |token| token.end);
    Fault::new(message, span.start..end, help)
}

fn transaction_control(statement: &Statement<'_>, directives: Directives) -> Option<Fault> {
    let (words, name) = match &*statement.word(0).to_ascii_uppercase() {
        "ROLLBACK" if rolls_back_to_savepoint(statement) => return None,
        name @ ("COMMIT" | "ROLLBACK") if statement.word(1).eq_ignore_ascii_case("PREPARED") => {
            (2, format!("{name} PREPARED"))
        }
        name @ ("BEGIN" | "COMMIT" | "END" | "ROLLBACK" | "ABORT") => (1, name.to_owned()),
        "START" if statement.begins(&["START", "TRANSACTION"]) => (2, "START TRANSACTION".to_owned()),
        "PREPARE" if prepares_transaction(statement) => (2, "PREPARE TRANSACTION".to_owned()),
        _ => return None,
    };
    let (message, help) = if directives.no_transaction() {
        let message = format!("`{name}` has no place in a no-transaction file");
        (
            message,
            "remove it: the statements run, and are recorded, one by one; move those that belong \
                   into one transaction to a file without the directive",
        )
    } else {
        let message = format!("`{name}` would break out of the migration's own transaction");
        (
            message,
            "remove it: the file and its record commit together; \
                   put what must commit on its own into a migration of its own",
        )
    };
    Some(fault(statement, words, message, help))
}

/// `PREPARE transaction AS ...` is a prepared statement of that name.
fn prepares_transaction(statement: &Statement<'_>) -> bool {
    statement.begins(&["PREPARE", "TRANSACTION"])
        && !matches!(statement.text_of(2), "(" | "AS" | "as" | "As" | "aS")
}

fn rolls_back_to_savepoint(statement: &Statement<'_>) -> bool {
    let noise = |index: usize| {
        ["WORK", "TRANSACTION"].iter().any(|word| statement.word(index).eq_ignore_ascii_case(word))
    };
    let at = if noise(1) { 2 } else { 1 };
    statement.word(at).eq_ignore_ascii_case("TO")
}

fn copy_with_client(statement: &Statement<'_>) -> Option<Fault> {
    if copies_with_client(statement, "FROM") {
        let help = "write the rows as `INSERT INTO ... VALUES ...` (`pg_dump --inserts` does)";
        return Some(fault(
            statement,
            1,
            "`COPY ... FROM STDIN` needs a client that sends the rows".to_owned(),
            help,
        ));
    }
    copies_with_client(statement, "TO").then(|| {
        let message = "`COPY ... TO STDOUT` needs a client that takes the rows".to_owned();
        fault(statement, 1, message, "remove it: a migration has nobody to send rows to")
    })
}

fn shell_command(statement: &Statement<'_>) -> Option<Fault> {
    (statement.text_of(0) == ".").then(|| {
        let help = "remove it; only the sqlite3 shell understands it, the database does not";
        fault(statement, 2, "a line with a leading dot is a command of the sqlite3 shell".to_owned(), help)
    })
}

/// How the help begins for what needs no more than that.
const OFFER: &str = "put `-- gapless: no-transaction`";

const NO_TRANSACTION: &str = "put `-- gapless: no-transaction` at the top of the file, \
                              best with this statement alone in it";

fn needs_autocommit(statement: &Statement<'_>) -> Option<Fault> {
    let words = match &*statement.word(0).to_ascii_uppercase() {
        "VACUUM" => 1,
        "CREATE" | "DROP" => create_or_drop(statement)?,
        "REINDEX" => reindex(statement)?,
        "ALTER" => alter(statement)?,
        "CLUSTER" if clusters_everything(statement) => 1,
        "DISCARD" if statement.begins(&["DISCARD", "ALL"]) => {
            let message = "`DISCARD ALL` cannot run inside a transaction".to_owned();
            return Some(fault(statement, 2, message, DISCARD_LESS));
        }
        "PRAGMA" => return pragma(statement),
        _ => return None,
    };
    let name: Vec<_> = (0..words).map(|index| statement.text_of(index).to_ascii_uppercase()).collect();
    let message = format!("`{}` cannot run inside a transaction", name.join(" "));
    Some(fault(statement, words, message, NO_TRANSACTION))
}

fn create_or_drop(statement: &Statement<'_>) -> Option<usize> {
    let object = if statement.word(1).eq_ignore_ascii_case("UNIQUE") { 2 } else { 1 };
    let next = statement.word(object + 1);
    match &*statement.word(object).to_ascii_uppercase() {
        "INDEX" if next.eq_ignore_ascii_case("CONCURRENTLY") => Some(object + 2),
        "DATABASE" | "TABLESPACE" => Some(object + 1),
        // With `create_slot` or `connect` said, it depends on the value: the server decides.
        "SUBSCRIPTION" if statement.begins(&["CREATE"]) && !names_slot_option(statement) => Some(object + 1),
        _ => None,
    }
}

fn names_slot_option(statement: &Statement<'_>) -> bool {
    (0..statement.tokens().len()).any(|index| {
        ["create_slot", "connect"].iter().any(|option| statement.word(index).eq_ignore_ascii_case(option))
    })
}

fn reindex(statement: &Statement<'_>) -> Option<usize> {
    let is = |index: usize, word: &str| statement.word(index).eq_ignore_ascii_case(word);
    let options = statement.text_of(1) == "(";
    let close =
        if options { (1..statement.tokens().len()).find(|at| statement.text_of(*at) == ")")? } else { 0 };
    let object = close + 1;
    let whole = ["DATABASE", "SYSTEM", "SCHEMA"].iter().any(|word| is(object, word));
    (1..close)
        .find(|at| is(*at, "CONCURRENTLY") && !statement.is_off(at + 1))
        .or(is(object + 1, "CONCURRENTLY").then_some(object + 1))
        .or(whole.then_some(object))
        .map(|at| at + 1)
}

fn alter(statement: &Statement<'_>) -> Option<usize> {
    if statement.begins(&["ALTER", "SYSTEM"]) {
        return Some(2);
    }
    // The name comes before `SET TABLESPACE`, and may be that word itself.
    let tablespace =
        statement.begins(&["ALTER", "DATABASE"]) && statement.word(4).eq_ignore_ascii_case("TABLESPACE");
    let detach = statement.begins(&["ALTER", "TABLE"]) && statement.find("DETACH").is_some();
    let concurrently = detach.then(|| statement.find("CONCURRENTLY")).flatten();
    concurrently.map(|at| at + 1).or(if tablespace { Some(statement.tokens().len()) } else { None })
}

/// `CLUSTER` and `CLUSTER (VERBOSE)` name no table and go over all of them.
fn clusters_everything(statement: &Statement<'_>) -> bool {
    let named = (1..statement.tokens().len()).any(|index| {
        let text = statement.text_of(index);
        !matches!(text, "(" | ")") && !text.eq_ignore_ascii_case("VERBOSE")
    });
    !named
}

/// What SQLite silently ignores, or refuses, inside of a transaction. A table that was to be rebuilt
/// without `foreign_keys` loses the rows of its children.
fn pragma(statement: &Statement<'_>) -> Option<Fault> {
    let unquoted =
        |at: usize| statement.text_of(at).trim_matches(['"', '\'', '`', '[', ']']).to_ascii_lowercase();
    let at = if statement.text_of(2) == "." { 3 } else { 1 };
    let name = unquoted(at);
    if statement.tokens().len() <= at + 1
        || !matches!(name.as_str(), "foreign_keys" | "journal_mode" | "synchronous")
    {
        return None;
    }
    let help = if name == "foreign_keys" {
        "put `-- gapless: no-transaction` at the top of the file, \
         or use `PRAGMA defer_foreign_keys = ON`, which works inside a transaction"
    } else {
        NO_TRANSACTION
    };
    Some(fault(statement, at + 1, format!("`PRAGMA {name}` does nothing inside a transaction"), help))
}
