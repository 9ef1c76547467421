//! Merges the sets of several crates while the crate that merges them compiles.

#![expect(clippy::panic, reason = "while a crate compiles, a panic is the error that its author sees")]

use std::mem;

use crate::set::{Directives, Layout, Migration, MigrationSet, Rename, Rules, Version};
use crate::sql::Syntax;

/// Counts the migrations of the sets.
///
/// # Panics
///
/// At compile time, if one of them has a baseline.
#[doc(hidden)]
pub const fn total(sets: &[&MigrationSet]) -> usize {
    let (mut sum, mut index) = (0, 0);
    while index < sets.len() {
        if let Some(baseline) = sets[index].baseline() {
            let text = Text::NONE.place(owner(sets[index], baseline), baseline.__path());
            let why = " is a baseline; a set with a baseline cannot be merged, because it would stand for migrations of other crates too";
            panic!("{}", text.and(why).as_str());
        }
        sum += sets[index].__migrations().len();
        index += 1;
    }
    sum
}

/// Counts the renames of the sets.
#[doc(hidden)]
pub const fn total_renames(sets: &[&MigrationSet]) -> usize {
    let (mut sum, mut index) = (0, 0);
    while index < sets.len() {
        sum += sets[index].__renames().len();
        index += 1;
    }
    sum
}

/// Returns the rules by which all sets were read, or else rules that let each run lint again by its own.
#[doc(hidden)]
pub const fn common_rules(sets: &[&MigrationSet]) -> Rules {
    let mut index = 1;
    while index < sets.len() {
        if sets[index].syntax() as u8 != sets[0].syntax() as u8 {
            return Rules::new(Syntax::Shared, Layout::Native);
        }
        index += 1;
    }
    Rules::new(sets[0].syntax(), Layout::Native)
}

/// Returns the digest of all sets together, if each has one.
#[doc(hidden)]
pub const fn merged_digest(sets: &[&MigrationSet]) -> Option<i64> {
    let (mut all, mut index) = (0, 0);
    while index < sets.len() {
        match sets[index].digest() {
            Some(digest) => all ^= digest,
            None => return None,
        }
        index += 1;
    }
    Some(all)
}

/// Merges the migrations of the sets, in ascending order.
///
/// # Panics
///
/// At compile time, if two have one version, naming both.
#[doc(hidden)]
pub const fn merged<const SETS: usize, const N: usize>(sets: &[&MigrationSet; SETS]) -> [Migration; N] {
    let mut table = [const { Migration::__embedded(0, "", "", "", &[0; 32], None, Directives::NONE) }; N];
    // The position in each set, and the version at it: each row compares only these.
    let mut read = [0; SETS];
    let mut next = [None; SETS];
    let mut set = 0;
    while set < SETS {
        next[set] = version_at(sets[set], 0);
        set += 1;
    }
    let mut last: Option<(usize, &Migration)> = None;
    let mut filled = 0;
    while filled < N {
        let set = lowest(&next);
        let found = &sets[set].__migrations()[read[set]];
        read[set] += 1;
        next[set] = version_at(sets[set], read[set]);
        if let Some((other, before)) = last
            && before.version().number() == found.version().number()
        {
            let text = Text::NONE.and("two migrations have the same version: ");
            let text = text.place(owner(sets[other], before), before.__path()).and(" and ");
            panic!("{}", text.place(owner(sets[set], found), found.__path()).as_str());
        }
        // The old value has nothing to drop, but the compiler cannot know that.
        mem::forget(mem::replace(&mut table[filled], found.__of_package(sets[set].__package())));
        last = Some((set, found));
        filled += 1;
    }
    table
}

const fn version_at(set: &MigrationSet, index: usize) -> Option<i64> {
    let migrations = set.__migrations();
    if index < migrations.len() { Some(migrations[index].version().number()) } else { None }
}

/// Returns the set whose next migration has the lowest version; of two with one version, the first.
const fn lowest<const SETS: usize>(next: &[Option<i64>; SETS]) -> usize {
    let (mut best, mut lowest, mut set) = (SETS, i64::MAX, 0);
    while set < SETS {
        if let Some(version) = next[set]
            && (best == SETS || version < lowest)
        {
            (best, lowest) = (set, version);
        }
        set += 1;
    }
    assert!(best < SETS, "the sets hold fewer migrations than were counted");
    best
}

