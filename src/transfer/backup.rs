//! The whole state in another place, and back: the store as it is at one moment, and then what the
//! spool, the archive and quarantine hold. In this order nothing is missing that the store speaks
//! of: bytes leave the spool only after they are kept elsewhere, and an answer can be rendered
//! again. May use `store`; whoever works on the state directory goes on meanwhile.

use super::spool::payload_of;
use crate::domain::Miljoe;
use crate::store::sqlite::StoreFacts;
use crate::store::{Moment, SqliteStore, StoreError};
use fs_err::{self as fs, File};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Component, Path, PathBuf};

/// The store's file, in the state directory and in a backup.
const STORE: &str = "modregn.db";
/// Directories of files beside it.
const DIRECTORIES: [&str; 4] = ["spool/in", "spool/out", "archive", "quarantine"];
/// What is in a backup, and its sign that it is complete.
const MANIFEST: &str = "manifest.json";
/// Before the time in a backup's name.
const PREFIX: &str = "modregn-";
/// After the name of one that is not complete.
const PARTIAL: &str = ".partial";

/// What is in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The modregn that made it.
    pub version: String,
    /// As of when, UTC.
    pub made_at: Moment,
    /// What its store says of itself.
    pub store: StoreFacts,
    /// Every file, by its path below the backup.
    pub files: BTreeMap<String, Kept>,
}

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Bytes.
    pub size: u64,
    /// Of its bytes, hexadecimal.
    pub sha256: String,
}

/// Why a backup was not made, or not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A disk.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The store, or its copy.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no complete backup there.
    #[error("{0}: no complete backup: it has no readable {MANIFEST} ({1})")]
    Incomplete(PathBuf, String),
    /// A backup is not as it was made.
    #[error("{0}: not as it was backed up: {1}. Take another backup")]
    Damaged(PathBuf, &'static str),
    /// Of the other environment.
    #[error("the backup is of {0}, the configuration says {1}")]
    WrongMiljoe(String, Miljoe),
    /// A restore never overwrites.
    #[error(
        "{0} is not empty: stop modregn, move what is there to another place, and restore again"
    )]
    NotEmpty(PathBuf),
}

/// Makes a backup in a directory of its own below `to`; gives that. Files of the archive that an
/// earlier backup there has too are shared with it (a hard link), where the disk can.
pub fn make(state_dir: &Path, to: &Path, at: Moment) -> Result<(PathBuf, Manifest), BackupError> {
    make_private(to)?;
    let earlier = newest(to)?;
    let name = format!("{PREFIX}{}", at.format("%Y%m%dT%H%M%S%.3fZ"));
    let (place, partial) = (to.join(&name), to.join(name + PARTIAL));
    make_private(&partial)?;
    let copy = partial.join(STORE);
    let store = SqliteStore::copy(&state_dir.join(STORE), &copy)?;
    File::open(&copy)?.sync_all()?;
    let mut files = BTreeMap::from([(STORE.to_owned(), kept(&copy)?)]);
    for directory in DIRECTORIES {
        make_private(&partial.join(directory))?;
        for path in files_below(state_dir, Path::new(directory))? {
            let key = path.to_string_lossy().into_owned();
            let shared = earlier.as_ref().and_then(|earlier| earlier.share(&key, &partial));
            let kept = match shared {
                Some(kept) => Some(kept),
                None => take(&state_dir.join(&path), &partial.join(&path))?,
            };
            files.extend(kept.map(|kept| (key, kept)));
        }
    }
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let manifest = Manifest { version, made_at: at, store, files };
    let text = serde_json::to_vec_pretty(&manifest).map_err(io::Error::from)?;
    write_private(&partial.join(MANIFEST), &mut text.as_slice())?;
    sync_directories(&partial)?;
    fs::rename(&partial, &place)?;
    File::open(to)?.sync_all()?;
    Ok((place, manifest))
}

/// Removes all but the newest backups below a directory, and what was left of ones that were
/// broken off; gives the names.
pub fn keep(to: &Path, newest: usize) -> Result<Vec<String>, BackupError> {
    let mut all = named(to)?;
    all.sort_by(|one, other| other.cmp(one));
    let is_partial = |name: &String| name.ends_with(PARTIAL);
    let (partial, complete): (Vec<_>, Vec<_>) = all.into_iter().partition(is_partial);
    let old: Vec<_> = partial.into_iter().chain(complete.into_iter().skip(newest)).collect();
    for name in &old {
        fs::remove_dir_all(to.join(name))?;
    }
    Ok(old)
}

