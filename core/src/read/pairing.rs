//! Pairs up files with down files, and reports those that do not fit.

use std::collections::BTreeMap;

use super::layout::Tool;
use super::listing::File;
use crate::lint::Problem;
use crate::set::{Part, Version};

/// The files of a set, by the version that they claim.
pub(crate) struct Claims {
    pub(crate) baselines: Vec<File>,
    /// Ascending.
    pub(crate) versions: Vec<Claim>,
}

/// The files that claim one version, and their problems.
pub(crate) struct Claim {
    /// The files of the migration, unless they do not fit together.
    pub(crate) pair: Option<Pair>,
    /// Files that make no migration.
    pub(crate) misfits: Vec<File>,
    pub(crate) problems: Vec<Problem>,
}

/// The files of a migration.
pub(crate) struct Pair {
    pub(crate) up: File,
    pub(crate) down: Option<File>,
}

/// The files of one version, by their direction.
#[derive(Default)]
struct Sides {
    ups: Vec<File>,
    downs: Vec<File>,
}

impl Claims {
    pub(crate) fn of(files: Vec<File>, tool: &Tool) -> Claims {
        let next = next_version(&files);
        let mut versions: BTreeMap<Version, Sides> = BTreeMap::new();
        let mut baselines = Vec::new();
        for file in files {
            let version = file.name.version;
            match file.name.part {
                Part::Baseline => baselines.push(file),
                Part::Down => versions.entry(version).or_default().downs.push(file),
                Part::Up | Part::Sections | Part::Tombstone => {
                    versions.entry(version).or_default().ups.push(file)
                }
            }
        }
        let pair = |(version, sides)| pair(version, sides, tool, &next);
        Claims { baselines, versions: versions.into_iter().map(pair).collect() }
    }
}

fn pair(version: Version, Sides { mut ups, mut downs }: Sides, tool: &Tool, next: &str) -> Claim {
    if ups.len() > 1 {
        let problems = vec![duplicate(version, &ups, next)];
        ups.append(&mut downs);
        return Claim { pair: None, misfits: ups, problems };
    }
    let Some(up) = ups.pop() else {
        let problems = downs.iter().map(|down| lonely(down, tool)).collect();
        return Claim { pair: None, misfits: downs, problems };
    };
    let problems = stray_downs(&up, &downs, tool);
    let down = downs.into_iter().find(|down| down.name.name == up.name.name);
    Claim { pair: Some(Pair { up, down }), misfits: Vec::new(), problems }
}

fn duplicate(version: Version, files: &[File], next: &str) -> Problem {
    let pattern = files.iter().map(|file| file.pattern).max().unwrap_or_default();
    let message = format!("{} migrations have version {version}", files.len());
    let problem = files.iter().fold(Problem::new(pattern, message), |p, file| p.file(&file.shown));
    let retired = files.iter().filter(|file| file.name.part == Part::Tombstone).count();
    let help = if retired == 0 {
        format!("give the one that has not been applied a different version{next}")
    } else if retired == files.len() {
        "keep one of the tombstones".to_owned()
    } else {
        "remove one of the two: a tombstone says that the version is retired".to_owned()
    };
    problem.help(help)
}

/// Returns the problem of a down file whose version has no up file.
fn lonely(down: &File, tool: &Tool) -> Problem {
    let wanted = (tool.partner)(&down.shown, Part::Up);
    down.problem(LONELY).help(format!("add `{wanted}`, or remove this file"))
}

const LONELY: &str = "a down migration without an up migration";

/// Returns the problems of down files beside an up file that has another name, or needs none of them.
fn stray_downs(up: &File, downs: &[File], tool: &Tool) -> Vec<Problem> {
    let stray = |down: &File| {
        if up.name.part == Part::Tombstone {
            let problem = down.problem("a down migration beside a tombstone");
            return Some(problem.help("remove it: a retired migration is never rolled back"));
        }
        if up.name.name == down.name.name {
            return None;
        }
        let case = up.name.name.eq_ignore_ascii_case(&down.name.name);
        let differ = if case { "the names differ only in case" } else { "the names differ" };
        let wanted = (tool.partner)(&up.shown, Part::Down);
        Some(down.problem(LONELY).file(&up.shown).help(format!("{differ}: rename it to `{wanted}`")))
    };
    let mut problems: Vec<_> = downs.iter().filter_map(stray).collect();
    let same: Vec<_> = downs.iter().filter(|down| up.name.name == down.name.name).collect();
    if same.len() > 1 {
        let problem = Problem::new(same[1].pattern, "a migration with more than one down file");
        let problem = same.iter().fold(problem, |problem, file| problem.file(&file.shown));
        problems.push(problem.help("remove all but one"));
    }
    problems
}

/// Returns the help that offers a duplicate the version after the highest, as wide as the widest is written.
fn next_version(files: &[File]) -> String {
    let highest = files.iter().map(|file| file.name.version).max();
    let width = files.iter().map(|file| {
        let name = file.shown.rsplit('/').next().unwrap_or_default();
        name.bytes().take_while(u8::is_ascii_digit).count()
    });
    let width = width.max().unwrap_or_default();
    let next = highest.and_then(Version::next);
    next.map_or(String::new(), |next| format!(", for example {:0width$}", next.number()))
}
