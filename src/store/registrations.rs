//! The fagsystem's end of bulk transfers: registrations as they are entered, cut into transfers and
//! answered.

use super::{By, Moment, Place, StoreError, Transfer, Visit};
use crate::domain::debitor::{
    Afvisning, Afvisningsaarsag, DebitorkontoId, Debitorregistrering, Kvittering, KvitteringId,
    Operationskode, Overfoersel, OverfoerselId, RegistreringId, Registreringssvar, Rute, Sortiment,
    Sortimentsklasse,
};
use crate::domain::{Beloeb, Debitorsystem, Fagsystem, Kommunekode};
use crate::transfer::state::State;

/// What the store does with the registrations that we send.
pub trait Registrations {
    /// Every class that may be used.
    fn sortiment(&self) -> Result<Sortiment, StoreError>;

    /// Puts these classes in the place of all those that their fagsystemer had.
    fn set_sortiment(&mut self, classes: &[Sortimentsklasse]) -> Result<(), StoreError>;

    /// Every route, by municipality and first day.
    fn ruter(&self) -> Result<Vec<Rute>, StoreError>;

    /// Puts these routes in the place of all there were.
    fn set_ruter(&mut self, ruter: &[Rute]) -> Result<(), StoreError>;

    /// Begins to enter registrations. Nothing is visible to others before [`Entry::finish`];
    /// dropping it undoes it.
    fn enter(&mut self, at: Moment) -> Result<Box<dyn Entry + '_>, StoreError>;

    /// What could leave now, by municipality and fagsystem.
    fn waiting(&self) -> Result<Vec<Waiting>, StoreError>;

    /// Cuts a transfer: the oldest registrations that could leave, the transfer's row and the file
    /// that is owed, in one transaction. `None` = there are none.
    fn cut(&mut self, order: &CutOrder<'_>, at: Moment) -> Result<Option<CutTransfer>, StoreError>;

    /// Takes the registrations of cancelled transfers back among those that wait, but for those
    /// that were answered; gives how many.
    fn give_back(&mut self, at: Moment) -> Result<u64, StoreError>;

    /// The transfer that this file carries.
    fn cut_transfer(&self, outbound: uuid::Uuid) -> Result<Option<CutTransfer>, StoreError>;

    /// The registrations of a transfer by loebenummer, with their sekvens.
    fn each_sent(
        &self,
        id: OverfoerselId,
        visit: Visit<'_, (u32, Debitorregistrering)>,
    ) -> Result<(), StoreError>;

    /// Begins to take in a kvittering. Nothing is visible to others before [`Answers::settle`];
    /// dropping it undoes it.
    fn take_answers(&mut self) -> Result<Box<dyn Answers + '_>, StoreError>;

    /// The transfers that stand at their recipients and are not answered whole, oldest first.
    fn unanswered(&self) -> Result<Vec<Unanswered>, StoreError>;

    /// Registrations as the filter says, newest first.
    fn registreringer(&self, filter: &RegistreringFilter) -> Result<Vec<Stand>, StoreError>;

    /// Rejected registrations that wait for a case worker, newest first, a page at a time: as fast
    /// in a large store as in a small one.
    fn rejected(&self, query: &RejectedQuery) -> Result<RejectedPage, StoreError>;

    /// Everything about one registration.
    fn registrering(&self, id: RegistreringId) -> Result<Option<Sag>, StoreError>;

    /// A case worker gives a registration up that is not sent, or that was rejected: the next one
    /// of its konto can leave. Gives what it was, `None` = it is neither.
    fn annul(
        &mut self,
        id: RegistreringId,
        by: &By,
        at: Moment,
    ) -> Result<Option<Tilstand>, StoreError>;

    /// The kvitteringer taken in since then of which some answers changed nothing, oldest first.
    fn deviating(&self, since: Moment) -> Result<Vec<Deviating>, StoreError>;

    /// How many registrations stand where, by municipality and fagsystem.
    fn standing(&self) -> Result<Vec<Standing>, StoreError>;

    /// How many were rejected and wait for a case worker, by municipality and reason.
    fn rejections(&self) -> Result<Vec<Rejections>, StoreError>;
}

/// What has become of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tilstand {
    /// It is entered, and has not left.
    Modtaget,
    /// It is in a transfer that is not delivered yet.
    IOverfoersel,
    /// Its transfer is delivered; the responsibility is ours until it is accepted.
    AfventerKvittering,
    /// The debitorsystem has the responsibility.
    Accepteret,
    /// The debitorsystem has rejected it: a case worker corrects or cancels it.
    Afvist,
    /// Another registration corrects it.
    Rettet,
    /// A case worker has given it up.
    Annulleret,
}

impl Tilstand {
    /// Every one there is, in the order of a registration's life.
    pub const ALL: [Self; 7] = [
        Self::Modtaget,
        Self::IOverfoersel,
        Self::AfventerKvittering,
        Self::Accepteret,
        Self::Afvist,
        Self::Rettet,
        Self::Annulleret,
    ];

