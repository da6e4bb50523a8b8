//! Tavle: where every municipality stands in one payout, and what is wrong. Judged from what is
//! known of it; reads no clock.

use super::{Afstemning, ForespoergselId, Tal, Udfald};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Where one municipality stands in one payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Its latest file was refused, and nothing better has come since.
    Rejected,
    /// Its latest file waits for an operator, and nothing better has come since.
    Held,
    /// It was answered, but the answer cannot be delivered.
    Undelivered,
    /// It was answered more than once: its expectations are doubled.
    Duplicate,
    /// Its reports have not come by their time, or not for all expectations.
    Missing,
    /// No request has come by its time.
    Late,
    /// No request has come; there is time.
    Awaiting,
    /// Its request is applied, the answer is on its way.
    Received,
    /// The answer is delivered; nothing was reported yet.
    Answered,
    /// The answer is delivered and has no transactions: nothing is expected.
    Empty,
    /// Something was reported; expectations are open, or what came is not what was asked for.
    Reported,
    /// Every expectation has a report.
    Settled,
}

impl Standing {
    /// Every one, the worst first, then in the order of a payout.
    pub const ALL: [Self; 12] = [
        Self::Rejected,
        Self::Held,
        Self::Undelivered,
        Self::Duplicate,
        Self::Missing,
        Self::Late,
        Self::Awaiting,
        Self::Received,
        Self::Answered,
        Self::Empty,
        Self::Reported,
        Self::Settled,
    ];

    /// The word for people and machines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Held => "held",
            Self::Undelivered => "undelivered",
            Self::Duplicate => "duplicate",
            Self::Missing => "missing",
            Self::Late => "late",
            Self::Awaiting => "awaiting",
            Self::Received => "received",
            Self::Answered => "answered",
            Self::Empty => "empty",
            Self::Reported => "reported",
            Self::Settled => "settled",
        }
    }

    /// Whether somebody must act.
    pub const fn is_problem(self) -> bool {
        match self {
            Self::Rejected
            | Self::Held
            | Self::Undelivered
            | Self::Duplicate
            | Self::Missing
            | Self::Late => true,
            Self::Awaiting
            | Self::Received
            | Self::Answered
            | Self::Empty
            | Self::Reported
            | Self::Settled => false,
        }
    }
}

/// By when files of a payout must have come; `None` = there is no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The requests.
    pub request_due: Option<DateTime<Utc>>,
    /// The reports.
    pub report_due: Option<DateTime<Utc>>,
}

/// What is known of one municipality's part in one payout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Its requests that were applied, oldest first.
    pub requests: Vec<Asked>,
    /// Its files that stand rejected or held, oldest first.
    pub stopped: Vec<Stopped>,
    /// When its newest report that was applied had come.
    pub reported_at: Option<DateTime<Utc>>,
    /// How many records of its reports were refused.
    pub afvist: u64,
    /// What was expected held against what came.
    pub afstemning: Afstemning,
}

/// A request that was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Which.
    pub forespoergsel_id: ForespoergselId,
    /// When it had come.
    pub at: DateTime<Utc>,
    /// The transfer of its answer.
    pub answer: Uuid,
    /// What has become of that.
    pub delivery: Delivery,
}

/// What has become of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It is on its way.
    UnderWay,
    /// It is where it belongs.
    Delivered,
    /// It cannot be delivered, waits for an operator, or was refused.
    Stuck,
    /// An operator has decided that it never leaves.
    Cancelled,
}

/// A file that stands rejected or held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Its transfer.
    pub transfer: Uuid,
    /// When it had come.
    pub at: DateTime<Utc>,
    /// A report on the payout; otherwise a request.
    pub is_report: bool,
    /// It waits for an operator; otherwise it is rejected.
    pub is_held: bool,
}

