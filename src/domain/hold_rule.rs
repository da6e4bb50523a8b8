//! When an answer is looked at by an operator before anything is marked: always, when its request
//! came late, or when it is unlike what its municipality had before: a file that was cut off, or a
//! snapshot of agreements that was, shows itself so. Does no I/O.

use super::{Beloeb, Kommunekode};
use chrono::{DateTime, Utc};
use chrono_tz::Europe::Copenhagen;
use serde::Deserialize;
use std::num::NonZeroU32;

/// How large an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// How many transactions.
    pub antal: u32,
    /// Their sum.
    pub sum: Beloeb,
}

/// An answer to be judged.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The municipality it is for.
    pub kommune: Kommunekode,
    /// Its size.
    pub size: Size,
    /// By when its request should have come; `None` = it came in time.
    pub missed: Option<DateTime<Utc>>,
    /// The municipality's answers before it, newest first.
    pub recent: &'a [Size],
}

/// One rule of a route, as the configuration has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldRule {
    /// The municipalities it is for; empty = all.
    #[serde(default)]
    pub kommuner: Vec<Kommunekode>,
    /// Every answer is held.
    #[serde(default)]
    pub always: bool,
    /// Held when its request came after the time that the calendar gives it.
    #[serde(default)]
    pub late: bool,
    /// Held when count or sum is further than so many percent from the average of the recent
    /// answers.
    pub deviation_percent: Option<NonZeroU32>,
    /// Held when it has no transactions and none of the recent answers was so.
    #[serde(default)]
    pub empty: bool,
    /// How many of the municipality's latest answers are the recent ones.
    #[serde(default = "six")]
    pub recent: NonZeroU32,
}

/// The rules of a route; none = nothing is held.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct HoldRules(Vec<HoldRule>);

impl HoldRules {
    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many of a municipality's latest answers [`HoldRules::judge`] looks at, at most.
    pub fn recent(&self) -> u32 {
        self.0.iter().map(|rule| rule.recent.get()).max().unwrap_or(0)
    }

    /// Whether there is one that needs to know by when requests are due.
    pub fn need_cutoff(&self) -> bool {
        self.0.iter().any(|rule| rule.late)
    }

    /// The first rule's reason to hold an answer, if there is one.
    pub fn judge(&self, case: &Case<'_>) -> Option<String> {
        self.0.iter().find_map(|rule| rule.judge(case))
    }
}

/// Half a year of monthly payouts.
const fn six() -> NonZeroU32 {
    NonZeroU32::new(6).expect("not zero")
}

impl HoldRule {
    /// A municipality's first answer is like any.
    fn judge(&self, case: &Case<'_>) -> Option<String> {
        let Case { kommune, size, missed, recent } = *case;
        if !self.kommuner.is_empty() && !self.kommuner.contains(&kommune) {
            return None;
        }
        if self.always {
            return Some("every answer to this municipality is held".to_owned());
        }
        if let Some(due) = missed.filter(|_| self.late) {
            let due = due.with_timezone(&Copenhagen).format("%Y-%m-%d %H:%M");
            return Some(format!("it came after {due}, when requests for this payout were due"));
        }
        let wanted = usize::try_from(self.recent.get()).unwrap_or(usize::MAX);
        let recent = &recent[..recent.len().min(wanted)];
        if recent.is_empty() {
            return None;
        }
        if self.empty && size.antal == 0 && recent.iter().all(|earlier| earlier.antal > 0) {
            return Some(format!("it has no transactions; the last {} had", recent.len()));
        }
        let percent = self.deviation_percent?.get();
        let antal = |size: &Size| i128::from(size.antal);
        let sum = |size: &Size| i128::from(size.sum.oere());
        let count = i128::try_from(recent.len()).ok()?;
        let average_antal = recent.iter().map(antal).sum::<i128>() / count;
        let average_sum = recent.iter().map(sum).sum::<i128>() / count;
        let is_off =
            |now: i128, average: i128| (now - average).abs() * 100 > average * i128::from(percent);
        (is_off(antal(&size), average_antal) || is_off(sum(&size), average_sum)).then(|| {
            let average_sum = Beloeb::from_oere(i64::try_from(average_sum).unwrap_or(i64::MAX));
            format!(
                "{} transactions and {} kr., more than {percent} % off the {average_antal} and \
                 {average_sum} kr. that the last {count} had on average",
                size.antal, size.sum
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(antal: u32, kroner: i64) -> Size {
        Size { antal, sum: Beloeb::from_oere(kroner * 100) }
    }

    #[test]
    fn an_answer_is_held_as_its_rule_says() {
        let rule = |text: &str| toml::from_str::<HoldRule>(text).unwrap();
        let usual = [size(100, 1000), size(110, 1100), size(90, 900)];
        let cases = [
            ("always = true", size(100, 1000), &[][..], Some("every answer")),
            ("kommuner = [\"0147\"]\nalways = true", size(100, 1000), &[], None),
            ("kommuner = [\"0101\"]\nalways = true", size(100, 1000), &[], Some("every answer")),
            ("deviation_percent = 50", size(150, 1500), &usual, None),
            ("deviation_percent = 50", size(151, 1000), &usual, Some("more than 50 % off the 100")),
            (
                "deviation_percent = 50",
                size(100, 499),
                &usual,
                Some("1.000,00 kr. that the last 3"),
            ),
            ("deviation_percent = 50", size(7, 70), &[], None),
            ("deviation_percent = 10\nrecent = 1", size(109, 1090), &usual, None),
            ("deviation_percent = 10\nrecent = 1", size(111, 1000), &usual, Some("the last 1 had")),
            ("deviation_percent = 200", size(1, 1), &[size(0, 0)], Some("off the 0")),
            ("empty = true", size(0, 0), &usual, Some("it has no transactions; the last 3 had")),
            ("empty = true", size(0, 0), &[size(5, 50), size(0, 0)], None),
            ("empty = true", size(0, 0), &[], None),
            ("empty = true", size(1, 1), &usual, None),
        ];
        let kommune = Kommunekode::parse(b"0101").unwrap();
        for (text, size, recent, says) in cases {
            let why = rule(text).judge(&Case { kommune, size, missed: None, recent });
            match says {
                Some(says) => {
                    assert!(why.as_deref().unwrap_or("").contains(says), "{text}: {why:?}");
                }
                None => assert_eq!(why, None, "{text}"),
            }
        }
    }

    #[test]
    fn a_late_request_is_held_where_a_rule_says_so() {
        let rules = |text: &str| HoldRules(vec![toml::from_str(text).unwrap()]);
        let kommune = Kommunekode::parse(b"0101").unwrap();
        let missed = Some("2026-11-23T11:00:00Z".parse().unwrap());
        let late = Case { kommune, size: size(5, 50), missed, recent: &[] };
        let why = rules("late = true").judge(&late).unwrap();
        assert_eq!(why, "it came after 2026-11-23 12:00, when requests for this payout were due");
        for (text, case) in [
            ("late = true", Case { missed: None, ..late }),
            ("late = true\nkommuner = [\"0147\"]", late),
            ("empty = true", late),
        ] {
            assert_eq!(rules(text).judge(&case), None, "{text}");
        }
        assert!(rules("late = true").need_cutoff() && !rules("always = true").need_cutoff());
    }
}
