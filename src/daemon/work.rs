//! One worker's part of a round: takes files from the shared list and carries each to its end.

use super::Engine;
use super::pass::{FileOutcome, Observer, PassReport, Told, Verdict, size};
use super::pulse::Enrolled;
use super::receipts::{self, Arrival, ReceiptBox};
use crate::config::{Config, Route};
use crate::crash::{self, Point};
use crate::endpoint::{Endpoint, EndpointError, Entry};
use crate::fault::{Class, Code};
use crate::flow::{Effect, Flow, Processed};
use crate::store::{KVITTERING, Problem, Step, StoreError, Transfer};
use crate::transfer::intake;
use crate::transfer::state::{Event, State};
use crate::transfer::trigger::Try;
use crate::transfer::{Desk, TransferError, delivery, problem_of, receipt};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Something to be carried to its end.
pub(super) enum Job {
    /// A complete file in the inbox.
    Arrived(Entry),
    /// A file that is in the spool already.
    Unfinished(Transfer),
    /// An answer, or a receipt of ours, that has not left yet.
    Owed(Transfer),
    /// A complete receipt.
    Receipt(Arrival),
    /// A receipt that is in the spool already, and which of the route's boxes it came from.
    ReceiptLeft(usize, Transfer),
}

/// What there is to do in one round.
pub(super) struct Plan {
    pub(super) jobs: Vec<Job>,
    /// The newest event before the inbox was listed.
    pub(super) since: i64,
}

/// What a round begins with, besides its jobs.
pub(super) struct Start<'r> {
    pub(super) route: &'r Route,
    pub(super) flow: &'r dyn Flow,
    pub(super) boxes: &'r [ReceiptBox],
    /// What was said in the round before, and is not said again.
    pub(super) told: &'r BTreeSet<Told>,
}

/// What the workers of one round share.
pub(super) struct Round<'r> {
    engine: &'r Engine,
    pub(super) desk: Desk<'r>,
    pub(super) route: &'r Route,
    flow: &'r dyn Flow,
    pub(super) boxes: &'r [ReceiptBox],
    told: &'r BTreeSet<Told>,
    jobs: Mutex<VecDeque<Job>>,
    report: Mutex<PassReport>,
    observer: &'r dyn Observer,
    pub(super) since: i64,
}

/// One worker's connections, opened when first needed.
pub(super) struct Session<'e> {
    engine: &'e Engine,
    endpoints: BTreeMap<String, Box<dyn Endpoint>>,
}

pub(super) type Outcome = Result<Option<FileOutcome>, TransferError>;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'r> Round<'r> {
    pub(super) fn new(
        engine: &'r Engine,
        start: &Start<'r>,
        plan: Plan,
        report: PassReport,
        observer: &'r dyn Observer,
    ) -> Self {
        let (jobs, report) = (Mutex::new(plan.jobs.into()), Mutex::new(report));
        let (desk, since) = (engine.desk(), plan.since);
        let Start { route, flow, boxes, told } = *start;
        Self { engine, desk, route, flow, boxes, told, jobs, report, observer, since }
    }

    pub(super) fn config(&self) -> &Config {
        self.engine.config()
    }

    /// Counts the calling thread among those at work on this route.
    pub(super) fn enrol(&self) -> Enrolled<'r> {
        self.engine.pulse().enrol(self.route.title())
    }

    pub(super) fn waiting(&self) -> usize {
        locked(&self.jobs).len()
    }

    pub(super) fn into_report(self) -> PassReport {
        self.report.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job; none after a failure of the store or the disk, which every job needs, and none
    /// while we are stopping.
    fn next(&self) -> Option<Job> {
        if self.engine.is_stopping() || locked(&self.report).failure.is_some() {
            return None;
        }
        locked(&self.jobs).pop_front()
    }

    /// Whether an endpoint has given trouble in this round: it is left alone until the next.
    pub(super) fn is_troubled(&self, endpoint: &str) -> bool {
        locked(&self.report).troubles.contains_key(endpoint)
    }

    fn trouble(&self, error: EndpointError) {
        if let Err(failure) = self.engine.trouble(&error) {
            self.fail(failure);
        }
        locked(&self.report).troubles.entry(error.endpoint.clone()).or_insert(error);
    }

    /// What is wrong with an endpoint, as a problem of the files that wait for it.
    fn known_trouble(&self, endpoint: &str) -> Option<Problem> {
        locked(&self.report).troubles.get(endpoint).map(problem_of)
    }

    /// The store or our own disk failed: no further job is begun.
    fn fail(&self, error: TransferError) {
        locked(&self.report).failure.get_or_insert(error);
    }

    fn record(&self, outcome: FileOutcome) {
        let outcome = outcome.after(self.told);
        outcome.log(self.route.flow.as_str());
        self.engine.pulse().tally.done(self.route.flow.as_str(), &outcome);
        self.observer.done(&outcome);
        locked(&self.report).files.push(outcome);
    }
}

