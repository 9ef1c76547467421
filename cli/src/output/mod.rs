//! Writes what commands have to say: aligned tables for people, JSON for programs.

pub(crate) mod json;
mod table;
pub(crate) mod time;

use std::io::{self, IsTerminal, Write};

use anstream::AutoStream;
use serde::Serialize;

pub(crate) use self::table::{Cell, Colour};

/// Writes a line to the standard error. A full disk or a closed pipe there must not break off a migration.
pub(crate) fn complain(text: impl std::fmt::Display) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// A number of things: `1 file`, `2 files`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The standard output. Colours are left out where it is no terminal, or `NO_COLOR` is set.
pub(crate) struct Output {
    stream: AutoStream<io::Stdout>,
}

impl Output {
    pub(crate) fn new() -> Output {
        Output { stream: anstream::stdout() }
    }

    /// Writes a line of text.
    pub(crate) fn line(&mut self, text: impl std::fmt::Display) -> io::Result<()> {
        writeln!(self.stream, "{text}")
    }

    /// Writes rows under a head, in columns as wide as their widest cell.
    pub(crate) fn table<const N: usize>(
        &mut self,
        head: [&str; N],
        rows: impl IntoIterator<Item = [String; N]>,
    ) -> io::Result<()> {
        let rows: Vec<_> = rows.into_iter().map(|row| row.map(Cell::from)).collect();
        table::write(&mut self.stream, head, &rows, None)
    }

    /// Writes rows under a head, on a terminal no wider than it: then the texts of one column are cut.
    pub(crate) fn fitted_table<const N: usize>(
        &mut self,
        head: [&str; N],
        rows: &[[Cell; N]],
        cut: usize,
    ) -> io::Result<()> {
        let width = io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
        let width = width.map(|(width, _)| usize::from(width.0));
        table::write(&mut self.stream, head, rows, width.map(|width| (cut, width)))
    }

    /// Writes a JSON document over several lines.
    pub(crate) fn json(&mut self, document: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string_pretty(document)?;
        writeln!(self.stream, "{text}")
    }

    /// Writes a JSON document in a line of its own, at once.
    pub(crate) fn json_line(&mut self, document: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string(document)?;
        writeln!(self.stream, "{text}")?;
        self.stream.flush()
    }
}
