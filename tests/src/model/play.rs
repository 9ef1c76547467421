//! A history, played on a real database and on the reference.

use std::collections::BTreeMap;

use gapless::{Legacy, Locking, Runner, Version};

use super::absorb::Allowed;
use super::action::{Action, What};
use super::cutter::{Cut, Cutter};
use super::file::{Kind, Statement};
use super::place::{Fuse, Picture, Place};
use super::reference::Reference;
use super::release::Program;
use super::world::{Start, World};

/// How often what was reached.
pub type Coverage = BTreeMap<&'static str, usize>;

/// More messages than any run may take.
pub(super) const ENDLESS: usize = 1000;

pub(super) struct Play<'w, P: Place> {
    pub(super) place: &'w P,
    pub(super) programs: &'w [Program],
    pub(super) start: &'w Start,
    pub(super) reference: Reference,
    client: Option<P::Client>,
    pub(super) coverage: Coverage,
    newest: usize,
}

/// Plays it, and says what it reached.
///
/// # Errors
///
/// The action after which something is not as it must be, and what.
pub fn play<P: Place>(place: &mut P, world: &World, actions: &[Action]) -> Result<Coverage, String> {
    place.clear();
    let programs: Vec<_> = world.releases.iter().cloned().map(Program::new).collect();
    let mut play = Play {
        place: &*place,
        programs: &programs,
        start: &world.start,
        reference: Reference::default(),
        client: None,
        coverage: Coverage::new(),
        newest: 0,
    };
    play.begin();
    for (number, action) in actions.iter().enumerate() {
        play.act(number, *action)
            .map_err(|problem| format!("action {number}: {problem}\n{}", play.journal()))?;
    }
    play.finale(actions.len()).map_err(|problem| format!("the last run: {problem}\n{}", play.journal()))?;
    Ok(play.coverage)
}

impl<'w, P: Place> Play<'w, P> {
    pub(super) fn tag(&mut self, what: &'static str) {
        *self.coverage.entry(what).or_default() += 1;
    }

    /// Another tool, or somebody by hand, has been there.
    fn begin(&mut self) {
        let there = self.start.there();
        if there.is_empty() {
            return;
        }
        let mut sql = match self.start {
            Start::Empty => String::new(),
            Start::Hand(_) => "CREATE TABLE hand (id int);".to_owned(),
            Start::Goose(there) => {
                let rows: String = there
                    .iter()
                    .map(|(_, version)| format!(", ({version}, {version}, true, '2020-01-31 12:00:00')"))
                    .collect();
                format!(
                    "CREATE TABLE goose_db_version (id int PRIMARY KEY, version_id bigint NOT NULL, \
                     is_applied boolean NOT NULL, tstamp timestamp); \
                     INSERT INTO goose_db_version VALUES (0, 0, true, '2020-01-31 12:00:00'){rows};"
                )
            }
            Start::Counter(there) => format!(
                "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL); \
                 INSERT INTO schema_migrations VALUES ({}, false);",
                there.last().map_or(0, |(_, version)| *version)
            ),
        };
        for (identity, _) in there {
            let file = self.programs[0].release.find(*identity);
            for statement in file.into_iter().flat_map(|file| &file.statements) {
                if statement.is_counted() {
                    sql += &format!("INSERT INTO effects (what) VALUES ({});", statement.number);
                    self.reference.counts.insert(statement.number, 1);
                }
            }
        }
        self.reference.legacy = there.to_vec();
        self.reference.by_hand = matches!(self.start, Start::Hand(_));
        let mut client = self.client();
        super::place::rows_of(&mut client, &sql);
        self.client = Some(client);
    }

    /// The client of the run before, if it lives, or a new one.
    pub(super) fn client(&mut self) -> P::Client {
        self.client.take().unwrap_or_else(|| self.place.connect())
    }

    pub(super) fn give_back(&mut self, client: Option<P::Client>) {
        self.client = client;
    }

