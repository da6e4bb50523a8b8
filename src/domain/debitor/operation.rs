//! What can be done to a debitorkonto, and with what.

use super::{IndbetalingId, Part, Rolle};
use crate::domain::text::Tekst;
use crate::domain::{Beloeb, DelfordringId, FordringId, Klasse};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Declares the operations: variant, what it carries, its code in files.
macro_rules! operations {
    ($($(#[doc = $doc:literal])+ $name:ident($content:ty) = $code:literal,)+) => {
        /// What is done to a debitorkonto. The names are those of the operations of the ØiR debtor
        /// services, æ, ø and å folded.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Operation {
            $($(#[doc = $doc])+ $name($content),)+
        }

        /// An operation without what it carries.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operationskode {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Operation {
            /// Which operation it is.
            pub const fn kode(&self) -> Operationskode {
                match self {
                    $(Self::$name(_) => Operationskode::$name,)+
                }
            }
        }

        impl Operationskode {
            /// Every one there is.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The code as it stands in files.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }

            /// Its name.
            pub const fn navn(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }
        }
    };
}

operations! {
    /// A debitorkonto is made, with all that belongs to it.
    OpretDebitorkonto(Debitorkonto) = "01",
    /// An administrator's address ends.
    AfslutGaeldendeAdresseAdministrator(Afslutning) = "11",
    /// The address of one who is liable by law ends.
    AfslutGaeldendeAdresseJuridiskAnsvarlig(Afslutning) = "12",
    /// The address of one who is liable with them ends.
    AfslutGaeldendeAdresseJuridiskMedhaefter(Afslutning) = "13",
    /// Somebody is liable no longer.
    AfslutHaeftelse(Afslutning) = "14",
    /// Somebody is ligestillingspartner no longer.
    AfslutLigestillingspartner(Afslutning) = "15",
    /// Somebody is administrator no longer.
    AfslutAdministrator(Afslutning) = "16",
    /// An administrator's materialeabonnement ends.
    AfslutMaterialeabonnementAdministrator(Afslutning) = "17",
    /// The materialeabonnement of one who is liable by law ends.
    AfslutMaterialeabonnementJuridiskAnsvarlig(Afslutning) = "18",
    /// The materialeabonnement of one who is liable with them ends.
    AfslutMaterialeabonnementJuridiskMedhaefter(Afslutning) = "19",
    /// A claim is put in another state.
    RetFordringTilstand(Tilstandsrettelse) = "21",
    /// A claim is paid on, or a whole payment reversed.
    ForetagIndbetaling(Indbetaling) = "31",
    /// What is owed on a claim is reduced.
    ForetagIndbetalingNedregulering(Indbetaling) = "32",
}

/// What kind of thing an Afslut… operation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Afsluttes {
    /// Somebody's part in the debitorkonto.
    Haeftelse,
    /// The address that holds now.
    Adresse,
    /// A materialeabonnement.
    Materialeabonnement,
}

impl Operationskode {
    /// The one with this code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kode| kode.code() == code)
    }

    /// The one of this name.
    pub fn from_navn(navn: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kode| kode.navn() == navn)
    }

    /// What it ends, and of whom; no role = of anybody who is liable. `None` = it ends nothing.
    pub const fn afslutter(self) -> Option<(Afsluttes, Option<Rolle>)> {
        use Afsluttes::{Adresse, Haeftelse, Materialeabonnement};
        use Rolle::{Administrator, JuridiskAnsvarlig, JuridiskMedhaefter, Ligestillingspartner};
        Some(match self {
            Self::AfslutGaeldendeAdresseAdministrator => (Adresse, Some(Administrator)),
            Self::AfslutGaeldendeAdresseJuridiskAnsvarlig => (Adresse, Some(JuridiskAnsvarlig)),
            Self::AfslutGaeldendeAdresseJuridiskMedhaefter => (Adresse, Some(JuridiskMedhaefter)),
            Self::AfslutHaeftelse => (Haeftelse, None),
            Self::AfslutLigestillingspartner => (Haeftelse, Some(Ligestillingspartner)),
            Self::AfslutAdministrator => (Haeftelse, Some(Administrator)),
            Self::AfslutMaterialeabonnementAdministrator => {
                (Materialeabonnement, Some(Administrator))
            }
            Self::AfslutMaterialeabonnementJuridiskAnsvarlig => {
                (Materialeabonnement, Some(JuridiskAnsvarlig))
            }
            Self::AfslutMaterialeabonnementJuridiskMedhaefter => {
                (Materialeabonnement, Some(JuridiskMedhaefter))
            }
            Self::OpretDebitorkonto
            | Self::RetFordringTilstand
            | Self::ForetagIndbetaling
            | Self::ForetagIndbetalingNedregulering => return None,
        })
    }
}

