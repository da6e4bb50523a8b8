//! CPR numbers: the personal identifier in every transaction.
//!
//! The number is personal data. [`Cpr`] shows itself masked (`010190-****`) in `Debug` and
//! `Display`; the whole number leaves the type only through [`Cpr::as_bytes`], for files and the
//! store.

use chrono::NaiveDate;
use std::fmt;

/// A CPR number whose birth date exists: ten ASCII digits, `DDMMYYSSSS`.
///
/// Modulus 11 is not demanded: numbers without it have been issued since 2007-10-01 and are fully
/// valid (CPR-kontoret, "Personnumre uden kontrolciffer"). See [`Cpr::passes_modulus_11`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cpr([u8; 10]);

/// What this installation accepts as a person's number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CprPolicy {
    /// Accept an erstatningspersonnummer (day of birth plus 60), which CPR never issues but other
    /// systems use for people without a number.
    pub erstatningspersonnummer: bool,
}

/// Why ten bytes are not a CPR number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CprError {
    /// Not exactly ten ASCII digits.
    #[error("expected ten digits, DDMMYYSSSS")]
    NotTenDigits,
    /// Digits 1–7 name no day that exists in the century that digit 7 gives.
    #[error("expected a date of birth that exists in the first six digits")]
    NoSuchDate,
    /// An erstatningspersonnummer where the configuration refuses them.
    #[error("expected a number issued by CPR; this is an erstatningspersonnummer (day + 60)")]
    Erstatningspersonnummer,
}

/// What is added to the day of birth in an erstatningspersonnummer.
const ERSTATNING_DAY: u32 = 60;
const MODULUS_11_WEIGHTS: [u32; 10] = [4, 3, 2, 7, 6, 5, 4, 3, 2, 1];

impl Cpr {
    /// Parses ten ASCII digits under `policy`.
    pub fn parse(bytes: &[u8], policy: CprPolicy) -> Result<Self, CprError> {
        let digits: [u8; 10] = bytes.try_into().map_err(|_| CprError::NotTenDigits)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(CprError::NotTenDigits);
        }
        let cpr = Self(digits);
        if cpr.is_erstatningspersonnummer() && !policy.erstatningspersonnummer {
            return Err(CprError::Erstatningspersonnummer);
        }
        if cpr.day_exists() { Ok(cpr) } else { Err(CprError::NoSuchDate) }
    }

    /// The ten digits, for files and the store only.
    pub const fn as_bytes(&self) -> &[u8; 10] {
        &self.0
    }

    /// The ten digits as text, for files and the store only.
    pub fn as_unmasked_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether the day of birth carries the 60 that marks a number CPR has not issued.
    pub fn is_erstatningspersonnummer(&self) -> bool {
        self.two(0) > ERSTATNING_DAY
    }

    /// The date of birth in the century that digit 7 and the year give; `None` for no number that
    /// [`Cpr::parse`] accepts.
    pub fn date_of_birth(&self) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(i32::try_from(self.year()).ok()?, self.two(2), self.day())
    }

    /// Whether the day of birth exists. Asked of every record of every file, so without a calendar.
    fn day_exists(&self) -> bool {
        // Of 1858 to 2057 only 1900 is divided by four and yet no leap year.
        let year = self.year();
        let leap = year.is_multiple_of(4) && year != 1900;
        let days = match self.two(2) {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        (1..=days).contains(&self.day())
    }

    fn day(&self) -> u32 {
        let day = self.two(0);
        if day > ERSTATNING_DAY { day - ERSTATNING_DAY } else { day }
    }

    fn year(&self) -> u32 {
        let year = self.two(4);
        // CPR-kontoret, "Personnummeret i CPR-systemet": century by digit 7 and YY.
        let century = match (self.digit(6), year) {
            (0..=3, _) | (4 | 9, 37..=99) => 1900,
            (4 | 9, _) | (_, 0..=57) => 2000,
            _ => 1800,
        };
        century + year
    }

    /// Whether the check digit agrees. A failure is worth a warning at most, never a rejection.
    pub fn passes_modulus_11(&self) -> bool {
        let sum: u32 = MODULUS_11_WEIGHTS.iter().zip(0..).map(|(w, i)| w * self.digit(i)).sum();
        sum.is_multiple_of(11)
    }

    fn digit(&self, index: usize) -> u32 {
        u32::from(self.0[index] - b'0')
    }

    fn two(&self, index: usize) -> u32 {
        self.digit(index) * 10 + self.digit(index + 1)
    }
}

impl fmt::Display for Cpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_unmasked_str()[..6])?;
        f.write_str("-****")
    }
}

impl fmt::Debug for Cpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cpr({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUED: CprPolicy = CprPolicy { erstatningspersonnummer: false };

    fn born(text: &str) -> Option<String> {
        let any = CprPolicy { erstatningspersonnummer: true };
        Cpr::parse(text.as_bytes(), any).ok()?.date_of_birth().map(|d| d.to_string())
    }

    #[test]
    fn century_follows_digit_seven_and_year() {
        let table = [
            ("0101000000", "1900-01-01"),
            ("0101993999", "1999-01-01"),
            ("0101364000", "2036-01-01"),
            ("0101374000", "1937-01-01"),
            ("0101994000", "1999-01-01"),
            ("0101575000", "2057-01-01"),
            ("0101588000", "1858-01-01"),
            ("0101998000", "1899-01-01"),
            ("0101369000", "2036-01-01"),
            ("0101379000", "1937-01-01"),
            ("6101900000", "1990-01-01"),
            ("2902000000", "none"),
            ("2902004000", "2000-02-29"),
        ];
        for (cpr, date) in table {
            assert_eq!(born(cpr).as_deref().unwrap_or("none"), date, "{cpr}");
        }
    }

    #[test]
    fn a_number_is_accepted_where_its_day_exists() {
        let any = CprPolicy { erstatningspersonnummer: true };
        for (day, seventh) in (0..1_000_000).flat_map(|day| [(day, 3), (day, 5)]) {
            let text = format!("{day:06}{seventh}000");
            let cpr = Cpr(text.as_bytes().try_into().unwrap());
            let accepted = Cpr::parse(text.as_bytes(), any).is_ok();
            assert_eq!(accepted, cpr.date_of_birth().is_some(), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_number() {
        let table = [
            ("010190123", CprError::NotTenDigits),
            ("010190-123", CprError::NotTenDigits),
            ("3201901234", CprError::NoSuchDate),
            ("0013901234", CprError::NoSuchDate),
            ("6101901234", CprError::Erstatningspersonnummer),
        ];
        for (text, error) in table {
            assert_eq!(Cpr::parse(text.as_bytes(), ISSUED), Err(error), "{text}");
        }
    }

    #[test]
    fn modulus_11_is_only_asked() {
        // 070761-4285 is CPR-kontoret's own worked example of the control.
        assert!(Cpr::parse(b"0707614285", ISSUED).unwrap().passes_modulus_11());
        assert!(!Cpr::parse(b"0707614286", ISSUED).unwrap().passes_modulus_11());
    }

    #[test]
    fn shows_itself_masked() {
        let cpr = Cpr::parse(b"0101901234", ISSUED).unwrap();
        assert_eq!(cpr.to_string(), "010190-****");
        assert_eq!(format!("{cpr:?}"), "Cpr(010190-****)");
    }
}
