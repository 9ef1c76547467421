//! How a boot with nothing to do, and applying all, grow with the number of migrations.

use crate::case::Case;
use crate::peers::{Peer, SELECT};
use crate::record::Record;
use crate::stage::Stage;

/// Peers are not asked for more: some take minutes to build.
const PEERS_UP_TO: u64 = 5000;

/// Records `migrate_ms` for the cases "boot" and "apply", and for "boot" also what reading the rows takes.
pub fn measure(stage: &mut Stage) {
    let peers = stage.settings.peers.clone();
    let mut ways: Vec<Peer> = Vec::new();
    for peer in peers {
        if ways.iter().all(|way| way.history != peer.history) {
            ways.push(peer);
        }
    }
    for size in stage.settings.growth.clone() {
        ways.retain(|way| size <= PEERS_UP_TO || way.family.is_ours());
        // The last, because the first makes the rows.
        let readers: Vec<Peer> = ways.iter().copied().chain([SELECT]).collect();
        let boots = stage.rounds(&readers, Case::current(size), None);
        let applying =
            if size > 1000 { Vec::new() } else { stage.rounds(&ways, Case::pending(size, 0), None) };
        for boot in &boots {
            let record = Record::new("growth", boot.peer.name, "boot", size);
            stage.keep(match boot.median(|sample| sample.migrate_ms) {
                Some(ms) => record.number("migrate_ms", ms),
                None => record.text("migrate_ms", boot.failed().unwrap_or("-")),
            });
        }
        for (index, way) in ways.iter().enumerate() {
            let record = Record::new("growth", way.name, "apply", size);
            // The preparation of the database is a run like any other.
            let applied = match applying.get(index) {
                Some(runs) => runs.median(|sample| sample.migrate_ms),
                None => stage.apply(way, size).ok().map(|sample| sample.migrate_ms),
            };
            stage.keep(match applied {
                Some(ms) => record.number("migrate_ms", ms),
                None => record.text("migrate_ms", "fails"),
            });
        }
    }
}
