//! A schedule: at which Danish times of day something begins, in the words of cron.

use crate::domain::bankdage::danish_time;
use chrono::{DateTime, DurationRound, MappedLocalTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Europe::Copenhagen;
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use serde::Deserialize;
use std::fmt;

/// When something begins: minute, hour, day of the month, month and day of the week, before them a
/// second if wanted. There is always a next time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Schedule {
    cron: Cron,
    /// Whether there is no hour of the day at which it does not occur.
    every_hour: bool,
}

/// What is wrong with a schedule.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// It cannot be read.
    #[error(
        "{0}; expected minute, hour, day of the month, month and day of the week, such as \
         \"*/15 6-20 * * MON-FRI\""
    )]
    Unreadable(#[from] croner::errors::CronError),
    /// No calendar has such a day.
    #[error("\"{0}\" never occurs: no year has such a day; name another day or month")]
    Never(String),
}

impl TryFrom<String> for Schedule {
    type Error = ScheduleError;

    fn try_from(text: String) -> Result<Self, ScheduleError> {
        // Without a year: what occurs once occurs always.
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed);
        let cron = parser.build().parse(&text)?;
        let every_hour = (0..24).all(|hour| matches!(cron.pattern.hour_match(hour), Ok(true)));
        let schedule = Self { cron, every_hour };
        match schedule.next_after(DateTime::UNIX_EPOCH) {
            Some(_) => Ok(schedule),
            None => Err(ScheduleError::Never(text)),
        }
    }
}

impl Schedule {
    /// The first time after this moment. A time that spring skips comes when the clock has gone
    /// on; of one that autumn repeats the first holds, but both do where every hour of the day is
    /// meant. `None` = past the calendar's end.
    pub fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let after = after.with_timezone(&Copenhagen);
        let mut next = self.cron.find_next_occurrence(&after, false).ok()?;
        while !self.every_hour && is_repeated(&next) {
            next = self.cron.find_next_occurrence(&next, false).ok()?;
        }
        Some(self.skipped_after(&after).unwrap_or(next).min(next).to_utc())
    }

    /// When the clock has gone on, where it skips the next time there would be.
    fn skipped_after(&self, after: &DateTime<Tz>) -> Option<DateTime<Tz>> {
        let next = self.cron.find_next_occurrence(&after.naive_local(), false).ok()?;
        let is_skipped = Copenhagen.from_local_datetime(&next) == MappedLocalTime::None;
        let as_much_later = danish_time(next.date(), next.time()).with_timezone(&Copenhagen);
        // Clocks are changed on the hour.
        is_skipped.then(|| as_much_later.duration_trunc(TimeDelta::hours(1)).ok()).flatten()
    }
}

