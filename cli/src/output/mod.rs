//! Writes what commands have to say: aligned tables for people, JSON for programs.

pub(crate) mod json;

use std::io::{self, Write};

use anstream::AutoStream;
use comfy_table::Table;
use serde::Serialize;

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
        let mut table = Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_header(head);
        table.add_rows(rows);
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        table.lines().try_for_each(|line| writeln!(self.stream, "{}", line.trim_end()))
    }

    /// Writes a JSON document over several lines.
    pub(crate) fn json(&mut self, document: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string_pretty(document)?;
        writeln!(self.stream, "{text}")
    }
}
