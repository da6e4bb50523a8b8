//! The states of a file, the events that move it, and the only function that says which may follow:
//! [`next`]. Does no I/O, reads no clock. The diagram in `docs/transfer-states.md` is generated
//! from here, and a test fails when it drifts.

use std::fmt;

macro_rules! words {
    ($(#[$meta:meta])* $name:ident {
        $($(#[doc = $doc:literal])+ $variant:ident = $word:literal,)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl $name {
            /// Every one there is.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word used in the store, in reports and by operators.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The one this word names.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.word() == word)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }
    };
}

words! {
    /// Whether we receive a file or send it.
    Direction {
        /// From an endpoint to us.
        Inbound = "inbound",
        /// From us to an endpoint.
        Outbound = "outbound",
    }
}

words! {
    /// Where a file is in its life. Each state's comment says who moves it on and what a restart
    /// does.
    State {
        /// Inbound: listed, complete by its convention, wanted by a flow, claimed by one node.
        /// Intake moves it on by fetching it; a restart fetches again from the start.
        Seen = "seen",
        /// Inbound: its bytes are in the spool, synced, with size and hash journalled; only now may
        /// the source be removed. The flow moves it on by processing it; a restart processes the
        /// spooled bytes, and removes a source that still stands there.
        Fetched = "fetched",
        /// Inbound: read, and its effect committed in the same transaction as this state. Intake
        /// moves it on by archiving the bytes; a restart archives them.
        Accepted = "accepted",
        /// Inbound: the same file (or the same request) was accepted before; nothing was applied,
        /// the recorded answer goes out again. Moved on by archiving; a restart archives.
        Recognised = "recognised",
        /// Inbound: it was gone before it was fetched: another node had taken it, or its sender.
        /// Final.
        Vanished = "vanished",
        /// Inbound: bad; nothing of it was applied. Bytes and error report stand in quarantine. An
        /// operator can replay it; a purge removes the bytes.
        Rejected = "rejected",
        /// Inbound: in conflict with a file or request accepted before, or unlike its
        /// municipality's recent ones; nothing was applied. An operator releases or rejects it; a
        /// restart leaves it. Outbound: kept back until an operator decides.
        Held = "held",
        /// Inbound: done; the bytes lie in the archive until purged. An operator can replay it.
        Archived = "archived",
        /// Inbound: its bytes are removed after their time; its history stays. Final.
        Purged = "purged",
        /// Outbound: owed; committed together with what it answers. Delivery moves it on by
        /// rendering it; a restart renders it again, to the same bytes.
        Queued = "queued",
        /// Outbound: rendered from committed rows and balanced, size and hash journalled. Delivery
        /// moves it on by publishing; a restart looks at the destination first, then publishes.
        Rendered = "rendered",
        /// Outbound: stands complete under its name at the destination, verified there. Final where
        /// the convention has no trigger; else delivery moves it on by putting the trigger beside
        /// it, also after a restart.
        Published = "published",
        /// Outbound: its trigger stands beside it; the platform's receipt is awaited. A receipt
        /// moves it on; a restart waits on.
        Triggered = "triggered",
        /// Outbound: the platform has it, by its technical receipt. Final where the recipient sends
        /// no business receipt; else that moves it on.
        Received = "received",
        /// Outbound: the recipient has accepted it, by its business receipt. Final.
        Acknowledged = "acknowledged",
        /// Outbound: the platform or the recipient has refused it, by a receipt. An operator moves
        /// it on; a restart leaves it.
        Refused = "refused",
        /// Outbound: the last try failed in passing. Delivery tries again after a pause; a restart
        /// tries at once.
        Failed = "failed",
        /// Outbound: cannot be delivered until an operator has acted. A restart leaves it.
        Dead = "dead",
        /// Outbound: an operator has decided that it does not leave. A restart leaves it.
        Cancelled = "cancelled",
        /// Outbound: an operator says that it was delivered by other means. Final.
        DeliveredOutOfBand = "delivered-out-of-band",
    }
}

words! {
    /// What happened to a file.
    Event {
        /// The bytes are in the spool, synced.
        Fetch = "fetch",
        /// Read whole and applied.
        Accept = "accept",
        /// Known from before; nothing applied.
        Recognise = "recognise",
        /// It was gone before it was fetched.
        Vanish = "vanish",
        /// Bad, or an operator says so; nothing applied.
        Reject = "reject",
        /// An operator must decide.
        Hold = "hold",
        /// An operator lets a held file be processed.
        Release = "release",
        /// An operator has a file processed again, from its kept bytes.
        Replay = "replay",
        /// The bytes are in the archive.
        Archive = "archive",
        /// Its time is over: the bytes are removed.
        Purge = "purge",
        /// Written to the spool from committed rows; balanced.
        Render = "render",
        /// Verified under its final name at the destination.
        Publish = "publish",
        /// The trigger stands beside it.
        Trigger = "trigger",
        /// A technical receipt says that the platform has it.
        Receive = "receive",
        /// A business receipt says that the recipient accepts it.
        Acknowledge = "acknowledge",
        /// A receipt says that it is refused.
        Refuse = "refuse",
        /// A try failed in passing.
        Fail = "fail",
        /// A try failed in a way that only an operator can mend.
        GiveUp = "give-up",
        /// To be delivered (again), from the committed rows.
        Requeue = "requeue",
        /// An operator decides that it does not leave.
        Cancel = "cancel",
        /// An operator says that it was delivered by other means.
        DeliverOutOfBand = "deliver-out-of-band",
    }
}

impl State {
    /// Whether the bytes in the spool are still needed.
    pub const fn needs_spool(self) -> bool {
        match self {
            Self::Seen
            | Self::Fetched
            | Self::Accepted
            | Self::Recognised
            | Self::Queued
            | Self::Rendered
            | Self::Failed
            | Self::Dead => true,
            Self::Vanished
            | Self::Rejected
            | Self::Held
            | Self::Archived
            | Self::Purged
            | Self::Published
            | Self::Triggered
            | Self::Received
            | Self::Acknowledged
            | Self::Refused
            | Self::Cancelled
            | Self::DeliveredOutOfBand => false,
        }
    }

    /// Whether a worker is to move it on, now or soon. A node that works on a file claims it, and
    /// lets go of it when the file comes to rest.
    pub const fn is_under_way(self) -> bool {
        matches!(
            self,
            Self::Seen
                | Self::Fetched
                | Self::Accepted
                | Self::Recognised
                | Self::Queued
                | Self::Rendered
        )
    }
}

impl Event {
    /// The direction of the files it can happen to; `None` = both.
    pub const fn direction(self) -> Option<Direction> {
        match self {
            Self::Fetch
            | Self::Accept
            | Self::Recognise
            | Self::Vanish
            | Self::Reject
            | Self::Release
            | Self::Replay
            | Self::Archive
            | Self::Purge => Some(Direction::Inbound),
            Self::Render
            | Self::Publish
            | Self::Trigger
            | Self::Receive
            | Self::Acknowledge
            | Self::Refuse
            | Self::GiveUp
            | Self::Requeue
            | Self::Cancel
            | Self::DeliverOutOfBand => Some(Direction::Outbound),
            Self::Hold | Self::Fail => None,
        }
    }
}

/// A step that the life of a file does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a file that is {state} cannot {event}")]
pub struct ImpossibleStep {
    /// Where the file is.
    pub state: State,
    /// What was said to have happened.
    pub event: Event,
}

/// The state after `event`, or that there is no such step.
pub const fn next(state: State, event: Event) -> Result<State, ImpossibleStep> {
    use State as S;
    let (possible, to) = match event {
        Event::Fetch => (matches!(state, S::Seen), S::Fetched),
        Event::Accept => (matches!(state, S::Fetched), S::Accepted),
        Event::Recognise => (matches!(state, S::Fetched), S::Recognised),
        Event::Vanish => (matches!(state, S::Seen), S::Vanished),
        Event::Reject => (matches!(state, S::Fetched | S::Held), S::Rejected),
        Event::Hold => (matches!(state, S::Fetched | S::Queued | S::Rendered | S::Failed), S::Held),
        Event::Release => (matches!(state, S::Held), S::Fetched),
        Event::Replay => (matches!(state, S::Rejected | S::Archived), S::Fetched),
        Event::Archive => (matches!(state, S::Accepted | S::Recognised), S::Archived),
        Event::Purge => (matches!(state, S::Rejected | S::Archived), S::Purged),
        Event::Render => (matches!(state, S::Queued), S::Rendered),
        Event::Publish => (matches!(state, S::Rendered), S::Published),
        Event::Trigger => (matches!(state, S::Published), S::Triggered),
        Event::Receive => (matches!(state, S::Triggered), S::Received),
        Event::Acknowledge => (matches!(state, S::Triggered | S::Received), S::Acknowledged),
        Event::Refuse => (matches!(state, S::Triggered | S::Received), S::Refused),
        // A file that could not be fetched stays where it stands, and is looked at again.
        Event::Fail if matches!(state, S::Seen) => (true, S::Seen),
        // Published: its trigger could not be put.
        Event::Fail => (matches!(state, S::Queued | S::Rendered | S::Published), S::Failed),
        Event::GiveUp => {
            (matches!(state, S::Queued | S::Rendered | S::Published | S::Failed), S::Dead)
        }
        Event::Requeue => (is_outbound(state), S::Queued),
        Event::Cancel => {
            let left = matches!(
                state,
                S::Published | S::Triggered | S::Received | S::Acknowledged | S::DeliveredOutOfBand
            );
            (is_outbound(state) && !left && !matches!(state, S::Cancelled), S::Cancelled)
        }
        Event::DeliverOutOfBand => {
            let there = matches!(state, S::Acknowledged | S::DeliveredOutOfBand);
            (is_outbound(state) && !there, S::DeliveredOutOfBand)
        }
    };
    if possible { Ok(to) } else { Err(ImpossibleStep { state, event }) }
}

/// Whether an outbound file can be there.
const fn is_outbound(state: State) -> bool {
    match state {
        State::Held
        | State::Queued
        | State::Rendered
        | State::Published
        | State::Triggered
        | State::Received
        | State::Acknowledged
        | State::Refused
        | State::Failed
        | State::Dead
        | State::Cancelled
        | State::DeliveredOutOfBand => true,
        State::Seen
        | State::Fetched
        | State::Accepted
        | State::Recognised
        | State::Vanished
        | State::Rejected
        | State::Archived
        | State::Purged => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Every step there is; what is not here must be impossible.
    #[rustfmt::skip]
    const STEPS: &[(State, &[(Event, State)])] = {
        use Event as E;
        use State as S;
        &[
            (S::Seen, &[(E::Fetch, S::Fetched), (E::Fail, S::Seen), (E::Vanish, S::Vanished)]),
            (S::Fetched, &[
                (E::Accept, S::Accepted), (E::Recognise, S::Recognised),
                (E::Reject, S::Rejected), (E::Hold, S::Held),
            ]),
            (S::Accepted, &[(E::Archive, S::Archived)]),
            (S::Recognised, &[(E::Archive, S::Archived)]),
            (S::Vanished, &[]),
            (S::Rejected, &[(E::Replay, S::Fetched), (E::Purge, S::Purged)]),
            (S::Held, &[
                (E::Release, S::Fetched), (E::Reject, S::Rejected), (E::Requeue, S::Queued),
                (E::Cancel, S::Cancelled), (E::DeliverOutOfBand, S::DeliveredOutOfBand),
            ]),
            (S::Archived, &[(E::Replay, S::Fetched), (E::Purge, S::Purged)]),
            (S::Purged, &[]),
            (S::Queued, &[
                (E::Render, S::Rendered), (E::Hold, S::Held), (E::Fail, S::Failed),
                (E::GiveUp, S::Dead), (E::Requeue, S::Queued), (E::Cancel, S::Cancelled),
                (E::DeliverOutOfBand, S::DeliveredOutOfBand),
            ]),
            (S::Rendered, &[
                (E::Publish, S::Published), (E::Hold, S::Held), (E::Fail, S::Failed),
                (E::GiveUp, S::Dead), (E::Requeue, S::Queued), (E::Cancel, S::Cancelled),
                (E::DeliverOutOfBand, S::DeliveredOutOfBand),
            ]),
            (S::Published, &[
                (E::Trigger, S::Triggered), (E::Fail, S::Failed), (E::GiveUp, S::Dead),
                (E::Requeue, S::Queued), (E::DeliverOutOfBand, S::DeliveredOutOfBand),
            ]),
            (S::Triggered, &[
                (E::Receive, S::Received), (E::Acknowledge, S::Acknowledged),
                (E::Refuse, S::Refused), (E::Requeue, S::Queued),
                (E::DeliverOutOfBand, S::DeliveredOutOfBand),
            ]),
            (S::Received, &[
                (E::Acknowledge, S::Acknowledged), (E::Refuse, S::Refused),
                (E::Requeue, S::Queued), (E::DeliverOutOfBand, S::DeliveredOutOfBand),
            ]),
            (S::Acknowledged, &[(E::Requeue, S::Queued)]),
            (S::Refused, &[
                (E::Requeue, S::Queued), (E::Cancel, S::Cancelled),
                (E::DeliverOutOfBand, S::DeliveredOutOfBand),
            ]),
            (S::Failed, &[
                (E::Hold, S::Held), (E::GiveUp, S::Dead), (E::Requeue, S::Queued),
                (E::Cancel, S::Cancelled), (E::DeliverOutOfBand, S::DeliveredOutOfBand),
            ]),
            (S::Dead, &[
                (E::Requeue, S::Queued), (E::Cancel, S::Cancelled),
                (E::DeliverOutOfBand, S::DeliveredOutOfBand),
            ]),
            (S::Cancelled, &[
                (E::Requeue, S::Queued), (E::DeliverOutOfBand, S::DeliveredOutOfBand),
            ]),
            (S::DeliveredOutOfBand, &[(E::Requeue, S::Queued)]),
        ]
    };

    #[test]
    fn only_these_steps_are_possible() {
        for &state in State::ALL {
            for &event in Event::ALL {
                let steps = STEPS.iter().find(|(from, _)| *from == state).unwrap().1;
                let to = steps.iter().find(|step| step.0 == event).map(|step| step.1);
                assert_eq!(next(state, event).ok(), to, "{state} {event}");
            }
        }
    }

    #[test]
    fn the_directions_share_no_state_but_held() {
        let from = |start, direction| {
            let (mut found, mut next_ones) = (BTreeSet::new(), vec![start]);
            while let Some(state) = next_ones.pop() {
                let suits = |event: &&Event| event.direction().is_none_or(|d| d == direction);
                if found.insert(state) {
                    let events = Event::ALL.iter().filter(suits);
                    next_ones.extend(events.filter_map(|&event| next(state, event).ok()));
                }
            }
            found
        };
        let inbound = from(State::Seen, Direction::Inbound);
        let outbound = from(State::Queued, Direction::Outbound);
        for &state in State::ALL {
            let (one, other) = (inbound.contains(&state), outbound.contains(&state));
            assert!(one || other, "{state} cannot be reached");
            assert_eq!(one && other, state == State::Held, "{state}");
            assert_eq!(other, is_outbound(state), "{state}");
        }
    }

    #[test]
    fn words_name_what_they_came_from() {
        for &state in State::ALL {
            assert_eq!(State::from_word(state.word()), Some(state));
        }
        assert_eq!(State::from_word("lost"), None);
    }
}
