//! How much is measured.

use std::time::Duration;

use crate::peers::{BUILT, Family, PEERS, Peer};

/// The parts, in the order in which they are run.
pub const PARTS: [&str; 8] = ["tree", "trips", "walls", "fsyncs", "replicas", "growth", "builds", "mysql"];

/// Sizes, repetitions and who takes part.
#[derive(Clone, Debug)]
pub struct Settings {
    /// True if this only checks the counts.
    pub short: bool,
    /// The chosen parts.
    pub parts: Vec<String>,
    /// Measurements of each thing.
    pub runs: usize,
    /// The programs that are run.
    pub peers: Vec<Peer>,
    /// The crates that are built against the clock.
    pub families: Vec<&'static Family>,
    /// The profile of the programs that are run.
    pub profile: &'static str,
    /// How many are applied where nothing is to do.
    pub applied: Vec<u64>,
    /// How many are applied, and pending, in the other cases.
    pub base: u64,
    /// How far away the server is, in milliseconds there and back.
    pub distances: Vec<u64>,
    /// Sizes of the curves.
    pub growth: Vec<u64>,
    /// Sizes of the crates that are built.
    pub built: Vec<u64>,
    /// Profiles that they are built with.
    pub profiles: Vec<&'static str>,
    /// Processes that start at once, and what is pending for them.
    pub replicas: (u64, u64),
    /// After this a build or a process is ended.
    pub limit: Duration,
}

impl Settings {
    /// Everything.
    pub fn full() -> Settings {
        Settings {
            short: false,
            parts: Vec::new(),
            runs: 7,
            peers: PEERS.to_vec(),
            families: BUILT.to_vec(),
            profile: "measured",
            applied: vec![1, 100, 1000, 5000],
            base: 100,
            distances: vec![0, 1, 10],
            growth: vec![10, 100, 1000, 5000, 20_000],
            built: vec![100, 1000, 5000],
            profiles: vec!["dev", "release"],
            replicas: (16, 20),
            limit: Duration::from_secs(120),
        }
    }

    /// Returns settings for a check on any machine within two minutes.
    pub fn short() -> Settings {
        Settings {
            short: true,
            runs: 1,
            peers: PEERS[..1].to_vec(),
            families: BUILT[..1].to_vec(),
            // Sooner built, and counts are the same.
            profile: "dev",
            applied: vec![1, 20],
            base: 20,
            distances: vec![0, 1],
            growth: vec![1, 20],
            built: vec![20],
            profiles: vec!["dev"],
            ..Settings::full()
        }
    }

    /// Reads the command line: parts, `--short`, `--runs N`, `--largest N`, `--peers NAME,NAME`.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Settings, String> {
        let arguments: Vec<_> = arguments.into_iter().collect();
        let short = arguments.iter().any(|argument| argument == "--short");
        let mut settings = if short { Settings::short() } else { Settings::full() };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut number = || {
                let text = arguments.next().ok_or_else(|| format!("`{argument}` wants a number"))?;
                text.parse::<u32>().map_err(|error| format!("`{text}`: {error}"))
            };
            match argument.as_str() {
                "--short" => {}
                "--runs" => settings.runs = number()? as usize,
                "--largest" => settings.limit_sizes(number()?.into()),
                "--peers" => settings.keep_peers(&arguments.next().ok_or("`--peers` wants names")?),
                part if PARTS.contains(&part) || part == "document" => settings.parts.push(argument),
                other => {
                    return Err(format!("unknown `{other}`: parts are {} and document", PARTS.join(", ")));
                }
            }
        }
        if settings.parts.is_empty() {
            settings.parts = PARTS.map(str::to_owned).to_vec();
        }
        Ok(settings)
    }

    fn limit_sizes(&mut self, largest: u64) {
        for sizes in [&mut self.applied, &mut self.growth, &mut self.built] {
            sizes.retain(|size| *size <= largest);
        }
        self.base = self.base.min(largest);
    }

    /// The first is always kept: the others are compared with it.
    fn keep_peers(&mut self, names: &str) {
        let wanted = |name: &str| names.split(',').any(|wanted| name.starts_with(wanted));
        let first = self.peers[0].name;
        self.peers.retain(|peer| peer.name == first || wanted(peer.name));
        self.families.retain(|family| wanted(family.name));
    }

    /// Returns how often an applying run of this size is repeated.
    pub fn repetitions(&self, applying: u64) -> usize {
        match applying {
            0..=100 => self.runs,
            101..=1000 => self.runs.min(3),
            _ => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Settings, String> {
        Settings::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn the_command_line_chooses() {
        let settings = parse("trips --largest 100 --peers sqlx").unwrap();
        assert_eq!(settings.parts, ["trips"]);
        assert_eq!(settings.applied, [1, 100]);
        assert_eq!(settings.peers.iter().map(|peer| peer.name).collect::<Vec<_>>(), [PEERS[0].name, "sqlx"]);
        assert!(parse("--short").unwrap().short);
        assert!(parse("--runs many").is_err() && parse("tripps").is_err());
    }
}
