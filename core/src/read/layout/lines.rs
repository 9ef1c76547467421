//! Cuts files that hold both directions, for the layouts that have such files.

use std::ops::Range;

use super::section::{Section, Sections};
use crate::sql::{Fault, Syntax, parse, visit};

/// A line of a file and its place.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    /// Counted from zero.
    pub(super) number: usize,
    pub(super) start: usize,
}

pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    text.split('\n').enumerate().map(move |(number, text)| {
        let line = Line { text, number, start };
        start += text.len() + 1;
        line
    })
}

impl Line<'_> {
    /// Returns the place of its text, without the space around it.
    pub(super) fn span(self) -> Range<usize> {
        let start = self.start + self.text.len() - self.text.trim_start().len();
        start..start.max(self.start + self.text.trim_end().len())
    }

    pub(super) fn fault(self, message: impl Into<String>, help: impl Into<String>) -> Fault {
        Fault::new(message, self.span(), help)
    }

    /// Returns true if it holds more than a comment of its own.
    pub(super) fn is_live(self) -> bool {
        let text = self.text.trim();
        !text.is_empty() && !text.starts_with("--") && !text.starts_with('#')
    }

    fn is_comment(self) -> bool {
        ["--", "/*", "#"].iter().any(|opening| self.text.trim_start().starts_with(opening))
    }

    /// Returns true for a comment in a comment: an annotation that is commented out is none. Tern's begin with four dashes.
    pub(super) fn is_commented_out(self, tool: &str) -> bool {
        let text = self.text.trim_start();
        let Some(inner) = ["--", "/*", "#"].iter().find_map(|opening| text.strip_prefix(opening)) else {
            return false;
        };
        let spaced = inner.starts_with(char::is_whitespace);
        (spaced || !tool.is_empty())
            && ["--", "#"].iter().any(|opening| inner.trim_start().starts_with(opening))
    }

    /// Returns the name that stands after the tool's in a comment of nothing else, in any case and punctuation. This
    /// tells an annotation with a slip from prose.
    pub(super) fn spells<'n>(self, tool: &str, names: &[&'n str]) -> Option<&'n str> {
        let letters = |text: &str| -> String {
            let kept = text.chars().filter(char::is_ascii_alphanumeric);
            kept.map(|letter| letter.to_ascii_lowercase()).collect()
        };
        let said = self.is_comment().then(|| letters(self.text))?;
        if self.is_commented_out(tool) {
            return None;
        }
        let rest = said.strip_prefix(tool)?;
        names.iter().copied().find(|name| letters(name) == rest)
    }
}

/// Returns each piece of a text from `open` to `close`, or to the end of its line. Reads no character twice, because a
/// line may hold thousands.
pub(super) fn bracketed(text: &str, open: &str, close: &str) -> Vec<Range<usize>> {
    let (mut found, mut from) = (Vec::new(), 0);
    while let Some(start) = text[from..].find(open).map(|at| from + at) {
        let rest = &text.as_bytes()[start..];
        let is_end = |at: &usize| rest[*at] == b'\n' || rest[*at..].starts_with(close.as_bytes());
        let end = (open.len()..rest.len()).find(is_end).unwrap_or(rest.len());
        let closed = rest[end..].starts_with(close.as_bytes());
        let piece = &text[start..start + end + if closed { close.len() } else { 0 }];
        visit(start - from + piece.len());
        found.push(start..start + piece.trim_end().len());
        from = start + piece.len();
    }
    found
}

/// An annotation that is commented out and that its tool obeys all the same. It is a comment, as long as that makes no
/// difference: the tool has put the statements after it into another direction.
#[derive(Default)]
pub(super) struct Doubt {
    open: Option<Range<usize>>,
}

impl Doubt {
    pub(super) fn raise(&mut self, line: Line<'_>) {
        self.open = Some(line.span());
    }

    pub(super) fn settle(&mut self) {
        self.open = None;
    }

    /// Returns the fault of a statement that stands behind it.
    pub(super) fn meets(&mut self, line: Line<'_>, tool: &str) -> Option<Fault> {
        let span = self.open.take_if(|_| line.is_live())?;
        let message = format!("{tool} obeys this line although it is commented out");
        Some(Fault::new(message, span, "remove the line, or take it out of the comment"))
    }
}

/// A section under construction.
#[derive(Default)]
pub(super) struct Cut {
    text: String,
    newlines: usize,
    open: bool,
}

impl Cut {
    /// Adds a line at its own number.
    pub(super) fn push(&mut self, line: Line<'_>) {
        self.advance(line.number);
        self.text.push_str(line.text);
        let text = line.text.trim();
        if !text.is_empty() && !text.starts_with("--") {
            self.open = !ends_with_semicolon(text);
        }
    }

    /// Adds an annotation that ends a statement. Tools that send statements one by one need no semicolon before it; in a
    /// script, the next statement would join this one.
    pub(super) fn close(&mut self, line: Line<'_>) {
        self.advance(line.number);
        if std::mem::take(&mut self.open) {
            self.text.push_str("; ");
        }
        self.text.push_str(line.text);
    }

