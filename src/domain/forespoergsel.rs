//! BetalingsadministrationForespørgsel: a municipality's request before a payout.

use super::{Kommunekode, Miljoe, Udbetalingsperiode};
use chrono::NaiveDate;
use std::fmt;
use uuid::Uuid;

/// The name KY gives a request; a UUID, written in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ForespoergselId(pub Uuid);

impl fmt::Display for ForespoergselId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One municipality's collective request: which agreements must be set off from this payout?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forespoergsel {
    /// The municipality that asks.
    pub kommunekode: Kommunekode,
    /// The request's own name.
    pub forespoergsel_id: ForespoergselId,
    /// The day it was made, Danish local time.
    pub forespoergselsdato: NaiveDate,
    /// The day the payout's money is at the citizen's disposal.
    pub dispositionsdato: NaiveDate,
    /// The month the payout is for.
    pub udbetalingsperiode: Udbetalingsperiode,
    /// Production or test.
    pub miljoe: Miljoe,
}
