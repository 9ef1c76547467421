//! Judges what a branch does to the migrations of its base.

use gapless::{Migration, Version};
use gapless_core::{Kind, Scan};

use super::base::Base;
use super::finding::{Finding, Severity};
use super::shell::{from_top, quoted};
use super::snapshot::{EntryKind, Recorded, Snapshot};
use super::tree::{Entry, Tree, stem};

/// Returns what a branch has done to migrations of its base that databases may have applied, and which of its own would
/// not fit behind the base as it is now.
pub(super) fn compare(base: &Base, tree: &Tree, scan: &Scan) -> Vec<Finding> {
    let comparison = Comparison { base, tree, scan };
    let mut findings = Vec::new();
    let mut seen = Vec::new();
    // What the base has got since is the branch's doing only if the branch had it too, behind a squash merge.
    let had = |entry: &Recorded| {
        tree.of(entry.version, &entry.name).next().is_some()
            || base.was_added_by_the_branch(entry.version, &entry.name)
    };
    let forks = base.forks.iter().map(|fork| (fork, true));
    for (snapshot, is_fork) in forks.chain([(&base.tip, false)]) {
        let migrations = snapshot.migrations().filter(|entry| entry.kind != EntryKind::Baseline);
        for entry in migrations.filter(|entry| is_fork || had(entry)) {
            if !seen.contains(&(entry.version, &entry.name)) {
                seen.push((entry.version, &entry.name));
                findings.extend(comparison.kept(snapshot, entry));
            }
        }
    }
    let known: Vec<_> = findings.iter().filter_map(|finding| finding.file.clone()).collect();
    let misfits = own(base, tree, scan).into_iter().filter_map(|entry| comparison.fits(entry));
    findings.extend(misfits.filter(|misfit| !known.iter().any(|file| misfit.file.as_ref() == Some(file))));
    findings
}

/// The migrations that the branch adds, ascending.
pub(super) fn own<'t>(base: &Base, tree: &'t Tree, scan: &Scan) -> Vec<&'t Entry> {
    // What was renamed from the base's is the base's.
    let renamed = |entry: &Entry| {
        let mut lines = scan.renames().iter().filter(|line| line.to() == entry.named.version);
        lines.any(|line| line.from_stem().is_some_and(|(version, name)| base.has(version, name)))
    };
    let added = |entry: &&Entry| {
        entry.named.kind == Kind::Up && !base.has(entry.named.version, &entry.named.name) && !renamed(entry)
    };
    tree.entries.iter().filter(added).collect()
}

struct Comparison<'c> {
    base: &'c Base,
    tree: &'c Tree,
    scan: &'c Scan,
}

