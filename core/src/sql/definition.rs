//! Finds the objects that a statement of MySQL defines, for a look into the catalog.

use std::borrow::Cow;

use super::statement::Statement;

/// The kind of an object in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ObjectKind {
    /// A table, with its columns, indexes, keys and partitions.
    Table,
    /// A view.
    View,
    /// A trigger.
    Trigger,
    /// A procedure or a function.
    Routine,
    /// An event.
    Event,
    /// A database.
    Database,
    /// Everything in the connection's database.
    All,
}

/// The objects that a statement defines. The catalog shows them otherwise once it has taken effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition<'a> {
    /// The kind of each object, and its name with the quotes and the database of the script.
    pub objects: Vec<(ObjectKind, Cow<'a, str>)>,
    /// It creates, drops or renames the objects, and does not alter them.
    pub whole: bool,
    /// Some of the objects may have changed when the statement is cut off, and others not.
    pub one_by_one: bool,
    /// Only the server knows the statement: it is the text of this variable, and may be another than a definition.
    pub variable: Option<&'a str>,
}

/// Kinds as a statement writes them.
const KINDS: [(&str, ObjectKind); 11] = [
    ("TABLE", ObjectKind::Table),
    ("INDEX", ObjectKind::Table),
    ("VIEW", ObjectKind::View),
    ("TRIGGER", ObjectKind::Trigger),
    ("PROCEDURE", ObjectKind::Routine),
    ("FUNCTION", ObjectKind::Routine),
    ("EVENT", ObjectKind::Event),
    ("SEQUENCE", ObjectKind::Table),
    ("DATABASE", ObjectKind::Database),
    ("SCHEMA", ObjectKind::Database),
    ("TABLES", ObjectKind::Table),
];

impl<'a> Statement<'a> {
    /// Returns the objects that it defines, if the catalog shows whether it has taken effect: it looks otherwise
    /// afterwards, or a second time does no harm. It may execute what a statement `before` has prepared.
    pub fn definition(&self, before: &[Statement<'a>]) -> Option<Definition<'a>> {
        match &*self.word(0).to_ascii_uppercase() {
            "CREATE" => self.creates(),
            "ALTER" => self.alters(),
            "DROP" => self.drops(),
            "RENAME" => self.renames(),
            "EXECUTE" => self.executes(before),
            _ => None,
        }
    }

    /// Returns true if it commits the transaction before it begins its own work, so that a row before it is kept
    /// whatever becomes of it.
    ///
    /// Source: MySQL 8.4 manual 15.3.3 "Statements That Cause an Implicit Commit"; temporary tables commit nothing.
    pub fn commits_first(&self) -> bool {
        const KNOWN: [&str; 12] = [
            "ALTER", "ANALYZE", "CHECK", "CREATE", "DROP", "FLUSH", "GRANT", "OPTIMIZE", "RENAME", "REPAIR",
            "REVOKE", "TRUNCATE",
        ];
        KNOWN.iter().any(|word| self.first_is(word)) && !self.is_temporary()
    }

    /// Returns true for `USE`.
    pub fn uses_database(&self) -> bool {
        self.first_is("USE")
    }

    /// Returns true if it qualifies a name with this database, in any case.
    pub fn names_within(&self, database: &str) -> bool {
        let named = |at: usize| {
            self.text_of(at).trim_matches('`').replace("``", "`").eq_ignore_ascii_case(database)
                && self.text_of(at + 1) == "."
        };
        (0..self.tokens().len()).any(named)
    }

    fn is_temporary(&self) -> bool {
        (1..5).any(|at| self.word_is(at, "TEMPORARY")) && !self.first_is("ALTER")
    }

    /// Finds the kind of the object, behind the options of the statement, and the token after it.
    fn kind(&self) -> Option<(ObjectKind, usize)> {
        let all: Vec<_> = self.outside(1..self.tokens().len());
        let kind = |at: &usize| KINDS.iter().find(|(word, _)| self.word_is(*at, word));
        let at = all.into_iter().find(|at| kind(at).is_some())?;
        let next = match () {
            () if self.word_is(at + 1, "IF") && self.word_is(at + 2, "NOT") => at + 4,
            () if self.word_is(at + 1, "IF") => at + 3,
            () => at + 1,
        };
        kind(&at).map(|(_, kind)| (*kind, next))
    }

    fn creates(&self) -> Option<Definition<'a>> {
        let (kind, at) = self.kind()?;
        let replaces = self.word_is(1, "OR") && kind == ObjectKind::Table;
        let rows = kind == ObjectKind::Table && (self.find("SELECT").is_some() || self.find("AS").is_some());
        if self.is_temporary() || replaces || rows {
            return None;
        }
        self.one(kind, at)
    }

    /// The one object, or the table of an index.
    fn one(&self, kind: ObjectKind, at: usize) -> Option<Definition<'a>> {
        let of_index = self.is_index(at);
        let at = if of_index { self.find("ON")? + 1 } else { at };
        let name = self.name(at)?;
        Some(Definition { whole: !of_index, ..Definition::of(vec![(kind, name.text)]) })
    }