impl fmt::Display for Operationskode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.navn())
    }
}

impl Operation {
    /// An Afslut… operation; `None` where the code is another's.
    pub const fn afslut(kode: Operationskode, afslutning: Afslutning) -> Result<Self, Afslutning> {
        Ok(match kode {
            Operationskode::AfslutGaeldendeAdresseAdministrator => {
                Self::AfslutGaeldendeAdresseAdministrator(afslutning)
            }
            Operationskode::AfslutGaeldendeAdresseJuridiskAnsvarlig => {
                Self::AfslutGaeldendeAdresseJuridiskAnsvarlig(afslutning)
            }
            Operationskode::AfslutGaeldendeAdresseJuridiskMedhaefter => {
                Self::AfslutGaeldendeAdresseJuridiskMedhaefter(afslutning)
            }
            Operationskode::AfslutHaeftelse => Self::AfslutHaeftelse(afslutning),
            Operationskode::AfslutLigestillingspartner => {
                Self::AfslutLigestillingspartner(afslutning)
            }
            Operationskode::AfslutAdministrator => Self::AfslutAdministrator(afslutning),
            Operationskode::AfslutMaterialeabonnementAdministrator => {
                Self::AfslutMaterialeabonnementAdministrator(afslutning)
            }
            Operationskode::AfslutMaterialeabonnementJuridiskAnsvarlig => {
                Self::AfslutMaterialeabonnementJuridiskAnsvarlig(afslutning)
            }
            Operationskode::AfslutMaterialeabonnementJuridiskMedhaefter => {
                Self::AfslutMaterialeabonnementJuridiskMedhaefter(afslutning)
            }
            Operationskode::OpretDebitorkonto
            | Operationskode::RetFordringTilstand
            | Operationskode::ForetagIndbetaling
            | Operationskode::ForetagIndbetalingNedregulering => return Err(afslutning),
        })
    }

    /// What an Afslut… operation ends.
    pub const fn afslutning(&self) -> Option<&Afslutning> {
        match self {
            Self::AfslutGaeldendeAdresseAdministrator(afslutning)
            | Self::AfslutGaeldendeAdresseJuridiskAnsvarlig(afslutning)
            | Self::AfslutGaeldendeAdresseJuridiskMedhaefter(afslutning)
            | Self::AfslutHaeftelse(afslutning)
            | Self::AfslutLigestillingspartner(afslutning)
            | Self::AfslutAdministrator(afslutning)
            | Self::AfslutMaterialeabonnementAdministrator(afslutning)
            | Self::AfslutMaterialeabonnementJuridiskAnsvarlig(afslutning)
            | Self::AfslutMaterialeabonnementJuridiskMedhaefter(afslutning) => Some(afslutning),
            _ => None,
        }
    }

    /// What is owed newly by it, øre.
    pub fn hovedstol(&self) -> Beloeb {
        match self {
            Self::OpretDebitorkonto(konto) => konto.fordringer.iter().map(|f| f.hovedstol).sum(),
            _ => Beloeb::NUL,
        }
    }

    /// What is paid, or no longer owed, by it, øre; negative where a payment is reversed.
    pub fn betalt(&self) -> Beloeb {
        match self {
            Self::ForetagIndbetaling(indbetaling)
            | Self::ForetagIndbetalingNedregulering(indbetaling) => indbetaling.signed(),
            _ => Beloeb::NUL,
        }
    }
}

/// A debitorkonto as it is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Debitorkonto {
    /// A class of the sortiment.
    pub debitorkontotype: Klasse,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub betegnelse: Option<Tekst<50>>,
    /// Who is liable (the hæfterkreds), and who acts for them.
    pub haeftelser: Vec<Haeftelse>,
    /// Where they get their letters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adresser: Vec<Adresse>,
    /// What letters they get.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub materialeabonnementer: Vec<Materialeabonnement>,
    /// What is owed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fordringer: Vec<Fordring>,
}

