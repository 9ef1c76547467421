//! Changes of a release against the one that it comes from.

use super::file::{File, Kind, Work};
use super::release::Release;
use super::world::{Builder, Theme};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Add,
    AddLate,
    Renumber,
    Rename,
    Swap,
    Edit,
    Repair,
    Mode,
    Retire,
    Lose,
    Baseline,
}

/// How often each is drawn, by the theme.
fn weights(theme: Theme) -> [(Change, usize); 11] {
    let times = |wanted: Theme| if theme == wanted { 3 } else { 1 };
    [
        (Change::Add, 6),
        (Change::AddLate, 5),
        (Change::Renumber, 3 * times(Theme::Renames).max(times(Theme::Branches)).max(times(Theme::Takeover))),
        (Change::Rename, 2 * times(Theme::Renames)),
        (Change::Swap, times(Theme::Renames)),
        (Change::Edit, times(Theme::Steps)),
        (Change::Repair, 2 * times(Theme::Steps)),
        (Change::Mode, times(Theme::Steps)),
        (Change::Retire, 1),
        (Change::Lose, 1),
        (Change::Baseline, if theme == Theme::Baseline { 6 } else { 0 }),
    ]
}

impl Builder<'_> {
    /// Changes something, and says what; `None` where what was drawn cannot be.
    pub(super) fn change(&mut self, release: &mut Release) -> Option<String> {
        let weights = weights(self.theme);
        let mut at = self.random.below(weights.iter().map(|(_, weight)| weight).sum());
        let drawn = weights.iter().find(|(_, weight)| {
            let found = at < *weight;
            at = at.saturating_sub(*weight);
            found
        });
        match drawn?.0 {
            Change::Add => {
                let version = self.above(release);
                self.add(release, version, "adds")
            }
            Change::AddLate => {
                let version = self.late(release)?;
                self.add(release, version, "adds late")
            }
            Change::Renumber => self.renumber(release),
            Change::Rename => {
                let file = self.any(release)?;
                let name = self.name(file.identity);
                release.rename(file.identity, (file.version, name.clone()));
                Some(format!("renames m{} to {name}", file.identity))
            }
            Change::Swap => self.swap(release),
            Change::Edit => self.edit(release),
            Change::Repair => self.repair(release),
            Change::Mode => self.mode(release),
            Change::Retire => {
                let identity = self.any(release)?.identity;
                file_mut(release, identity)?.kind = Kind::Tombstone;
                Some(format!("retires m{identity}"))
            }
            Change::Lose => {
                let identity = self.any(release)?.identity;
                if release.files.len() < 2 {
                    return None;
                }
                release.remove(identity);
                Some(format!("loses m{identity}"))
            }
            Change::Baseline => self.squash(release),
        }
    }

    /// Any migration that has a text.
    fn any(&mut self, release: &Release) -> Option<File> {
        let files: Vec<_> = release.files.iter().filter(|file| file.kind != Kind::Tombstone).collect();
        self.random.pick(&files).map(|file| (*file).clone())
    }

    /// One of the last, which may not be applied yet.
    fn recent(&mut self, release: &Release) -> Option<File> {
        let files: Vec<_> = release.files.iter().filter(|file| file.kind != Kind::Tombstone).collect();
        let from = files.len().saturating_sub(2);
        let files = if self.random.chance(70) { &files[from..] } else { &files[..] };
        self.random.pick(files).map(|file| (*file).clone())
    }

    fn add(&mut self, release: &mut Release, version: i64, how: &str) -> Option<String> {
        let file = self.migration(version);
        let told = format!("{how} {version}_{}", file.name);
        release.files.push(file);
        release.sort();
        Some(told)
    }

    fn renumber(&mut self, release: &mut Release) -> Option<String> {
        let file = self.any(release)?;
        let version = if self.random.chance(60) { self.above(release) } else { self.late(release)? };
        let name = if self.random.chance(30) { self.name(file.identity) } else { file.name.clone() };
        release.rename(file.identity, (version, name.clone()));
        Some(format!("moves {}_{} to {version}_{name}", file.version, file.name))
    }

    /// Two change places.
    fn swap(&mut self, release: &mut Release) -> Option<String> {
        let (one, other) = (self.any(release)?, self.any(release)?);
        if one.identity == other.identity {
            return None;
        }
        release.rename(one.identity, (other.version, one.name.clone()));
        release.rename(other.identity, (one.version, other.name.clone()));
        Some(format!("swaps {} and {}", one.name, other.name))
    }

    fn edit(&mut self, release: &mut Release) -> Option<String> {
        let file = self.recent(release).filter(|file| file.kind != Kind::CodeOutside)?;
        let (at, fresh) = (self.random.below(file.statements.len()), self.statement(file.kind));
        // Another index under the same name.
        let redefined = match file.statements.get(at)?.work {
            Work::Index { name, unique, column } => {
                let column = if column == 'a' { 'b' } else { 'a' };
                Some(self.numbered(Work::Index { name, unique, column }))
            }
            _ => None,
        };
        let edited = file_mut(release, file.identity)?;
        // The way back would leave an index that it does not know.
        edited.down = edited.down.take().filter(|_| !fresh.is_index());
        let statements = &mut edited.statements;
        let what = match self.random.below(4) {
            0 => {
                statements.push(fresh);
                "appends to"
            }
            1 => {
                statements.insert(at, fresh);
                "inserts into"
            }
            _ => {
                statements[at] = redefined.unwrap_or(fresh);
                "edits"
            }
        };
        Some(format!("{what} {}", file.name))
    }

    /// Puts right what fails, and may run it otherwise at once.
    fn repair(&mut self, release: &mut Release) -> Option<String> {
        let failing: Vec<_> =
            release.files.iter().filter(|file| file.fails()).map(|file| file.identity).collect();
        let identity = *self.random.pick(&failing)?;
        let insert = self.numbered(Work::Insert);
        let mode = self.random.chance(40);
        let file = file_mut(release, identity)?;
        let failing = file.statements.iter_mut().find(|statement| statement.work == Work::Fail)?;
        *failing = insert;
        let mode = mode && switch(file);
        Some(format!("repairs {}{}", file.name, if mode { " and runs it otherwise" } else { "" }))
    }

    fn mode(&mut self, release: &mut Release) -> Option<String> {
        let file = self.recent(release)?;
        let file = file_mut(release, file.identity)?;
        switch(file).then(|| format!("runs {} otherwise", file.name))
    }

    /// A baseline for everything up to a version, whose files may go.
    fn squash(&mut self, release: &mut Release) -> Option<String> {
        let version = self.any(release)?.version;
        if release.baseline.as_ref().is_some_and(|baseline| baseline.version >= version) {
            return None;
        }
        let identity = self.identity();
        let statements = vec![self.statement(Kind::Baseline)];
        let name = format!("all{identity}");
        release.baseline =
            Some(File { identity, version, name, kind: Kind::Baseline, statements, down: None });
        let gone: Vec<_> = release.files.iter().filter(|file| file.version <= version).collect();
        let gone: Vec<_> = gone.into_iter().map(|file| file.identity).collect();
        let squashes = self.random.chance(60);
        if squashes {
            gone.iter().for_each(|identity| release.remove(*identity));
        }
        Some(format!("begins at {version}{}", if squashes { ", without the files" } else { "" }))
    }
}

fn file_mut(release: &mut Release, identity: usize) -> Option<&mut File> {
    release.files.iter_mut().find(|file| file.identity == identity)
}

/// With a transaction or without. What cannot run in one stays.
fn switch(file: &mut File) -> bool {
    file.kind = match file.kind {
        Kind::Plain => Kind::Steps,
        Kind::Steps | Kind::Rerunnable if !file.statements.iter().any(super::file::Statement::is_index) => {
            Kind::Plain
        }
        _ => return false,
    };
    true
}
