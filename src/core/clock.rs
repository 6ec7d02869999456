//! Instants. The marketplace keeps and answers time in UTC, cut to milliseconds.

use chrono::{DateTime, Datelike, NaiveDateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

use super::db;

/// An instant in UTC with millisecond precision, written as ISO 8601 with `Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, db::Type)]
#[sqlx(transparent)]
pub struct Timestamp(DateTime<Utc>);

/// The current instant of the server's clock.
pub fn now() -> Timestamp {
    Timestamp::from(Utc::now())
}

impl Timestamp {
    /// Whole seconds since the Unix epoch.
    pub fn unix_seconds(self) -> i64 {
        self.0.timestamp()
    }

    /// The instant so many seconds after the Unix epoch; the epoch itself when that is beyond all calendars.
    pub fn from_unix_seconds(seconds: i64) -> Self {
        Self(DateTime::from_timestamp(seconds, 0).unwrap_or_default())
    }

    /// Milliseconds since the Unix epoch.
    pub fn unix_millis(self) -> i64 {
        self.0.timestamp_millis()
    }

    /// The instant so many milliseconds after the Unix epoch; none that is not [kept](Self::is_kept).
    pub fn from_unix_millis(millis: i64) -> Option<Self> {
        DateTime::from_timestamp_millis(millis).map(Self).filter(|instant| instant.is_kept())
    }

    /// Whether it is in the years 1 to 9999, which all calendars and both databases know.
    pub fn is_kept(self) -> bool {
        (1..=9999).contains(&self.0.year())
    }

    /// The instant as a [`DateTime`].
    pub fn datetime(self) -> DateTime<Utc> {
        self.0
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(instant: DateTime<Utc>) -> Self {
        // By way of the number of milliseconds, which knows no leap second.
        Self(DateTime::from_timestamp_millis(instant.timestamp_millis()).unwrap_or(instant))
    }
}

impl FromStr for Timestamp {
    type Err = chrono::ParseError;

    /// Reads ISO 8601 with any offset; none means UTC, and a date alone its first instant.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
            return Ok(instant.to_utc().into());
        }
        if let Ok(date) = text.parse::<chrono::NaiveDate>() {
            return Ok(date.and_time(chrono::NaiveTime::MIN).and_utc().into());
        }
        let instant = text.parse().or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M"))?;
        Ok(instant.and_utc().into())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
