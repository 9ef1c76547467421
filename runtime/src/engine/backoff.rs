use std::time::Duration;

/// Pauses that grow from 50 ms to 1 s, each shortened at random by up to a half, so that replicas that
/// started together do not knock together.
#[derive(Clone, Debug)]
pub(super) struct Backoff {
    state: u64,
    tries: u32,
}

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);

impl Backoff {
    /// Pauses drawn from this seed.
    pub(super) fn new(seed: u64) -> Backoff {
        Backoff { state: seed, tries: 0 }
    }

    pub(super) fn next(&mut self) -> Duration {
        let full = FIRST.saturating_mul(1 << self.tries.min(8)).min(LONGEST);
        self.tries += 1;
        full.mul_f64(1.0 - self.random() / 2.0)
    }

    /// Begins at the shortest pause again.
    pub(super) fn reset(&mut self) {
        self.tries = 0;
    }

    /// A number from 0 up to 1, by SplitMix64 (Steele, Lea, Flood 2014).
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
            let pauses: Vec<_> = (0..12).map(|_| backoff.next()).collect();
            assert!(pauses[0] >= FIRST / 2 && pauses[0] <= FIRST, "{pauses:?}");
            assert!(pauses[11] >= LONGEST / 2 && pauses[11] <= LONGEST, "{pauses:?}");
        }
        assert_ne!(Backoff::new(1).next(), Backoff::new(2).next());
    }
}
