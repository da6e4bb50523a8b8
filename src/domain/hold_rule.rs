//! When an answer is looked at by an operator before anything is marked: always, or when it is
//! unlike what its municipality had before. A file that was cut off, or a snapshot of agreements
//! that was, shows itself so. Does no I/O.

use super::{Beloeb, Kommunekode};
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

    /// The first rule's reason to hold an answer of this size, if there is one; `recent` are the
    /// municipality's answers before it, newest first.
    pub fn judge(&self, kommune: Kommunekode, size: Size, recent: &[Size]) -> Option<String> {
        self.0.iter().find_map(|rule| rule.judge(kommune, size, recent))
    }
}

/// Half a year of monthly payouts.
const fn six() -> NonZeroU32 {
    NonZeroU32::new(6).expect("not zero")
}

impl HoldRule {
    /// A municipality's first answer is like any.
    fn judge(&self, kommune: Kommunekode, size: Size, recent: &[Size]) -> Option<String> {
        if !self.kommuner.is_empty() && !self.kommuner.contains(&kommune) {
            return None;
        }
        if self.always {
            return Some("every answer to this municipality is held".to_owned());
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
            let why = rule(text).judge(kommune, size, recent);
            match says {
                Some(says) => {
                    assert!(why.as_deref().unwrap_or("").contains(says), "{text}: {why:?}");
                }
                None => assert_eq!(why, None, "{text}"),
            }
        }
    }
}
