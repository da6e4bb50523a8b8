//! Bytes from a server, fast.
//!
//! libssh2 asks ahead for four times the size of the buffer that one `read` call is given, in
//! pieces of 30,000 bytes. The cipher keeps one core busy, so a large file is read in a thread of
//! its own, and what the sink does (hash, disk) takes no time from it.

use super::connect::Line;
use super::refusal::Refusal;
use crate::endpoint::trouble::Trouble;
use crossbeam_channel::bounded;
use ssh2::{File, OpenFlags, OpenType};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread;

/// Files that come in one piece are asked for together with their end.
const ONE_PIECE: u64 = 30_000;
const BUFFER_FOR_ONE_PIECE: usize = 8 * 1024;
const BUFFER: usize = 256 * 1024;
/// Buffers between the two threads, and the size from which a second thread is worth its start.
const BUFFERS: usize = 4;
const LARGE: u64 = 4 * 1024 * 1024;
/// What a server that gives less than it is asked for can bear.
const TIMID_BUFFER: usize = 4 * 1024;

/// A download under way.
pub(super) struct Download<'a> {
    line: &'a Line,
    path: &'a Path,
    /// Bytes the file was listed with.
    size: u64,
    taken: u64,
    sink: &'a mut dyn Write,
}

impl<'a> Download<'a> {
    /// Of a file with the listed size, into `sink`.
    pub(super) fn new(line: &'a Line, path: &'a Path, size: u64, sink: &'a mut dyn Write) -> Self {
        Self { line, path, size, taken: 0, sink }
    }

    /// Copies the whole file.
    pub(super) fn run(mut self) -> Result<(), Trouble> {
        if self.size >= LARGE {
            self.read_ahead()?;
        } else {
            self.read(if self.size > ONE_PIECE { BUFFER } else { BUFFER_FOR_ONE_PIECE })?;
        }
        if self.taken < self.size {
            // It is shorter than it was, or the server's short answers confused libssh2.
            self.read(TIMID_BUFFER)?;
        }
        if self.taken == self.size { Ok(()) } else { Err(Trouble::changed(self.path, self.size)) }
    }

    /// Opens the file at the first byte that is not taken yet.
    fn open(&self) -> Result<File, Trouble> {
        let refused = |refusal: Refusal| refusal.while_trying("read", self.path);
        let opened = self.line.sftp.open_mode(self.path, OpenFlags::READ, 0, OpenType::File);
        let mut file = self.line.heard(opened).map_err(refused)?;
        self.line.heard_io(file.seek(SeekFrom::Start(self.taken))).map_err(refused)?;
        Ok(file)
    }

    /// Reads until the file ends or libssh2 is confused.
    fn read(&mut self, buffer: usize) -> Result<(), Trouble> {
        let mut file = self.open()?;
        let mut buffer = vec![0; buffer];
        loop {
            let read = file.read(&mut buffer);
            if !self.take(&buffer, read)? {
                return Ok(());
            }
        }
    }

    /// The same with a thread that reads while the sink is busy.
    fn read_ahead(&mut self) -> Result<(), Trouble> {
        let mut file = self.open()?;
        let (empty, emptied) = bounded(BUFFERS);
        let (full, filled) = bounded(BUFFERS);
        (0..BUFFERS).try_for_each(|_| empty.send(vec![0; BUFFER])).unwrap_or_default();
        thread::scope(|scope| {
            let reader = scope.spawn(move || {
                for mut buffer in emptied {
                    let read = file.read(&mut buffer);
                    let more = matches!(read, Ok(1..));
                    if full.send((buffer, read)).is_err() || !more {
                        break;
                    }
                }
                file
            });
            let result = filled.into_iter().try_for_each(|(buffer, read)| {
                self.take(&buffer, read)?;
                // No reader is left to take it after the last one.
                let _ = empty.send(buffer);
                Ok(())
            });
            drop(empty);
            // The file is closed here, after a lost connection was hung up: closing would wait.
            drop(reader.join());
            result
        })
    }

    /// Takes what one call has read; `false` = there is no more.
    fn take(&mut self, buffer: &[u8], read: io::Result<usize>) -> Result<bool, Trouble> {
        let n = match self.line.heard_io(read) {
            Ok(n) => n,
            Err(refusal) if refusal.is_confused() => 0,
            Err(refusal) => return Err(refusal.while_trying("read", self.path)),
        };
        self.taken += n as u64;
        if self.taken > self.size {
            return Err(Trouble::changed(self.path, self.size));
        }
        self.sink.write_all(&buffer[..n]).map_err(|error| Trouble::spool(&error))?;
        Ok(n > 0)
    }
}
