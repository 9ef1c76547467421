//! The text of one file, read and judged.

use std::fs;
use std::ops::Range;

use crate::directive::directives;
use crate::layout::{Part, Section, Sections};
use crate::refuse::{is_autocommit, refusal, wrapper};
use crate::scan::{File, ScannedFile, Scanner};
use crate::statement::{Fault, read};
use crate::{Checksum, Directives, Layout, Migration, Problem, Syntax, normalise, snippet};

/// A script that nothing is wrong with.
pub(crate) struct Script {
    pub(crate) text: String,
    pub(crate) directives: Directives,
    pub(crate) file: ScannedFile,
}

/// A file's text before it is judged.
struct Text {
    text: String,
    rewritten: bool,
}

impl Scanner<'_> {
    /// What a file holds, up and down, unless something is wrong with it.
    pub(crate) fn scripts(&mut self, file: &File) -> Option<(Script, Option<Script>)> {
        let Text { text, rewritten } = self.text(file)?;
        let layout = self.rules.layout;
        let mut faults = layout.inexpressible(&text);
        let part = file.name.part;
        if part != Part::Sections {
            return Some((self.judge(file, part, text, rewritten, file.directives(), faults)?, None));
        }
        match layout.sections(&text) {
            Ok(Sections { up, down }) => {
                let up = self.section(file, Part::Up, up, faults)?;
                // A way back with nothing in it is none.
                let blank = |down: &Section| read(&down.text, self.rules.syntax).statements.is_empty();
                let Some(down) = down.filter(|down| !blank(down)) else { return Some((up, None)) };
                Some((up, Some(self.section(file, Part::Down, down, Vec::new())?)))
            }
            Err(found) => {
                faults.extend(found);
                self.problems.extend(shown(file.pattern, &file.shown, &text, faults));
                None
            }
        }
    }

    fn section(&mut self, file: &File, part: Part, section: Section, found: Vec<Fault>) -> Option<Script> {
        let Section { mut text, no_transaction } = section;
        if text.trim().is_empty() {
            // The file is not empty: it says in so many words that there is nothing to do.
            text = "-- nothing to do\n".to_owned();
        }
        let base = if no_transaction { Directives::NONE.outside_of_transaction() } else { file.directives() };
        self.judge(file, part, text, true, base, found)
    }

    /// A script, unless there is something wrong with it.
    fn judge(
        &mut self,
        file: &File,
        part: Part,
        mut text: String,
        mut rewritten: bool,
        mut base: Directives,
        found: Vec<Fault>,
    ) -> Option<Script> {
        let layout = self.rules.layout;
        if layout.may_wrap()
            && let Some(unwrapped) = unwrapped(&text, self.rules.syntax)
        {
            (text, rewritten) = (unwrapped, true);
        }
        if layout != Layout::Native {
            let statements = read(&text, self.rules.syntax).statements;
            let needing = statements.iter().filter(|statement| is_autocommit(statement)).count();
            if layout.leaves_transaction(part, needing, statements.len()) {
                base = base.outside_of_transaction();
            }
        }
        let Checked { directives, mut faults, empty, first } = Checked::of(&text, self.rules.syntax, base);
        faults.extend(found);
        if empty && part == Part::Down && layout != Layout::Native {
            return None;
        }
        // Other tools run what is empty as it is.
        if empty && layout == Layout::Native {
            let help = "write the SQL, or say in a comment why there is none";
            let problem = Problem::new(file.pattern, "the file is empty").file(&file.shown);
            self.problems.push(problem.help(help));
            return None;
        }
        if let Some(first) = first.filter(|_| part == Part::Tombstone) {
            let help = "say in comments why it was retired; SQL goes into a migration of its own";
            faults.push(Fault::new("a tombstone holds comments only", first, help));
        }
        let sound = faults.is_empty();
        self.problems.extend(shown(file.pattern, &file.shown, &text, faults));
        sound.then(|| self.script(file, text, directives, rewritten))
    }

    fn script(&self, file: &File, text: String, directives: Directives, rewritten: bool) -> Script {
        let path = self.root.join(&file.path);
        Script { text, directives, file: ScannedFile { path, rewritten } }
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

impl Migration {
    /// What is wrong with the text by the rules of this syntax: those of the database that is to run it, when
    /// the set was read by others.
    pub fn problems(&self, syntax: Syntax) -> Vec<Problem> {
        shown(0, &self.file(), self.sql(), Checked::of(self.sql(), syntax, self.directives()).faults)
            .collect()
    }
}

impl Migration {
    /// The same of the way back.
    pub fn down_problems(&self, syntax: Syntax) -> Vec<Problem> {
        let Some(down) = self.down() else { return Vec::new() };
        let faults = Checked::of(down.sql(), syntax, down.directives()).faults;
        shown(0, down.path(), down.sql(), faults).collect()
    }
}

/// The text with blanks for the `BEGIN` and `COMMIT` around it: the run's own transaction begins and ends there.
fn unwrapped(text: &str, syntax: Syntax) -> Option<String> {
    let spans = wrapper(&read(text, syntax).statements);
    if spans.is_empty() {
        return None;
    }
    let mut bytes = text.to_owned();
    for span in spans {
        // Keywords are ASCII, so every place stays where it was. The semicolon ends an empty statement.
        bytes.replace_range(span.clone(), &" ".repeat(span.len()));
    }
    Some(bytes)
}

/// The faults of a file, each with its line. A file of another kind altogether has thousands.
fn shown(pattern: usize, path: &str, sql: &str, faults: Vec<Fault>) -> impl Iterator<Item = Problem> {
    faults.into_iter().take(MOST_FAULTS).map(move |fault| {
        let problem = Problem::new(pattern, fault.message).file(path);
        problem.snippet(snippet(path, sql, fault.span)).help(fault.help)
    })
}

/// How many faults of one file are shown.
const MOST_FAULTS: usize = 50;

/// What there is to say of a script.
struct Checked {
    directives: Directives,
    /// In the order of the text.
    faults: Vec<Fault>,
    /// Neither SQL nor a word about why there is none.
    empty: bool,
    /// The first statement.
    first: Option<Range<usize>>,
}

impl Checked {
    /// `base` is what the layout, or the build, knows of how it is run.
    fn of(sql: &str, syntax: Syntax, base: Directives) -> Checked {
        let script = read(sql, syntax);
        let (directives, mut faults) = directives(sql, &script, base);
        faults
            .extend(script.statements.iter().filter_map(|statement| refusal(statement, syntax, directives)));
        faults.extend(script.faults);
        if let Some(at) = sql.find('\0') {
            faults.push(Fault::new(
                "a NUL character",
                at..at + 1,
                "remove it: no database takes it in a script",
            ));
        }
        faults.sort_by_key(|fault| fault.span.start);
        let empty = script.statements.is_empty() && script.comments.is_empty() && faults.is_empty();
        let first = script.statements.first().map(crate::Statement::span);
        Checked { directives, faults, empty, first }
    }
}
