//! Schedules: the five fields of cron, minute to day of the week, in UTC.

use chrono::TimeDelta;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use super::clock::Timestamp;
use super::field::Schedule;

/// The most minutes that a window may stay open: a week.
const LONGEST_WINDOW: i64 = 7 * 24 * 60;

/// The schedule that a text says.
///
/// # Errors
/// What is wrong with it, as the end of a sentence about a field.
pub fn read(text: &str) -> Result<Cron, String> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    // Nicknames and line breaks, which it takes as well, are no part of the standard.
    let fields = |text: &&str| text.split_whitespace().count() == 5 && !text.contains(char::is_control);
    let parsed = Some(text).filter(fields).and_then(|text| parser.parse(text).ok());
    parsed.ok_or_else(|| "must be a cron schedule such as 0 3 * * *".into())
}

impl Schedule {
    /// The last time that it was due after one instant and up to another.
    pub fn due(&self, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let cron = read(self.as_str()).ok()?;
        let last = cron.find_previous_occurrence(&until.datetime(), true).ok()?;
        (last > after.datetime()).then(|| last.into())
    }

    /// Whether a window that opens at its times and stays open for so many minutes is open.
    pub fn is_open(&self, minutes: i64, now: Timestamp) -> bool {
        let open_for = TimeDelta::minutes(minutes.clamp(1, LONGEST_WINDOW));
        self.due(Timestamp::from(now.datetime() - open_for), now).is_some()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn schedules_are_due_and_windows_open() {
        let nightly: Schedule = "0 3 * * *".parse().unwrap();
        for (now, minutes, open) in [
            ("2026-05-04T02:59:59Z", 60, false),
            ("2026-05-04T03:00:00Z", 60, true),
            ("2026-05-04T03:59:59Z", 60, true),
            ("2026-05-04T04:00:00Z", 60, false),
            ("2026-05-04T02:00:00Z", 24 * 60, true),
            ("2026-05-04T03:00:30Z", 0, true),
        ] {
            assert_eq!(nightly.is_open(minutes, at(now)), open, "{now} {minutes}");
        }
        let quarters: Schedule = "*/15 * * * *".parse().unwrap();
        let due = |after, until| quarters.due(at(after), at(until)).map(|at| at.to_string());
        assert_eq!(due("2026-05-04T03:14:59Z", "2026-05-04T03:46:00Z").unwrap(), "2026-05-04T03:45:00.000Z");
        assert_eq!(due("2026-05-04T03:45:00Z", "2026-05-04T03:59:00Z"), None);
    }

    #[test]
    fn other_texts_are_none() {
        for text in ["", "daily", "* * * *", "* * * * * *", "61 * * * *", "@daily", "0 3 * *\n *"] {
            assert!(text.parse::<Schedule>().is_err(), "{text}");
        }
    }
}
