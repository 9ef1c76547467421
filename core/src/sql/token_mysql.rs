//! Splits what only MySQL and MariaDB know: conditional comments, delimiters of the client, names that begin with digits.
//!
//! Sources: MySQL 8.4 manual 11.2.1 "Identifier Length Limits" to 11.7 "Comments", the page "Comment Syntax" of MariaDB,
//! and what MariaDB 10.11 and its client do.

use super::fault::Fault;
use super::token::{End, Lexer, TokenKind, is_word};
use super::visit::visit;

impl<'a> Lexer<'a> {
    /// Takes this text for a delimiter from now on; the semicolon alone if it is one.
    pub(super) fn set_delimiter(&mut self, delimiter: &'a str) {
        self.delimiter = Some(delimiter).filter(|delimiter| *delimiter != ";");
    }

    /// Returns true inside of a conditional comment.
    pub(super) fn in_conditional(&self) -> bool {
        self.conditional.is_some()
    }

    /// Returns true for `/*!` and `/*M!`, whose content some servers run.
    pub(super) fn opens_conditional(&self, start: usize) -> bool {
        [&b"/*!"[..], b"/*M!"].iter().any(|mark| self.bytes[start..].starts_with(mark))
    }

    pub(super) fn closes_conditional(&self, start: usize) -> bool {
        self.conditional.is_some() && self.byte(start + 1) == Some(b'/')
    }

    /// Reads `/*!` and the version after it. The content is SQL: on some servers it runs.
    pub(super) fn conditional_comment(&self, start: usize) -> End {
        if self.conditional.is_some() {
            let help = "close the first with `*/` before it";
            return Err(Fault::new("a conditional comment inside of another", start..start + 3, help));
        }
        let mark = if self.bytes[start + 2] == b'!' { start + 3 } else { start + 4 };
        let digits = self.end_of(mark, |byte| byte.is_ascii_digit()) - mark;
        // With fewer digits they are part of the content.
        Ok((TokenKind::Mark, if digits < 5 { mark } else { mark + digits.min(6) }))
    }

    /// Returns the fault of a conditional comment that is open at the end of the script.
    pub(super) fn unclosed(&mut self) -> Option<Fault> {
        let start = self.conditional.take()?;
        Some(Fault::unterminated("conditional comment", "*/".to_owned(), start..start + 3))
    }

    /// Follows the conditional comments, and refuses a token that hides the end of one.
    pub(super) fn followed(&mut self, start: usize, (kind, end): (TokenKind, usize)) -> End {
        if kind == TokenKind::Mark {
            self.conditional = if self.conditional.is_some() { None } else { Some(start) };
        }
        let text = &self.sql[start..end];
        let quoted = matches!(kind, TokenKind::Text | TokenKind::Identifier | TokenKind::Comment);
        // A server that passes over the comment ends it there, whatever the quotes.
        if self.conditional.is_some() && quoted && !text.starts_with("/*") && text.contains("*/") {
            let help = "servers disagree where that comment ends: write the statement without it";
            let message = "`*/` in quotes or a comment inside of a conditional comment";
            return Err(Fault::new(message, start..end, help));
        }
        Ok((kind, end))
    }

    /// Returns the end of a word. The client looks for its delimiter inside of words too: `END$$`.
    pub(super) fn word_end(&self, start: usize) -> usize {
        let delimiter = self.delimiter.map(str::as_bytes);
        let ends = |at: usize| delimiter.is_some_and(|text| at > start && self.bytes[at..].starts_with(text));
        let mut whole = start;
        while self.byte(whole).is_some_and(is_word) && !ends(whole) {
            whole += 1;
        }
        visit(whole - start);
        // A byte order mark is white space to SQLite, also after a word.
        self.sql[start..whole].find('\u{feff}').map_or(whole, |length| start + length)
    }

    /// Reads a number, or a name that begins with digits.
    pub(super) fn number_or_name(&self, start: usize) -> (TokenKind, usize) {
        let (number, word) = (self.number_end(start), self.word_end(start));
        if word > number { (TokenKind::Word, word) } else { (TokenKind::Number, number) }
    }
}
