//! Aligned tables, for people to read.

use std::fmt;

/// Writes a head and lines in columns as wide as their widest cell. No line ends in spaces.
pub(crate) fn table<const N: usize>(
    f: &mut fmt::Formatter<'_>,
    head: [&str; N],
    lines: impl Iterator<Item = [String; N]>,
) -> fmt::Result {
    let lines: Vec<_> = std::iter::once(head.map(str::to_owned)).chain(lines).collect();
    let mut widths = [0; N];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for (number, line) in lines.iter().enumerate() {
        let padded = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        let text = padded.collect::<Vec<_>>().join("  ");
        write!(f, "{}{}", if number > 0 { "\n" } else { "" }, text.trim_end())?;
    }
    Ok(())
}

/// Returns who did something: the database user, and the application that the session names.
pub(crate) fn by(user: Option<&str>, application: Option<&str>) -> String {
    match (user, application.filter(|name| !name.is_empty())) {
        (Some(user), Some(application)) => format!("{user} ({application})"),
        (user, application) => user.or(application).unwrap_or_default().to_owned(),
    }
}
