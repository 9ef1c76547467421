//! Says advice in the words of commands. The library speaks to those who write the program: of methods, and of builds.

/// What the library says, and what is said here.
const WORDS: [(&str, &str); 4] = [
    ("`GAPLESS_LOCK=write cargo build`", "`gapless lock`"),
    ("correct the path: it is relative to the crate's Cargo.toml", "name another directory with `--dir`"),
    ("a longer `lock-timeout` or more `.retries(...)` wait for it", "a longer `lock-timeout` waits for it"),
    ("`.lock_wait(...)`", "`--lock-wait`"),
];

/// Returns a message in the words of commands.
pub(crate) fn in_commands(message: &str) -> String {
    WORDS.iter().fold(message.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours))
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
    }
}
