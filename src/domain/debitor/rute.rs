//! Routes: which debitorsystem collects for a municipality, and how it is reached.

use crate::domain::{Cvr, Debitorsystem, Kommunekode};
use chrono::NaiveDate;

/// Where a municipality's registrations go, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rute {
    /// The municipality.
    pub kommunekode: Kommunekode,
    /// The municipality as an authority.
    pub myndighed_cvr: Cvr,
    /// Its debitorsystem.
    pub debitorsystem: Debitorsystem,
    /// The endpoint of the configuration that reaches it.
    pub endpoint: String,
    /// How files get there.
    pub overfoerselstype: Overfoerselstype,
    /// First day.
    pub gyldig_fra: NaiveDate,
    /// Last day; `None` = open.
    pub gyldig_til: Option<NaiveDate>,
}

/// How files get to a debitorsystem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overfoerselstype {
    /// They are laid in a directory.
    Plain,
    /// Through Serviceplatformen, to a user by name.
    Simpel,
    /// Through Serviceplatformen, to the municipality as an authority.
    Dynamisk,
    /// Through Serviceplatformen, and the recipient answers with a business receipt.
    Styret,
}

impl Overfoerselstype {
    /// Its name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Simpel => "simpel",
            Self::Dynamisk => "dynamisk",
            Self::Styret => "styret",
        }
    }

    /// The one of this name.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Plain, Self::Simpel, Self::Dynamisk, Self::Styret]
            .into_iter()
            .find(|kind| kind.word() == word)
    }
}

impl Rute {
    /// Whether it holds on a day.
    pub fn holds_on(&self, day: NaiveDate) -> bool {
        self.gyldig_fra <= day && self.gyldig_til.is_none_or(|last| day <= last)
    }

    /// Whether there is a day on which both hold, for the same municipality.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.kommunekode == other.kommunekode
            && other.gyldig_til.is_none_or(|last| self.gyldig_fra <= last)
            && self.gyldig_til.is_none_or(|last| other.gyldig_fra <= last)
    }
}
