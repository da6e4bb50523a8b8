//! Udbetalingskalender: on which days citizens get their payout, by when a municipality's request
//! must have come before it, and by when its report after it. Reads no clock.

use super::Kommunekode;
use super::bankdage::{Cutoff, add_bankdage, danish_day, danish_time, is_bankdag, nth_bankdag};
use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, Utc};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt;

/// The payouts there are, and their cutoffs. Every dispositionsdato is a banking day.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Settings")]
pub struct Udbetalingskalender(Settings);

/// The calendar as the configuration has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Which banking day of every month is a dispositionsdato.
    bankdag: Option<BankdagOfMonth>,
    /// Further days that are.
    #[serde(default)]
    dispositionsdatoer: BTreeSet<NaiveDate>,
    /// Days that `bankdag` gives and that are none.
    #[serde(default)]
    except: BTreeSet<NaiveDate>,
    request_by: Option<Cutoff>,
    report_by: Option<Cutoff>,
    /// Empty = all.
    #[serde(default)]
    kommuner: BTreeSet<Kommunekode>,
}

/// The n-th banking day of a month, from its start or, where negative, from its end.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "i64")]
struct BankdagOfMonth(i8);

/// Every month has more banking days than that.
const MOST: i8 = 15;

/// A number that names no banking day of every month.
#[derive(Debug, thiserror::Error)]
#[error(
    "expected 1 to {MOST}, counted from the month's first banking day, or -1 to -{MOST}, from its \
     last"
)]
struct NoSuchBankdag;

impl TryFrom<i64> for BankdagOfMonth {
    type Error = NoSuchBankdag;

    fn try_from(n: i64) -> Result<Self, NoSuchBankdag> {
        let n = i8::try_from(n).map_err(|_| NoSuchBankdag)?;
        (n != 0 && n.unsigned_abs() <= MOST.unsigned_abs()).then_some(Self(n)).ok_or(NoSuchBankdag)
    }
}

/// Settings of a calendar that cannot hold together, all of them.
#[derive(Debug, PartialEq, Eq)]
pub struct KalenderError(Vec<String>);

impl fmt::Display for KalenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl std::error::Error for KalenderError {}

impl TryFrom<Settings> for Udbetalingskalender {
    type Error = KalenderError;

    fn try_from(settings: Settings) -> Result<Self, KalenderError> {
        let faults = settings.faults();
        if faults.is_empty() { Ok(Self(settings)) } else { Err(KalenderError(faults)) }
    }
}

impl Settings {
    /// The day that `bankdag` gives in the month of this day.
    fn by_rule(&self, month: NaiveDate) -> Option<NaiveDate> {
        nth_bankdag(month, self.bankdag?.0)
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.bankdag.is_none() && self.dispositionsdatoer.is_empty() {
            faults.push(
                "no payout at all: say `bankdag = -1` for the last banking day of every month, or \
                 list `dispositionsdatoer`"
                    .to_owned(),
            );
        }
        for date in self.dispositionsdatoer.iter().filter(|date| !is_bankdag(**date)) {
            let before = add_bankdage(*date, -1);
            faults.push(format!(
                "dispositionsdatoer: {date} is no banking day; the banking day before it is \
                 {before}"
            ));
        }
        for date in &self.except {
            match self.by_rule(*date) {
                None => faults.push(format!(
                    "except: there is no `bankdag` that {date} could be an exception of; remove it"
                )),
                Some(given) if given != *date => faults.push(format!(
                    "except: {date} is not the day that `bankdag` gives in that month; that is \
                     {given}"
                )),
                Some(_) if self.dispositionsdatoer.contains(date) => faults.push(format!(
                    "except: {date} is in `dispositionsdatoer`, too; remove it from one of them"
                )),
                Some(_) => {}
            }
        }
        if self.request_by.is_some_and(|cutoff| cutoff.bankdage > 0) {
            faults
                .push("request_by: a request precedes its payout; `bankdage` is 0 or less".into());
        }
        if self.report_by.is_some_and(|cutoff| cutoff.bankdage < 0) {
            faults.push("report_by: a report follows its payout; `bankdage` is 0 or more".into());
        }
        if let (Some(request), Some(report)) = (self.request_by, self.report_by)
            && request >= report
        {
            faults.push("request_by: it must lie before `report_by`".to_owned());
        }
        faults
    }
}

impl Udbetalingskalender {
    /// The payouts from one day to another, both included, in order.
    pub fn dispositionsdatoer(&self, from: NaiveDate, to: NaiveDate) -> Vec<NaiveDate> {
        self.payouts_from(from).take_while(|date| *date <= to).collect()
    }

