//! The store: agreements, requests, expectations, transfers and their events.
//!
//! [`Store`] is all the rest of the program knows of it. SQL and everything that is a database's
//! own stays in the implementations, one file (or folder) each; `tests/store_conformance` runs
//! one suite against every implementation. May use `domain`, `fault` and `transfer::state`.
//!
//! Times are UTC. Every method that changes something is one transaction.

mod aftaler;
mod alerts;
mod error;
mod ledger;
mod payouts;
mod receipts;
mod registrations;
pub mod sqlite;
mod transfers;
mod udbetalinger;

pub use aftaler::{AftaleImport, AftaleVersion, ImportMode, ImportSummary, Marking, Twice};
pub use alerts::{Alert, AlertCount, Concern, HandedOver};
pub use error::StoreError;
pub use ledger::{
    Bogfoering, Bogfoert, Known, KvitteringOrder, Ledger, LedgerAudit, Received, Restance,
};
pub use payouts::{
    AppliedReport, AppliedRequest, Mark, Payout, PayoutMark, PayoutPart, PayoutQuery,
};
pub use receipts::{Clue, Delivery, KVITTERING, Receipt, Understood, Verdict};
pub use registrations::{
    Afvigelse, Answered, Answers, AnswersOrder, CutOrder, CutTransfer, Deviating, Entered, Entry,
    EntryFault, EntryFaultKind, EntrySummary, Kvitteret, Registrations, RegistreringFilter,
    RejectedPage, RejectedQuery, Rejections, Sag, Sent, Stand, Standing, Tilstand, Unanswered,
    Waiting,
};
pub use sqlite::SqliteStore;
pub use transfers::{
    Census, EventRow, Payload, Place, Problem, Seen, Step, Transfer, TransferFilter,
};
pub use udbetalinger::{
    AfstemningFilter, Afstemninger, Forventet, Indberettet, Indlaesning, Indlaest, Linje, MatchBy,
    Matched, Rapporteret, Ready, SettleOrder, Settled, Udeblivelse,
};

use crate::domain::hold_rule::{HoldRules, Size};
use crate::domain::{
    Aftale, AftaleId, Forespoergsel, ForespoergselId, Kommunekode, Miljoe, Svar, Transaktion,
};
#[cfg(doc)]
use crate::transfer::state::State;
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

/// A moment, UTC. Callers pass it in; the store reads no clock.
pub type Moment = DateTime<Utc>;

/// What callers do with each row that is streamed to them; an error stops the stream.
pub type Visit<'a, T> = &'a mut dyn FnMut(T) -> Result<(), StoreError>;

/// Everything modregn remembers.
pub trait Store: Send + Ledger + Registrations {
    /// The environment this store was made for; a store never changes it.
    fn miljoe(&self) -> Miljoe;

    /// Begins to take in agreements. Nothing is visible to others before [`AftaleImport::finish`];
    /// dropping the import undoes it.
    fn import_aftaler(
        &mut self,
        mode: ImportMode,
        at: Moment,
    ) -> Result<Box<dyn AftaleImport + '_>, StoreError>;

