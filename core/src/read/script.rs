//! Reads the text of one file, cuts it into scripts and lints them.

use std::fs;
use std::ops::Range;

use super::layout::section::{Section, Sections};
use super::place::Places;
use super::scanned::ScannedFile;
use super::scanner::{File, Scanner};
use super::wrapper::Wrapper;
use crate::lint::{
    Known, Linted, Problem, directives, foreign_instructions, is_instruction, offers_no_transaction,
    to_problems,
};
use crate::set::{Checksum, Directives, Layout, Part, Rules, normalise};
use crate::sql::{Fault, Syntax, is_autocommit, parse};

/// A script that nothing is wrong with.
pub(crate) struct SoundScript {
    pub(crate) text: String,
    pub(crate) directives: Directives,
    pub(crate) file: ScannedFile,
}

/// A file's text before it is judged.
struct Text {
    text: String,
    rewritten: bool,
}

/// A script that was judged, and what became of its text.
struct Judged {
    text: String,
    rewritten: bool,
    linted: Linted,
}

/// The script that an empty section is run as.
const NOTHING: &str = "-- nothing to do\n";

impl Scanner<'_> {
    /// Reads the scripts of a file, up and down, unless something is wrong with it.
    pub(crate) fn scripts(&mut self, file: &File) -> Option<(SoundScript, Option<SoundScript>)> {
        let Text { text, rewritten } = self.text(file)?;
        let mut faults = self.rules.layout.inexpressible(&text);
        let part = file.name.part;
        if part != Part::Sections {
            return Some((self.whole(file, &text, rewritten, faults)?, None));
        }
        let (up, down) = match self.rules.layout.sections(&text) {
            Ok(Sections { up, down }) => (up, down),
            Err(found) => {
                faults.extend(found);
                self.problems.extend(to_problems(file.pattern, &file.shown, &text, faults));
                return None;
            }
        };
        let mut up = self.section(file, Part::Up, up);
        let mut down = down.map(|down| self.section(file, Part::Down, down));
        for half in [Some(&mut up), down.as_mut()].into_iter().flatten() {
            let found = std::mem::take(&mut half.linted.faults);
            let places = Places::of(&half.text, &text);
            faults.extend(found.into_iter().map(|fault| places.in_file(fault)));
        }
        faults.sort_by_key(|fault| fault.span.start);
        let sound = faults.is_empty();
        self.problems.extend(to_problems(file.pattern, &file.shown, &text, faults));
        // A down script with nothing in it is none; a comment says that there is nothing to do.
        let down = down.filter(|down| down.linted.first.is_some() || self.explains(&down.text));
        sound.then(|| (self.script(file, up), down.map(|down| self.script(file, down))))
    }

    /// True if a section has a comment that is no annotation of its tool.
    fn explains(&self, section: &str) -> bool {
        let Rules { layout, syntax } = self.rules;
        let comments = parse(section, syntax).comments;
        let said = |comment: &Range<usize>| section[comment.clone()].trim_matches(['-', '/', '*', ' ']);
        let annotates = |comment: &Range<usize>| is_instruction(&section[comment.clone()], layout);
        comments.iter().any(|comment| !annotates(comment) && !said(comment).is_empty() && section != NOTHING)
    }

    /// A file that is one script.
    fn whole(
        &mut self,
        file: &File,
        text: &str,
        rewritten: bool,
        mut faults: Vec<Fault>,
    ) -> Option<SoundScript> {
        let part = file.name.part;
        let mut judged = self.judge(part, text, None, file.directives());
        let native = self.rules.layout == Layout::Native;
        if judged.linted.empty && part == Part::Down && !native {
            return None;
        }
        // Other tools run what is empty as it is.
        if judged.linted.empty && native {
            let help = "write the SQL, or say in a comment why there is none";
            let problem = Problem::new(file.pattern, "the file is empty").file(&file.shown);
            self.problems.push(problem.help(help));
            return None;
        }
        if let Some(first) = judged.linted.first.clone().filter(|_| part == Part::Tombstone) {
            let help = "say in comments why it was retired; SQL goes into a migration of its own";
            faults.push(Fault::new("a tombstone holds comments only", first, help));
        }
        faults.append(&mut judged.linted.faults);
        faults.sort_by_key(|fault| fault.span.start);
        judged.rewritten |= rewritten;
        let sound = faults.is_empty();
        self.problems.extend(to_problems(file.pattern, &file.shown, text, faults));
        sound.then(|| self.script(file, judged))
    }

    fn section(&self, file: &File, part: Part, section: Section) -> Judged {
        let Section { mut text, no_transaction } = section;
        if text.trim().is_empty() {
            // The file is not empty: it says in so many words that there is nothing to do.
            text = NOTHING.to_owned();
        }
        let base = if no_transaction { Directives::NONE.outside_of_transaction() } else { file.directives() };
        let judged = self.judge(part, &text, Some(self.rules.layout), base);
        Judged { rewritten: true, ..judged }
    }

    /// Judges a script. `own` is the tool that cut it out of its file, whose instructions were followed.
    fn judge(&self, part: Part, sql: &str, own: Option<Layout>, base: Directives) -> Judged {
        let (layout, syntax) = (self.rules.layout, self.rules.syntax);
        let (known, masked) = match layout {
            Layout::Native => (Known::Beside(base), None),
            _ => unwrapped(sql, layout, syntax, part, base),
        };
        let rewritten = masked.is_some();
        let text = masked.unwrap_or_else(|| sql.to_owned());
        let script = parse(&text, syntax);
        let strange = foreign_instructions(&text, &script, layout, own, part);
        let mut linted = Linted::of(&text, script, syntax, known, part);
        if let Some(way) = layout.own_way() {
            for fault in linted.faults.iter_mut().filter(|fault| offers_no_transaction(fault)) {
                fault.help += &format!("; {} itself knows {way}", layout.as_str());
            }
        }
        linted.faults.extend(strange);
        linted.faults.sort_by_key(|fault| fault.span.start);
        Judged { text, rewritten, linted }
    }

    fn script(&self, file: &File, judged: Judged) -> SoundScript {
        let path = self.root.join(&file.path);
        let Judged { text, rewritten, linted } = judged;
        SoundScript { text, directives: linted.directives, file: ScannedFile { path, rewritten } }
    }

    /// The normalised text, which the directory's lock is compared with.
    fn text(&mut self, file: &File) -> Option<Text> {
        let problem = |message: String| Problem::new(file.pattern, message).file(&file.shown);
        let bytes = match fs::read(&file.path) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.problems.push(problem(format!("the file cannot be read: {error}")));
                return None;
            }
        };
        let raw = match String::from_utf8(bytes) {
            Ok(raw) => raw,
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let message = format!("not UTF-8: the byte at offset {at} belongs to another encoding");
                self.problems.push(problem(message).help("save the file as UTF-8"));
                return None;
            }
        };
        let text = normalise(&raw).into_owned();
        let directory = self.directories.get_mut(file.directory);
        if let Some(files) = directory.and_then(|directory| directory.files.as_mut()) {
            files.insert(file.entry.clone(), Checksum::of(&text));
        }
        let rewritten = text.len() != raw.len();
        Some(Text { text, rewritten })
    }
}

