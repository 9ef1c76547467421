//! Aligns columns, by the width that characters have on a terminal.

use std::io::{self, Write};

use clap::builder::styling::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

const GAP: &str = "  ";

/// No column is cut shorter than this, however narrow the terminal is.
const SHORTEST: usize = 12;

/// What a cell's colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    Good,
    Open,
    Bad,
    Faint,
}

impl Colour {
    fn style(self) -> Style {
        match self {
            Colour::Good => AnsiColor::Green.on_default(),
            Colour::Open => AnsiColor::Yellow.on_default(),
            Colour::Bad => AnsiColor::Red.on_default().bold(),
            Colour::Faint => Style::new().dimmed(),
        }
    }
}

/// A text in a table.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    colour: Option<Colour>,
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell { text, colour: None }
    }
}

impl Cell {
    pub(crate) fn coloured(text: impl Into<String>, colour: Colour) -> Cell {
        Cell { text: text.into(), colour: Some(colour) }
    }
}

/// Writes a table; one column is cut if the whole is wider than it may be. A column without texts is left out.
pub(super) fn write<const N: usize>(
    stream: &mut impl Write,
    head: [&str; N],
    rows: &[[Cell; N]],
    cut: Option<(usize, usize)>,
) -> io::Result<()> {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.text.width());
        }
    }
    for (width, title) in widths.iter_mut().zip(head) {
        *width = if *width == 0 { 0 } else { (*width).max(title.width()) };
    }
    if let Some((column, limit)) = cut {
        let shown = widths.iter().filter(|width| **width > 0);
        let whole: usize = shown.clone().sum::<usize>() + GAP.len() * shown.count().saturating_sub(1);
        let shortest = SHORTEST.min(widths[column]);
        widths[column] = widths[column].saturating_sub(whole.saturating_sub(limit)).max(shortest);
    }
    let title = |text: &str| Cell { text: text.to_owned(), colour: Some(Colour::Faint) };
    line(stream, &head.map(title), &widths)?;
    rows.iter().try_for_each(|row| line(stream, row, &widths))
}

fn line<const N: usize>(stream: &mut impl Write, cells: &[Cell; N], widths: &[usize; N]) -> io::Result<()> {
    let mut line = String::new();
    let mut open = 0;
    for (Cell { text, colour }, &width) in cells.iter().zip(widths).filter(|(_, width)| **width > 0) {
        let text = shortened(text, width);
        if text.is_empty() {
            open += width + GAP.len();
            continue;
        }
        line.extend(std::iter::repeat_n(' ', open));
        open = width.saturating_sub(text.width()) + GAP.len();
        let style = colour.map(Colour::style).unwrap_or_default();
        line += &format!("{style}{text}{style:#}");
    }
    writeln!(stream, "{line}")
}

/// The text, cut at the end with a mark if it is wider.
fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    for character in text.chars() {
        if short.width() + character.width().unwrap_or(0) + 1 > width {
            break;
        }
        short.push(character);
    }
    short + "…"
}

#[cfg(test)]
mod tests {
    use super::{Cell, write};

    fn table(rows: &[[&str; 3]], cut: Option<(usize, usize)>) -> String {
        let rows: Vec<_> = rows.iter().map(|row| row.map(|text| Cell::from(text.to_owned()))).collect();
        let mut stream = anstream::StripStream::new(Vec::new());
        write(&mut stream, ["version", "name", "state"], &rows, cut).expect("memory takes it");
        String::from_utf8(stream.into_inner()).expect("it is text")
    }

    #[test]
    fn a_column_is_cut_to_the_width_of_the_terminal() {
        let rows = [["1", "a_name_that_is_rather_long", "applied"], ["2", "名前名前名前名前名前名前", ""]];
        let expected = "version  name               state\n\
                        1        a_name_that_is_r…  applied\n\
                        2        名前名前名前名前…\n";
        assert_eq!(table(&rows, Some((1, 35))), expected);
        assert!(table(&rows, Some((1, 200))).contains("a_name_that_is_rather_long  applied"));
        assert!(table(&rows, Some((1, 3))).contains("a_name_that…"), "some of it is always shown");
    }

    #[test]
    fn a_column_without_texts_is_left_out() {
        assert_eq!(table(&[["1", "", "applied"]], None), "version  state\n1        applied\n");
    }
}
