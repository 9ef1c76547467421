//! Time on the clock, of the migrating part and of the whole process, and the process's memory.

use crate::place::Place;
use crate::record::Record;
use crate::runs::Gauge;
use crate::stage::Stage;
use crate::trips;

const CONNECT: Gauge = Gauge { name: "connect_ms", read: |sample| sample.connect_ms };
const MIGRATE: Gauge = Gauge { name: "migrate_ms", read: |sample| sample.migrate_ms };
const PROCESS: Gauge = Gauge { name: "process_ms", read: |sample| sample.process_ms };
const PEAK: Gauge = Gauge { name: "peak_kb", read: |sample| sample.peak_kb };

/// Records these, and `migrate_ratio` and `process_ratio` to the first peer in the same rounds.
pub fn measure<S: Place>(stage: &mut Stage<S>) {
    for distance in stage.settings.distances.clone() {
        eprintln!(" {distance} ms away");
        // On the spot there is nothing between the two, not even a proxy.
        let proxy = (distance > 0).then(|| stage.proxy(distance));
        let peers = stage.settings.peers.clone();
        for case in trips::cases(stage) {
            if distance == 1 && case.embedded > 1000 {
                continue;
            }
            let all = stage.rounds(&peers, case, proxy.as_ref());
            for runs in &all {
                let mut record = Record::new("walls", runs.peer.name, &case.name(), case.embedded);
                record.rtt_ms = distance;
                for Gauge { name, read } in [CONNECT, MIGRATE, PROCESS, PEAK] {
                    record = match runs.median(read) {
                        Some(median) => record.number(name, median),
                        None => record.text(name, runs.failed().unwrap_or("-")),
                    };
                }
                for (name, gauge) in [("migrate_ratio", MIGRATE), ("process_ratio", PROCESS)] {
                    if let Some(ratio) = runs.ratio(&all[0], gauge.read) {
                        record = record.number(name, ratio);
                    }
                }
                stage.keep(record);
            }
        }
    }
}
