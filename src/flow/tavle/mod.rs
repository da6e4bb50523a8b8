//! The board of one payout: where every municipality stands, from what the store knows of it, and
//! which files are nobody's.

pub mod words;

use crate::config::{Config, FlowName};
use crate::domain::bankdage::danish_time;
use crate::domain::tavle::{Asked, Bounds, Delivery, Facts, Finding, Judgement, Standing, Stopped};
use crate::domain::{
    Kommunekode, Miljoe, Post, Tal, Udbetalingskalender, Udbetalingsperiode, Udfald,
};
use crate::store::{
    Afstemninger, AppliedRequest, Moment, Payout, PayoutPart, PayoutQuery, Store, StoreError,
    Transfer,
};
use crate::transfer::state::State;
use chrono::{Days, NaiveDate, NaiveTime};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use uuid::Uuid;

/// One payout, as it stands now.
#[derive(Clone, Debug)]
pub struct Board {
    /// Which.
    pub dispositionsdato: NaiveDate,
    /// Of the production or for test.
    pub miljoe: Miljoe,
    /// By when its files must have come.
    pub bounds: Bounds,
    /// The months that its requests are for.
    pub perioder: BTreeSet<Udbetalingsperiode>,
    /// The municipalities that take part, and others of which there is something, by code.
    pub rows: Vec<BoardRow>,
    /// Files that stand rejected or held, and of which nobody knows what they are about, while
    /// somebody's are awaited; oldest first.
    pub unattributed: Vec<Transfer>,
    /// The files that findings speak of.
    pub files: BTreeMap<Uuid, Transfer>,
}

/// One municipality's line.
#[derive(Clone, Debug)]
pub struct BoardRow {
    /// Which.
    pub kommune: Kommunekode,
    /// What is known.
    pub facts: Facts,
    /// What that comes to.
    pub judgement: Judgement,
}

impl BoardRow {
    /// Where it stands.
    pub const fn standing(&self) -> Standing {
        self.judgement.standing
    }

    /// What somebody must act on, the worst first.
    pub fn problems(&self) -> impl Iterator<Item = &Finding> {
        self.judgement.findings.iter().filter(|finding| finding.is_problem())
    }

    /// What is only good to know.
    pub fn notes(&self) -> impl Iterator<Item = &Finding> {
        self.judgement.findings.iter().filter(|finding| !finding.is_problem())
    }
}

impl Board {
    /// The board of this payout.
    pub fn of(
        config: &Config,
        store: &dyn Store,
        dispositionsdato: NaiveDate,
        now: Moment,
    ) -> Result<Self, StoreError> {
        let payout = store.payout(&query(config, dispositionsdato))?;
        Ok(Self::on(config, store.miljoe(), dispositionsdato, payout, now))
    }

    /// The same with figures that were counted before; of a request that came since then, all
    /// expectations are open.
    pub fn with_figures(
        config: &Config,
        store: &dyn Store,
        dispositionsdato: NaiveDate,
        figures: &Afstemninger,
        now: Moment,
    ) -> Result<Self, StoreError> {
        let mut payout = store.payout_files(&query(config, dispositionsdato))?;
        for (kommune, afstemning) in figures {
            payout.parts.entry(*kommune).or_default().afstemning = *afstemning;
        }
        for part in payout.parts.values_mut() {
            let counted = part.afstemning.forventet();
            let marked = part.requests.iter().map(|request| request.forventet);
            let marked = marked.fold(Tal::default(), add);
            if counted.antal < marked.antal {
                let (antal, forventet) =
                    (marked.antal - counted.antal, marked.beloeb - counted.beloeb);
                part.afstemning.add(Udfald::Aaben, Post { antal, forventet, ..Post::default() });
            }
        }
        Ok(Self::on(config, store.miljoe(), dispositionsdato, payout, now))
    }

    fn on(
        config: &Config,
        miljoe: Miljoe,
        dispositionsdato: NaiveDate,
        payout: Payout,
        now: Moment,
    ) -> Self {
        let kalender = config.payouts.as_ref();
        let bounds = Bounds {
            request_due: kalender.and_then(|all| all.request_due(dispositionsdato)),
            report_due: kalender.and_then(|all| all.report_due(dispositionsdato)),
        };
        let mut parts = payout.parts;
        let requests = parts.values().flat_map(|part| &part.requests);
        let perioder = requests.map(|request| request.udbetalingsperiode).collect();
        for kommune in kalender.into_iter().flat_map(Udbetalingskalender::kommuner) {
            parts.entry(kommune).or_default();
        }
        let mut files = BTreeMap::new();
        let rows: Vec<_> = parts
            .into_iter()
            .map(|(kommune, part)| {
                let facts = facts(config, part, &mut files);
                let judgement = facts.judge(bounds, now);
                BoardRow { kommune, facts, judgement }
            })
            .collect();
        let unattributed = Vec::new();
        let mut board =
            Self { dispositionsdato, miljoe, bounds, perioder, rows, unattributed, files };
        let day = dispositionsdato;
        let (starts, ends) = (end_of(day.pred_opt().unwrap_or(day)), end_of(day));
        let awaited = board.awaited();
        // Nobody reports before the payout's day, or asks after it.
        let may_belong = |file: &Transfer| {
            let is_request = file.flow == FlowName::Sf2530.as_str();
            let is_report = is_report(file) && starts <= file.created_at;
            is_report || (is_request && file.created_at < ends)
        };
        let matters =
            |file: &Transfer| file.state == State::Held || awaited.contains(&is_report(file));
        board.unattributed = payout.unattributed;
        board.unattributed.retain(|file| may_belong(file) && matters(file));
        board
    }

