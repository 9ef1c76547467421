//! Splits a script into statements, comments and faults.

use std::ops::Range;

use super::fault::Fault;
use super::statement::{Statement, copies_with_client};
use super::statement_builder::StatementBuilder;
use super::syntax::Syntax;
use super::token::{Lexer, Token, TokenKind};

/// The contents of a script.
#[derive(Debug, Default)]
pub(crate) struct Script<'a> {
    pub(crate) statements: Vec<Statement<'a>>,
    pub(crate) comments: Vec<Range<usize>>,
    pub(crate) faults: Vec<Fault>,
}

/// Splits a script into its statements, and leaves out empty ones.
///
/// ```
/// use gapless_core::{Syntax, split};
///
/// let statements = split("SELECT ';'; -- one;\nSELECT 2;", Syntax::Postgres).unwrap();
/// let texts: Vec<_> = statements.iter().map(|statement| statement.text()).collect();
/// assert_eq!(texts, ["SELECT ';'", "SELECT 2"]);
/// ```
///
/// # Errors
///
/// Returns a fault for each quote, comment, parenthesis or block that does not end, and for each client command.
pub fn split(sql: &str, syntax: Syntax) -> Result<Vec<Statement<'_>>, Vec<Fault>> {
    let script = parse(sql, syntax);
    if script.faults.is_empty() { Ok(script.statements) } else { Err(script.faults) }
}

/// Splits a script, and keeps its comments and faults too.
pub(crate) fn parse(sql: &str, syntax: Syntax) -> Script<'_> {
    let mut script = Script::default();
    let mut lexer = Lexer::new(sql, syntax);
    let mut builder = StatementBuilder::new(sql, syntax);
    while let Some(token) = lexer.next() {
        match token {
            Err(fault) => {
                script.faults.push(fault);
                // Open parentheses and blocks are a consequence.
                return script;
            }
            Ok(token) if token.kind == TokenKind::Comment => script.comments.push(token.span()),
            Ok(token) if token.kind == TokenKind::Conflict => {
                script.conflict(sql, token);
                lexer.skip_line();
            }
            Ok(token) if is_client_command(sql, token, builder.is_empty()) => {
                script.faults.push(client_command(sql, token, syntax));
                lexer.skip_line();
            }
            Ok(token) if token.kind == TokenKind::Semicolon && builder.at_top() => {
                let statement = builder.take();
                if copies_with_client(&statement, "FROM") {
                    lexer.skip_past_line("\\.");
                }
                script.push(statement);
            }
            Ok(token) => builder.push(token),
        }
    }
    script.faults.extend(builder.fault());
    script.push(builder.take());
    script
}

impl<'a> Script<'a> {
    /// Reports the first marker of a conflict, which has several.
    fn conflict(&mut self, sql: &str, token: Token) {
        let known = self.faults.iter().any(|fault| fault.message == CONFLICT);
        if !known || token.text(sql).starts_with('<') {
            let help = "keep the correct lines of both sides, and remove those with `<<<<<<<`, `=======` and `>>>>>>>`";
            self.faults.push(Fault::new(CONFLICT, token.span(), help));
        }
    }

    fn push(&mut self, statement: Statement<'a>) {
        if !statement.tokens().is_empty() {
            self.statements.push(statement);
        }
    }
}

const CONFLICT: &str = "an unresolved merge conflict";

/// Returns true for a backslash, and for a first word that is a command of a client and begins no statement.
fn is_client_command(sql: &str, token: Token, is_first: bool) -> bool {
    let word = token.text(sql);
    let rest = || sql[token.end..].split('\n').next().unwrap_or_default().trim();
    let is = |command: &str| word.eq_ignore_ascii_case(command);
    match token.kind {
        TokenKind::Backslash => true,
        TokenKind::Word if is_first => is("DELIMITER") || is("SOURCE") || (is("GO") && rest().is_empty()),
        _ => false,
    }
}

fn client_command(sql: &str, token: Token, syntax: Syntax) -> Fault {
    let line = sql[token.start..].lines().next().unwrap_or_default().trim_end();
    let word = line.split_whitespace().next().unwrap_or(line);
    let span = token.start..token.start + word.len().max(1);
    let client = match token.kind {
        TokenKind::Backslash => "psql or mysql",
        _ if word.eq_ignore_ascii_case("GO") => "sqlcmd",
        _ => "mysql",
    };
    let help = if syntax == Syntax::Mysql && word.eq_ignore_ascii_case("DELIMITER") {
        "remove it: bodies between BEGIN and END are recognised without it"
    } else {
        "remove it; only the client program understands it, the database does not"
    };
    Fault::new(format!("`{word}` is a command of the {client} client, not SQL"), span, help)
}