    /// Whether there is a payout on this day.
    pub fn is_dispositionsdato(&self, date: NaiveDate) -> bool {
        let Self(settings) = self;
        let by_rule = settings.by_rule(date) == Some(date) && !settings.except.contains(&date);
        by_rule || settings.dispositionsdatoer.contains(&date)
    }

    /// Whether there is a bound for requests.
    pub const fn bounds_requests(&self) -> bool {
        self.0.request_by.is_some()
    }

    /// Up to when a municipality's request for this payout is in time; `None` = there is no bound.
    pub fn request_due(&self, dispositionsdato: NaiveDate) -> Option<DateTime<Utc>> {
        self.0.request_by.map(|cutoff| cutoff.of(dispositionsdato))
    }

    /// Up to when a municipality's report on this payout is in time; `None` = there is no bound.
    pub fn report_due(&self, dispositionsdato: NaiveDate) -> Option<DateTime<Utc>> {
        self.0.report_by.map(|cutoff| cutoff.of(dispositionsdato))
    }

    /// The payout to care for now: the earliest one whose reports may still come in time or, where
    /// they have no bound, whose day is not over. `None` = every payout there is lies behind.
    pub fn current(&self, now: DateTime<Utc>) -> Option<NaiveDate> {
        let today = danish_day(now);
        let back = self.0.report_by.map_or(0, |cutoff| i32::from(cutoff.bankdage));
        self.payouts_from(add_bankdage(today, -back - 1)).find(|date| now <= self.closes(*date))
    }

    /// The payout before this day, if there is one within a year.
    pub fn previous(&self, before: NaiveDate) -> Option<NaiveDate> {
        let from = before.checked_sub_months(Months::new(12))?;
        self.dispositionsdatoer(from, before.pred_opt()?).pop()
    }

    /// The payout after this day, if there is one within a year.
    pub fn next(&self, after: NaiveDate) -> Option<NaiveDate> {
        let to = after.checked_add_months(Months::new(12))?;
        self.payouts_from(after.succ_opt()?).next().filter(|date| *date <= to)
    }

    /// The municipalities that take part, in the order of their codes.
    pub fn kommuner(&self) -> impl Iterator<Item = Kommunekode> {
        Kommunekode::all().filter(|kommune| self.takes_part(*kommune))
    }

    /// Whether this municipality takes part.
    pub fn takes_part(&self, kommune: Kommunekode) -> bool {
        self.0.kommuner.is_empty() || self.0.kommuner.contains(&kommune)
    }

    /// When nothing more is expected of this payout.
    fn closes(&self, dispositionsdato: NaiveDate) -> DateTime<Utc> {
        self.report_due(dispositionsdato).unwrap_or_else(|| {
            let next = dispositionsdato.succ_opt().unwrap_or(dispositionsdato);
            danish_time(next, NaiveTime::MIN)
        })
    }

