//! The locks that statements take on relations which others use. Sources: PostgreSQL 15, `AlterTableGetLockLevel` and
//! chapter 13.3 of the manual; `cli/tests/lint_locks.rs` compares them with `pg_locks`.

use std::collections::BTreeSet;
use std::fmt;

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

/// A lock that keeps others from writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lock {
    Share,
    ShareRowExclusive,
    Exclusive,
    AccessExclusive,
}

impl Lock {
    /// What others cannot do meanwhile.
    pub(super) fn blocks(self) -> &'static str {
        if self == Lock::AccessExclusive { "read or write" } else { "write" }
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Lock::Share => "SHARE",
            Lock::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Lock::Exclusive => "EXCLUSIVE",
            Lock::AccessExclusive => "ACCESS EXCLUSIVE",
        })
    }
}

/// The lock of a statement, and the relation that it is taken on.
#[derive(Clone, Debug)]
pub(super) struct Locked {
    pub(super) lock: Lock,
    pub(super) relation: String,
}

/// The relations that a script has created so far: nobody else uses them.
#[derive(Debug, Default)]
pub(super) struct Created(BTreeSet<String>);

impl Created {
    /// Takes note of what a statement creates.
    pub(super) fn note(&mut self, statement: &ast::Stmt) {
        if matches!(
            statement,
            ast::Stmt::CreateTable(_)
                | ast::Stmt::CreateTableAs(_)
                | ast::Stmt::CreateForeignTable(_)
                | ast::Stmt::CreateView(_)
                | ast::Stmt::CreateMaterializedView(_)
                | ast::Stmt::CreateSequence(_)
                | ast::Stmt::CreateIndex(_)
                | ast::Stmt::SelectInto(_)
        ) {
            // The first name that is no reference is the statement's own.
            let path = statement.syntax().descendants().find_map(ast::Path::cast);
            self.0.extend(path.and_then(|path| path.segment()).map(|name| name.text()));
        }
    }

    /// True if the first relation that a statement names was created by the script.
    pub(super) fn has_first_of(&self, statement: &ast::Stmt) -> bool {
        relations(statement.syntax()).first().is_some_and(|relation| self.0.contains(relation))
    }

    /// Returns the strongest lock that a statement takes on a relation which the script has not created.
    pub(super) fn lock(&self, statement: &ast::Stmt) -> Option<Locked> {
        let old = |relation: &String| !self.0.contains(relation);
        if let Some(lock) = lock_of(statement) {
            let mut relations = relations(statement.syntax());
            if !names_many(statement) {
                relations.truncate(1);
            }
            if let Some(relation) = relations.into_iter().find(old) {
                return Some(Locked { lock, relation });
            }
        }
        let constraints = statement.syntax().descendants().filter(|node| {
            ast::ReferencesConstraint::can_cast(node.kind())
                || ast::ForeignKeyConstraint::can_cast(node.kind())
        });
        let relation = constraints.flat_map(|constraint| relations(&constraint)).find(old)?;
        Some(Locked { lock: Lock::ShareRowExclusive, relation })
    }
}

/// The names of the relations that a node refers to, in the order of the text.
fn relations(node: &SyntaxNode) -> Vec<String> {
    let referring = node.descendants().filter(|node| {
        let kind = node.kind();
        ast::RelationNameRef::can_cast(kind)
            || ast::TableNameRef::can_cast(kind)
            || ast::ViewRef::can_cast(kind)
            || ast::SequenceRef::can_cast(kind)
            || ast::IndexRef::can_cast(kind)
    });
    let paths = referring.filter_map(|node| node.children().find_map(ast::PathRef::cast));
    paths.filter_map(|path| Some(path.segment()?.text())).collect()
}

/// True if a statement locks every relation that it names.
fn names_many(statement: &ast::Stmt) -> bool {
    matches!(
        statement,
        ast::Stmt::DropTable(_)
            | ast::Stmt::DropView(_)
            | ast::Stmt::DropMaterializedView(_)
            | ast::Stmt::DropIndex(_)
            | ast::Stmt::DropSequence(_)
            | ast::Stmt::Truncate(_)
            | ast::Stmt::Lock(_)
    )
}