    /// Every agreement that holds now, in the order kommunekode, cpr, prioritet, aftale_id.
    fn each_aftale(&self, visit: Visit<'_, Aftale>) -> Result<(), StoreError>;

    /// Every version there was of one agreement, oldest first.
    fn aftale_versions(&self, id: &AftaleId) -> Result<Vec<AftaleVersion>, StoreError>;

    /// Every expectation that was marked by any version of one agreement, oldest first.
    fn markings(&self, id: &AftaleId) -> Result<Vec<Marking>, StoreError>;

    /// How many agreements hold now, all statuses.
    fn count_aftaler(&self) -> Result<u64, StoreError>;

    /// Takes a process in among those that work on files; `lock` is the name of something it holds
    /// for as long as it lives (see [`NodeRow::lock`]).
    fn enlist(&mut self, lock: &str, at: Moment) -> Result<Node, StoreError>;

    /// The processes that have not ended, as far as the store knows.
    fn nodes(&self) -> Result<Vec<NodeRow>, StoreError>;

    /// A process has ended: what it claimed is free. Doing it again is fine.
    fn retire(&mut self, node: Node, at: Moment) -> Result<(), StoreError>;

    /// Notes that a file stands complete at an endpoint, and claims it for `node`: a new transfer
    /// in [`State::Seen`], or the unfinished one (state `Seen` or `Fetched`) of the same place.
    /// `None` = another node works on it, or has fetched it since the listing was made.
    fn see(&mut self, seen: &Seen, node: Node, at: Moment) -> Result<Option<Transfer>, StoreError>;

    /// Claims a transfer that is under way, in the state it was read in; `None` = another node has
    /// it, or it has moved on.
    fn claim(&mut self, transfer: &Transfer, node: Node) -> Result<Option<Transfer>, StoreError>;

    /// Lets go of a claim on a transfer that is still under way; not having it is fine.
    fn let_go(&mut self, transfer: Uuid, node: Node) -> Result<(), StoreError>;

    /// The number of the newest event, from 1; 0 = there is none.
    fn newest_event(&self) -> Result<i64, StoreError>;

    /// The newest transfer from the same place, other than this one, that was accepted or
    /// recognised (whatever its state now), if any.
    fn earlier(&self, transfer: &Transfer) -> Result<Option<Transfer>, StoreError>;

    /// Moves a transfer by an event that has no business effect: guarded by the state and the
    /// claim the transfer was read with, with the event's row in the same transaction. A transfer
    /// that comes to rest is no longer claimed.
    fn advance(
        &mut self,
        transfer: &Transfer,
        step: &Step,
        at: Moment,
    ) -> Result<Transfer, StoreError>;

    /// Answers a request: the request's row, one expectation per active agreement, the answer's
    /// outbound transfer and the inbound transfer's acceptance, in one transaction. The same
    /// request again ([`Answer::Again`]) adds no expectation; it moves the inbound transfer to
    /// [`State::Recognised`] and owes the answer's transfer once more (unless it still is owed).
    /// The same forespoergsel_id with any other content ([`Answer::Conflict`]) changes nothing at
    /// all; nor does a request whose answer was cancelled, or that a rule holds, until an operator
    /// has released it.
    fn answer(&mut self, order: &AnswerOrder<'_>, at: Moment) -> Result<Answer, StoreError>;

    /// What a platform said of a file that it brought, if one did.
    fn delivery(&self, transfer: Uuid) -> Result<Option<Delivery>, StoreError>;

    /// The first transfer before this one that the platform brought under the same
    /// FileTransferUUID, if any.
    fn same_delivery(&self, transfer: &Transfer) -> Result<Option<Transfer>, StoreError>;

    /// The outbound transfer that a receipt speaks of, if it is known.
    fn meant(&self, clue: &Clue<'_>) -> Result<Option<Transfer>, StoreError>;

    /// Takes a receipt in: its own step, and the step of the file it is about.
    fn understand(
        &mut self,
        understood: &Understood<'_>,
        at: Moment,
    ) -> Result<Transfer, StoreError>;

    /// What the receipt of this transfer says.
    fn receipt(&self, transfer: Uuid) -> Result<Option<Receipt>, StoreError>;

    /// The receipts about a file, ours and others', oldest first.
    fn receipts(&self, about: Uuid) -> Result<Vec<Receipt>, StoreError>;

    /// What [`Store::answer`] would mark, streamed, and the head it would commit; commits nothing.
    fn preview(
        &self,
        request: &Forespoergsel,
        at: Moment,
        visit: Visit<'_, Transaktion>,
    ) -> Result<Svar, StoreError>;

    /// The sizes of a municipality's latest answers, newest first.
    fn recent_sizes(&self, kommune: Kommunekode, limit: u32) -> Result<Vec<Size>, StoreError>;

    /// The committed head of a request's answer.
    fn svar(&self, id: ForespoergselId) -> Result<Option<Svar>, StoreError>;

    /// The committed transactions of a request's answer, by loebenummer from 1.
    fn each_transaktion(
        &self,
        id: ForespoergselId,
        visit: Visit<'_, Transaktion>,
    ) -> Result<(), StoreError>;

    /// Begins to take in a payout report. Nothing is visible to others before
    /// [`Indlaesning::settle`]; dropping it undoes it.
    fn take_in(&mut self) -> Result<Box<dyn Indlaesning + '_>, StoreError>;

    /// The transfer that brought a report of this udbetaling_id, if one was applied.
    fn brought_by(&self, udbetaling_id: Uuid) -> Result<Option<Transfer>, StoreError>;

    /// What an outbound transfer is to tell of the refused records of a report.
    fn rapport(&self, outbound: Uuid) -> Result<Option<String>, StoreError>;

    /// What was expected held against what came, for each municipality.
    fn afstemning(&self, filter: &AfstemningFilter) -> Result<Afstemninger, StoreError>;

    /// The lines behind the figures of [`Store::afstemning`]: expectations by kommunekode, request
    /// and loebenummer, then what was unexpected by kommunekode, payout and aftale_id.
    fn each_linje(
        &self,
        filter: &AfstemningFilter,
        visit: Visit<'_, Linje>,
    ) -> Result<(), StoreError>;

    /// What is known of one payout, for all municipalities.
    fn payout(&self, query: &PayoutQuery) -> Result<Payout, StoreError>;

    /// The same without [`PayoutPart::afstemning`], which has to count every expectation: this
    /// takes as long in a large store as in a small one.
    fn payout_files(&self, query: &PayoutQuery) -> Result<Payout, StoreError>;

    /// Every payout of which there are requests or reports, newest first.
    fn payout_marks(&self) -> Result<Vec<PayoutMark>, StoreError>;

    /// How far the store has come.
    fn mark(&self) -> Result<Mark, StoreError>;

    /// Everything that was reported about one agreement, oldest first.
    fn indberettet(&self, id: &AftaleId) -> Result<Vec<Indberettet>, StoreError>;

    /// The payouts with requests of which [`Store::note_udeblevne`] has not been said, oldest
    /// first.
    fn awaited_payouts(&self) -> Result<Vec<NaiveDate>, StoreError>;

    /// The deadline of a payout's expectations is over: those that are unanswered have stayed out.
    /// Gives the requests of which it was not said before, answered ones too.
    fn note_udeblevne(
        &mut self,
        dispositionsdato: NaiveDate,
        at: Moment,
    ) -> Result<Vec<Udeblivelse>, StoreError>;

    /// The requests for a payout of which [`Store::note_udeblevne`] was said, with what it found.
    fn udeblevne(&self, dispositionsdato: NaiveDate) -> Result<Vec<Udeblivelse>, StoreError>;

    /// One transfer.
    fn transfer(&self, id: Uuid) -> Result<Option<Transfer>, StoreError>;

    /// Transfers, newest first, as the filter says.
    fn transfers(&self, filter: &TransferFilter) -> Result<Vec<Transfer>, StoreError>;

    /// Transfers whose files' names begin with `prefix`, by name, at most `limit` of them; those
    /// behind the transfer `after`, where it is given.
    fn named(
        &self,
        prefix: &str,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Transfer>, StoreError>;

    /// A transfer's events, oldest first.
    fn events(&self, transfer: Uuid) -> Result<Vec<EventRow>, StoreError>;

    /// How many transfers there are by flow, direction and state.
    fn census(&self) -> Result<Vec<Census>, StoreError>;

    /// Leaves an endpoint alone until [`Store::resume`]; the first reason stays.
    fn pause(&mut self, endpoint: &str, problem: &Problem, at: Moment) -> Result<(), StoreError>;

    /// An operator has mended an endpoint; tells whether it was paused.
    fn resume(&mut self, endpoint: &str, by: &By, at: Moment) -> Result<bool, StoreError>;

    /// The paused endpoints, by name.
    fn pauses(&self) -> Result<Vec<Pause>, StoreError>;

    /// Notes that an inbox was looked into at this moment, and nothing was left to take in.
    fn looked_into(
        &mut self,
        endpoint: &str,
        directory: &str,
        at: Moment,
    ) -> Result<(), StoreError>;

    /// The newest such moment of an inbox.
    fn last_look(&self, endpoint: &str, directory: &str) -> Result<Option<Moment>, StoreError>;

    /// Raises what was not raised before, by kind and subject, in one transaction; gives those.
    fn raise(&mut self, concerns: &[Concern], at: Moment) -> Result<Vec<Alert>, StoreError>;

    /// The latest alerts, newest first.
    fn alerts(&self, limit: u32) -> Result<Vec<Alert>, StoreError>;

    /// The alerts that still have to be handed over, oldest first, whoever has claimed them.
    fn unsent_alerts(&self) -> Result<Vec<Alert>, StoreError>;

    /// Claims those of these alerts that are not sent and that no other node hands over just now.
    fn claim_alerts(&mut self, nrs: &[i64], node: Node) -> Result<Vec<Alert>, StoreError>;

    /// Notes that a hook has taken these alerts.
    fn alerts_taken(&mut self, nrs: &[i64], hook: &str, at: Moment) -> Result<(), StoreError>;

    /// Ends a node's claim on alerts; those that another has claimed by now stay as they are.
    fn settle_alerts(
        &mut self,
        nrs: &[i64],
        node: Node,
        outcome: HandedOver,
        at: Moment,
    ) -> Result<(), StoreError>;

    /// How many alerts there are by kind.
    fn count_alerts(&self) -> Result<Vec<AlertCount>, StoreError>;

    /// Adds to the event log what is about no transfer.
    fn note(&mut self, note: &Note<'_>, at: Moment) -> Result<(), StoreError>;

    /// The number of the event with this hash, if the log has it.
    fn event_with_hash(&self, hash: [u8; 32]) -> Result<Option<i64>, StoreError>;

    /// Holds every event against the chain and every transfer against its last event.
    fn verify(&self) -> Result<Audit, StoreError>;
}

/// A process that works on files; the number is the fencing number of its claims and is never used
/// again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(pub i64);

impl Node {
    /// Whoever only looks: it cannot claim anything.
    pub const ONLOOKER: Self = Self(0);
}

/// A process that has not ended, as far as the store knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRow {
    /// Which.
    pub node: Node,
    /// What it holds while it lives: whoever can take this knows that it has ended.
    pub lock: String,
    /// When it began.
    pub begun_at: Moment,
}

/// Who did something, and why. Both are kept for good and shown: no personal data of citizens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// The operator, as their machine knows them.
    pub who: String,
    /// Their reason.
    pub why: String,
}

/// An endpoint that is left alone until an operator has mended it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Its name in the configuration.
    pub endpoint: String,
    /// Since when.
    pub since: Moment,
    /// What is to be mended.
    pub problem: Problem,
}

/// Something that happened to no transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note<'a> {
    /// To what: `endpoint ky`, `archive`.
    pub subject: &'a str,
    /// What happened, one word.
    pub what: &'static str,
    /// What is wrong, if something is.
    pub problem: Option<&'a Problem>,
    /// Who did it; `None` = modregn by itself.
    pub by: Option<&'a By>,
}

/// What [`Store::verify`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// How many events there are.
    pub events: u64,
    /// The newest event's hash: kept elsewhere, it shows later that nothing before it is missing.
    pub head: Option<[u8; 32]>,
    /// What does not hold, in the order of the events; empty = all is as it was written.
    pub findings: Vec<Finding>,
}

