//! Durations as people write them: `500ms`, `30s`, `5m`, `1h`, `1m30s`.

use std::time::Duration;

/// The units, in milliseconds.
const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Parses a sequence of numbers with their units.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let mistake = || "write a number with ms, s, m, h or d, as 30s or 1m30s".to_owned();
    let (mut milliseconds, mut rest) = (0_u64, text.trim());
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit()).ok_or_else(mistake)?;
        let number: u64 = rest[..digits].parse().map_err(|_| mistake())?;
        let letters = &rest[digits..];
        let end = letters.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(letters.len());
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == &letters[..end]).ok_or_else(mistake)?;
        let part = number.checked_mul(*unit).ok_or_else(mistake)?;
        milliseconds = milliseconds.checked_add(part).ok_or_else(mistake)?;
        rest = &letters[end..];
    }
    if text.trim().is_empty() { Err(mistake()) } else { Ok(Duration::from_millis(milliseconds)) }
}

/// The duration as it would be written, with no more than its two largest units.
pub(super) fn shown(duration: Duration) -> String {
    let mut left = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut parts = Vec::new();
    for (name, unit) in UNITS.into_iter().rev() {
        if left >= unit && parts.len() < 2 {
            parts.push(format!("{}{name}", left / unit));
            left %= unit;
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.concat() }
}

/// A measured duration, to three figures or so.
pub(super) fn measured(duration: Duration) -> String {
    let milliseconds = duration.as_secs_f64() * 1e3;
    match milliseconds {
        // The clock of a database may not tick faster.
        _ if duration.is_zero() => "<1 ms".to_owned(),
        _ if milliseconds < 10.0 => format!("{milliseconds:.1} ms"),
        _ if milliseconds < 1e3 => format!("{milliseconds:.0} ms"),
        _ if milliseconds < 6e4 => format!("{:.1} s", milliseconds / 1e3),
        _ => shown(Duration::from_secs(duration.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{parse, shown};

    #[test]
    fn durations_are_read_as_they_are_shown() {
        for (text, milliseconds) in [
            ("0s", 0),
            ("500ms", 500),
            ("30s", 30_000),
            ("1m30s", 90_000),
            ("1h", 3_600_000),
            ("2d1h", 176_400_000),
        ] {
            let duration = Duration::from_millis(milliseconds);
            assert_eq!(parse(text), Ok(duration), "{text}");
            assert_eq!(shown(duration), text);
        }
        for text in ["", "5", "s", "5 m", "-1s", "1.5s", "1w", "99999999999999999999s", "99999999999999999d"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