/// One thing to say of a municipality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A file stands rejected or held, and nothing better has come since.
    Stopped(Stopped),
    /// The answer to this request cannot be delivered.
    Undelivered(Asked),
    /// So many requests were answered; each has marked its expectations.
    Duplicate(usize),
    /// The time for reports is over, and nothing was reported about so many expectations.
    Missing(Tal),
    /// The time for requests is over, and none has come.
    NoRequest,
    /// Its first request came after its time.
    CameLate(DateTime<Utc>),
    /// The answers to so many requests were cancelled.
    Cancelled(usize),
    /// So many records of its reports were refused.
    RecordsRefused(u64),
    /// Reports spoke of so many agreements that nobody had asked about.
    Unexpected(Tal),
    /// For so many expectations more was withheld than was asked for; by so much.
    TooMuch(Tal),
    /// What was withheld for so many expectations was taken back.
    TakenBack(Tal),
    /// For so many expectations less was withheld than was asked for, or nothing, as reported; by
    /// so much.
    TooLittle(Tal),
}

impl Finding {
    /// The standing that this makes, where somebody must act on it.
    const fn problem(&self) -> Option<Standing> {
        match self {
            Self::Stopped(Stopped { is_held: true, .. }) => Some(Standing::Held),
            Self::Stopped(_) => Some(Standing::Rejected),
            Self::Undelivered(_) => Some(Standing::Undelivered),
            Self::Duplicate(_) => Some(Standing::Duplicate),
            Self::Missing(_) => Some(Standing::Missing),
            Self::NoRequest => Some(Standing::Late),
            Self::CameLate(_)
            | Self::Cancelled(_)
            | Self::RecordsRefused(_)
            | Self::Unexpected(_)
            | Self::TooMuch(_)
            | Self::TakenBack(_)
            | Self::TooLittle(_) => None,
        }
    }

    /// Whether somebody must act on it.
    pub const fn is_problem(&self) -> bool {
        self.problem().is_some()
    }
}

/// Where a municipality stands, and what there is to say of it, problems first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Where it stands: its worst problem, if it has one.
    pub standing: Standing,
    /// What there is to say.
    pub findings: Vec<Finding>,
}

impl Facts {
    /// Where the municipality stands at this moment.
    pub fn judge(&self, bounds: Bounds, now: DateTime<Utc>) -> Judgement {
        let mut findings = self.problems(bounds, now);
        findings.extend(self.notes(bounds));
        let standing = findings.first().and_then(Finding::problem);
        let standing = standing.unwrap_or_else(|| self.progress(&findings));
        Judgement { standing, findings }
    }

    /// How many expectations nothing was reported about, and their amounts.
    pub fn open(&self) -> Tal {
        let open = [Udfald::Aaben, Udfald::Udeblevet].map(|udfald| self.afstemning.post(udfald));
        let sum = |sum: Tal, antal, beloeb| sum + Tal { antal, beloeb };
        open.iter().fold(Tal::default(), |all, post| sum(all, post.antal, post.forventet))
    }

    /// The worst first.
    fn problems(&self, bounds: Bounds, now: DateTime<Utc>) -> Vec<Finding> {
        let is_over = |due: Option<DateTime<Utc>>| due.is_some_and(|due| due < now);
        let asked: Vec<_> = self.asked().collect();
        let request = self.stopped_since(false, asked.last().map(|request| request.at));
        let report = self.stopped_since(true, self.reported_at);
        let stuck = asked.iter().filter(|request| request.delivery == Delivery::Stuck);
        let has_stayed_out = self.afstemning.post(Udfald::Udeblevet).antal > 0;
        let mut findings: Vec<_> = request.map(Finding::Stopped).into_iter().collect();
        findings.extend(stuck.map(|request| Finding::Undelivered(**request)));
        findings.extend((asked.len() > 1).then_some(Finding::Duplicate(asked.len())));
        findings.extend(report.map(Finding::Stopped));
        if self.open().antal > 0 && (has_stayed_out || is_over(bounds.report_due)) {
            findings.push(Finding::Missing(self.open()));
        }
        if asked.is_empty() && request.is_none() && is_over(bounds.request_due) {
            findings.push(Finding::NoRequest);
        }
        findings
    }

