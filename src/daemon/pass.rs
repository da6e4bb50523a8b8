//! One round over one route: what stands in its inbox, what a crash or an unreachable endpoint left
//! unfinished, and what is owed. One bad file, and one unreachable endpoint, stop nothing else.

use super::Engine;
use super::work::{Job, Plan, Round, Session};
use crate::config::Route;
use crate::domain::Svar;
use crate::endpoint::plain::Inbox;
use crate::endpoint::{EndpointError, Entry};
use crate::store::{Moment, Place, Problem, StoreError, Transfer, TransferFilter};
use crate::transfer::TransferError;
use crate::transfer::state::{Direction, State};
use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// What became of one file in one round.
#[derive(Clone, Debug)]
pub struct FileOutcome {
    /// The file that came in; an answer that was only owed names itself.
    pub place: Place,
    /// What became of it.
    pub verdict: Verdict,
    /// The answer's head and where the answer stands, if there is one.
    pub answer: Option<(Svar, Place)>,
    /// The transfer to ask `modregn files show` about; a file that was not fetched has none.
    pub transfer: Option<Uuid>,
    /// From the start of its work to the end.
    pub took: Duration,
}

/// How one file's round ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Answered; the answer stands at its destination.
    Answered,
    /// A request answered before was answered again, with the same bytes.
    AnsweredAgain,
    /// An answer that was owed from an earlier round stands at its destination now.
    Delivered,
    /// Rejected: nothing applied, the file is in quarantine.
    Rejected(Problem),
    /// Held for an operator.
    Held(Problem),
    /// Not done yet; a later round goes on with it.
    Waiting(Problem),
}

impl Verdict {
    /// One word or two for people and logs.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::AnsweredAgain => "answered again",
            Self::Delivered => "delivered",
            Self::Rejected(_) => "rejected",
            Self::Held(_) => "held",
            Self::Waiting(_) => "waiting",
        }
    }

    /// What is in the way, if something is.
    pub const fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Answered | Self::AnsweredAgain | Self::Delivered => None,
            Self::Rejected(problem) | Self::Held(problem) | Self::Waiting(problem) => Some(problem),
        }
    }
}

impl FileOutcome {
    pub(super) const fn new(place: Place, verdict: Verdict) -> Self {
        Self { place, verdict, answer: None, transfer: None, took: Duration::ZERO }
    }

    /// The outcome of a file that its flow rejected or held.
    pub(super) fn refused(inbound: Transfer) -> Option<Self> {
        let problem = inbound.problem?;
        let verdict = if inbound.state == State::Held {
            Verdict::Held(problem)
        } else {
            Verdict::Rejected(problem)
        };
        Some(Self { transfer: Some(inbound.id), ..Self::new(inbound.place, verdict) })
    }

    pub(super) fn log(&self, flow: &str) {
        let (file, verdict) = (&self.place, self.verdict.word());
        let transfer = self.transfer.map(tracing::field::display);
        let took_ms = self.took.as_millis();
        match (self.verdict.problem(), &self.answer) {
            (Some(problem), _) => tracing::warn!(
                flow, %file, transfer, code = %problem.code, took_ms, "{verdict}: {}", problem.text
            ),
            (None, Some((svar, answer))) => tracing::info!(
                flow, %file, transfer, kommune = %svar.forespoergsel.kommunekode,
                transactions = svar.antal_transaktioner, answer = %answer, took_ms, "{verdict}"
            ),
            (None, None) => tracing::info!(flow, %file, transfer, took_ms, "{verdict}"),
        }
    }
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
    /// Files that stand in an inbox and are not complete yet.
    pub incomplete: usize,
}