/// How a script of another tool is run, and its text without the `BEGIN` and `COMMIT` around it where the run's own
/// transaction takes their place.
fn unwrapped(
    sql: &str,
    layout: Layout,
    syntax: Syntax,
    part: Part,
    mut base: Directives,
) -> (Known, Option<String>) {
    let script = parse(sql, syntax);
    let needing = script.statements.iter().filter(|statement| is_autocommit(statement)).count();
    if layout.leaves_transaction(part, needing, script.statements.len()) {
        base = base.outside_of_transaction();
    }
    // MySQL ends a transaction before most statements, so there is none to take their place.
    let wrapper =
        if layout.may_wrap() && syntax != Syntax::Mysql { Wrapper::of(&script.statements) } else { None };
    let Some(wrapper) = wrapper else { return (Known::Beside(base), None) };
    let (read, _) = directives(sql, &script, base, part);
    if !read.no_transaction() {
        return (Known::Beside(base), Some(wrapper.masked(sql)));
    }
    // The tool begins no transaction, and the file does: what is in it commits together.
    if wrapper.is_whole() && needing == 0 {
        return (Known::All(read.inside_of_transaction()), Some(wrapper.masked(sql)));
    }
    (Known::Beside(base), None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::visited;

    /// All that is done with a script or a section, as the scan does it.
    fn look_at(text: &str, layout: Layout, syntax: Syntax) {
        let _ = layout.inexpressible(text);
        let _ = layout.settings(text);
        let sections = layout.sections(text);
        let section = sections.map_or_else(|_| text.to_owned(), |sections| sections.up.text);
        let script = parse(&section, syntax);
        let _ = foreign_instructions(&section, &script, layout, None, Part::Up);
        let linted = Linted::of(&section, script, syntax, Known::Beside(Directives::NONE), Part::Up);
        let places = Places::of(&section, text);
        let placed = linted.faults.into_iter().map(|fault| places.in_file(fault));
        assert!(placed.count() <= text.len());
    }

    #[test]
    fn twice_the_text_is_twice_the_work() {
        let layouts =
            [Layout::Native, Layout::Goose, Layout::SqlMigrate, Layout::Dbmate, Layout::Flyway, Layout::Tern];
        for piece in [
            "COMMIT;\n",
            "COMMIT;",
            "--\r",
            "-- +goose Up\r",
            "/**/",
            "E'' -- x\n",
            "E''\n",
            "-- gapless: a\n",
            "``",
            "` ",
            "$a ",
            "$$ $$",
            "${",
            "${a}",
            "{{",
            "{{a}}",
            "{{ ",
            "1 ",
            "1.",
            "((",
            "CREATE TRIGGER begin select ",
            "execute begin select ",
            "=======\n",
            "\\x\n",
            "U&\"a\" ",
            "-- +migrate Up\n",
            "-- migrate:up\n",
            "DELIMITER\n",
            "[a]",
            "\r",
            "\n",
            " ",
            "é",
            "$a::",
        ] {
            for layout in layouts {
                for syntax in [Syntax::Shared, Syntax::Postgres, Syntax::Sqlite, Syntax::Mysql] {
                    let work = |times: usize| {
                        let text = format!("-- +goose Up\n-- migrate:up\n{}", piece.repeat(times));
                        visited(|| look_at(&text, layout, syntax))
                    };
                    let (once, twice) = (work(500), work(1_000));
                    assert!(
                        twice <= 2 * once + 200,
                        "{piece:?} in {layout:?}: {once}, and {twice} for twice the text"
                    );
                }
            }
        }
    }
}
