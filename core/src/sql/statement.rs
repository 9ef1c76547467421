//! Holds a statement and its tokens.

use std::mem;
use std::ops::Range;

use super::fault::Fault;
use super::token::{Token, TokenKind};

/// The words that nest what comes before them into what comes after them.
const CHAINS: [&str; 4] = ["UNION", "INTERSECT", "EXCEPT", "JOIN"];

/// A statement of a script, without its semicolon.
#[derive(Clone, Debug)]
pub struct Statement<'a> {
    sql: &'a str,
    tokens: Vec<Token>,
    /// From its first token to its last, or from the conditional comment around them.
    span: Range<usize>,
}

impl<'a> Statement<'a> {
    pub(crate) fn new(sql: &'a str, tokens: Vec<Token>, span: Range<usize>) -> Statement<'a> {
        Statement { sql, tokens, span }
    }

    /// Returns the text, from the first token to the last, with a conditional comment of MySQL around it.
    pub fn text(&self) -> &'a str {
        &self.sql[self.span.clone()]
    }

    /// Returns its place in the script, in bytes.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Returns a bound of the depth that a parser's tree of it has. Elements of a list lie beside each other.
    #[doc(hidden)]
    pub fn __depth(&self) -> usize {
        let (mut open, mut sum, mut chained, mut deepest) = (vec![0], 0, 0, 0);
        for token in &self.tokens {
            let text = token.text(self.sql);
            match token.kind {
                TokenKind::Open => open.push(0),
                TokenKind::Symbol if text == "[" => open.push(0),
                TokenKind::Close if open.len() > 1 => sum -= open.pop().unwrap_or_default(),
                TokenKind::Symbol if text == "]" && open.len() > 1 => sum -= open.pop().unwrap_or_default(),
                TokenKind::Semicolon => sum -= open.last_mut().map(mem::take).unwrap_or_default(),
                TokenKind::Symbol if text == "," => {
                    sum -= open.last_mut().map(mem::take).unwrap_or_default();
                }
                // They join what commas part.
                TokenKind::Word if CHAINS.iter().any(|word| text.eq_ignore_ascii_case(word)) => chained += 1,
                _ => {}
            }
            if let Some(last) = open.last_mut() {
                *last += 1;
            }
            sum += 1;
            deepest = deepest.max(sum + chained + 8 * open.len());
        }
        deepest
    }

    pub(crate) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Returns the word at this token; empty if the token is no word.
    pub(crate) fn word(&self, index: usize) -> &'a str {
        self.tokens.get(index).filter(|t| t.kind == TokenKind::Word).map_or("", |t| t.text(self.sql))
    }

    pub(crate) fn slice(&self, span: Range<usize>) -> &'a str {
        &self.sql[span]
    }

    /// Returns the text of this token; empty beyond the last.
    pub(crate) fn text_of(&self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| token.text(self.sql))
    }

    /// Returns true if this word comes first, in any case.
    pub(crate) fn first_is(&self, word: &str) -> bool {
        let first = self.word(0);
        first.len() == word.len() && first.eq_ignore_ascii_case(word)
    }

    /// Returns true if the statement begins with these words, in any case.
    pub(crate) fn begins(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(index, word)| self.word(index).eq_ignore_ascii_case(word))
    }

    /// Finds the first place of a word outside of parentheses.
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

    /// Makes a fault that spans the first `words` tokens.
    pub(crate) fn fault(&self, words: usize, message: String, help: &str) -> Fault {
        let end = self.tokens.get(words.saturating_sub(1)).or(self.tokens.last());
        let span = self.span();
        Fault::new(message, span.start..end.map_or(span.end, |token| token.end), help)
    }
}

/// Returns true if a `COPY` reads from the client or writes to it after this word: Postgres takes `STDIN` and `STDOUT`
/// in either direction.
pub(crate) fn copies_with_client(statement: &Statement<'_>, direction: &str) -> bool {
    let client =
        |at: usize| ["STDIN", "STDOUT"].iter().any(|word| statement.word(at + 1).eq_ignore_ascii_case(word));
    statement.first_is("COPY") && statement.find(direction).is_some_and(client)
}
