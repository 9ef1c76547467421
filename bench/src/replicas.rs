//! Many processes of one program that start at once.

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use crate::case::Case;
use crate::peers::Peer;
use crate::record::Record;
use crate::runs::{median, run};
use crate::stage::Stage;

/// Records `up_ms`, until the last has ended, and how many of `started` have `succeeded`, in all rounds.
pub fn measure(stage: &mut Stage) {
    let (replicas, pending) = stage.settings.replicas;
    let base = stage.settings.base;
    for case in [Case::current(base), Case::pending(pending, base)] {
        let name = format!("{replicas} at once, {}", case.name());
        eprintln!("  {name}");
        let peers = stage.settings.peers.clone();
        let mut all = vec![(Vec::new(), 0); peers.len()];
        for _ in 0..stage.settings.runs {
            for (peer, (times, succeeded)) in peers.iter().zip(&mut all) {
                match round(stage, peer, case, replicas) {
                    Ok((ms, up)) => {
                        times.push(ms);
                        *succeeded += up;
                    }
                    Err(failure) => eprintln!("    {}: {failure}", peer.name),
                }
            }
        }
        for (peer, (times, succeeded)) in peers.iter().zip(all) {
            let started = times.len() as f64 * replicas as f64;
            let record = Record::new("replicas", peer.name, &name, case.embedded);
            let record = record.number("started", started).number("succeeded", f64::from(succeeded));
            stage.keep(match median(times) {
                Some(ms) => record.number("up_ms", ms),
                None => record.text("up_ms", "fails"),
            });
        }
    }
}

fn round(stage: &mut Stage, peer: &Peer, case: Case, replicas: u64) -> Result<(f64, u32), String> {
    let program = stage.program(peer.family, case.embedded)?;
    let lent = stage.lend(peer, case)?;
    let url = stage.server.url(&lent.name);
    let (limit, start) = (stage.settings.limit, Barrier::new(replicas as usize + 1));
    let (begun, succeeded) = thread::scope(|scope| {
        let one = || {
            start.wait();
            u32::from(run(&program, &url, peer, case, limit).is_ok())
        };
        let threads: Vec<_> = (0..replicas).map(|_| scope.spawn(one)).collect();
        start.wait();
        let begun = Instant::now();
        (begun, threads.into_iter().map(|thread| thread.join().unwrap_or(0)).sum())
    });
    let ms = begun.elapsed().as_secs_f64() * 1e3;
    stage.take_back(&lent);
    Ok((ms, succeeded))
}
