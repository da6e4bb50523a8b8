//! Who is liable for a debitorkonto, or acts for one who is.

use crate::domain::{Cpr, Cvr};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A person or a company. `Debug` and `Display` mask a person's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// A person, by CPR number.
    Cpr(#[serde(with = "whole_cpr")] Cpr),
    /// A company, by CVR number.
    Cvr(Cvr),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpr(cpr) => cpr.fmt(f),
            Self::Cvr(cvr) => cvr.fmt(f),
        }
    }
}

/// What somebody is to a debitorkonto.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rolle {
    /// Liable by law.
    JuridiskAnsvarlig,
    /// Liable with whoever is liable by law.
    JuridiskMedhaefter,
    /// A spouse or partner with equal rights.
    Ligestillingspartner,
    /// Acts for them.
    Administrator,
}

impl Rolle {
    /// Every one there is.
    pub const ALL: [Self; 4] = [
        Self::JuridiskAnsvarlig,
        Self::JuridiskMedhaefter,
        Self::Ligestillingspartner,
        Self::Administrator,
    ];

    /// The code as it stands in files.
    pub const fn code(self) -> &'static str {
        match self {
            Self::JuridiskAnsvarlig => "JA",
            Self::JuridiskMedhaefter => "JM",
            Self::Ligestillingspartner => "LP",
            Self::Administrator => "AD",
        }
    }

    /// The one with this code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rolle| rolle.code() == code)
    }

    /// Whether this one is liable for the debitorkonto.
    pub const fn is_liable(self) -> bool {
        matches!(self, Self::JuridiskAnsvarlig | Self::JuridiskMedhaefter)
    }
}

/// The whole number, for the store and for files of registrations only. What is accepted as one is
/// decided where a registration is entered: what was accepted once can always be read.
mod whole_cpr {
    use crate::domain::{Cpr, CprPolicy};
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};
    use std::borrow::Cow;

    pub(super) fn serialize<S: Serializer>(cpr: &Cpr, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(cpr.as_unmasked_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cpr, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let any = CprPolicy { erstatningspersonnummer: true };
        Cpr::parse(text.as_bytes(), any).map_err(D::Error::custom)
    }
}
