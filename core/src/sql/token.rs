//! Splits SQL into tokens.
//!
//! The lexer decides only where a token ends, never what SQL means: each mistake either hides a `COMMIT` or invents one.
//!
//! Sources: PostgreSQL 15 `src/backend/parser/scan.l`, SQLite `src/tokenize.c`, MySQL 8.4 manual 11.1
//! "Literal Values" and 11.7 "Comments".

use std::ops::Range;

use super::fault::Fault;
use super::syntax::Syntax;
use super::visit::visit;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A keyword or an unquoted identifier.
    Word,
    /// A quoted identifier.
    Identifier,
    /// A string in any quotes.
    Text,
    Number,
    Semicolon,
    Open,
    Close,
    /// A `\` outside of quotes. No database has it; `psql` and `mysql` take it for a command.
    Backslash,
    Comment,
    /// The beginning or the end of a conditional comment, whose content is SQL.
    Mark,
    /// The delimiter that the script has chosen with `DELIMITER`.
    Delimiter,
    /// A marker that git leaves at a merge conflict.
    Conflict,
    /// Anything else, a byte at a time.
    Symbol,
}

/// The length of a marker of a conflict.
const MARKER: usize = 7;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Token {
    pub(crate) fn span(&self) -> Range<usize> {
        self.start..self.end
    }

    pub(crate) fn text<'a>(&self, sql: &'a str) -> &'a str {
        &sql[self.span()]
    }
}

pub(crate) struct Lexer<'a> {
    pub(super) sql: &'a str,
    pub(super) bytes: &'a [u8],
    syntax: Syntax,
    pub(super) at: usize,
    pub(super) delimiter: Option<&'a str>,
    /// The place of the conditional comment that is open.
    pub(super) conditional: Option<usize>,
}

/// The kind and the end of a token, or its fault.
pub(super) type End = Result<(TokenKind, usize), Fault>;

impl<'a> Lexer<'a> {
    pub(crate) fn new(sql: &'a str, syntax: Syntax) -> Lexer<'a> {
        Lexer { sql, bytes: sql.as_bytes(), syntax, at: 0, delimiter: None, conditional: None }
    }

    /// Skips everything up to the next line that is exactly `line`, with that line.
    pub(crate) fn skip_past_line(&mut self, line: &str) {
        for text in self.sql[self.at..].split_inclusive('\n') {
            self.at += text.len();
            if text.trim_end() == line {
                return;
            }
        }
    }

    /// Skips the rest of the line.
    pub(crate) fn skip_line(&mut self) {
        self.at = self.line_end(self.at);
    }

    pub(super) fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn token_end(&self, start: usize, byte: u8) -> End {
        let mysql = self.syntax == Syntax::Mysql;
        let one = |kind| Ok((kind, start + 1));
        match byte {
            b'-' if self.line_comment(start) => Ok((TokenKind::Comment, self.line_end(start))),
            b'#' if mysql => Ok((TokenKind::Comment, self.line_end(start))),
            b'/' if mysql && self.opens_conditional(start) => self.conditional_comment(start),
            b'/' if self.byte(start + 1) == Some(b'*') => self.block_comment(start),
            b'*' if self.closes_conditional(start) => Ok((TokenKind::Mark, start + 2)),
            b'\'' => self.quoted(start, start, TokenKind::Text, mysql),
            b'"' if mysql => self.quoted(start, start, TokenKind::Text, true),
            b'"' => self.quoted(start, start, TokenKind::Identifier, false),
            b'[' if self.syntax == Syntax::Sqlite => self.bracketed(start),
            b'`' => self.backquoted(start),
            b'$' if self.syntax.is_postgres() => self.dollar_quote(start),
            b';' => one(TokenKind::Semicolon),
            b'(' => one(TokenKind::Open),
            b')' => one(TokenKind::Close),
            b'\\' => one(TokenKind::Backslash),
            b'$' | b'@' | b':' | b'#' if self.syntax == Syntax::Sqlite => Ok(self.variable(start)),
            b'0'..=b'9' if mysql => Ok(self.number_or_name(start)),
            b'0'..=b'9' => Ok((TokenKind::Number, self.number_end(start))),
            b'$' if mysql => self.word(start),
            b'<' | b'=' | b'>' | b'|' if self.marks_conflict(start) => {
                Ok((TokenKind::Conflict, start + MARKER))
            }
            _ if self.sql[start..].starts_with('\u{feff}') => Err(Fault::new(
                "a byte order mark inside of the text",
                start..start + 3,
                "remove it: it comes from joining files, and databases read it differently",
            )),
            _ if starts_word(byte) => self.word(start),
            _ => one(TokenKind::Symbol),
        }
    }

    /// Reads `[it's]` of SQLite, which has no escape for `]`.
    fn bracketed(&self, start: usize) -> End {
        match self.sql[start..].find(']') {
            Some(length) => Ok((TokenKind::Identifier, start + length + 1)),
            None => Err(Fault::unterminated("quoted identifier", "]".to_owned(), start..start + 1)),
        }
    }

    /// Reads a backquote. To Postgres it is an operator's character.
    fn backquoted(&self, start: usize) -> End {
        match self.syntax {
            Syntax::Postgres => Ok((TokenKind::Symbol, start + 1)),
            Syntax::Shared => {
                self.quoted(start, start, TokenKind::Identifier, false).or(Ok((TokenKind::Symbol, start + 1)))
            }
            Syntax::Sqlite | Syntax::Mysql => self.quoted(start, start, TokenKind::Identifier, false),
        }
    }

    /// Reads digits, a fraction and an exponent. The next character begins a token of its own, though some servers
    /// refuse that: to PostgreSQL 14 `1a$$` is a number and a name, and a name's `$$` opens no quote.
    pub(super) fn number_end(&self, start: usize) -> usize {
        let digits = |at: usize| self.end_of(at, |byte| byte.is_ascii_digit());
        let mut end = digits(start);
        if self.byte(end) == Some(b'.') && self.byte(end + 1) != Some(b'.') {
            end = digits(end + 1);
        }
        if matches!(self.byte(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.byte(end + 1), Some(b'+' | b'-')));
            let exponent = digits(end + 1 + sign);
            end = if exponent > end + 1 + sign { exponent } else { end };
        }
        end
    }

