//! Follows the bodies of MySQL and MariaDB, which hold semicolons: blocks, loops and conditions of routines, triggers and
//! events, and of MariaDB's scripts.
//!
//! Their words are names elsewhere, and `IF`, `CASE` and `REPEAT` also begin expressions. So a block begins only where a
//! statement begins, and ends only where another could.
//!
//! Sources: MySQL 8.4 manual 15.6 "Compound Statement Syntax", the page "Programmatic & Compound Statements" of MariaDB,
//! and what MariaDB 10.11 accepts.

use super::token::{Token, TokenKind};

/// The body of the statement that is being read.
#[derive(Debug)]
pub(super) struct Compound {
    blocks: Vec<Block>,
    pub(super) at: At,
    /// True if the last token may be a label.
    label: bool,
    /// True behind the head of a routine, a trigger or an event, where `BEGIN` begins no transaction.
    pub(super) body: bool,
    /// The `CASE` expressions that are open, outside of parentheses.
    cases: usize,
    pub(super) last: Last,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    kind: Kind,
    token: Token,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Begin,
    If,
    Case,
    Loop,
    While,
    Repeat,
    For,
    Package,
}

impl Kind {
    fn end(self) -> &'static str {
        match self {
            Kind::Begin | Kind::Package => "END",
            Kind::If => "END IF",
            Kind::Case => "END CASE",
            Kind::Loop => "END LOOP",
            Kind::While => "END WHILE",
            Kind::Repeat => "END REPEAT",
            Kind::For => "END FOR",
        }
    }
}

/// The place of the next token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// A statement begins.
    Start,
    /// In a statement whose words mean nothing here.
    Simple,
    /// Behind `BEGIN`, which may be `BEGIN NOT ATOMIC`; `open` if it surely is a block.
    Begin {
        open: bool,
        not: bool,
    },
    /// In a condition that ends with `THEN` or `DO`.
    Condition,
    /// Behind `UNTIL`.
    Until,
    /// In `DECLARE EXIT HANDLER FOR`, behind so many of these words.
    Declare(u8),
    Handler(Handler),
    /// Behind `SET`, which may be `SET STATEMENT ... FOR`.
    Set,
    SetStatement,
    /// In the head of a statement that may have a body.
    Head(super::compound_header::Head),
}

/// The conditions of a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handler {
    Before,
    State,
    After,
}

/// The last token outside of parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// An expression may end with it.
    Operand,
    /// An operand follows.
    Operator,
    /// A name follows.
    Qualifier,
}

/// A token, and its text if that may be a keyword.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) token: Token,
    pub(super) text: &'a str,
    pub(super) word: &'a str,
}

impl Piece<'_> {
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.word.eq_ignore_ascii_case(keyword)
    }

    pub(super) fn is_any(&self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.is(keyword))
    }

    pub(super) fn may_name(&self) -> bool {
        matches!(self.token.kind, TokenKind::Word | TokenKind::Identifier | TokenKind::Text)
    }
}

impl Compound {
    pub(super) const NONE: Compound = Compound {
        blocks: Vec::new(),
        at: At::Start,
        label: false,
        body: false,
        cases: 0,
        last: Last::Operator,
    };

