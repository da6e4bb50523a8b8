//! Routes: which files come from where, what is done with them, and where the answers go.

use super::{
    FORESPOERGSEL_ID, KVITTERING_ID, NameTemplate, OVERFOERSEL_ID, Schedule, UDBETALING_ID,
};
use crate::domain::debitor::Overfoerselstype;
use crate::domain::hold_rule::HoldRules;
use crate::domain::{Deadline, Kommunekode, Rettelse, Udbetalingskalender};
use crate::endpoint::plain::Plain;
use crate::endpoint::serviceplatformen::{Receiving, Sending, Way};
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::num::NonZeroU32;

/// Where one flow's files come from and go to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// What is done with the files.
    pub flow: FlowName,
    /// When the inbox is looked into; `None` = all the time.
    pub schedule: Option<Schedule>,
    /// Where they come from.
    pub inbox: Inbox,
    /// Where the answers go; of reports, what their senders are told of refused records.
    pub outbox: Outbox,
    /// When an answer is held for an operator before anything is marked.
    #[serde(default, rename = "hold")]
    pub hold_rules: HoldRules,
    /// What becomes of a report of which some records are bad.
    #[serde(default)]
    pub accept: Accept,
    /// What a report's amounts do to what earlier ones said of the same expectation.
    #[serde(default)]
    pub rettelse: Rettelse,
    /// When transfers are cut.
    overfoersel: Option<Cutting>,
    /// For which municipalities transfers are taken in; empty = for any.
    #[serde(default)]
    pub kommuner: BTreeSet<Kommunekode>,
}

impl Route {
    /// How it is called in logs: `sf2530 ky:til-udk`.
    pub fn title(&self) -> String {
        format!("{} {}:{}", self.flow.as_str(), self.inbox.endpoint, self.inbox.directory)
    }

    /// What in it does not agree with its flow or the calendar; each begins with its setting.
    pub(super) fn contradictions(&self, kalender: Option<&Udbetalingskalender>) -> Vec<String> {
        let mut faults = Vec::new();
        let (flow, id) = (self.flow.as_str(), self.flow.id());
        if self.outbox.name.id() != Some(id) {
            faults.push(format!(".outbox.name: {flow} needs {{{id}}} in it"));
        }
        let of_reports = (self.accept, self.rettelse) != (Accept::File, Rettelse::Erstatter);
        if self.flow != FlowName::Sf2520 && of_reports {
            faults.push(": accept and rettelse are for sf2520".to_owned());
        }
        let cutoff = kalender.is_some_and(Udbetalingskalender::bounds_requests);
        if self.hold_rules.need_cutoff() && !cutoff {
            faults.push(".hold: late needs [payouts] with `request_by`".to_owned());
        }
        if self.flow != FlowName::Sf2530 && !self.hold_rules.is_empty() {
            faults.push(".hold: these rules are for sf2530".to_owned());
        }
        if self.flow != FlowName::Sf1590Fagsystem && self.overfoersel.is_some() {
            faults.push(".overfoersel: it is for sf1590-fagsystem".to_owned());
        }
        if self.flow != FlowName::Sf1590Debitorsystem && !self.kommuner.is_empty() {
            faults.push(".kommuner: it is for sf1590-debitorsystem".to_owned());
        }
        faults
    }

    /// When transfers are cut, and by when they must be answered.
    pub fn cutting(&self) -> Cutting {
        self.overfoersel.clone().unwrap_or_default()
    }

    /// How files get to where they go.
    pub fn overfoerselstype(&self) -> Overfoerselstype {
        match self.outbox.serviceplatformen.as_ref().map(|sending| sending.way) {
            None => Overfoerselstype::Plain,
            Some(Way::Simpel) => Overfoerselstype::Simpel,
            Some(Way::Dynamisk) => Overfoerselstype::Dynamisk,
            Some(Way::Styret) => Overfoerselstype::Styret,
        }
    }
}

/// When the registrations that wait for one municipality are cut into a transfer, and by when it
/// must be answered.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cutting {
    /// Most registrations in one; so many never wait.
    pub registreringer: NonZeroU32,
    /// Largest file, bytes; one that is full leaves at once. A registration that is larger leaves
    /// alone.
    pub bytes: u64,
    /// For how long the first of fewer waits for others, minutes; `None` = until the schedule says
    /// so, or not at all where there is none.
    pub age_minutes: Option<u32>,
    /// When all that wait leave.
    pub schedule: Option<Schedule>,
    /// By when the kvittering is due, counted from when the transfer was delivered.
    pub kvittering: Deadline,
}

impl Default for Cutting {
    fn default() -> Self {
        let at = NaiveTime::from_hms_opt(12, 0, 0).unwrap_or(NaiveTime::MIN);
        Self {
            registreringer: const { NonZeroU32::new(10_000).expect("not zero") },
            bytes: 64 << 20,
            age_minutes: None,
            schedule: None,
            kvittering: Deadline { bankdage: 1, at },
        }
    }
}

