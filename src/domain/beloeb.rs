//! Amounts of money, in øre.

use rust_decimal::Decimal;
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Sub};

/// An amount in øre. Signed: a report may take an amount back.
///
/// The range is far beyond the widest field of any layout (18 digits), so that sums of a whole file
/// cannot overflow: 10¹⁸ øre a record × 9 records would be needed.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(transparent)]
pub struct Beloeb(i64);

impl Beloeb {
    /// No money.
    pub const NUL: Self = Self(0);

    /// An amount from øre.
    pub const fn from_oere(oere: i64) -> Self {
        Self(oere)
    }

    /// The amount in øre.
    pub const fn oere(self) -> i64 {
        self.0
    }

    /// The amount in kroner, exact, two decimals.
    pub fn kroner(self) -> Decimal {
        Decimal::new(self.0, 2)
    }

    /// The sum, `None` where it leaves the range of a signed 64-bit number of øre.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(oere) => Some(Self(oere)),
            None => None,
        }
    }
}

impl Add for Beloeb {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Beloeb {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Sum for Beloeb {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::NUL, Add::add)
    }
}

/// Kroner as a Dane writes them: `1.603,00`.
impl fmt::Display for Beloeb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kroner, oere) = (self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100);
        let digits = kroner.to_string();
        let mut text = String::with_capacity(digits.len() * 4 / 3 + 4);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push('.');
            }
            text.push(digit);
        }
        f.pad_integral(self.0 >= 0, "", &format!("{text},{oere:02}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_danish_kroner() {
        let table = [
            (0, "0,00"),
            (5, "0,05"),
            (160_300, "1.603,00"),
            (-1, "-0,01"),
            (12_345_678_901, "123.456.789,01"),
            (100_000, "1.000,00"),
        ];
        for (oere, text) in table {
            assert_eq!(Beloeb::from_oere(oere).to_string(), text);
        }
    }

    #[test]
    fn kroner_are_exact() {
        assert_eq!(Beloeb::from_oere(160_305).kroner().to_string(), "1603.05");
    }
}