/// Whether the clock has shown this time an hour ago, too.
fn is_repeated(at: &DateTime<Tz>) -> bool {
    let both = Copenhagen.from_local_datetime(&at.naive_local());
    matches!(both, MappedLocalTime::Ambiguous(_, later) if later == *at)
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.cron.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn schedule(text: &str) -> Schedule {
        text.to_owned().try_into().unwrap_or_else(|error| panic!("{error}"))
    }

    /// All times after one moment and up to another, as Danish time with its distance from UTC.
    fn times(text: &str, from: &str, to: &str) -> Vec<String> {
        let schedule = schedule(text);
        let (from, to): (DateTime<Utc>, DateTime<Utc>) =
            (from.parse().unwrap(), to.parse().unwrap());
        let all = std::iter::successors(Some(from), |at| schedule.next_after(*at)).skip(1);
        all.take_while(|at| *at <= to)
            .map(|at| at.with_timezone(&Copenhagen).format("%d %H:%M%:::z").to_string())
            .collect()
    }

    /// Sunday 29 March 2026: at 02:00 the clock goes on to 03:00.
    #[test]
    fn a_time_that_spring_skips_comes_once_when_the_clock_has_gone_on() {
        let table: [(&str, &[&str]); 12] = [
            ("0 2 * * *", &["28 02:00+01", "29 03:00+02", "30 02:00+02"]),
            ("30 2 * * *", &["28 02:30+01", "29 03:00+02", "30 02:30+02"]),
            (
                "0,30 2 * * *",
                &["28 02:00+01", "28 02:30+01", "29 03:00+02", "30 02:00+02", "30 02:30+02"],
            ),
            ("59 1 * * *", &["28 01:59+01", "29 01:59+01", "30 01:59+02"]),
            ("0 3 * * *", &["28 03:00+01", "29 03:00+02", "30 03:00+02"]),
            (
                "30 2,3 * * *",
                &[
                    "28 02:30+01",
                    "28 03:30+01",
                    "29 03:00+02",
                    "29 03:30+02",
                    "30 02:30+02",
                    "30 03:30+02",
                ],
            ),
            ("30 2 * * SUN", &["29 03:00+02"]),
            ("30 2 28 * *", &["28 02:30+01"]),
            (
                "30 0-4 29 * *",
                &["29 00:30+01", "29 01:30+01", "29 03:00+02", "29 03:30+02", "29 04:30+02"],
            ),
            (
                "*/30 2 * * *",
                &["28 02:00+01", "28 02:30+01", "29 03:00+02", "30 02:00+02", "30 02:30+02"],
            ),
            ("5,35 2 29 * *", &["29 03:00+02"]),
            (
                "*/20 1-3 29 * *",
                &[
                    "29 01:00+01",
                    "29 01:20+01",
                    "29 01:40+01",
                    "29 03:00+02",
                    "29 03:20+02",
                    "29 03:40+02",
                ],
            ),
        ];
        for (text, all) in table {
            assert_eq!(times(text, "2026-03-27T23:00:00Z", "2026-03-30T20:00:00Z"), all, "{text}");
        }
    }

    /// Sunday 25 October 2026: at 03:00 the clock goes back to 02:00.
    #[test]
    fn a_time_that_autumn_repeats_comes_once() {
        let table: [(&str, &[&str]); 10] = [
            ("0 2 * * *", &["24 02:00+02", "25 02:00+02", "26 02:00+01"]),
            ("30 2 * * *", &["24 02:30+02", "25 02:30+02", "26 02:30+01"]),
            ("0,30 2 25 * *", &["25 02:00+02", "25 02:30+02"]),
            ("0 3 * * *", &["24 03:00+02", "25 03:00+01", "26 03:00+01"]),
            ("0 2,14 25 * *", &["25 02:00+02", "25 14:00+01"]),
            ("*/30 2 25 * *", &["25 02:00+02", "25 02:30+02"]),
            ("*/30 1-4/2 25 * *", &["25 01:00+02", "25 01:30+02", "25 03:00+01", "25 03:30+01"]),
            ("0 0-3 25 * *", &["25 00:00+02", "25 01:00+02", "25 02:00+02", "25 03:00+01"]),
            ("59 1 * * *", &["24 01:59+02", "25 01:59+02", "26 01:59+01"]),
            ("15 1-3 25 * *", &["25 01:15+02", "25 02:15+02", "25 03:15+01"]),
        ];
        for (text, all) in table {
            assert_eq!(times(text, "2026-10-23T22:00:00Z", "2026-10-26T20:00:00Z"), all, "{text}");
        }
    }

    #[test]
    fn every_so_many_minutes_go_on_whatever_the_clock_does() {
        let changes = ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"];
        for (text, minutes) in [("*/10 * * * *", 10), ("* * * * *", 1), ("0 * * * *", 60)] {
            let schedule = schedule(text);
            for change in changes.map(|at| at.parse::<DateTime<Utc>>().unwrap()) {
                let mut at = change - TimeDelta::hours(3);
                while at < change + TimeDelta::hours(3) {
                    let next = schedule.next_after(at).unwrap();
                    assert_eq!(next - at, TimeDelta::minutes(minutes), "{text} after {at}");
                    at = next;
                }
            }
        }
    }

    #[test]
    fn is_read_as_cron_reads_it() {
        let table: [(&str, &[&str]); 6] = [
            (
                "*/15 6-7 * * MON-FRI",
                &[
                    "23 06:00+01",
                    "23 06:15+01",
                    "23 06:30+01",
                    "23 06:45+01",
                    "23 07:00+01",
                    "23 07:15+01",
                    "23 07:30+01",
                    "23 07:45+01",
                ],
            ),
            ("0 6 * * 0,7", &["22 06:00+01"]),
            ("0 6 L * *", &[]),
            // A day of the month or a day of the week.
            ("0 6 22 * MON", &["22 06:00+01", "23 06:00+01"]),
            ("30 0 6 * * MON", &["23 06:00+01"]),
            ("@daily", &["22 00:00+01", "23 00:00+01"]),
        ];
        for (text, all) in table {
            assert_eq!(times(text, "2026-11-21T22:00:00Z", "2026-11-23T20:00:00Z"), all, "{text}");
        }
        let leap = schedule("0 12 29 2 *").next_after("2096-03-01T00:00:00Z".parse().unwrap());
        assert_eq!(leap, Some("2104-02-29T11:00:00Z".parse().unwrap()));
    }

    #[test]
    fn says_what_is_wrong() {
        let table = [
            ("", "expected minute, hour"),
            ("6-20 * * *", "expected minute, hour"),
            ("60 * * * *", "expected minute, hour"),
            ("*/0 * * * *", "expected minute, hour"),
            ("* * * * MONDAY", "expected minute, hour"),
            ("0 0 6 * * MON 2027", "expected minute, hour"),
            ("0 6 30 2 *", "never occurs"),
            ("0 6 31 4,6,9,11 *", "never occurs"),
        ];
        for (text, says) in table {
            let error = Schedule::try_from(text.to_owned()).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_schedule_or_none(
            text in "[-0-9*/,LW#?+ ]{0,20}",
            fields in proptest::collection::vec(
                prop_oneof![
                    "[0-9]{1,2}(-[0-9]{1,2})?(/[0-9]{1,2})?",
                    "[0-9]{0,2}[LW#+][0-9]?|[*?]|[0-9]{3}|MON|JAN-DEC|SUN#L",
                ],
                4..8,
            ),
        ) {
            for text in [text, fields.join(" ")] {
                if let Ok(schedule) = Schedule::try_from(text.clone()) {
                    let from = "2026-11-22T06:00:00Z".parse().unwrap();
                    let next = schedule.next_after(from);
                    prop_assert!(next.is_some_and(|next| from < next), "{text}");
                }
            }
        }

        #[test]
        fn the_next_time_is_later_and_no_other_lies_between(
            seconds in 1_700_000_000_i64..2_000_000_000, nanos in 0..1_000_000_000_u32,
            minute in 0..60, hour in 0..24, step in 1..30,
        ) {
            let from = DateTime::from_timestamp(seconds, nanos).unwrap();
            for text in [format!("{minute} {hour} * * *"), format!("*/{step} {hour} * * *")] {
                let schedule = schedule(&text);
                let next = schedule.next_after(from).unwrap();
                prop_assert!(from < next && next - from <= TimeDelta::hours(25));
                let between = from + (next - from) / 2;
                prop_assert_eq!(schedule.next_after(between), Some(next));
                prop_assert!(schedule.next_after(next).unwrap() > next);
            }
        }
    }
}
