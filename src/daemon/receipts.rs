//! Receipts in a round: where they come from, what they move, and which are overdue. They belong to
//! the outbox of a route; where routes share a directory, the first of them looks into it for all.

use super::pass::{FileOutcome, Verdict};
use super::work::{Outcome, Round, Session, archive, held_without_bytes};
use crate::config::{Config, Outbox};
use crate::endpoint::plain::Inbox;
use crate::endpoint::serviceplatformen::{Receiving, Sending};
use crate::endpoint::{Endpoint, EndpointError, Entry};
use crate::fault::{Class, Code};
use crate::store::{
    KVITTERING, Moment, Problem, Step, Store, StoreError, Transfer, TransferFilter,
};
use crate::transfer::TransferError;
use crate::transfer::advice::Advice;
use crate::transfer::intake::{self, Source};
use crate::transfer::receipt::{self, Moved, Taken};
use crate::transfer::report::Report;
use crate::transfer::state::{Direction, Event, State};
use crate::transfer::trigger::{self, Try};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// A directory that receipts come to.
pub(super) struct ReceiptBox {
    pub(super) directory: String,
    /// One for each kind of receipt.
    kinds: Vec<Inbox>,
}

/// A complete receipt in one of the route's boxes.
pub(super) struct Arrival {
    /// Which box, and which kind.
    at: (usize, usize),
    entry: Entry,
}

impl ReceiptBox {
    /// The boxes of the route at this place in the configuration.
    pub(super) fn of(config: &Config, route: usize) -> Vec<Self> {
        let outbox = &config.routes[route].outbox;
        let Some(sending) = &outbox.serviceplatformen else { return Vec::new() };
        let looks = |other: &Outbox, directory: &String| {
            other.endpoint == outbox.endpoint
                && other
                    .serviceplatformen
                    .as_ref()
                    .is_some_and(|sending| sending.receipts.directories.contains(directory))
        };
        let earlier = &config.routes[..route];
        let own = sending.receipts.directories.iter();
        own.filter(|directory| !earlier.iter().any(|route| looks(&route.outbox, directory)))
            .map(|directory| Self {
                directory: directory.clone(),
                kinds: sending.receipts.as_plain().map(Inbox::new).into(),
            })
            .collect()
    }

    /// The complete receipts in the box, which is the route's `number`th, and after how long more
    /// may be complete.
    pub(super) fn look(
        &mut self,
        number: usize,
        endpoint: &mut dyn Endpoint,
        limit: usize,
    ) -> Result<(Vec<Arrival>, Option<Duration>), EndpointError> {
        let listing = endpoint.list(&self.directory, limit)?;
        let (mut arrivals, mut again) = (Vec::new(), None);
        for (kind, inbox) in self.kinds.iter_mut().enumerate() {
            let look = inbox.look(&listing, Instant::now());
            let at = (number, kind);
            arrivals.extend(look.ready.into_iter().map(|entry| Arrival { at, entry }));
            again = [again, look.again_after].into_iter().flatten().min();
        }
        Ok((arrivals, again))
    }
}

/// Files whose receipt has not come by its time, with that as their problem.
pub fn overdue_receipts(
    config: &Config,
    store: &dyn Store,
    now: Moment,
) -> Result<Vec<Transfer>, StoreError> {
    let mut found = Vec::new();
    let styles = config.routes.iter().filter_map(|route| route.outbox.serviceplatformen.as_ref());
    let awaited: BTreeSet<_> = styles.flat_map(receipt::awaited).copied().collect();
    for state in awaited {
        let states = vec![state];
        for sent in store.transfers(&TransferFilter { states, ..TransferFilter::default() })? {
            let outbox = config.outbox(&sent.flow, &sent.place.endpoint, &sent.place.directory);
            let sending = outbox.and_then(|outbox| outbox.serviceplatformen.as_ref());
            let awaited = sending.filter(|sending| receipt::awaited(sending).contains(&state));
            if let Some(problem) =
                awaited.and_then(|sending| receipt::overdue(&sent, &sending.receipts, now))
            {
                found.push(Transfer { problem: Some(problem), ..sent });
            }
        }
    }
    Ok(found)
}

