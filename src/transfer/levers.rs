//! What an operator can do to a file. Each lever is one step of the life of a file, journalled with
//! who and why; what follows from it is the workers' business, who find the file where the lever
//! has put it. May use `store`.

use super::state::{Direction, Event, State};
use crate::fault::{Class, Code};
use crate::store::{By, Moment, Problem, Step, Store, StoreError, Transfer};
use uuid::Uuid;

/// Longest reason, characters.
pub const LONGEST_REASON: usize = 300;

/// Checks an operator's reason, which is kept for good and shown: one line, no CPR number.
pub fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_plain = !text.is_empty() && text.chars().count() <= LONGEST_REASON;
    if !is_plain || text.chars().any(char::is_control) {
        return Err(format!("expected 1 to {LONGEST_REASON} characters on one line"));
    }
    let digits: String = text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    if ["999999-9999", "9999999999"].iter().any(|cpr| digits.contains(cpr)) {
        return Err("it holds what may be a CPR number: name the file or the agreement".to_owned());
    }
    Ok(text.to_owned())
}

/// The levers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lever {
    /// Deliver an answer again, from the committed rows.
    Retry,
    /// Process a rejected or archived file again, from its kept bytes. What was applied before is
    /// recognised, not applied again.
    Replay,
    /// Let a held file go on.
    Release,
    /// Do not apply a held file.
    Reject,
    /// Keep an answer back that has not left.
    Hold,
    /// An answer that has not left does not leave.
    Cancel,
    /// An answer was delivered by other means.
    MarkDelivered,
}

/// Why a lever does not move.
#[derive(Debug, thiserror::Error)]
pub enum LeverError {
    /// No such transfer.
    #[error("there is no transfer {0} in the store")]
    Unknown(Uuid),
    /// Not for a file in this state or of this direction.
    #[error("{transfer} is {state}: {what}")]
    OutOfPlace {
        /// Which.
        transfer: Uuid,
        /// Where it is.
        state: State,
        /// What the lever is for.
        what: &'static str,
    },
    /// A process works on it just now.
    #[error("{0} is being worked on just now: try again in a moment")]
    AtWork(Uuid),
    /// Four eyes.
    #[error("{0} was held or replayed by {1}: another person must release it")]
    SamePerson(Uuid, String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Lever {
    /// Every one there is.
    pub const ALL: [Self; 7] = [
        Self::Release,
        Self::Reject,
        Self::Retry,
        Self::Replay,
        Self::Hold,
        Self::Cancel,
        Self::MarkDelivered,
    ];

    /// The command it is.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Replay => "replay",
            Self::Release => "release",
            Self::Reject => "reject",
            Self::Hold => "hold",
            Self::Cancel => "cancel",
            Self::MarkDelivered => "mark-delivered",
        }
    }

    /// The one this word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lever| lever.word() == word)
    }

    /// Whether it would move a file as it stands now, whoever pulls it.
    pub fn fits(self, transfer: &Transfer) -> bool {
        let (event, from, _) = self.step(transfer.direction);
        event.is_some() && from.contains(&transfer.state) && transfer.node.is_none()
    }

    /// The step it is for a file of this direction, the states it takes the file from, and what it
    /// is for, in words.
    const fn step(self, direction: Direction) -> (Option<Event>, &'static [State], &'static str) {
        use State as S;
        let inbound = matches!(direction, Direction::Inbound);
        match self {
            Self::Retry => {
                let from: &[State] = &[
                    S::Queued,
                    S::Rendered,
                    S::Failed,
                    S::Dead,
                    S::Published,
                    S::Triggered,
                    S::Received,
                    S::Acknowledged,
                    S::Refused,
                    S::Cancelled,
                    S::DeliveredOutOfBand,
                ];
                let event = if inbound { None } else { Some(Event::Requeue) };
                (event, from, "retry is for answers, release for held ones, replay for requests")
            }
            Self::Replay => {
                let event = if inbound { Some(Event::Replay) } else { None };
                (event, &[S::Rejected, S::Archived], "replay is for rejected and archived requests")
            }
            Self::Release => {
                let event = if inbound { Event::Release } else { Event::Requeue };
                (Some(event), &[S::Held], "release is for held files")
            }
            Self::Reject => {
                let event = if inbound { Some(Event::Reject) } else { None };
                (event, &[S::Held], "reject is for held requests; cancel an answer")
            }
            Self::Hold => {
                let event = if inbound { None } else { Some(Event::Hold) };
                (event, &[S::Queued, S::Rendered, S::Failed], "hold is for answers not yet sent")
            }
            Self::Cancel => {
                let from: &[State] =
                    &[S::Queued, S::Rendered, S::Failed, S::Dead, S::Held, S::Refused];
                let event = if inbound { None } else { Some(Event::Cancel) };
                (event, from, "cancel is for answers that have not left; reject a request")
            }
            Self::MarkDelivered => {
                let from: &[State] = &[
                    S::Queued,
                    S::Rendered,
                    S::Failed,
                    S::Dead,
                    S::Held,
                    S::Refused,
                    S::Cancelled,
                    S::Published,
                    S::Triggered,
                    S::Received,
                ];
                let event = if inbound { None } else { Some(Event::DeliverOutOfBand) };
                (event, from, "mark-delivered is for answers")
            }
        }
    }

    /// Moves one file. With `four_eyes` nobody releases what they held or replayed themselves.
    pub fn pull(
        self,
        store: &mut dyn Store,
        transfer: Uuid,
        by: &By,
        four_eyes: bool,
        at: Moment,
    ) -> Result<Transfer, LeverError> {
        let before = store.transfer(transfer)?.ok_or(LeverError::Unknown(transfer))?;
        let (event, from, what) = self.step(before.direction);
        let event = event
            .filter(|_| from.contains(&before.state))
            .ok_or(LeverError::OutOfPlace { transfer, state: before.state, what })?;
        if before.node.is_some() {
            return Err(LeverError::AtWork(transfer));
        }
        if four_eyes && self == Self::Release {
            other_person(store, transfer, by)?;
        }
        let problem = match self {
            Self::Reject | Self::Hold => Some(Problem {
                class: Class::Operator,
                code: Code::ByOperator,
                text: by.why.clone(),
            }),
            _ => None,
        };
        let step = Step { problem, by: Some(by.clone()), ..Step::plain(event) };
        Ok(store.advance(&before, &step, at)?)
    }
}

fn other_person(store: &dyn Store, transfer: Uuid, by: &By) -> Result<(), LeverError> {
    for row in store.events(transfer)? {
        let kept_back = matches!(row.event, Some(Event::Hold | Event::Replay));
        if kept_back && row.by.is_some_and(|earlier| earlier.who == by.who) {
            return Err(LeverError::SamePerson(transfer, by.who.clone()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_without_a_cpr_number() {
        for good in ["KY bekræfter", " case 2026-11-2231 ", "transfer 019aa0b0 was wrong"] {
            assert_eq!(reason(good).as_deref(), Ok(good.trim()));
        }
        for bad in ["", "  ", "a\nb", "asked by 010180-1234", "010180123X 0101801234"] {
            assert!(reason(bad).is_err(), "{bad}");
        }
        assert!(reason(&"x".repeat(301)).is_err());
    }
}
