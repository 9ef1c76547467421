//! Times as databases write them: as RFC 3339 for programs, to the second for people.

use std::time::{SystemTime, UNIX_EPOCH};

/// The time as RFC 3339, if it is one. What has no offset is UTC, as `CURRENT_TIMESTAMP` of SQLite is.
pub(crate) fn rfc3339(text: &str) -> Option<String> {
    let (date, rest) = (text.get(..10)?, text.get(10..)?);
    let (clock, rest) = (rest.get(1..9)?, rest.get(9..)?);
    let separated = text[10..].starts_with(['T', ' ']);
    let fraction = match rest.strip_prefix('.') {
        Some(digits) => 1 + digits.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(digits.len()),
        None => 0,
    };
    let (fraction, offset) = rest.split_at(fraction);
    let offset = match offset {
        "" | "Z" | "+00" | "+00:00" => "Z".to_owned(),
        short if fits(short, "+00") => format!("{short}:00"),
        long if fits(long, "+00:00") => long.to_owned(),
        _ => return None,
    };
    let sound = separated && fits(date, "0000-00-00") && fits(clock, "00:00:00") && fraction != ".";
    sound.then(|| format!("{date}T{clock}{fraction}{offset}"))
}

/// True if the text has digits where the pattern has zeros, and its other characters elsewhere; a sign may be either.
fn fits(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(byte, pattern)| match pattern {
            b'0' => byte.is_ascii_digit(),
            b'+' => matches!(byte, b'+' | b'-'),
            other => byte == other,
        })
}

/// The time to the second, in UTC if it is without an offset; another text as it is.
pub(crate) fn to_the_second(text: &str) -> String {
    let Some(time) = rfc3339(text) else { return text.to_owned() };
    let offset = time.rfind(['Z', '+', '-']).map_or("", |at| &time[at..]).trim_start_matches('Z');
    format!("{} {}{offset}", &time[..10], &time[11..19])
}

/// The time of this machine, as RFC 3339 to the millisecond.
pub(crate) fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, milliseconds) = (since.as_secs(), since.subsec_millis());
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z")
}

/// Year, month and day of a day since 1970, in the proleptic Gregorian calendar. Years begin in March here, so that a
/// leap day is the last of its year.
fn date(day: u64) -> (u64, u64, u64) {
    let day = day + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, turn) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + turn, month, day)
}

#[cfg(test)]
mod tests {
    use super::{date, rfc3339, to_the_second};

    #[test]
    fn days_have_dates() {
        for (day, expected) in [
            (0, (1970, 1, 1)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (20_454, (2026, 1, 1)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(date(day), expected, "{day}");
        }
    }

    #[test]
    fn times_of_databases_are_read() {
        for (text, standard, shown) in [
            ("2026-01-31T12:00:00.123456Z", "2026-01-31T12:00:00.123456Z", "2026-01-31 12:00:00"),
            ("2026-01-31 12:00:00", "2026-01-31T12:00:00Z", "2026-01-31 12:00:00"),
            ("2026-01-31 12:00:00.5+02", "2026-01-31T12:00:00.5+02:00", "2026-01-31 12:00:00+02:00"),
            ("2026-01-31T12:00:00-05:30", "2026-01-31T12:00:00-05:30", "2026-01-31 12:00:00-05:30"),
        ] {
            assert_eq!(rfc3339(text).as_deref(), Some(standard));
            assert_eq!(to_the_second(text), shown);
        }
        for text in [
            "",
            "yesterday",
            "1769860800",
            "2026-01-31",
            "2026-01-31T12:00:00 UTC",
            "2026-01-3112:00:00.",
            "é026-01-31T12:00:00Z",
        ] {
            assert_eq!(rfc3339(text), None, "{text}");
            assert_eq!(to_the_second(text), text);
        }
    }
}
