//! A random project: releases, each made from one before it.

use super::file::{Down, File, Kind, Statement, Work};
use super::random::Random;
use super::release::Release;

/// The habit of a project, so that few cases reach much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    Mixed,
    Steps,
    Renames,
    Branches,
    Downs,
    Takeover,
    Baseline,
}

const THEMES: [Theme; 7] = [
    Theme::Mixed,
    Theme::Steps,
    Theme::Renames,
    Theme::Branches,
    Theme::Downs,
    Theme::Takeover,
    Theme::Baseline,
];

/// The state of the database before the first run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    Empty,
    /// Migrations applied by goose: identities, with the versions that it knows.
    Goose(Vec<(usize, i64)>),
    /// Migrations applied by golang-migrate, up to the last of them.
    Counter(Vec<(usize, i64)>),
    /// Made by hand, and to be reconciled.
    Hand(Vec<(usize, i64)>),
}

impl Start {
    /// Returns the migrations applied before, with their versions then.
    pub fn there(&self) -> &[(usize, i64)] {
        match self {
            Start::Empty => &[],
            Start::Goose(there) | Start::Counter(there) | Start::Hand(there) => there,
        }
    }
}

#[derive(Clone, Debug)]
pub struct World {
    pub releases: Vec<Release>,
    /// How each release came from which, for whoever reads of a failure.
    pub story: Vec<String>,
    pub start: Start,
    pub theme: Theme,
}

/// The way in which the database builds indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indexes {
    Concurrent,
    None,
}

pub(super) struct Builder<'a> {
    pub(super) random: &'a mut Random,
    pub(super) theme: Theme,
    indexes: Indexes,
    statements: usize,
    identities: usize,
    names: usize,
}

impl World {
    pub fn random(random: &mut Random, indexes: Indexes) -> World {
        let theme = THEMES[random.below(THEMES.len())];
        let mut builder = Builder { random, theme, indexes, statements: 0, identities: 0, names: 0 };
        builder.world()
    }
}

impl Builder<'_> {
    fn world(&mut self) -> World {
        let mut first = Release::default();
        for _ in 0..=self.random.below(4) {
            let version = self.above(&first);
            let file = self.migration(version);
            first.files.push(file);
        }
        let start = self.start(&first);
        let (mut releases, mut story) = (vec![first], vec!["the first".to_owned()]);
        for _ in 0..2 + self.random.below(4) {
            let branches = if self.theme == Theme::Branches { 60 } else { 20 };
            let parent = if self.random.chance(branches) {
                self.random.below(releases.len())
            } else {
                releases.len() - 1
            };
            let mut release = releases[parent].clone();
            let mut told = Vec::new();
            for _ in 0..=self.random.below(3) {
                told.extend(self.change(&mut release));
            }
            story.push(format!("from {parent}: {}", told.join(", ")));
            releases.push(release);
        }
        World { releases, story, start, theme: self.theme }
    }

    fn start(&mut self, first: &Release) -> Start {
        if self.theme != Theme::Takeover {
            return Start::Empty;
        }
        let whole = |file: &&File| {
            !file.fails() && file.kind != Kind::Tombstone && !file.statements.iter().any(Statement::is_index)
        };
        let count = 1 + self.random.below(first.files.len());
        let there: Vec<_> = first
            .files
            .iter()
            .take_while(whole)
            .take(count)
            .map(|file| (file.identity, file.version))
            .collect();
        match self.random.below(3) {
            _ if there.is_empty() => Start::Empty,
            0 => Start::Counter(there),
            1 => Start::Hand(there),
            _ => Start::Goose(there),
        }
    }

    /// A version above all others.
    pub(super) fn above(&mut self, release: &Release) -> i64 {
        let baseline = release.baseline.as_ref().map_or(0, |baseline| baseline.version);
        let gap = 1 + i64::try_from(self.random.below(3)).unwrap_or_default();
        release.last().max(baseline).max(0) + gap
    }

    /// A free version below the last, if there is one.
    pub(super) fn late(&mut self, release: &Release) -> Option<i64> {
        let baseline = release.baseline.as_ref().map(|baseline| baseline.version);
        let free = |version: &i64| release.at(*version).is_none() && Some(*version) != baseline;
        let free: Vec<_> = (1..release.last()).filter(free).collect();
        self.random.pick(&free).copied()
    }

    pub(super) fn name(&mut self, identity: usize) -> String {
        self.names += 1;
        format!("m{identity}n{}", self.names)
    }

    pub(super) fn identity(&mut self) -> usize {
        self.identities += 1;
        self.identities
    }

    pub(super) fn migration(&mut self, version: i64) -> File {
        let identity = self.identity();
        let name = self.name(identity);
        let often = if self.theme == Theme::Steps { 65 } else { 25 };
        let kind = match self.random.below(100) {
            at if at < often => Kind::Steps,
            at if at < often + 5 => Kind::Rerunnable,
            at if at < often + 15 => Kind::Code,
            at if at < often + 21 => Kind::CodeOutside,
            _ => Kind::Plain,
        };
        let count = if kind == Kind::CodeOutside { 0 } else { self.random.below(4) };
        let mut statements: Vec<_> = (0..=count).map(|_| self.statement(kind)).collect();
        let fails = if self.theme == Theme::Steps { 25 } else { 6 };
        if !matches!(kind, Kind::Code | Kind::CodeOutside) && self.random.chance(fails) {
            let at = self.random.below(statements.len() + 1);
            let fail = self.numbered(Work::Fail);
            statements.insert(at, fail);
        }
        let mut file = File { identity, version, name, kind, statements, down: None };
        if self.random.chance(if self.theme == Theme::Downs { 90 } else { 50 }) {
            file.down = Some(self.down(&file));
        }
        file
    }

    fn down(&mut self, file: &File) -> Down {
        let built = file.statements.iter().filter_map(|statement| match statement.work {
            Work::Index { name, .. } => Some(Work::DropIndex { name }),
            _ => None,
        });
        let mut statements: Vec<_> =
            built.collect::<Vec<_>>().into_iter().map(|work| self.numbered(work)).collect();
        let steps =
            !statements.is_empty() || self.random.chance(if self.theme == Theme::Downs { 60 } else { 20 });
        for _ in 0..=self.random.below(3) {
            let insert = self.numbered(Work::Insert);
            let at = self.random.below(statements.len() + 1);
            statements.insert(at, insert);
        }
        Down { steps, statements }
    }

    pub(super) fn numbered(&mut self, work: Work) -> Statement {
        self.statements += 1;
        Statement { number: self.statements, work }
    }

    pub(super) fn statement(&mut self, kind: Kind) -> Statement {
        let indexes = self.indexes == Indexes::Concurrent && matches!(kind, Kind::Steps | Kind::Rerunnable);
        if !indexes || self.random.chance(55) {
            return self.numbered(Work::Insert);
        }
        if self.random.chance(30) {
            return self.numbered(Work::Block);
        }
        let name = self.statements + 1;
        let (unique, column) = (self.random.chance(30), if self.random.chance(50) { 'a' } else { 'b' });
        self.numbered(Work::Index { name, unique, column })
    }
}
