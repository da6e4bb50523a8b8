//! Invented agreements, registrations and files, for demonstrations, tests and benchmarks.
//!
//! The same seed gives the same bytes, on every machine and in every version that does not say
//! otherwise in CHANGELOG.md. Everyone in here is invented; a CPR number that happens to belong to
//! someone does so by chance. May use `domain`; does no I/O and reads no clock.

mod aftaler;
mod debitorregistreringer;
mod draw;
mod forespoergsler;
mod person;
mod udbetalinger;

pub use aftaler::{Aftaler, aftaler, transaktioner};
pub use debitorregistreringer::{
    Debitorregistreringer, Indtastet, Registreringsplan, RegistreringsplanError,
    debitorregistreringer, ruter, sortiment,
};
pub use forespoergsler::forespoergsler;
pub use udbetalinger::{Deviations, Udbetalingsrapport};

use crate::domain::Kommunekode;
use chrono::{Datelike, NaiveDate};

/// What to invent.
#[derive(Clone, Debug)]
pub struct Plan {
    seed: u64,
    kommuner: Vec<Kommunekode>,
    aftaler: u64,
    dispositionsdato: NaiveDate,
}

/// A plan that cannot be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Not 1 to 98 municipalities.
    #[error("expected 1 to 98 municipalities")]
    Kommuner,
    /// Nobody can be 18 to 66 years old then and have a CPR number.
    #[error("expected a payout day (dispositionsdato) of the years 1970 to 2070")]
    Dispositionsdato,
}

impl Plan {
    /// Everything drawn follows from `seed`: the first so many municipalities by code, together
    /// with so many agreements, whose validity lies around `dispositionsdato`.
    pub fn new(
        seed: u64,
        kommuner: usize,
        aftaler: u64,
        dispositionsdato: NaiveDate,
    ) -> Result<Self, PlanError> {
        let kommuner: Vec<_> = match kommuner {
            1..=98 => Kommunekode::all().take(kommuner).collect(),
            _ => return Err(PlanError::Kommuner),
        };
        match dispositionsdato.year() {
            1970..=2070 => Ok(Self { seed, kommuner, aftaler, dispositionsdato }),
            _ => Err(PlanError::Dispositionsdato),
        }
    }
}
