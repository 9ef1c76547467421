//! A statement of a migration, and whether the database shows that it has run.

use super::abilities::{Abilities, Ddl};
use super::definition::Definition;
use super::place::Picture;

/// The work of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Leaves a row, so that it is seen how often it ran.
    Insert,
    /// The same in a block, which may end its transaction and so goes by itself.
    Block,
    /// Is refused by the database.
    Fail,
    /// Builds an index concurrently: another statement may want the same name for another index.
    Index { name: usize, unique: bool, column: char },
    /// Drops one concurrently.
    DropIndex { name: usize },
    /// Defines an object, or takes it back.
    Define(Definition),
    /// Adds a constraint without a name: it can run again, and each one counts.
    Check,
    /// DDL that is refused by the database.
    DefineFails,
    /// Leaves a row and commits it, and may fail then.
    Routine { way: Way, fails: bool },
    /// Changes the session, and sets a variable of its number.
    Set,
    /// Leaves a row if the variable of that statement is set.
    Uses { of: usize },
    /// Prepares the statement of that number.
    Prepare { of: usize, creates: bool },
    /// Executes what was prepared for it: leaves a row, or creates a table.
    Execute { creates: bool },
}

/// The way to a procedure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Call,
    Block,
    Immediate,
}

/// A statement; no two of a world have one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub number: usize,
    pub work: Work,
}

impl Statement {
    pub fn sql(&self) -> String {
        let number = self.number;
        match &self.work {
            Work::Insert => insert(number),
            Work::Block => format!("DO $$ BEGIN INSERT INTO effects (what) VALUES ({number}); END $$"),
            Work::Fail => format!("INSERT INTO effects (what) VALUES (NULL + {number})"),
            Work::Index { name, unique, column } => {
                let unique = if *unique { "UNIQUE " } else { "" };
                format!("CREATE {unique}INDEX CONCURRENTLY i{name} ON ground ({column})")
            }
            Work::DropIndex { name } => format!("DROP INDEX CONCURRENTLY i{name}"),
            Work::Define(definition) => definition.sql(),
            Work::Check => format!("ALTER TABLE ground ADD CHECK (a <> {number})"),
            Work::DefineFails => format!("ALTER TABLE ground DROP COLUMN missing{number}"),
            Work::Routine { way, fails } => {
                let call = format!("CALL {}({number})", if *fails { "breaks" } else { "works" });
                match way {
                    Way::Call => call,
                    Way::Block => format!("BEGIN NOT ATOMIC {call}; END"),
                    Way::Immediate => format!("EXECUTE IMMEDIATE '{call}'"),
                }
            }
            Work::Set => {
                let setting = match number % 3 {
                    0 => "foreign_key_checks = 0",
                    1 => "sql_mode = ''",
                    _ => "time_zone = '+05:00'",
                };
                format!("SET @v{number} = {number}, {setting}")
            }
            Work::Uses { of } => {
                format!("INSERT INTO effects (what) SELECT {number} FROM DUAL WHERE @v{of} = {of}")
            }
            Work::Prepare { of, creates: false } => format!("PREPARE s{of} FROM '{}'", insert(*of)),
            Work::Prepare { of, creates: true } => {
                format!("PREPARE s{of} FROM '{}'", Definition::table(*of).sql())
            }
            Work::Execute { .. } => format!("EXECUTE s{number}"),
        }
    }

    /// Returns true if its runs are counted.
    pub fn is_counted(&self) -> bool {
        matches!(
            self.work,
            Work::Insert
                | Work::Block
                | Work::Check
                | Work::Routine { .. }
                | Work::Uses { .. }
                | Work::Execute { creates: false }
        )
    }

    /// Returns true if nothing else can have left what it leaves.
    pub fn is_told_apart(&self) -> bool {
        self.is_counted() || matches!(self.work, Work::Define(_) | Work::Execute { .. })
    }

    /// Returns true if the catalog shows what it has done.
    pub fn is_in_catalog(&self) -> bool {
        self.is_index() || matches!(self.work, Work::Define(_) | Work::Execute { creates: true })
    }

    pub fn is_index(&self) -> bool {
        matches!(self.work, Work::Index { .. } | Work::DropIndex { .. })
    }

    pub fn fails(&self) -> bool {
        matches!(self.work, Work::Fail | Work::DefineFails | Work::Routine { fails: true, .. })
    }

    /// Returns true if another belongs to it, so that neither can be replaced.
    pub fn is_half_of_a_pair(&self) -> bool {
        matches!(self.work, Work::Set | Work::Uses { .. } | Work::Prepare { .. } | Work::Execute { .. })
    }

    /// Returns true if the database shows whether it has run.
    pub fn leaves_a_trace(&self) -> bool {
        !matches!(self.work, Work::Set | Work::Prepare { .. })
    }

    /// Returns true if it commits, where DDL does.
    pub fn commits(&self) -> bool {
        match &self.work {
            Work::Define(definition) => !definition.is_dml(),
            Work::Insert | Work::Fail | Work::Set | Work::Uses { .. } => false,
            _ => true,
        }
    }

    /// Returns true if it may have committed a part of its work before it fails.
    pub fn may_be_half_done(&self) -> bool {
        matches!(self.work, Work::Block | Work::Routine { .. })
    }

    /// Returns true if a run never has to ask what became of it: it commits with its row of the journal, it may simply
    /// run again, or the catalog tells.
    pub fn is_decided(&self, abilities: Abilities) -> bool {
        match &self.work {
            Work::Insert | Work::Fail | Work::Set | Work::Uses { .. } | Work::Prepare { .. } => true,
            Work::Block | Work::Routine { .. } => false,
            Work::Index { .. } | Work::DropIndex { .. } => abilities.concurrent_indexes,
            Work::Define(definition) => definition.is_decided(abilities.ddl),
            Work::Check | Work::DefineFails | Work::Execute { creates: true } => {
                abilities.ddl != Ddl::Commits
            }
            Work::Execute { creates: false } => abilities.ddl == Ddl::Transactional,
        }
    }

    /// Returns true if the database shows that it has run: more often than so many times, if its runs are counted. What
    /// leaves no trace is taken for done.
    pub fn has_run(&self, picture: &Picture, times: usize) -> bool {
        match &self.work {
            _ if self.is_counted() => picture.ran(self.number) > times,
            Work::Index { name, unique, column } => picture.shows(&index(*name, *unique, *column)),
            Work::DropIndex { name } => !picture.has(&format!("i{name}")),
            Work::Define(definition) => definition.is_shown(picture),
            Work::Execute { .. } => Definition::table(self.number).is_shown(picture),
            Work::Set | Work::Prepare { .. } => true,
            _ => false,
        }
    }
}

fn insert(number: usize) -> String {
    format!("INSERT INTO effects (what) VALUES ({number})")
}

/// As the catalog has it.
fn index(name: usize, unique: bool, column: char) -> [String; 3] {
    [format!("i{name}"), "t".to_owned(), format!("{unique} {column}")]
}
