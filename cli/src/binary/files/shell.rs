//! Commands that messages tell people to type.

/// A word as a shell takes it.
pub(super) fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=@%+,".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// A path from the top of the repository as git's commands take it, from wherever they are typed.
pub(super) fn from_top(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte);
    if path.starts_with(|first: char| first.is_ascii_alphanumeric()) && path.bytes().all(plain) {
        return format!(":/{path}");
    }
    quoted(&format!(":(top,literal){path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_or_git_would_read_them() {
        assert_eq!(quoted("migrations/1_a.sql"), "migrations/1_a.sql");
        assert_eq!(quoted("it's $HOME"), "'it'\\''s $HOME'");
        assert_eq!(quoted(""), "''");
        assert_eq!(from_top("app/migrations/1_a.sql"), ":/app/migrations/1_a.sql");
        assert_eq!(from_top("!a/1.sql"), "':(top,literal)!a/1.sql'");
        assert_eq!(from_top("a b/[1].sql"), "':(top,literal)a b/[1].sql'");
    }
}
