//! Refuses statements that would break out of the migration's transaction, that cannot run in one, or that no driver
//! can send, and says how to fix each.

use super::mysql;
use super::setting::{Setting, changed_reading};
use crate::set::Directives;
use crate::sql::{Fault, Statement, Syntax, copies_with_client, may_need_autocommit, needs_autocommit};

/// Returns the fault of a statement, if it has one.
pub(crate) fn refusal(statement: &Statement<'_>, syntax: Syntax, directives: Directives) -> Option<Fault> {
    if syntax == Syntax::Mysql {
        return mysql::refusal(statement);
    }
    // Nearly all statements begin with another word, and there may be many thousands of them.
    let suspect = SUSPECTS.iter().any(|word| statement.first_is(word)) || may_need_autocommit(statement);
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

/// Returns true if running the script outside of a transaction fixes the fault.
pub(crate) fn offers_no_transaction(fault: &Fault) -> bool {
    fault.help.starts_with(OFFER)
}

/// The beginning of the help where the directive is enough.
const OFFER: &str = "put `-- gapless: no-transaction`";

/// The first words of the statements that are refused, besides those that need autocommit.
const SUSPECTS: [&str; 11] = [
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
];

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
        let message = format!("`{name}` is not allowed in a no-transaction file");
        (
            message,
            "remove it: each statement runs and is recorded separately; move statements that belong \
                   in one transaction to a file without the directive",
        )
    } else {
        let message = format!("`{name}` would break out of the migration's own transaction");
        (
            message,
            "remove it: the file and its record commit together; \
                   move statements that must commit separately into a migration of their own",
        )
    };
    Some(statement.fault(words, message, help))
}

/// Returns false for `PREPARE transaction AS ...`, a prepared statement of that name.
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
        return Some(statement.fault(
            1,
            "`COPY ... FROM STDIN` needs a client that sends the rows".to_owned(),
            help,
        ));
    }
    copies_with_client(statement, "TO").then(|| {
        let message = "`COPY ... TO STDOUT` needs a client that takes the rows".to_owned();
        statement.fault(1, message, "remove it: a migration has no client that takes rows")
    })
}

/// Returns the fault of a statement that cannot stand between statements that are run and journaled one by one.
fn breaks_steps(statement: &Statement<'_>) -> Option<Fault> {
    if statement.first_is("SAVEPOINT") || statement.first_is("RELEASE") || statement.first_is("ROLLBACK") {
        let message =
            format!("`{}` is not allowed in a no-transaction file", statement.word(0).to_ascii_uppercase());
        let help = "remove it: each statement commits and is journaled separately";
        return Some(statement.fault(1, message, help));
    }
    let Setting { name, end, .. } = Setting::of(statement)?;
    let who = matches!(name.as_str(), "role" | "authorization" | "session_authorization");
    let how =
        matches!(name.as_str(), "transaction" | "characteristics") || name.starts_with("default_transaction");
    (who || how).then(|| {
        let message = format!("`SET {}` is not allowed in a no-transaction file", name.to_ascii_uppercase());
        let help = "remove it: the run writes the journal between the statements, in its own role";
        statement.fault(end, message, help)
    })
}

fn shell_command(statement: &Statement<'_>) -> Option<Fault> {
    (statement.text_of(0) == ".").then(|| {
        let help = "remove it; only the sqlite3 shell understands it, the database does not";
        statement.fault(2, "a line with a leading dot is a command of the sqlite3 shell".to_owned(), help)
    })
}
