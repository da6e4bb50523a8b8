//! BetalingsadministrationSvar: our answer to one request.

use super::{AftaleId, Beloeb, Cpr, FordringId, Forespoergsel, Prioritet, Ydelsestype};
use chrono::{DateTime, NaiveDate, Utc};

/// The head of one answer, as committed; its transactions are read from the store one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Svar {
    /// The request answered.
    pub forespoergsel: Forespoergsel,
    /// When the answer was committed; whole seconds, as files carry no more.
    pub dannet: DateTime<Utc>,
    /// How many expectations the request marked.
    pub antal_transaktioner: u32,
    /// Their amounts together.
    pub sum_beloeb: Beloeb,
}

/// One transaction: an amount to be withheld from one person's payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaktion {
    /// 1.. without gaps, in the order cpr, prioritet, aftale_id.
    pub loebenummer: u32,
    /// The agreement behind it.
    pub aftale_id: AftaleId,
    /// The person whose payout is withheld from.
    pub cpr: Cpr,
    /// The amount to withhold.
    pub beloeb: Beloeb,
    /// What the amount covers.
    pub ydelsestype: Ydelsestype,
    /// First day the agreement holds.
    pub gyldig_fra: NaiveDate,
    /// Last day it holds; `None` = open.
    pub gyldig_til: Option<NaiveDate>,
    /// Rank among the same person's agreements.
    pub prioritet: Prioritet,
    /// The claim it covers, where one is named.
    pub fordring_id: Option<FordringId>,
}