impl<'e> Session<'e> {
    pub(super) fn new(engine: &'e Engine) -> Self {
        Self { engine, endpoints: BTreeMap::new() }
    }

    /// The connection to an endpoint of the configuration.
    pub(super) fn endpoint(&mut self, name: &str) -> &mut dyn Endpoint {
        let settings = &self.engine.config().endpoints;
        &mut **self.endpoints.entry(name.to_owned()).or_insert_with(|| settings[name].open(name))
    }

    /// Works until no job is left.
    pub(super) fn work(&mut self, round: &Round<'_>) {
        while let Some(job) = round.next() {
            let begun = Instant::now();
            let done = match job {
                Job::Arrived(entry) => self.arrived(round, &entry),
                Job::Unfinished(transfer) => self.unfinished(round, &transfer),
                Job::Owed(transfer) => self.owed(round, transfer),
                Job::Receipt(arrival) => self.receipt_arrived(round, &arrival),
                Job::ReceiptLeft(number, receipt) => self.receipt_left(round, number, &receipt),
            };
            match done {
                Ok(Some(outcome)) => round.record(FileOutcome { took: begun.elapsed(), ..outcome }),
                Ok(None) => {}
                Err(TransferError::Endpoint(error)) => round.trouble(error),
                // The fence: whoever took it over goes on with it.
                Err(TransferError::Store(error @ StoreError::Moved { .. })) => {
                    tracing::warn!("{error}: it is left to that one");
                }
                Err(error) => round.fail(error),
            }
        }
    }

    fn arrived(&mut self, round: &Round<'_>, entry: &Entry) -> Outcome {
        let inbox = &round.route.inbox;
        if round.is_troubled(&inbox.endpoint) {
            return Ok(None);
        }
        let source = self.engine.source(round.route, round.since);
        match intake::fetch(&round.desk, &source, self.endpoint(&inbox.endpoint), entry) {
            Ok(Some(transfer)) => self.go_on(round, transfer),
            Ok(None) => Ok(None),
            Err(TransferError::Refused(problem)) => {
                let verdict = Verdict::kept_back(problem);
                Ok(Some(FileOutcome::new(source.place(&entry.name), verdict)))
            }
            Err(error) => Err(error),
        }
    }

    /// Takes up a file that an earlier round, or another process, left in the spool.
    fn unfinished(&mut self, round: &Round<'_>, transfer: &Transfer) -> Outcome {
        let inbox = &round.route.inbox;
        let fetched = transfer.state == State::Fetched;
        if fetched && round.is_troubled(&inbox.endpoint) {
            return Ok(None);
        }
        let claimed = round.desk.store().claim(transfer, round.desk.node)?;
        let Some(transfer) = claimed else { return Ok(None) };
        if fetched {
            let source = self.engine.source(round.route, round.since);
            intake::take_up(&source, self.endpoint(&inbox.endpoint), &transfer)?;
        }
        self.go_on(round, transfer)
    }

    /// Carries a file that is in the spool to its end.
    fn go_on(&mut self, round: &Round<'_>, transfer: Transfer) -> Outcome {
        if transfer.state != State::Fetched {
            archive(&round.desk, &transfer)?;
            return Ok(None);
        }
        if let Some(held) = held_without_bytes(&round.desk, &transfer)? {
            return Ok(FileOutcome::refused(held));
        }
        if let Some(outcome) = receipts::brought_before(round, &transfer)? {
            return Ok(Some(outcome));
        }
        let Processed { inbound, effect, owed } = round.flow.process(&round.desk, transfer)?;
        self.answer_sender(round, &inbound)?;
        let Some(done) = done(&inbound, effect.as_ref()) else {
            return Ok(FileOutcome::refused(inbound));
        };
        let place = owed.as_ref().map(|owed| owed.place.clone());
        let obstacle = owed.map_or(Ok(None), |owed| self.deliver(round, owed))?;
        archive(&round.desk, &inbound)?;
        Ok(Some(FileOutcome {
            effect,
            owed: place,
            transfer: Some(inbound.id),
            bytes: size(&inbound),
            ..FileOutcome::new(inbound.place, obstacle.unwrap_or(done))
        }))
    }

