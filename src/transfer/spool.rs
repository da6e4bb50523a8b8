//! Our own disk: where the bytes of a file lie between its arrival and its leaving.
//!
//! Every path is made of our own transfer ids; names from outside never become paths. Bytes count
//! only once the store has journalled them: after a crash a file that is not journalled is written
//! again from the start. May use `store` for [`Payload`]; knows no endpoint and no flow.

use super::seal::{self, Seal, SealError};
use crate::alive;
use crate::crash::{self, Point};
use crate::store::Payload;
use fs_err::{self as fs, File};
use sha2::{Digest, Sha256};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The directories below the state directory.
pub struct Spool {
    incoming: PathBuf,
    outgoing: PathBuf,
    archive: PathBuf,
    quarantine: PathBuf,
    seal: Option<Seal>,
}

const BUFFER: usize = 256 * 1024;
/// Payloads hold personal data: for our own user alone.
const PRIVATE: u32 = 0o700;

impl Spool {
    /// The spool below a state directory; touches nothing.
    pub fn new(state_dir: &Path) -> Self {
        Self {
            incoming: state_dir.join("spool/in"),
            outgoing: state_dir.join("spool/out"),
            archive: state_dir.join("archive"),
            quarantine: state_dir.join("quarantine"),
            seal: None,
        }
    }

    /// The same, whose archive is encrypted from now on.
    #[must_use]
    pub fn sealed(self, seal: Option<Seal>) -> Self {
        Self { seal, ..self }
    }

    /// The same, with the directories made that are missing.
    pub fn open(state_dir: &Path) -> io::Result<Self> {
        let spool = Self::new(state_dir);
        for dir in [&spool.incoming, &spool.outgoing, &spool.archive, &spool.quarantine] {
            std::fs::DirBuilder::new().recursive(true).mode(PRIVATE).create(dir)?;
        }
        Ok(spool)
    }

    /// Where an inbound file's bytes lie until it is processed.
    pub fn incoming(&self, transfer: Uuid) -> PathBuf {
        self.incoming.join(transfer.to_string())
    }

    /// Where an outbound file's bytes lie until it is published.
    pub fn outgoing(&self, transfer: Uuid) -> PathBuf {
        self.outgoing.join(transfer.to_string())
    }

    /// Where an outbound file's trigger lies until it is put.
    pub fn trigger(&self, transfer: Uuid) -> PathBuf {
        self.outgoing.join(format!("{transfer}.trigger"))
    }

    /// Where a processed inbound file's bytes lie until purged.
    pub fn archived(&self, transfer: Uuid) -> PathBuf {
        self.archive.join(transfer.to_string())
    }

    /// The directory of a rejected or held file: its bytes (`payload`) and the error report.
    pub fn quarantine(&self, transfer: Uuid) -> PathBuf {
        self.quarantine.join(transfer.to_string())
    }

    /// The same, encrypted.
    fn archived_sealed(&self, transfer: Uuid) -> PathBuf {
        self.archive.join(format!("{transfer}.age"))
    }

    /// Keeps a processed file in the archive too; [`Spool::forget`] it once that is journalled. A
    /// file that was held or rejected before leaves no bytes in quarantine. One that is in the
    /// archive alone is fine: a backup may have it so.
    pub fn archive(&self, transfer: Uuid) -> io::Result<()> {
        let is_kept = self.archived(transfer).exists() || self.archived_sealed(transfer).exists();
        if is_kept && !self.incoming(transfer).exists() {
            return Ok(());
        }
        match &self.seal {
            Some(seal) => {
                seal.seal(&self.incoming(transfer), &self.archived_sealed(transfer))?;
                remove(&self.archived(transfer))?;
            }
            None => keep(&self.incoming(transfer), &self.archived(transfer))?,
        }
        remove(&self.quarantine(transfer).join("payload"))?;
        sync_directory(&self.archive)
    }

    /// Whether the kept bytes of a file can only be had with [`Spool::unseal`].
    pub fn is_sealed(&self, transfer: Uuid) -> bool {
        self.archived_sealed(transfer).exists() && !self.archived(transfer).exists()
    }

    /// Decrypts an archived file, so that it can be processed again; `identity` is a file with the
    /// recipient's key.
    pub fn unseal(&self, transfer: Uuid, identity: &Path) -> Result<(), SealError> {
        let dir = self.quarantine(transfer);
        std::fs::DirBuilder::new().recursive(true).mode(PRIVATE).create(&dir)?;
        seal::open(&self.archived_sealed(transfer), &dir.join("payload"), identity)
    }

    /// Keeps a rejected or held file in quarantine too, with its report, given as (name, text) of
    /// each file; [`Spool::forget`] it once that is journalled.
    pub fn set_apart(&self, transfer: Uuid, report: &[(&str, String)]) -> io::Result<PathBuf> {
        let dir = self.quarantine(transfer);
        std::fs::DirBuilder::new().recursive(true).mode(PRIVATE).create(&dir)?;
        crash::reached(Point::QuarantineMade);
        keep(&self.incoming(transfer), &dir.join("payload"))?;
        crash::reached(Point::QuarantineKept);
        for (name, text) in report {
            write_durably(&dir.join(name), |out| out.write_all(text.as_bytes()))?;
        }
        sync_directory(&self.quarantine)?;
        Ok(dir)
    }

    /// Sees to it that the bytes of a file that is to be processed again lie in the spool;
    /// `false` = nobody has them any more.
    pub fn restore(&self, transfer: Uuid) -> io::Result<bool> {
        let incoming = self.incoming(transfer);
        if incoming.exists() {
            return Ok(true);
        }
        let kept = [self.archived(transfer), self.quarantine(transfer).join("payload")];
        match kept.iter().find(|path| path.exists()) {
            Some(kept) => keep(kept, &incoming).map(|()| true),
            None => Ok(false),
        }
    }