    /// Reads `$a`, `@a`, `:a`, `#a` of SQLite, with `::` and one `(...)` in which quotes are no quotes.
    fn variable(&self, start: usize) -> (TokenKind, usize) {
        let mut end = start + 1;
        loop {
            let named = self.end_of(end, is_word);
            if named > start + 1 && self.byte(named) == Some(b'(') {
                let inside = self.end_of(named + 1, |byte| byte != b')' && !byte.is_ascii_whitespace());
                return (TokenKind::Symbol, inside + usize::from(self.byte(inside) == Some(b')')));
            }
            if !self.bytes[named..].starts_with(b"::") {
                return (TokenKind::Symbol, named);
            }
            end = named + 2;
        }
    }

    /// Returns true for seven equal characters at the beginning of a line with nothing joined to them.
    fn marks_conflict(&self, start: usize) -> bool {
        let byte = self.bytes[start];
        let end = self.end_of(start, |next| next == byte);
        let alone = match self.byte(end) {
            None | Some(b'\n' | b'\r') => true,
            Some(b' ') => byte != b'=',
            Some(_) => false,
        };
        end == start + MARKER && alone && (start == 0 || self.bytes[start - 1] == b'\n')
    }

    pub(super) fn end_of(&self, start: usize, part: impl Fn(u8) -> bool) -> usize {
        // A plain loop: the macro's crate is mostly built without optimisation.
        let mut end = start;
        while end < self.bytes.len() && part(self.bytes[end]) {
            end += 1;
        }
        visit(end - start);
        end
    }

    fn word(&self, start: usize) -> End {
        let end = self.word_end(start);
        let escape = end == start + 1 && matches!(self.bytes[start], b'e' | b'E');
        if escape && self.byte(end) == Some(b'\'') && self.syntax.is_postgres() {
            return self.escape_string(start, end);
        }
        Ok((TokenKind::Word, end))
    }

    /// Reads `E'..'` and the strings that Postgres joins to it: a further `'..'` after white space with a newline keeps
    /// the escapes.
    fn escape_string(&self, start: usize, quote: usize) -> End {
        let (kind, mut end) = self.quoted(start, quote, TokenKind::Text, true)?;
        while let Some(next) = self.continuation(end) {
            (_, end) = self.quoted(start, next, TokenKind::Text, true)?;
        }
        Ok((kind, end))
    }

