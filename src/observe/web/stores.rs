//! A few read-only connections to the store, lent to one page at a time.

use crate::config::Config;
use crate::store::{SqliteStore, StoreError};
use std::sync::{Mutex, PoisonError};

/// Pages that read at the same time; further ones wait.
pub(super) const AT_ONCE: usize = 4;

/// The connections that nobody uses just now.
#[derive(Default)]
pub(super) struct Stores {
    free: Mutex<Vec<SqliteStore>>,
}

impl Stores {
    /// Lends a connection. One that a job panics with is not used again.
    pub(super) fn lend<T>(
        &self,
        config: &Config,
        job: impl FnOnce(&SqliteStore) -> T,
    ) -> Result<T, StoreError> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let store = match free {
            Some(store) => store,
            None => SqliteStore::open_read_only(&config.store_path(), config.miljoe)?,
        };
        let done = job(&store);
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(store);
        Ok(done)
    }
}
