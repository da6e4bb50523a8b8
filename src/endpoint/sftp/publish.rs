//! Hands a file over: nothing is visible under its name before it is complete, and what stands
//! there already is never overwritten.

use super::connect::Line;
use super::download::Download;
use super::refusal::Refusal;
use super::upload::upload;
use super::{in_directory, remove, stat};
use crate::crash::{self, Point};
use crate::endpoint::Published;
use crate::endpoint::compare::Comparison;
use crate::endpoint::trouble::Trouble;
use crate::fault::Code;
use ssh2::{OpenFlags, OpenType};
use std::fs::File;
use std::path::{Path, PathBuf};

/// A file to hand over.
pub(super) struct Job<'a> {
    pub(super) source: &'a Path,
    pub(super) temporary: PathBuf,
    pub(super) target: PathBuf,
    /// Permissions asked for; the server's own mask takes some away.
    pub(super) mode: i32,
    /// Whether what was written is read back before it gets its name.
    pub(super) read_back: bool,
}

/// Publishes the file.
pub(super) fn put(line: &Line, job: &Job<'_>) -> Result<Published, Trouble> {
    if let Some(published) = compare(line, job)? {
        return Ok(published);
    }
    let mut source = File::open(job.source).map_err(|error| Trouble::spool(&error))?;
    let size = source.metadata().map_err(|error| Trouble::spool(&error))?.len();
    let result =
        write_temporary(line, job, &mut source, size).and_then(|()| rename(line, job, size));
    if !matches!(result, Ok(Published::Now)) && !line.is_lost() {
        // What is left of it helps nobody; on a full disk it would stand in the way.
        let _ = remove(line, &job.temporary);
    }
    result
}

/// After a lost connection: whether the file stands there all the same.
pub(super) fn settle(line: &Line, job: &Job<'_>) -> Result<Option<Published>, Trouble> {
    let published = compare(line, job)?;
    if published.is_some() {
        remove(line, &job.temporary)?;
    }
    Ok(published)
}

fn write_temporary(
    line: &Line,
    job: &Job<'_>,
    source: &mut File,
    size: u64,
) -> Result<(), Trouble> {
    let path = &job.temporary;
    let refused = |refusal: Refusal| refusal.while_trying("write", path);
    let flags = OpenFlags::WRITE | OpenFlags::TRUNCATE;
    let opened = line.heard(line.sftp.open_mode(path, flags, job.mode, OpenType::File));
    let mut file = opened.map_err(|refusal| {
        in_directory(refusal, "write", path.parent().unwrap_or(Path::new(".")))
    })?;
    crash::reached(Point::SftpOpened);
    upload(line, &mut file, path, source, size)?;
    crash::reached(Point::SftpUploaded);
    if line.syncs.get() {
        match line.heard(file.fsync()) {
            Err(refusal) if refusal.is_unsupported() => line.syncs.set(false),
            result => result.map_err(refused)?,
        }
    }
    line.heard(file.close()).map_err(refused)?;
    verify(line, path, size)?;
    crash::reached(Point::SftpSynced);
    if job.read_back && !is_ours(line, path, job.source)? {
        let what = format!("{}: read back, it has other bytes than were written", path.display());
        return Err(Trouble::retry(Code::NotAsWritten, what));
    }
    Ok(())
}

fn rename(line: &Line, job: &Job<'_>, size: u64) -> Result<Published, Trouble> {
    let refusal = match line.heard(line.sftp.rename(&job.temporary, &job.target, None)) {
        Ok(()) => {
            crash::reached(Point::SftpRenamed);
            return verify(line, &job.target, size).map(|()| Published::Now);
        }
        Err(refusal) => refusal,
    };
    if refusal.may_mean_taken()
        && let Some(published) = compare(line, job)?
    {
        // Another one was faster, or an earlier try of ours that was believed lost.
        return Ok(published);
    }
    Err(refusal.while_trying("rename to", &job.target))
}

/// Whether all bytes are there.
fn verify(line: &Line, path: &Path, size: u64) -> Result<(), Trouble> {
    let found = stat(line, path)?.and_then(|stat| stat.size);
    if found == Some(size) {
        return Ok(());
    }
    let path = path.display();
    let found = found.map_or("nothing".to_owned(), |size| format!("{size} bytes"));
    Err(Trouble::retry(
        Code::EndpointRefused,
        format!("{path}: {size} bytes were written, the server has {found}"),
    ))
}

/// What stands under the target's name, compared with ours; `None` = nothing stands there.
fn compare(line: &Line, job: &Job<'_>) -> Result<Option<Published>, Trouble> {
    let Some(there) = stat(line, &job.target)? else { return Ok(None) };
    let size = job.source.metadata().map_err(|error| Trouble::spool(&error))?.len();
    if !there.is_file() || there.size != Some(size) || !is_ours(line, &job.target, job.source)? {
        return Err(Trouble::taken(&job.target));
    }
    Ok(Some(Published::Already))
}

/// Whether a file of the server, of the size of ours, has our bytes.
fn is_ours(line: &Line, path: &Path, source: &Path) -> Result<bool, Trouble> {
    let mut ours = Comparison::with(source).map_err(|error| Trouble::spool(&error))?;
    let size = ours.size();
    match Download::new(line, path, size, &mut ours).run() {
        Ok(()) => Ok(true),
        Err(_) if ours.differs() => Ok(false),
        Err(trouble) => Err(trouble),
    }
}
