//! Registrations on their way in: each is checked by itself where it is put, and with the others
//! and the store where all are looked at. Whoever embeds modregn enters registrations here.

use crate::domain::CprPolicy;
use crate::domain::debitor::regler::{self, Brud};
use crate::domain::debitor::{Debitorregistrering, Sortiment};
use crate::message::debitorregistrering::poster;
use crate::store::{Entered, Entry, StoreError};

/// What registrations are checked by.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The classes that may be used.
    pub sortiment: &'a Sortiment,
    /// Which persons' numbers are accepted.
    pub cpr: CprPolicy,
}

/// Puts a registration in; gives what is wrong with it by itself. Where anything is wrong with any
/// of them, the caller drops `entry`, and none is taken.
pub fn put(
    entry: &mut dyn Entry,
    (line, registrering): (u64, &Debitorregistrering),
    rules: Rules<'_>,
) -> Result<Vec<Brud>, StoreError> {
    entry.put(&Entered { line, registrering, poster: poster(registrering) })?;
    Ok(regler::brud(registrering, rules.sortiment, rules.cpr))
}
