//! Exit codes, the same for every command.

use crate::daemon::EngineError;
use crate::store::StoreError;
use crate::transfer::TransferError;
use crate::transfer::backup::BackupError;
use std::error::Error;
use std::io;
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done.
    Done = 0,
    /// Done, but some input was rejected or held, or has faults: look at what was said.
    Faults = 1,
    /// The command line or the configuration is wrong; nothing was done.
    Usage = 2,
    /// An endpoint could not be reached; everything else was done.
    Unreachable = 3,
    /// The store or the machine failed.
    Failure = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The exit code that fits an error.
pub(super) fn of(error: &anyhow::Error) -> Exit {
    if let Some(error) = error.downcast_ref::<TransferError>() {
        match error {
            TransferError::Endpoint(_) => Exit::Unreachable,
            TransferError::Store(_)
            | TransferError::Spool(_)
            | TransferError::Refused(_)
            | TransferError::Name(_) => Exit::Failure,
        }
    } else if let Some(error) = error.downcast_ref::<EngineError>() {
        match error {
            EngineError::Store(_)
            | EngineError::Io(_)
            | EngineError::Transfer(_)
            | EngineError::Panicked => Exit::Failure,
            EngineError::Layout(_)
            | EngineError::NoLayout(_)
            | EngineError::Seal(_)
            | EngineError::Bind(_) => Exit::Usage,
        }
    } else if let Some(error) = error.downcast_ref::<BackupError>() {
        match error {
            BackupError::Io(_) | BackupError::Store(_) | BackupError::Damaged(..) => Exit::Failure,
            BackupError::Incomplete(..)
            | BackupError::WrongMiljoe(..)
            | BackupError::NotEmpty(_) => Exit::Usage,
        }
    } else if error.is::<StoreError>() || error.is::<io::Error>() {
        Exit::Failure
    } else {
        Exit::Usage
    }
}

/// Whether the reader of our output has gone away.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().filter_map(io_error).any(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

/// The I/O error that this is, or that csv hides without naming it as its source.
fn io_error<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    let csv = || match cause.downcast_ref::<csv::Error>()?.kind() {
        csv::ErrorKind::Io(error) => Some(error),
        _ => None,
    };
    cause.downcast_ref::<io::Error>().or_else(csv)
}
