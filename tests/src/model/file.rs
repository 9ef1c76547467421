//! A migration of the random project, as one release has it.

use super::abilities::Abilities;
use super::statement::Statement;

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

/// The way back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Down {
    /// True if it runs outside of a transaction.
    pub steps: bool,
    pub statements: Vec<Statement>,
}

impl Down {
    pub fn is_stepwise(&self, abilities: Abilities) -> bool {
        self.steps || commits(&self.statements, abilities)
    }
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

    /// Returns true if it runs statement by statement: it says so, or its DDL commits.
    pub fn is_stepwise(&self, abilities: Abilities) -> bool {
        match self.kind {
            Kind::Steps | Kind::Rerunnable | Kind::CodeOutside => true,
            Kind::Plain | Kind::Baseline => commits(&self.statements, abilities),
            Kind::Code | Kind::Tombstone => false,
        }
    }

    pub fn is_code(&self) -> bool {
        matches!(self.kind, Kind::Code | Kind::CodeOutside)
    }

    pub fn fails(&self) -> bool {
        self.statements.iter().any(Statement::fails)
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

fn commits(statements: &[Statement], abilities: Abilities) -> bool {
    abilities.commits_ddl() && statements.iter().any(Statement::commits)
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
