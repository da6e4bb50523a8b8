//! Bytes to a server, fast.
//!
//! libssh2 sends what one `write` call is given in pieces of 30,000 bytes and returns when the
//! first of them is acknowledged; the next call must be given the unacknowledged rest again, and
//! more. So a window slides over the file.

use super::connect::Line;
use crate::alive;
use crate::endpoint::trouble::Trouble;
use ssh2::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// Bytes offered to libssh2 at a time.
const WINDOW: usize = 1024 * 1024;
/// Bytes of the file in memory: the rest of the window is moved down only once in so many.
const UPLOAD_BUFFER: usize = 2 * WINDOW;

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
        alive::beat();
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
