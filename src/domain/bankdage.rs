//! Danish banking days (bankdage), and deadlines counted in them.
//!
//! Source: the days on which Danish banks and their clearing are closed: Saturdays, Sundays, the
//! public holidays, and by the banks' own calendar the Friday after Ascension Day, 5 June, 24 and
//! 31 December.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Europe::Copenhagen;
use serde::Deserialize;

/// The last year in which Store Bededag was a public holiday.
const LAST_STORE_BEDEDAG: i32 = 2023;
/// Holidays by their distance from Easter Sunday, days: Maundy Thursday, Good Friday, Easter
/// Monday, Ascension Day and the Friday after it, Whit Monday.
const BY_EASTER: [i64; 6] = [-3, -2, 1, 39, 40, 50];
/// Store Bededag by its distance from Easter Sunday, days.
const STORE_BEDEDAG: i64 = 26;
/// Holidays by month and day.
const BY_DATE: [(u32, u32); 6] = [(1, 1), (6, 5), (12, 24), (12, 25), (12, 26), (12, 31)];

/// Whether Danish banks are open on this day.
pub fn is_bankdag(date: NaiveDate) -> bool {
    let weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
    !weekend && !BY_DATE.contains(&(date.month(), date.day())) && !is_by_easter(date)
}

fn is_by_easter(date: NaiveDate) -> bool {
    let Some(easter) = easter(date.year()) else { return false };
    let distance = date.signed_duration_since(easter).num_days();
    let store_bededag = distance == STORE_BEDEDAG && date.year() <= LAST_STORE_BEDEDAG;
    store_bededag || BY_EASTER.contains(&distance)
}

/// Easter Sunday of a year of the Gregorian calendar, by Butcher's algorithm (1876); the letters
/// are his.
#[expect(clippy::many_single_char_names, reason = "so that it can be held against its source")]
fn easter(year: i32) -> Option<NaiveDate> {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (b - (b + 8) / 25 + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let l = (32 + 2 * e + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(n / 31).ok()?, u32::try_from(n % 31 + 1).ok()?)
}

/// The banking day that is so many after a day, or before it where the number is negative; the day
/// itself does not count, and is the result for 0. Stops at the calendar's ends.
pub fn add_bankdage(date: NaiveDate, bankdage: i32) -> NaiveDate {
    let mut date = date;
    for _ in 0..bankdage.unsigned_abs() {
        loop {
            let next = if bankdage > 0 { date.succ_opt() } else { date.pred_opt() };
            let Some(next) = next else { return date };
            date = next;
            if is_bankdag(date) {
                break;
            }
        }
    }
    date
}

/// By when something that began is due: so many banking days later, at a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// How many banking days after the day it began; 0 = on that day, or on the next banking day
    /// where that day is none or the time has passed.
    pub bankdage: u16,
    /// Danish local time.
    pub at: NaiveTime,
}

impl Deadline {
    /// When what began at `from` is due.
    pub fn after(self, from: DateTime<Utc>) -> DateTime<Utc> {
        let begun = from.with_timezone(&Copenhagen);
        let day = begun.date_naive();
        let passed = !is_bankdag(day) || begun.time() > self.at;
        let due = match self.bankdage {
            0 if passed => add_bankdage(day, 1),
            bankdage => add_bankdage(day, bankdage.into()),
        };
        danish_time(due, self.at)
    }
}

/// A bound that lies so many banking days from a banking day, at a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cutoff {
    /// How many banking days after the day, or before it where negative; 0 = on the day itself.
    pub bankdage: i16,
    /// Danish local time.
    pub at: NaiveTime,
}

impl Cutoff {
    /// When the bound of this day is reached.
    pub fn of(self, day: NaiveDate) -> DateTime<Utc> {
        danish_time(add_bankdage(day, self.bankdage.into()), self.at)
    }
}

/// When it is this time of this day in Denmark. A time that spring skips has come when the clock
/// has gone on, an hour later; of one that autumn repeats the later one holds.
pub fn danish_time(day: NaiveDate, at: NaiveTime) -> DateTime<Utc> {
    let local = day.and_time(at);
    let skipped = local.checked_add_signed(TimeDelta::hours(1)).unwrap_or(local);
    let found = Copenhagen.from_local_datetime(&local).latest();
    let found = found.or_else(|| Copenhagen.from_local_datetime(&skipped).latest());
    found.map_or_else(|| local.and_utc(), |at| at.to_utc())
}

/// What day it is in Denmark.
pub fn danish_day(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&Copenhagen).date_naive()
}

