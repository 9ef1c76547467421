//! One set of those of several crates, put together while the crate that merges them compiles.

#![expect(clippy::panic, reason = "while a crate compiles, a panic is the error that its author sees")]

use std::mem;

use crate::{Directives, Layout, Migration, MigrationSet, Rename, Rules, Syntax};

/// How many migrations the sets hold together.
#[doc(hidden)]
pub const fn total(sets: &[&MigrationSet]) -> usize {
    let (mut sum, mut index) = (0, 0);
    while index < sets.len() {
        assert!(
            sets[index].baseline().is_none(),
            "a set with a baseline cannot be merged: it would stand for migrations of other crates too"
        );
        sum += sets[index].__migrations().len();
        index += 1;
    }
    sum
}

/// How many renames the sets hold together.
#[doc(hidden)]
pub const fn total_renames(sets: &[&MigrationSet]) -> usize {
    let (mut sum, mut index) = (0, 0);
    while index < sets.len() {
        sum += sets[index].__renames().len();
        index += 1;
    }
    sum
}

/// By which rules they were read: those of all of them, or else those that every run reads again by its own.
#[doc(hidden)]
pub const fn common_rules(sets: &[&MigrationSet]) -> Rules {
    let mut index = 1;
    while index < sets.len() {
        if sets[index].syntax() as u8 != sets[0].syntax() as u8 {
            return Rules { syntax: Syntax::Shared, layout: Layout::Native };
        }
        index += 1;
    }
    Rules { syntax: sets[0].syntax(), layout: Layout::Native }
}

/// Their migrations, ascending.
///
/// # Panics
///
/// At compile time, if two have one version, naming both.
#[doc(hidden)]
pub const fn merged<const N: usize>(sets: &[&MigrationSet]) -> [Migration; N] {
    let mut table = [const { Migration::__embedded(0, "", "", "", &[0; 32], None, Directives::NONE) }; N];
    let mut last: Option<(usize, usize)> = None;
    let mut filled = 0;
    while filled < N {
        let (set, index) = next(sets, last);
        let found = &sets[set].__migrations()[index];
        if let Some((other, at)) = last {
            let before = &sets[other].__migrations()[at];
            if before.version().number() == found.version().number() {
                panic!("{}", Collision::of(sets[other], before, sets[set], found).text());
            }
        }
        let package = sets[set].__package();
        // What is put aside holds nothing that has to be dropped, but the compiler cannot know.
        mem::forget(mem::replace(&mut table[filled], found.__of_package(package)));
        last = Some((set, index));
        filled += 1;
    }
    table
}

/// Their renames.
#[doc(hidden)]
pub const fn merged_renames<const N: usize>(sets: &[&MigrationSet]) -> [Rename; N] {
    let mut table = [const { Rename::__embedded("", None, 0) }; N];
    let (mut set, mut filled) = (0, 0);
    while set < sets.len() {
        let mut index = 0;
        while index < sets[set].__renames().len() {
            mem::forget(mem::replace(&mut table[filled], sets[set].__renames()[index].__copy()));
            (index, filled) = (index + 1, filled + 1);
        }
        set += 1;
    }
    table
}

/// The migration that follows, by version and then by set.
const fn next(sets: &[&MigrationSet], last: Option<(usize, usize)>) -> (usize, usize) {
    let mut best: Option<(usize, usize, i64)> = None;
    let mut set = 0;
    while set < sets.len() {
        let migrations = sets[set].__migrations();
        let index = first_after(sets, set, last);
        if index < migrations.len() {
            let version = migrations[index].version().number();
            let better = match best {
                None => true,
                Some((_, _, known)) => version < known,
            };
            if better {
                best = Some((set, index, version));
            }
        }
        set += 1;
    }
    match best {
        Some((set, index, _)) => (set, index),
        None => panic!("the sets hold fewer migrations than were counted"),
    }
}

/// Where in a set that begins which comes after `last`, by bisection.
const fn first_after(sets: &[&MigrationSet], set: usize, last: Option<(usize, usize)>) -> usize {
    let Some((of, at)) = last else { return 0 };
    let limit = sets[of].__migrations()[at].version().number();
    let migrations = sets[set].__migrations();
    let (mut low, mut high) = (0, migrations.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let version = migrations[middle].version().number();
        // Of two with one version, that of the later set comes second.
        if version < limit || (version == limit && set <= of) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// The text of a compile error, put together without memory to ask for.
struct Collision {
    bytes: [u8; 512],
    length: usize,
}

impl Collision {
    const fn of(
        first_set: &MigrationSet,
        first: &Migration,
        set: &MigrationSet,
        second: &Migration,
    ) -> Collision {
        let mut text = Collision { bytes: [0; 512], length: 0 };
        text.push("two migrations have one version: ");
        text.push(first_set.__package());
        text.push(": ");
        text.push(first.__path());
        text.push(" and ");
        text.push(set.__package());
        text.push(": ");
        text.push(second.__path());
        text
    }

    /// Cuts off what does not fit.
    const fn push(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut index = 0;
        while index < bytes.len() && self.length < self.bytes.len() {
            self.bytes[self.length] = bytes[index];
            (index, self.length) = (index + 1, self.length + 1);
        }
    }

    const fn text(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => "two migrations have one version, in two crates",
        }
    }
}