    pub(super) fn cutter(&mut self, cut: Option<Cut>) -> Cutter<'w, P> {
        let client = self.client();
        Cutter::new(self.place, client, cut, ENDLESS)
    }

    pub(super) fn picture(&mut self) -> Picture {
        let mut client = self.client();
        let picture = Picture::take(self.place, &mut client);
        self.client = Some(client);
        picture
    }

    /// How the program starts its runs, whatever they are for.
    pub(super) fn runner(&self, program: &'w Program, locking: Locking) -> Runner<'w> {
        let runner = program.set.runner().locking(locking);
        match self.start {
            Start::Empty => runner,
            Start::Goose(_) => runner.adopt(Legacy::goose("goose_db_version")),
            Start::Counter(_) => runner.adopt(Legacy::golang_migrate("schema_migrations")),
            Start::Hand(there) => {
                let files = there.iter().filter_map(|(identity, _)| program.release.find(*identity));
                let versions: Vec<_> = files.map(|file| version(file.version)).collect();
                if versions.is_empty() { runner } else { runner.reconcile(versions, ["hand"]) }
            }
        }
    }

    /// With the code of each migration in Rust.
    pub(super) fn with_code(mut runner: Runner<'w>, program: &Program, fuse: &Fuse) -> Runner<'w> {
        for file in program.release.files.iter().filter(|file| file.is_code()) {
            let numbers = file.statements.iter().map(|statement| statement.number).collect();
            runner = runner.code(version(file.version), P::code(file.kind, numbers, fuse.clone()));
        }
        runner
    }

    fn act(&mut self, number: usize, action: Action) -> Result<(), String> {
        let program = &self.programs[action.release];
        if !self.can_take_over(program) {
            self.tag("not taken over");
            return Ok(());
        }
        self.tag_program(action);
        match action.what {
            What::Run { target, looks } => self.forward(number, action, target, looks),
            What::DryRun => self.dry_run(number, action),
            What::Verify => self.verify(number, action),
            What::Back(extent) => self.back(number, action, extent),
            What::Race { other, seed } if self.can_take_over(&self.programs[other]) => {
                self.race(number, action, other, seed)
            }
            What::Race { .. } => Ok(()),
        }
    }

    /// For whoever reads of a failure.
    fn journal(&self) -> String {
        let sql = "SELECT version, name, event, attempt, statement, detail FROM applied_migrations_journal ORDER BY id";
        let rows = super::place::rows(&mut self.place.connect(), sql).unwrap_or_default();
        let line = |row: Vec<Option<String>>| {
            let texts: Vec<_> =
                row.into_iter().flatten().map(|text| text.chars().take(20).collect::<String>()).collect();
            format!("    journal: {}\n", texts.join(" "))
        };
        rows.into_iter().map(line).collect()
    }

    fn tag_program(&mut self, action: Action) {
        let release = &self.programs[action.release].release;
        let has = |kind: Kind| release.files.iter().any(|file| file.kind == kind);
        let renamed = release.files.iter().any(|file| {
            let row = self.reference.row(file.identity);
            row.is_some_and(|row| row.stem != file.stem())
        });
        for (what, holds) in [
            ("steps", has(Kind::Steps)),
            ("rerunnable", has(Kind::Rerunnable)),
            ("code", has(Kind::Code)),
            ("code outside", has(Kind::CodeOutside)),
            ("tombstone", has(Kind::Tombstone)),
            ("baseline", release.baseline.is_some()),
            ("index", release.files.iter().flat_map(|file| &file.statements).any(Statement::is_index)),
            ("taken over", !matches!(self.start, Start::Empty | Start::Hand(_))),
            ("reconciled", matches!(self.start, Start::Hand(_))),
            ("renamed", renamed),
            ("older release", action.release < self.newest),
            ("locking none", action.locking == Locking::None),
            ("locking transaction", action.locking == Locking::Transaction),
        ] {
            if holds {
                self.tag(what);
            }
        }
        self.newest = self.newest.max(action.release);
    }

    /// Compares what is there with what may be.
    pub(super) fn absorb(&mut self, allowed: &Allowed<'_>) -> Result<Picture, String> {
        let picture = self.picture();
        self.reference.absorb(&picture, allowed)?;
        Ok(picture)
    }
}

pub(super) fn version(number: i64) -> Version {
    Version::new(number).expect("it is not negative")
}