    fn notes(&self, bounds: Bounds) -> Vec<Finding> {
        let first = self.asked().next().map(|request| request.at);
        let late = first.filter(|at| bounds.request_due.is_some_and(|due| due < *at));
        let cancelled = self.requests.len() - self.asked().count();
        let some = |tal: Tal| (tal.antal > 0).then_some(tal);
        let of = |udfald: &[Udfald]| {
            let posts = udfald.iter().map(|udfald| self.afstemning.post(*udfald));
            some(posts.fold(Tal::default(), |sum, post| {
                sum + Tal { antal: post.antal, beloeb: post.afvigelse() }
            }))
        };
        let notes = [
            late.map(Finding::CameLate),
            (cancelled > 0).then_some(Finding::Cancelled(cancelled)),
            (self.afvist > 0).then_some(Finding::RecordsRefused(self.afvist)),
            some(self.afstemning.uventet).map(Finding::Unexpected),
            of(&[Udfald::Over]).map(Finding::TooMuch),
            of(&[Udfald::Tilbagefoert]).map(Finding::TakenBack),
            of(&[Udfald::Delvis, Udfald::Ingen]).map(Finding::TooLittle),
        ];
        notes.into_iter().flatten().collect()
    }

    /// How far it has come, where nothing is wrong.
    fn progress(&self, notes: &[Finding]) -> Standing {
        let has_report = self.reported_at.is_some() || self.afstemning.modtaget().antal > 0;
        // Less than was asked for is the business of a payout that was too small.
        let deviates = notes.iter().any(|note| {
            matches!(note, Finding::Unexpected(_) | Finding::TooMuch(_) | Finding::TakenBack(_))
        });
        if self.asked().next().is_none() {
            return Standing::Awaiting;
        }
        if self.asked().any(|request| request.delivery == Delivery::UnderWay) {
            return Standing::Received;
        }
        match (has_report, self.open().antal) {
            (true, 1..) => Standing::Reported,
            (true, 0) if deviates => Standing::Reported,
            _ if self.afstemning.forventet().antal == 0 => Standing::Empty,
            (true, 0) => Standing::Settled,
            (false, _) => Standing::Answered,
        }
    }

    /// The requests whose answer is to be had, or will be.
    fn asked(&self) -> impl Iterator<Item = &Asked> {
        self.requests.iter().filter(|request| request.delivery != Delivery::Cancelled)
    }

    /// The newest file of its kind that stands rejected or held, if it came after `better`.
    fn stopped_since(&self, is_report: bool, better: Option<DateTime<Utc>>) -> Option<Stopped> {
        let of_kind = self.stopped.iter().filter(|stopped| stopped.is_report == is_report);
        let newest = of_kind.max_by_key(|stopped| stopped.at);
        newest.filter(|stopped| better.is_none_or(|better| better < stopped.at)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Beloeb, Post};
    use super::*;

    /// A moment of November 2026, as `30 12:00`.
    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-11-{}:00Z", text.replace(' ', "T")).parse().unwrap()
    }

    /// Requests by the 23rd, reports by the 30th.
    fn bounds() -> Bounds {
        Bounds { request_due: Some(at("23 11:00")), report_due: Some(at("30 11:00")) }
    }

    fn asked(when: &str, delivery: Delivery) -> Asked {
        let forespoergsel_id = ForespoergselId(Uuid::nil());
        Asked { forespoergsel_id, at: at(when), answer: Uuid::nil(), delivery }
    }

    fn stopped(when: &str, is_report: bool, is_held: bool) -> Stopped {
        Stopped { transfer: Uuid::nil(), at: at(when), is_report, is_held }
    }

    /// Expectations by outcome: how many, expected, received, kroner.
    fn afstemning(posts: &[(Udfald, u64, i64, i64)]) -> Afstemning {
        let mut all = Afstemning::default();
        for &(udfald, antal, forventet, modtaget) in posts {
            let [forventet, modtaget] = [forventet, modtaget].map(|kr| Beloeb::from_oere(kr * 100));
            all.add(udfald, Post { antal, forventet, modtaget });
        }
        all
    }

    fn tal(antal: u64, kroner: i64) -> Tal {
        Tal { antal, beloeb: Beloeb::from_oere(kroner * 100) }
    }

    use Delivery::{Cancelled, Delivered, Stuck, UnderWay};
    use Finding as F;
    use Standing as S;
    use Udfald::{Aaben, Delvis, Fuld, Ingen, Over, Tilbagefoert, Udeblevet};