/// The n-th banking day of the month this day lies in: counted from its start, or from its end
/// where negative. `None` for 0, and where the month has fewer.
pub fn nth_bankdag(month: NaiveDate, n: i8) -> Option<NaiveDate> {
    let first = month.with_day(1)?;
    let within = first.iter_days().take_while(|day| day.month() == first.month());
    let open: Vec<_> = within.filter(|day| is_bankdag(*day)).collect();
    let nth = usize::from(n.unsigned_abs()).checked_sub(1)?;
    let found = if n > 0 { open.get(nth) } else { open.iter().rev().nth(nth) };
    found.copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// Every day from Monday to Friday on which banks are closed.
    const CLOSED: [(i32, &[&str]); 6] = [
        (2022, &["04-14", "04-15", "04-18", "05-13", "05-26", "05-27", "06-06", "12-26"]),
        (
            2023,
            &[
                "04-06", "04-07", "04-10", "05-05", "05-18", "05-19", "05-29", "06-05", "12-25",
                "12-26",
            ],
        ),
        (
            2024,
            &[
                "01-01", "03-28", "03-29", "04-01", "05-09", "05-10", "05-20", "06-05", "12-24",
                "12-25", "12-26", "12-31",
            ],
        ),
        (
            2025,
            &[
                "01-01", "04-17", "04-18", "04-21", "05-29", "05-30", "06-05", "06-09", "12-24",
                "12-25", "12-26", "12-31",
            ],
        ),
        (
            2026,
            &[
                "01-01", "04-02", "04-03", "04-06", "05-14", "05-15", "05-25", "06-05", "12-24",
                "12-25", "12-31",
            ],
        ),
        (2027, &["01-01", "03-25", "03-26", "03-29", "05-06", "05-07", "05-17", "12-24", "12-31"]),
    ];

    #[test]
    fn banks_are_closed_on_these_days_and_no_others() {
        for (year, closed) in CLOSED {
            let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
            let weekdays = first.iter_days().take_while(|date| date.year() == year);
            let weekdays = weekdays.filter(|date| date.weekday().num_days_from_monday() < 5);
            let found: Vec<_> = weekdays
                .filter(|date| !is_bankdag(*date))
                .map(|date| date.format("%m-%d").to_string())
                .collect();
            assert_eq!(found, closed, "{year}");
        }
        assert!(!is_bankdag(day("2026-11-21")) && !is_bankdag(day("2026-11-22")), "a weekend");
    }

    #[test]
    fn easter_is_where_the_almanac_has_it() {
        let table = ["1961-04-02", "2000-04-23", "2008-03-23", "2019-04-21", "2038-04-25"];
        for sunday in table.map(day) {
            assert_eq!(easter(sunday.year()), Some(sunday));
        }
    }

    #[test]
    fn banking_days_are_counted_forwards_and_backwards() {
        let table = [
            ("2026-12-23", 1, "2026-12-28"),
            ("2026-12-30", 1, "2027-01-04"),
            ("2026-04-01", 1, "2026-04-07"),
            ("2026-04-04", 0, "2026-04-04"),
            ("2026-04-07", -1, "2026-04-01"),
            ("2027-01-04", -2, "2026-12-29"),
            ("2023-05-04", 1, "2023-05-08"),
            ("2024-04-25", 1, "2024-04-26"),
            ("2026-01-01", 250, "2026-12-30"),
        ];
        for (from, bankdage, to) in table {
            assert_eq!(add_bankdage(day(from), bankdage), day(to), "{from} {bankdage:+}");
        }
        assert_eq!(add_bankdage(NaiveDate::MAX, 1), NaiveDate::MAX);
        assert_eq!(add_bankdage(NaiveDate::MIN, -1), NaiveDate::MIN);
    }

    #[test]
    fn danish_time_is_right_where_the_clock_is_changed() {
        let table = [
            ("2026-03-28", "02:30", "2026-03-28T01:30:00Z"),
            // Spring skips 02:00 to 03:00.
            ("2026-03-29", "01:59", "2026-03-29T00:59:00Z"),
            ("2026-03-29", "02:00", "2026-03-29T01:00:00Z"),
            ("2026-03-29", "02:30", "2026-03-29T01:30:00Z"),
            ("2026-03-29", "03:00", "2026-03-29T01:00:00Z"),
            // Autumn has them twice.
            ("2026-10-25", "01:59", "2026-10-24T23:59:00Z"),
            ("2026-10-25", "02:00", "2026-10-25T01:00:00Z"),
            ("2026-10-25", "02:30", "2026-10-25T01:30:00Z"),
            ("2026-10-25", "03:00", "2026-10-25T02:00:00Z"),
        ];
        for (date, at, utc) in table {
            let time = NaiveTime::parse_from_str(at, "%H:%M").unwrap();
            let utc = utc.parse::<DateTime<Utc>>().unwrap();
            assert_eq!(danish_time(day(date), time), utc, "{date} {at}");
        }
    }

    #[test]
    fn a_deadline_is_a_danish_time_of_day_on_a_banking_day() {
        let table = [
            // Summer time and winter time.
            ("2026-06-29T10:00:00Z", 1, "12:00", "2026-06-30T10:00:00Z"),
            ("2026-11-20T15:00:00Z", 1, "12:00", "2026-11-23T11:00:00Z"),
            // The same day while there is time, otherwise the next banking day.
            ("2026-11-20T10:59:00Z", 0, "12:00", "2026-11-20T11:00:00Z"),
            ("2026-11-20T11:01:00Z", 0, "12:00", "2026-11-23T11:00:00Z"),
            ("2026-11-21T08:00:00Z", 0, "12:00", "2026-11-23T11:00:00Z"),
            // Just before and after midnight in Denmark.
            ("2026-11-22T22:59:59Z", 1, "08:00", "2026-11-23T07:00:00Z"),
            ("2026-11-22T23:00:00Z", 1, "08:00", "2026-11-24T07:00:00Z"),
            ("2026-12-30T12:00:00Z", 2, "16:00", "2027-01-05T15:00:00Z"),
        ];
        for (from, bankdage, at, due) in table {
            let at = NaiveTime::parse_from_str(at, "%H:%M").unwrap();
            let found = Deadline { bankdage, at }.after(from.parse().unwrap());
            assert_eq!(found, due.parse::<DateTime<Utc>>().unwrap(), "{from} {bankdage}");
        }
    }
}
