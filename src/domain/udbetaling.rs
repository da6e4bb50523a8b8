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

/// Why an indberetning that reads well cannot be taken, seen beside everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objection {
    /// Its CPR number is not the agreement's.
    AnotherCpr,
    /// Its agreement stands in the report again for the same day and with the same sign.
    Twice,
}

/// What an amount does to what earlier reports said of the same expectation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rettelse {
    /// What is withheld (+) stands in place of all that was reported before; what is taken back (-)
    /// is subtracted from it.
    #[default]
    Erstatter,
    /// It is added, whatever its sign.
    LaeggerTil,
}

impl Rettelse {
    /// The word used in the store and in the configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Erstatter => "erstatter",
            Self::LaeggerTil => "laegger-til",
        }
    }

    /// The one this word names.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Erstatter, Self::LaeggerTil].into_iter().find(|one| one.word() == word)
    }
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

    /// Whether an amount can have been withheld.
    pub const fn allows_amount(self) -> bool {
        matches!(self, Self::Fuld | Self::Delvis)
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
