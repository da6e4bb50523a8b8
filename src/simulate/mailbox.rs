//! One SFTP user's directories, as the server shows them to that user: `IN` and `OUT` in the root.

use crate::endpoint::FileName;
use fs_err::{self as fs, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use uuid::Uuid;

/// An SFTP user.
#[derive(Debug)]
pub(super) struct Mailbox {
    pub(super) user: String,
    pub(super) root: PathBuf,
}

impl Mailbox {
    /// Every directory below `root` that has an `IN` and an `OUT`, by name.
    pub(super) fn all(root: &Path) -> io::Result<Vec<Self>> {
        let mut all = Vec::new();
        for entry in fs::read_dir(root)? {
            let root = entry?.path();
            let user = root.file_name().and_then(|name| name.to_str()).map(str::to_owned);
            if let Some(user) = user
                && root.join("IN").is_dir()
                && root.join("OUT").is_dir()
            {
                all.push(Self { user, root });
            }
        }
        all.sort_by(|a, b| a.user.cmp(&b.user));
        Ok(all)
    }

    pub(super) fn inbox(&self) -> PathBuf {
        self.root.join("IN")
    }

    /// A file that the user sends.
    pub(super) fn outgoing(&self, name: &str) -> PathBuf {
        self.root.join("OUT").join(name)
    }

    /// The names in `OUT` that end so, without the ending, sorted.
    pub(super) fn sent(&self, ending: &str) -> io::Result<Vec<FileName>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.root.join("OUT"))? {
            let entry = entry?;
            let whole = entry.file_name();
            let name = whole.to_str().and_then(|name| name.strip_suffix(ending));
            if let Some(Ok(name)) = name.map(FileName::parse)
                && entry.file_type()?.is_file()
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }
}

/// Puts a file somewhere, complete or not at all; `false` where the name is taken.
pub(super) fn put(
    directory: &Path,
    name: &str,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<bool> {
    let path = directory.join(name);
    if path.symlink_metadata().is_ok() {
        return Ok(false);
    }
    let temporary = directory.join(format!(".{}.tmp", Uuid::now_v7()));
    let mut file = File::create_new(&temporary)?;
    let written = write(&mut file).and_then(|()| file.sync_all());
    if let Err(error) = written.and_then(|()| fs::rename(&temporary, &path)) {
        // It was never visible under its name; what remains of it is only untidy.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    Ok(true)
}

/// A file's bytes, but no more than one over `limit`; `None` where there is no such file.
pub(super) fn read(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Removes a file; one that is gone already is no error.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether a file was changed within so long: its sender may not be done with it.
pub(super) fn is_fresh(path: &Path, within: Duration) -> bool {
    let changed = path.metadata().and_then(|metadata| metadata.modified());
    let age = changed.ok().and_then(|changed| SystemTime::now().duration_since(changed).ok());
    age.is_none_or(|age| age < within)
}