    fn advance(&mut self, newlines: usize) {
        self.text.extend(std::iter::repeat_n('\n', newlines - self.newlines));
        self.newlines = newlines;
    }

    pub(super) fn finish(self) -> String {
        let mut text = self.text;
        text.truncate(text.trim_end_matches('\n').len());
        if !text.is_empty() {
            text.push('\n');
        }
        text
    }
}

/// Returns true if the last word before a comment ends in a semicolon. A wrong `false` costs an empty statement.
fn ends_with_semicolon(line: &str) -> bool {
    let comment = |word: &&str| word.starts_with("--") || word.starts_with('#');
    line.split_whitespace().take_while(|word| !comment(word)).last().is_none_or(|word| word.ends_with(';'))
}

/// Both directions of a file while it is being read.
#[derive(Default)]
pub(super) struct Halves {
    pub(super) place: Place,
    pub(super) up: Cut,
    pub(super) down: Option<Cut>,
    pub(super) faults: Vec<Fault>,
    up_begins: Option<usize>,
    begins: Option<usize>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Place {
    #[default]
    Before,
    Up,
    Down,
}

impl Halves {
    /// Enters the direction that this annotation opens.
    pub(super) fn enter(&mut self, place: Place, line: Line<'_>) {
        self.place = place;
        self.begins.get_or_insert(line.start);
        if place == Place::Up {
            self.up_begins.get_or_insert(line.start);
        }
        self.current().close(line);
    }

    /// Returns the section of the next line. Lines before the first annotation belong to the up section, so that the
    /// directives of a header count.
    pub(super) fn current(&mut self) -> &mut Cut {
        match self.place {
            Place::Before | Place::Up => &mut self.up,
            Place::Down => self.down.get_or_insert_default(),
        }
    }

    /// Returns both sections, or all faults. `up` is the annotation that every file must have.
    pub(super) fn finish(mut self, text: &str, up: &str) -> Result<(Cut, Option<Cut>), Vec<Fault>> {
        let head = self.begins.unwrap_or_default();
        if self.up_begins.is_none() && self.faults.is_empty() {
            let end = text.find('\n').unwrap_or(text.len());
            let help = format!("add the line `{up}` above the statements of the up migration");
            self.faults.push(Fault::new(format!("the file has no `{up}`"), 0..end, help));
        }
        // A statement in front of it is reported once the rest is fixed.
        if self.faults.is_empty() {
            self.faults.extend(statement_in(&text[..head], up));
        }
        if self.faults.is_empty() { Ok((self.up, self.down)) } else { Err(self.faults) }
    }
}

/// Returns the fault of a statement in front of all annotations, where the direction is unknown.
fn statement_in(head: &str, up: &str) -> Option<Fault> {
    let mut script = parse(head, Syntax::Shared);
    let span = script.statements.first().map(|statement| statement.span());
    let fault = span.map(|span| {
        let end = head[span.clone()].find('\n').map_or(span.end, |length| span.start + length);
        let message = format!("a statement before `{up}`");
        Fault::new(message, span.start..end, format!("move it below the line `{up}`"))
    });
    fault.or_else(|| script.faults.drain(..).next())
}

/// Finishes both sections, each with its own transaction setting.
pub(super) fn sections(cuts: (Cut, Option<Cut>), no_transaction: [bool; 2]) -> Sections {
    let section = |cut: Cut, no_transaction| Section { text: cut.finish(), no_transaction };
    let [up, down] = no_transaction;
    Sections { up: section(cuts.0, up), down: cuts.1.map(|cut| section(cut, down)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_spells_what_it_is_meant_to_say() {
        for (text, spells) in [
            ("-- +goose Down", true),
            ("  --+ Goose: down;", true),
            ("/* +goose down */", true),
            ("-- goose down below", false),
            ("goose down", false),
            ("-- -- +goose Down", false),
            ("---- +goose Down", false),
            ("# -- +goose Down", false),
            ("-- # -- +goose Down", false),
            ("/* -- +goose Down */", false),
            ("--- +goose Down", true),
        ] {
            let line = Line { text, number: 0, start: 0 };
            assert_eq!(line.spells("goose", &["Down"]).is_some(), spells, "{text}");
        }
    }

    #[test]
    fn statements_end_with_their_line() {
        for (line, ends) in [
            ("END;", true),
            ("END ; -- why", true),
            ("END -- why;", false),
            ("-- why", true),
            ("a # why;", false),
            ("';' --", false),
        ] {
            assert_eq!(ends_with_semicolon(line), ends, "{line}");
        }
    }

    #[test]
    fn a_cut_keeps_its_place() {
        let mut cut = Cut::default();
        for line in lines("a\nb\n\n\n\n").filter(|line| line.number != 0) {
            cut.push(line);
        }
        assert_eq!(cut.finish(), "\nb\n");
        assert_eq!(Cut::default().finish(), "");
    }
}
