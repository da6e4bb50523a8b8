//! One round over one route: what stands in its inbox, what a crash or an unreachable endpoint left
//! unfinished, and what is owed. One bad file, and one unreachable endpoint, stop nothing else.

use super::Engine;
use super::receipts::ReceiptBox;
use super::turn::Turn;
use super::work::{Round, Session, Start};
use crate::alive;
use crate::config::Route;
use crate::endpoint::EndpointError;
use crate::endpoint::plain::Inbox;
use crate::fault::{Class, Code};
use crate::flow::Effect;
use crate::store::{Place, Problem, Transfer};
use crate::transfer::state::State;
use crate::transfer::{TransferError, delivery};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;
use uuid::Uuid;

/// What became of one file in one round.
#[derive(Clone, Debug)]
pub struct FileOutcome {
    /// The file that came in; an answer that was only owed names itself.
    pub place: Place,
    /// What became of it.
    pub verdict: Verdict,
    /// What it did, if it did something.
    pub effect: Option<Effect>,
    /// Where the file stands that was owed for it, if one was.
    pub owed: Option<Place>,
    /// The transfer to ask `modregn files show` about; a file that was not fetched has none.
    pub transfer: Option<Uuid>,
    /// Bytes of a file that came in and was fetched.
    pub bytes: u64,
    /// From the start of its work to the end.
    pub took: Duration,
    /// Whether an earlier round came to the same.
    pub was_said: bool,
}

/// How one file's round ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Answered; the answer stands at its destination.
    Answered,
    /// A report: it settled expectations.
    Settled,
    /// A report: some of its records were refused, the others settled expectations.
    SettledInPart(Problem),
    /// A request answered before was answered again, with the same bytes.
    AnsweredAgain,
    /// An answer, or a receipt of ours, that was owed from an earlier round stands at its
    /// destination now.
    Delivered,
    /// It came once more; nothing was done again.
    Recognised,
    /// A receipt, or a kvittering: what it is about has moved on.
    Noted,
    /// A kvittering: some of its answers changed nothing, what the others are about has moved on.
    NotedInPart(Problem),
    /// An answer of ours was refused, by its receipt.
    Refused(Problem),
    /// Rejected: nothing applied, the file is in quarantine.
    Rejected(Problem),
    /// Held for an operator.
    Held(Problem),
    /// Not done yet; a later round goes on with it.
    Waiting(Problem),
}

impl Verdict {
    /// Every word there is, the best ones first.
    pub const WORDS: [&str; 12] = [
        "answered",
        "settled",
        "settled in part",
        "answered again",
        "delivered",
        "recognised",
        "noted",
        "noted in part",
        "refused",
        "rejected",
        "held",
        "waiting",
    ];

    /// One word or two for people and logs.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Settled => "settled",
            Self::SettledInPart(_) => "settled in part",
            Self::AnsweredAgain => "answered again",
            Self::Delivered => "delivered",
            Self::Recognised => "recognised",
            Self::Noted => "noted",
            Self::NotedInPart(_) => "noted in part",
            Self::Refused(_) => "refused",
            Self::Rejected(_) => "rejected",
            Self::Held(_) => "held",
            Self::Waiting(_) => "waiting",
        }
    }

    /// What is in the way, if something is.
    pub const fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Answered
            | Self::Settled
            | Self::AnsweredAgain
            | Self::Delivered
            | Self::Recognised
            | Self::Noted => None,
            Self::SettledInPart(problem)
            | Self::NotedInPart(problem)
            | Self::Refused(problem)
            | Self::Rejected(problem)
            | Self::Held(problem)
            | Self::Waiting(problem) => Some(problem),
        }
    }

    /// The verdict on a file that stays where it is.
    pub(super) fn kept_back(problem: Problem) -> Self {
        match problem.class {
            Class::Retry => Self::Waiting(problem),
            Class::Reject | Class::Operator => Self::Held(problem),
        }
    }
}

/// That something is wrong with a file, to be logged once and not in every round: the file, the
/// code and the text.
pub(super) type Told = (Place, Code, String);

impl FileOutcome {
    pub(super) const fn new(place: Place, verdict: Verdict) -> Self {
        Self {
            place,
            verdict,
            effect: None,
            owed: None,
            transfer: None,
            bytes: 0,
            took: Duration::ZERO,
            was_said: false,
        }
    }

    /// The outcome of a file that its flow rejected or held.
    pub(super) fn refused(inbound: Transfer) -> Option<Self> {
        let bytes = size(&inbound);
        let problem = inbound.problem?;
        let verdict = if inbound.state == State::Held {
            Verdict::Held(problem)
        } else {
            Verdict::Rejected(problem)
        };
        Some(Self { transfer: Some(inbound.id), bytes, ..Self::new(inbound.place, verdict) })
    }

    /// Marked as said, where the round before has said the same.
    pub(super) fn after(mut self, told: &BTreeSet<Told>) -> Self {
        self.was_said = self.told().is_some_and(|this| told.contains(&this));
        self
    }

    pub(super) fn told(&self) -> Option<Told> {
        let problem = self.verdict.problem()?;
        Some((self.place.clone(), problem.code, problem.text.clone()))
    }

