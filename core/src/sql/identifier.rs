//! Reads the names of objects in a statement.

use std::borrow::Cow;

use super::statement::Statement;
use super::token::TokenKind;

/// A name, which may be qualified.
pub(crate) struct Name<'a> {
    /// Its parts with their quotes and a dot between them.
    pub(crate) text: Cow<'a, str>,
    /// The token after it.
    pub(crate) next: usize,
}

impl<'a> Statement<'a> {
    pub(crate) fn word_is(&self, index: usize, word: &str) -> bool {
        self.word(index).eq_ignore_ascii_case(word)
    }

    /// Returns the name that begins at this token.
    pub(crate) fn name(&self, index: usize) -> Option<Name<'a>> {
        let Name { mut text, mut next } = self.part(index)?;
        while self.text_of(next) == "." {
            let part = self.part(next + 1)?;
            text = Cow::Owned(format!("{text}.{}", part.text));
            next = part.next;
        }
        Some(Name { text, next })
    }

    fn part(&self, index: usize) -> Option<Name<'a>> {
        let token = self.tokens().get(index)?;
        match token.kind {
            TokenKind::Word if self.is_escaped(index) => self.unescaped(index),
            TokenKind::Word | TokenKind::Identifier => {
                Some(Name { text: Cow::Borrowed(self.slice(token.span())), next: index + 1 })
            }
            _ => None,
        }
    }

    /// Returns true for `U&"..."` of Postgres, whose three tokens touch.
    fn is_escaped(&self, index: usize) -> bool {
        let Some([u, and, quoted]) = self.tokens().get(index..index + 3) else { return false };
        self.word_is(index, "U")
            && self.text_of(index + 1) == "&"
            && quoted.kind == TokenKind::Identifier
            && (u.end, and.end) == (and.start, quoted.start)
    }

    fn unescaped(&self, index: usize) -> Option<Name<'a>> {
        let quoted = self.text_of(index + 2);
        let chosen = self.word_is(index + 3, "UESCAPE");
        let mark = if chosen { self.text_of(index + 4).trim_matches('\'').chars().next()? } else { '\\' };
        let text = unescape(quoted.get(1..quoted.len().checked_sub(1)?)?, mark)?;
        Some(Name { text: format!("\"{text}\"").into(), next: index + if chosen { 5 } else { 3 } })
    }
}

impl Name<'_> {
    /// Returns the name as the server looks it up: without its quotes, and in lower case if it had none. Expects an
    /// unqualified name.
    pub(crate) fn folded(&self) -> String {
        match self.text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(text) => text.replace("\"\"", "\""),
            None => self.text.to_lowercase(),
        }
    }
}

/// Replaces `\XXXX` and `\+XXXXXX`, which may be halves of a surrogate pair; returns `None` for digits that the server refuses.
fn unescape(text: &str, mark: char) -> Option<String> {
    let mut units = Vec::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        let rest = chars.as_str();
        let code = if char != mark {
            u32::from(char)
        } else if rest.starts_with(mark) {
            chars.next();
            u32::from(mark)
        } else {
            let digits = if rest.starts_with('+') { 1..7 } else { 0..4 };
            chars = rest.get(digits.end..)?.chars();
            let digits = &rest[digits];
            u32::from_str_radix(digits, 16).ok().filter(|code| *code != 0 && !digits.starts_with('+'))?
        };
        match u16::try_from(code) {
            Ok(unit) => units.push(unit),
            Err(_) => units.extend(char::from_u32(code)?.encode_utf16(&mut [0; 2]).iter()),
        }
    }
    String::from_utf16(&units).ok()
}
