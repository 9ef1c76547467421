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
/// Returns a fault for each quote, comment, parenthesis or block that does not end, and for each client command but
/// MySQL's `DELIMITER`, at which the script is cut.
pub fn split(sql: &str, syntax: Syntax) -> Result<Vec<Statement<'_>>, Vec<Fault>> {
    let script = parse(sql, syntax);
    if script.faults.is_empty() { Ok(script.statements) } else { Err(script.faults) }
}

/// Splits a script, and keeps its comments and faults too.
pub(crate) fn parse(sql: &str, syntax: Syntax) -> Script<'_> {
    let mut splitter = Splitter {
        sql,
        syntax,
        lexer: Lexer::new(sql, syntax),
        builder: StatementBuilder::new(sql, syntax),
        script: Script::default(),
    };
    while let Some(token) = splitter.lexer.next() {
        match token {
            Ok(token) => splitter.token(token),
            Err(fault) => {
                splitter.script.faults.push(fault);
                // Open parentheses and blocks are a consequence.
                return splitter.script;
            }
        }
    }
    splitter.end();
    splitter.script
}

/// A script while it is being split.
struct Splitter<'a> {
    sql: &'a str,
    syntax: Syntax,
    lexer: Lexer<'a>,
    builder: StatementBuilder<'a>,
    script: Script<'a>,
}

impl Splitter<'_> {
    fn token(&mut self, token: Token) {
        match token.kind {
            TokenKind::Comment => self.script.comments.push(token.span()),
            TokenKind::Mark => self.builder.mark(token),
            TokenKind::Conflict => {
                self.script.conflict(self.sql, token);
                self.lexer.skip_line();
            }
            _ if self.is_client_command(token) => self.client_command(token),
            TokenKind::Delimiter => self.end_at(token),
            TokenKind::Semicolon if self.builder.at_top() => self.end_at(token),
            _ => self.builder.push(token),
        }
    }

    /// Ends the statement at a semicolon or a delimiter.
    fn end_at(&mut self, token: Token) {
        if self.lexer.in_conditional() {
            // Where the server passes over the comment, nothing ends here.
            let help = "move it behind the `*/`, and give each statement a conditional comment of its own";
            let message = "the end of a statement inside of a conditional comment";
            self.script.faults.push(Fault::new(message, token.span(), help));
        }
        self.end();
    }

    fn end(&mut self) {
        self.script.faults.extend(self.builder.fault());
        let statement = self.builder.take();
        if copies_with_client(&statement, "FROM") {
            self.lexer.skip_past_line("\\.");
        }
        self.script.push(statement);
    }

    /// Returns true for a backslash, and for a first word that is a command of a client and begins no statement.
    fn is_client_command(&self, token: Token) -> bool {
        let rest = || self.sql[token.end..].split('\n').next().unwrap_or_default().trim();
        let is = |command: &str| token.text(self.sql).eq_ignore_ascii_case(command);
        match token.kind {
            TokenKind::Backslash => true,
            TokenKind::Word if self.builder.is_empty() => {
                is("DELIMITER") || is("SOURCE") || (is("GO") && rest().is_empty())
            }
            _ => false,
        }
    }

    fn client_command(&mut self, token: Token) {
        let delimiter =
            token.kind == TokenKind::Word && token.text(self.sql).eq_ignore_ascii_case("DELIMITER");
        let fault = if delimiter && self.syntax == Syntax::Mysql {
            self.delimiter(token).err()
        } else {
            Some(client_command(self.sql, token))
        };
        self.script.faults.extend(fault);
        self.lexer.skip_line();
    }

    /// Obeys a `DELIMITER`, as the client does: it is not sent.
    fn delimiter(&mut self, token: Token) -> Result<(), Fault> {
        let fault = |message: &str, help: &str| Err(Fault::new(message, token.span(), help));
        let line_start = self.sql[..token.start].rfind('\n').map_or(0, |newline| newline + 1);
        if !self.sql[line_start..token.start].trim().is_empty() {
            return fault(
                "`DELIMITER` behind a statement",
                "give it a line of its own: the client ignores it here",
            );
        }
        let rest = self.sql[token.end..].split('\n').next().unwrap_or_default();
        let chosen = rest.split_whitespace().next().unwrap_or_default();
        let quoted =
            ['\'', '"', '`'].into_iter().find_map(|mark| chosen.strip_prefix(mark)?.strip_suffix(mark));
        match quoted.unwrap_or(chosen) {
            "" => fault("`DELIMITER` without a delimiter", "write it as `DELIMITER //`"),
            chosen if chosen.contains('\\') => fault(
                "a delimiter with a backslash",
                "choose another, such as `DELIMITER //`: the client refuses it",
            ),
            chosen => {
                self.lexer.set_delimiter(chosen);
                Ok(())
            }
        }
    }
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

fn client_command(sql: &str, token: Token) -> Fault {
    let line = sql[token.start..].lines().next().unwrap_or_default().trim_end();
    let word = line.split_whitespace().next().unwrap_or(line);
    let span = token.start..token.start + word.len().max(1);
    let client = match token.kind {
        TokenKind::Backslash => "psql or mysql",
        _ if word.eq_ignore_ascii_case("GO") => "sqlcmd",
        _ => "mysql",
    };
    let help = if word.eq_ignore_ascii_case("DELIMITER") {
        "add `dialect = \"mysql\"` if the scripts are for MySQL or MariaDB, or remove it"
    } else {
        "remove it; only the client program understands it, the database does not"
    };
    Fault::new(format!("`{word}` is a command of the {client} client, not SQL"), span, help)
}