impl Cutting {
    /// Whether what waits since then leaves now, however little it is.
    pub fn is_due(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let by_age = match (self.age_minutes, &self.schedule) {
            (Some(minutes), _) => now - since >= TimeDelta::minutes(minutes.into()),
            (None, Some(_)) => false,
            (None, None) => true,
        };
        let next = self.schedule.as_ref().and_then(|schedule| schedule.next_after(since));
        by_age || next.is_some_and(|next| next <= now)
    }
}

/// What becomes of a report of which some records are bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Accept {
    /// It is rejected, whole.
    #[default]
    File,
    /// Its good records are applied, and its sender is told of the others. What is wrong with the
    /// file itself still rejects it.
    Records,
}

/// The flows there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[value(rename_all = "kebab-case")]
pub enum FlowName {
    /// Requests before a payout, answered.
    Sf2530,
    /// Reports after a payout; they settle what was expected.
    Sf2520,
    /// The fagsystem's end of bulk transfers: registrations leave, kvitteringer come.
    Sf1590Fagsystem,
    /// The debitorsystem's end: transfers come, and are entered and answered.
    Sf1590Debitorsystem,
}

impl FlowName {
    /// Every one there is.
    pub const ALL: [Self; 4] =
        [Self::Sf2530, Self::Sf2520, Self::Sf1590Fagsystem, Self::Sf1590Debitorsystem];

    /// The name used in the store, in logs and by operators.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sf2530 => "sf2530",
            Self::Sf2520 => "sf2520",
            Self::Sf1590Fagsystem => "sf1590-fagsystem",
            Self::Sf1590Debitorsystem => "sf1590-debitorsystem",
        }
    }

    /// What names the files that it sends.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Sf2530 => FORESPOERGSEL_ID,
            Self::Sf2520 => UDBETALING_ID,
            Self::Sf1590Fagsystem => OVERFOERSEL_ID,
            Self::Sf1590Debitorsystem => KVITTERING_ID,
        }
    }
}

/// A directory that files come from.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "RawInbox")]
pub struct Inbox {
    /// Which endpoint.
    pub endpoint: String,
    /// Which directory there.
    pub directory: String,
    /// How often the directory is listed although nothing was noticed, seconds.
    pub poll_seconds: u64,
    /// When files are complete, and what becomes of them: the convention `plain`, or what
    /// `serviceplatformen` comes to in its terms.
    pub plain: Plain,
    /// Who may send what to whom, by the convention `serviceplatformen`.
    pub serviceplatformen: Option<Receiving>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawInbox {
    endpoint: String,
    directory: String,
    #[serde(default = "poll_seconds")]
    poll_seconds: u64,
    plain: Option<Plain>,
    serviceplatformen: Option<Receiving>,
}

impl TryFrom<RawInbox> for Inbox {
    type Error = &'static str;

    fn try_from(raw: RawInbox) -> Result<Self, Self::Error> {
        let plain = match (raw.plain, &raw.serviceplatformen) {
            (Some(plain), None) => plain,
            (None, Some(receiving)) => receiving.as_plain(),
            _ => {
                return Err("expected either [route.inbox.plain] or \
                            [route.inbox.serviceplatformen]");
            }
        };
        Ok(Self {
            endpoint: raw.endpoint,
            directory: raw.directory,
            poll_seconds: raw.poll_seconds,
            plain,
            serviceplatformen: raw.serviceplatformen,
        })
    }
}

const fn poll_seconds() -> u64 {
    30
}

/// A directory that answers go to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outbox {
    /// Which endpoint.
    pub endpoint: String,
    /// Which directory there.
    pub directory: String,
    /// How an answer is named.
    pub name: NameTemplate,
    /// How answers are sent on, by the convention `serviceplatformen`; `None` = an answer is done
    /// when it stands there.
    pub serviceplatformen: Option<Sending>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_leaves_by_age_or_by_schedule() {
        let at = |text: &str| -> DateTime<Utc> { text.parse().unwrap() };
        let cutting = |age_minutes, schedule: Option<&str>| Cutting {
            age_minutes,
            schedule: schedule.map(|text| text.to_owned().try_into().unwrap()),
            ..Cutting::default()
        };
        let since = at("2026-12-01T10:00:00Z");
        let table = [
            // Nothing is said: at once.
            (cutting(None, None), "2026-12-01T10:00:00Z", true),
            (cutting(Some(30), None), "2026-12-01T10:29:59Z", false),
            (cutting(Some(30), None), "2026-12-01T10:30:00Z", true),
            // 18:00 in Denmark.
            (cutting(None, Some("0 18 * * *")), "2026-12-01T16:59:59Z", false),
            (cutting(None, Some("0 18 * * *")), "2026-12-01T17:00:00Z", true),
            (cutting(Some(600), Some("0 18 * * *")), "2026-12-01T17:00:00Z", true),
            (cutting(Some(60), Some("0 18 * * *")), "2026-12-01T11:00:00Z", true),
            // Nobody ran at six: it is made up for.
            (cutting(None, Some("0 18 * * *")), "2026-12-03T08:00:00Z", true),
        ];
        for (cutting, now, due) in table {
            assert_eq!(cutting.is_due(since, at(now)), due, "{cutting:?} {now}");
        }
    }
}