    pub(super) fn log(&self, flow: &str) {
        let (file, verdict) = (&self.place, self.verdict.word());
        let transfer = self.transfer.map(tracing::field::display);
        let took_ms = self.took.as_millis();
        match (self.verdict.problem(), &self.effect) {
            (Some(problem), _) if self.was_said => tracing::debug!(
                flow, %file, code = %problem.code, "still {verdict}: {}", problem.text
            ),
            (Some(problem), _) => tracing::warn!(
                flow, %file, transfer, code = %problem.code, took_ms, "{verdict}: {}", problem.text
            ),
            (None, Some(Effect::Answered(svar))) => tracing::info!(
                flow, %file, transfer, kommune = %svar.forespoergsel.kommunekode,
                transactions = svar.antal_transaktioner,
                answer = self.owed.as_ref().map(tracing::field::display), took_ms, "{verdict}"
            ),
            (None, Some(Effect::Settled(indlaest))) => tracing::info!(
                flow, %file, transfer, kommune = %indlaest.udbetaling.kommunekode,
                reports = indlaest.antal, unexpected = indlaest.uventede, took_ms, "{verdict}"
            ),
            (None, Some(Effect::Kvitteret(kvitteret))) => tracing::info!(
                flow, %file, transfer, kommune = %kvitteret.kvittering.kommunekode,
                overfoersel = %kvitteret.kvittering.overfoersel_id,
                accepted = kvitteret.accepteret, rejected = kvitteret.afvist,
                repeated = kvitteret.gentaget, missing = kvitteret.mangler, took_ms, "{verdict}"
            ),
            (None, Some(Effect::Bogfoert(bogfoert))) => tracing::info!(
                flow, %file, transfer, kommune = %bogfoert.kvittering.kommunekode,
                overfoersel = %bogfoert.kvittering.overfoersel_id,
                accepted = bogfoert.antal_accepteret, rejected = bogfoert.antal_afvist,
                answer = self.owed.as_ref().map(tracing::field::display), took_ms, "{verdict}"
            ),
            (None, None) => tracing::info!(flow, %file, transfer, took_ms, "{verdict}"),
        }
    }
}

/// Bytes of a file, as far as they are known.
pub(super) fn size(transfer: &Transfer) -> u64 {
    transfer.payload.map_or(0, |payload| payload.size)
}

/// What one round did.
#[derive(Debug, Default)]
pub struct PassReport {
    /// Every file that was touched, in no special order.
    pub files: Vec<FileOutcome>,
    /// Endpoints that gave trouble, with the first trouble each.
    pub troubles: BTreeMap<String, EndpointError>,
    /// The store or our own disk failed: the round was broken off.
    pub failure: Option<TransferError>,
    /// Bytes left on our own disk, where that is too little to take files in: none was fetched.
    pub low_space: Option<u64>,
    /// Files that stand in an inbox and are not complete yet.
    pub incomplete: usize,
    /// Inboxes with more files than one pass looks at.
    pub crowded: BTreeSet<String>,
    /// Whether another look into the inbox soon may find more files complete.
    pub look_again: bool,
}

impl PassReport {
    /// Adds what another round did.
    pub(super) fn merge(&mut self, other: Self) {
        self.incomplete += other.incomplete;
        self.look_again |= other.look_again;
        self.low_space = self.low_space.or(other.low_space);
        self.crowded.extend(other.crowded);
        self.files.extend(other.files);
        for (endpoint, error) in other.troubles {
            self.troubles.entry(endpoint).or_insert(error);
        }
        self.failure = self.failure.take().or(other.failure);
    }
}

/// Told of a round's progress, from whichever worker made it.
pub trait Observer: Sync {
    /// So many files are to be worked on in this round.
    fn planned(&self, _files: usize) {}
    /// One of them is done, in whatever way.
    fn done(&self, _outcome: &FileOutcome) {}
}

/// Nobody watches.
impl Observer for () {}

/// When answers that could not be delivered are tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// In this round, whatever happened before.
    Now,
    /// When their pause is over.
    WhenDue,
}

/// What a round does with files that stand in the inbox. What is under way goes on in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intake {
    /// It takes them in.
    Open,
    /// It does not look whether there are any.
    Closed,
}

/// Works on one route; keeps its connections from round to round.
pub struct RouteRunner<'e> {
    pub(super) engine: &'e Engine,
    pub(super) route: usize,
    pub(super) inbox: Inbox,
    pub(super) boxes: Vec<ReceiptBox>,
    pub(super) next_look: Option<Duration>,
    pub(super) told: BTreeSet<Told>,
    pub(super) sessions: Vec<Session<'e>>,
    /// Whether tries that were cut off may have left something in the outbox.
    sweep: bool,
    /// [`Engine::takeovers`] as it was then.
    takeovers: u64,
}

