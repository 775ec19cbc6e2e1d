//! Points and lengths of time, in nanoseconds.

use std::fmt;

use super::Failed;

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400;

/// Nanoseconds since 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i128);

/// Nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(pub i128);

/// A part of a date or of a length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// The year.
    FullYear,
    /// The month, from 0.
    Month,
    /// The day of the month, from 1.
    Date,
    /// The day of the month, from 0.
    DayOfMonth,
    /// The day of the week, from 0, which is Sunday.
    DayOfWeek,
    /// The day of the year, from 0.
    DayOfYear,
    /// The hour; all of them in a length of time.
    Hours,
    /// The minute; all of them in a length of time.
    Minutes,
    /// The second; all of them in a length of time.
    Seconds,
    /// The millisecond of the second.
    Milliseconds,
}

impl From<&prost_types::Timestamp> for Timestamp {
    fn from(it: &prost_types::Timestamp) -> Self {
        Self(i128::from(it.seconds) * SECOND + i128::from(it.nanos))
    }
}

impl From<&prost_types::Duration> for Duration {
    fn from(it: &prost_types::Duration) -> Self {
        Self(i128::from(it.seconds) * SECOND + i128::from(it.nanos))
    }
}

impl Timestamp {
    /// So much later; seconds of 64 bits are far from the end.
    #[must_use]
    pub fn plus(self, length: Duration) -> Self {
        Self(self.0.saturating_add(length.0))
    }

    /// So much earlier.
    #[must_use]
    pub fn minus(self, length: Duration) -> Self {
        Self(self.0.saturating_sub(length.0))
    }

    /// How long after `other` it is.
    #[must_use]
    pub fn since(self, other: Self) -> Duration {
        Duration(self.0.saturating_sub(other.0))
    }

    /// Whole seconds since 1970.
    ///
    /// # Errors
    ///
    /// If they do not fit.
    pub fn seconds(self) -> Result<i64, Failed> {
        i64::try_from(self.0.div_euclid(SECOND)).map_err(|_| Failed("a time is out of range"))
    }

    /// A part of it, UTC.
    #[must_use]
    pub fn get(self, unit: Unit) -> i64 {
        let seconds = self.0.div_euclid(SECOND);
        let (day, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
        let (year, month, date) = civil(day);
        let value = match unit {
            Unit::FullYear => year,
            Unit::Month => month - 1,
            Unit::Date => date,
            Unit::DayOfMonth => date - 1,
            // 1970 began on a Thursday.
            Unit::DayOfWeek => (day + 4).rem_euclid(7),
            Unit::DayOfYear => day - days(year),
            Unit::Hours => second / 3600,
            Unit::Minutes => second / 60 % 60,
            Unit::Seconds => second % 60,
            Unit::Milliseconds => self.0.rem_euclid(SECOND) / 1_000_000,
        };
        i64::try_from(value).unwrap_or_default()
    }
}

impl Duration {
    /// Both, one after the other.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What is left of it without the other.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// How many of a unit it is.
    #[must_use]
    pub fn get(self, unit: Unit) -> i64 {
        let value = match unit {
            Unit::Hours => self.0 / (3600 * SECOND),
            Unit::Minutes => self.0 / (60 * SECOND),
            Unit::Milliseconds => self.0 / 1_000_000,
            _ => self.0 / SECOND,
        };
        i64::try_from(value).unwrap_or_default()
    }
}

/// Year, month and day of a day since 1970 (Gregorian, as if it always had been).
fn civil(day: i128) -> (i128, i128, i128) {
    // Days since 0000-03-01: leap days come last in a year.
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i128::from(month <= 2);
    (year, month, date)
}

/// Days from 1970 to the first of a year.
fn days(year: i128) -> i128 {
    let year = year - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) - 719_162
}

/// RFC 3339, as JSON has it.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let get = |unit| self.get(unit);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            get(Unit::FullYear),
            get(Unit::Month) + 1,
            get(Unit::Date),
            get(Unit::Hours),
            get(Unit::Minutes),
            get(Unit::Seconds)
        )?;
        fraction(f, self.0.rem_euclid(SECOND))?;
        f.write_str("Z")
    }
}

/// Seconds, as JSON has them.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let length = self.0.unsigned_abs();
        let second = SECOND.unsigned_abs();
        write!(f, "{sign}{}", length / second)?;
        fraction(f, i128::try_from(length % second).unwrap_or_default())?;
        f.write_str("s")
    }
}

fn fraction(f: &mut fmt::Formatter<'_>, nanos: i128) -> fmt::Result {
    if nanos == 0 {
        return Ok(());
    }
    let digits = format!("{nanos:09}");
    write!(f, ".{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_date_are_those_of_the_calendar() {
        // 2024-02-29 was a Thursday, the sixtieth day of the year.
        let leap = Timestamp(1_709_208_000_500_000_000);
        assert_eq!(leap.to_string(), "2024-02-29T12:00:00.5Z");
        let parts = [
            (Unit::DayOfWeek, 4),
            (Unit::DayOfYear, 59),
            (Unit::DayOfMonth, 28),
            (Unit::Milliseconds, 500),
        ];
        for (unit, expected) in parts {
            assert_eq!(leap.get(unit), expected, "{unit:?}");
        }
        assert_eq!(Timestamp(-1).to_string(), "1969-12-31T23:59:59.999999999Z");
    }

    #[test]
    fn lengths_read_as_in_json() {
        assert_eq!(Duration(-1_500_000_000).to_string(), "-1.5s");
        assert_eq!(Duration(90 * SECOND).get(Unit::Minutes), 1);
    }
}
