//! A directory tree of this machine as an [`Endpoint`].

use super::compare::Comparison;
use super::settings::LocalSettings;
use super::trouble::Trouble;
use super::{Endpoint, EndpointError, Entry, FileName, Listing, Published};
use crate::crash::{self, Point};
use crate::fault::Code;
use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A directory tree of this machine.
pub(super) struct Local {
    name: String,
    settings: LocalSettings,
}

const BUFFER: usize = 256 * 1024;
/// A directory's bit that gives new files the directory's group.
const SETGID: u32 = 0o2000;

impl Local {
    pub(super) fn new(name: &str, settings: LocalSettings) -> Self {
        Self { name: name.to_owned(), settings }
    }

    fn directory(&self, directory: &str) -> PathBuf {
        self.settings.path.join(directory)
    }

    fn file(&self, directory: &str, name: &FileName) -> PathBuf {
        self.directory(directory).join(name.as_str())
    }
}

impl Endpoint for Local {
    fn name(&self) -> &str {
        &self.name
    }

    fn list(&mut self, directory: &str, limit: usize) -> Result<Listing, EndpointError> {
        let path = self.directory(directory);
        list(&path, limit).map_err(|error| in_directory(&error, &path).at(&self.name))
    }

    fn stat(&mut self, directory: &str, name: &FileName) -> Result<Option<Entry>, EndpointError> {
        let path = self.file(directory, name);
        let found = stat(&path).map_err(|trouble| trouble.at(&self.name))?;
        Ok(found.and_then(|metadata| entry(name.clone(), &metadata)))
    }

    fn fetch(
        &mut self,
        directory: &str,
        entry: &Entry,
        limit: u64,
        sink: &mut dyn Write,
    ) -> Result<(), EndpointError> {
        let path = self.file(directory, &entry.name);
        fetch(&path, entry.size, limit, sink).map_err(|trouble| trouble.at(&self.name))
    }

    fn remove(&mut self, directory: &str, name: &FileName) -> Result<(), EndpointError> {
        let path = self.file(directory, name);
        let result = gone_is_fine(fs::remove_file(&path)).and_then(|()| {
            crash::reached(Point::LocalRemoved);
            sync_parent(&path)
        });
        result.map_err(|error| at_file(&error, &path).at(&self.name))
    }

    fn move_to(
        &mut self,
        directory: &str,
        name: &FileName,
        to_directory: &str,
        to_name: &FileName,
    ) -> Result<(), EndpointError> {
        let from = self.file(directory, name);
        let to = self.file(to_directory, to_name);
        move_to(&from, &to).map_err(|trouble| trouble.at(&self.name))
    }

    fn publish(
        &mut self,
        directory: &str,
        name: &FileName,
        temporary: &FileName,
        source: &Path,
    ) -> Result<Published, EndpointError> {
        let temporary = self.file(directory, temporary);
        let target = self.file(directory, name);
        publish(source, &temporary, &target, self.settings.file_mode)
            .map_err(|trouble| trouble.at(&self.name))
    }
}

fn list(path: &Path, limit: usize) -> io::Result<Listing> {
    let mut listing = Listing::default();
    for found in fs::read_dir(path)? {
        let found = found?;
        if listing.entries.len() + listing.refused.len() == limit {
            listing.cut = true;
            break;
        }
        let name = found.file_name();
        let Some(plain) = name.to_str().and_then(|name| FileName::parse(name).ok()) else {
            listing.refused.push(name.to_string_lossy().escape_debug().to_string());
            continue;
        };
        match found.metadata() {
            Ok(metadata) => listing.entries.extend(entry(plain, &metadata)),
            // Gone since the directory was read.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    listing.entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(listing)
}

/// A plain file's entry; anything else has none.
fn entry(name: FileName, metadata: &Metadata) -> Option<Entry> {
    let (size, modified) = (metadata.len(), metadata.mtime());
    metadata.is_file().then_some(Entry { name, size, modified })
}

/// What stands under a path, without following a link.
fn stat(path: &Path) -> Result<Option<Metadata>, Trouble> {
    match path.symlink_metadata() {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at_file(&error, path)),
    }
}

/// Opens a plain file for reading, never through a link, never waiting for a pipe's other end.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let flags = flags.bits().cast_signed();
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(ErrorKind::InvalidInput, "not a plain file"))
    }
}

fn fetch(path: &Path, listed: u64, limit: u64, sink: &mut dyn Write) -> Result<(), Trouble> {
    if listed > limit {
        return Err(Trouble::too_large(path, listed, limit));
    }
    let mut file = open(path).map_err(|error| at_file(&error, path))?;
    let mut buffer = vec![0; BUFFER.min(usize::try_from(listed).unwrap_or(BUFFER) + 1)];
    let mut taken = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) if taken == listed => return Ok(()),
            Ok(0) => return Err(Trouble::changed(path, listed)),
            Ok(n) => {
                taken += n as u64;
                if taken > listed {
                    return Err(Trouble::changed(path, listed));
                }
                sink.write_all(&buffer[..n]).map_err(|error| Trouble::spool(&error))?;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(at_file(&error, path)),
        }
    }
}

