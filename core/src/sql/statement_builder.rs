//! Collects the tokens of a statement until its parentheses and blocks are closed.

use std::ops::Range;

use super::compound::Compound;
use super::fault::Fault;
use super::statement::Statement;
use super::syntax::Syntax;
use super::token::{Token, TokenKind};

/// The statement being read, and its parentheses and blocks that are still open.
pub(crate) struct StatementBuilder<'a> {
    sql: &'a str,
    syntax: Syntax,
    tokens: Vec<Token>,
    parens: Vec<Token>,
    blocks: Vec<Token>,
    /// The blocks of MySQL.
    compound: Compound,
    /// From the first token or conditional comment to the last.
    span: Option<Range<usize>>,
    /// The token after the `BEGIN` of the one body that a routine has.
    body: Option<usize>,
    /// True if it says `EXECUTE`: a trigger of Postgres does, and has no body.
    executes: bool,
}

impl<'a> StatementBuilder<'a> {
    pub(crate) fn new(sql: &'a str, syntax: Syntax) -> StatementBuilder<'a> {
        StatementBuilder {
            sql,
            syntax,
            tokens: Vec::new(),
            parens: Vec::new(),
            blocks: Vec::new(),
            compound: Compound::NONE,
            span: None,
            body: None,
            executes: false,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tokens.is_empty() && self.span.is_none()
    }

    pub(crate) fn at_top(&self) -> bool {
        self.parens.is_empty() && self.blocks.is_empty() && self.compound.is_closed()
    }

    pub(crate) fn take(&mut self) -> Statement<'a> {
        self.parens.clear();
        self.blocks.clear();
        self.compound = Compound::NONE;
        (self.body, self.executes) = (None, false);
        let span = self.span.take().unwrap_or_default();
        Statement::new(self.sql, std::mem::take(&mut self.tokens), span)
    }

    pub(crate) fn fault(&self) -> Option<Fault> {
        let block = self.blocks.first().map(|token| (*token, "END")).or_else(|| self.compound.open());
        let block = block.map(|(token, end)| {
            let word = token.text(self.sql).to_ascii_uppercase();
            let message = format!("`{word}` without its `{end}`");
            Fault::new(message, token.span(), format!("close the block with `{end};`"))
        });
        block.or_else(|| {
            self.parens.first().map(|token| {
                Fault::new(
                    "unclosed parenthesis",
                    token.span(),
                    "close it with `)` before the statement ends",
                )
            })
        })
    }

    pub(crate) fn push(&mut self, token: Token) {
        match token.kind {
            TokenKind::Open => self.parens.push(token),
            TokenKind::Close => drop(self.parens.pop()),
            TokenKind::Word if self.syntax != Syntax::Mysql => {
                self.track_body(token);
                self.executes |= token.text(self.sql).eq_ignore_ascii_case("EXECUTE");
            }
            _ => {}
        }
        if self.syntax == Syntax::Mysql {
            self.compound.push(token, token.text(self.sql), self.parens.len());
        }
        self.mark(token);
        self.tokens.push(token);
    }

    /// Adds the beginning or the end of a conditional comment: a part of the text that is no token of the statement.
    pub(crate) fn mark(&mut self, token: Token) {
        let start = self.span.as_ref().map_or(token.start, |span| span.start);
        self.span = Some(start..token.end);
    }

    /// Tracks the one body of whole statements that a trigger of SQLite and a function of standard SQL have. `begin`
    /// and `end` are names elsewhere, so each counts only where a body can begin and end: before a statement, and right
    /// after a semicolon.
    fn track_body(&mut self, token: Token) {
        let is = |keyword: &str| token.text(self.sql).eq_ignore_ascii_case(keyword);
        if !self.parens.is_empty() {
            return;
        }
        if !self.blocks.is_empty() {
            let closes = is("END") && self.tokens.last().is_some_and(|last| self.may_stand_before_end(*last));
            if closes {
                self.blocks.clear();
            }
            return;
        }
        let Some(begin) = self.tokens.last().copied().filter(|_| self.body.is_none() && self.after("BEGIN"))
        else {
            return;
        };
        let opens = match self.routine() {
            Some(Routine::Function) => is("ATOMIC"),
            Some(Routine::Trigger) => {
                let statements = ["SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "VALUES"];
                statements.iter().any(|word| is(word)) && !(self.executes && self.syntax == Syntax::Shared)
            }
            None => false,
        };
        if opens {
            self.blocks.push(begin);
            self.body = Some(self.tokens.len());
        }
    }

    /// Returns true for a semicolon, and for the `ATOMIC` of an empty body; another `atomic` is a name.
    fn may_stand_before_end(&self, last: Token) -> bool {
        let empty = self.body.is_some_and(|first| first + 1 == self.tokens.len());
        last.kind == TokenKind::Semicolon || (empty && self.after("ATOMIC"))
    }

    fn after(&self, keyword: &str) -> bool {
        self.tokens.last().is_some_and(|last| {
            last.kind == TokenKind::Word && last.text(self.sql).eq_ignore_ascii_case(keyword)
        })
    }

    /// Returns the kind of routine that the statement creates, if it may have a body. Each word has its place:
    /// `function` and its like are names elsewhere.
    fn routine(&self) -> Option<Routine> {
        let is = |index: usize, keyword: &str| {
            let word = self.tokens.get(index).filter(|token| token.kind == TokenKind::Word);
            word.is_some_and(|token| token.text(self.sql).eq_ignore_ascii_case(keyword))
        };
        if !is(0, "CREATE") {
            return None;
        }
        let replaces = is(1, "OR") && is(2, "REPLACE");
        let at = if replaces { 3 } else { 1 };
        match self.syntax {
            Syntax::Shared | Syntax::Postgres if is(at, "FUNCTION") || is(at, "PROCEDURE") => {
                Some(Routine::Function)
            }
            Syntax::Shared | Syntax::Sqlite if !replaces => {
                let at = if is(1, "TEMP") || is(1, "TEMPORARY") { 2 } else { 1 };
                is(at, "TRIGGER").then_some(Routine::Trigger)
            }
            _ => None,
        }
    }
}

#[derive(Clone, Copy)]
enum Routine {
    Function,
    Trigger,
}
