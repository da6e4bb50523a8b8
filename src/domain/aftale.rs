//! Betalingsadministrationsaftale: an agreement that lets a payout be set off against child
//! support.

use super::{AftaleId, Beloeb, Cpr, FordringId, Kommunekode};
use chrono::NaiveDate;
use std::fmt;

/// One betalingsadministrationsaftale, as it holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aftale {
    /// Its name, unique over all municipalities.
    pub aftale_id: AftaleId,
    /// The municipality that pays the benefit.
    pub kommunekode: Kommunekode,
    /// The person whose payout is withheld from.
    pub cpr: Cpr,
    /// Withheld from each payout: 0 to 99,999,999,999 øre.
    pub beloeb: Beloeb,
    /// What kind of support the amount covers.
    pub ydelsestype: Ydelsestype,
    /// First day it holds.
    pub gyldig_fra: NaiveDate,
    /// Last day it holds; `None` = open.
    pub gyldig_til: Option<NaiveDate>,
    /// Rank among the same person's agreements.
    pub prioritet: Prioritet,
    /// The claim it covers, where one is named.
    pub fordring_id: Option<FordringId>,
    /// Whether it may be set off at all.
    pub status: Aftalestatus,
}

/// The largest amount of one agreement: eleven digits of øre.
pub const STOERSTE_BELOEB: Beloeb = Beloeb::from_oere(99_999_999_999);

impl Aftale {
    /// Whether the agreement is active for a payout on `dispositionsdato`: status `aktiv`, and the
    /// day within its validity, both ends included.
    pub fn is_active_on(&self, dispositionsdato: NaiveDate) -> bool {
        self.status == Aftalestatus::Aktiv
            && self.gyldig_fra <= dispositionsdato
            && self.gyldig_til.is_none_or(|til| dispositionsdato <= til)
    }
}

/// Whether an agreement may be set off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aftalestatus {
    /// May be set off.
    Aktiv,
    /// Put on hold; may become active again.
    Suspenderet,
    /// Ended for good.
    Ophoert,
}

impl Aftalestatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Aktiv, Self::Suspenderet, Self::Ophoert];

    /// Parses the word used in the agreements CSV and the store.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }

    /// The word used in the agreements CSV and the store.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Aktiv => "aktiv",
            Self::Suspenderet => "suspenderet",
            Self::Ophoert => "ophoert",
        }
    }
}

impl fmt::Display for Aftalestatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// The kind of support an agreement covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ydelsestype {
    /// `01`, child support.
    Boernebidrag,
    /// `02`, support during education.
    Uddannelsesbidrag,
    /// `03`, support at birth.
    Foedselsbidrag,
    /// `09`, other support.
    AndetUnderholdsbidrag,
}

impl Ydelsestype {
    /// Every kind.
    pub const ALL: [Self; 4] = [
        Self::Boernebidrag,
        Self::Uddannelsesbidrag,
        Self::Foedselsbidrag,
        Self::AndetUnderholdsbidrag,
    ];

    /// Parses the two-digit code used in files.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The two-digit code used in files.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Boernebidrag => "01",
            Self::Uddannelsesbidrag => "02",
            Self::Foedselsbidrag => "03",
            Self::AndetUnderholdsbidrag => "09",
        }
    }
}

/// The rank of an agreement among the same person's: 1 (served first) to 99.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prioritet(u8);

impl Prioritet {
    /// A rank from its number; `None` outside 1 to 99.
    pub const fn new(number: u8) -> Option<Self> {
        match number {
            1..=99 => Some(Self(number)),
            _ => None,
        }
    }

    /// The rank's number, 1 to 99.
    pub const fn number(self) -> u8 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn aftale(status: Aftalestatus, fra: &str, til: Option<&str>) -> Aftale {
        Aftale {
            aftale_id: AftaleId::parse("A-1").unwrap(),
            kommunekode: Kommunekode::parse(b"0101").unwrap(),
            cpr: Cpr::parse(b"0101901234", super::super::CprPolicy::default()).unwrap(),
            beloeb: Beloeb::from_oere(160_300),
            ydelsestype: Ydelsestype::Boernebidrag,
            gyldig_fra: day(fra),
            gyldig_til: til.map(day),
            prioritet: Prioritet::new(1).unwrap(),
            fordring_id: None,
            status,
        }
    }

    #[test]
    fn active_means_status_and_both_ends_of_the_validity() {
        use Aftalestatus::{Aktiv, Ophoert, Suspenderet};
        let table = [
            (Aktiv, "2026-12-01", None, true),
            (Aktiv, "2026-12-02", None, false),
            (Aktiv, "2026-01-01", Some("2026-12-01"), true),
            (Aktiv, "2026-01-01", Some("2026-11-30"), false),
            (Suspenderet, "2026-01-01", None, false),
            (Ophoert, "2026-01-01", None, false),
        ];
        for (status, fra, til, active) in table {
            let aftale = aftale(status, fra, til);
            assert_eq!(aftale.is_active_on(day("2026-12-01")), active, "{status} {fra} {til:?}");
        }
    }
}