fn move_to(from: &Path, to: &Path) -> Result<(), Trouble> {
    match (stat(from)?, stat(to)?) {
        // Moved by an earlier try that was cut off.
        (None, Some(_)) => return Ok(()),
        (Some(_), Some(_)) => return Err(Trouble::taken(to)),
        (None, None) => return Err(at_file(&ErrorKind::NotFound.into(), from)),
        (Some(_), None) => {}
    }
    match rename_new(from, to) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Trouble::taken(to)),
        Err(error) => Err(in_directory(&error, to.parent().unwrap_or(to))),
        Ok(()) => {
            crash::reached(Point::LocalMoved);
            sync_parent(to).map_err(|error| at_file(&error, to))
        }
    }
}

fn publish(
    source: &Path,
    temporary: &Path,
    target: &Path,
    mode: u32,
) -> Result<Published, Trouble> {
    if let Some(published) = compare(source, target)? {
        return Ok(published);
    }
    let moved = if would_keep_its_group(source, target)? {
        fs::set_permissions(source, Permissions::from_mode(mode))
            .map_err(|error| Trouble::spool(&error))?;
        rename_new(source, target)
    } else {
        Err(ErrorKind::CrossesDevices.into())
    };
    let result = match moved {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {
            copy(source, temporary, mode)?;
            crash::reached(Point::LocalCopied);
            rename_new(temporary, target).inspect_err(|_| {
                // What is left of it helps nobody.
                let _ = fs::remove_file(temporary);
            })
        }
        result => result,
    };
    match result {
        Ok(()) => {
            crash::reached(Point::LocalRenamed);
            sync_parent(target).map_err(|error| at_file(&error, target))?;
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            // Another one was faster.
            return compare(source, target)?.ok_or_else(|| Trouble::taken(target));
        }
        Err(error) => return Err(at_file(&error, target)),
    }
    Ok(Published::Now)
}

/// Whether a file of ours has the group that a new file would have in the target's directory.
fn would_keep_its_group(source: &Path, target: &Path) -> Result<bool, Trouble> {
    let directory = target.parent().unwrap_or(Path::new("."));
    let there = fs::metadata(directory).map_err(|error| in_directory(&error, directory))?;
    let ours = fs::metadata(source).map_err(|error| Trouble::spool(&error))?;
    Ok(there.mode() & SETGID == 0 || there.gid() == ours.gid())
}

/// Copies a file of ours to its temporary name, synced.
fn copy(source: &Path, temporary: &Path, mode: u32) -> Result<(), Trouble> {
    let at_temporary = |error: io::Error| at_file(&error, temporary);
    let mut ours = File::open(source).map_err(|error| Trouble::spool(&error))?;
    // An earlier try's; made anew rather than opened, so no link that stands there is written
    // through.
    gone_is_fine(fs::remove_file(temporary)).map_err(at_temporary)?;
    let mut options = File::options();
    options.write(true).create_new(true).mode(mode);
    let mut theirs = options.open(temporary).map_err(at_temporary)?;
    let copied = io::copy(&mut ours, &mut theirs)
        .and_then(|_| theirs.set_permissions(Permissions::from_mode(mode)))
        .and_then(|()| theirs.sync_all());
    copied.map_err(|error| {
        // Half a file helps nobody; on a full disk it would stand in the way.
        let _ = fs::remove_file(temporary);
        at_temporary(error)
    })
}

/// What stands under the target's name, compared with ours; `None` = nothing stands there.
fn compare(source: &Path, target: &Path) -> Result<Option<Published>, Trouble> {
    let Some(there) = stat(target)? else { return Ok(None) };
    let mut ours = Comparison::with(source).map_err(|error| Trouble::spool(&error))?;
    if !there.is_file() || there.len() != ours.size() {
        return Err(Trouble::taken(target));
    }
    match fetch(target, there.len(), there.len(), &mut ours) {
        Ok(()) => Ok(Some(Published::Already)),
        Err(_) if ours.differs() => Err(Trouble::taken(target)),
        Err(trouble) => Err(trouble),
    }
}

/// Renames, never over another file.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // File systems that cannot (some network ones): two steps, each of which overwrites
        // nothing.
        Err(Errno::INVAL | Errno::NOSYS) => {
            fs::hard_link(from, to)?;
            fs::remove_file(from)
        }
        result => result.map_err(io::Error::from),
    }
}

/// Makes what happened to a file's name survive a power cut.
fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

fn gone_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// The trouble an error means where what may be missing is a directory of the configuration.
fn in_directory(error: &io::Error, path: &Path) -> Trouble {
    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) {
        let path = path.display();
        return Trouble::operator(
            Code::DirectoryMissing,
            format!("{path}: no such directory; create it, or correct the configuration"),
        );
    }
    at_file(error, path)
}

fn at_file(error: &io::Error, path: &Path) -> Trouble {
    let path = path.display();
    match error.kind() {
        ErrorKind::NotFound => Trouble::retry(Code::FileGone, format!("{path}: not there")),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Trouble::operator(
            Code::PermissionDenied,
            format!("{path}: {error}; give our user the right to read and write there"),
        ),
        ErrorKind::CrossesDevices => Trouble::operator(
            Code::EndpointRefused,
            format!("{path}: on another file system or mount; choose a directory on the same one"),
        ),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            Trouble::retry(Code::EndpointFull, format!("{path}: {error}"))
        }
        _ => Trouble::retry(Code::EndpointRefused, format!("{path}: {error}")),
    }
}
