//! The rules that squawk has not: they know directives, and what shares a file.

use std::ops::Range;

use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AstNode, SourceFile};

use super::locks::{Created, Locked};
use super::{Finding, Level, Script};

/// The rules, and what each reports.
pub(super) const RULES: [(&str, Level, &str); 6] = [
    (
        "backfill-alone",
        Level::Error,
        "rows are written in one transaction with a statement that locks a table",
    ),
    ("concurrently-alone", Level::Warning, "a statement with `CONCURRENTLY` shares its file with others"),
    (
        "require-lock-timeout",
        Level::Warning,
        "a statement locks a table, and may wait for the lock without a limit",
    ),
    ("syntax-error", Level::Error, "the linter cannot read a statement as SQL of Postgres"),
    ("unknown-rule", Level::Error, "a comment allows a rule that there is not"),
    ("unused-allow", Level::Note, "a comment allows what no rule reports"),
];

/// A statement with what the rules ask for.
struct Statement {
    span: Range<usize>,
    locked: Option<Locked>,
    concurrently: bool,
    writes: Option<&'static str>,
    /// The rows that it writes are in a table of the script's own, which nobody else sees yet.
    writes_unseen: bool,
    sets: bool,
    sets_lock_timeout: bool,
}

/// What our rules find.
pub(super) fn findings(script: Script<'_>, file: &SourceFile) -> Vec<Finding> {
    let mut created = Created::default();
    let statements: Vec<_> = file.stmts().filter_map(|stmt| Statement::of(&stmt, &mut created)).collect();
    let timeout = without_lock_timeout(script, &statements);
    let alone = concurrently(script, &statements);
    alone.into_iter().chain(timeout).chain(backfills(script, &statements)).collect()
}

impl Statement {
    fn of(stmt: &ast::Stmt, created: &mut Created) -> Option<Statement> {
        if matches!(stmt, ast::Stmt::EmptyStmt(_)) {
            return None;
        }
        let node = stmt.syntax();
        // Comments above a statement belong to its node.
        let first = node.descendants_with_tokens().find(|part| {
            part.as_token().is_some() && !matches!(part.kind(), SyntaxKind::COMMENT | SyntaxKind::WHITESPACE)
        })?;
        let span = usize::from(first.text_range().start())..usize::from(node.text_range().end());
        let locked = created.lock(stmt);
        created.note(stmt);
        Some(Statement {
            span,
            locked,
            concurrently: is_concurrent(stmt),
            writes: writes(stmt),
            writes_unseen: created.has_first_of(stmt),
            sets: matches!(stmt, ast::Stmt::Set(_) | ast::Stmt::Reset(_)),
            sets_lock_timeout: sets_lock_timeout(stmt),
        })
    }
}

/// True if the statement is one that runs beside reads and writes, and cannot run in a transaction.
fn is_concurrent(stmt: &ast::Stmt) -> bool {
    match stmt {
        ast::Stmt::CreateIndex(create) => create.concurrently_token().is_some(),
        ast::Stmt::DropIndex(drop) => drop.concurrently_token().is_some(),
        ast::Stmt::Reindex(reindex) => reindex.is_concurrently(),
        ast::Stmt::AlterTable(alter) => alter.actions().any(|action| match action {
            ast::AlterTableAction::DetachPartition(detach) => {
                matches!(
                    detach.detach_partition_option(),
                    Some(ast::DetachPartitionOption::DetachConcurrently(_))
                )
            }
            _ => false,
        }),
        _ => false,
    }
}

/// The command of a statement that may write any number of rows.
fn writes(stmt: &ast::Stmt) -> Option<&'static str> {
    match stmt {
        ast::Stmt::Update(_) => Some("UPDATE"),
        ast::Stmt::Delete(_) => Some("DELETE"),
        ast::Stmt::Merge(_) => Some("MERGE"),
        ast::Stmt::Insert(insert) => match insert.insert_source()? {
            ast::InsertSource::SelectVariant(ast::SelectVariant::Values(_)) => None,
            ast::InsertSource::SelectVariant(_) => Some("INSERT ... SELECT"),
            ast::InsertSource::DefaultValues(_) => None,
        },
        _ => None,
    }
}

