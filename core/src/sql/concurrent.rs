//! Takes apart the statements that leave something after when they are cut off, for a look into the catalog.

use std::borrow::Cow;

use super::identifier::Name;
use super::statement::Statement;

/// A statement of Postgres that works in several transactions of its own.
///
/// Names keep the quotes and the schemas of the script; only `U&"..."` becomes plain double quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Concurrent<'a> {
    /// `CREATE INDEX CONCURRENTLY`: cut off, it leaves an invalid index.
    Create {
        /// The index, without a schema, because it takes that of its table; `None` if the server makes the name.
        index: Option<Cow<'a, str>>,
        /// The table.
        table: Cow<'a, str>,
        /// True if it says `IF NOT EXISTS`, which an invalid index satisfies.
        if_not_exists: bool,
    },
    /// `DROP INDEX CONCURRENTLY`: cut off, it leaves the index, perhaps invalid. The server takes one index only.
    Drop {
        /// The index.
        index: Cow<'a, str>,
    },
    /// `REINDEX ... CONCURRENTLY`: cut off, it leaves invalid copies beside the indexes.
    Reindex {
        /// `INDEX`, `TABLE`, `SCHEMA`, `DATABASE` or `SYSTEM`, in capitals.
        object: String,
        /// The object; empty for a `DATABASE` or `SYSTEM` that is not named.
        name: Cow<'a, str>,
    },
}