    /// Removes a file that stands at its destination. Its trigger may be another process's by now.
    pub fn forget_sent(&self, transfer: Uuid) -> io::Result<()> {
        remove(&self.outgoing(transfer))?;
        crash::reached(Point::SpoolForgotten);
        Ok(())
    }

    /// Removes what the spool still has of a transfer that needs it no more.
    pub fn forget(&self, transfer: Uuid) -> io::Result<()> {
        for path in [self.incoming(transfer), self.outgoing(transfer), self.trigger(transfer)] {
            remove(&path)?;
            crash::reached(Point::SpoolForgotten);
        }
        Ok(())
    }

    /// Removes what is kept of a file that is done; nothing there is fine.
    pub fn purge(&self, transfer: Uuid) -> io::Result<()> {
        remove(&self.archived(transfer))?;
        remove(&self.archived_sealed(transfer))?;
        none_is_fine(fs::remove_dir_all(self.quarantine(transfer)))?;
        self.forget(transfer)
    }

    /// Room left on its disk for us, bytes.
    pub fn free_bytes(&self) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(&self.incoming)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// The transfers whose bytes the spool has.
    pub fn transfers(&self) -> io::Result<Vec<Uuid>> {
        let mut found = Vec::new();
        for dir in [&self.incoming, &self.outgoing] {
            for entry in fs::read_dir(dir)? {
                let path = entry?.path();
                // A trigger's name ends otherwise.
                let id = path.file_stem().and_then(|stem| stem.to_str());
                found.extend(id.and_then(|id| Uuid::try_parse(id).ok()));
            }
        }
        Ok(found)
    }
}

/// Writes a file so that its bytes and its name survive a power cut, and tells size and hash. The
/// error type is the caller's: writing may fail for other reasons than this disk. After an error
/// nothing is left of it: on a full disk it would stand in the way.
pub fn write_durably<E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
) -> Result<Payload, E> {
    let written = write_and_sync(path, write);
    if written.is_err() {
        // The error tells more than that this failed, too.
        let _ = fs::remove_file(path);
    }
    written
}

fn write_and_sync<E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
) -> Result<Payload, E> {
    let mut options = fs::OpenOptions::new();
    fs_err::os::unix::fs::OpenOptionsExt::mode(
        options.write(true).create(true).truncate(true),
        0o600,
    );
    let mut out = BufWriter::with_capacity(BUFFER, Hashing::new(options.open(path)?));
    crash::reached(Point::SpoolBegun);
    write(&mut out)?;
    let hashing = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    crash::reached(Point::SpoolWritten);
    hashing.inner.sync_all()?;
    if let Some(dir) = path.parent() {
        sync_directory(dir)?;
    }
    crash::reached(Point::SpoolSynced);
    Ok(hashing.payload())
}

/// Size and hash of a file's bytes.
pub fn payload_of(path: &Path) -> io::Result<Payload> {
    let mut file = File::open(path)?;
    let mut hashing = Hashing::new(io::sink());
    let mut chunk = vec![0; BUFFER];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hashing.payload()),
            n => hashing.write_all(&chunk[..n])?,
        }
    }
}

/// A writer that remembers size and hash of what went through it.
#[derive(Debug)]
pub struct Hashing<W> {
    inner: W,
    size: u64,
    sha256: Sha256,
}

impl<W> Hashing<W> {
    /// Nothing written yet.
    pub fn new(inner: W) -> Self {
        Self { inner, size: 0, sha256: Sha256::new() }
    }

    /// Size and hash of everything written.
    pub fn payload(self) -> Payload {
        Payload { size: self.size, sha256: self.sha256.finalize().into() }
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        alive::beat();
        let n = self.inner.write(bytes)?;
        self.sha256.update(&bytes[..n]);
        self.size += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Gives a file a second name, so that it can be lost at no instant. Doing it again is fine.
fn keep(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn remove(path: &Path) -> io::Result<()> {
    none_is_fine(fs::remove_file(path))
}

fn none_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn sync_directory(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_kept_before_it_is_forgotten_and_both_can_be_done_again() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(dir.path()).unwrap();
        let (good, bad) = (Uuid::now_v7(), Uuid::now_v7());
        for id in [good, bad] {
            let payload =
                write_durably(&spool.incoming(id), |out| out.write_all(b"10\r\n")).unwrap();
            assert_eq!(payload.size, 4);
            assert_eq!(payload, payload_of(&spool.incoming(id)).unwrap());
        }
        for _ in 0..2 {
            spool.archive(good).unwrap();
            spool.set_apart(bad, &[("report.txt", "what".to_owned())]).unwrap();
        }
        assert_eq!(spool.transfers().unwrap().len(), 2);
        for id in [good, bad, good] {
            spool.forget(id).unwrap();
        }
        assert!(spool.transfers().unwrap().is_empty());
        assert!(spool.archived(good).exists());
        assert!(spool.quarantine(bad).join("payload").exists());
        assert!(spool.quarantine(bad).join("report.txt").exists());
    }

    #[test]
    fn nothing_is_left_of_a_file_that_could_not_be_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let broken = write_durably(&path, |out| {
            out.write_all(&vec![0; BUFFER])?;
            Err(io::Error::other("broken"))
        });
        assert_eq!(broken.unwrap_err().to_string(), "broken");
        assert!(!path.exists());
    }

    #[test]
    fn a_file_that_is_nowhere_cannot_be_archived() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(dir.path()).unwrap();
        assert!(spool.archive(Uuid::now_v7()).is_err());
    }
}
