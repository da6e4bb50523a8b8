//! What the store says of agreements: their versions, and how they are taken in.

use super::{Moment, StoreError};
use crate::domain::{Aftale, Beloeb, ForespoergselId};
use uuid::Uuid;

/// How an import treats agreements it does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportMode {
    /// They stay as they are.
    Upsert,
    /// They hold no longer: the import is a full snapshot.
    Replace,
}

/// One version of an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AftaleVersion {
    /// What it said.
    pub aftale: Aftale,
    /// When it was imported.
    pub from: Moment,
    /// When another version, or none, took its place; `None` = it holds.
    pub to: Option<Moment>,
}

/// One expectation of an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marking {
    /// The request that marked it.
    pub forespoergsel_id: ForespoergselId,
    /// When.
    pub at: Moment,
    /// Its transaction in the answer, from 1.
    pub loebenummer: u32,
    /// The amount.
    pub beloeb: Beloeb,
    /// The answer's transfer.
    pub outbound: Uuid,
}

/// An import under way.
pub trait AftaleImport {
    /// Takes one agreement; `line` is where the caller has it from.
    fn put(&mut self, aftale: &Aftale, line: u64) -> Result<(), StoreError>;

    /// Works out what the import does, and makes it visible if `accept` says so; otherwise nothing
    /// has happened. An aftale_id that was put twice is [`StoreError::Twice`].
    fn finish(
        self: Box<Self>,
        accept: &mut dyn FnMut(&ImportSummary) -> bool,
    ) -> Result<ImportSummary, StoreError>;
}

/// The same aftale_id on two lines of one import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Twice {
    /// The first line that has it.
    pub first: u64,
    /// The last.
    pub again: u64,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ImportSummary {
    /// Agreements not known before.
    pub new: u64,
    /// Known ones with other content.
    pub changed: u64,
    /// Known ones, the same as before.
    pub unchanged: u64,
    /// Ones the snapshot did not name, which hold no longer ([`ImportMode::Replace`]).
    pub removed: u64,
}

impl ImportSummary {
    /// How many agreements held before, of those the import says something about: all of them under
    /// [`ImportMode::Replace`].
    pub const fn before(&self) -> u64 {
        self.changed + self.unchanged + self.removed
    }
}
