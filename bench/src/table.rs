//! Markdown tables of records.

use std::fmt;

use crate::record::{Figure, Record};

/// Rows by peer, columns by what differs.
#[derive(Clone, Debug, Default)]
pub struct Table {
    corner: String,
    columns: Vec<String>,
    rows: Vec<(String, Vec<String>)>,
}

impl Table {
    /// An empty table.
    pub fn new(corner: &str) -> Table {
        Table { corner: corner.to_owned(), ..Table::default() }
    }

    /// Puts a cell where its row and column are, or behind the last.
    pub fn put(&mut self, row: &str, column: &str, cell: String) {
        let column = position(&mut self.columns, |name| name == column, || column.to_owned());
        let row = position(&mut self.rows, |(name, _)| name == row, || (row.to_owned(), Vec::new()));
        let cells = &mut self.rows[row].1;
        if cells.len() <= column {
            cells.resize(column + 1, String::new());
        }
        cells[column] = cell;
    }
}

fn position<T>(items: &mut Vec<T>, is: impl Fn(&T) -> bool, new: impl FnOnce() -> T) -> usize {
    items.iter().position(is).unwrap_or_else(|| {
        items.push(new());
        items.len() - 1
    })
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rows.is_empty() {
            return Ok(());
        }
        writeln!(f, "| {} | {} |", self.corner, self.columns.join(" | "))?;
        writeln!(f, "|---|{}", "---:|".repeat(self.columns.len()))?;
        for (name, cells) in &self.rows {
            let ours = if name.starts_with("gapless") { "**" } else { "" };
            write!(f, "| {ours}{name}{ours} |")?;
            for index in 0..self.columns.len() {
                let cell = cells.get(index).map_or("", String::as_str);
                write!(f, " {} |", if cell.is_empty() { "-" } else { cell })?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// A record's figure as a cell, and its ratio, if there is one of that name.
pub fn cell(record: &Record, figure: &str, ratio: Option<&str>) -> String {
    let shown = match record.figures.get(figure) {
        None => return String::new(),
        Some(Figure::Text(text)) => return text.clone(),
        Some(Figure::Number(value)) => number(*value),
    };
    match ratio.and_then(|ratio| record.value(ratio)) {
        Some(ratio) => format!("{shown} ({}x)", number(ratio)),
        None => shown,
    }
}

/// Three digits that count, and thousands apart.
pub fn number(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude.fract() != 0.0 && magnitude < 100.0 {
        let places = if magnitude < 1.0 {
            2
        } else if magnitude < 10.0 {
            1
        } else {
            0
        };
        return format!("{value:.places$}");
    }
    let digits = format!("{magnitude:.0}");
    let mut shown = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    if value < 0.0 { format!("-{shown}") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let numbers = [0.0, 0.123, 6.25, 91.4, 607.0, 1560.88, 1_560_880.0, -12.0];
        assert_eq!(
            numbers.map(number),
            ["0", "0.12", "6.2", "91", "607", "1,561", "1,560,880", "-12"].map(str::to_owned)
        );
    }

    #[test]
    fn a_table_has_a_cell_for_each_pair() {
        let mut table = Table::new("turns");
        table.put("gapless", "1 pending", "3".to_owned());
        table.put("sqlx", "100 pending", "515".to_owned());
        assert_eq!(
            table.to_string(),
            "| turns | 1 pending | 100 pending |\n|---|---:|---:|\n| **gapless** | 3 | - |\n| sqlx | - | 515 |\n"
        );
    }
}