fn sets_lock_timeout(stmt: &ast::Stmt) -> bool {
    let ast::Stmt::Set(set) = stmt else { return false };
    let Some(ast::SetTarget::SetConfig(config)) = set.set_target() else { return false };
    let name = config.config_parameter_ref().and_then(|parameter| parameter.path_ref()?.segment());
    name.is_some_and(|name| name.text() == "lock_timeout")
}

/// The first statement of a file that may wait for its lock without a limit.
fn without_lock_timeout(script: Script<'_>, statements: &[Statement]) -> Option<Finding> {
    if script.directives.lock_timeout().is_some() {
        return None;
    }
    let bare = statements.iter().take_while(|statement| !statement.sets_lock_timeout);
    let (statement, Locked { lock, relation }) =
        bare.filter_map(|statement| Some((statement, statement.locked.as_ref()?))).next()?;
    let message = format!(
        "it takes an {lock} lock on `{relation}`; while it waits for that lock, nobody else can {} \
            `{relation}`",
        lock.blocks()
    );
    let message = if lock.to_string().starts_with('S') { message.replacen("an ", "a ", 1) } else { message };
    let finding =
        Finding::new(script, "require-lock-timeout", Level::Warning, statement.span.clone(), message);
    Some(finding.help(
        "put `-- gapless: lock-timeout 2s` above the first statement: the run gives up in \
        time, and tries again",
    ))
}

/// The first statement with `CONCURRENTLY` that is not alone.
fn concurrently(script: Script<'_>, statements: &[Statement]) -> Option<Finding> {
    let statement = statements.iter().find(|statement| statement.concurrently)?;
    let others = statements.iter().filter(|statement| !statement.sets).count() - 1;
    if others == 0 {
        return None;
    }
    let message = "each statement of this file commits by itself, so a failure leaves the file half applied";
    let finding = Finding::new(script, "concurrently-alone", Level::Warning, statement.span.clone(), message);
    Some(finding.help(
        "put the statement with `CONCURRENTLY` into a file of its own, and the others into \
        one that runs in a transaction",
    ))
}

/// The statements that write rows while their transaction holds a lock.
fn backfills(script: Script<'_>, statements: &[Statement]) -> Vec<Finding> {
    // Outside of a transaction, a statement keeps no lock.
    if script.directives.no_transaction() {
        return Vec::new();
    }
    let locks =
        || statements.iter().enumerate().filter_map(|(at, one)| Some((at, one, one.locked.as_ref()?)));
    let written = statements.iter().enumerate().filter_map(|(at, one)| Some((at, one, one.writes?)));
    let found = written.filter_map(|(at, statement, command)| {
        let strongest = |(_, _, locked): &(usize, &Statement, &Locked)| locked.lock;
        let held = locks().filter(|(other, ..)| *other < at).max_by_key(strongest);
        let later = || locks().find(|(other, ..)| *other > at && !statement.writes_unseen);
        let (_, other, Locked { lock, relation }) = held.or_else(later)?;
        let line = gapless::Location::of(script.sql, other.span.start).line;
        let message = if other.span.start < statement.span.start {
            format!(
                "while `{command}` writes its rows, nobody else can {} `{relation}`, which line {line} \
                locks until the end of the file",
                lock.blocks()
            )
        } else {
            format!(
                "the rows that `{command}` writes stay locked until line {line} has got its lock on \
                `{relation}`"
            )
        };
        let finding = Finding::new(script, "backfill-alone", Level::Error, statement.span.clone(), message);
        Some(finding.help(
            "put it into a migration of its own; if the table is large, write some thousand \
            rows at a time, in code or in several files",
        ))
    });
    found.collect()
}
