//! Round trips and bytes on the wire, beyond those of connecting.

use crate::case::Case;
use crate::place::Place;
use crate::record::Record;
use crate::runs::Gauge;
use crate::stage::Stage;

const GAUGES: [Gauge; 3] = [
    Gauge { name: "turns", read: |sample| sample.counts.turns as f64 },
    Gauge { name: "up", read: |sample| sample.counts.up as f64 },
    Gauge { name: "down", read: |sample| sample.counts.down as f64 },
];

/// Records `turns`, `up` and `down`.
pub fn measure<S: Place>(stage: &mut Stage<S>) {
    let proxy = stage.proxy(0);
    let peers = stage.settings.peers.clone();
    let connecting = stage.rounds(&peers, Case::CONNECT, Some(&proxy));
    for case in cases(stage) {
        let all = stage.rounds(&peers, case, Some(&proxy));
        for (runs, connecting) in all.iter().zip(&connecting) {
            let mut record = Record::new("trips", runs.peer.name, &case.name(), case.embedded);
            for Gauge { name, read } in GAUGES {
                let before = if case.connects_only { Some(0.0) } else { connecting.median(read) };
                match (runs.median(read), before) {
                    (Some(median), Some(before)) => record = record.number(name, median - before),
                    _ => record = record.text(name, runs.failed().unwrap_or("-")),
                }
            }
            stage.keep(record);
        }
    }
}

/// Returns the cases that are measured on the wire and on the clock.
pub fn cases<S: Place>(stage: &Stage<S>) -> Vec<Case> {
    let settings = &stage.settings;
    let mut cases = vec![Case::CONNECT];
    cases.extend(settings.applied.iter().map(|applied| Case::current(*applied)));
    cases.push(Case::pending(1, settings.base));
    cases.push(Case::pending(settings.base, 0));
    cases
}