    fn continuation(&self, mut at: usize) -> Option<usize> {
        let mut newline = false;
        loop {
            match self.byte(at)? {
                b'\n' | b'\r' => newline = true,
                b' ' | b'\t' | 0x0b | 0x0c => {}
                b'-' if self.line_comment(at) => {
                    at = self.line_end(at);
                    continue;
                }
                b'\'' if newline => return Some(at),
                _ => return None,
            }
            at += 1;
        }
    }

    /// Reads from the opening quote at `quote` to its twin; a doubled quote is content.
    fn quoted(&self, start: usize, quote: usize, kind: TokenKind, backslash: bool) -> End {
        let mark = self.bytes[quote];
        let mut at = quote + 1;
        while at < self.bytes.len() {
            let byte = self.bytes[at];
            at += if byte == mark {
                if self.byte(at + 1) != Some(mark) {
                    visit(at - quote);
                    return Ok((kind, at + 1));
                }
                2
            } else if byte == b'\\' && backslash {
                2
            } else {
                1
            };
        }
        visit(at - quote);
        let noun = if kind == TokenKind::Text { "string" } else { "quoted identifier" };
        Err(Fault::unterminated(noun, char::from(mark).to_string(), start..quote + 1))
    }

    /// Reads `$$..$$` and `$tag$..$tag$`; a `$1` or a lone `$` is a symbol.
    fn dollar_quote(&self, start: usize) -> End {
        let tag_start = start + 1;
        let tag_end = match self.byte(tag_start) {
            Some(byte) if starts_word(byte) => self.end_of(tag_start, |b| is_word(b) && b != b'$'),
            _ => tag_start,
        };
        if self.byte(tag_end) != Some(b'$') {
            return Ok((TokenKind::Symbol, start + 1));
        }
        let tag = &self.sql[start..=tag_end];
        match self.sql[tag_end + 1..].find(tag) {
            Some(length) => Ok((TokenKind::Text, tag_end + 1 + length + tag.len())),
            None => Err(Fault::unterminated("dollar-quoted string", tag.to_owned(), start..tag_end + 1)),
        }
    }

    /// Returns true if a line comment begins here. MySQL wants white space after `--`; `1--1` is an expression there.
    fn line_comment(&self, at: usize) -> bool {
        self.bytes[at..].starts_with(b"--")
            && (self.syntax != Syntax::Mysql || self.byte(at + 2).is_none_or(|byte| byte <= b' '))
    }

    /// Returns the end of a line comment. For Postgres a lone CR ends it too, and statements may follow.
    fn line_end(&self, start: usize) -> usize {
        let cr = self.syntax.is_postgres();
        self.end_of(start, |byte| byte != b'\n' && !(byte == b'\r' && cr))
    }

    /// Reads a block comment. Postgres nests them, MySQL and SQLite do not.
    fn block_comment(&self, start: usize) -> End {
        let mut depth = 1;
        let mut at = start + 2;
        while let Some(byte) = self.byte(at) {
            match (byte, self.byte(at + 1)) {
                (b'*', Some(b'/')) => {
                    at += 2;
                    depth -= 1;
                    if depth == 0 {
                        return Ok((TokenKind::Comment, at));
                    }
                }
                (b'/', Some(b'*')) if self.syntax.is_postgres() => {
                    at += 2;
                    depth += 1;
                }
                _ => at += 1,
            }
        }
        Err(Fault::unterminated("block comment", "*/".to_owned(), start..start + 2))
    }
}

impl Iterator for Lexer<'_> {
    type Item = Result<Token, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.end_of(self.at, |byte| byte.is_ascii_whitespace() || byte == 0x0b);
        let Some(byte) = self.byte(start) else { return self.unclosed().map(Err) };
        let end = match self.delimiter {
            Some(delimiter) if self.sql[start..].starts_with(delimiter) => {
                Ok((TokenKind::Delimiter, start + delimiter.len()))
            }
            _ => self.token_end(start, byte),
        };
        Some(match end.and_then(|end| self.followed(start, end)) {
            Ok((kind, end)) => {
                self.at = end;
                Ok(Token { kind, start, end })
            }
            Err(fault) => {
                // The place where the quote should end is unknown, so the rest is not read.
                self.at = self.bytes.len();
                Err(fault)
            }
        })
    }
}

fn starts_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

pub(super) fn is_word(byte: u8) -> bool {
    starts_word(byte) || byte.is_ascii_digit() || byte == b'$'
}
