//! What the store says of the debitorsystem's ledger: how a transfer of registrations is entered,
//! what each was answered, and what is left to pay.

use super::{Moment, Place, StoreError, Transfer, Visit};
use crate::domain::debitor::regler::Regel;
use crate::domain::debitor::{
    Afvisning, DebitorkontoId, Debitorregistrering, Kvittering, Overfoersel, OverfoerselId,
    Registreringssvar,
};
use crate::domain::{Beloeb, DelfordringId, Fagsystem, FordringId, Kommunekode};
use uuid::Uuid;

/// The debitorsystem's ledger.
pub trait Ledger {
    /// Begins to enter a transfer, unless it is known. Where the store can be written to, nobody
    /// else changes it from here on. Nothing is visible to others before [`Bogfoering::finish`];
    /// dropping it undoes it.
    fn receive(&mut self, overfoersel: &Overfoersel) -> Result<Received<'_>, StoreError>;

    /// Recognises the same file again, and owes the kvittering once more, unless it still is owed:
    /// in one transaction.
    fn receive_again(
        &mut self,
        inbound: &Transfer,
        overfoersel: &Overfoersel,
        at: Moment,
    ) -> Result<Known, StoreError>;

    /// The files of a transfer of this name, if it was taken in.
    fn received(&self, id: OverfoerselId) -> Result<Option<Known>, StoreError>;

    /// The transfer whose kvittering this file carries.
    fn bogfoert(&self, outbound: Uuid) -> Result<Option<Bogfoert>, StoreError>;

    /// What the registrations of a transfer were answered, by loebenummer.
    fn each_registreringssvar(
        &self,
        id: OverfoerselId,
        visit: Visit<'_, Registreringssvar>,
    ) -> Result<(), StoreError>;

    /// What is left to pay on every part of every claim, by kommunekode, fagsystem,
    /// debitorkonto_id, fordring_id and delfordring_id.
    fn each_restance(&self, visit: Visit<'_, Restance>) -> Result<(), StoreError>;

    /// Adds the ledger up again from what was entered, and holds it against what it says.
    fn verify_ledger(&self) -> Result<LedgerAudit, StoreError>;
}

/// What [`Ledger::receive`] comes to.
pub enum Received<'a> {
    /// It was taken in before.
    Known(Box<Known>),
    /// It can be entered.
    New(Box<dyn Bogfoering + 'a>),
}

/// A transfer that was taken in before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The file that brought it; from [`Ledger::receive_again`], the one that brought it again.
    pub inbound: Transfer,
    /// The file that carries its kvittering.
    pub outbound: Transfer,
}

/// A transfer that is being entered. Nothing is visible to others before [`Bogfoering::finish`];
/// dropping it undoes it.
pub trait Bogfoering {
    /// Decides of the next registration, and enters it if it is accepted; gives why not. `brud` is
    /// the first rule that it breaks by itself. One that came before has no effect, and gets the
    /// answer it got then.
    fn put(
        &mut self,
        sekvens: u32,
        registrering: &Debitorregistrering,
        brud: Option<Regel>,
    ) -> Result<Option<Afvisning>, StoreError>;

    /// Makes it all last, with the inbound file's acceptance and the kvittering that is owed, in
    /// one transaction. There was at least one registration.
    fn finish(
        self: Box<Self>,
        order: &KvitteringOrder<'_>,
        at: Moment,
    ) -> Result<(Bogfoert, Known), StoreError>;
}

/// A kvittering to be owed.
#[derive(Clone, Copy, Debug)]
pub struct KvitteringOrder<'a> {
    /// The file that brought the transfer, in the state `fetched`.
    pub inbound: &'a Transfer,
    /// The kvittering's head.
    pub kvittering: &'a Kvittering,
    /// Where it goes.
    pub place: &'a Place,
}

/// A transfer that was taken in, and the head of its kvittering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bogfoert {
    /// The head.
    pub kvittering: Kvittering,
    /// How many registrations were accepted.
    pub antal_accepteret: u32,
    /// How many were rejected.
    pub antal_afvist: u32,
}

/// What is left to pay on a part of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restance {
    /// Whose debitorsystem it is in.
    pub kommunekode: Kommunekode,
    /// Who owns it.
    pub fagsystem: Fagsystem,
    /// The debitorkonto.
    pub debitorkonto_id: DebitorkontoId,
    /// The claim.
    pub fordring_id: FordringId,
    /// The part.
    pub delfordring_id: DelfordringId,
    /// What was owed at first.
    pub hovedstol: Beloeb,
    /// What is owed less.
    pub nedreguleret: Beloeb,
    /// What was paid, less what was reversed.
    pub daekket: Beloeb,
    /// What is left: the first less the other two, never negative.
    pub restance: Beloeb,
}

/// What [`Ledger::verify_ledger`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerAudit {
    /// How many parts of claims there are.
    pub delfordringer: u64,
    /// How many posteringer were added up.
    pub posteringer: u64,
    /// What does not hold, each with where; the first hundred. Empty = it balances.
    pub findings: Vec<String>,
}
