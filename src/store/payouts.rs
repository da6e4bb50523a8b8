//! What the store says of one payout as a whole.

use super::{Moment, Transfer};
use crate::domain::{Afstemning, Kommunekode, Udbetalingsperiode};
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
