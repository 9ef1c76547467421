//! A script taken apart into statements.

use std::ops::Range;

use crate::Syntax;
use crate::open::Open;
use crate::token::{Lexer, Token, TokenKind};

/// One statement of a script, without its semicolon.
#[derive(Clone, Debug)]
pub struct Statement<'a> {
    sql: &'a str,
    tokens: Vec<Token>,
}

impl<'a> Statement<'a> {
    pub(crate) fn new(sql: &'a str, tokens: Vec<Token>) -> Statement<'a> {
        Statement { sql, tokens }
    }

    /// The statement's text, from its first token to its last.
    pub fn text(&self) -> &'a str {
        &self.sql[self.span()]
    }

    /// Where it stands in the script, in bytes.
    pub fn span(&self) -> Range<usize> {
        let start = self.tokens.first().map_or(0, |token| token.start);
        start..self.tokens.last().map_or(start, |token| token.end)
    }

    pub(crate) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// The word at this position among the statement's tokens; empty for what is not a word.
    pub(crate) fn word(&self, index: usize) -> &'a str {
        self.tokens.get(index).filter(|t| t.kind == TokenKind::Word).map_or("", |t| t.text(self.sql))
    }

    pub(crate) fn slice(&self, span: Range<usize>) -> &'a str {
        &self.sql[span]
    }

    /// The token at this position, as it is written; empty beyond the last.
    pub(crate) fn text_of(&self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| token.text(self.sql))
    }

    /// Whether this word comes first, in any case.
    pub(crate) fn first_is(&self, word: &str) -> bool {
        let first = self.word(0);
        first.len() == word.len() && first.eq_ignore_ascii_case(word)
    }

    /// Whether the statement begins with these words, in any case.
    pub(crate) fn begins(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(index, word)| self.word(index).eq_ignore_ascii_case(word))
    }

    /// Where this word first stands outside of parentheses.
    pub(crate) fn find(&self, word: &str) -> Option<usize> {
        let mut depth = 0_u32;
        self.tokens.iter().position(|token| {
            match token.kind {
                TokenKind::Open => depth += 1,
                TokenKind::Close => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && token.kind == TokenKind::Word && token.text(self.sql).eq_ignore_ascii_case(word)
        })
    }
}

/// Something in a script that keeps it from being taken apart, or from being run safely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes of the script.
    pub span: Range<usize>,
    /// How to mend it.
    pub help: String,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>, span: Range<usize>, help: impl Into<String>) -> Fault {
        Fault { message: message.into(), span, help: help.into() }
    }

    pub(crate) fn unterminated(what: &str, end: String, span: Range<usize>) -> Fault {
        Fault::new(format!("unterminated {what}"), span, format!("close it with `{end}`"))
    }
}

/// All that a script holds.
#[derive(Debug, Default)]
pub(crate) struct Script<'a> {
    pub(crate) statements: Vec<Statement<'a>>,
    pub(crate) comments: Vec<Range<usize>>,
    pub(crate) faults: Vec<Fault>,
}

/// Takes a script apart into its statements; empty ones are left out.
///
/// # Errors
///
/// Every quote, comment, parenthesis or block that does not end, and every client command.
pub fn split(sql: &str, syntax: Syntax) -> Result<Vec<Statement<'_>>, Vec<Fault>> {
    let script = read(sql, syntax);
    if script.faults.is_empty() { Ok(script.statements) } else { Err(script.faults) }
}

pub(crate) fn read(sql: &str, syntax: Syntax) -> Script<'_> {
    let mut script = Script::default();
    let mut lexer = Lexer::new(sql, syntax);
    let mut open = Open::new(sql, syntax);
    while let Some(token) = lexer.next() {
        match token {
            Err(fault) => {
                script.faults.push(fault);
                // Whatever was open is a consequence.
                return script;
            }
            Ok(token) if token.kind == TokenKind::Comment => script.comments.push(token.span()),
            Ok(token) if token.kind == TokenKind::Conflict => {
                script.conflict(sql, token);
                lexer.skip_line();
            }
            Ok(token) if is_client_command(sql, token, open.is_empty()) => {
                script.faults.push(client_command(sql, token, syntax));
                lexer.skip_line();
            }
            Ok(token) if token.kind == TokenKind::Semicolon && open.at_top() => {
                let statement = open.take();
                if copies_with_client(&statement, "FROM") {
                    lexer.skip_past_line("\\.");
                }
                script.push(statement);
            }
            Ok(token) => open.push(token),
        }
    }
    script.faults.extend(open.fault());
    script.push(open.take());
    script
}

impl<'a> Script<'a> {
    /// A conflict has several markers; the first is enough.
    fn conflict(&mut self, sql: &str, token: Token) {
        let known = self.faults.iter().any(|fault| fault.message == CONFLICT);
        if !known || token.text(sql).starts_with('<') {
            let help = "keep what is right of both sides, and remove the lines with `<<<<<<<`, `=======` and `>>>>>>>`";
            self.faults.push(Fault::new(CONFLICT, token.span(), help));
        }
    }

    fn push(&mut self, statement: Statement<'a>) {
        if !statement.tokens.is_empty() {
            self.statements.push(statement);
        }
    }
}

/// Whether a `COPY` goes on behind this word with the client: Postgres takes `STDIN` and `STDOUT` in either
/// direction.
pub(crate) fn copies_with_client(statement: &Statement<'_>, direction: &str) -> bool {
    let client =
        |at: usize| ["STDIN", "STDOUT"].iter().any(|word| statement.word(at + 1).eq_ignore_ascii_case(word));
    statement.first_is("COPY") && statement.find(direction).is_some_and(client)
}

const CONFLICT: &str = "a merge conflict that was not resolved";

/// A backslash, or a word that no statement of any database begins with and a client does something with.
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
