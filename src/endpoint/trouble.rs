//! Trouble before it is known whose endpoint it is: what a connection or a file call reports.

use super::EndpointError;
use crate::fault::{Class, Code};
use std::io;
use std::path::Path;

/// An [`EndpointError`] that does not know its endpoint's name yet.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) class: Class,
    pub(super) code: Code,
    pub(super) what: String,
}

impl Trouble {
    /// Passing trouble.
    pub(super) fn retry(code: Code, what: impl Into<String>) -> Self {
        Self { class: Class::Retry, code, what: what.into() }
    }

    /// Somebody must look.
    pub(super) fn operator(code: Code, what: impl Into<String>) -> Self {
        Self { class: Class::Operator, code, what: what.into() }
    }

    /// The file is bad.
    pub(super) fn reject(code: Code, what: impl Into<String>) -> Self {
        Self { class: Class::Reject, code, what: what.into() }
    }

    /// Our own copy of a file cannot be read or written.
    pub(super) fn spool(error: &io::Error) -> Self {
        Self::retry(Code::SpoolFailed, format!("our own copy of the file: {error}"))
    }

    /// The file is larger than allowed.
    pub(super) fn too_large(path: &Path, size: u64, limit: u64) -> Self {
        let path = path.display();
        Self::reject(Code::FileTooLarge, format!("{path}: {size} bytes, at most {limit} allowed"))
    }

    /// The file does not have the size it was listed with.
    pub(super) fn changed(path: &Path, listed: u64) -> Self {
        let path = path.display();
        Self::retry(
            Code::FileChanged,
            format!("{path}: listed with {listed} bytes, has another size now"),
        )
    }

    /// Another file stands under the name already.
    pub(super) fn taken(path: &Path) -> Self {
        let path = path.display();
        Self::operator(
            Code::NameTaken,
            format!("{path}: another file stands there; move it away, then requeue"),
        )
    }

    /// The trouble, with the name of the endpoint that has it.
    pub(super) fn at(self, endpoint: &str) -> EndpointError {
        let Self { class, code, what } = self;
        EndpointError { endpoint: endpoint.to_owned(), class, code, what }
    }
}
