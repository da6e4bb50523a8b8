//! The store: agreements, requests, expectations, transfers and their events.
//!
//! [`Store`] is all the rest of the program knows of it. SQL and everything that is a database's
//! own stays in the implementations, one file (or folder) each; `tests/store_conformance` runs
//! one suite against every implementation. May use `domain`, `fault` and `transfer::state`.
//!
//! Times are UTC. Every method that changes something is one transaction.

pub mod sqlite;

pub use sqlite::SqliteStore;

use crate::domain::{
    Aftale, Forespoergsel, ForespoergselId, Kommunekode, Miljoe, Svar, Transaktion,
};
use crate::fault::{Class, Code};
use crate::transfer::state::{Direction, Event, State};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A moment, UTC. Callers pass it in; the store reads no clock.
pub type Moment = DateTime<Utc>;

/// What callers do with each row that is streamed to them; an error stops the stream.
pub type Visit<'a, T> = &'a mut dyn FnMut(T) -> Result<(), StoreError>;

/// Everything modregn remembers.
pub trait Store: Send {
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

    /// How many agreements hold now, all statuses.
    fn count_aftaler(&self) -> Result<u64, StoreError>;

    /// Notes that a file stands complete at an endpoint: a new transfer in [`State::Seen`], or the
    /// unfinished one (state `Seen` or `Fetched`) of the same place.
    fn see(&mut self, seen: &Seen, at: Moment) -> Result<Transfer, StoreError>;

    /// The newest transfer from the same place, other than this one, that was accepted or
    /// recognised (whatever its state now), if any.
    fn earlier(&self, transfer: &Transfer) -> Result<Option<Transfer>, StoreError>;

    /// Moves a transfer by an event that has no business effect: guarded by the state the transfer
    /// was read in, with the event's row in the same transaction.
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
    /// all.
    fn answer(&mut self, order: &AnswerOrder<'_>, at: Moment) -> Result<Answer, StoreError>;

    /// What [`Store::answer`] would mark, streamed, and the head it would commit; commits nothing.
    fn preview(
        &self,
        request: &Forespoergsel,
        at: Moment,
        visit: Visit<'_, Transaktion>,
    ) -> Result<Svar, StoreError>;

    /// The committed head of a request's answer.
    fn svar(&self, id: ForespoergselId) -> Result<Option<Svar>, StoreError>;

    /// The committed transactions of a request's answer, by loebenummer from 1.
    fn each_transaktion(
        &self,
        id: ForespoergselId,
        visit: Visit<'_, Transaktion>,
    ) -> Result<(), StoreError>;

    /// One transfer.
    fn transfer(&self, id: Uuid) -> Result<Option<Transfer>, StoreError>;

    /// Transfers, newest first, as the filter says.
    fn transfers(&self, filter: &TransferFilter) -> Result<Vec<Transfer>, StoreError>;

    /// A transfer's events, oldest first.
    fn events(&self, transfer: Uuid) -> Result<Vec<EventRow>, StoreError>;

    /// How many transfers there are by flow, direction and state.
    fn census(&self) -> Result<Vec<Census>, StoreError>;
}

/// How an import treats agreements it does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportMode {
    /// They stay as they are.
    Upsert,
    /// They hold no longer: the import is a full snapshot.
    Replace,
}

/// An import under way.
pub trait AftaleImport {
    /// Takes one agreement; `line` is where the caller has it from.
    fn put(&mut self, aftale: &Aftale, line: u64) -> Result<(), StoreError>;

    /// Works out what the import does, and makes it visible if `accept` says so; otherwise nothing
    /// has happened. An aftale_id that was put twice is [`StoreError::Twice`].
    fn finish(
        self: Box<Self>,
        accept: &mut dyn FnMut(&ImportSummary) -> bool,
    ) -> Result<ImportSummary, StoreError>;
}

/// The same aftale_id on two lines of one import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Twice {
    /// The first line that has it.
    pub first: u64,
    /// The last.
    pub again: u64,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ImportSummary {
    /// Agreements not known before.
    pub new: u64,
    /// Known ones with other content.
    pub changed: u64,
    /// Known ones, the same as before.
    pub unchanged: u64,
    /// Ones the snapshot did not name, which hold no longer ([`ImportMode::Replace`]).
    pub removed: u64,
}

impl ImportSummary {
    /// How many agreements held before, of those the import says something about: all of them under
    /// [`ImportMode::Replace`].
    pub const fn before(&self) -> u64 {
        self.changed + self.unchanged + self.removed
    }
}

/// Where a file stands outside: recorded, compared, shown; never joined to a path of ours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The endpoint's name in the configuration.
    pub endpoint: String,
    /// The directory there, as the configuration writes it.
    pub directory: String,
    /// The file's name as the endpoint has it.
    pub name: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}/{}", self.endpoint, self.directory, self.name)
    }
}

