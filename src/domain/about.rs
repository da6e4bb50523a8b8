//! What a file is about, as far as it says so, whatever is wrong with it.

use super::debitor::{Kvittering, Overfoersel};
use super::{Forespoergsel, ForespoergselId, Kommunekode, Udbetaling};
use chrono::NaiveDate;

/// What a file is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// Which municipality.
    pub kommunekode: Kommunekode,
    /// Which request, where it names one.
    pub forespoergsel_id: Option<ForespoergselId>,
    /// Which payout, where it names one.
    pub dispositionsdato: Option<NaiveDate>,
}

impl From<&Forespoergsel> for About {
    fn from(request: &Forespoergsel) -> Self {
        Self {
            kommunekode: request.kommunekode,
            forespoergsel_id: Some(request.forespoergsel_id),
            dispositionsdato: Some(request.dispositionsdato),
        }
    }
}

impl From<&Udbetaling> for About {
    fn from(udbetaling: &Udbetaling) -> Self {
        Self {
            kommunekode: udbetaling.kommunekode,
            forespoergsel_id: udbetaling.forespoergsel_id,
            dispositionsdato: Some(udbetaling.dispositionsdato),
        }
    }
}

impl From<&Overfoersel> for About {
    fn from(overfoersel: &Overfoersel) -> Self {
        Self::of_kommune(overfoersel.kommunekode)
    }
}

impl From<&Kvittering> for About {
    fn from(kvittering: &Kvittering) -> Self {
        Self::of_kommune(kvittering.kommunekode)
    }
}

impl About {
    /// A municipality, and no more.
    pub const fn of_kommune(kommunekode: Kommunekode) -> Self {
        Self { kommunekode, forespoergsel_id: None, dispositionsdato: None }
    }
}