    /// A municipality that was asked in time and answered, with these expectations.
    fn answered(posts: &[(Udfald, u64, i64, i64)]) -> Facts {
        let requests = vec![asked("20 08:00", Delivered)];
        Facts { requests, afstemning: afstemning(posts), ..Facts::default() }
    }

    fn reported(posts: &[(Udfald, u64, i64, i64)]) -> Facts {
        Facts { reported_at: Some(at("27 08:00")), ..answered(posts) }
    }

    fn with(requests: &[Asked], stopped: &[Stopped]) -> Facts {
        let (requests, stopped) = (requests.to_vec(), stopped.to_vec());
        let afstemning = afstemning(&[(Aaben, 3, 300, 0)]);
        let afstemning = if requests.is_empty() { Afstemning::default() } else { afstemning };
        Facts { requests, stopped, afstemning, ..Facts::default() }
    }

    #[test]
    fn a_municipality_stands_where_its_request_stands() {
        let (a, b) = (asked("20 08:00", Delivered), asked("21 08:00", Delivered));
        let late = asked("23 12:00", Delivered);
        let stuck = asked("20 08:00", Stuck);
        let cancelled = asked("20 07:00", Cancelled);
        let (rejected, held) =
            (stopped("20 10:00", false, false), stopped("20 10:00", false, true));
        let table: &[(Facts, &str, Standing, &[Finding])] = &[
            (with(&[], &[]), "23 11:00", S::Awaiting, &[]),
            (with(&[], &[]), "23 11:01", S::Late, &[F::NoRequest]),
            (with(&[asked("20 08:00", UnderWay)], &[]), "20 08:01", S::Received, &[]),
            (with(&[a], &[]), "20 09:00", S::Answered, &[]),
            (with(&[a], &[]), "30 11:00", S::Answered, &[]),
            (with(&[late], &[]), "23 13:00", S::Answered, &[F::CameLate(late.at)]),
            (answered(&[]), "20 09:00", S::Empty, &[]),
            (answered(&[]), "30 12:00", S::Empty, &[]),
            (with(&[stuck], &[]), "20 09:00", S::Undelivered, &[F::Undelivered(stuck)]),
            (with(&[a, b], &[]), "21 09:00", S::Duplicate, &[F::Duplicate(2)]),
            (
                with(&[stuck, b], &[]),
                "21 09:00",
                S::Undelivered,
                &[F::Undelivered(stuck), F::Duplicate(2)],
            ),
            // What an operator has cancelled is not there.
            (with(&[cancelled, a], &[]), "21 09:00", S::Answered, &[F::Cancelled(1)]),
            (with(&[cancelled], &[]), "21 09:00", S::Awaiting, &[F::Cancelled(1)]),
            (with(&[cancelled], &[]), "24 09:00", S::Late, &[F::NoRequest, F::Cancelled(1)]),
            // Refused, and nothing better since; one problem is told once.
            (with(&[], &[rejected]), "20 11:00", S::Rejected, &[F::Stopped(rejected)]),
            (with(&[], &[rejected]), "24 11:00", S::Rejected, &[F::Stopped(rejected)]),
            (with(&[], &[rejected, held]), "24 11:00", S::Held, &[F::Stopped(held)]),
            (with(&[a], &[rejected]), "20 11:00", S::Rejected, &[F::Stopped(rejected)]),
            (with(&[b], &[rejected, held]), "21 09:00", S::Answered, &[]),
        ];
        for (facts, now, standing, findings) in table {
            let judged = facts.judge(bounds(), at(now));
            assert_eq!((judged.standing, &*judged.findings), (*standing, *findings), "{facts:?}");
        }
    }

