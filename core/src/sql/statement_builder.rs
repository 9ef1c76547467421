//! Collects the tokens of a statement until its parentheses and blocks are closed.

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
    /// The block that was closed last, until the next word shows that its `END` was no `END IF`.
    ended: Option<Token>,
    /// The token after the `BEGIN` of the one body that a routine has.
    body: Option<usize>,
    /// True if it says `EXECUTE`: a trigger of Postgres does, and has no body.
    executes: bool,
}

impl<'a> StatementBuilder<'a> {
    pub(crate) fn new(sql: &'a str, syntax: Syntax) -> StatementBuilder<'a> {
        let (tokens, parens, blocks) = (Vec::new(), Vec::new(), Vec::new());
        StatementBuilder { sql, syntax, tokens, parens, blocks, ended: None, body: None, executes: false }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    pub(crate) fn at_top(&self) -> bool {
        self.parens.is_empty() && self.blocks.is_empty()
    }

    pub(crate) fn take(&mut self) -> Statement<'a> {
        self.parens.clear();
        self.blocks.clear();
        self.ended = None;
        (self.body, self.executes) = (None, false);
        Statement::new(self.sql, std::mem::take(&mut self.tokens))
    }

    pub(crate) fn fault(&self) -> Option<Fault> {
        let block = self.blocks.first().map(|token| {
            let word = token.text(self.sql).to_ascii_uppercase();
            Fault::new(format!("`{word}` without its `END`"), token.span(), "close the block with `END;`")
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
            TokenKind::Word if self.syntax == Syntax::Mysql => self.track_compound(token),
            TokenKind::Word => {
                self.track_body(token);
                self.executes |= token.text(self.sql).eq_ignore_ascii_case("EXECUTE");
            }
            _ => {}
        }
        self.tokens.push(token);
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

    /// Tracks the blocks of MySQL, which nest, and whose loops and conditions end in `END LOOP` and its like.
    fn track_compound(&mut self, token: Token) {
        let word = token.text(self.sql);
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        if self.after("END") && is_loop_word(word) {
            // The `END` was not a block's.
            self.blocks.extend(self.ended.take());
            return;
        }
        if !(is("BEGIN") || is("CASE") || is("END")) || self.after_name() || self.routine().is_none() {
            return;
        }
        if is("END") {
            self.ended = self.blocks.pop();
        } else if is("BEGIN") || !self.after("END") {
            self.blocks.push(token);
        }
    }

    fn after(&self, keyword: &str) -> bool {
        self.tokens.last().is_some_and(|last| {
            last.kind == TokenKind::Word && last.text(self.sql).eq_ignore_ascii_case(keyword)
        })
    }

    /// Returns true after a dot or `AS`, where every word is a name: `NEW.end`, `AS end`.
    fn after_name(&self) -> bool {
        self.after("AS") || self.tokens.last().is_some_and(|last| last.text(self.sql) == ".")
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
            Syntax::Mysql => self.routine_of_mysql(),
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

    fn routine_of_mysql(&self) -> Option<Routine> {
        // `CREATE OR REPLACE DEFINER = 'somebody'@'somewhere' AGGREGATE FUNCTION` is the longest way.
        let mut words = self.tokens.iter().skip(1).take(12).map(|token| token.text(self.sql));
        words.find_map(|word| match &*word.to_ascii_uppercase() {
            "FUNCTION" | "PROCEDURE" | "EVENT" => Some(Some(Routine::Function)),
            "TRIGGER" => Some(Some(Routine::Trigger)),
            "TABLE" | "VIEW" | "INDEX" | "RULE" | "TYPE" | "SCHEMA" | "POLICY" => Some(None),
            _ => None,
        })?
    }
}

#[derive(Clone, Copy)]
enum Routine {
    Function,
    Trigger,
}

fn is_loop_word(word: &str) -> bool {
    ["IF", "LOOP", "WHILE", "REPEAT", "FOR"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}
