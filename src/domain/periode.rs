//! The month a payout is for.

use chrono::{Datelike, NaiveDate};
use std::fmt;

/// Udbetalingsperiode: a calendar month, `YYYYMM` in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Udbetalingsperiode {
    year: u16,
    month: u8,
}

/// A text that names no month of the years 1900 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a month as YYYYMM")]
pub struct UnknownPeriode;

impl Udbetalingsperiode {
    /// A month from its year (1900–9999) and number (1–12).
    pub const fn new(year: u16, month: u8) -> Result<Self, UnknownPeriode> {
        match (year, month) {
            (1900..=9999, 1..=12) => Ok(Self { year, month }),
            _ => Err(UnknownPeriode),
        }
    }

    /// Parses six ASCII digits, `YYYYMM`.
    pub fn parse(bytes: &[u8]) -> Result<Self, UnknownPeriode> {
        if bytes.len() != 6 || !bytes.iter().all(u8::is_ascii_digit) {
            return Err(UnknownPeriode);
        }
        let number = |digits: &[u8]| digits.iter().fold(0, |n, b| n * 10 + u16::from(b - b'0'));
        let month = u8::try_from(number(&bytes[4..])).map_err(|_| UnknownPeriode)?;
        Self::new(number(&bytes[..4]), month)
    }

    /// The month a day lies in.
    pub fn of(day: NaiveDate) -> Result<Self, UnknownPeriode> {
        let year = u16::try_from(day.year()).map_err(|_| UnknownPeriode)?;
        let month = u8::try_from(day.month()).map_err(|_| UnknownPeriode)?;
        Self::new(year, month)
    }

    /// Year, 1900–9999.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// Month, 1–12.
    pub const fn month(self) -> u8 {
        self.month
    }
}

/// `YYYYMM`, as in files.
impl fmt::Display for Udbetalingsperiode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_months_only() {
        assert_eq!(Udbetalingsperiode::parse(b"202612").unwrap().to_string(), "202612");
        for text in ["202600", "202613", "20261", "2026-1", "189912", ""] {
            assert_eq!(Udbetalingsperiode::parse(text.as_bytes()), Err(UnknownPeriode), "{text}");
        }
    }
}
