//! Statements that leave something behind when they are cut off, and what the catalog is to be asked.

use crate::statement::Statement;
use crate::token::TokenKind;

/// A statement of Postgres that works in several transactions of its own. Names are as they are written,
/// with their quotes and schemas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Concurrent<'a> {
    /// `CREATE INDEX CONCURRENTLY`: cut off, it leaves an invalid index.
    Create {
        /// The index, without a schema, as it takes its table's; `None` is a name that the server makes.
        index: Option<&'a str>,
        /// The table.
        table: &'a str,
        /// Whether it says `IF NOT EXISTS`, which an invalid index satisfies.
        if_not_exists: bool,
    },
    /// `DROP INDEX CONCURRENTLY`: cut off, it leaves the index, perhaps invalid.
    Drop {
        /// The index.
        index: &'a str,
    },
    /// `REINDEX ... CONCURRENTLY`: cut off, it leaves invalid copies beside the indexes.
    Reindex {
        /// `INDEX`, `TABLE`, `SCHEMA` or `DATABASE`, in capitals.
        object: String,
        /// The object.
        name: &'a str,
    },
}

impl<'a> Statement<'a> {
    /// What kind of concurrent statement this is, if it is one.
    pub fn concurrent(&self) -> Option<Concurrent<'a>> {
        match () {
            () if self.first_is("CREATE") => self.create_index(),
            () if self.begins(&["DROP", "INDEX", "CONCURRENTLY"]) => {
                let at = if self.word_is(3, "IF") { 5 } else { 3 };
                Some(Concurrent::Drop { index: self.name(at)?.0 })
            }
            () if self.first_is("REINDEX") => self.reindex(),
            () => None,
        }
    }

    /// Whether what it does lasts as long as the session, and no longer.
    pub fn sets_session(&self) -> bool {
        let calls = |index: usize| self.word_is(index, "set_config") && self.text_of(index + 1) == "(";
        let selects = self.first_is("SELECT") && (0..self.tokens().len()).any(calls);
        selects || ["SET", "RESET", "PRAGMA", "LOAD"].iter().any(|word| self.first_is(word))
    }

    /// Whether it may commit a part of its work and fail then: procedures end transactions by themselves.
    pub fn may_commit(&self) -> bool {
        self.first_is("CALL") || self.first_is("DO")
    }

    fn create_index(&self) -> Option<Concurrent<'a>> {
        let at = if self.word_is(1, "UNIQUE") { 2 } else { 1 };
        if !self.word_is(at, "INDEX") || !self.word_is(at + 1, "CONCURRENTLY") {
            return None;
        }
        let if_not_exists = self.word_is(at + 2, "IF") && self.word_is(at + 3, "NOT");
        let at = if if_not_exists { at + 5 } else { at + 2 };
        let (index, on) = if self.word_is(at, "ON") { (None, at) } else { (Some(self.name(at)?.0), at + 1) };
        let only = usize::from(self.word_is(on + 1, "ONLY"));
        let table = self.word_is(on, "ON").then(|| self.name(on + 1 + only)).flatten()?.0;
        Some(Concurrent::Create { index, table, if_not_exists })
    }

    fn reindex(&self) -> Option<Concurrent<'a>> {
        let (mut at, mut concurrently) = (1, false);
        if self.text_of(1) == "(" {
            while self.text_of(at) != ")" {
                concurrently |= self.word_is(at, "CONCURRENTLY");
                at += 1;
                if at > self.tokens().len() {
                    return None;
                }
            }
            at += 1;
        }
        let object = self.word(at).to_ascii_uppercase();
        if self.word_is(at + 1, "CONCURRENTLY") {
            concurrently = true;
            at += 1;
        }
        let name = self.name(at + 1).map_or("", |(name, _)| name);
        concurrently.then_some(Concurrent::Reindex { object, name })
    }

    fn word_is(&self, index: usize, word: &str) -> bool {
        self.word(index).eq_ignore_ascii_case(word)
    }

    /// A name, perhaps qualified, that begins at this token, and the token after it.
    fn name(&self, index: usize) -> Option<(&'a str, usize)> {
        let part = |at: usize| {
            self.tokens()
                .get(at)
                .filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Identifier))
        };
        let first = part(index)?;
        let (mut last, mut at) = (first, index + 1);
        while self.text_of(at) == "." {
            last = part(at + 1)?;
            at += 2;
        }
        Some((self.slice(first.start..last.end), at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Syntax, split};

    #[test]
    fn names_are_found_as_they_are_written() {
        let create = |index, table, if_not_exists| Some(Concurrent::Create { index, table, if_not_exists });
        let reindex = |object: &str, name| Some(Concurrent::Reindex { object: object.to_owned(), name });
        for (sql, expected) in [
            ("CREATE INDEX CONCURRENTLY i ON t (a)", create(Some("i"), "t", false)),
            (
                "create unique index concurrently if not exists \"I x\" on only s.\"T\" (a)",
                create(Some("\"I x\""), "s.\"T\"", true),
            ),
            ("CREATE INDEX CONCURRENTLY ON s . t USING gin (a)", create(None, "s . t", false)),
            ("CREATE INDEX i ON t (a)", None),
            ("CREATE TABLE t (a int)", None),
            ("DROP INDEX CONCURRENTLY IF EXISTS s.i CASCADE", Some(Concurrent::Drop { index: "s.i" })),
            ("DROP INDEX CONCURRENTLY i", Some(Concurrent::Drop { index: "i" })),
            ("DROP INDEX i", None),
            ("REINDEX INDEX CONCURRENTLY i", reindex("INDEX", "i")),
            ("REINDEX (VERBOSE, CONCURRENTLY) TABLE s.t", reindex("TABLE", "s.t")),
            ("REINDEX TABLE t", None),
            ("REINDEX (VERBOSE", None),
            ("VACUUM", None),
        ] {
            let statements = split(sql, Syntax::Shared).unwrap_or_default();
            assert_eq!(statements.first().and_then(Statement::concurrent), expected, "{sql}");
        }
    }
}