impl Comparison<'_> {
    /// What has become of a migration of the base, unless it is allowed.
    fn kept(&self, fork: &Snapshot, entry: &Recorded) -> Option<Finding> {
        let (version, name) = (entry.version, &*entry.name);
        let here = self.tree.of(version, name).find(|entry| entry.named.kind != Kind::Down);
        match here {
            Some(here) if entry.kind == EntryKind::Tombstone && here.named.kind == Kind::Up => {
                let shown = self.tree.shown(here);
                let text = format!(
                    "a retired version is a migration again: {shown}\nhelp: restore the tombstone, and give the migration \
                     a new version"
                );
                return Some(Finding::error(shown, text));
            }
            Some(here) if here.named.kind == Kind::Up => {
                return self.edited(fork, entry, self.migration(version, name)?, &self.tree.shown(here));
            }
            // A tombstone says that it was retired.
            Some(_) => return None,
            None => {}
        }
        if let Some(target) = self.renamed_to(version, name) {
            return self.edited(fork, entry, target, &target.file());
        }
        let baselines = self.tree.entries.iter().filter(|entry| entry.named.kind == Kind::Baseline);
        if baselines.map(|baseline| baseline.named.version).any(|baseline| version <= baseline) {
            return None;
        }
        Some(self.missing(fork, entry))
    }

    fn migration(&self, version: Version, name: &str) -> Option<&Migration> {
        let migrations = self.scan.migrations().iter().map(|scanned| &scanned.migration);
        migrations.into_iter().find(|migration| migration.version() == version && migration.name() == name)
    }

    /// The migration that this one was renamed to, as `renames.txt` says.
    fn renamed_to(&self, version: Version, name: &str) -> Option<&Migration> {
        let line = self.scan.renames().iter().find(|line| line.from_stem() == Some((version, name)))?;
        let migrations = self.scan.migrations().iter().map(|scanned| &scanned.migration);
        migrations.into_iter().find(|migration| migration.version() == line.to())
    }

    fn edited(&self, fork: &Snapshot, entry: &Recorded, now: &Migration, shown: &str) -> Option<Finding> {
        let then = fork.migration(entry)?;
        let of_the_tip = self.base.tip.find(entry.version, &entry.name);
        let of_the_tip = of_the_tip.and_then(|entry| self.base.tip.migration(entry));
        let same = |other: &Migration| other.checksum() == now.checksum();
        if now.is_tombstone() || same(then) || of_the_tip.is_some_and(same) {
            return None;
        }
        let text = format!(
            "{shown} was edited, and {} has it: databases that have applied it would refuse the edit\nhelp: restore it with \
             `git show {} > {}`, and put the change into a new migration",
            self.base.name,
            quoted(&format!("{}:{}", fork.short(), then.path())),
            quoted(&self.tree.typed(now.path()))
        );
        Some(Finding::error(shown, text))
    }

    fn missing(&self, fork: &Snapshot, entry: &Recorded) -> Finding {
        let layout = self.tree.rules.layout;
        let (path, base) = (&entry.path, &self.base.name);
        let same_version = self.tree.entries.iter().find(|other| {
            other.named.version == entry.version
                && other.named.kind != Kind::Down
                && !self.base.has(entry.version, &other.named.name)
        });
        let text = fork.migration(entry).map(Migration::checksum);
        let same_text = self.scan.migrations().iter().find(|scanned| {
            let migration = &scanned.migration;
            Some(migration.checksum()) == text && !self.base.has(migration.version(), migration.name())
        });
        let moved = same_text.and_then(|scanned| {
            self.tree
                .of(scanned.migration.version(), scanned.migration.name())
                .find(|entry| entry.named.kind == Kind::Up)
        });
        if let Some(now) = moved.or(same_version) {
            let (old, new) = (stem(layout, &entry.entry), now.stem(layout));
            let shown = self.tree.shown(now);
            let directory = &self.tree.directories[now.directory].shown;
            let text = format!(
                "{path} of {base} seems to be {shown} now, and no renames.txt says so\nhelp: add the line `{old} -> {new}` \
                 to {directory}/renames.txt if it was renamed; otherwise restore it with `git checkout {} -- {}`",
                fork.short(),
                from_top(path)
            );
            return Finding::error(shown, text);
        }
        let files =
            fork.entries.iter().filter(|other| (other.version, &other.name) == (entry.version, &entry.name));
        let files: Vec<_> = files.map(|file| from_top(&file.path)).collect();
        let text = format!(
            "{path} of {base} is gone: databases that have applied it would miss it\nhelp: restore it with `git checkout {} \
             -- {}`; to retire it, run `gapless retire {} --why \"...\"` then",
            fork.short(),
            files.join(" "),
            entry.version
        );
        Finding { severity: Severity::Error, text, file: None }
    }

    /// What keeps a new migration of the branch from its place behind the base.
    fn fits(&self, entry: &Entry) -> Option<Finding> {
        let (version, shown, base) = (entry.named.version, self.tree.shown(entry), &self.base.name);
        let renumber = format!("`gapless renumber --base {base}`");
        let other = self.base.tip.migrations().find(|other| other.version == version);
        if let Some(other) = other {
            // If both are here, they have been reported as one version twice.
            if self.tree.of(version, &other.name).next().is_some() {
                return None;
            }
            let text = format!(
                "{shown} has the version that {} of {base} has\nhelp: {renumber} gives it another",
                other.path
            );
            return Some(Finding::error(shown, text));
        }
        let covering = self
            .base
            .tip
            .migrations()
            .find(|other| other.kind == EntryKind::Baseline && version <= other.version);
        if let Some(baseline) = covering {
            let text = format!(
                "{shown} would be covered by {} of {base}, which does not do its work\nhelp: {renumber} puts it behind the \
                 baseline",
                baseline.path
            );
            return Some(Finding::error(shown, text));
        }
        let highest = self.base.tip.highest().filter(|highest| version < highest.version)?;
        let text = format!(
            "{shown} arrives late: {base} has {} already\nhelp: it is applied all the same; if it builds on that, {renumber} \
             puts it behind",
            highest.path
        );
        Some(Finding::warning(shown, text))
    }
}
