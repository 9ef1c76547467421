//! Runs of the programs, one after the other in turn, and what came of them.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::case::Case;
use crate::peers::Peer;
use crate::proxy::Counts;

/// One run of a program.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// To connect.
    pub connect_ms: f64,
    /// To migrate.
    pub migrate_ms: f64,
    /// The whole process.
    pub process_ms: f64,
    /// Its most memory.
    pub peak_kb: f64,
    /// On the wire, if there was a proxy.
    pub counts: Counts,
}

/// A figure that is read off a run.
#[derive(Clone, Copy, Debug)]
pub struct Gauge {
    /// In the records.
    pub name: &'static str,
    /// From the run.
    pub read: fn(&Sample) -> f64,
}

/// All runs of one peer.
#[derive(Clone, Debug)]
pub struct Runs {
    /// Whose.
    pub peer: Peer,
    /// By round; a peer that failed is not asked again.
    pub samples: Vec<Sample>,
    /// The reason of its failure.
    pub failure: Option<String>,
}

/// Runs a program to its end, or to the limit.
pub fn run(program: &Path, url: &str, peer: &Peer, case: Case, limit: Duration) -> Result<Sample, String> {
    let mut command = Command::new(program);
    command.env("DATABASE_URL", url).env_remove("PGOPTIONS").stdin(Stdio::null());
    if let Some(variable) = peer.variable {
        command.env(variable, "1");
    }
    if case.connects_only {
        command.env("BENCH_CONNECT_ONLY", "1");
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let begun = Instant::now();
    let child = command.spawn().map_err(|error| error.to_string())?;
    let pid = child.id().to_string();
    let (ended, end) = mpsc::channel::<()>();
    let guard = thread::spawn(move || {
        if end.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _ = Command::new("kill").args(["-KILL", &pid]).status();
        }
    });
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let process_ms = begun.elapsed().as_secs_f64() * 1e3;
    drop(ended);
    let _ = guard.join();
    if !output.status.success() {
        let over = process_ms >= limit.as_secs_f64() * 1e3;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(if over { format!("over {} s", limit.as_secs()) } else { format!("fails: {said}") });
    }
    let said: Value = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let number = |name: &str| said.get(name).and_then(Value::as_f64).ok_or_else(|| format!("no `{name}`"));
    Ok(Sample {
        connect_ms: number("connect_us")? / 1e3,
        migrate_ms: number("migrate_us")? / 1e3,
        process_ms,
        peak_kb: number("vm_hwm_kb")?,
        counts: Counts::default(),
    })
}

impl Runs {
    /// The median of a figure; none if there is no run.
    pub fn median(&self, figure: impl Fn(&Sample) -> f64) -> Option<f64> {
        median(self.samples.iter().map(figure).collect())
    }

    /// The median of the rounds' ratios to another's runs.
    pub fn ratio(&self, other: &Runs, figure: impl Fn(&Sample) -> f64) -> Option<f64> {
        let pairs = self.samples.iter().zip(&other.samples);
        median(pairs.map(|(ours, others)| figure(ours) / figure(others)).collect())
    }

    /// Returns the first words of a failure, for the tables.
    pub fn failed(&self) -> Option<&str> {
        let failure = self.failure.as_deref()?;
        Some(if failure.starts_with("over") { failure } else { "fails" })
    }
}

/// The median, if there is anything.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        length if length % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn a_median_is_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
