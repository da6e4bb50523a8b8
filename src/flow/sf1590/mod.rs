//! SF1590_B_02: registrations on debitorkonti, handed over many at once, and the
//! forretningskvittering that answers each of them.

pub mod debitorsystem;
pub mod entry;
pub mod fagsystem;

/// The layouts of the two messages.
pub const REGISTRERING_LAYOUT: &str = "sf1590-debitorregistrering";
/// See [`REGISTRERING_LAYOUT`].
pub const KVITTERING_LAYOUT: &str = "sf1590-kvittering";
