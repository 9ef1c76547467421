//! A migration of the random project, as one release has it.

/// How a migration runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In a transaction.
    Plain,
    /// `no-transaction`.
    Steps,
    /// `no-transaction` and `rerunnable`.
    Rerunnable,
    /// `rust`.
    Code,
    /// `rust` and `no-transaction`, with one effect.
    CodeOutside,
    Tombstone,
    Baseline,
}

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
            Work::Insert => format!("INSERT INTO effects (what) VALUES ({number})"),
            Work::Block => format!("DO $$ BEGIN INSERT INTO effects (what) VALUES ({number}); END $$"),
            Work::Fail => format!("INSERT INTO effects (what) SELECT NULL WHERE {number} > 0"),
            Work::Index { name, unique, column } => {
                let unique = if *unique { "UNIQUE " } else { "" };
                format!("CREATE {unique}INDEX CONCURRENTLY i{name} ON ground ({column})")
            }
            Work::DropIndex { name } => format!("DROP INDEX CONCURRENTLY i{name}"),
        }
    }

    /// Returns true if its runs are counted.
    pub fn is_counted(&self) -> bool {
        matches!(self.work, Work::Insert | Work::Block)
    }

    pub fn is_index(&self) -> bool {
        matches!(self.work, Work::Index { .. } | Work::DropIndex { .. })
    }
}

/// The way back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Down {
    /// True if it runs outside of a transaction.
    pub steps: bool,
    pub statements: Vec<Statement>,
}

/// The file, or both files. Its identity is that of the migration, whatever it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub identity: usize,
    pub version: i64,
    pub name: String,
    pub kind: Kind,
    pub statements: Vec<Statement>,
    pub down: Option<Down>,
}

/// A version and a name: `NNN_name`.
pub type Stem = (i64, String);

impl File {
    pub fn stem(&self) -> Stem {
        (self.version, self.name.clone())
    }

    pub fn is_stepwise(&self) -> bool {
        matches!(self.kind, Kind::Steps | Kind::Rerunnable | Kind::CodeOutside)
    }

    pub fn is_code(&self) -> bool {
        matches!(self.kind, Kind::Code | Kind::CodeOutside)
    }

    pub fn fails(&self) -> bool {
        self.statements.iter().any(|statement| statement.work == Work::Fail)
    }

    /// The names and texts of its files.
    pub fn written(&self) -> Vec<(String, String)> {
        let stem = format!("{}_{}", self.version, self.name);
        let suffix = match self.kind {
            Kind::Tombstone => "tombstone.sql",
            Kind::Baseline => "baseline.sql",
            _ => "up.sql",
        };
        let mut files = vec![(format!("{stem}.{suffix}"), self.text())];
        if let Some(down) = self.down.as_ref().filter(|_| self.kind != Kind::Tombstone) {
            let header = if down.steps { "-- gapless: no-transaction\n" } else { "" };
            files.push((format!("{stem}.down.sql"), header.to_owned() + &joined(&down.statements)));
        }
        files
    }

    fn text(&self) -> String {
        match self.kind {
            Kind::Plain | Kind::Baseline => joined(&self.statements),
            Kind::Steps => format!("-- gapless: no-transaction\n{}", joined(&self.statements)),
            Kind::Rerunnable => {
                format!("-- gapless: no-transaction\n-- gapless: rerunnable\n{}", joined(&self.statements))
            }
            Kind::Code | Kind::CodeOutside => {
                let numbers: Vec<_> = self.statements.iter().map(|one| one.number.to_string()).collect();
                let outside = if self.kind == Kind::Code { "" } else { "-- gapless: no-transaction\n" };
                format!("-- gapless: rust\n{outside}-- Does {}.\n", numbers.join(", "))
            }
            Kind::Tombstone => format!("-- Retired: {}.\n", self.identity),
        }
    }
}

fn joined(statements: &[Statement]) -> String {
    statements.iter().map(|statement| statement.sql() + ";\n").collect()
}

/// Whose name this is: `m7b` of 7, and so is the row `all7.baseline`.
pub fn identity_of(name: &str) -> Option<usize> {
    let rest = name.strip_prefix("all").or_else(|| name.strip_prefix('m'))?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest.get(..digits)?.parse().ok()
}
