//! An SFTP server as an [`Endpoint`].
//!
//! `connect` makes and verifies the connection, `upload` and `download` move bytes, `publish` hands
//! a file over, `refusal` knows what the codes mean. This file keeps the connection: it is made at
//! the first call and made anew after it was lost.

mod connect;
mod download;
mod known_hosts;
mod publish;
mod refusal;
mod upload;

use super::settings::SftpSettings;
use super::trouble::Trouble;
use super::{Endpoint, EndpointError, Entry, FileName, Listing, Published};
use crate::crash::{self, Point};
use crate::fault::Code;
use connect::Line;
use download::Download;
use refusal::Refusal;
use ssh2::FileStat;
use std::io::Write;
use std::path::{Path, PathBuf};

/// One connection to an SFTP server.
pub(super) struct Sftp {
    name: String,
    settings: SftpSettings,
    line: Option<Line>,
}

impl Sftp {
    pub(super) fn new(name: &str, settings: SftpSettings) -> Self {
        Self { name: name.to_owned(), settings, line: None }
    }

    /// Does something over a connection that works, and throws the connection away if it is lost.
    fn over<T>(
        &mut self,
        act: impl FnOnce(&Line) -> Result<T, Trouble>,
    ) -> Result<T, EndpointError> {
        let line = match self.line.take().filter(Line::is_alive) {
            Some(line) => Ok(line),
            None => Line::connect(&self.settings),
        };
        let result = line.and_then(|line| {
            let result = act(&line);
            self.line = Some(line).filter(|line| !line.is_lost());
            result
        });
        result.map_err(|trouble| trouble.at(&self.name))
    }

    fn directory(&self, directory: &str) -> PathBuf {
        let path = self.settings.root.join(directory);
        // The empty path is not the start directory for every server, "." is.
        if path.as_os_str().is_empty() { PathBuf::from(".") } else { path }
    }

    fn file(&self, directory: &str, name: &FileName) -> PathBuf {
        self.settings.root.join(directory).join(name.as_str())
    }
}

impl Endpoint for Sftp {
    fn name(&self) -> &str {
        &self.name
    }

    fn list(&mut self, directory: &str, limit: usize) -> Result<Listing, EndpointError> {
        let path = self.directory(directory);
        self.over(|line| list(line, &path, limit))
    }

    fn stat(&mut self, directory: &str, name: &FileName) -> Result<Option<Entry>, EndpointError> {
        let path = self.file(directory, name);
        let stat = self.over(|line| stat(line, &path))?;
        Ok(stat.and_then(|stat| entry(name.clone(), &stat)))
    }

    fn fetch(
        &mut self,
        directory: &str,
        entry: &Entry,
        limit: u64,
        sink: &mut dyn Write,
    ) -> Result<(), EndpointError> {
        let path = self.file(directory, &entry.name);
        if entry.size > limit {
            return Err(Trouble::too_large(&path, entry.size, limit).at(&self.name));
        }
        self.over(|line| Download::new(line, &path, entry.size, sink).run())
    }

    fn remove(&mut self, directory: &str, name: &FileName) -> Result<(), EndpointError> {
        let path = self.file(directory, name);
        self.over(|line| remove(line, &path))
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
        self.over(|line| move_to(line, &from, &to))
    }

    fn publish(
        &mut self,
        directory: &str,
        name: &FileName,
        temporary: &FileName,
        source: &Path,
    ) -> Result<Published, EndpointError> {
        let job = publish::Job {
            source,
            temporary: self.file(directory, temporary),
            target: self.file(directory, name),
            mode: self.settings.file_mode.cast_signed(),
            read_back: self.settings.read_back,
        };
        self.over(|_| Ok(()))?;
        let outcome = self.over(|line| publish::put(line, &job));
        // Lost on the way: what the server did last is unknown, so look.
        if outcome.is_err()
            && self.line.is_none()
            && let Ok(Some(published)) = self.over(|line| publish::settle(line, &job))
        {
            return Ok(published);
        }
        outcome
    }
}

fn list(line: &Line, path: &Path, limit: usize) -> Result<Listing, Trouble> {
    let refused = |refusal: Refusal| in_directory(refusal, "list", path);
    let mut directory = line.heard(line.sftp.opendir(path)).map_err(refused)?;
    let mut listing = Listing::default();
    loop {
        let (name, stat) = match directory.readdir() {
            Err(error) if Refusal::is_end_of_directory(&error) => break,
            result => line.heard(result).map_err(refused)?,
        };
        if name == Path::new(".") || name == Path::new("..") {
            continue;
        }
        if listing.entries.len() + listing.refused.len() == limit {
            listing.cut = true;
            break;
        }
        let Some(plain) = name.to_str().and_then(|name| FileName::parse(name).ok()) else {
            listing.refused.push(name.to_string_lossy().escape_debug().to_string());
            continue;
        };
        // Version 3 lets a server leave out any attribute of an entry.
        let stat = match (stat.perm, stat.size) {
            (Some(_), Some(_)) => Some(stat),
            _ => self::stat(line, &path.join(plain.as_str()))?,
        };
        listing.entries.extend(stat.and_then(|stat| entry(plain, &stat)));
    }
    listing.entries.sort_by(|a, b| a.name.cmp(&b.name));
    // Some servers tell a file twice when their directory changes while they read it.
    listing.entries.dedup_by(|a, b| a.name == b.name);
    Ok(listing)
}

/// What stands under a path, without following a link.
fn stat(line: &Line, path: &Path) -> Result<Option<FileStat>, Trouble> {
    match line.heard(line.sftp.lstat(path)) {
        Ok(stat) => Ok(Some(stat)),
        Err(refusal) if refusal.is_missing() => Ok(None),
        Err(refusal) => Err(refusal.while_trying("look", path)),
    }
}

/// A plain file's entry; anything else has none.
fn entry(name: FileName, stat: &FileStat) -> Option<Entry> {
    let modified = stat.mtime.and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or(0);
    let size = stat.size.filter(|_| stat.is_file())?;
    Some(Entry { name, size, modified })
}

fn remove(line: &Line, path: &Path) -> Result<(), Trouble> {
    match line.heard(line.sftp.unlink(path)) {
        Err(refusal) if !refusal.is_missing() => Err(refusal.while_trying("remove", path)),
        _ => {
            crash::reached(Point::SftpRemoved);
            Ok(())
        }
    }
}

/// Some servers rename over what stands there, so it is looked first.
fn move_to(line: &Line, from: &Path, to: &Path) -> Result<(), Trouble> {
    let taken = stat(line, to)?.is_some();
    match (taken, stat(line, from)?) {
        // Moved by an earlier try whose answer was lost.
        (true, None) => return Ok(()),
        (true, Some(_)) => return Err(Trouble::taken(to)),
        (false, _) => {}
    }
    match line.heard(line.sftp.rename(from, to, None)) {
        Ok(()) => {
            crash::reached(Point::SftpMoved);
            Ok(())
        }
        Err(refusal) if refusal.is_missing() && stat(line, from)?.is_some() => {
            Err(in_directory(refusal, "move a file to", to.parent().unwrap_or(to)))
        }
        Err(refusal) => Err(refusal.while_trying("move", from)),
    }
}

/// The trouble a refusal means where what may be missing is a directory of the configuration.
fn in_directory(refusal: Refusal, verb: &str, path: &Path) -> Trouble {
    if refusal.is_missing() {
        let path = path.display();
        return Trouble::operator(
            Code::DirectoryMissing,
            format!("{path}: no such directory; create it there, or correct the configuration"),
        );
    }
    refusal.while_trying(verb, path)
}
