//! This process among those that work on one state directory. Each holds a lock file for as long
//! as it lives, so that the operating system, and no clock, says who has ended; what such a process
//! had claimed is free then, and its next step, should it take one after all, is refused by the
//! store.

use crate::crash::{self, Point};
use crate::store::{Moment, Node, NodeRow, Store};
use crate::transfer::TransferError;
use fs_err::{self as fs, File};
use std::collections::BTreeSet;
use std::fs::TryLockError;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Where the locks lie, below the state directory.
const DIRECTORY: &str = "nodes";

/// One process's place among them.
#[derive(Debug)]
pub(super) struct Presence {
    pub(super) node: Node,
    directory: PathBuf,
    lock: String,
    // Let go of by the operating system, however the process ends.
    _file: File,
}

impl Presence {
    /// Joins. The lock is held before the store knows of it: no other can think us dead.
    pub(super) fn begin(
        state_dir: &Path,
        store: &mut dyn Store,
        at: Moment,
    ) -> Result<Self, TransferError> {
        let directory = state_dir.join(DIRECTORY);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
        let (lock, file) = hold_a_new(&directory)?;
        crash::reached(Point::NodeLocked);
        let node = store.enlist(&lock, at).inspect_err(|_| {
            // Nobody will ever know of it.
            let _ = fs::remove_file(directory.join(&lock));
        })?;
        crash::reached(Point::NodeEnlisted);
        Ok(Self { node, directory, lock, _file: file })
    }

    /// Leaves, in order.
    pub(super) fn end(&self, store: &mut dyn Store, at: Moment) -> Result<(), TransferError> {
        store.retire(self.node, at)?;
        crash::reached(Point::NodeLeft);
        Ok(remove(&self.directory.join(&self.lock))?)
    }
}

/// Frees what processes that have ended had claimed, and tells whether there was one; whoever asks
/// may be one of those at work.
pub fn bury_the_dead(
    state_dir: &Path,
    store: &mut dyn Store,
    asking: Option<Node>,
    at: Moment,
) -> Result<bool, TransferError> {
    let directory = state_dir.join(DIRECTORY);
    let mut found = false;
    for NodeRow { node, lock, begun_at } in store.nodes()? {
        let path = directory.join(&lock);
        if asking != Some(node) && has_ended(&path)? {
            found = true;
            store.retire(node, at)?;
            crash::reached(Point::NodeBuried);
            remove(&path)?;
            tracing::info!(%begun_at, "a process ended without a word: its files go on here");
        }
    }
    if directory.exists() {
        remove_unknown(&directory, store)?;
    }
    Ok(found)
}

/// Makes a lock file and holds it.
fn hold_a_new(directory: &Path) -> io::Result<(String, File)> {
    loop {
        let lock = Uuid::now_v7().to_string();
        let path = directory.join(&lock);
        let file = File::create_new(&path)?;
        file.file().lock()?;
        // Before it was held, another may have taken it for one that a crash left.
        if path.exists() {
            return Ok((lock, file));
        }
    }
}

/// Removes what a process left that ended just before the store knew of it, or just after.
fn remove_unknown(directory: &Path, store: &dyn Store) -> Result<(), TransferError> {
    let known: BTreeSet<_> = store.nodes()?.into_iter().map(|row| row.lock).collect();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| known.contains(name)) {
            continue;
        }
        let file = match File::open(entry.path()) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error.into()),
        };
        // Held while it is removed: who has just made it then sees that it is gone.
        if file.file().try_lock().is_ok() {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

fn has_ended(lock: &Path) -> io::Result<bool> {
    let file = match File::open(lock) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    match file.file().try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn remove(lock: &Path) -> io::Result<()> {
    match fs::remove_file(lock) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
