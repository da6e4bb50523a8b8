//! What the store says of transfers: where each stands, its steps, its history.

use super::{By, Delivery, Moment, Node};
use crate::domain::{About, ForespoergselId, Kommunekode};
use crate::fault::{Class, Code};
use crate::transfer::state::{Direction, Event, State};
use chrono::NaiveDate;
use uuid::Uuid;

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
    /// [`super::Store::newest_event`] as it was before the endpoint was listed.
    pub since: i64,
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
    /// The request it carries, answers or reports on, once known.
    pub forespoergsel_id: Option<ForespoergselId>,
    /// The payout it is about, once known.
    pub dispositionsdato: Option<NaiveDate>,
    /// Tries that failed since it was queued.
    pub attempts: u32,
    /// Why it stands where it stands, if something is wrong.
    pub problem: Option<Problem>,
    /// When it was first seen or owed.
    pub created_at: Moment,
    /// When its state last changed.
    pub changed_at: Moment,
    /// Who works on it now.
    pub node: Option<Node>,
    /// Whether an operator has let it go on although it was held.
    pub released: bool,
}

impl Transfer {
    /// What it is about, once known.
    pub fn about(&self) -> Option<About> {
        let Self { forespoergsel_id, dispositionsdato, .. } = *self;
        self.kommunekode.map(|kommunekode| About {
            kommunekode,
            forespoergsel_id,
            dispositionsdato,
        })
    }

    /// Whether nobody needs its bytes in the spool, and nobody may be about to.
    pub const fn is_at_rest(&self) -> bool {
        !self.state.needs_spool() && self.node.is_none()
    }
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
    /// What it is about, where the step made that known.
    pub about: Option<About>,
    /// The operator who took it; `None` = modregn by itself.
    pub by: Option<By>,
    /// What a platform said of the file, where it brought it ([`Event::Fetch`]).
    pub delivery: Option<Delivery>,
}

impl Step {
    /// A step that makes nothing else known.
    pub const fn plain(event: Event) -> Self {
        Self { event, payload: None, problem: None, about: None, by: None, delivery: None }
    }
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
    /// Only the files of this request: it, its repetitions, its answer.
    pub forespoergsel_id: Option<ForespoergselId>,
    /// Only those that are known to be about this payout.
    pub dispositionsdato: Option<NaiveDate>,
    /// Only those whose state last changed before this moment.
    pub changed_before: Option<Moment>,
    /// Only those whose state last changed at this moment or later.
    pub changed_since: Option<Moment>,
    /// Only those that came into being before this one.
    pub before: Option<Uuid>,
    /// Only those that came into being after this one, where `before` is not given; a limit keeps
    /// those next to it.
    pub after: Option<Uuid>,
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
    /// The operator who did it; `None` = modregn by itself.
    pub by: Option<By>,
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