/// What to say of a file whose receipt has not come by its time.
pub(super) fn overdue(sending: &Sending, sent: Transfer, now: Moment) -> Option<FileOutcome> {
    let verdict = Verdict::Waiting(receipt::overdue(&sent, &sending.receipts, now)?);
    Some(FileOutcome { transfer: Some(sent.id), ..FileOutcome::new(sent.place, verdict) })
}

impl Arrival {
    pub(super) fn name(&self) -> &str {
        self.entry.name.as_str()
    }
}

impl Round<'_> {
    /// Where the receipts of one box and kind come from.
    fn receipt_source(&self, (number, kind): (usize, usize)) -> Source<'_> {
        let receipt_box = &self.boxes[number];
        Source {
            flow: KVITTERING,
            endpoint: &self.route.outbox.endpoint,
            directory: &receipt_box.directory,
            plain: receipt_box.kinds[kind].convention(),
            platform: None,
            limit: self.config().limits.xml_bytes,
            since: self.since,
        }
    }
}

impl Session<'_> {
    /// Takes a receipt out of its box, and what follows from it.
    pub(super) fn receipt_arrived(&mut self, round: &Round<'_>, arrival: &Arrival) -> Outcome {
        let outbox = &round.route.outbox;
        if round.is_troubled(&outbox.endpoint) {
            return Ok(None);
        }
        let source = round.receipt_source(arrival.at);
        let endpoint = self.endpoint(&outbox.endpoint);
        match intake::fetch(&round.desk, &source, endpoint, &arrival.entry) {
            Ok(Some(receipt)) => Self::take(round, &receipt),
            Ok(None) => Ok(None),
            Err(TransferError::Refused(problem)) => {
                let verdict = Verdict::kept_back(problem);
                Ok(Some(FileOutcome::new(source.place(&arrival.entry.name), verdict)))
            }
            Err(error) => Err(error),
        }
    }

    /// Takes up a receipt that an earlier round left in the spool.
    pub(super) fn receipt_left(
        &mut self,
        round: &Round<'_>,
        number: usize,
        receipt: &Transfer,
    ) -> Outcome {
        let endpoint = &round.route.outbox.endpoint;
        let fetched = receipt.state == State::Fetched;
        if fetched && round.is_troubled(endpoint) {
            return Ok(None);
        }
        let claimed = round.desk.store().claim(receipt, round.desk.node)?;
        let Some(receipt) = claimed else { return Ok(None) };
        if fetched {
            // Both kinds are cleared away alike.
            let source = round.receipt_source((number, 0));
            intake::take_up(&source, self.endpoint(endpoint), &receipt)?;
        }
        Self::take(round, &receipt)
    }

    fn take(round: &Round<'_>, receipt: &Transfer) -> Outcome {
        let Some(sending) = &round.route.outbox.serviceplatformen else { return Ok(None) };
        if receipt.state != State::Fetched {
            archive(&round.desk, receipt)?;
            return Ok(None);
        }
        if let Some(held) = held_without_bytes(&round.desk, receipt)? {
            return Ok(FileOutcome::refused(held));
        }
        let limit = round.config().limits.xml_bytes;
        match receipt::take(&round.desk, receipt, &sending.receipts, limit)? {
            Taken::Moved(done) => {
                archive(&round.desk, &done.receipt)?;
                Ok(Some(moved(*done)))
            }
            Taken::Apart(kept) => Ok(FileOutcome::refused(*kept)),
            Taken::TooEarly(problem) => {
                round.desk.store().let_go(receipt.id, round.desk.node)?;
                let verdict = Verdict::Waiting(problem);
                let place = receipt.place.clone();
                Ok(Some(FileOutcome {
                    transfer: Some(receipt.id),
                    ..FileOutcome::new(place, verdict)
                }))
            }
        }
    }

    /// Has the platform send a file that stands at its destination, where it is to.
    pub(super) fn send_on(
        &mut self,
        round: &Round<'_>,
        published: Transfer,
        nth: Try,
    ) -> Result<Transfer, TransferError> {
        let Some(sending) = &round.route.outbox.serviceplatformen else { return Ok(published) };
        if published.flow == KVITTERING || published.state != State::Published {
            return Ok(published);
        }
        let claimed = round.desk.store().claim(&published, round.desk.node)?;
        let Some(ours) = claimed else { return Ok(published) };
        let endpoint = self.endpoint(&ours.place.endpoint);
        trigger::put(&round.desk, endpoint, &ours, (sending, nth))
    }

    /// Sends the business receipts that a file's acceptance or rejection has made due. One that
    /// cannot leave stays owed.
    pub(super) fn answer_sender(
        &mut self,
        round: &Round<'_>,
        inbound: &Transfer,
    ) -> Result<(), TransferError> {
        let managed = |receiving: &Receiving| receiving.business_receipts;
        if !round.route.inbox.serviceplatformen.as_ref().is_some_and(managed) {
            return Ok(());
        }
        let receipts = round.desk.store().receipts(inbound.id)?;
        for receipt in receipts {
            let owed = round.desk.store().transfer(receipt.transfer)?;
            if let Some(owed) = owed
                && owed.direction == Direction::Outbound
                && owed.state == State::Queued
            {
                self.deliver(round, owed)?;
            }
        }
        Ok(())
    }
}

