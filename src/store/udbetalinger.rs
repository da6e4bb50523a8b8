//! What the store says of payout reports: how one is taken in, and what has become of the
//! expectations.

use super::{Moment, Place, StoreError, Transfer};
use crate::domain::{
    Aarsag, Afstemning, AftaleId, Beloeb, Cpr, ForespoergselId, Indberetning, Kommunekode,
    Objection, Rettelse, Udbetaling, Udbetalingsperiode, Udfald,
};
use chrono::NaiveDate;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A payout report that is being taken in. Nothing is visible to others before
/// [`Indlaesning::settle`]; dropping it undoes it.
pub trait Indlaesning {
    /// Takes one indberetning; each loebenummer comes once.
    fn put(&mut self, indberetning: &Indberetning) -> Result<(), StoreError>;

    /// Holds what was put against the expectations. Where the store can be written to, nobody else
    /// changes it from here on. At most `limit` objections are told one by one.
    fn match_up(
        &mut self,
        udbetaling: &Udbetaling,
        by: MatchBy,
        limit: usize,
    ) -> Result<Matched, StoreError>;

    /// Applies what was matched and not objected to, with the inbound transfer's acceptance, in one
    /// transaction.
    fn settle(self: Box<Self>, order: &SettleOrder<'_>, at: Moment) -> Result<Settled, StoreError>;
}

/// How indberetninger find their expectations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchBy {
    /// By the request that the report names; by municipality, aftale_id and period where it names
    /// none.
    Request,
    /// By municipality, aftale_id and period, whatever request it names.
    Period,
}

/// What [`Indlaesning::match_up`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matched {
    /// A report of this udbetaling_id was applied before, brought by this transfer.
    Known(Box<Transfer>),
    /// The request that it names is not known here.
    RequestUnknown(ForespoergselId),
    /// The request that it names is of another municipality, period or dispositionsdato.
    RequestDiffers(ForespoergselId),
    /// It can be applied.
    Ready(Ready),
}

/// A report that can be applied, but for what is objected to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// How many indberetninger are left when those objected to are left out.
    pub antal: u32,
    /// Their amounts together, signed.
    pub sum: Beloeb,
    /// Those of them that nobody expected.
    pub uventede: u32,
    /// How many are objected to.
    pub refused: u32,
    /// The first of these, by loebenummer.
    pub objections: BTreeMap<u32, Objection>,
}

/// A report to be applied.
#[derive(Clone, Debug)]
pub struct SettleOrder<'a> {
    /// The transfer that brought it, in the state `fetched`.
    pub inbound: &'a Transfer,
    /// Its head.
    pub udbetaling: &'a Udbetaling,
    /// What its amounts do to earlier ones.
    pub rettelse: Rettelse,
    /// How many of its records are refused, those objected to and those that could not be read.
    pub afvist: u32,
    /// What the sender is told of the refused ones, and where that goes.
    pub rapport: Option<(&'a Place, &'a str)>,
}

/// A report that was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// What was applied.
    pub indlaest: Indlaest,
    /// The transfer that brought it, now accepted.
    pub inbound: Transfer,
    /// The transfer that tells the sender of the refused records, if there are any.
    pub outbound: Option<Transfer>,
}

/// What a payout report came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indlaest {
    /// Its head.
    pub udbetaling: Udbetaling,
    /// How many indberetninger were applied.
    pub antal: u32,
    /// Their amounts together, signed.
    pub sum: Beloeb,
    /// How many of them nobody expected.
    pub uventede: u32,
    /// How many records were refused.
    pub afvist: u32,
    /// The expectations it speaks of by what has become of them; no zeros.
    pub udfald: Vec<(Udfald, u64)>,
}

/// Which expectations to look at. Empty = all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AfstemningFilter {
    /// Only those of this month.
    pub periode: Option<Udbetalingsperiode>,
    /// Only those of this municipality.
    pub kommunekode: Option<Kommunekode>,
    /// Only those of this payout.
    pub dispositionsdato: Option<NaiveDate>,
}

/// One line behind the figures of an [`Afstemning`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linje {
    /// The municipality.
    pub kommunekode: Kommunekode,
    /// The payout.
    pub dispositionsdato: NaiveDate,
    /// The agreement, as it was asked for or reported.
    pub aftale_id: AftaleId,
    /// The person.
    pub cpr: Cpr,
    /// What was asked for; `None` = nobody asked: it is unexpected.
    pub forventet: Option<Forventet>,
    /// What was reported; `None` = nothing.
    pub rapporteret: Option<Rapporteret>,
}

/// An expectation, and what has become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forventet {
    /// The request that marked it.
    pub forespoergsel_id: ForespoergselId,
    /// Its transaction in the answer, from 1.
    pub loebenummer: u32,
    /// The amount.
    pub beloeb: Beloeb,
    /// What has become of it.
    pub udfald: Udfald,
}

/// What reports say, all of them together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rapporteret {
    /// What was withheld, less what was taken back.
    pub beloeb: Beloeb,
    /// The newest report's reason.
    pub aarsag: Aarsag,
    /// How many reports there were.
    pub antal: u32,
    /// The newest report.
    pub udbetaling_id: Uuid,
}

/// One record of a report about one agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Indberettet {
    /// The report.
    pub udbetaling_id: Uuid,
    /// When it was applied.
    pub at: Moment,
    /// The record, from 1.
    pub loebenummer: u32,
    /// What was withheld; negative = taken back.
    pub beloeb: Beloeb,
    /// Why it is that amount.
    pub aarsag: Aarsag,
    /// The request whose expectation it is about; `None` = nobody expected it.
    pub forespoergsel_id: Option<ForespoergselId>,
    /// The transfer that brought the report.
    pub inbound: Uuid,
}

/// A request whose expectations' deadline is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Udeblivelse {
    /// The request.
    pub forespoergsel_id: ForespoergselId,
    /// Its municipality.
    pub kommunekode: Kommunekode,
    /// Its payout.
    pub dispositionsdato: NaiveDate,
    /// How many of its expectations were unanswered; 0 = none.
    pub antal: u64,
    /// Their amounts together.
    pub sum_beloeb: Beloeb,
    /// When that was noted.
    pub at: Moment,
}

/// The figures of the municipalities, by kommunekode.
pub type Afstemninger = BTreeMap<Kommunekode, Afstemning>;