    /// Returns true if no block is open.
    pub(super) fn is_closed(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Returns the first block that is open, and the words that end it.
    pub(super) fn open(&self) -> Option<(Token, &'static str)> {
        self.blocks.first().map(|block| (block.token, block.kind.end()))
    }

    /// Takes the next token, with the number of parentheses that are open behind it.
    pub(super) fn push(&mut self, token: Token, text: &str, depth: usize) {
        let labelled = std::mem::take(&mut self.label) && text == ":";
        if depth > 0 {
            self.at = if self.at == At::Start { At::Simple } else { self.at };
            return;
        }
        let word = if token.kind == TokenKind::Word && self.last != Last::Qualifier { text } else { "" };
        match token.kind {
            TokenKind::Close => self.closed(),
            TokenKind::Semicolon => self.next(),
            _ if labelled => self.at = At::Start,
            _ => self.step(Piece { token, text, word }),
        }
        self.last = match token.kind {
            TokenKind::Symbol if matches!(text, "." | "@") => Last::Qualifier,
            TokenKind::Symbol | TokenKind::Semicolon => Last::Operator,
            TokenKind::Word if is_operator(word) => Last::Operator,
            _ => Last::Operand,
        };
    }

    /// Takes a semicolon in a block.
    fn next(&mut self) {
        (self.at, self.cases) = (At::Start, 0);
        // The next routine of a package has a head of its own.
        self.body &= self.blocks.last().is_none_or(|block| block.kind != Kind::Package);
    }

    fn step(&mut self, piece: Piece<'_>) {
        match self.at {
            At::Start => self.start(piece),
            At::Simple => {}
            At::Begin { open, not } => self.begin(piece, open, not),
            At::Condition => self.condition(piece),
            At::Until => {
                if self.ends(piece) {
                    self.blocks.pop();
                    self.at = At::Simple;
                }
            }
            At::Declare(words) => self.declare(piece, words),
            At::Handler(place) => self.handler(piece, place),
            At::Set => self.at = if piece.is("STATEMENT") { At::SetStatement } else { At::Simple },
            At::SetStatement if piece.is("FOR") => self.at = At::Start,
            At::SetStatement => {}
            At::Head(head) => self.head(piece, head),
        }
    }

    /// Begins a statement.
    pub(super) fn start(&mut self, piece: Piece<'_>) {
        let inside = !self.is_closed();
        let top = self.blocks.last().map(|block| block.kind);
        self.at = At::Simple;
        match &*piece.word.to_ascii_uppercase() {
            "BEGIN" => self.begins(piece.token),
            "IF" => self.open_block(Kind::If, At::Condition, piece.token),
            "CASE" => self.open_block(Kind::Case, At::Condition, piece.token),
            "WHILE" => self.open_block(Kind::While, At::Condition, piece.token),
            "FOR" => self.open_block(Kind::For, At::Condition, piece.token),
            "LOOP" => self.open_block(Kind::Loop, At::Start, piece.token),
            "REPEAT" => self.open_block(Kind::Repeat, At::Start, piece.token),
            "ELSEIF" | "WHEN" if inside => self.at = At::Condition,
            "ELSE" if inside => self.at = At::Start,
            "END" if inside => drop(self.blocks.pop()),
            "CREATE" | "ALTER" => self.creates(),
            "PROCEDURE" | "FUNCTION" if top == Some(Kind::Package) => self.names_routine(),
            other => {
                self.at = match other {
                    "UNTIL" if top == Some(Kind::Repeat) => At::Until,
                    "DECLARE" => At::Declare(1),
                    "SET" => At::Set,
                    _ => At::Simple,
                };
                self.label = matches!(piece.token.kind, TokenKind::Word | TokenKind::Identifier);
            }
        }
    }

    pub(super) fn open_block(&mut self, kind: Kind, at: At, token: Token) {
        self.blocks.push(Block { kind, token });
        self.at = at;
    }

    /// Takes a `BEGIN`: outside of a body it begins a transaction, unless `NOT ATOMIC` follows.
    fn begins(&mut self, token: Token) {
        match self.blocks.last_mut() {
            // One `END` ends both.
            Some(block) if block.kind == Kind::Package && !self.body => block.kind = Kind::Begin,
            None if !self.body => {
                self.at = At::Begin { open: false, not: false };
                return;
            }
            _ => self.blocks.push(Block { kind: Kind::Begin, token }),
        }
        self.at = At::Begin { open: true, not: false };
    }

    fn begin(&mut self, piece: Piece<'_>, open: bool, not: bool) {
        match () {
            () if !not && piece.is("NOT") => self.at = At::Begin { open, not: true },
            () if not && piece.is("ATOMIC") => {
                if !open {
                    self.blocks.push(Block { kind: Kind::Begin, token: piece.token });
                }
                self.at = At::Start;
            }
            () if open => self.start(piece),
            () => self.at = At::Simple,
        }
    }

    fn condition(&mut self, piece: Piece<'_>) {
        let loops = self.blocks.last().is_some_and(|block| matches!(block.kind, Kind::While | Kind::For));
        if !self.ends(piece) && self.cases == 0 && piece.is(if loops { "DO" } else { "THEN" }) {
            self.at = At::Start;
        }
    }

    /// Follows the `CASE` of an expression; returns true for an `END` that ends none.
    fn ends(&mut self, piece: Piece<'_>) -> bool {
        // Where an operand must follow, `end` is a name.
        let end = piece.is("END") && self.last == Last::Operand;
        if piece.is("CASE") {
            self.cases += 1;
        } else if end && self.cases > 0 {
            self.cases -= 1;
            return false;
        }
        end
    }

    fn declare(&mut self, piece: Piece<'_>, words: u8) {
        let next = match words {
            1 => piece.is_any(&["CONTINUE", "EXIT", "UNDO"]),
            2 => piece.is("HANDLER"),
            _ => piece.is("FOR"),
        };
        self.at = match words {
            _ if !next => At::Simple,
            1 | 2 => At::Declare(words + 1),
            _ => At::Handler(Handler::Before),
        };
    }

    fn handler(&mut self, piece: Piece<'_>, place: Handler) {
        self.at = At::Handler(match place {
            Handler::Before if piece.is("NOT") => Handler::Before,
            Handler::Before if piece.is("SQLSTATE") => Handler::State,
            Handler::State if piece.is("VALUE") => Handler::State,
            Handler::Before | Handler::State => Handler::After,
            Handler::After if piece.text == "," => Handler::Before,
            Handler::After => return self.start(piece),
        });
    }
}

/// Returns true for a keyword behind which an operand follows.
fn is_operator(word: &str) -> bool {
    const WORDS: [&str; 19] = [
        "AND", "BETWEEN", "BINARY", "CASE", "DIV", "ELSE", "ELSEIF", "ESCAPE", "IN", "INTERVAL", "IS",
        "LIKE", "MOD", "NOT", "OR", "REGEXP", "RLIKE", "THEN", "WHEN",
    ];
    word.len() <= 8
        && (WORDS.iter().chain(&["UNTIL", "XOR"])).any(|operator| operator.eq_ignore_ascii_case(word))
}
