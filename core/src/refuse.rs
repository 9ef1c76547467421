//! Statements that would break out of the migration's transaction, that cannot run in one, or that
//! no driver can send. Each refusal says how to mend it.
//!
//! Source for what cannot run in a transaction block: the calls of `PreventInTransactionBlock` in
//! PostgreSQL 18, and the pages "VACUUM" and "PRAGMA" of the SQLite documentation.

use crate::Syntax;
use crate::directive::Directives;
use crate::statement::{Fault, Statement, copies_from_stdin};

/// What is wrong with a statement, or `None`.
pub(crate) fn refusal(statement: &Statement<'_>, syntax: Syntax, directives: Directives) -> Option<Fault> {
    if syntax == Syntax::Mysql {
        return mysql_client_command(statement);
    }
    // Nearly all statements begin with another word, and there may be many thousands of them.
    if !SUSPECTS.iter().any(|word| statement.first_is(word)) {
        return shell_command(statement);
    }
    transaction_control(statement, directives)
        .or_else(|| copy_with_client(statement))
        .or_else(|| if directives.no_transaction() { None } else { needs_autocommit(statement) })
}

/// The first words of everything that is refused below.
const SUSPECTS: [&str; 16] = [
    "BEGIN", "COMMIT", "END", "ROLLBACK", "ABORT", "START", "PREPARE", "COPY", "VACUUM", "CREATE", "DROP",
    "REINDEX", "ALTER", "CLUSTER", "DISCARD", "PRAGMA",
];

fn fault(statement: &Statement<'_>, words: usize, message: String, help: &str) -> Fault {
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
        "PREPARE" if statement.begins(&["PREPARE", "TRANSACTION"]) => (2, "PREPARE TRANSACTION".to_owned()),
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

fn rolls_back_to_savepoint(statement: &Statement<'_>) -> bool {
    let noise = |index: usize| {
        ["WORK", "TRANSACTION"].iter().any(|word| statement.word(index).eq_ignore_ascii_case(word))
    };
    let at = if noise(1) { 2 } else { 1 };
    statement.word(at).eq_ignore_ascii_case("TO")
}

fn copy_with_client(statement: &Statement<'_>) -> Option<Fault> {
    if copies_from_stdin(statement) {
        let help = "write the rows as `INSERT INTO ... VALUES ...` (`pg_dump --inserts` does)";
        return Some(fault(
            statement,
            1,
            "`COPY ... FROM STDIN` needs a client that sends the rows".to_owned(),
            help,
        ));
    }
    let to = statement.find("TO").filter(|_| statement.first_is("COPY"))?;
    statement.word(to + 1).eq_ignore_ascii_case("STDOUT").then(|| {
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

fn mysql_client_command(statement: &Statement<'_>) -> Option<Fault> {
    statement.begins(&["DELIMITER"]).then(|| {
        let help = "remove it: bodies between BEGIN and END are recognised without it";
        fault(statement, 1, "`DELIMITER` is a command of the mysql client, not SQL".to_owned(), help)
    })
}

const NO_TRANSACTION: &str = "put `-- gapless: no-transaction` at the top of the file, \
                              best with this statement alone in it";

fn needs_autocommit(statement: &Statement<'_>) -> Option<Fault> {
    let words = match &*statement.word(0).to_ascii_uppercase() {
        "VACUUM" => 1,
        "CREATE" | "DROP" => create_or_drop(statement)?,
        "REINDEX" => reindex(statement)?,
        "ALTER" => alter(statement)?,
        "CLUSTER" if clusters_everything(statement) => 1,
        "DISCARD" if statement.begins(&["DISCARD", "ALL"]) => 2,
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
        .find(|at| is(*at, "CONCURRENTLY"))
        .or(is(object + 1, "CONCURRENTLY").then_some(object + 1))
        .or(whole.then_some(object))
        .map(|at| at + 1)
}

fn alter(statement: &Statement<'_>) -> Option<usize> {
    if statement.begins(&["ALTER", "SYSTEM"]) {
        return Some(2);
    }
    let tablespace = statement.begins(&["ALTER", "DATABASE"]) && statement.find("TABLESPACE").is_some();
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

/// SQLite ignores this one silently inside a transaction, and the table that was to be rebuilt loses
/// the rows of its children.
fn pragma(statement: &Statement<'_>) -> Option<Fault> {
    let at = statement.find("foreign_keys").filter(|at| statement.tokens().len() > at + 1)?;
    let help = "put `-- gapless: no-transaction` at the top of the file, \
                or use `PRAGMA defer_foreign_keys = ON`, which works inside a transaction";
    let message = "`PRAGMA foreign_keys` does nothing inside a transaction".to_owned();
    Some(fault(statement, at + 1, message, help))
}