    fn is_index(&self, at: usize) -> bool {
        (1..at).any(|at| self.word_is(at, "INDEX"))
    }

    fn alters(&self) -> Option<Definition<'a>> {
        // Rows, and definitions that come back, show in no catalog.
        const ROWS: [&str; 5] = ["TRUNCATE", "EXCHANGE", "IMPORT", "DISCARD", "FORCE"];
        let (kind, at) = self.kind()?;
        let name = self.name(at)?;
        let mut objects = vec![(kind, name.text)];
        if kind == ObjectKind::Table {
            let rest = self.outside(name.next..self.tokens().len());
            if rest.iter().any(|at| ROWS.iter().any(|word| self.word_is(*at, word)))
                || self.brings_back(name.next)
            {
                return None;
            }
            let renamed = self.commas(name.next..self.tokens().len()).into_iter().find_map(|part| {
                let to = if self.word_is(part.start + 1, "TO") || self.word_is(part.start + 1, "AS") {
                    2
                } else {
                    1
                };
                let other = ["COLUMN", "INDEX", "KEY"].iter().any(|word| self.word_is(part.start + 1, word));
                let new = (self.word_is(part.start, "RENAME") && !other).then(|| self.name(part.start + to));
                new.flatten()
            });
            objects.extend(renamed.map(|new| (kind, new.text)));
        }
        Some(Definition::of(objects))
    }

    /// Returns true if it drops a column and adds one of that name, whose rows are lost each time.
    fn brings_back(&self, from: usize) -> bool {
        let column = |verb: &str| {
            let parts = self.commas(from..self.tokens().len()).into_iter();
            let parts = parts.filter(|part| self.word_is(part.start, verb));
            let name = |at: usize| {
                let at = if self.word_is(at, "COLUMN") { at + 1 } else { at };
                let at = if self.word_is(at, "IF") {
                    if self.word_is(at + 1, "NOT") { at + 3 } else { at + 2 }
                } else {
                    at
                };
                self.text_of(at).trim_matches('`').to_lowercase()
            };
            parts.map(|part| name(part.start + 1)).collect::<Vec<_>>()
        };
        const OTHER: [&str; 7] = ["index", "key", "constraint", "foreign", "primary", "check", "partition"];
        let added = column("ADD");
        column("DROP").iter().any(|name| !OTHER.contains(&name.as_str()) && added.contains(name))
    }

    fn drops(&self) -> Option<Definition<'a>> {
        let (kind, at) = self.kind()?;
        if self.is_temporary() {
            return None;
        }
        if !matches!(kind, ObjectKind::Table | ObjectKind::View) || self.is_index(at) {
            return self.one(kind, at);
        }
        let parts = self.commas(at..self.tokens().len());
        let objects: Option<Vec<_>> =
            parts.into_iter().map(|part| Some((kind, self.name(part.start)?.text))).collect();
        let objects = objects?;
        Some(Definition { one_by_one: objects.len() > 1, whole: true, ..Definition::of(objects) })
    }

    fn renames(&self) -> Option<Definition<'a>> {
        let (kind, at) = self.kind()?;
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for part in self.commas(at..self.tokens().len()) {
            let name = self.name(part.start)?;
            // `WAIT n` or `NOWAIT` of MariaDB may stand between them.
            let to = (name.next..part.end).find(|at| self.word_is(*at, "TO"))?;
            old.push(name.text);
            new.push(self.name(to + 1)?.text);
        }
        // Tables that change places may look alike: only a name that comes or goes tells.
        let within = |names: &[Cow<'a, str>], name: &str| {
            names.iter().any(|other| other.replace('`', "").eq_ignore_ascii_case(&name.replace('`', "")))
        };
        let gone = old.iter().filter(|name| !within(&new, name));
        let come = new.iter().filter(|name| !within(&old, name));
        let objects: Vec<_> = gone.chain(come).map(|name| (kind, name.clone())).collect();
        (!objects.is_empty()).then(|| Definition { whole: true, ..Definition::of(objects) })
    }
}

