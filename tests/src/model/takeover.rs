//! Compares another tool's history, as a release reads it, with the migrations that the tool applied.

use super::file::Kind;
use super::place::Place;
use super::play::Play;
use super::release::{Program, Release};
use super::world::Start;

impl<P: Place> Play<'_, P> {
    /// A tool knows numbers; where two migrations had one, or one is gone, a release cannot take it over, and nobody
    /// would start it.
    pub(super) fn can_take_over(&self, program: &Program) -> bool {
        let (release, legacy) = (&program.release, &self.reference.legacy);
        if legacy.is_empty() {
            return true;
        }
        let mut taken = match self.start {
            Start::Counter(there) => counted(release, there.last().map_or(0, |(_, version)| *version)),
            Start::Goose(there) => {
                there.iter().filter_map(|(_, version)| numbered(release, *version)).collect()
            }
            Start::Hand(there) => {
                let named = there.iter().filter(|(identity, _)| release.find(*identity).is_some());
                named.map(|(identity, _)| *identity).collect()
            }
            Start::Empty => Vec::new(),
        };
        let mut wanted: Vec<_> = legacy.iter().map(|(identity, _)| *identity).collect();
        taken.sort_unstable();
        wanted.sort_unstable();
        let known = legacy.iter().all(|(identity, _)| release.find(*identity).is_some());
        let whole =
            release.files.iter().all(|file| file.kind != Kind::Tombstone || !wanted.contains(&file.identity));
        taken == wanted && known && whole
    }
}

/// The only one that has this number, or had it.
fn numbered(release: &Release, version: i64) -> Option<usize> {
    let mut before = release.renames.iter().filter(|((old, _), _)| *old == version);
    match (before.next(), before.next()) {
        (None, _) => release.at(version).map(|file| file.identity),
        (Some((stem, _)), None) => release.declared(stem).map(|file| file.identity),
        _ => None,
    }
}

/// Those that a counter stands for: a file that was never renamed, only if its number is not above the counter's in
/// either form.
fn counted(release: &Release, counter: i64) -> Vec<usize> {
    let at = release
        .files
        .iter()
        .find(|file| release.stems_before(file.identity).iter().any(|(old, _)| *old == counter));
    let last = at.map_or(counter, |file| file.version).min(counter);
    let given_away = |version: i64| release.renames.iter().any(|((old, _), _)| *old == version);
    let counts = |identity: usize, version: i64| {
        let before = release.stems_before(identity);
        before.iter().any(|(old, _)| *old <= counter)
            || (before.is_empty() && version <= last && !given_away(version))
    };
    let files = release.files.iter().filter(|file| counts(file.identity, file.version));
    files.map(|file| file.identity).collect()
}