impl<'a> Statement<'a> {
    /// Returns the parts of a concurrent statement, if this is one.
    pub fn concurrent(&self) -> Option<Concurrent<'a>> {
        match () {
            () if self.first_is("CREATE") => self.create_index(),
            () if self.begins(&["DROP", "INDEX", "CONCURRENTLY"]) => {
                let at = if self.word_is(3, "IF") && self.word_is(4, "EXISTS") { 5 } else { 3 };
                let Name { text, next } = self.name(at)?;
                (self.text_of(next) != ",").then_some(Concurrent::Drop { index: text })
            }
            () if self.first_is("REINDEX") => self.reindex(),
            () => None,
        }
    }

    /// Returns true if its effect lasts as long as the session, and no longer.
    pub fn sets_session(&self) -> bool {
        let calls = |index: usize| self.word_is(index, "set_config") && self.text_of(index + 1) == "(";
        let selects = self.first_is("SELECT") && (0..self.tokens().len()).any(calls);
        // Postgres loads a library, MySQL prepares from a variable.
        let loads = self.first_is("LOAD") && !self.loads_rows();
        selects
            || loads
            || self.prepares().is_some()
            || ["SET", "RESET", "PRAGMA", "USE"].iter().any(|word| self.first_is(word))
    }

    /// Returns the name under which MySQL prepares a statement.
    pub fn prepares(&self) -> Option<&'a str> {
        (self.first_is("PREPARE") && self.word_is(2, "FROM")).then(|| self.text_of(1))
    }

    /// Returns true if it executes or forgets what was prepared under this name.
    pub fn uses_prepared(&self, name: &str) -> bool {
        let at = if self.word_is(1, "PREPARE") { 2 } else { 1 };
        let uses = ["EXECUTE", "DEALLOCATE", "DROP"].iter().any(|word| self.first_is(word));
        uses && self.text_of(at).eq_ignore_ascii_case(name)
    }

    /// Returns true for MySQL's `LOAD DATA` and `LOAD XML`.
    pub(crate) fn loads_rows(&self) -> bool {
        self.begins(&["LOAD", "DATA"]) || self.begins(&["LOAD", "XML"])
    }

    /// Returns true if it may commit a part of its work and then fail: procedures end transactions by themselves.
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
        let (index, on) = if self.word_is(at, "ON") {
            (None, at)
        } else {
            let Name { text, next } = self.name(at)?;
            (Some(text), next)
        };
        let only = usize::from(self.word_is(on + 1, "ONLY"));
        let table = self.word_is(on, "ON").then(|| self.name(on + 1 + only)).flatten()?.text;
        Some(Concurrent::Create { index, table, if_not_exists })
    }

    fn reindex(&self) -> Option<Concurrent<'a>> {
        let (mut at, mut concurrently) = (1, false);
        if self.text_of(1) == "(" {
            while self.text_of(at) != ")" {
                // An option that is given twice counts as it stands last.
                if self.word_is(at, "CONCURRENTLY") {
                    concurrently = !self.is_off(at + 1);
                }
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
        let name = self.name(at + 1).map_or(Cow::Borrowed(""), |name| name.text);
        concurrently.then_some(Concurrent::Reindex { object, name })
    }

    /// Returns true if this token says no to the option before it.
    pub(crate) fn is_off(&self, index: usize) -> bool {
        let value = self.text_of(index).trim_matches('\'');
        ["false", "off", "0"].iter().any(|no| value.eq_ignore_ascii_case(no))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{Syntax, split};

    #[test]
    fn names_are_found_as_they_are_written() {
        let create = |index: Option<&'static str>, table: &'static str, if_not_exists| {
            Some(Concurrent::Create { index: index.map(Cow::from), table: table.into(), if_not_exists })
        };
        let drop = |index: &'static str| Some(Concurrent::Drop { index: index.into() });
        let reindex = |object: &str, name: &'static str| {
            Some(Concurrent::Reindex { object: object.to_owned(), name: name.into() })
        };
        for (sql, expected) in [
            ("CREATE INDEX CONCURRENTLY i ON t (a)", create(Some("i"), "t", false)),
            (
                "create unique index concurrently if not exists \"I x\" on only s.\"T\" (a)",
                create(Some("\"I x\""), "s.\"T\"", true),
            ),
            ("CREATE INDEX CONCURRENTLY ON s . t USING gin (a)", create(None, "s.t", false)),
            ("CREATE INDEX i ON t (a)", None),
            ("CREATE TABLE t (a int)", None),
            ("DROP INDEX CONCURRENTLY IF EXISTS s.i CASCADE", drop("s.i")),
            ("DROP INDEX CONCURRENTLY i", drop("i")),
            ("DROP INDEX i", None),
            ("DROP INDEX CONCURRENTLY i, j", None),
            ("DROP INDEX CONCURRENTLY if", drop("if")),
            (
                r#"CREATE INDEX CONCURRENTLY U&"d\0061t\+000061 ""\\" ON U&"S!0061" UESCAPE '!' . t (a)"#,
                create(Some(r#""data ""\""#), "\"Sa\".t", false),
            ),
            (r#"DROP INDEX CONCURRENTLY s.u&"i" CASCADE"#, drop("s.\"i\"")),
            (r#"DROP INDEX CONCURRENTLY U&"\D83D\DE00""#, drop("\"\u{1f600}\"")),
            (r#"DROP INDEX CONCURRENTLY U&"\D83D""#, None),
            (r#"DROP INDEX CONCURRENTLY U&"\0000""#, None),
            ("CREATE INDEX CONCURRENTLY u ON u.u & (a)", create(Some("u"), "u.u", false)),
            ("REINDEX INDEX CONCURRENTLY i", reindex("INDEX", "i")),
            ("REINDEX (VERBOSE, CONCURRENTLY) TABLE s.t", reindex("TABLE", "s.t")),
            ("REINDEX TABLE t", None),
            ("REINDEX (CONCURRENTLY false) TABLE t", None),
            ("REINDEX (CONCURRENTLY 'OFF') TABLE t", None),
            ("REINDEX (CONCURRENTLY 0, VERBOSE, concurrently 1) TABLE t", reindex("TABLE", "t")),
            ("REINDEX (CONCURRENTLY) DATABASE", reindex("DATABASE", "")),
            ("REINDEX SYSTEM CONCURRENTLY d", reindex("SYSTEM", "d")),
            ("REINDEX (VERBOSE", None),
            ("VACUUM", None),
        ] {
            let statements = split(sql, Syntax::Shared).unwrap_or_default();
            assert_eq!(statements.first().and_then(Statement::concurrent), expected, "{sql}");
        }
    }
}
