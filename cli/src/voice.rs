//! Says advice in the words of commands. The library speaks to those who write the program: of methods, and of builds.

/// What the library says, and what is said here.
const WORDS: [(&str, &str); 6] = [
    ("`GAPLESS_LOCK=write cargo build`", "`gapless lock`"),
    ("correct the path: it is relative to the crate's Cargo.toml", "name another directory with `--dir`"),
    ("a longer `lock-timeout` or more `.retries(...)` wait for it", "a longer `lock-timeout` waits for it"),
    ("`.lock_wait(...)`", "`--lock-wait`"),
    (
        "roll it back with `Rollback::steps(1).edited()` and run again",
        "roll it back with `down --edited` and run `up`",
    ),
    ("`Resolution::MarkApplied`", "`--applied`"),
];

/// Returns a message in the words of commands.
pub(crate) fn in_commands(message: &str) -> String {
    let text = WORDS.iter().fold(message.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours));
    let text =
        with_number(&text, "then start once with one of `.resolve(", ", Resolution::Retry)`", |version| {
            format!("then run `resolve {version}` with `--retry`")
        });
    with_number(&text, "`Resolution::RetryFrom(", ")`", |statement| format!("`--from {statement}`"))
}

/// The text with other words for the first place that has a number between these two.
fn with_number(text: &str, before: &str, after: &str, ours: impl Fn(&str) -> String) -> String {
    let found = text.split_once(before).and_then(|(head, rest)| Some((head, rest.split_once(after)?)));
    match found.filter(|(_, (number, _))| number.bytes().all(|byte| byte.is_ascii_digit())) {
        Some((head, (number, tail))) => format!("{head}{}{tail}", ours(number)),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_become_commands() {
        let said = in_commands(
            "help: wait longer with `.lock_wait(...)`, or rewrite the lock: `GAPLESS_LOCK=write cargo build`",
        );
        assert_eq!(said, "help: wait longer with `--lock-wait`, or rewrite the lock: `gapless lock`");
        let said = in_commands(
            "help: inspect the database, then start once with one of `.resolve(2, Resolution::Retry)` to run statement 1 \
             again, `Resolution::RetryFrom(2)` if it took effect, or `Resolution::MarkApplied` if all of the file did",
        );
        assert_eq!(
            said,
            "help: inspect the database, then run `resolve 2` with `--retry` to run statement 1 again, `--from 2` if it \
             took effect, or `--applied` if all of the file did"
        );
    }
}
