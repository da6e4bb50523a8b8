//! Debitorregistreringer (SF1590_B_02): what a fagsystem has a municipality's debitorsystem do, one
//! operation on one debitorkonto at a time, and what the debitorsystem answers.
//!
//! The information model follows the public description of the ØiR debtor integrations: a
//! debitorkonto with its fordringer, who is liable for them, and what was paid.

pub mod kvittering;
pub mod ledger;
pub mod operation;
pub mod part;
pub mod regler;
pub mod rute;
pub mod sortiment;
#[cfg(test)]
mod tests;

pub use kvittering::{Afvisning, Afvisningsaarsag, Kvittering, Registreringssvar};
pub use operation::{
    Adresse, Afslutning, Debitorkonto, Delfordring, Fordring, Fordringstilstand, Haeftelse,
    Indbetaling, Materialeabonnement, Operation, Operationskode, Tilstandsrettelse,
};
pub use part::{Part, Rolle};
pub use rute::{Overfoerselstype, Rute};
pub use sortiment::{Liste, Sortiment, Sortimentsklasse};

use super::{Cvr, Fagsystem, Kommunekode, Miljoe};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {
        $($(#[doc = $doc])+
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        })+
    };
}

ids! {
    /// Names a debitorregistrering: the same one twice has one effect.
    RegistreringId;
    /// Names a debitorkonto.
    DebitorkontoId;
    /// Names an indbetaling.
    IndbetalingId;
    /// Names a transfer of registrations.
    OverfoerselId;
    /// Names a forretningskvittering.
    KvitteringId;
}

/// One operation on one debitorkonto.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Debitorregistrering {
    /// Names it.
    pub registrering_id: RegistreringId,
    /// The system that made it, and owns the debitorkonto.
    pub fagsystem: Fagsystem,
    /// The municipality whose debitorsystem it is for.
    pub kommunekode: Kommunekode,
    /// The debitorkonto it is done to.
    pub debitorkonto_id: DebitorkontoId,
    /// When it was registered, UTC; whole seconds go on.
    pub registreret: DateTime<Utc>,
    /// The day from which it takes effect.
    pub virkningsdato: NaiveDate,
    /// The rejected registration that it corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retter: Option<RegistreringId>,
    /// What is done.
    pub operation: Operation,
}

/// What heads a transfer of registrations to one municipality.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overfoersel {
    /// Names it.
    pub overfoersel_id: OverfoerselId,
    /// The municipality whose debitorsystem takes it.
    pub kommunekode: Kommunekode,
    /// That municipality as an authority.
    pub myndighed_cvr: Cvr,
    /// The system whose registrations these are.
    pub fagsystem: Fagsystem,
    /// When it was cut, UTC, whole seconds.
    pub dannet: DateTime<Utc>,
    /// Production or test.
    pub miljoe: Miljoe,
}
