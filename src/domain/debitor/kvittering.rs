//! The forretningskvittering: what became of each registration of a transfer.

use super::{KvitteringId, OverfoerselId, RegistreringId};
use crate::domain::text::Tekst;
use crate::domain::{Beloeb, Fagsystem, Kommunekode, Miljoe};
use chrono::{DateTime, Utc};
use std::fmt;

/// What heads a kvittering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kvittering {
    /// Names it.
    pub kvittering_id: KvitteringId,
    /// The transfer that it answers.
    pub overfoersel_id: OverfoerselId,
    /// The municipality whose debitorsystem answers.
    pub kommunekode: Kommunekode,
    /// The system that sent the transfer.
    pub fagsystem: Fagsystem,
    /// When it was made, UTC, whole seconds.
    pub dannet: DateTime<Utc>,
    /// Production or test.
    pub miljoe: Miljoe,
}

/// What became of one registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registreringssvar {
    /// Which.
    pub registrering_id: RegistreringId,
    /// Why it was rejected; `None` = it was accepted, and the debitorsystem has the
    /// responsibility now.
    pub afvisning: Option<Afvisning>,
}

/// Why a registration was rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Afvisning {
    /// The reason's code.
    pub aarsag: Afvisningsaarsag,
    /// The reason in words, for a case worker.
    pub tekst: Option<Tekst<60>>,
    /// What is left to pay on the claim, øre; of an overpayment only.
    pub restance: Option<Beloeb>,
}

impl Afvisning {
    /// The reason in words, with nothing in it that could be a person's number: they are others'.
    pub fn shown(&self) -> Option<String> {
        let text = self.tekst.as_ref()?.as_str();
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let hide = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "*");
        Some(if digits < 10 { text.to_owned() } else { hide(text) })
    }
}

/// Declares the reasons: `Name = "code", "what it means", "what to do"`.
macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $what:literal, $next:literal;)+) => {
        /// Why a registration can be rejected.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Afvisningsaarsag {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Afvisningsaarsag {
            /// Every one there is.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The code as it stands in files.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }

            /// What it means, for our operators.
            pub const fn what(self) -> &'static str {
                match self {
                    $(Self::$name => $what,)+
                }
            }

            /// What a case worker can do about it.
            pub const fn next(self) -> &'static str {
                match self {
                    $(Self::$name => $next,)+
                }
            }
        }
    };
}

reasons! {
    /// There is no such debitorkonto.
    KontoUkendt = "1001", "debitorkonto unknown",
        "see whether its OpretDebitorkonto was accepted; correct the debitorkonto_id";
    /// There is such a debitorkonto, or such a claim, already.
    FindesAllerede = "1002", "debitorkonto or fordring exists already",
        "cancel it if it was registered before; else correct its ids";
    /// The debitorkonto is not the fagsystem's own.
    AndenEjer = "1003", "another fagsystem owns it",
        "cancel it: only the owner may change the debitorkonto";
    /// A class that the sortiment does not have on that day.
    IkkeISortiment = "1004", "class not in the sortiment",
        "correct the class, or have the sortiment extended at both ends";
    /// There is no such claim, or no such part of it.
    FordringUkendt = "1005", "fordring or delfordring unknown",
        "correct the fordring_id or delfordring_id";
    /// Days that cannot be.
    Datoer = "1006", "dates contradict each other",
        "correct the dates";
    /// More was paid than is left to pay.
    OverRestance = "1007", "payment exceeds the restance",
        "correct the amount to the restance at most, and return the rest";
    /// Only whole payments are reversed, and once.
    Tilbagefoersel = "1008", "payment reversed in part, or reversed before",
        "correct the amount to the whole payment's, or cancel it";
    /// There is nothing of that kind to end.
    IntetAtAfslutte = "1009", "what is to end does not exist",
        "cancel it if it has ended before; else correct who or what ends";
    /// A registration that should come first has not come.
    TidligereMangler = "1010", "an earlier registration of the debitorkonto is missing",
        "see what became of the earlier ones; correct this one as it is to send it again";
    /// Something else, told in words.
    Andet = "1099", "another reason",
        "read the reason in words; ask the debitorsystem if it is not clear";
}

impl Afvisningsaarsag {
    /// The code of an acceptance.
    pub const ACCEPTERET: &str = "0000";

    /// The one with this code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|aarsag| aarsag.code() == code)
    }
}

impl fmt::Display for Afvisningsaarsag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}