/// Merges the renames of the sets.
///
/// # Panics
///
/// At compile time, if two sets rename one migration, or if one renames a migration of another.
#[doc(hidden)]
pub const fn merged_renames<const SETS: usize, const N: usize>(sets: &[&MigrationSet; SETS]) -> [Rename; N] {
    let mut table = [const { Rename::__embedded("", None, 0) }; N];
    let (mut set, mut filled) = (0, 0);
    while set < SETS {
        let renames = sets[set].__renames();
        let mut index = 0;
        while index < renames.len() {
            alone(sets, set, &renames[index]);
            mem::forget(mem::replace(&mut table[filled], renames[index].__copy()));
            (index, filled) = (index + 1, filled + 1);
        }
        set += 1;
    }
    table
}

/// Panics if a rename means something in another set too.
const fn alone(sets: &[&MigrationSet], set: usize, rename: &Rename) {
    let mut other = 0;
    while other < sets.len() {
        if other != set {
            if let Some((version, name)) = rename.__old()
                && let Some(migration) = find(sets[other], version)
                && same(migration.__name(), name)
            {
                let text = renamed(sets[set], rename).and(", which is the migration ");
                let text = text.place(owner(sets[other], migration), migration.__path());
                panic!("{}", text.and("; remove the rename, or rename the migration").as_str());
            }
            let (renames, mut index) = (sets[other].__renames(), 0);
            while index < renames.len() {
                if same_old(rename, &renames[index]) {
                    let text = renamed(sets[set], rename).and(", and ");
                    let text = text.append(&renamed(sets[other], &renames[index]));
                    panic!("{}", text.and(" too; keep one of the renames").as_str());
                }
                index += 1;
            }
        }
        other += 1;
    }
}

const fn same_old(first: &Rename, second: &Rename) -> bool {
    match (first.__old(), second.__old()) {
        (Some((first, name)), Some((second, other))) => {
            first.number() == second.number() && same(name, other)
        }
        _ => same(first.__from(), second.__from()),
    }
}

const fn same(first: &str, second: &str) -> bool {
    let (first, second) = (first.as_bytes(), second.as_bytes());
    let mut index = 0;
    while index < first.len() && index < second.len() && first[index] == second[index] {
        index += 1;
    }
    first.len() == second.len() && index == first.len()
}

const fn find(set: &MigrationSet, version: Version) -> Option<&Migration> {
    let migrations = set.__migrations();
    let (mut low, mut high) = (0, migrations.len());
    while low < high {
        let middle = low + (high - low) / 2;
        if migrations[middle].version().number() < version.number() {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if low < migrations.len() && migrations[low].version().number() == version.number() {
        return Some(&migrations[low]);
    }
    None
}

/// Returns the crate of a migration. A merged set has none of its own.
const fn owner(set: &MigrationSet, migration: &Migration) -> &'static str {
    match migration.package() {
        Some(package) => package,
        None => set.__package(),
    }
}

const fn renamed(set: &MigrationSet, rename: &Rename) -> Text {
    let package = match find(set, rename.to()) {
        Some(migration) => owner(set, migration),
        None => set.__package(),
    };
    Text::NONE.and(package).and(" renames `").and(rename.__from()).and("`")
}

/// The text of a compile error, put together without an allocator.
struct Text {
    bytes: [u8; 512],
    length: usize,
}

impl Text {
    const NONE: Text = Text { bytes: [0; 512], length: 0 };

    /// Appends a text, and cuts off the end if it does not fit.
    const fn and(mut self, text: &str) -> Text {
        let bytes = text.as_bytes();
        let mut index = 0;
        while index < bytes.len() && self.length < self.bytes.len() {
            self.bytes[self.length] = bytes[index];
            (index, self.length) = (index + 1, self.length + 1);
        }
        self
    }

    const fn append(self, other: &Text) -> Text {
        self.and(other.as_str())
    }

    /// Appends a file and its crate.
    const fn place(self, package: &str, path: &str) -> Text {
        self.and(package).and(": ").and(path)
    }

    const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => "the sets cannot be merged: two crates have the same, or one has a baseline",
        }
    }
}
