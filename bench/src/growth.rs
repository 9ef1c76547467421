//! How a boot with nothing to do, and applying all, grow with the number of migrations.

use crate::case::Case;
use crate::peers::Peer;
use crate::record::Record;
use crate::stage::Stage;

/// Peers are not asked for more: some take minutes to build.
const PEERS_UP_TO: u64 = 5000;

/// Records `migrate_ms` for the cases "boot" and "apply".
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
        let boots = stage.rounds(&ways, Case::current(size), None);
        let applying =
            if size > 1000 { Vec::new() } else { stage.rounds(&ways, Case::pending(size, 0), None) };
        for (index, way) in ways.iter().enumerate() {
            let record = Record::new("growth", way.name, "boot", size);
            stage.keep(match boots[index].median(|sample| sample.migrate_ms) {
                Some(ms) => record.number("migrate_ms", ms),
                None => record.text("migrate_ms", boots[index].failed().unwrap_or("-")),
            });
            let record = Record::new("growth", way.name, "apply", size);
            // What it took to prepare the database is a run like any other.
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