    #[test]
    fn a_municipality_that_was_answered_stands_where_its_reports_stand() {
        let short = F::TooLittle(tal(3, 250));
        let bad = stopped("28 08:00", true, false);
        let older = stopped("26 08:00", true, true);
        let table: &[(Facts, &str, Standing, &[Finding])] = &[
            (reported(&[(Fuld, 5, 500, 500)]), "28 09:00", S::Settled, &[]),
            (reported(&[(Fuld, 5, 500, 500)]), "30 12:00", S::Settled, &[]),
            (reported(&[(Fuld, 4, 400, 400), (Aaben, 1, 100, 0)]), "30 11:00", S::Reported, &[]),
            (
                reported(&[(Fuld, 4, 400, 400), (Aaben, 1, 100, 0)]),
                "30 11:01",
                S::Missing,
                &[F::Missing(tal(1, 100))],
            ),
            (answered(&[(Aaben, 4, 400, 0)]), "30 11:01", S::Missing, &[F::Missing(tal(4, 400))]),
            // Noted so, by whatever deadline.
            (
                answered(&[(Udeblevet, 4, 400, 0)]),
                "28 08:00",
                S::Missing,
                &[F::Missing(tal(4, 400))],
            ),
            // A payout that was too small is no deviation.
            (
                reported(&[(Delvis, 2, 200, 50), (Ingen, 1, 100, 0)]),
                "28 09:00",
                S::Settled,
                &[short],
            ),
            (
                reported(&[(Fuld, 1, 10, 10), (Over, 1, 100, 120)]),
                "28 09:00",
                S::Reported,
                &[F::TooMuch(tal(1, 20))],
            ),
            (
                reported(&[(Tilbagefoert, 1, 100, -10)]),
                "28 09:00",
                S::Reported,
                &[F::TakenBack(tal(1, 110))],
            ),
            (
                Facts { stopped: vec![older, bad], ..reported(&[(Aaben, 1, 100, 0)]) },
                "28 09:00",
                S::Rejected,
                &[F::Stopped(bad)],
            ),
            (
                Facts { stopped: vec![older], ..reported(&[(Fuld, 1, 100, 100)]) },
                "28 09:00",
                S::Settled,
                &[],
            ),
            (
                Facts { afvist: 7, ..reported(&[(Aaben, 1, 100, 0)]) },
                "28 09:00",
                S::Reported,
                &[F::RecordsRefused(7)],
            ),
        ];
        for (facts, now, standing, findings) in table {
            let judged = facts.judge(bounds(), at(now));
            assert_eq!((judged.standing, &*judged.findings), (*standing, *findings), "{facts:?}");
        }
        let mut unexpected = reported(&[(Fuld, 1, 100, 100)]);
        unexpected.afstemning.uventet = tal(2, 30);
        let judged = unexpected.judge(bounds(), at("28 09:00"));
        assert_eq!(judged.standing, S::Reported);
        assert_eq!(judged.findings, [F::Unexpected(tal(2, 30))]);
    }

    #[test]
    fn without_bounds_nothing_is_late_or_missing() {
        let far = "2030-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(with(&[], &[]).judge(Bounds::default(), far).standing, S::Awaiting);
        let open = answered(&[(Aaben, 4, 400, 0)]);
        assert_eq!(open.judge(Bounds::default(), far).standing, S::Answered);
        let late = with(&[asked("29 08:00", Delivered)], &[]);
        assert_eq!(late.judge(Bounds::default(), far).findings, []);
    }

    #[test]
    fn problems_come_first_and_make_the_standing() {
        let requests = vec![asked("24 08:00", Stuck), asked("24 09:00", Delivered)];
        let stopped = vec![stopped("25 08:00", true, false), stopped("25 09:00", false, true)];
        let afstemning = afstemning(&[(Aaben, 4, 400, 0), (Over, 1, 10, 20)]);
        let facts = Facts { requests, stopped, afvist: 1, afstemning, ..Facts::default() };
        let Judgement { standing, findings } = facts.judge(bounds(), at("30 12:00"));
        assert_eq!(standing, S::Held);
        let problems: Vec<_> = findings.iter().filter_map(Finding::problem).collect();
        let worst_first = [S::Held, S::Undelivered, S::Duplicate, S::Rejected, S::Missing];
        assert_eq!(problems, worst_first);
        assert!(findings[..5].iter().all(Finding::is_problem));
        assert!(!findings[5..].iter().any(Finding::is_problem) && findings.len() == 8);
        for standing in S::ALL {
            assert_eq!(standing.is_problem(), standing < S::Awaiting, "{standing:?}");
        }
    }
}
