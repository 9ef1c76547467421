//! The number of a new migration: the next one of a counter, or the time in UTC.

use std::time::{SystemTime, UNIX_EPOCH};

use clap::ValueEnum;
use gapless::{Layout, Version};
use serde::Deserialize;

use super::tree::Tree;
use crate::exit::CommandError;

/// How a directory numbers its migrations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::binary) enum Numbering {
    /// 1, 2, 3
    Counter,
    /// The time in UTC: 20260131120000
    Date,
}

impl Numbering {
    pub(in crate::binary) fn as_str(self) -> &'static str {
        match self {
            Numbering::Counter => "counter",
            Numbering::Date => "date",
        }
    }
}

/// How versions are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// With leading zeros up to this width.
    Counter(usize),
    /// As a date.
    Date(Form),
}

/// The form of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `20260131`
    Day,
    /// `202601311200`
    Minute,
    /// `20260131120000`
    Second,
    /// `2026-01-31-120000`
    Dashed,
    /// `2026-01-31-120000-0000`
    DashedLong,
}

impl Form {
    const ALL: [Form; 5] = [Form::Day, Form::Minute, Form::Second, Form::Dashed, Form::DashedLong];

    /// `9` stands for a digit.
    fn pattern(self) -> &'static str {
        match self {
            Form::Day => "99999999",
            Form::Minute => "999999999999",
            Form::Second => "99999999999999",
            Form::Dashed => "9999-99-99-999999",
            Form::DashedLong => "9999-99-99-999999-9999",
        }
    }

    /// The seconds between two versions that follow each other.
    fn unit(self) -> u64 {
        match self {
            Form::Day => 86_400,
            Form::Minute => 60,
            Form::Second | Form::Dashed | Form::DashedLong => 1,
        }
    }

    fn written(self, seconds: u64) -> String {
        let [year, month, day] = civil(seconds / 86_400);
        let [hour, minute, second] = [seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60];
        match self {
            Form::Day => format!("{year:04}{month:02}{day:02}"),
            Form::Minute => format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}"),
            Form::Second => format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}"),
            Form::Dashed => format!("{year:04}-{month:02}-{day:02}-{hour:02}{minute:02}{second:02}"),
            Form::DashedLong => format!("{year:04}-{month:02}-{day:02}-{hour:02}{minute:02}{second:02}-0000"),
        }
    }

    /// The seconds since 1970 that a version of this form stands for.
    fn read(self, text: &str) -> Option<u64> {
        let fits =
            |(byte, wanted): (u8, u8)| if wanted == b'9' { byte.is_ascii_digit() } else { byte == wanted };
        let pattern = self.pattern();
        if text.len() != pattern.len() || !text.bytes().zip(pattern.bytes()).all(fits) {
            return None;
        }
        let digits = text.replace('-', "");
        let part =
            |from: usize, to: usize| digits.get(from..to).map_or(Some(0), |part| part.parse::<u64>().ok());
        let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
        let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
        let is_date = (1970..2500).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        let is_time = hour < 24 && minute < 60 && second < 62;
        (is_date && is_time).then(|| days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
    }
}

impl Style {
    /// The style of a version as it is written in a directory.
    pub(super) fn of(written: &str) -> Style {
        let form = Form::ALL.into_iter().find(|form| form.read(written).is_some());
        form.map_or(Style::Counter(written.len()), Style::Date)
    }

    /// The style of the directories; `first` where they are empty.
    pub(super) fn found(tree: &Tree, first: Option<Numbering>) -> Style {
        let layout = tree.rules.layout;
        let found = tree.highest().map(|entry| match Style::of(written(layout, &entry.entry)) {
            Style::Counter(_) => Style::Counter(padding(tree)),
            date => date,
        });
        found.unwrap_or_else(|| Style::usual(layout, first.unwrap_or(Numbering::Counter)))
    }

    /// The style that was asked for, in the form of the directories where they have it.
    ///
    /// # Errors
    ///
    /// A counter behind dates: it would go on from the last date, and read as one.
    pub(super) fn asked(tree: &Tree, asked: Numbering) -> Result<Style, CommandError> {
        match (Style::found(tree, Some(asked)), asked) {
            (style @ Style::Date(_), Numbering::Date) | (style @ Style::Counter(_), Numbering::Counter) => {
                Ok(style)
            }
            (Style::Counter(_), Numbering::Date) => Ok(Style::usual(tree.rules.layout, asked)),
            (Style::Date(_), Numbering::Counter) => Err(CommandError::usage(format!(
                "the versions are dates, and a counter would go on from the last of them\nhelp: leave `--numbering \
                 {}` out",
                asked.as_str()
            ))),
        }
    }

    fn usual(layout: Layout, numbering: Numbering) -> Style {
        match numbering {
            Numbering::Date if layout == Layout::Diesel => Style::Date(Form::Dashed),
            Numbering::Date => Style::Date(Form::Second),
            Numbering::Counter => Style::Counter(usual_width(layout)),
        }
    }

