//! Computes one number for all rows of the applied set, as Postgres computes it.
//!
//! A row's number is `hashtextextended(name, hashtextextended(checksum, version))`, and the set's is the
//! exclusive or of them, so that their order does not matter and sets can be merged. Postgres keeps these
//! functions stable because the rows of hash partitions lie where they say. A server that computes otherwise
//! (one whose processor is big-endian) finds another number, and sends the rows.

use super::checksum::Checksum;
use super::migration::Migration;
use super::version::Version;

/// Returns the number of an applied set that holds exactly these migrations. Returns `None` with a tombstone, whose row
/// may be missing, and with a baseline, which stands for rows without checksums.
pub(crate) fn digest<'a>(
    migrations: impl IntoIterator<Item = &'a Migration>,
    baseline: Option<&Migration>,
) -> Option<i64> {
    if baseline.is_some() {
        return None;
    }
    migrations
        .into_iter()
        .try_fold(0, |digest, migration| (!migration.is_tombstone()).then(|| digest ^ row(migration)))
}

fn row(migration: &Migration) -> i64 {
    digest_of(migration.version(), migration.name(), Some(migration.checksum()))
}

/// Returns the number of one row. A missing checksum counts as an empty one.
#[doc(hidden)]
pub fn digest_of(version: Version, name: &str, checksum: Option<Checksum>) -> i64 {
    let version = version.number();
    let seed = checksum.map_or_else(|| hash(&[], version), |checksum| hash(&digits(checksum), version));
    hash(name.as_bytes(), seed)
}

/// Returns the digits that the tracker stores.
fn digits(checksum: Checksum) -> [u8; 64] {
    let mut digits = [0; 64];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(checksum.as_bytes()) {
        for (digit, value) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
            *digit = if value < 10 { b'0' + value } else { b'a' + value - 10 };
        }
    }
    digits
}

/// Returns the hash of lookup3 (Bob Jenkins, 2006, <https://burtleburtle.net/bob/c/lookup3.c>) over little-endian words,
/// begun and read as `hash_bytes_extended` of PostgreSQL does.
fn hash(bytes: &[u8], seed: i64) -> i64 {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let mut state = Lookup3::new(0x9e37_79b9_u32.wrapping_add(length).wrapping_add(3_923_095));
    if seed != 0 {
        let [low, high] = halves(seed);
        state.add([high, low, 0]);
        state.mix();
    }
    let blocks = bytes.chunks_exact(12);
    let rest = blocks.remainder();
    for block in blocks {
        state.add([word(block, 0), word(block, 4), word(block, 8)]);
        state.mix();
    }
    // The lowest byte of the last word is the length's.
    state.add([word(rest, 0), word(rest, 4), word(rest, 8) << 8]);
    state.last();
    let [_, b, c] = state.0;
    i64::from_be_bytes((u64::from(b) << 32 | u64::from(c)).to_be_bytes())
}

fn halves(number: i64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = number.to_le_bytes();
    [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])]
}

/// Returns the word of up to four bytes at an offset; missing bytes are zero.
fn word(bytes: &[u8], from: usize) -> u32 {
    let bytes = bytes.get(from..).unwrap_or_default();
    bytes.iter().take(4).rev().fold(0, |word, byte| word << 8 | u32::from(*byte))
}

struct Lookup3([u32; 3]);

impl Lookup3 {
    fn new(begun: u32) -> Lookup3 {
        Lookup3([begun; 3])
    }

    fn add(&mut self, words: [u32; 3]) {
        for (state, word) in self.0.iter_mut().zip(words) {
            *state = state.wrapping_add(word);
        }
    }

    /// Mixes the three words reversibly.
    fn mix(&mut self) {
        let [mut a, mut b, mut c] = self.0;
        for (first, second, third) in [(4, 6, 8), (16, 19, 4)] {
            a = a.wrapping_sub(c) ^ c.rotate_left(first);
            c = c.wrapping_add(b);
            b = b.wrapping_sub(a) ^ a.rotate_left(second);
            a = a.wrapping_add(c);
            c = c.wrapping_sub(b) ^ b.rotate_left(third);
            b = b.wrapping_add(a);
        }
        self.0 = [a, b, c];
    }

    /// Makes every bit of the three words count in the last word.
    fn last(&mut self) {
        let [mut a, mut b, mut c] = self.0;
        let step = |word: u32, other: u32, turn: u32| (word ^ other).wrapping_sub(other.rotate_left(turn));
        c = step(c, b, 14);
        a = step(a, c, 11);
        b = step(b, a, 25);
        c = step(c, b, 16);
        a = step(a, c, 4);
        b = step(b, a, 14);
        c = step(c, b, 24);
        self.0 = [a, b, c];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answers of PostgreSQL 15 to `SELECT hashtextextended(TEXT, SEED)`.
    #[test]
    fn hashes_as_the_server_does() {
        for (text, seed, expected) in [
            ("", 0, -6_939_563_903_564_495_251),
            ("", 1, -150_071_773_020_461_347),
            ("a", 0, 3_591_986_179_850_072_241),
            ("a", -1, 8_688_456_822_845_412_000),
            ("abcd", 7, -1_805_611_576_705_526_402),
            ("hello wor", 1, 2_318_929_954_835_622_386),
            ("hello world", 2, 8_448_624_706_157_027_040),
            ("hello world!", 3, 7_886_963_564_561_791_828),
            ("create_users", 9_223_372_036_854_775_807, 4_697_603_502_724_877_995),
            (
                "b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd",
                20_260_101_120_000,
                -2_760_215_332_002_270_233,
            ),
            ("grüße aus münchen", 42, -8_249_707_102_346_389_545),
        ] {
            assert_eq!(hash(text.as_bytes(), seed), expected, "{text:?} {seed}");
        }
    }

    #[test]
    fn order_does_not_count_and_everything_else_does() {
        let one = |number, name: &str, sql: &str| {
            Migration::new(Version::new(number).unwrap(), name.into(), "f.sql".into(), sql.into())
        };
        let set = [one(1, "a", "x"), one(2, "b", "y")];
        let known = digest(&set, None);
        assert_eq!(digest(set.iter().rev(), None), known);
        for other in [
            vec![one(1, "a", "x")],
            vec![one(1, "a", "y"), one(2, "b", "x")],
            vec![one(1, "b", "x"), one(2, "a", "y")],
            vec![one(2, "a", "x"), one(1, "b", "y")],
            vec![one(1, "a", "x"), one(2, "b", "y"), one(3, "b", "y")],
        ] {
            assert_ne!(digest(&other, None), known);
        }
        assert_eq!(digest([&set[0], &set[1].clone().__tombstone()], None), None);
        assert_eq!(digest(&set, Some(&set[1])), None);
    }
}