/// A file seen at an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The flow that wants it, `sf2530`.
    pub flow: String,
    /// Where it stands.
    pub place: Place,
    /// Bytes, as the endpoint lists it.
    pub size: u64,
}

/// The bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload {
    /// How many.
    pub size: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
}

/// One file on its way in or out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Its name here, a UUID of version 7 (ordered by time).
    pub id: Uuid,
    /// In or out.
    pub direction: Direction,
    /// The flow it belongs to.
    pub flow: String,
    /// Where it came from or goes to.
    pub place: Place,
    /// Where it is in its life.
    pub state: State,
    /// Its bytes, once known.
    pub payload: Option<Payload>,
    /// The municipality it is about, once known.
    pub kommunekode: Option<Kommunekode>,
    /// The request it carries or answers, once known.
    pub forespoergsel_id: Option<ForespoergselId>,
    /// Tries that failed since it was queued.
    pub attempts: u32,
    /// Why it stands where it stands, if something is wrong.
    pub problem: Option<Problem>,
    /// When it was first seen or owed.
    pub created_at: Moment,
    /// When its state last changed.
    pub changed_at: Moment,
}

/// Why a transfer was rejected, held or failed. Holds no personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whose turn it is.
    pub class: Class,
    /// What.
    pub code: Code,
    /// One line for the operator: what, where, and what to do.
    pub text: String,
}

/// One step of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What happened.
    pub event: Event,
    /// The bytes, where the step made them known ([`Event::Fetch`], [`Event::Render`]); `None`
    /// leaves what was known.
    pub payload: Option<Payload>,
    /// What was wrong; `None` clears an earlier problem.
    pub problem: Option<Problem>,
    /// The municipality and request, where the step made them known.
    pub about: Option<(Kommunekode, Option<ForespoergselId>)>,
}

impl Step {
    /// A step that makes nothing else known.
    pub const fn plain(event: Event) -> Self {
        Self { event, payload: None, problem: None, about: None }
    }
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
    /// The id is known with other content: nothing was marked, no transfer moved.
    Conflict {
        /// The transfer that brought the request first.
        earlier: Uuid,
    },
}

/// Which transfers to list. Empty = all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransferFilter {
    /// Only this direction.
    pub direction: Option<Direction>,
    /// Only these states; empty = all.
    pub states: Vec<State>,
    /// Only this flow.
    pub flow: Option<String>,
    /// Only this municipality.
    pub kommunekode: Option<Kommunekode>,
    /// At most so many; `None` = all.
    pub limit: Option<u32>,
}

/// One event in the life of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// When.
    pub at: Moment,
    /// What happened; `None` for the first row, which brought the transfer into being.
    pub event: Option<Event>,
    /// The state after it.
    pub state: State,
    /// What was wrong, if something was.
    pub problem: Option<Problem>,
}

/// How many transfers stand where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    /// The flow.
    pub flow: String,
    /// In or out.
    pub direction: Direction,
    /// The state.
    pub state: State,
    /// How many.
    pub count: u64,
    /// When the one that has stood there longest came there.
    pub oldest: Moment,
}

/// Why the store could not do it. Carries no SQL type and no personal data.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database's own trouble: disk full, locked too long, file damaged.
    #[error("the store at {place}: {what}")]
    Database {
        /// Where the store is.
        place: String,
        /// What the database says.
        what: String,
        /// Whether trying again may help.
        class: Class,
    },
    /// The store belongs to the other environment.
    #[error("the store at {place} is for {actual}, not for {wanted}")]
    WrongMiljoe {
        /// Where the store is.
        place: String,
        /// What the store was made for.
        actual: Miljoe,
        /// What the configuration or a request says.
        wanted: Miljoe,
    },
    /// The store was written by a newer modregn.
    #[error(
        "the store at {place} has schema {found}, this modregn knows up to {known}: use a newer one"
    )]
    TooNew {
        /// Where the store is.
        place: String,
        /// Its schema's number.
        found: i64,
        /// The newest schema known here.
        known: i64,
    },
    /// The transfer is not where the caller believed: another worker was there.
    #[error("transfer {transfer} is no longer {expected}")]
    Moved {
        /// Which.
        transfer: Uuid,
        /// The state the caller had read.
        expected: State,
    },
    /// A step the state machine does not have.
    #[error(transparent)]
    Impossible(#[from] crate::transfer::state::ImpossibleStep),
    /// The same aftale_id twice in one import; not all are listed when there are very many.
    #[error("{} aftale_id stand on two lines each in this import", .0.len())]
    Twice(Vec<Twice>),
    /// A visitor stopped the stream.
    #[error("{0}")]
    Visitor(#[source] Box<dyn std::error::Error + Send + Sync>),
}