impl<'a> Definition<'a> {
    pub(super) fn of(objects: Vec<(ObjectKind, Cow<'a, str>)>) -> Definition<'a> {
        Definition { objects, whole: false, one_by_one: false, variable: None }
    }

    /// Keeps no part of the script; a variable is not known any more.
    pub(super) fn into_owned<'b>(self) -> Definition<'b> {
        let own = |(kind, name): (ObjectKind, Cow<'a, str>)| (kind, Cow::Owned(name.into_owned()));
        let objects = self.objects.into_iter().map(own).collect();
        Definition { objects, whole: self.whole, one_by_one: self.one_by_one, variable: None }
    }
}

#[cfg(test)]
mod tests {
    use crate::sql::{Syntax, split};

    fn defined(sql: &str) -> Option<String> {
        let statements = split(sql, Syntax::Mysql).unwrap();
        let definition = statements[0].definition(&[])?;
        let objects: Vec<_> =
            definition.objects.iter().map(|(kind, name)| format!("{kind:?} {name}")).collect();
        Some(
            objects.join(", ")
                + if definition.whole { " whole" } else { "" }
                + if definition.one_by_one { " one by one" } else { "" },
        )
    }

    #[test]
    fn objects_are_found() {
        for (sql, expected) in [
            ("CREATE TABLE t (a INT, b INT DEFAULT (SELECT 1))", "Table t whole"),
            ("create table if not exists `a`.`t` like u", "Table `a`.`t` whole"),
            ("CREATE UNIQUE INDEX i ON t (a)", "Table t"),
            ("CREATE FULLTEXT INDEX IF NOT EXISTS i ON d.t (a)", "Table d.t"),
            (
                "CREATE ALGORITHM=MERGE DEFINER=`a`@`b` SQL SECURITY DEFINER VIEW v AS SELECT 1",
                "View v whole",
            ),
            (
                "CREATE DEFINER = 'a'@'%' TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1",
                "Trigger r whole",
            ),
            ("CREATE PROCEDURE p() BEGIN SELECT 1; END", "Routine p whole"),
            (
                "/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 FUNCTION f() RETURNS INT RETURN 1 */",
                "Routine f whole",
            ),
            ("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t", "Event e whole"),
            ("CREATE DATABASE d", "Database d whole"),
            ("ALTER TABLE t ADD COLUMN a INT, DROP COLUMN b", "Table t"),
            ("ALTER ONLINE TABLE t ADD INDEX i (a), DROP INDEX i", "Table t"),
            ("ALTER TABLE t RENAME TO u", "Table t, Table u"),
            ("ALTER TABLE t RENAME COLUMN a TO b", "Table t"),
            ("ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (a)", "Table t"),
            ("ALTER VIEW v AS SELECT 2", "View v"),
            ("DROP TABLE t", "Table t whole"),
            ("DROP TABLE IF EXISTS t, u CASCADE", "Table t, Table u whole one by one"),
            ("DROP INDEX i ON t", "Table t"),
            ("DROP VIEW v", "View v whole"),
            ("DROP TRIGGER IF EXISTS d.r", "Trigger d.r whole"),
            ("DROP PROCEDURE p", "Routine p whole"),
            ("RENAME TABLE a TO b, b TO c", "Table a, Table c whole"),
            ("RENAME TABLE t TO t_old, t_new TO `t`", "Table t_new, Table t_old whole"),
        ] {
            assert_eq!(defined(sql).as_deref(), Some(expected), "{sql}");
        }
    }

    #[test]
    fn what_the_catalog_does_not_show_is_left_alone() {
        for sql in [
            "CREATE TABLE t AS SELECT 1",
            "CREATE TABLE t (a INT) SELECT 1 AS a",
            "CREATE OR REPLACE TABLE t (a INT)",
            "CREATE TEMPORARY TABLE t (a INT)",
            "DROP TEMPORARY TABLE t",
            "ALTER TABLE t TRUNCATE PARTITION p",
            "ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u",
            "ALTER TABLE t DROP COLUMN a, ADD COLUMN a INT",
            "ALTER TABLE t DROP a, ADD `A` INT",
            "RENAME TABLE t TO x, u TO t, x TO u",
            "TRUNCATE t",
            "CALL p()",
            "CREATE USER u",
            "INSERT INTO t VALUES (1)",
        ] {
            assert_eq!(defined(sql), None, "{sql}");
        }
    }

    #[test]
    fn names_of_a_database_are_found() {
        let names = |sql: &str| split(sql, Syntax::Mysql).unwrap()[0].names_within("my app");
        assert!(
            names("ALTER TABLE `My App`.t ADD a INT") && names("INSERT INTO t SELECT * FROM `my app` . `u`")
        );
        assert!(
            !names("ALTER TABLE t ADD `my app` INT") && !names("SELECT 'my app.t', other.t.a FROM other.t")
        );
    }

    #[test]
    fn statements_that_commit_first() {
        let commits = |sql: &str| split(sql, Syntax::Mysql).unwrap()[0].commits_first();
        for sql in
            ["CREATE TABLE t (a INT)", "TRUNCATE t", "ALTER TABLE temporary ADD a INT", "RENAME TABLE a TO b"]
        {
            assert!(commits(sql), "{sql}");
        }
        for sql in
            ["CALL p()", "EXECUTE s", "CREATE TEMPORARY TABLE t (a INT)", "LOAD DATA INFILE 'x' INTO TABLE t"]
        {
            assert!(!commits(sql), "{sql}");
        }
    }
}
