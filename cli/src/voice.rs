//! Says advice in the words of commands. The library speaks to those who write the program: of methods, and of builds.

/// Sentences that say something else to those who type commands.
const SENTENCES: [(&str, &str); 14] = [
    ("help: run the migrations first", "help: run `up`"),
    ("; then this program starts here too", ""),
    ("`GAPLESS_LOCK=write cargo build`", "`gapless lock`"),
    ("correct the path: it is relative to the crate's Cargo.toml", "name another directory with `--dir`"),
    (
        "roll it back with `Rollback::steps(1).edited()` and run again",
        "roll it back with `down --edited` and run `up`",
    ),
    (
        "the binary does not have it\nhelp: roll back with the release that applied it",
        "no file is there for it\nhelp: restore its files, or roll back with the release that applied it",
    ),
    ("the binary does not have it", "no file is there for it"),
    ("if the binary has it under another name", "if it has another name here"),
    ("if the binary has them under other names", "if they have other names here"),
    (
        "is not embedded\nhelp: name the version of a migration in the binary",
        "is not among the migrations\nhelp: `status` lists them",
    ),
    ("use `.locking(Locking::Transaction)`, or connect past the pooler", "connect past the pooler"),
    ("\nhelp: look at its status again", "\nhelp: look again with `resolve`"),
    (
        "help: give it with `.code(...)` for",
        "help: run the program that has its code, or give it there with `.code(...)` for",
    ),
    ("a longer `lock-timeout` or more `.retries(...)` wait for it", "a longer `lock-timeout` waits for it"),
];

/// Returns a message in the words of commands.
pub(crate) fn in_commands(message: &str) -> String {
    let message =
        SENTENCES.iter().fold(message.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours));
    let message = resolve(&message);
    // What stands between backquotes is every other part. Lines of SQL, which may have backquotes too, have no methods.
    let parts = message.split('`').enumerate();
    let parts = parts.map(|(index, part)| match command(part).filter(|_| index % 2 == 1) {
        Some(command) => command,
        None => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("`")
}

/// The command or the option that does what a piece of Rust does.
fn command(rust: &str) -> Option<String> {
    if rust == "Resolution::MarkApplied" {
        return Some("--applied".to_owned());
    }
    let (method, argument) = rust.strip_suffix(')')?.split_once('(')?;
    let argument = argument.trim_start_matches("...");
    let tool = argument.strip_prefix("Legacy::").and_then(|tool| tool.split('(').next());
    if let (".adopt", Some(tool)) = (method, tool) {
        return Some(format!("adopt {}", tool.replace('_', "-")));
    }
    let (name, option) = match method {
        "Resolution::RetryFrom" => ("--from", argument),
        "Rollback::steps" => ("--steps", argument),
        "Rollback::to" => ("--to", "VERSION"),
        ".resolve" => ("resolve", argument),
        ".accept" => ("accept", argument),
        ".adopt" => ("adopt", argument),
        ".reconcile" => ("reconcile", argument),
        ".unknown" if argument == "Unknown::Allow" => ("--allow-unknown", ""),
        ".ignore_other_tools" => ("--ignore-other-tools", argument),
        ".past_later" => ("--past-later", argument),
        ".pass_over_unknown" => ("--pass-over-unknown", argument),
        ".trace_locks" => ("--locks", argument),
        ".unproven" => ("--unproven", argument),
        ".lock_wait" => ("--lock-wait", argument),
        ".schema" => ("--schema", argument),
        ".table" => ("--table", argument),
        _ => return None,
    };
    Some(format!("{name} {option}").trim_end().to_owned())
}

/// The text with the command for each way to resolve a version, of which Rust names one with the version.
fn resolve(text: &str) -> String {
    let parts = text.split_once("then start once with one of `.resolve(");
    let parts = parts.and_then(|(head, rest)| Some((head, rest.split_once(", Resolution::Retry)`")?)));
    match parts.filter(|(_, (version, _))| version.bytes().all(|byte| byte.is_ascii_digit())) {
        Some((head, (version, tail))) => format!("{head}then run `resolve {version}` with `--retry`{tail}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_become_commands() {
        for (theirs, ours) in [
            (
                "help: wait longer with `.lock_wait(...)`, or rewrite the lock: `GAPLESS_LOCK=write cargo build`",
                "help: wait longer with `--lock-wait`, or rewrite the lock: `gapless lock`",
            ),
            (
                "inspect the database, then start once with one of `.resolve(2, Resolution::Retry)` to run statement 1 \
                 again, `Resolution::RetryFrom(2)` if it took effect, or `Resolution::MarkApplied` if all of the file \
                 did",
                "inspect the database, then run `resolve 2` with `--retry` to run statement 1 again, `--from 2` if it \
                 took effect, or `--applied` if all of the file did",
            ),
            (
                "run once with `.resolve(...)`, or `.accept(12)` it",
                "run once with `resolve`, or `accept 12` it",
            ),
            (
                "`Rollback::steps(9)` is too many: use `Rollback::to(version)`",
                "`--steps 9` is too many: use `--to VERSION`",
            ),
            (
                "roll it back with `Rollback::steps(1).edited()` and run again",
                "roll it back with `down --edited` and run `up`",
            ),
            (
                "version 3 (`c`) was applied, and the binary does not have it\nhelp: restore its file from version \
                 control, or leave a tombstone that says why it is gone: `3_c.tombstone.sql`; if a newer release applied \
                 it, `.unknown(Unknown::Allow)` lets this one go on",
                "version 3 (`c`) was applied, and no file is there for it\nhelp: restore its file from version control, \
                 or leave a tombstone that says why it is gone: `3_c.tombstone.sql`; if a newer release applied it, \
                 `--allow-unknown` lets this one go on",
            ),
            (
                "the target version 7 is not embedded\nhelp: name the version of a migration in the binary",
                "the target version 7 is not among the migrations\nhelp: `status` lists them",
            ),
            ("help: remove `.trace_locks()`; Postgres tells", "help: remove `--locks`; Postgres tells"),
            ("go on past it with `.pass_over_unknown()`", "go on past it with `--pass-over-unknown`"),
            (
                "adopt it with `.adopt(Legacy::sql_migrate(\"t\"))`; go on with `.ignore_other_tools()`",
                "adopt it with `adopt sql-migrate`; go on with `--ignore-other-tools`",
            ),
            ("syntax error at `.`: `a` (b) `x(1)`", "syntax error at `.`: `a` (b) `x(1)`"),
        ] {
            assert_eq!(in_commands(theirs), ours);
        }
    }
}