/// Somebody who is liable, or acts for one who is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Haeftelse {
    /// What they are to the debitorkonto.
    pub rolle: Rolle,
    /// Who.
    pub part: Part,
    /// First day.
    pub gyldig_fra: NaiveDate,
    /// Last day; `None` = open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gyldig_til: Option<NaiveDate>,
}

/// Where somebody gets their letters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adresse {
    /// What they are to the debitorkonto.
    pub rolle: Rolle,
    /// Who.
    pub part: Part,
    /// First day.
    pub gyldig_fra: NaiveDate,
    /// Last day; `None` = open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gyldig_til: Option<NaiveDate>,
    /// Street and number.
    pub vej: Tekst<40>,
    /// Postal code, four digits.
    pub postnummer: Tekst<4>,
    /// Town.
    pub by: Tekst<30>,
    /// Country, two letters.
    pub land: Tekst<2>,
}

/// A kind of letters that somebody gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Materialeabonnement {
    /// What they are to the debitorkonto.
    pub rolle: Rolle,
    /// Who.
    pub part: Part,
    /// A class of the sortiment.
    pub materialetype: Klasse,
    /// First day.
    pub gyldig_fra: NaiveDate,
    /// Last day; `None` = open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gyldig_til: Option<NaiveDate>,
}

/// A claim. Its name is its fagsystem's: no two claims of one fagsystem share it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fordring {
    /// Names it.
    pub fordring_id: FordringId,
    /// A class of the sortiment.
    pub kravtype: Klasse,
    /// What is owed, øre: the sum of its delfordringer.
    pub hovedstol: Beloeb,
    /// First day of what it is for.
    pub periode_fra: NaiveDate,
    /// Last day of what it is for.
    pub periode_til: NaiveDate,
    /// The day it falls due.
    pub forfaldsdato: NaiveDate,
    /// Whether it may be collected.
    pub fordringstilstand: Fordringstilstand,
    /// Its parts, at least one.
    pub delfordringer: Vec<Delfordring>,
}

/// A part of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delfordring {
    /// Names it within its claim.
    pub delfordring_id: DelfordringId,
    /// A class of the sortiment.
    pub delfordringstype: Klasse,
    /// What is owed, øre.
    pub beloeb: Beloeb,
}

/// Whether a claim may be collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fordringstilstand {
    /// It may.
    KanInddrives,
    /// It may not yet.
    AfventerInddrivelse,
}

impl Fordringstilstand {
    /// The code as it stands in files.
    pub const fn code(self) -> &'static str {
        match self {
            Self::KanInddrives => "01",
            Self::AfventerInddrivelse => "02",
        }
    }

    /// The one with this code.
    pub fn parse(code: &str) -> Option<Self> {
        [Self::KanInddrives, Self::AfventerInddrivelse].into_iter().find(|t| t.code() == code)
    }
}

/// What ends, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Afslutning {
    /// What they are to the debitorkonto.
    pub rolle: Rolle,
    /// Whose.
    pub part: Part,
    /// Of a materialeabonnement, its type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub materialetype: Option<Klasse>,
    /// Last day.
    pub slutdato: NaiveDate,
}

/// The state that a claim is put in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tilstandsrettelse {
    /// The claim.
    pub fordring_id: FordringId,
    /// Whether it may be collected from now on.
    pub fordringstilstand: Fordringstilstand,
}

/// A payment on one part of one claim (its dækning), the reversal of a whole payment, or, as a
/// nedregulering, a reduction of what is owed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indbetaling {
    /// Names it.
    pub indbetaling_id: IndbetalingId,
    /// The claim.
    pub fordring_id: FordringId,
    /// The part of the claim.
    pub delfordring_id: DelfordringId,
    /// How much, øre, more than nothing.
    pub beloeb: Beloeb,
    /// The day it was paid.
    pub indbetalingsdato: NaiveDate,
    /// The payment that is reversed by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tilbagefoerer: Option<IndbetalingId>,
}

impl Indbetaling {
    /// The amount, negative where a payment is reversed.
    pub fn signed(&self) -> Beloeb {
        if self.tilbagefoerer.is_some() { Beloeb::NUL - self.beloeb } else { self.beloeb }
    }
}