impl PassReport {
    /// Adds what another round did.
    pub(super) fn merge(&mut self, other: Self) {
        self.incomplete += other.incomplete;
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

/// First pause after a failed delivery; doubled with each further failure.
const FIRST_PAUSE: Duration = Duration::from_secs(15);
/// Longest pause between tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// Works on one route; keeps its connections from round to round.
pub struct RouteRunner<'e> {
    engine: &'e Engine,
    route: usize,
    inbox: Inbox,
    next_look: Option<Duration>,
    sessions: Vec<Session<'e>>,
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
        Self { engine, route, inbox, next_look: None, sessions }
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

    /// One round.
    pub fn pass(&mut self, retry: Retry, observer: &dyn Observer) -> PassReport {
        let mut report = PassReport::default();
        let plan = match self.plan(retry, &mut report) {
            Ok(plan) => plan,
            Err(error) => {
                report.failure = Some(error);
                return report;
            }
        };
        observer.planned(plan.jobs.len());
        let flow = self.engine.flow(self.route);
        let round = Round::new(self.engine, self.route(), flow, plan, report, observer);
        let workers = self.sessions.len().min(round.waiting());
        thread::scope(|scope| {
            let mut sessions = self.sessions.iter_mut().take(workers);
            // This thread works too: a single file costs no thread.
            let mine = sessions.next();
            for session in sessions {
                scope.spawn(|| session.work(&round));
            }
            if let Some(session) = mine {
                session.work(&round);
            }
        });
        round.into_report()
    }

    /// Everything there is to do, the oldest duty first. A fetched file that still stands in the
    /// inbox is taken up there, where its source is cleared away.
    fn plan(&mut self, retry: Retry, report: &mut PassReport) -> Result<Plan, TransferError> {
        self.engine.take_over()?;
        let now = self.engine.desk().now();
        let since = self.engine.desk().store().newest_event()?;
        let arrived = self.arrived(report).unwrap_or_else(|error| {
            report.troubles.insert(error.endpoint.clone(), error);
            Vec::new()
        });
        let Route { inbox, outbox, .. } = self.route();
        let unfinished = self.left(
            Direction::Inbound,
            &[State::Fetched, State::Accepted, State::Recognised],
            (&inbox.endpoint, &inbox.directory),
        )?;
        let owed = self.left(
            Direction::Outbound,
            &[State::Queued, State::Rendered, State::Failed],
            (&outbox.endpoint, &outbox.directory),
        )?;
        let mut jobs: Vec<_> = unfinished
            .into_iter()
            .filter(|transfer| !arrived.iter().any(|e| e.name.as_str() == transfer.place.name))
            .map(Job::Unfinished)
            .collect();
        let due = |transfer: &Transfer| retry == Retry::Now || is_due(transfer, now);
        jobs.extend(owed.into_iter().filter(due).map(Job::Owed));
        jobs.extend(arrived.into_iter().map(Job::Arrived));
        Ok(Plan { jobs, since })
    }

    fn arrived(&mut self, report: &mut PassReport) -> Result<Vec<Entry>, EndpointError> {
        let inbox = &self.engine.config().routes[self.route].inbox;
        let Some(session) = self.sessions.first_mut() else { return Ok(Vec::new()) };
        let limit = self.engine.config().limits.files_per_pass;
        let listing = session.endpoint(&inbox.endpoint).list(&inbox.directory, limit)?;
        for name in &listing.refused {
            tracing::warn!(
                endpoint = inbox.endpoint,
                directory = inbox.directory,
                ?name,
                "a name in the inbox is no plain file name: it is left alone"
            );
        }
        let look = self.inbox.look(&listing, Instant::now());
        report.incomplete = look.waiting;
        self.next_look = look.again_after;
        Ok(look.ready)
    }

    /// What earlier rounds left in these states at one endpoint and directory, oldest first.
    fn left(
        &self,
        direction: Direction,
        states: &[State],
        (endpoint, directory): (&str, &str),
    ) -> Result<Vec<Transfer>, StoreError> {
        let found = self.engine.desk().store().transfers(&TransferFilter {
            direction: Some(direction),
            states: states.to_vec(),
            flow: Some(self.route().flow.as_str().to_owned()),
            ..TransferFilter::default()
        })?;
        let here = |t: &Transfer| t.place.endpoint == endpoint && t.place.directory == directory;
        Ok(found.into_iter().rev().filter(here).collect())
    }
}

/// Whether a failed transfer's pause is over.
fn is_due(transfer: &Transfer, now: Moment) -> bool {
    let doublings = transfer.attempts.saturating_sub(1).min(10);
    let pause = (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE);
    transfer.state != State::Failed
        || (now - transfer.changed_at).to_std().is_ok_and(|since| since >= pause)
}
