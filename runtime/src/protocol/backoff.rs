//! The pauses of a run.

use std::time::Duration;

/// Pauses that grow up to 1 s. Chance shortens each by up to a half, so that replicas that started together do not poll
/// together.
#[derive(Clone, Debug)]
pub(super) struct Backoff {
    state: u64,
    waits: i32,
    tries: i32,
}

const LONGEST: Duration = Duration::from_secs(1);

/// The number of pauses after which each is the longest.
const ENOUGH: i32 = 12;

impl Backoff {
    /// Draws pauses from this seed.
    pub(super) fn new(seed: u64) -> Backoff {
        Backoff { state: seed, waits: 0, tries: 0 }
    }

    /// Pauses for another runner: from 10 ms on, half as long again each time. That runner nearly always needs a
    /// fraction of a second, and this one should be up soon after it.
    pub(super) fn wait(&mut self) -> Duration {
        let full = Duration::from_millis(10).mul_f64(1.5_f64.powi(self.waits)).min(LONGEST);
        self.waits = (self.waits + 1).min(ENOUGH);
        self.shortened(full)
    }

    /// Pauses before another try: from 50 ms on, doubled each time, so that the few tries last for a while.
    pub(super) fn retry(&mut self) -> Duration {
        let full = Duration::from_millis(50).mul_f64(2_f64.powi(self.tries)).min(LONGEST);
        self.tries = (self.tries + 1).min(ENOUGH);
        self.shortened(full)
    }

    fn shortened(&mut self, full: Duration) -> Duration {
        full.mul_f64(1.0 - self.random() / 2.0)
    }

    /// Begins again with the shortest pauses.
    pub(super) fn reset(&mut self) {
        (self.waits, self.tries) = (0, 0);
    }

    /// Returns a number from 0 up to 1, by SplitMix64 (Steele, Lea, Flood 2014).
    fn random(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from(u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or_default())
            / (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_between_their_bounds() {
        for seed in 0..100 {
            let mut backoff = Backoff::new(seed);
            let waits: Vec<_> = (0..20).map(|_| backoff.wait()).collect();
            let tries: Vec<_> = (0..20).map(|_| backoff.retry()).collect();
            for (pauses, first) in [(&waits, 10), (&tries, 50)] {
                let first = Duration::from_millis(first);
                assert!(pauses[0] >= first / 2 && pauses[0] <= first, "{pauses:?}");
                assert!(pauses[19] >= LONGEST / 2 && pauses[19] <= LONGEST, "{pauses:?}");
            }
        }
        assert_ne!(Backoff::new(1).wait(), Backoff::new(2).wait());
    }
}