fn moved(Moved { receipt, about, problem }: Moved) -> FileOutcome {
    match problem {
        Some(problem) if problem.code != Code::ReceiptLate => FileOutcome {
            transfer: Some(about.id),
            ..FileOutcome::new(about.place, Verdict::Refused(problem))
        },
        late => {
            if let Some(problem) = late {
                let (file, code) = (&about.place, problem.code);
                tracing::warn!(%file, transfer = %about.id, %code, "{}", problem.text);
            }
            let transfer = Some(receipt.id);
            FileOutcome { transfer, ..FileOutcome::new(receipt.place, Verdict::Noted) }
        }
    }
}

/// A file that the platform brought before, under the same FileTransferUUID: the same one is
/// recognised and not asked about again, another one is held.
pub(super) fn brought_before(
    round: &Round<'_>,
    fetched: &Transfer,
) -> Result<Option<FileOutcome>, TransferError> {
    if round.route.inbox.serviceplatformen.is_none() || fetched.released {
        return Ok(None);
    }
    let earlier = round.desk.store().same_delivery(fetched)?;
    let Some(earlier) = earlier else { return Ok(None) };
    let desk = &round.desk;
    if earlier.payload != fetched.payload {
        let problem = conflict(&earlier);
        let advice = Advice::say_which_delivery();
        let report = Report::new(fetched, State::Held, problem.code, &advice, None);
        desk.spool.set_apart(fetched.id, &report.files())?;
        let step = Step { problem: Some(problem), ..Step::plain(Event::Hold) };
        let held = desk.store().advance(fetched, &step, desk.now())?;
        desk.spool.forget(held.id)?;
        return Ok(FileOutcome::refused(held));
    }
    let done = matches!(earlier.state, State::Accepted | State::Recognised | State::Archived);
    let Some(about) = earlier.about().filter(|_| done) else { return Ok(None) };
    let step = Step { about: Some(about), ..Step::plain(Event::Recognise) };
    let known = desk.store().advance(fetched, &step, desk.now())?;
    archive(desk, &known)?;
    let transfer = Some(known.id);
    Ok(Some(FileOutcome { transfer, ..FileOutcome::new(known.place, Verdict::Recognised) }))
}

fn conflict(earlier: &Transfer) -> Problem {
    let text = format!(
        "the platform brought other bytes under the same FileTransferUUID before (transfer {}); \
         ask the sender which file holds",
        earlier.id
    );
    Problem { class: Class::Operator, code: Code::DeliveryConflict, text }
}
