//! How often the server syncs its log to disk for many pending migrations, and how long that takes.

use crate::case::Case;
use crate::record::Record;
use crate::runs::median;
use crate::stage::Stage;

/// Records `wal_syncs` and `migrate_ms`, with fsync on.
pub fn measure(stage: &mut Stage) {
    let case = Case::pending(stage.settings.base, 0);
    eprintln!("  {}, fsync on", case.name());
    let peers = stage.settings.peers.clone();
    let mut all = vec![(Vec::new(), Vec::new(), None); peers.len()];
    stage.server.fsync("on");
    for _ in 0..stage.settings.repetitions(case.to_apply()) {
        for (peer, (syncs, times, failure)) in peers.iter().zip(&mut all) {
            match one(stage, peer, case) {
                Ok((count, ms)) => {
                    syncs.push(count);
                    times.push(ms);
                }
                Err(said) => *failure = Some(said),
            }
        }
    }
    stage.server.fsync("off");
    for (peer, (syncs, times, failure)) in peers.iter().zip(all) {
        let record = Record::new("fsyncs", peer.name, &case.name(), case.embedded);
        stage.keep(match (median(syncs), median(times)) {
            (Some(syncs), Some(ms)) => record.number("wal_syncs", syncs).number("migrate_ms", ms),
            _ => record.text("wal_syncs", &failure.unwrap_or_default()),
        });
    }
}

fn one(stage: &mut Stage, peer: &crate::peers::Peer, case: Case) -> Result<(f64, f64), String> {
    stage.program(peer.family, case.embedded)?;
    let lent = stage.lend(peer, case)?;
    let before = stage.server.wal_syncs(&lent.name);
    let sample = stage.start(peer, case, &lent.name, None);
    let syncs = stage.server.wal_syncs(&lent.name) - before;
    stage.take_back(&lent);
    Ok((syncs as f64, sample?.migrate_ms))
}