    /// The payouts from this day on, in order; without an end where there is a rule.
    fn payouts_from(&self, from: NaiveDate) -> impl Iterator<Item = NaiveDate> {
        let Self(settings) = self;
        let month = settings.bankdag.and_then(|_| from.with_day(1));
        let by_rule =
            std::iter::successors(month, |first| first.checked_add_months(Months::new(1)))
                .filter_map(|first| settings.by_rule(first))
                .filter(move |date| *date >= from && !settings.except.contains(date));
        let mut by_rule = by_rule.peekable();
        let mut listed = settings.dispositionsdatoer.range(from..).copied().peekable();
        std::iter::from_fn(move || {
            let next = match (by_rule.peek(), listed.peek()) {
                (Some(rule), Some(list)) => *rule.min(list),
                (rule, list) => *rule.or(list)?,
            };
            // A day may be given by both.
            by_rule.next_if_eq(&next);
            listed.next_if_eq(&next);
            Some(next)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Days;
    use proptest::collection;
    use proptest::prelude::*;

    fn kalender(text: &str) -> Udbetalingskalender {
        toml::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// First and last banking day of each month, by hand from the almanac and the banks' calendar.
    const YEARS: [(i32, [u32; 12], [u32; 12]); 7] = [
        (
            2022,
            [3, 1, 1, 1, 2, 1, 1, 1, 1, 3, 1, 1],
            [31, 28, 31, 29, 31, 30, 29, 31, 30, 31, 30, 30],
        ),
        (
            2023,
            [2, 1, 1, 3, 1, 1, 3, 1, 1, 2, 1, 1],
            [31, 28, 31, 28, 31, 30, 31, 31, 29, 31, 30, 29],
        ),
        // March ends in Easter; Easter Monday is 1 April.
        (
            2024,
            [2, 1, 1, 2, 1, 3, 1, 1, 2, 1, 1, 2],
            [31, 29, 27, 30, 31, 28, 31, 30, 30, 31, 29, 30],
        ),
        // Ascension Day is 29 May, banks are closed on the 30th.
        (
            2025,
            [2, 3, 3, 1, 1, 2, 1, 1, 1, 1, 3, 1],
            [31, 28, 31, 30, 28, 30, 31, 29, 30, 31, 28, 30],
        ),
        (
            2026,
            [2, 2, 2, 1, 1, 1, 1, 3, 1, 1, 2, 1],
            [30, 27, 31, 30, 29, 30, 31, 31, 30, 30, 30, 30],
        ),
        (
            2027,
            [4, 1, 1, 1, 3, 1, 1, 2, 1, 1, 1, 1],
            [29, 26, 31, 30, 31, 30, 30, 31, 30, 29, 30, 30],
        ),
        (
            2028,
            [3, 1, 1, 3, 1, 1, 3, 1, 1, 2, 1, 1],
            [31, 29, 31, 28, 31, 30, 31, 31, 29, 31, 30, 29],
        ),
    ];

    #[test]
    fn the_rule_gives_the_first_and_the_last_banking_day_of_each_month() {
        let rules = [kalender("bankdag = 1"), kalender("bankdag = -1")];
        for (year, firsts, lasts) in YEARS {
            let date = |month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
            let dates = |days: [u32; 12]| (1..).zip(days).map(|(m, d)| date(m, d)).collect();
            let whole: [Vec<_>; 2] = [dates(firsts), dates(lasts)];
            let found = rules.each_ref().map(|it| it.dispositionsdatoer(date(1, 1), date(12, 31)));
            assert_eq!(found, whole, "{year}");
        }
    }

    #[test]
    fn the_rule_counts_banking_days_from_either_end() {
        let table = [
            // 24, 25 and 31 December are none, 26 and 27 a weekend.
            (-5, "2026-12-01", "2026-12-22"),
            (-15, "2026-12-01", "2026-12-08"),
            // Easter: 2, 3 and 6 April are none.
            (2, "2026-04-01", "2026-04-07"),
            (15, "2026-04-01", "2026-04-24"),
            (15, "2026-02-28", "2026-02-20"),
        ];
        for (n, month, date) in table {
            let found = kalender(&format!("bankdag = {n}"));
            let first = day(month).with_day(1).unwrap();
            let next = first + Months::new(1);
            assert_eq!(found.dispositionsdatoer(first, next)[0], day(date), "{n} {month}");
        }
    }

    #[test]
    fn days_are_added_to_the_rule_and_taken_from_it() {
        let found = kalender(
            "bankdag = -1\nexcept = [\"2026-12-30\"]\n\
             dispositionsdatoer = [\"2026-12-15\", \"2027-01-29\", \"2026-12-15\"]",
        );
        let dates = found.dispositionsdatoer(day("2026-11-30"), day("2027-02-25"));
        assert_eq!(dates, ["2026-11-30", "2026-12-15", "2027-01-29"].map(day));
        for date in ["2026-12-15", "2027-01-29", "2027-02-26"] {
            assert!(found.is_dispositionsdato(day(date)), "{date}");
        }
        for date in ["2026-12-30", "2026-12-14", "2027-01-28"] {
            assert!(!found.is_dispositionsdato(day(date)), "{date}");
        }
        let listed = kalender("dispositionsdatoer = [\"2026-12-15\"]");
        assert_eq!(listed.dispositionsdatoer(NaiveDate::MIN, NaiveDate::MAX), [day("2026-12-15")]);
        assert_eq!(listed.dispositionsdatoer(day("2026-12-16"), NaiveDate::MAX), []);
        assert_eq!(listed.previous(day("2026-12-15")), None);
        assert_eq!(found.previous(day("2026-12-15")), Some(day("2026-11-30")));
        assert_eq!(found.next(day("2026-11-30")), Some(day("2026-12-15")));
        assert_eq!(found.next(day("2026-12-15")), Some(day("2027-01-29")));
        assert_eq!(listed.next(day("2026-12-15")), None);
        assert_eq!(listed.next(day("2025-12-14")), None, "that is further away than a year");
    }

    const CUTOFFS: &str = "bankdag = -1\nrequest_by = { bankdage = -5, at = \"12:00\" }\n\
                           report_by = { bankdage = 5, at = \"16:00\" }";

    #[test]
    fn cutoffs_are_danish_times_on_banking_days() {
        let table = [
            ("2026-11-30", "2026-11-23T11:00:00Z", "2026-12-07T15:00:00Z"),
            ("2026-12-30", "2026-12-21T11:00:00Z", "2027-01-08T15:00:00Z"),
            // Winter time before, summer time after; Easter in between.
            ("2026-03-31", "2026-03-24T11:00:00Z", "2026-04-10T14:00:00Z"),
            // Summer time before, winter time after.
            ("2026-10-30", "2026-10-23T10:00:00Z", "2026-11-06T15:00:00Z"),
        ];
        let found = kalender(CUTOFFS);
        for (date, request, report) in table {
            assert_eq!(found.request_due(day(date)), Some(moment(request)), "{date}");
            assert_eq!(found.report_due(day(date)), Some(moment(report)), "{date}");
        }
        let unbound = kalender("bankdag = -1");
        assert_eq!(unbound.request_due(day("2026-11-30")), None);
        assert_eq!(unbound.report_due(day("2026-11-30")), None);
    }

    #[test]
    fn the_current_payout_is_the_one_whose_reports_may_still_come() {
        let listed = "dispositionsdatoer = [\"2026-03-27\", \"2026-10-23\"]";
        let table = [
            (CUTOFFS, "2026-11-22T06:00:00Z", Some("2026-11-30")),
            (CUTOFFS, "2026-12-07T15:00:00Z", Some("2026-11-30")),
            (CUTOFFS, "2026-12-07T15:00:01Z", Some("2026-12-30")),
            (CUTOFFS, "2027-01-08T14:00:00Z", Some("2026-12-30")),
            // Without a bound, to the end of the Danish day.
            ("bankdag = -1", "2026-11-30T22:59:59Z", Some("2026-11-30")),
            ("bankdag = -1", "2026-11-30T23:00:01Z", Some("2026-12-30")),
            ("bankdag = -1", "2026-06-30T21:59:59Z", Some("2026-06-30")),
            ("bankdag = -1", "2026-06-30T22:00:01Z", Some("2026-07-31")),
            // The Fridays before the clock is changed.
            (listed, "2026-01-01T00:00:00Z", Some("2026-03-27")),
            (listed, "2026-03-27T22:59:59Z", Some("2026-03-27")),
            (listed, "2026-10-23T21:59:59Z", Some("2026-10-23")),
            (listed, "2026-10-23T22:00:01Z", None),
        ];
        for (text, now, date) in table {
            assert_eq!(kalender(text).current(moment(now)), date.map(day), "{now}: {text}");
        }
    }

    #[test]
    fn all_municipalities_take_part_or_those_that_are_listed() {
        let kommuner =
            |text: &str| kalender(text).kommuner().map(|it| it.to_string()).collect::<Vec<_>>();
        assert_eq!(kommuner("bankdag = -1").len(), 98);
        let some = "bankdag = -1\nkommuner = [\"0147\", \"0101\", \"0147\"]";
        assert_eq!(kommuner(some), ["0101", "0147"]);
    }

    #[test]
    fn says_what_is_wrong_and_what_to_do() {
        let table = [
            ("bankdag = 0", "expected 1 to 15"),
            ("bankdag = 16", "expected 1 to 15"),
            ("bankdag = -16", "-1 to -15"),
            ("bankdag = 1000", "expected 1 to 15"),
            ("", "no payout at all: say `bankdag = -1`"),
            ("kommuner = [\"0411\"]\nbankdag = 1", "one of the 98 municipalities"),
            ("dispositionsdatoer = [\"2026-02-30\"]", "out of range"),
            (
                "dispositionsdatoer = [\"2026-11-30\", \"2026-12-25\"]",
                "2026-12-25 is no banking day; the banking day before it is 2026-12-23",
            ),
            (
                "dispositionsdatoer = [\"2026-11-30\"]\nexcept = [\"2026-12-30\"]",
                "there is no `bankdag` that 2026-12-30 could be an exception of",
            ),
            (
                "bankdag = -1\nexcept = [\"2026-12-31\"]",
                "2026-12-31 is not the day that `bankdag` gives in that month; that is 2026-12-30",
            ),
            (
                "bankdag = -1\nexcept = [\"2026-12-30\"]\ndispositionsdatoer = [\"2026-12-30\"]",
                "2026-12-30 is in `dispositionsdatoer`, too",
            ),
            (
                "bankdag = -1\nrequest_by = { bankdage = 1, at = \"12:00\" }",
                "a request precedes its payout",
            ),
            (
                "bankdag = -1\nreport_by = { bankdage = -1, at = \"12:00\" }",
                "a report follows its payout",
            ),
            (
                "bankdag = -1\nrequest_by = { bankdage = 0, at = \"12:00\" }\n\
                 report_by = { bankdage = 0, at = \"12:00\" }",
                "it must lie before `report_by`",
            ),
            ("bankdag = -1\nrequest_by = { bankdage = -5, at = \"24:00\" }", "out of range"),
            ("bankdag = -1\nreports_by = 1", "unknown field `reports_by`"),
        ];
        for (text, says) in table {
            let error = toml::from_str::<Udbetalingskalender>(text).unwrap_err().to_string();
            assert!(error.contains(says), "{says:?} is not in: {error}");
        }
        let both = "dispositionsdatoer = [\"2026-12-25\"]\nexcept = [\"2026-12-30\"]";
        let error = toml::from_str::<Udbetalingskalender>(both).unwrap_err().to_string();
        assert!(error.contains("2026-12-25") && error.contains("2026-12-30"), "{error}");
    }

    prop_compose! {
        fn any_day()(days in 0..40_000_i64) -> NaiveDate {
            day("1990-01-01") + chrono::TimeDelta::days(days)
        }
    }

    proptest! {
        #[test]
        fn every_month_has_its_payout_on_a_banking_day(
            from in any_day(), n in prop_oneof![-MOST..=-1, 1..=MOST],
        ) {
            let found = kalender(&format!("bankdag = {n}"));
            let first = from.with_day(1).unwrap();
            let dates = found.dispositionsdatoer(first, first + Months::new(12) - Days::new(1));
            prop_assert_eq!(dates.len(), 12);
            for (date, month) in dates.iter().zip(0..) {
                prop_assert!(is_bankdag(*date) && found.is_dispositionsdato(*date));
                prop_assert_eq!(date.with_day(1).unwrap(), first + Months::new(month));
                // So many banking days lie between it and the month's end it is counted from.
                let end = if n > 0 { first + Months::new(month) - Days::new(1) }
                    else { first + Months::new(month + 1) };
                prop_assert_eq!(add_bankdage(end, n.into()), *date);
            }
        }

        #[test]
        fn the_current_payout_is_the_first_that_is_not_over(
            today in any_day(), hour in 0..24_u32, request in -15..=0_i16, report in 0..=15_i16,
            has_report in any::<bool>(),
        ) {
            let report = format!("\nreport_by = {{ bankdage = {report}, at = \"23:00\" }}");
            let text = format!(
                "bankdag = 3\nrequest_by = {{ bankdage = {request}, at = \"08:00\" }}{}",
                if has_report { &report } else { "" }
            );
            let found = kalender(&text);
            let now = today.and_hms_opt(hour, 0, 0).unwrap().and_utc();
            let current = found.current(now).unwrap();
            let dates = found.dispositionsdatoer(today - Days::new(100), today + Days::new(100));
            let is_over = |date: &&NaiveDate| found.closes(**date) < now;
            prop_assert_eq!(Some(&current), dates.iter().find(|date| !is_over(date)));
            prop_assert!(found.request_due(current).unwrap() < found.closes(current));
            prop_assert_eq!(
                found.previous(current),
                dates.iter().rev().find(|date| **date < current).copied()
            );
        }

        #[test]
        fn a_day_is_a_payout_or_is_not_whoever_asks(
            from in any_day(), length in 0..200_u64, offsets in collection::vec(0..250_u64, 0..9),
        ) {
            let days = offsets.iter().map(|offset| from + Days::new(*offset));
            let listed: Vec<_> =
                days.filter(|date| is_bankdag(*date)).map(|date| date.to_string()).collect();
            let found = kalender(&format!("bankdag = -1\ndispositionsdatoer = {listed:?}"));
            let to = from + Days::new(length);
            let dates = found.dispositionsdatoer(from, to);
            let within = from.iter_days().take_while(|date| *date <= to);
            let each: Vec<_> = within.filter(|date| found.is_dispositionsdato(*date)).collect();
            prop_assert_eq!(dates, each);
        }
    }
}