    /// How many municipalities stand where, the worst first; no zeros.
    pub fn sum(&self) -> Vec<(Standing, usize)> {
        let count = |of: Standing| self.rows.iter().filter(|row| row.standing() == of).count();
        let all = Standing::ALL.into_iter().map(|standing| (standing, count(standing)));
        all.filter(|(_, count)| *count > 0).collect()
    }

    /// All expectations.
    pub fn expected(&self) -> Tal {
        self.rows.iter().map(|row| row.facts.afstemning.forventet()).fold(Tal::default(), add)
    }

    /// Those of which something was reported, and what was withheld for them.
    pub fn reported(&self) -> Tal {
        self.rows.iter().map(|row| row.facts.afstemning.modtaget()).fold(Tal::default(), add)
    }

    /// Whether somebody must act.
    pub fn has_problems(&self) -> bool {
        !self.unattributed.is_empty() || self.rows.iter().any(|row| row.standing().is_problem())
    }

    /// Whether anything has come of it.
    pub fn is_touched(&self) -> bool {
        let is_touched = |row: &BoardRow| row.facts != Facts::default();
        !self.unattributed.is_empty() || self.rows.iter().any(is_touched)
    }

    /// Whether reports (`true`) and requests (`false`) are still to come: a bad file may be one of
    /// them.
    fn awaited(&self) -> BTreeSet<bool> {
        let mut awaited = BTreeSet::new();
        for row in &self.rows {
            awaited.extend(row.facts.requests.is_empty().then_some(false));
            awaited.extend((row.facts.open().antal > 0).then_some(true));
        }
        awaited
    }
}

fn add(sum: Tal, more: Tal) -> Tal {
    sum + more
}

fn query(config: &Config, dispositionsdato: NaiveDate) -> PayoutQuery {
    let window = window(config.payouts.as_ref(), dispositionsdato);
    PayoutQuery { dispositionsdato, window }
}

/// When files may come that belong to a payout: requests after the payout before it, reports up to
/// the one after it.
fn window(kalender: Option<&Udbetalingskalender>, dispositionsdato: NaiveDate) -> Range<Moment> {
    // A month, where no calendar says more.
    let month = Days::new(31);
    let before = kalender
        .and_then(|all| all.previous(dispositionsdato))
        .or_else(|| dispositionsdato.checked_sub_days(month));
    let after = kalender
        .and_then(|all| all.next(dispositionsdato))
        .or_else(|| dispositionsdato.checked_add_days(month));
    end_of(before.unwrap_or(dispositionsdato))..end_of(after.unwrap_or(dispositionsdato))
}

/// When a Danish day is over.
fn end_of(day: NaiveDate) -> Moment {
    danish_time(day.succ_opt().unwrap_or(day), NaiveTime::MIN)
}

fn is_report(file: &Transfer) -> bool {
    file.flow == FlowName::Sf2520.as_str()
}

/// What is known of a municipality; the files go to the others.
fn facts(config: &Config, part: PayoutPart, files: &mut BTreeMap<Uuid, Transfer>) -> Facts {
    let PayoutPart { requests, report, stopped, afstemning } = part;
    let mut asked: Vec<_> =
        requests.iter().filter_map(|request| self::asked(config, request)).collect();
    asked.sort_by_key(|request| request.at);
    let facts = Facts {
        requests: asked,
        stopped: stopped.iter().map(self::stopped).collect(),
        reported_at: report.map(|report| report.at),
        afvist: report.map_or(0, |report| report.afvist.into()),
        afstemning,
    };
    let answers = requests.into_iter().map(|request| request.answer);
    files.extend(stopped.into_iter().chain(answers).map(|file| (file.id, file)));
    facts
}

fn asked(config: &Config, request: &AppliedRequest) -> Option<Asked> {
    let AppliedRequest { at, answer, .. } = request;
    let forespoergsel_id = answer.forespoergsel_id?;
    let delivery = delivery(config, answer);
    Some(Asked { forespoergsel_id, at: *at, answer: answer.id, delivery })
}

fn stopped(file: &Transfer) -> Stopped {
    Stopped {
        transfer: file.id,
        at: file.created_at,
        is_report: is_report(file),
        is_held: file.state == State::Held,
    }
}

/// What has become of an answer.
fn delivery(config: &Config, answer: &Transfer) -> Delivery {
    let outbox = config.outbox(&answer.flow, &answer.place.endpoint, &answer.place.directory);
    match answer.state {
        // A platform brings it on only when its trigger stands beside it.
        State::Published if outbox.is_some_and(|to| to.serviceplatformen.is_some()) => {
            Delivery::UnderWay
        }
        State::Published
        | State::Triggered
        | State::Received
        | State::Acknowledged
        | State::DeliveredOutOfBand => Delivery::Delivered,
        State::Failed | State::Dead | State::Held | State::Refused => Delivery::Stuck,
        State::Cancelled => Delivery::Cancelled,
        State::Queued
        | State::Rendered
        // Of files that come in.
        | State::Seen
        | State::Fetched
        | State::Accepted
        | State::Recognised
        | State::Vanished
        | State::Rejected
        | State::Archived
        | State::Purged => Delivery::UnderWay,
    }
}