    fn owed(&mut self, round: &Round<'_>, transfer: Transfer) -> Outcome {
        let (place, id) = (transfer.place.clone(), transfer.id);
        let verdict = self.deliver(round, transfer)?.unwrap_or(Verdict::Delivered);
        Ok(Some(FileOutcome { transfer: Some(id), ..FileOutcome::new(place, verdict) }))
    }

    /// Delivers an answer; what kept it from leaving, if something did.
    pub(super) fn deliver(
        &mut self,
        round: &Round<'_>,
        owed: Transfer,
    ) -> Result<Option<Verdict>, TransferError> {
        if matches!(owed.state, State::Held | State::Dead) {
            return Ok(owed.problem.map(Verdict::Held));
        }
        let name = owed.place.endpoint.clone();
        if let Some(problem) = round.known_trouble(&name) {
            return Ok(Some(Verdict::Waiting(problem)));
        }
        // Against other workers of this process, then against other processes.
        let _claim = self.engine.claim(owed.id);
        let claimed = round.desk.store().claim(&owed, round.desk.node)?;
        let Some(owed) = claimed else { return Ok(None) };
        let id = owed.id;
        let mut render = |transfer: &Transfer, path: &Path| {
            if transfer.flow == KVITTERING {
                receipt::render(&round.desk, transfer, path)
            } else {
                round.flow.render(&round.desk, transfer, path)
            }
        };
        let nth = if owed.state == State::Published { Try::Further } else { Try::First };
        let published = if nth == Try::Further {
            Ok(owed)
        } else {
            delivery::deliver(&round.desk, self.endpoint(&name), owed, &mut render)
        };
        match published.and_then(|published| self.send_on(round, published, nth)) {
            Ok(_) => {
                self.engine.pulse().circuits.well(&name);
                Ok(None)
            }
            Err(TransferError::Endpoint(error)) => {
                let problem = problem_of(&error);
                round.desk.store().let_go(id, round.desk.node)?;
                if !error.is_about_the_file() {
                    round.trouble(error);
                }
                Ok(Some(Verdict::kept_back(problem)))
            }
            Err(TransferError::Refused(problem)) => Ok(Some(Verdict::Held(problem))),
            Err(error) => Err(error),
        }
    }
}

/// The verdict on a file that was taken; `None` = it was not.
fn done(inbound: &Transfer, effect: Option<&Effect>) -> Option<Verdict> {
    match (inbound.state, effect) {
        (State::Accepted, Some(Effect::Answered(_) | Effect::Bogfoert(_))) => {
            Some(Verdict::Answered)
        }
        (State::Recognised, Some(Effect::Answered(_) | Effect::Bogfoert(_))) => {
            Some(Verdict::AnsweredAgain)
        }
        (State::Accepted, Some(Effect::Kvitteret(_))) => {
            Some(inbound.problem.clone().map_or(Verdict::Noted, Verdict::NotedInPart))
        }
        (State::Accepted, _) => {
            Some(inbound.problem.clone().map_or(Verdict::Settled, Verdict::SettledInPart))
        }
        (State::Recognised, _) => Some(Verdict::Recognised),
        _ => None,
    }
}

/// Holds a file whose bytes are gone: it must not keep the others waiting.
pub(super) fn held_without_bytes(
    desk: &Desk<'_>,
    inbound: &Transfer,
) -> Result<Option<Transfer>, TransferError> {
    if desk.spool.restore(inbound.id)? {
        return Ok(None);
    }
    let text = "its bytes are neither in the spool nor in the archive nor in quarantine: put them \
                back and release it, or reject it and ask the sender for the file";
    let (class, code) = (Class::Operator, Code::BytesMissing);
    let problem = Some(Problem { class, code, text: text.to_owned() });
    let step = Step { problem, ..Step::plain(Event::Hold) };
    Ok(Some(desk.store().advance(inbound, &step, desk.now())?))
}

pub(super) fn archive(desk: &Desk<'_>, inbound: &Transfer) -> Result<(), TransferError> {
    desk.spool.archive(inbound.id)?;
    crash::reached(Point::ArchiveKept);
    desk.store().advance(inbound, &Step::plain(Event::Archive), desk.now())?;
    crash::reached(Point::ArchiveJournalled);
    desk.spool.forget(inbound.id)?;
    Ok(())
}
