//! Watches inboxes on this machine and says when to look into one. Says nothing about what is
//! there: events are hints, a listing is the truth. Silent on network file systems; look there from
//! time to time.

use crossbeam_channel::{Receiver, Sender, bounded};
use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RenameMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::path::{Path, PathBuf};

/// A watch over some directories; ends when dropped.
#[derive(Debug)]
pub struct Watch {
    _watcher: RecommendedWatcher,
    receivers: Vec<Receiver<()>>,
}

/// A directory that cannot be watched.
#[derive(Debug, thiserror::Error)]
#[error("cannot watch {}: {why}", directory.display())]
pub struct WatchError {
    /// Which.
    pub directory: PathBuf,
    /// Why, in the system's words.
    pub why: notify::Error,
}

impl Watch {
    /// Watches each of these directories, none of them with what is below it.
    pub fn start(directories: &[PathBuf]) -> Result<Self, WatchError> {
        let mut wakers = Vec::new();
        let mut receivers = Vec::new();
        for directory in directories {
            let (to, from) = bounded(1);
            // Events name the absolute path.
            let directory = std::path::absolute(directory).unwrap_or_else(|_| directory.clone());
            wakers.push(Waker { directory, to });
            receivers.push(from);
        }
        let failed = |directory: &Path| {
            let directory = directory.to_owned();
            |why| WatchError { directory, why }
        };
        let mut watcher = notify::recommended_watcher(move |event| wake(&wakers, event))
            .map_err(failed(directories.first().map_or(Path::new(""), PathBuf::as_path)))?;
        for directory in directories {
            watcher.watch(directory, RecursiveMode::NonRecursive).map_err(failed(directory))?;
        }
        Ok(Self { _watcher: watcher, receivers })
    }

    /// Tells that the directory at this place of the list given to [`Watch::start`] should be
    /// looked into. However much happens before the message is taken, there is one.
    pub fn wake(&self, directory: usize) -> &Receiver<()> {
        &self.receivers[directory]
    }
}

struct Waker {
    directory: PathBuf,
    to: Sender<()>,
}

/// Wakes whom an event concerns; after an overflow or an error, everyone.
fn wake(wakers: &[Waker], event: notify::Result<Event>) {
    let event = event.ok().filter(|event| !event.need_rescan());
    for waker in wakers {
        let concerned = event.as_ref().is_none_or(|event| {
            may_complete(event.kind)
                && event.paths.iter().any(|path| path.parent() == Some(&waker.directory))
        });
        if concerned {
            // Full: the message before has not been taken yet, and will do.
            let _ = waker.to.try_send(());
        }
    }
}

/// Whether a file may have become complete: written and closed, renamed into place, or linked into
/// place, as OpenSSH's server renames.
fn may_complete(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Modify(ModifyKind::Name(RenameMode::To))
            | EventKind::Create(CreateKind::File)
    )
}