    /// Its name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Modtaget => "modtaget",
            Self::IOverfoersel => "i-overfoersel",
            Self::AfventerKvittering => "afventer-kvittering",
            Self::Accepteret => "accepteret",
            Self::Afvist => "afvist",
            Self::Rettet => "rettet",
            Self::Annulleret => "annulleret",
        }
    }

    /// The one of this name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tilstand| tilstand.word() == word)
    }
}

impl std::fmt::Display for Tilstand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.word())
    }
}

/// Registrations that are being entered.
pub trait Entry {
    /// Puts one in; `line` is told where something is wrong with it.
    fn put(&mut self, entered: &Entered<'_>) -> Result<(), StoreError>;

    /// Looks for what is wrong with them together, and with what the store has.
    fn check(&mut self, limit: usize) -> Result<Vec<EntryFault>, StoreError>;

    /// Makes them ours, some thousands at a time: who is stopped between goes on by entering the
    /// same ones again.
    fn finish(self: Box<Self>, progress: &mut dyn FnMut(u64)) -> Result<EntrySummary, StoreError>;
}

/// A registration that is entered.
#[derive(Clone, Copy, Debug)]
pub struct Entered<'a> {
    /// The line it stands on.
    pub line: u64,
    /// The registration.
    pub registrering: &'a Debitorregistrering,
    /// How many records it takes in a file.
    pub poster: u32,
}

/// What is wrong with registrations that are entered, besides what is wrong with each by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryFault {
    /// The line.
    pub line: u64,
    /// What.
    pub what: EntryFaultKind,
}

/// See [`EntryFault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryFaultKind {
    /// Its id stands on this earlier line, with other content.
    Twice(u64),
    /// Its id was entered before, with other content.
    Known,
    /// Its debitorkonto is another fagsystem's or municipality's.
    AnotherKonto,
    /// What it corrects is not known, or of another debitorkonto.
    RetterUnknown,
    /// What it corrects is not rejected, or is corrected or cancelled already.
    RetterNotRejected,
    /// Its municipality has no route, now or later.
    NoRute,
}

/// What came of entering registrations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EntrySummary {
    /// How many are new.
    pub new: u64,
    /// How many were entered before.
    pub unchanged: u64,
}

/// What could leave to one municipality.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// To which.
    pub kommunekode: Kommunekode,
    /// Whose.
    pub fagsystem: Fagsystem,
    /// How many.
    pub antal: u64,
    /// Their records.
    pub poster: u64,
    /// When the first of them was entered.
    pub oldest: Moment,
}

/// A transfer to be cut.
#[derive(Clone, Copy, Debug)]
pub struct CutOrder<'a> {
    /// Its head.
    pub overfoersel: &'a Overfoersel,
    /// Which debitorsystem it goes to.
    pub debitorsystem: &'a Debitorsystem,
    /// The flow that sends it.
    pub flow: &'a str,
    /// Where its file goes.
    pub place: &'a Place,
    /// Most registrations in it.
    pub registreringer: u32,
    /// Most records of them; one registration leaves in any case.
    pub poster: u64,
}

/// A transfer as it was cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutTransfer {
    /// Its head.
    pub overfoersel: Overfoersel,
    /// How many registrations it has.
    pub antal_registreringer: u32,
    /// Their records.
    pub antal_poster: u64,
    /// What is owed newly by them.
    pub sum_hovedstol: Beloeb,
    /// What is paid by them.
    pub sum_betalt: Beloeb,
}

/// A kvittering that is being taken in.
pub trait Answers {
    /// Puts one answer in.
    fn put(&mut self, svar: &Registreringssvar) -> Result<(), StoreError>;

    /// Applies them all, with the acceptance of the file that brought them, in one transaction.
    /// Anything but [`Answered::New`] changes nothing.
    fn settle(
        self: Box<Self>,
        order: &AnswersOrder<'_>,
        at: Moment,
    ) -> Result<Answered, StoreError>;
}

/// A kvittering to be applied.
#[derive(Clone, Copy, Debug)]
pub struct AnswersOrder<'a> {
    /// The transfer that brought it, in [`State::Fetched`].
    pub inbound: &'a Transfer,
    /// Its head.
    pub kvittering: &'a Kvittering,
}

/// What became of a kvittering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It was applied; its transfer is accepted now.
    New(Box<(Kvitteret, Transfer)>),
    /// It was applied before, brought by this transfer.
    Known(Box<Transfer>),
    /// It answers a transfer that was never cut here.
    Unknown,
    /// It answers a transfer of another municipality or fagsystem.
    Differs,
}

/// What a kvittering did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kvitteret {
    /// Its head.
    pub kvittering: Kvittering,
    /// Registrations that it has accepted.
    pub accepteret: u32,
    /// Registrations that it has rejected.
    pub afvist: u32,
    /// Answers that were given before.
    pub gentaget: u32,
    /// Answers that contradict what was answered before: they changed nothing.
    pub modsagt: u32,
    /// Answers about what is not in the transfer.
    pub ukendt: u32,
    /// Registrations of the transfer that nobody has answered yet.
    pub mangler: u32,
}

