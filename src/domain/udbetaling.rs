//! Kontanthjælpsudbetaling: what a municipality reports after a payout (SF2520).

use super::{AftaleId, Beloeb, Cpr, ForespoergselId, Kommunekode, Miljoe, Udbetalingsperiode};
use chrono::NaiveDate;
use uuid::Uuid;

/// The head of one municipality's report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Udbetaling {
    /// The municipality that paid.
    pub kommunekode: Kommunekode,
    /// The report's own name.
    pub udbetaling_id: Uuid,
    /// The day the money was at the citizen's disposal.
    pub dispositionsdato: NaiveDate,
    /// The month the payout was for.
    pub udbetalingsperiode: Udbetalingsperiode,
    /// Production or test.
    pub miljoe: Miljoe,
    /// The SF2530 request whose answer the payout followed, where one is named.
    pub forespoergsel_id: Option<ForespoergselId>,
}

/// One report: what was withheld for one agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indberetning {
    /// 1.. without gaps.
    pub loebenummer: u32,
    /// The agreement.
    pub aftale_id: AftaleId,
    /// The person whose payout was withheld from.
    pub cpr: Cpr,
    /// What was withheld; negative = taken back.
    pub tilbageholdt_beloeb: Beloeb,
    /// The day of the payout.
    pub udbetalingsdato: NaiveDate,
    /// Why it is that amount.
    pub aarsag: Aarsag,
}

/// Why an amount was withheld, or was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aarsag {
    /// `00`, the whole amount.
    Fuld,
    /// `01`, a part: the payout was too small.
    Delvis,
    /// `02`, there was no payout.
    IngenUdbetaling,
    /// `03`, KY does not know the agreement.
    UkendtAftale,
}

impl Aarsag {
    /// Every reason.
    pub const ALL: [Self; 4] =
        [Self::Fuld, Self::Delvis, Self::IngenUdbetaling, Self::UkendtAftale];

    /// Parses the two-digit code used in files.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|aarsag| aarsag.code() == code)
    }

    /// The two-digit code used in files.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fuld => "00",
            Self::Delvis => "01",
            Self::IngenUdbetaling => "02",
            Self::UkendtAftale => "03",
        }
    }
}
