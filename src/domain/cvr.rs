//! CVR numbers: the identifier of a company or an authority.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// A CVR number: eight digits, the first not zero, whose modulus 11 check agrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cvr(u32);

/// Why a text is not a CVR number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CvrError {
    /// Not exactly eight digits, or the first one is zero.
    #[error("expected eight digits, the first not 0")]
    NotEightDigits,
    /// The check digit does not agree (weights 2,7,6,5,4,3,2,1).
    #[error("expected a CVR number whose modulus 11 check agrees")]
    Modulus11,
}

const WEIGHTS: [u32; 8] = [2, 7, 6, 5, 4, 3, 2, 1];

impl Cvr {
    /// Parses eight ASCII digits.
    pub fn parse(bytes: &[u8]) -> Result<Self, CvrError> {
        if bytes.len() != 8 || bytes[0] == b'0' || !bytes.iter().all(u8::is_ascii_digit) {
            return Err(CvrError::NotEightDigits);
        }
        let digits = || bytes.iter().map(|b| u32::from(b - b'0'));
        if !digits().zip(WEIGHTS).map(|(d, w)| d * w).sum::<u32>().is_multiple_of(11) {
            return Err(CvrError::Modulus11);
        }
        Ok(Self(digits().fold(0, |number, d| number * 10 + d)))
    }

    /// The number, 10,000,000 to 99,999,999.
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Cvr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}", self.0)
    }
}

impl Serialize for Cvr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cvr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse(text.as_bytes()).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_shape_and_modulus() {
        assert_eq!(Cvr::parse(b"64942212").unwrap().to_string(), "64942212");
        assert_eq!(Cvr::parse(b"64942213"), Err(CvrError::Modulus11));
        assert_eq!(Cvr::parse(b"04942212"), Err(CvrError::NotEightDigits));
        assert_eq!(Cvr::parse(b"6494221"), Err(CvrError::NotEightDigits));
    }
}
