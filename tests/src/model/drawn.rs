//! The statements that are drawn for a migration.

use super::definition::{Definition, THINGS, Thing};
use super::file::{Down, File, Kind};
use super::statement::{Statement, Way, Work};
use super::world::{Builder, Theme};

impl Builder<'_> {
    /// The statements of a migration.
    pub(super) fn statements(&mut self, kind: Kind) -> Vec<Statement> {
        let count = if kind == Kind::CodeOutside { 0 } else { self.random.below(4) };
        // Rows alone are one transaction, also where DDL commits.
        let rows = self.abilities.commits_ddl() && kind == Kind::Plain && self.random.chance(30);
        let mut statements = Vec::new();
        for _ in 0..=count {
            if rows || !self.draws_pairs(kind) {
                statements.push(if rows { self.numbered(Work::Insert) } else { self.statement(kind) });
            } else {
                statements.extend(self.pair());
            }
        }
        let fails = if self.theme == Theme::Steps { 25 } else { 6 };
        if !matches!(kind, Kind::Code | Kind::CodeOutside) && self.random.chance(fails) {
            let at = self.random.below(statements.len() + 1);
            let fail = self.failing();
            statements.insert(at, fail);
        }
        statements
    }

    fn draws_pairs(&mut self, kind: Kind) -> bool {
        self.abilities.commits_ddl() && matches!(kind, Kind::Plain | Kind::Steps) && self.random.chance(8)
    }

    /// Two statements of which the second needs what the first has set in the session.
    fn pair(&mut self) -> [Statement; 2] {
        match self.random.below(3) {
            0 => {
                let set = self.numbered(Work::Set);
                let of = set.number;
                [set, self.numbered(Work::Uses { of })]
            }
            kind => {
                let creates = kind == 1;
                let executed = self.numbered(Work::Execute { creates });
                [self.numbered(Work::Prepare { of: executed.number, creates }), executed]
            }
        }
    }

    fn failing(&mut self) -> Statement {
        if !self.abilities.commits_ddl() {
            return self.numbered(Work::Fail);
        }
        let way = self.way();
        let work = match self.random.below(4) {
            0 => Work::Routine { way, fails: true },
            1 | 2 => Work::DefineFails,
            _ => Work::Fail,
        };
        self.numbered(work)
    }

    fn way(&mut self) -> Way {
        match self.random.below(4) {
            0 => Way::Block,
            1 => Way::Immediate,
            _ => Way::Call,
        }
    }

    pub(super) fn numbered(&mut self, work: Work) -> Statement {
        self.statements += 1;
        Statement { number: self.statements, work }
    }

    pub(super) fn statement(&mut self, kind: Kind) -> Statement {
        if self.abilities.commits_ddl() {
            return self.committing(kind);
        }
        let indexes = self.abilities.concurrent_indexes && matches!(kind, Kind::Steps | Kind::Rerunnable);
        if !indexes || self.random.chance(55) {
            return self.numbered(Work::Insert);
        }
        if self.random.chance(30) {
            return self.numbered(Work::Block);
        }
        let name = self.statements + 1;
        let (unique, column) = (self.random.chance(30), if self.random.chance(50) { 'a' } else { 'b' });
        self.numbered(Work::Index { name, unique, column })
    }

    /// A statement where DDL commits.
    fn committing(&mut self, kind: Kind) -> Statement {
        let of = self.statements + 1;
        let thing = if kind == Kind::Rerunnable {
            Thing::Again
        } else {
            self.random.pick(&THINGS).copied().unwrap_or(Thing::Table)
        };
        let way = self.way();
        let work = match self.random.below(100) {
            _ if matches!(kind, Kind::Code | Kind::CodeOutside) => Work::Insert,
            0..40 => Work::Insert,
            40..50 => Work::Check,
            50..57 => Work::Routine { way, fails: false },
            _ => Work::Define(Definition::new(thing, of)),
        };
        self.numbered(work)
    }

    /// The way back, if there is one.
    pub(super) fn down(&mut self, file: &File) -> Option<Down> {
        let mut undone = Vec::new();
        for statement in &file.statements {
            match &statement.work {
                Work::Index { name, .. } => undone.push(Work::DropIndex { name: *name }),
                Work::Define(definition) => undone.push(Work::Define(definition.taken_back()?)),
                Work::Execute { creates: true } => {
                    undone.push(Work::Define(Definition::table(statement.number).taken_back()?));
                }
                _ => {}
            }
        }
        let mut statements: Vec<_> = undone.into_iter().map(|work| self.numbered(work)).collect();
        let indexes = statements.iter().any(Statement::is_index);
        let steps = indexes || self.random.chance(if self.theme == Theme::Downs { 60 } else { 20 });
        for _ in 0..=self.random.below(3) {
            let insert = self.numbered(Work::Insert);
            let at = self.random.below(statements.len() + 1);
            statements.insert(at, insert);
        }
        Some(Down { steps, statements })
    }
}
