//! Finds the statements that run in autocommit only.
//!
//! Source: the calls of `PreventInTransactionBlock` in PostgreSQL 18, and the pages "VACUUM" and "PRAGMA" of the
//! SQLite documentation.

use super::fault::Fault;
use super::statement::Statement;

/// The first words of these statements.
const FIRST_WORDS: [&str; 8] =
    ["VACUUM", "CREATE", "DROP", "REINDEX", "ALTER", "CLUSTER", "DISCARD", "PRAGMA"];

/// Returns true if the first word is one of those that autocommit may be needed for: nearly all statements begin with another.
pub(crate) fn may_need_autocommit(statement: &Statement<'_>) -> bool {
    FIRST_WORDS.iter().any(|word| statement.first_is(word))
}

/// Returns true if the statement can run in autocommit only.
pub(crate) fn is_autocommit(statement: &Statement<'_>) -> bool {
    may_need_autocommit(statement) && needs_autocommit(statement).is_some()
}

const NO_TRANSACTION: &str = "put `-- gapless: no-transaction` at the top of the file, \
                              best with this statement alone in it";

/// The help for `DISCARD ALL`, which neither kind of file may hold.
pub(crate) const DISCARD_LESS: &str =
    "name what to discard: `DISCARD PLANS`, `DISCARD SEQUENCES` or `DISCARD TEMP`";

/// Returns the fault of a statement that cannot run inside a transaction.
pub(crate) fn needs_autocommit(statement: &Statement<'_>) -> Option<Fault> {
    let words = match &*statement.word(0).to_ascii_uppercase() {
        "VACUUM" => 1,
        "CREATE" | "DROP" => create_or_drop(statement)?,
        "REINDEX" => reindex(statement)?,
        "ALTER" => alter(statement)?,
        "CLUSTER" if clusters_everything(statement) => 1,
        "DISCARD" if statement.begins(&["DISCARD", "ALL"]) => {
            let message = "`DISCARD ALL` cannot run inside a transaction".to_owned();
            return Some(statement.fault(2, message, DISCARD_LESS));
        }
        "PRAGMA" => return pragma(statement),
        _ => return None,
    };
    let name: Vec<_> = (0..words).map(|index| statement.text_of(index).to_ascii_uppercase()).collect();
    let message = format!("`{}` cannot run inside a transaction", name.join(" "));
    Some(statement.fault(words, message, NO_TRANSACTION))
}

fn create_or_drop(statement: &Statement<'_>) -> Option<usize> {
    let object = if statement.word(1).eq_ignore_ascii_case("UNIQUE") { 2 } else { 1 };
    let next = statement.word(object + 1);
    match &*statement.word(object).to_ascii_uppercase() {
        "INDEX" if next.eq_ignore_ascii_case("CONCURRENTLY") => Some(object + 2),
        "DATABASE" | "TABLESPACE" => Some(object + 1),
        // With `create_slot` or `connect`, it depends on the value: the server decides.
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

/// Returns true for `CLUSTER` and `CLUSTER (VERBOSE)`, which name no table and cluster all.
fn clusters_everything(statement: &Statement<'_>) -> bool {
    let named = (1..statement.tokens().len()).any(|index| {
        let text = statement.text_of(index);
        !matches!(text, "(" | ")") && !text.eq_ignore_ascii_case("VERBOSE")
    });
    !named
}

/// Returns the fault of a pragma that SQLite silently ignores, or refuses, inside of a transaction. A table that was to
/// be rebuilt without `foreign_keys` loses the rows of its children.
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
    Some(statement.fault(at + 1, format!("`PRAGMA {name}` does nothing inside a transaction"), help))
}
