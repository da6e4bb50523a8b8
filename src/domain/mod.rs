//! The authority's nouns as types.
//!
//! Parse, don't validate later: a value of one of these types is right by construction. May use
//! nothing of this crate but itself; does no I/O and reads no clock.

pub mod about;
pub mod afstemning;
pub mod aftale;
pub mod bankdage;
pub mod beloeb;
pub mod cpr;
pub mod cvr;
pub mod debitor;
pub mod forespoergsel;
pub mod hold_rule;
pub mod kalender;
pub mod kommune;
mod kommuner;
pub mod miljoe;
pub mod periode;
pub mod svar;
pub mod tavle;
pub mod text;
pub mod udbetaling;

pub use about::About;
pub use afstemning::{Afstemning, Post, Tal, Udfald};
pub use aftale::{Aftale, Aftalestatus, Prioritet, Ydelsestype};
pub use bankdage::{Cutoff, Deadline};
pub use beloeb::Beloeb;
pub use cpr::{Cpr, CprPolicy};
pub use cvr::Cvr;
pub use forespoergsel::{Forespoergsel, ForespoergselId};
pub use kalender::Udbetalingskalender;
pub use kommune::{Kommunekode, Region};
pub use miljoe::Miljoe;
pub use periode::Udbetalingsperiode;
pub use svar::{Svar, Transaktion};
pub use text::{AftaleId, Debitorsystem, DelfordringId, Fagsystem, FordringId, Klasse};
pub use udbetaling::{Aarsag, Indberetning, Objection, Rettelse, Udbetaling};
