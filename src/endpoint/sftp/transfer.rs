//! Bytes over a connection, fast.
//!
//! libssh2 sends what one `write` call is given in pieces of 30,000 bytes and returns when the
//! first of them is acknowledged; the next call must be given the unacknowledged rest again, and
//! more. So a window slides over the file. Reading is the other way round: it asks ahead for four
//! times the size of the buffer it is given.

use super::connect::Line;
use super::refusal::Refusal;
use crate::endpoint::trouble::Trouble;
use ssh2::{File, OpenFlags, OpenType};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Bytes offered to libssh2 at a time.
const WINDOW: usize = 1024 * 1024;
/// Bytes of the file in memory: the rest of the window is moved down only once in so many.
const UPLOAD_BUFFER: usize = 2 * WINDOW;
/// Read buffers for files larger than one piece, and for the others: asks for the file and its end.
const DOWNLOAD_BUFFER: usize = 256 * 1024;
const SMALL_DOWNLOAD_BUFFER: usize = 8 * 1024;
/// libssh2 asks for no more than this in one piece.
const PIECE: u64 = 30_000;
/// What a server that gives less than it is asked for can bear.
const TIMID_BUFFER: usize = 4 * 1024;

/// Writes all of `source` to an open file.
pub(super) fn upload(
    line: &Line,
    target: &mut File,
    path: &Path,
    source: &mut impl Read,
    size: u64,
) -> Result<(), Trouble> {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let mut buffer = vec![0; size.clamp(1, UPLOAD_BUFFER)];
    let (mut start, mut end, mut all_read) = (0, 0, false);
    loop {
        if !all_read && end - start < WINDOW.min(buffer.len()) {
            buffer.copy_within(start..end, 0);
            (start, end) = (0, end - start);
            let n = fill(source, &mut buffer[end..]).map_err(|error| Trouble::spool(&error))?;
            all_read = end + n < buffer.len();
            end += n;
        }
        if start == end {
            return Ok(());
        }
        let offered = &buffer[start..end.min(start + WINDOW)];
        let n = line.heard_io(target.write(offered));
        start += n.map_err(|refusal| refusal.while_trying("write", path))?;
    }
}

/// Reads until the buffer is full or nothing is left.
fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Copies a file of the listed size into `sink`.
pub(super) fn download(
    line: &Line,
    path: &Path,
    size: u64,
    sink: &mut dyn Write,
) -> Result<(), Trouble> {
    let buffer = if size <= PIECE { SMALL_DOWNLOAD_BUFFER } else { DOWNLOAD_BUFFER };
    let mut taken = 0;
    pull(line, path, buffer, size, &mut taken, sink)?;
    if taken < size {
        // Either the file is shorter than it was, or the server's short answers confused libssh2.
        pull(line, path, TIMID_BUFFER, size, &mut taken, sink)?;
    }
    if taken == size { Ok(()) } else { Err(Trouble::changed(path, size)) }
}

/// Reads from byte `taken` on until the file ends or libssh2 is confused.
fn pull(
    line: &Line,
    path: &Path,
    buffer: usize,
    size: u64,
    taken: &mut u64,
    sink: &mut dyn Write,
) -> Result<(), Trouble> {
    let refused = |refusal: Refusal| refusal.while_trying("read", path);
    let opened = line.sftp.open_mode(path, OpenFlags::READ, 0, OpenType::File);
    let mut file = line.heard(opened).map_err(refused)?;
    if *taken > 0 {
        line.heard_io(file.seek(SeekFrom::Start(*taken))).map_err(refused)?;
    }
    let mut buffer = vec![0; buffer];
    loop {
        let n = match line.heard_io(file.read(&mut buffer)) {
            Ok(n) => n,
            Err(refusal) if refusal.is_confused() => 0,
            Err(refusal) => return Err(refused(refusal)),
        };
        *taken += n as u64;
        if n == 0 {
            return Ok(());
        }
        if *taken > size {
            return Err(Trouble::changed(path, size));
        }
        sink.write_all(&buffer[..n]).map_err(|error| Trouble::spool(&error))?;
    }
}
