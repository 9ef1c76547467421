//! A statement that defines an object, or takes it back: the catalog shows whether it has run.

use super::abilities::Ddl;
use super::place::Picture;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    pub thing: Thing,
    /// The number of the statement that defines it.
    pub of: usize,
    /// It is defined otherwise.
    pub otherwise: bool,
    /// It is taken back.
    pub back: bool,
}

/// The kind of object. The tables `pN` and `qN` are there from the beginning, with a row each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    Table,
    /// A table, unless it is there.
    Again,
    /// A table with a row.
    Filled,
    Column,
    Index,
    View,
    Trigger,
    Procedure,
    /// The name that `pN` gets.
    Name,
    /// That `pN` is not there any more.
    Absence,
    /// The same of `pN` and `qN`, in one statement.
    TwoAbsences,
    /// That `pN` is empty.
    Emptiness,
}

pub const THINGS: [Thing; 12] = [
    Thing::Table,
    Thing::Again,
    Thing::Filled,
    Thing::Column,
    Thing::Index,
    Thing::View,
    Thing::Trigger,
    Thing::Procedure,
    Thing::Name,
    Thing::Absence,
    Thing::TwoAbsences,
    Thing::Emptiness,
];

impl Thing {
    /// Returns true if it takes the tables that were there.
    pub fn needs_tables(self) -> bool {
        matches!(self, Thing::Name | Thing::Absence | Thing::TwoAbsences | Thing::Emptiness)
    }
}

impl Definition {
    pub fn new(thing: Thing, of: usize) -> Definition {
        Definition { thing, of, otherwise: false, back: false }
    }

    pub fn table(of: usize) -> Definition {
        Definition::new(Thing::Table, of)
    }

    /// The way back, if one statement is enough.
    pub fn taken_back(self) -> Option<Definition> {
        (self.thing != Thing::TwoAbsences).then_some(Definition { back: true, ..self })
    }

    /// Another definition under the same name.
    pub fn redefined(self) -> Option<Definition> {
        let kinds = [Thing::Table, Thing::Column, Thing::Index, Thing::View];
        kinds.contains(&self.thing).then_some(Definition { otherwise: !self.otherwise, ..self })
    }

    pub fn sql(self) -> String {
        let Definition { of, otherwise, .. } = self;
        let kind = if otherwise { "bigint" } else { "int" };
        let column = if otherwise { "b" } else { "a" };
        let (forth, back) = match self.thing {
            Thing::Table => (format!("CREATE TABLE d{of} (a {kind})"), format!("DROP TABLE d{of}")),
            Thing::Again => {
                (format!("CREATE TABLE IF NOT EXISTS d{of} (a int)"), format!("DROP TABLE d{of}"))
            }
            Thing::Filled => (format!("CREATE TABLE d{of} AS SELECT 1 AS a"), format!("DROP TABLE d{of}")),
            Thing::Column => (
                format!("ALTER TABLE ground ADD COLUMN d{of} {kind}"),
                format!("ALTER TABLE ground DROP COLUMN d{of}"),
            ),
            Thing::Index => {
                (format!("CREATE INDEX d{of} ON ground ({column})"), format!("DROP INDEX d{of} ON ground"))
            }
            Thing::View => {
                (format!("CREATE VIEW d{of} AS SELECT {column} FROM ground"), format!("DROP VIEW d{of}"))
            }
            Thing::Trigger => (
                format!("CREATE TRIGGER d{of} BEFORE INSERT ON ground FOR EACH ROW SET NEW.a = {of}"),
                format!("DROP TRIGGER d{of}"),
            ),
            Thing::Procedure => {
                (format!("CREATE PROCEDURE d{of}() SELECT {of}"), format!("DROP PROCEDURE d{of}"))
            }
            Thing::Name => (format!("RENAME TABLE p{of} TO d{of}"), format!("RENAME TABLE d{of} TO p{of}")),
            Thing::Absence => (format!("DROP TABLE p{of}"), format!("CREATE TABLE p{of} (a int)")),
            Thing::TwoAbsences => (format!("DROP TABLE p{of}, q{of}"), String::new()),
            Thing::Emptiness => (format!("TRUNCATE TABLE p{of}"), format!("INSERT INTO p{of} VALUES (1)")),
        };
        if self.back { back } else { forth }
    }

    pub fn is_dml(self) -> bool {
        self.thing == Thing::Emptiness && self.back
    }

    /// Returns true if a run never has to ask what became of it.
    pub fn is_decided(self, ddl: Ddl) -> bool {
        let rows = matches!(self.thing, Thing::Filled | Thing::TwoAbsences | Thing::Emptiness);
        let again = self.thing == Thing::Again && !self.back;
        match ddl {
            Ddl::Transactional => true,
            Ddl::Commits => again || self.is_dml(),
            Ddl::Decided => !rows || self.back,
        }
    }

    /// Returns true if the catalog shows that it has run.
    pub fn is_shown(self, picture: &Picture) -> bool {
        let Definition { of, otherwise, back, .. } = self;
        let kind = if otherwise { "bigint" } else { "int" };
        let column = if otherwise { "b" } else { "a" };
        let own = format!("d{of}");
        let is = |kind: &str, how: &str| picture.shows(&[own.clone(), kind.to_owned(), how.to_owned()]);
        let there = match self.thing {
            Thing::Table => is("table", &format!("{kind} 0")),
            Thing::Again => is("table", "int 0"),
            Thing::Filled => is("table", "int 1"),
            Thing::Column => is("column", kind),
            Thing::Index => is("index", column),
            Thing::View => is("view", column),
            Thing::Trigger => is("trigger", &of.to_string()),
            Thing::Procedure => is("procedure", &of.to_string()),
            Thing::Name => picture.has(&own) && !picture.has(&format!("p{of}")),
            Thing::Absence => !picture.has(&format!("p{of}")),
            Thing::TwoAbsences => !picture.has(&format!("p{of}")) && !picture.has(&format!("q{of}")),
            Thing::Emptiness => picture.shows(&[format!("p{of}"), "table".to_owned(), "int 0".to_owned()]),
        };
        match self.thing {
            // Something else under the name is neither.
            _ if !back => there,
            Thing::Absence => picture.has(&format!("p{of}")),
            Thing::Emptiness => picture.shows(&[format!("p{of}"), "table".to_owned(), "int 1".to_owned()]),
            _ => !picture.has(&own),
        }
    }
}
