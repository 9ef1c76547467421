//! The server, the programs and the databases in the state that a run is to find.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::case::Case;
use crate::crates::Workshop;
use crate::peers::{Family, Peer};
use crate::place::Place;
use crate::proxy::Proxy;
use crate::record::{Record, Results};
use crate::runs::{Runs, Sample, run};
use crate::server::Server;
use crate::settings::Settings;

/// Where everything is measured.
#[derive(Debug)]
pub struct Stage<S = Server> {
    /// The server, started for this.
    pub server: S,
    /// Writes and builds the programs.
    pub workshop: Workshop,
    /// How much is measured.
    pub settings: Settings,
    /// The results so far.
    pub results: Results,
    /// Databases with so many migrations applied, and what applying them took.
    current: BTreeMap<(&'static str, u64), Result<Sample, String>>,
    databases: u32,
}

/// A database for one run.
#[derive(Debug)]
pub struct Lent {
    /// Its name.
    pub name: String,
    /// True if the run changes it.
    spent: bool,
}

impl Stage {
    /// A new Postgres server and what was found earlier.
    pub fn new(settings: Settings, results: Results) -> Stage {
        Stage::on(Server::start(), settings, results)
    }
}

impl<S: Place> Stage<S> {
    /// This server and what was found earlier.
    pub fn on(server: S, settings: Settings, results: Results) -> Stage<S> {
        let workshop = Workshop::new(settings.limit, settings.profile);
        Stage { server, workshop, settings, results, current: BTreeMap::new(), databases: 0 }
    }

    /// Keeps a record.
    pub fn keep(&mut self, record: Record) {
        self.results.records.push(record);
    }

    /// A database in the state that the case begins with. Where nothing is to do, it serves all runs.
    pub fn lend(&mut self, peer: &Peer, case: Case) -> Result<Lent, String> {
        let template = format!("{}_{}", peer.history, case.applied);
        if case.applied > 0 {
            self.apply(peer, case.applied)?;
            if case.to_apply() == 0 {
                return Ok(Lent { name: template, spent: false });
            }
        }
        self.databases += 1;
        let name = format!("run_{}", self.databases);
        self.server.create(&name, (case.applied > 0).then_some(template.as_str()));
        Ok(Lent { name, spent: true })
    }

    /// Takes it back.
    pub fn take_back(&self, lent: &Lent) {
        if lent.spent {
            self.server.drop(&lent.name);
        }
    }

    /// Makes the database of a peer's history with so many applied, once, and says what that took.
    pub fn apply(&mut self, peer: &Peer, size: u64) -> Result<Sample, String> {
        let key = (peer.history, size);
        if !self.current.contains_key(&key) {
            let name = format!("{}_{size}", peer.history);
            self.server.create(&name, None);
            // The plain way fills the database for the other ways of the same crate too.
            let plain = Peer { variable: None, ..*peer };
            let made = self.start(&plain, Case::pending(size, 0), &name, None);
            self.current.insert(key, made);
        }
        self.current[&key].clone()
    }

    /// The program of a family, or why there is none.
    pub fn program(&mut self, family: &'static Family, size: u64) -> Result<std::path::PathBuf, String> {
        self.workshop
            .program(family, size)
            .ok_or_else(|| "cannot be built, or not within the limit".to_owned())
    }

    /// One run on a database that is there.
    pub fn start(
        &mut self,
        peer: &Peer,
        case: Case,
        name: &str,
        proxy: Option<&Proxy>,
    ) -> Result<Sample, String> {
        let program = self.program(peer.family, case.embedded)?;
        let url = self.server.url(proxy.map_or(self.server.port(), Proxy::port), name);
        let result = run(&program, &url, peer, case, self.settings.limit);
        let counts = proxy.map(Proxy::take).unwrap_or_default();
        let sample = Sample { counts, ..result? };
        if case.to_apply() > 0 {
            let tables = self.server.tables(name);
            if tables != case.embedded {
                return Err(format!("fails: {tables} of {} tables", case.embedded));
            }
        }
        Ok(sample)
    }

    /// One run.
    pub fn measure(&mut self, peer: &Peer, case: Case, proxy: Option<&Proxy>) -> Result<Sample, String> {
        let lent = self.lend(peer, case)?;
        let sample = self.start(peer, case, &lent.name, proxy);
        self.take_back(&lent);
        sample
    }

    /// Runs of all peers in turn, so that what disturbs the machine disturbs all.
    pub fn rounds(&mut self, peers: &[Peer], case: Case, proxy: Option<&Proxy>) -> Vec<Runs> {
        eprintln!("  {}", case.name());
        let rounds = self.settings.repetitions(case.to_apply());
        let mut all: Vec<_> =
            peers.iter().map(|peer| Runs { peer: *peer, samples: Vec::new(), failure: None }).collect();
        for _ in 0..rounds {
            for runs in &mut all {
                if runs.failure.is_some() {
                    continue;
                }
                match self.measure(&runs.peer, case, proxy) {
                    Ok(sample) => runs.samples.push(sample),
                    Err(failure) => {
                        eprintln!("    {}: {failure}", runs.peer.name);
                        runs.failure = Some(failure);
                    }
                }
            }
        }
        all
    }

    /// A proxy before the server.
    pub fn proxy(&self, round_trip_ms: u64) -> Proxy {
        Proxy::before(self.server.port(), Duration::from_millis(round_trip_ms))
    }
}
