//! The life of a file. [`state`] is the one machine both directions run on; it does no I/O.
//! [`spool`] is our own disk; [`intake`] brings files in, [`delivery`] takes them out. Where a
//! platform lies between, [`metadata`] is looked at first, a [`trigger`] has a file sent on, and a
//! [`receipt`] says what became of it. None of them knows what a file means: that is the flows'
//! business, above.

pub mod advice;
pub mod backup;
pub mod delivery;
pub mod intake;
pub mod levers;
pub mod metadata;
pub mod receipt;
pub mod report;
pub mod retention;
pub mod seal;
pub mod spool;
pub mod state;
pub mod trigger;

use crate::alive;
use crate::clock::Clock;
use crate::endpoint::{EndpointError, NotAFileName};
use crate::fault::Code;
use crate::store::{Moment, Node, Problem, Store, StoreError};
use chrono::TimeDelta;
use spool::Spool;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

/// What every worker needs at hand.
pub struct Desk<'a> {
    store: &'a Mutex<Box<dyn Store>>,
    /// Our own disk.
    pub spool: &'a Spool,
    clock: &'a dyn Clock,
    /// In whose name files are claimed.
    pub node: Node,
    /// For how long a delivery that fails in passing is tried again.
    pub give_up_after: TimeDelta,
}

impl<'a> Desk<'a> {
    /// A desk over one store, one spool and one clock, for the work of one process.
    pub fn new(
        store: &'a Mutex<Box<dyn Store>>,
        spool: &'a Spool,
        clock: &'a dyn Clock,
        node: Node,
        give_up_after: TimeDelta,
    ) -> Self {
        Self { store, spool, clock, node, give_up_after }
    }

    /// The store, for one method at a time: SQLite has one writer. A worker that panicked inside it
    /// has had its transaction rolled back, so the store itself is sound.
    pub fn store(&self) -> MutexGuard<'a, Box<dyn Store>> {
        match self.store.try_lock() {
            Ok(store) => store,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                alive::waiting(|| self.store.lock().unwrap_or_else(PoisonError::into_inner))
            }
        }
    }

    /// Now, UTC.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }
}

/// Why a file did not go on.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The endpoint.
    #[error("{0}")]
    Endpoint(#[source] EndpointError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Our own disk.
    #[error("the spool: {0}")]
    Spool(#[from] io::Error),
    /// This file, for a reason that the journal has too.
    #[error("{}: {}", .0.code, .0.text)]
    Refused(Problem),
    /// A name in the store that is no file name: the store was changed by other hands.
    #[error(transparent)]
    Name(#[from] NotAFileName),
}

/// Our own disk's trouble is nobody else's, though an endpoint was the first to meet it.
impl From<EndpointError> for TransferError {
    fn from(error: EndpointError) -> Self {
        if error.code == Code::SpoolFailed {
            Self::Spool(io::Error::other(error.what))
        } else {
            Self::Endpoint(error)
        }
    }
}

/// Trouble at an endpoint, as a problem of a file that waits for it.
pub fn problem_of(error: &EndpointError) -> Problem {
    Problem { class: error.class, code: error.code, text: error.to_string() }
}