    /// The next version above these and the way it is written.
    ///
    /// # Errors
    ///
    /// A highest version behind which there is none.
    pub(super) fn next(
        self,
        highest: Option<(Version, &str)>,
        now: u64,
    ) -> Result<(Version, String), CommandError> {
        if let Style::Date(form) = self {
            let date = form.written(now);
            let above = |text: &str| highest.is_none_or(|(highest, _)| number(text) > Some(highest));
            if above(&date) {
                return number(&date).map(|version| (version, date)).ok_or_else(too_high);
            }
            // The clock is behind, or this is the second within a unit.
            let after =
                highest.and_then(|(_, text)| form.read(text)).map(|last| form.written(last + form.unit()));
            if let Some(date) = after.filter(|date| above(date)) {
                return number(&date).map(|version| (version, date)).ok_or_else(too_high);
            }
        }
        let width = match self {
            Style::Counter(width) => width,
            Style::Date(_) => 0,
        };
        let next =
            highest.map_or(Some(Version::from(1)), |(highest, _)| highest.next()).ok_or_else(too_high)?;
        Ok((next, format!("{:0width$}", next.number())))
    }
}

/// The width of the widest counter that has leading zeros.
fn padding(tree: &Tree) -> usize {
    let counters = tree.entries.iter().map(|entry| written(tree.rules.layout, &entry.entry));
    counters.filter(|text| text.starts_with('0')).map(str::len).max().unwrap_or(1)
}

fn too_high() -> CommandError {
    CommandError::failed(
        "the highest version is the largest there can be\nhelp: give that migration another version",
    )
}

/// The number of seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

fn number(written: &str) -> Option<Version> {
    written.replace('-', "").parse().ok()
}

/// The version as it is written in an entry's name.
pub(in crate::binary) fn written(layout: Layout, entry: &str) -> &str {
    let digits = entry.trim_start_matches(|first: char| first.is_ascii_alphabetic());
    let dashed = layout == Layout::Diesel;
    let end = digits.bytes().take_while(|byte| byte.is_ascii_digit() || (dashed && *byte == b'-')).count();
    &digits[..end]
}

/// The width that the layout's own tool gives to counters.
fn usual_width(layout: Layout) -> usize {
    match layout {
        Layout::GolangMigrate => 6,
        Layout::Goose => 5,
        Layout::Tern => 3,
        Layout::Flyway | Layout::Refinery => 1,
        _ => 4,
    }
}

/// The days from 1970 to a date of the Gregorian calendar.
fn days(year: u64, month: u64, day: u64) -> u64 {
    // Years begin in March, so that a leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = year / 4 - year / 100 + year / 400;
    (365 * year + leaps + (153 * month + 2) / 5 + day - 1).saturating_sub(719_468)
}

/// The date so many days after the beginning of 1970.
fn civil(since: u64) -> [u64; 3] {
    let mut year = 1970 + since / 366;
    while days(year + 1, 1, 1) <= since {
        year += 1;
    }
    let month = (1..=12).rev().find(|month| days(year, *month, 1) <= since).unwrap_or(1);
    [year, month, since - days(year, month, 1) + 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_and_read() {
        // date --utc --date=@1709209845 +%Y%m%d%H%M%S
        for (seconds, date) in
            [(0, "19700101000000"), (1_709_209_845, "20240229123045"), (4_102_444_799, "20991231235959")]
        {
            assert_eq!(Form::Second.written(seconds), date);
            assert_eq!(Form::Second.read(date), Some(seconds));
        }
        for day in 0..80_000 {
            assert_eq!(Form::Day.read(&Form::Day.written(day * 86_400)), Some(day * 86_400));
        }
        assert_eq!(Form::Dashed.written(1_709_209_845), "2024-02-29-123045");
    }

    #[test]
    fn the_style_is_that_of_the_text() {
        assert_eq!(Style::of("0012"), Style::Counter(4));
        assert_eq!(Style::of("20240229"), Style::Date(Form::Day));
        assert_eq!(Style::of("20241301"), Style::Counter(8), "there is no month 13");
        assert_eq!(Style::of("202402291230"), Style::Date(Form::Minute));
        assert_eq!(Style::of("2024-02-29-123045-0000"), Style::Date(Form::DashedLong));
    }

    #[test]
    fn the_next_version_is_above_the_highest() {
        let next = |style: Style, highest: &str, now: u64| {
            style.next(Some((number(highest).unwrap(), highest)), now).map(|(_, written)| written).unwrap()
        };
        assert_eq!(next(Style::Counter(4), "0009", 0), "0010");
        assert_eq!(next(Style::Counter(1), "9", 0), "10");
        let date = Style::Date(Form::Second);
        assert_eq!(next(date, "20240229123044", 1_709_209_845), "20240229123045");
        assert_eq!(next(date, "20240229123059", 1_709_209_845), "20240229123100", "within one second");
        assert_eq!(next(Style::Date(Form::Day), "20240229", 1_709_209_845), "20240301");
        assert_eq!(next(date, "99999999999998", 1_709_209_845), "99999999999999", "a counter beside dates");
        assert!(Style::Counter(1).next(Some((Version::MAX, "9223372036854775807")), 0).is_err());
    }
}
