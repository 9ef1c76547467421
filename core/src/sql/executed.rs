//! The text that a statement of MySQL executes: `EXECUTE` and `EXECUTE IMMEDIATE`.

use super::script::split;
use super::statement::Statement;
use super::syntax::Syntax;
use super::{Definition, ObjectKind};

/// The origin of a text that is executed.
#[derive(Debug, PartialEq, Eq)]
enum Source<'a> {
    Text(String),
    Variable(&'a str),
}

impl<'a> Statement<'a> {
    /// Returns what it executes, if that defines objects which the catalog shows. What is prepared comes from a statement
    /// `before`.
    pub(super) fn executes(&self, before: &[Statement<'a>]) -> Option<Definition<'a>> {
        let source = if self.word_is(1, "IMMEDIATE") {
            self.source(2)
        } else {
            let own = |one: &&Statement<'a>| {
                one.prepares().is_some_and(|name| name.eq_ignore_ascii_case(self.text_of(1)))
            };
            before.iter().rfind(own)?.source(3)
        };
        match source? {
            Source::Text(text) => {
                let statements = split(&text, Syntax::Mysql).ok()?;
                let [only] = statements.as_slice() else { return None };
                if only.first_is("EXECUTE") { None } else { only.definition(&[]).map(Definition::into_owned) }
            }
            Source::Variable(name) => {
                let everything = vec![(ObjectKind::All, "".into())];
                Some(Definition { variable: Some(name), ..Definition::of(everything) })
            }
        }
    }

    /// Reads a string or a variable that stands alone behind this token.
    fn source(&self, at: usize) -> Option<Source<'a>> {
        let first = self.text_of(at);
        let ends = |at: usize| self.text_of(at).is_empty() || self.word_is(at, "USING");
        if first == "@" {
            return ends(at + 2).then(|| Source::Variable(self.text_of(at + 1)));
        }
        let quote = first.chars().next().filter(|quote| ['\'', '"'].contains(quote))?;
        let text = first.strip_prefix(quote)?.strip_suffix(quote)?;
        // A backslash means something else in another mode.
        let plain = ends(at + 1) && !text.contains('\\');
        plain.then(|| Source::Text(text.replace(&format!("{quote}{quote}"), &quote.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use crate::sql::{Syntax, split};

    fn executed(sql: &str) -> Option<String> {
        let statements = split(sql, Syntax::Mysql).unwrap();
        let (last, before) = statements.split_last().unwrap();
        let found = last.definition(before)?;
        let objects: Vec<_> = found.objects.iter().map(|(kind, name)| format!("{kind:?} {name}")).collect();
        Some(objects.join(", ") + &found.variable.map_or(String::new(), |name| format!("@{name}")))
    }

    #[test]
    fn what_is_executed_is_found() {
        for (sql, expected) in [
            ("EXECUTE IMMEDIATE 'ALTER TABLE t ADD c INT'", Some("Table t")),
            ("EXECUTE IMMEDIATE \"CREATE TABLE t (a INT DEFAULT 'x''y')\"", Some("Table t")),
            ("EXECUTE IMMEDIATE 'CREATE TABLE t (a CHAR(1) DEFAULT ''x'')'", Some("Table t")),
            ("PREPARE s FROM 'DROP TABLE t'; EXECUTE S", Some("Table t")),
            ("PREPARE s FROM 'CALL p()'; PREPARE s FROM 'DROP TABLE t'; EXECUTE s", Some("Table t")),
            ("SET @q = 'x'; PREPARE s FROM @q; EXECUTE s USING @a", Some("All @q")),
            ("EXECUTE IMMEDIATE @q", Some("All @q")),
            ("PREPARE s FROM 'DROP TABLE t'; PREPARE s FROM 'CALL p()'; EXECUTE s", None),
            ("PREPARE s FROM 'DROP TABLE t'; EXECUTE other", None),
            ("EXECUTE IMMEDIATE 'CALL p()'", None),
            ("EXECUTE IMMEDIATE 'INSERT INTO t VALUES (1)'", None),
            ("EXECUTE IMMEDIATE 'CREATE TABLE t AS SELECT 1'", None),
            ("EXECUTE IMMEDIATE 'EXECUTE IMMEDIATE @q'", None),
            ("EXECUTE IMMEDIATE concat('DROP TABLE ', @t)", None),
            ("EXECUTE IMMEDIATE 'DROP TABLE t' ' CASCADE'", None),
            ("EXECUTE IMMEDIATE 'CREATE TABLE t (a CHAR(1) DEFAULT \\'x\\')'", None),
            ("PREPARE s FROM concat(@a, @b); EXECUTE s", None),
            ("EXECUTE s", None),
        ] {
            assert_eq!(executed(sql).as_deref(), expected, "{sql}");
        }
    }
}
