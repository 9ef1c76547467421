//! Maps places in a section to places in its file.

use crate::sql::{Fault, visit};

/// The lines of a section and of its file, because each line may have a fault.
pub(crate) struct Places<'a> {
    section: &'a str,
    file: &'a str,
    /// The beginnings of the section's lines.
    ours: Vec<usize>,
    /// The beginnings of the file's lines.
    theirs: Vec<usize>,
}

impl<'a> Places<'a> {
    pub(crate) fn of(section: &'a str, file: &'a str) -> Places<'a> {
        Places { section, file, ours: lines(section), theirs: lines(file) }
    }

    /// Moves a fault of the section to its place in the file.
    pub(crate) fn in_file(&self, fault: Fault) -> Fault {
        let span = self.place(fault.span.start)..self.place(fault.span.end);
        Fault { span, ..fault }
    }

    /// Maps a place. Lines keep their numbers, and the cut may have put a semicolon before an annotation.
    fn place(&self, at: usize) -> usize {
        let at = at.min(self.section.len());
        let line = self.ours.partition_point(|start| *start <= at).saturating_sub(1);
        let start = self.ours.get(line).copied().unwrap_or_default();
        let theirs = self.theirs.get(line).copied().unwrap_or(self.file.len());
        let added = self.section[start..].starts_with("; ") && !self.file[theirs..].starts_with("; ");
        let column = (at - start).saturating_sub(if added { 2 } else { 0 });
        self.file.floor_char_boundary((theirs + column).min(self.file.len()))
    }
}

fn lines(text: &str) -> Vec<usize> {
    visit(text.len());
    std::iter::once(0).chain(text.match_indices('\n').map(|(end, _)| end + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_section_is_one_in_its_file() {
        let (section, file) = ("\n\né; x\n; -- end\n", "-- up\nabc\né; x\n-- end");
        let at = |text: &str| Places::of(section, file).place(section.find(text).unwrap());
        assert_eq!((at("x"), at("end")), (file.find('x').unwrap(), file.find("end").unwrap()));
        assert_eq!(Places::of(section, file).place(section.len()), file.len());
        assert_eq!(Places::of(section, "").place(section.len() + 9), 0);
    }
}
