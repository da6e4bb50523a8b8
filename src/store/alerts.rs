//! What the store says of alerts: what is wrong and was told to operators, or still has to be.

use super::Moment;
use crate::fault::AlertKind;
use std::collections::BTreeSet;

/// Something that an operator must be told of. Holds no personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concern {
    /// What kind of thing is wrong.
    pub kind: AlertKind,
    /// What is wrong, by a name that stays the same for as long as it is the same thing: with the
    /// kind it says whether an alert was raised before.
    pub subject: String,
    /// Since when.
    pub since: Moment,
    /// One line for people: which file or endpoint, the code, what is the matter.
    pub text: String,
    /// The command that goes on from here.
    pub next: String,
}

/// A concern that was raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its number, in the order of raising.
    pub nr: i64,
    /// What is wrong.
    pub concern: Concern,
    /// When it was noticed.
    pub raised_at: Moment,
    /// When it was handed to the last hook that wants it, or that none does; `None` = not yet.
    pub sent_at: Option<Moment>,
    /// Rounds in which a hook did not take it.
    pub attempts: u32,
    /// When the last such round was.
    pub tried_at: Option<Moment>,
    /// The hooks that have taken it, by name.
    pub taken_by: BTreeSet<String>,
}

/// How many alerts of a kind there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertCount {
    /// Which kind.
    pub kind: AlertKind,
    /// Raised, ever.
    pub raised: u64,
    /// Of these, not sent yet.
    pub unsent: u64,
}

/// How a try to hand alerts over ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandedOver {
    /// Every hook that wants them has them.
    Sent,
    /// A hook did not take them.
    Failed,
    /// It was broken off before every hook was asked.
    NotTried,
}
