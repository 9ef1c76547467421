//! Places in a message of many migrations, as the session notes them.

/// The place in a migration's part of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Before its first statement.
    Start,
    /// In this statement, counted from zero.
    In(usize),
    /// In the rows behind this statement.
    Behind(usize),
}

impl Place {
    /// Writes it as a number, behind that of the message and the migration's place in it.
    pub(super) fn number(self, message: u64, index: usize) -> u64 {
        let count = |at: usize| u64::try_from(at).unwrap_or_default();
        let place = match self {
            Place::Start => 0,
            Place::In(at) => 2 * count(at) + 1,
            Place::Behind(at) => 2 * count(at) + 2,
        };
        message * MESSAGES + (count(index) + 1) * PLACES + place
    }

    /// Reads such a number; `None` before the first migration, and for another message's.
    pub(super) fn read(message: u64, number: u64) -> Option<(usize, Place)> {
        let number = number.checked_sub(message * MESSAGES).filter(|rest| *rest < MESSAGES)?;
        let index = (number / PLACES).checked_sub(1)?;
        let count = |place: u64| usize::try_from(place / 2).unwrap_or_default();
        let place = match number % PLACES {
            0 => Place::Start,
            odd if odd % 2 == 1 => Place::In(count(odd)),
            even => Place::Behind(count(even) - 1),
        };
        Some((usize::try_from(index).ok()?, place))
    }
}

/// More places than a migration has.
const PLACES: u64 = 1_000_000;

/// More places than a message has.
const MESSAGES: u64 = 1_000 * PLACES;

/// The number of the last message. It is drawn at random: a session, or another one behind a pooler, may still have the
/// place of an earlier message, also of another run's.
#[derive(Debug)]
pub(super) struct Chains {
    drawn: u64,
}

impl Chains {
    pub(super) fn new(seed: u64) -> Chains {
        Chains { drawn: seed }
    }

    /// Draws by a linear congruential generator (Knuth, MMIX), of which the high bits are the best.
    pub(super) fn draw(&mut self) {
        self.drawn =
            self.drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    }

    pub(super) fn number(&self) -> u64 {
        self.drawn >> 33
    }
}