impl<'e> RouteRunner<'e> {
    /// A runner for the route at this place in the configuration; connects to nothing yet.
    pub fn new(engine: &'e Engine, route: usize) -> Self {
        let settings = &engine.config().routes[route];
        let sessions = [&settings.inbox.endpoint, &settings.outbox.endpoint]
            .iter()
            .map(|name| engine.config().endpoints[*name].sessions())
            .fold(1, u16::max);
        let sessions = (0..sessions).map(|_| Session::new(engine)).collect();
        let inbox = Inbox::new(settings.inbox.plain.clone());
        let boxes = ReceiptBox::of(engine.config(), route);
        let told = BTreeSet::new();
        let (sweep, takeovers) = (true, 0);
        Self { engine, route, inbox, boxes, next_look: None, told, sessions, sweep, takeovers }
    }

    /// The route's settings.
    pub fn route(&self) -> &'e Route {
        &self.engine.config().routes[self.route]
    }

    /// How long after the last round a file that was not complete may be so; `None` = there is
    /// none.
    pub const fn next_look(&self) -> Option<Duration> {
        self.next_look
    }

    /// One round; where a later file may correct an earlier one, in its turn.
    pub fn pass(&mut self, retry: Retry, intake: Intake, observer: &dyn Observer) -> PassReport {
        if !self.engine.flow(self.route).in_order() {
            return self.rounds(retry, intake, observer);
        }
        match Turn::wait_for(self.engine, self.route().flow) {
            Ok(Some(turn)) => {
                let mut report = self.round(1, retry, intake, observer);
                if let Err(error) = turn.end() {
                    report.failure.get_or_insert(error);
                }
                report
            }
            // We are stopping.
            Ok(None) => PassReport::default(),
            Err(error) => PassReport { failure: Some(error), ..PassReport::default() },
        }
    }

    /// A round; what came in may have made files due that were not before: they leave now too.
    fn rounds(&mut self, retry: Retry, intake: Intake, observer: &dyn Observer) -> PassReport {
        let most = self.sessions.len();
        let mut report = match self.owe_due() {
            Ok(_) => self.round(most, retry, intake, observer),
            Err(error) => return PassReport { failure: Some(error), ..PassReport::default() },
        };
        while report.failure.is_none() && !self.engine.is_stopping() {
            match self.owe_due() {
                Ok(0) => break,
                Ok(_) => {
                    let (told, next_look) = (self.told.clone(), self.next_look);
                    report.merge(self.round(most, retry, Intake::Closed, observer));
                    self.told.extend(told);
                    self.next_look = [self.next_look, next_look].into_iter().flatten().min();
                }
                Err(error) => report.failure = Some(error),
            }
        }
        report
    }

    fn owe_due(&self) -> Result<usize, TransferError> {
        self.engine.flow(self.route).owe_due(&self.engine.desk())
    }

    /// One round with at most so many workers.
    fn round(
        &mut self,
        most: usize,
        retry: Retry,
        intake: Intake,
        observer: &dyn Observer,
    ) -> PassReport {
        let mut report = PassReport::default();
        let plan = match self.plan(retry, intake, &mut report) {
            Ok(plan) => plan,
            Err(error) => {
                report.failure = Some(error);
                return report;
            }
        };
        observer.planned(plan.jobs.len());
        let start = Start {
            route: self.route(),
            flow: self.engine.flow(self.route),
            boxes: &self.boxes,
            told: &self.told,
        };
        let round = Round::new(self.engine, &start, plan, report, observer);
        let workers = most.min(round.waiting());
        thread::scope(|scope| {
            let mut sessions = self.sessions.iter_mut().take(workers);
            // This thread works too: a single file costs no thread.
            let mine = sessions.next();
            let others: Vec<_> = sessions
                .map(|session| {
                    scope.spawn(|| {
                        let _worker = round.enrol();
                        session.work(&round);
                    })
                })
                .collect();
            if let Some(session) = mine {
                session.work(&round);
            }
            let others = alive::waiting(|| others.into_iter().try_for_each(ScopedJoinHandle::join));
            others.unwrap_or_else(|panic| resume_unwind(panic));
        });
        let report = round.into_report();
        self.told = report.files.iter().filter_map(FileOutcome::told).collect();
        self.sweep_outbox(&report);
        report
    }

    /// At the start, after a process has ended without a word, and when the outbox is well again
    /// after trouble. Where it may not be listed there is no sweeping.
    fn sweep_outbox(&mut self, report: &PassReport) {
        let outbox = &self.engine.config().routes[self.route].outbox;
        let troubled = report.troubles.contains_key(&outbox.endpoint);
        let takeovers = self.engine.takeovers();
        self.sweep |= troubled || takeovers > self.takeovers;
        self.takeovers = takeovers;
        if !self.sweep || troubled || report.failure.is_some() {
            return;
        }
        let Some(session) = self.sessions.first_mut() else { return };
        let endpoint = session.endpoint(&outbox.endpoint);
        let limit = self.engine.config().limits.files_per_pass;
        let swept = delivery::sweep(&self.engine.desk(), endpoint, &outbox.directory, limit);
        self.sweep = match swept {
            Ok(()) => false,
            Err(error) => {
                tracing::warn!("the outbox was not swept of temporary files: {error}");
                !matches!(error, TransferError::Endpoint(error) if error.class == Class::Operator)
            }
        };
    }
}
