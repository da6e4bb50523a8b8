//! Municipalities: [`Kommunekode`] is the key of every file, one of exactly 98.

use super::kommuner::KOMMUNER;
use std::fmt;

/// One municipality.
#[derive(Debug, PartialEq, Eq)]
pub struct Kommune {
    pub(super) kode: u16,
    pub(super) navn: &'static str,
    pub(super) region: Region,
    pub(super) cvr: u32,
}

/// The five regions, with their official code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Region {
    /// Region Nordjylland.
    Nordjylland = 1081,
    /// Region Midtjylland.
    Midtjylland = 1082,
    /// Region Syddanmark.
    Syddanmark = 1083,
    /// Region Hovedstaden.
    Hovedstaden = 1084,
    /// Region Sjælland.
    Sjaelland = 1085,
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Nordjylland => "Nordjylland",
            Self::Midtjylland => "Midtjylland",
            Self::Syddanmark => "Syddanmark",
            Self::Hovedstaden => "Hovedstaden",
            Self::Sjaelland => "Sjælland",
        })
    }
}

/// The code of one of the 98 municipalities, four digits in files (`0101` is København).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Kommunekode(u16);

/// A code that names none of the 98 municipalities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the four-digit code of one of the 98 municipalities, such as 0101")]
pub struct UnknownKommunekode;

const CODES: usize = 1000;

/// Where each code stands in [`KOMMUNER`], plus one; 0 = no such municipality. A table because the
/// code is checked once for every record of every file.
const PLACES: [u8; CODES] = {
    let mut places = [0; CODES];
    let mut at = 0;
    while at < KOMMUNER.len() {
        #[expect(clippy::cast_possible_truncation, reason = "98 fits")]
        {
            places[KOMMUNER[at].kode as usize] = at as u8 + 1;
        }
        at += 1;
    }
    places
};

impl Kommunekode {
    /// Parses four ASCII digits.
    pub fn parse(bytes: &[u8]) -> Result<Self, UnknownKommunekode> {
        if bytes.len() != 4 || !bytes.iter().all(u8::is_ascii_digit) {
            return Err(UnknownKommunekode);
        }
        bytes.iter().fold(0, |code, b| code * 10 + u16::from(b - b'0')).try_into()
    }

    /// All 98, in order.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        KOMMUNER.iter().map(|kommune| Self(kommune.kode))
    }

    /// The code as a number, 101 to 860.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The municipality's name, without the word Kommune.
    pub fn navn(self) -> &'static str {
        self.kommune().navn
    }

    /// The region it lies in.
    pub fn region(self) -> Region {
        self.kommune().region
    }

    /// The municipality's own CVR number.
    pub fn cvr(self) -> u32 {
        self.kommune().cvr
    }

    fn kommune(self) -> &'static Kommune {
        &KOMMUNER[usize::from(PLACES[usize::from(self.0)]) - 1]
    }
}

impl TryFrom<u16> for Kommunekode {
    type Error = UnknownKommunekode;

    fn try_from(code: u16) -> Result<Self, UnknownKommunekode> {
        match PLACES.get(usize::from(code)) {
            Some(1..) => Ok(Self(code)),
            _ => Err(UnknownKommunekode),
        }
    }
}

impl TryFrom<String> for Kommunekode {
    type Error = UnknownKommunekode;

    fn try_from(code: String) -> Result<Self, UnknownKommunekode> {
        Self::parse(code.as_bytes())
    }
}

impl serde::Serialize for Kommunekode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Kommunekode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.0)
    }
}

impl fmt::Debug for Kommunekode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kommunekode({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::super::cvr::Cvr;
    use super::*;

    #[test]
    fn the_98_are_whole_and_in_order() {
        let codes: Vec<_> = Kommunekode::all().collect();
        assert_eq!(codes.len(), 98);
        assert!(codes.is_sorted());
        for code in codes {
            assert_eq!(Kommunekode::parse(code.to_string().as_bytes()), Ok(code));
            assert!(!code.navn().is_empty());
            let cvr = Cvr::parse(code.cvr().to_string().as_bytes());
            assert_eq!(cvr.map(Cvr::number), Ok(code.cvr()), "{}", code.navn());
        }
    }

    #[test]
    fn refuses_codes_outside_the_98() {
        for text in ["0411", "0000", "9999", "101", "01O1", "00101", ""] {
            assert_eq!(Kommunekode::parse(text.as_bytes()), Err(UnknownKommunekode), "{text}");
        }
    }

    #[test]
    fn knows_its_region() {
        let kode = Kommunekode::parse(b"0851").unwrap();
        assert_eq!((kode.navn(), kode.region()), ("Aalborg", Region::Nordjylland));
    }
}
