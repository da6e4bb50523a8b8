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
        /// Inbound: listed, complete by its convention, wanted by a flow. Intake moves it on by
        /// fetching it; a restart fetches again from the start.
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
        /// Inbound: bad; nothing of it was applied. Bytes and error report stand in quarantine.
        /// Final.
        Rejected = "rejected",
        /// Inbound: in conflict with a file or request accepted before; nothing was applied. An
        /// operator moves it on; a restart leaves it. Outbound: ready but kept back, also until an
        /// operator decides.
        Held = "held",
        /// Inbound: done; the bytes lie in the archive until purged. Final.
        Archived = "archived",
        /// Outbound: owed; committed together with what it answers. Delivery moves it on by
        /// rendering it; a restart renders it again, to the same bytes.
        Queued = "queued",
        /// Outbound: rendered from committed rows and balanced, size and hash journalled. Delivery
        /// moves it on by publishing; a restart looks at the destination first, then publishes.
        Rendered = "rendered",
        /// Outbound: stands complete under its name at the destination, verified there. Final.
        Published = "published",
        /// Outbound: the last try failed in passing. Delivery tries again after a pause; a restart
        /// tries at once.
        Failed = "failed",
        /// Outbound: cannot be delivered until an operator has acted. A restart leaves it.
        Dead = "dead",
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
        /// Bad; nothing applied.
        Reject = "reject",
        /// An operator must decide.
        Hold = "hold",
        /// The bytes are in the archive.
        Archive = "archive",
        /// Written to the spool from committed rows; balanced.
        Render = "render",
        /// Verified under its final name at the destination.
        Publish = "publish",
        /// A try failed in passing.
        Fail = "fail",
        /// A try failed in a way that only an operator can mend.
        GiveUp = "give-up",
        /// To be delivered (again), from the committed rows.
        Requeue = "requeue",
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
            Self::Rejected | Self::Held | Self::Archived | Self::Published => false,
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
    let to = match state {
        State::Seen | State::Fetched | State::Accepted | State::Recognised => inbound(state, event),
        State::Queued | State::Rendered | State::Published | State::Failed | State::Dead => {
            outbound(state, event)
        }
        State::Rejected | State::Held | State::Archived => None,
    };
    match to {
        Some(to) => Ok(to),
        None => Err(ImpossibleStep { state, event }),
    }
}

const fn inbound(state: State, event: Event) -> Option<State> {
    match event {
        Event::Fetch => only(state, State::Seen, State::Fetched),
        Event::Accept => only(state, State::Fetched, State::Accepted),
        Event::Recognise => only(state, State::Fetched, State::Recognised),
        Event::Reject => only(state, State::Fetched, State::Rejected),
        Event::Hold => only(state, State::Fetched, State::Held),
        Event::Archive => match state {
            State::Accepted | State::Recognised => Some(State::Archived),
            _ => None,
        },
        // A file that could not be fetched stays where it stands, and is looked at again.
        Event::Fail => only(state, State::Seen, State::Seen),
        Event::Render | Event::Publish | Event::GiveUp | Event::Requeue => None,
    }
}

const fn outbound(state: State, event: Event) -> Option<State> {
    let open = matches!(state, State::Queued | State::Rendered);
    match event {
        Event::Render => only(state, State::Queued, State::Rendered),
        Event::Publish => only(state, State::Rendered, State::Published),
        Event::Hold => only(state, State::Queued, State::Held),
        Event::Fail if open => Some(State::Failed),
        Event::GiveUp if open => Some(State::Dead),
        Event::Requeue => Some(State::Queued),
        Event::Fail
        | Event::GiveUp
        | Event::Fetch
        | Event::Accept
        | Event::Recognise
        | Event::Reject
        | Event::Archive => None,
    }
}

const fn only(state: State, from: State, to: State) -> Option<State> {
    if state as u8 == from as u8 { Some(to) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every step there is; what is not here must be impossible.
    const STEPS: &[(State, Event, State)] = &[
        (State::Seen, Event::Fetch, State::Fetched),
        (State::Seen, Event::Fail, State::Seen),
        (State::Fetched, Event::Accept, State::Accepted),
        (State::Fetched, Event::Recognise, State::Recognised),
        (State::Fetched, Event::Reject, State::Rejected),
        (State::Fetched, Event::Hold, State::Held),
        (State::Accepted, Event::Archive, State::Archived),
        (State::Recognised, Event::Archive, State::Archived),
        (State::Queued, Event::Render, State::Rendered),
        (State::Queued, Event::Hold, State::Held),
        (State::Queued, Event::Fail, State::Failed),
        (State::Queued, Event::GiveUp, State::Dead),
        (State::Queued, Event::Requeue, State::Queued),
        (State::Rendered, Event::Publish, State::Published),
        (State::Rendered, Event::Fail, State::Failed),
        (State::Rendered, Event::GiveUp, State::Dead),
        (State::Rendered, Event::Requeue, State::Queued),
        (State::Published, Event::Requeue, State::Queued),
        (State::Failed, Event::Requeue, State::Queued),
        (State::Dead, Event::Requeue, State::Queued),
    ];

    #[test]
    fn only_these_steps_are_possible() {
        for &state in State::ALL {
            for &event in Event::ALL {
                let step = STEPS.iter().find(|step| (step.0, step.1) == (state, event));
                assert_eq!(next(state, event).ok(), step.map(|step| step.2), "{state} {event}");
            }
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
