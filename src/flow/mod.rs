//! The business transactions: what a file means, what it changes, what is answered. One file for
//! each integration. May use `endpoint`, `store`, `message`, `transfer`, `config`; starts no
//! thread.

mod advice;
mod balance;
mod refusal;
pub mod sf1590;
pub mod sf2520;
pub mod sf2530;
pub mod tavle;

use crate::config::{Naming, Outbox};
use crate::domain::{Kommunekode, Svar};
use crate::store::{Bogfoert, Indlaest, Kvitteret, Payload, Place, Problem, Ready, Transfer};
use crate::transfer::{Desk, TransferError};
use std::io::{Read, Write};
use std::path::Path;

/// What one integration does with its files.
pub trait Flow: Send + Sync {
    /// Whether files must be processed one after the other, as they came: a later one may correct
    /// an earlier one.
    fn in_order(&self) -> bool {
        false
    }

    /// Reads a file that lies in the spool and applies it whole or not at all. Doing it again after
    /// a crash is fine.
    fn process(&self, desk: &Desk<'_>, inbound: Transfer) -> Result<Processed, TransferError>;

    /// Owes the files that are due by themselves, not as the answer to another; gives how many.
    fn owe_due(&self, _desk: &Desk<'_>) -> Result<usize, TransferError> {
        Ok(0)
    }

    /// Writes a file that is owed to `path`, from committed rows only, and balances it.
    fn render(
        &self,
        desk: &Desk<'_>,
        outbound: &Transfer,
        path: &Path,
    ) -> Result<Payload, TransferError>;

    /// What [`Flow::process`] would do with these bytes, and into `out` the answer it would give;
    /// changes nothing.
    fn preview(
        &self,
        desk: &Desk<'_>,
        input: &mut dyn Read,
        out: &mut dyn Write,
    ) -> Result<Preview, TransferError>;
}

/// What would become of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preview {
    /// It would be answered, and its expectations marked.
    Marked(Svar),
    /// It was answered before, and would be again; nothing would be marked.
    AnsweredAgain(Svar),
    /// It would settle expectations of this municipality; all its refused records are counted.
    Settled(Kommunekode, Ready),
    /// It would be taken in as so many answers to this municipality's registrations.
    Noted(Kommunekode, u32),
    /// It would be entered: so many of this municipality's registrations, of which so many would
    /// be rejected for what they are by themselves, whatever the ledger says of the others.
    Entered(Kommunekode, u32, u32),
    /// It was applied before; nothing would be done.
    Recognised(Kommunekode),
    /// It would be rejected or held.
    Refused(Problem),
}

/// What became of an inbound file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Processed {
    /// The file, accepted, recognised, rejected or held.
    pub inbound: Transfer,
    /// What it did; `None` = nothing.
    pub effect: Option<Effect>,
    /// The file that is owed now.
    pub owed: Option<Transfer>,
}

/// What a file did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It was answered; the answer's head.
    Answered(Svar),
    /// It settled expectations.
    Settled(Indlaest),
    /// It answered registrations.
    Kvitteret(Kvitteret),
    /// It was entered into the ledger; what its kvittering says.
    Bogfoert(Bogfoert),
}

impl Effect {
    /// The municipality it is about.
    pub const fn kommunekode(&self) -> Kommunekode {
        match self {
            Self::Answered(svar) => svar.forespoergsel.kommunekode,
            Self::Settled(indlaest) => indlaest.udbetaling.kommunekode,
            Self::Kvitteret(kvitteret) => kvitteret.kvittering.kommunekode,
            Self::Bogfoert(bogfoert) => bogfoert.kvittering.kommunekode,
        }
    }
}

/// Where a file about a request, or a report, goes.
fn place(outbox: &Outbox, about: impl Into<Naming>) -> Place {
    Place {
        endpoint: outbox.endpoint.clone(),
        directory: outbox.directory.clone(),
        name: outbox.name.name_for(about),
    }
}

impl Processed {
    /// A file that did nothing.
    const fn without_effect(inbound: Transfer) -> Self {
        Self { inbound, effect: None, owed: None }
    }
}
