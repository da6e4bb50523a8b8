//! The business transactions: what a file means, what it changes, what is answered. One file for
//! each integration. May use `endpoint`, `store`, `message`, `transfer`, `config`; starts no
//! thread.

mod advice;
pub mod sf2530;

use crate::domain::Svar;
use crate::store::{Payload, Problem, Transfer};
use crate::transfer::{Desk, TransferError};
use std::io::{Read, Write};
use std::path::Path;

/// What one integration does with its files.
pub trait Flow: Send + Sync {
    /// Reads a file that lies in the spool and applies it whole or not at all. Doing it again after
    /// a crash is fine.
    fn process(&self, desk: &Desk<'_>, inbound: Transfer) -> Result<Processed, TransferError>;

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
    /// It would be rejected or held.
    Refused(Problem),
}

/// What became of an inbound file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Processed {
    /// The file, accepted, recognised, rejected or held.
    pub inbound: Transfer,
    /// The answer that is owed now, and its head.
    pub answer: Option<(Transfer, Svar)>,
}
