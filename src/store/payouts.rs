//! What the store says of one payout as a whole.

use super::{Moment, Transfer};
use crate::domain::{Afstemning, Kommunekode, Tal, Udbetalingsperiode};
use chrono::NaiveDate;
use std::collections::BTreeMap;
use std::ops::Range;

/// Which payout to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutQuery {
    /// Which.
    pub dispositionsdato: NaiveDate,
    /// When files came of which nobody knows what they are about, but that may belong to it.
    pub window: Range<Moment>,
}

/// What is known of one payout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payout {
    /// The municipalities of which there is anything.
    pub parts: BTreeMap<Kommunekode, PayoutPart>,
    /// Files that stand rejected or held, and of which nobody knows what they are about; oldest
    /// first.
    pub unattributed: Vec<Transfer>,
}

/// What is known of one municipality's part in one payout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PayoutPart {
    /// Its requests that were applied, oldest first.
    pub requests: Vec<AppliedRequest>,
    /// Its newest report that was applied.
    pub report: Option<AppliedReport>,
    /// Its files that stand rejected (but not by an operator) or held, oldest first.
    pub stopped: Vec<Transfer>,
    /// What was expected held against what came.
    pub afstemning: Afstemning,
}

/// A request that was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedRequest {
    /// When it was first seen.
    pub at: Moment,
    /// The month it is for.
    pub udbetalingsperiode: Udbetalingsperiode,
    /// The expectations that it has marked.
    pub forventet: Tal,
    /// Its answer.
    pub answer: Transfer,
}

/// A report that was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppliedReport {
    /// When it was first seen.
    pub at: Moment,
    /// How many of its records were refused.
    pub afvist: u32,
}

/// A payout of which there are requests or reports. While it is the same, so are its figures
/// ([`Store::afstemning`](super::Store::afstemning)): of what they are counted from nothing is ever
/// removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayoutMark {
    /// Which.
    pub dispositionsdato: NaiveDate,
    /// Requests that were applied.
    pub requests: u64,
    /// Those of them whose deadline was noted.
    pub noted: u64,
    /// Reports that were applied.
    pub reports: u64,
}

/// How far the store has come. While it is the same, nothing of what can be counted has changed but
/// where registrations of a cancelled transfer were given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The newest event.
    pub event: i64,
    /// The newest import of agreements.
    pub import: i64,
    /// The newest registration that was entered.
    pub registrering: i64,
}
