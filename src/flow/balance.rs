//! A file that is owed is written from committed rows, and read back before it leaves. What keeps
//! it from that.

use crate::fault::{Class, Code};
use crate::record::{ReadError, WriteError};
use crate::store::{Problem, StoreError};
use crate::transfer::TransferError;

/// A row that the layout cannot write ends the stream of rows.
pub(super) fn stop(error: WriteError) -> StoreError {
    StoreError::Visitor(Box::new(error))
}

/// What [`stop`] wrapped is this file's trouble; anything else is the store's.
pub(super) fn stopped(error: StoreError) -> TransferError {
    match error {
        StoreError::Visitor(cause) => match cause.downcast::<WriteError>() {
            Ok(error) => unwritable(*error),
            Err(other) => StoreError::Visitor(other).into(),
        },
        other => other.into(),
    }
}

pub(super) fn unwritable(error: WriteError) -> TransferError {
    match error {
        WriteError::Io(error) => error.into(),
        WriteError::Fault(fault) => TransferError::Refused(unbalanced(&fault.to_string())),
    }
}

/// A file of ours that its recipient could not read.
pub(super) fn unreadable(error: ReadError) -> TransferError {
    match error {
        ReadError::Faults(faults) => {
            TransferError::Refused(unbalanced(&format!("read back, {faults}")))
        }
        ReadError::Io(error) => error.into(),
    }
}

/// A file that is owed, and nothing to write it from.
pub(super) fn not_in_store(what: &str) -> TransferError {
    TransferError::Refused(Problem {
        class: Class::Operator,
        code: Code::OutOfBalance,
        text: format!("{what} not in the store: the store was changed by other hands"),
    })
}

pub(super) fn unbalanced(what: &str) -> Problem {
    Problem {
        class: Class::Operator,
        code: Code::OutOfBalance,
        text: format!("the file does not balance: {what}; it is held, nothing was sent"),
    }
}