/// Holds a backup against its manifest, byte for byte, and its store page by page.
pub fn check(place: &Path) -> Result<Manifest, BackupError> {
    let manifest = read(place)?;
    let damaged = |what| BackupError::Damaged(place.to_owned(), what);
    for (path, expected) in &manifest.files {
        let path = below(path).ok_or_else(|| damaged("its manifest names a place outside it"))?;
        match kept(&place.join(path)) {
            Ok(found) if found == *expected => {}
            Ok(_) => return Err(damaged("a file has other bytes")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(damaged("a file is missing"));
            }
            Err(error) => return Err(error.into()),
        }
    }
    if SqliteStore::facts(&place.join(STORE))? != manifest.store {
        return Err(damaged("its store says otherwise than its manifest"));
    }
    Ok(manifest)
}

/// Puts a backup, which is checked first, into an empty state directory. The store comes last:
/// without it nobody takes the directory for a state.
pub fn restore(place: &Path, state_dir: &Path, miljoe: Miljoe) -> Result<Manifest, BackupError> {
    let manifest = check(place)?;
    if manifest.store.miljoe != miljoe.code() {
        return Err(BackupError::WrongMiljoe(manifest.store.miljoe, miljoe));
    }
    make_private(state_dir)?;
    if fs::read_dir(state_dir)?.next().is_some() {
        return Err(BackupError::NotEmpty(state_dir.to_owned()));
    }
    for directory in DIRECTORIES {
        make_private(&state_dir.join(directory))?;
    }
    let (store, others): (Vec<_>, Vec<_>) = manifest.files.keys().partition(|path| *path == STORE);
    for path in others.into_iter().chain(store) {
        take(&place.join(path), &state_dir.join(path))?;
    }
    sync_directories(state_dir)?;
    Ok(manifest)
}

/// An earlier backup of the same directory.
struct Earlier {
    place: PathBuf,
    manifest: Manifest,
}

impl Earlier {
    /// Gives the new backup what this one has of the archive, where nothing ever changes.
    fn share(&self, key: &str, partial: &Path) -> Option<Kept> {
        let kept = self.manifest.files.get(key).filter(|_| key.starts_with("archive/"))?;
        let path = below(key)?;
        fs::hard_link(self.place.join(path), partial.join(path)).ok()?;
        Some(kept.clone())
    }
}

fn newest(to: &Path) -> Result<Option<Earlier>, BackupError> {
    let complete = named(to)?.into_iter().filter(|name| !name.ends_with(PARTIAL));
    let Some(name) = complete.max() else { return Ok(None) };
    let place = to.join(name);
    // One that cannot be read shares nothing.
    Ok(read(&place).ok().map(|manifest| Earlier { place, manifest }))
}

fn named(to: &Path) -> Result<Vec<String>, BackupError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(to)? {
        names.extend(entry?.file_name().into_string().ok());
    }
    names.retain(|name| name.starts_with(PREFIX));
    Ok(names)
}

fn read(place: &Path) -> Result<Manifest, BackupError> {
    let incomplete = |why: String| BackupError::Incomplete(place.to_owned(), why);
    let text = fs::read(place.join(MANIFEST)).map_err(|error| incomplete(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| incomplete(error.to_string()))
}

/// A manifest's path, if it leads nowhere else.
fn below(path: &str) -> Option<&Path> {
    let path = Path::new(path);
    path.components().all(|part| matches!(part, Component::Normal(_))).then_some(path)
}

/// The files below one directory of the state directory, at most one level further down; paths are
/// relative to the state directory.
fn files_below(state_dir: &Path, directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(state_dir.join(directory)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let path = directory.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            found.extend(files_below(state_dir, &path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Copies a file, durably; `None` = it was removed meanwhile, as it is needed no more.
fn take(from: &Path, to: &Path) -> io::Result<Option<Kept>> {
    let mut source = match File::open(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        source => source?,
    };
    if let Some(directory) = to.parent() {
        make_private(directory)?;
    }
    write_private(to, &mut source)?;
    Ok(Some(kept(to)?))
}

fn write_private(to: &Path, source: &mut dyn io::Read) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    fs_err::os::unix::fs::OpenOptionsExt::mode(options.write(true).create_new(true), 0o600);
    let mut file = options.open(to)?;
    io::copy(source, &mut file)?;
    file.sync_all()
}

fn kept(path: &Path) -> io::Result<Kept> {
    let payload = payload_of(path)?;
    Ok(Kept { size: payload.size, sha256: hex::encode(payload.sha256) })
}

fn make_private(directory: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

fn sync_directories(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_directories(&entry.path())?;
        }
    }
    File::open(directory)?.sync_all()
}