/// A delivered transfer of which answers are missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// Its file.
    pub outbound: Transfer,
    /// Its name.
    pub overfoersel_id: OverfoerselId,
    /// Which debitorsystem has it.
    pub debitorsystem: Debitorsystem,
    /// How many registrations it has.
    pub antal: u32,
    /// How many of them are answered.
    pub besvaret: u32,
    /// When it was delivered.
    pub since: Moment,
}

/// Which registrations to list. Empty = all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistreringFilter {
    /// Only these states; empty = all.
    pub tilstande: Vec<Tilstand>,
    /// Only this municipality.
    pub kommunekode: Option<Kommunekode>,
    /// Only those rejected for this reason.
    pub aarsag: Option<Afvisningsaarsag>,
    /// Only those of this debitorkonto.
    pub debitorkonto_id: Option<DebitorkontoId>,
    /// At most so many; `None` = all.
    pub limit: Option<u32>,
}

/// A page of the rejected registrations that wait for a case worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RejectedQuery {
    /// Only this municipality.
    pub kommunekode: Option<Kommunekode>,
    /// Only those rejected for this reason.
    pub aarsag: Option<Afvisningsaarsag>,
    /// Only those entered before this one.
    pub before: Option<RegistreringId>,
    /// At most so many.
    pub limit: usize,
}

/// See [`RejectedQuery`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RejectedPage {
    /// Those found; where a reason is wanted, perhaps none although there are more.
    pub found: Vec<Stand>,
    /// Where the next page begins; `None` = this is the last one.
    pub next: Option<RegistreringId>,
}

/// Where one registration stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    /// Which.
    pub registrering_id: RegistreringId,
    /// Its debitorkonto.
    pub debitorkonto_id: DebitorkontoId,
    /// Its municipality.
    pub kommunekode: Kommunekode,
    /// Whose.
    pub fagsystem: Fagsystem,
    /// What it does.
    pub operation: Operationskode,
    /// When it was entered.
    pub modtaget: Moment,
    /// What has become of it.
    pub tilstand: Tilstand,
    /// Whether it waits for an earlier one of its debitorkonto.
    pub waits: bool,
    /// Why it was rejected, if it was.
    pub afvisning: Option<Afvisning>,
}

/// Everything about one registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sag {
    /// Where it stands.
    pub stand: Stand,
    /// What it says.
    pub registrering: Debitorregistrering,
    /// The transfers it left in, oldest first.
    pub sent: Vec<Sent>,
    /// The kvittering that answered it, and when that was taken in.
    pub besvaret: Option<(KvitteringId, Moment)>,
    /// What corrects it.
    pub rettet_af: Option<RegistreringId>,
    /// Who gave it up, when and why.
    pub annulleret: Option<(Moment, By)>,
    /// The one of its debitorkonto that it waits for.
    pub waits_for: Option<RegistreringId>,
    /// Answers that changed nothing.
    pub afvigelser: Vec<Afvigelse>,
}

/// A registration's way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The transfer.
    pub overfoersel_id: OverfoerselId,
    /// When it was cut.
    pub dannet: Moment,
    /// Its file.
    pub outbound: uuid::Uuid,
    /// Where that is.
    pub state: State,
    /// When it was delivered last, if it was.
    pub delivered: Option<Moment>,
    /// Its number in the file.
    pub loebenummer: u32,
    /// Its number among those of its konto.
    pub sekvens: u32,
}

/// An answer that changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Afvigelse {
    /// The kvittering that gave it.
    pub kvittering_id: KvitteringId,
    /// When that was taken in.
    pub indlaest: Moment,
    /// The reason it gave; `None` = accepted.
    pub aarsag: Option<Afvisningsaarsag>,
}

/// A kvittering of which some answers changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviating {
    /// Which.
    pub kvittering_id: KvitteringId,
    /// The municipality whose debitorsystem gave it.
    pub kommunekode: Kommunekode,
    /// When it was taken in.
    pub indlaest: Moment,
    /// Answers that contradict earlier ones.
    pub modsagt: u32,
    /// Answers about what was not in the transfer.
    pub ukendt: u32,
    /// The file that brought it.
    pub inbound: uuid::Uuid,
}

/// How many registrations of one municipality and fagsystem stand in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The municipality.
    pub kommunekode: Kommunekode,
    /// The fagsystem.
    pub fagsystem: Fagsystem,
    /// The state.
    pub tilstand: Tilstand,
    /// How many.
    pub antal: u64,
    /// When the first of them was entered.
    pub oldest: Moment,
}

/// How many rejected registrations wait for a case worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejections {
    /// The municipality.
    pub kommunekode: Kommunekode,
    /// The reason.
    pub aarsag: Afvisningsaarsag,
    /// How many.
    pub antal: u64,
    /// When the first of them was entered.
    pub oldest: Moment,
}
