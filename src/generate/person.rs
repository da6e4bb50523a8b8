//! Invented people and companies, of whom nothing is known but a number.

use super::draw::Draw;
use crate::domain::{Cpr, CprPolicy, Cvr};
use chrono::{Days, NaiveDate};

/// One who is 18 to 66 years old on a day of the years 1970 to 2070. Three in a hundred numbers
/// need not pass modulus 11, as among the real ones.
pub(super) fn cpr(draw: &mut Draw, on: NaiveDate) -> Cpr {
    let age_in_days = draw.between(18 * 366, 66 * 365);
    let born = on - Days::new(u64::from(age_in_days));
    let without_control = draw.percent(3);
    let birth = born.format("%d%m%y").to_string();
    loop {
        let digits = format!("{birth}{:04}", draw.below(10_000));
        // Digit 7 must be one that gives the century of birth.
        if let Ok(cpr) = Cpr::parse(digits.as_bytes(), CprPolicy::default())
            && cpr.date_of_birth() == Some(born)
            && (without_control || cpr.passes_modulus_11())
        {
            return cpr;
        }
    }
}

/// A company.
pub(super) fn cvr(draw: &mut Draw) -> Cvr {
    loop {
        let digits = draw.between(10_000_000, 99_999_999).to_string();
        if let Ok(cvr) = Cvr::parse(digits.as_bytes()) {
            return cvr;
        }
    }
}
