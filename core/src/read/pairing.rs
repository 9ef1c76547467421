//! Pairs up files with down files, and reports those that do not fit.

use super::name::stem;
use super::scanner::{File, Scanner};
use crate::lint::Problem;
use crate::set::{Layout, Part, Version};

impl Scanner<'_> {
    pub(crate) fn duplicate(&mut self, version: Version, files: &[File], next: &str) {
        let pattern = files.iter().map(|file| file.pattern).max().unwrap_or_default();
        let message = format!("{} migrations have version {version}", files.len());
        let problem = files.iter().fold(Problem::new(pattern, message), |p, file| p.file(&file.shown));
        let retired = files.iter().filter(|file| file.name.part == Part::Tombstone).count();
        let help = if retired == 0 {
            format!("give the one that is not applied anywhere yet another version{next}")
        } else if retired == files.len() {
            "keep one of the tombstones".to_owned()
        } else {
            "remove one of the two: a tombstone says that the version is retired".to_owned()
        };
        self.problems.push(problem.help(help));
    }

    /// Down files beside no up file of the same stem.
    pub(crate) fn stray_downs(&mut self, downs: &[File], up: Option<&File>) {
        let layout = self.rules.layout;
        for down in downs {
            if up.is_some_and(|up| up.name.part == Part::Tombstone) {
                let problem =
                    Problem::new(down.pattern, "a down migration beside a tombstone").file(&down.shown);
                self.problems.push(problem.help("remove it: what is retired is not rolled back"));
                continue;
            }
            let problem = Problem::new(down.pattern, "a down migration without its up").file(&down.shown);
            let problem = match up {
                None => {
                    problem.help(format!("add `{}`, or remove this file", partner(layout, down, Part::Up)))
                }
                Some(up) if up.name.name == down.name.name => continue,
                Some(up) => {
                    let case = up.name.name.eq_ignore_ascii_case(&down.name.name);
                    let differ = if case { "the names differ only in case" } else { "the names differ" };
                    let wanted = partner(layout, up, Part::Down);
                    problem.file(&up.shown).help(format!("{differ}: rename it to `{wanted}`"))
                }
            };
            self.problems.push(problem);
        }
        let same: Vec<_> =
            downs.iter().filter(|down| up.is_some_and(|up| up.name.name == down.name.name)).collect();
        if same.len() > 1 {
            let problem = Problem::new(same[1].pattern, "a migration with more than one down file");
            let problem = same.iter().fold(problem, |problem, file| problem.file(&file.shown));
            self.problems.push(problem.help("remove all but one"));
        }
    }
}

/// Returns the name of the other direction of a file.
fn partner(layout: Layout, file: &File, part: Part) -> String {
    let (directory, name) = file.shown.rsplit_once('/').unwrap_or(("", &file.shown));
    let down = part == Part::Down;
    match layout {
        Layout::Diesel => format!("{directory}/{}.sql", if down { "down" } else { "up" }),
        Layout::Flyway => {
            let rest = name.strip_prefix(['V', 'U']).unwrap_or(name);
            format!("{directory}/{}{rest}", if down { "U" } else { "V" })
        }
        _ => format!("{}.{}.sql", stem(&file.shown), if down { "down" } else { "up" }),
    }
}

/// The version after the highest, as wide as the widest is written, to be offered to a duplicate.
pub(crate) fn next_version(files: &[File]) -> String {
    let highest = files.iter().map(|file| file.name.version).max();
    let width = files.iter().map(|file| {
        let name = file.shown.rsplit('/').next().unwrap_or_default();
        name.bytes().take_while(u8::is_ascii_digit).count()
    });
    let width = width.max().unwrap_or_default();
    let next = highest.and_then(Version::next);
    next.map_or(String::new(), |next| format!(", for example {:0width$}", next.number()))
}
