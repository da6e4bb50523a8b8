//! What the store says of a platform between us and others: its deliveries, and the receipts that
//! go both ways. A receipt is a file too, with a transfer of its own (flow [`KVITTERING`]).

use super::{Place, Step, Transfer};
use crate::transfer::state::Event;
use uuid::Uuid;

/// The flow of receipts.
pub const KVITTERING: &str = "kvittering";

/// What the platform said of a file that it brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its name of the file's way through it.
    pub file_transfer_uuid: Uuid,
    /// Who sent the file.
    pub sender: String,
    /// Who we are to it.
    pub recipient: String,
    /// Where the sender's business receipt goes, if there is to be one: it is owed with whatever
    /// step accepts, recognises or rejects the file, in one transaction.
    pub receipt: Option<Place>,
}

/// What a receipt says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The platform delivered the file.
    Delivered,
    /// The platform did not.
    NotDelivered,
    /// The recipient accepts it.
    Accepted,
    /// The recipient does not.
    Rejected,
    /// The recipient could not be told.
    CouldNotNotify,
}

impl Verdict {
    /// Every one there is.
    pub const ALL: [Self; 5] =
        [Self::Delivered, Self::NotDelivered, Self::Accepted, Self::Rejected, Self::CouldNotNotify];

    /// The word used in the store and by operators.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::NotDelivered => "not-delivered",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::CouldNotNotify => "could-not-notify",
        }
    }

    /// The one this word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    /// What our own business receipt says after a step of a file, if it says anything.
    pub(super) const fn of(event: Event) -> Option<Self> {
        match event {
            Event::Accept | Event::Recognise => Some(Self::Accepted),
            Event::Reject => Some(Self::Rejected),
            _ => None,
        }
    }
}

/// A receipt, sent or received, that is about a file we know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its own transfer.
    pub transfer: Uuid,
    /// The file that it is about.
    pub about: Uuid,
    /// The platform's name of that file's way through it.
    pub file_transfer_uuid: Uuid,
    /// What it says.
    pub verdict: Verdict,
    /// Why; without personal data.
    pub reason: Option<String>,
}

/// What a receipt that came says about which file of ours it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clue<'a> {
    /// The endpoint it came from: the file went there too.
    pub endpoint: &'a str,
    /// Our own name of the file, if it gives one; it alone counts then.
    pub senders_file_id: Option<&'a str>,
    /// The platform's name of its way, which an earlier receipt may have given.
    pub file_transfer_uuid: Uuid,
    /// The file's name.
    pub name: &'a str,
}

/// A receipt that was understood, and what follows from it.
#[derive(Clone, Debug)]
pub struct Understood<'a> {
    /// The transfer that brought it, fetched.
    pub receipt: &'a Transfer,
    /// The file that it is about.
    pub about: &'a Transfer,
    /// The platform's name of that file's way through it.
    pub file_transfer_uuid: Uuid,
    /// What it says.
    pub verdict: Verdict,
    /// Why; without personal data.
    pub reason: Option<&'a str>,
    /// The receipt's own step: accepted, or kept apart.
    pub step: &'a Step,
    /// The step of the file that it moves on, if it does.
    pub moves: Option<&'a Step>,
}