/// A place where the event log or a transfer is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The event's number.
    pub event: i64,
    /// The transfer it is about, if it is about one.
    pub transfer: Option<Uuid>,
    /// What is wrong.
    pub what: &'static str,
}

/// A request to be answered.
#[derive(Clone, Debug)]
pub struct AnswerOrder<'a> {
    /// The transfer that brought it, in [`State::Fetched`].
    pub inbound: &'a Transfer,
    /// The request.
    pub request: &'a Forespoergsel,
    /// Where the answer goes.
    pub place: &'a Place,
    /// When it is held for an operator instead, unless one has released it.
    pub hold_rules: &'a HoldRules,
    /// By when the request should have come; `None` = it came in time.
    pub missed: Option<Moment>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Marked now; the answer is owed.
    New {
        /// Head of the answer.
        svar: Svar,
        /// The transfer that brought it, now [`State::Accepted`].
        inbound: Transfer,
        /// The answer's transfer, [`State::Queued`].
        outbound: Transfer,
    },
    /// Marked before; the identical answer is owed again.
    Again {
        /// Head of the answer, as committed then.
        svar: Svar,
        /// The transfer that brought it, now [`State::Recognised`].
        inbound: Transfer,
        /// The answer's transfer, owed once more (or still).
        outbound: Transfer,
    },
    /// It was marked before, and an operator has cancelled its answer: nothing was changed.
    Cancelled {
        /// The answer's transfer.
        outbound: Uuid,
    },
    /// A rule holds it for an operator: nothing was marked, no transfer moved.
    Held {
        /// Why.
        why: String,
    },
    /// The id is known with other content: nothing was marked, no transfer moved.
    Conflict {
        /// The transfer that brought the request first.
        earlier: Uuid,
    },
}