/// The lock of a statement on the relations that it is about.
fn lock_of(statement: &ast::Stmt) -> Option<Lock> {
    match statement {
        ast::Stmt::AlterTable(alter) => alter.actions().filter_map(|action| lock_of_action(&action)).max(),
        ast::Stmt::CreateIndex(create) if create.concurrently_token().is_none() => Some(Lock::Share),
        ast::Stmt::DropIndex(drop) if drop.concurrently_token().is_none() => Some(Lock::AccessExclusive),
        ast::Stmt::Reindex(reindex) if !reindex.is_concurrently() => Some(Lock::AccessExclusive),
        ast::Stmt::Vacuum(vacuum) if vacuum.is_full() => Some(Lock::AccessExclusive),
        ast::Stmt::Refresh(refresh) => {
            let concurrently = refresh.concurrently_token().is_some();
            Some(if concurrently { Lock::Exclusive } else { Lock::AccessExclusive })
        }
        ast::Stmt::CreateView(create) => create.or_replace().map(|_| Lock::AccessExclusive),
        ast::Stmt::CreateTable(create) => create.partition_of().map(|_| Lock::AccessExclusive),
        ast::Stmt::CreateTrigger(_) => Some(Lock::ShareRowExclusive),
        ast::Stmt::AlterSequence(_) => Some(Lock::ShareRowExclusive),
        ast::Stmt::Lock(lock) => lock_of_mode(lock),
        ast::Stmt::AlterIndex(alter) => {
            matches!(alter.action(), Some(ast::AlterIndexAction::SetTablespace(_)))
                .then_some(Lock::AccessExclusive)
        }
        ast::Stmt::AlterView(_)
        | ast::Stmt::AlterMaterializedView(_)
        | ast::Stmt::AlterForeignTable(_)
        | ast::Stmt::AlterPolicy(_)
        | ast::Stmt::AlterRule(_)
        | ast::Stmt::AlterTrigger(_)
        | ast::Stmt::Cluster(_)
        | ast::Stmt::CreatePolicy(_)
        | ast::Stmt::CreateRule(_)
        | ast::Stmt::DropForeignTable(_)
        | ast::Stmt::DropMaterializedView(_)
        | ast::Stmt::DropPolicy(_)
        | ast::Stmt::DropRule(_)
        | ast::Stmt::DropSequence(_)
        | ast::Stmt::DropTable(_)
        | ast::Stmt::DropTrigger(_)
        | ast::Stmt::DropView(_)
        | ast::Stmt::Truncate(_) => Some(Lock::AccessExclusive),
        _ => None,
    }
}

fn lock_of_mode(lock: &ast::Lock) -> Option<Lock> {
    let Some(mode) = lock.lock_mode_clause().and_then(|clause| clause.lock_mode()) else {
        return Some(Lock::AccessExclusive);
    };
    match mode {
        ast::LockMode::AccessExclusive(_) => Some(Lock::AccessExclusive),
        ast::LockMode::Exclusive(_) => Some(Lock::Exclusive),
        ast::LockMode::ShareRowExclusive(_) => Some(Lock::ShareRowExclusive),
        ast::LockMode::Share(_) => Some(Lock::Share),
        _ => None,
    }
}

fn lock_of_action(action: &ast::AlterTableAction) -> Option<Lock> {
    match action {
        // SHARE UPDATE EXCLUSIVE: others read and write.
        ast::AlterTableAction::ClusterOn(_)
        | ast::AlterTableAction::ResetOptions(_)
        | ast::AlterTableAction::SetOptions(_)
        | ast::AlterTableAction::SetWithoutCluster(_)
        | ast::AlterTableAction::ValidateConstraint(_) => None,
        ast::AlterTableAction::AlterColumn(alter) => match alter.option() {
            Some(
                ast::AlterColumnOption::ResetOptions(_)
                | ast::AlterColumnOption::SetOptions(_)
                | ast::AlterColumnOption::SetStatistics(_),
            ) => None,
            _ => Some(Lock::AccessExclusive),
        },
        ast::AlterTableAction::DetachPartition(detach) => match detach.detach_partition_option() {
            Some(_) => None,
            None => Some(Lock::AccessExclusive),
        },
        // On the parent it is SHARE UPDATE EXCLUSIVE; the partition is mostly new.
        ast::AlterTableAction::AttachPartition(_) => None,
        ast::AlterTableAction::AddConstraint(add)
            if matches!(add.constraint(), Some(ast::Constraint::ForeignKeyConstraint(_))) =>
        {
            Some(Lock::ShareRowExclusive)
        }
        ast::AlterTableAction::DisableTrigger(_)
        | ast::AlterTableAction::EnableAlwaysTrigger(_)
        | ast::AlterTableAction::EnableReplicaTrigger(_)
        | ast::AlterTableAction::EnableTrigger(_) => Some(Lock::ShareRowExclusive),
        _ => Some(Lock::AccessExclusive),
    }
}
