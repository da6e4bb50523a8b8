//! Bytes from a [`Read`], a large piece at a time, and never more of them at once.

use super::words::SLACK;
use std::io::{self, ErrorKind, Read};

/// Bytes asked for at a time.
const PIECE: usize = 256 * 1024;
/// Reads into memory that does not begin on a page (where allocators put large buffers: 16 bytes
/// behind one) took three to four times as long on the machines this was measured on.
const PAGE: usize = 4096;

/// The part of a file that is in memory.
#[derive(Debug)]
pub(super) struct Source<R> {
    reader: R,
    /// Room for what is left of the last piece, then a piece (from `piece`, on a page), then slack.
    buffer: Vec<u8>,
    piece: usize,
    start: usize,
    end: usize,
    ended: bool,
}

impl<R: Read> Source<R> {
    /// `longest`: bytes that must be seen together.
    pub(super) fn new(reader: R, longest: usize) -> Self {
        let room = longest.next_multiple_of(PAGE);
        let buffer = vec![0; PAGE + room + PIECE + SLACK];
        let piece = buffer.as_ptr().align_offset(PAGE).min(PAGE) + room;
        Self { reader, buffer, piece, start: piece, end: piece, ended: false }
    }

    /// What is in memory and not yet consumed.
    #[inline]
    pub(super) fn data(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Whether nothing follows [`Self::data`].
    pub(super) const fn has_ended(&self) -> bool {
        self.ended
    }

    /// Goes on behind the next `len` bytes, and gives the place where they begin.
    #[inline]
    pub(super) fn consume(&mut self, len: usize) -> usize {
        let place = self.start;
        self.start = self.end.min(self.start + len);
        place
    }

    /// `len` bytes from a place that was consumed since the last [`Self::fill`], and the slack
    /// behind them.
    #[inline]
    pub(super) fn at(&self, place: usize, len: usize) -> &[u8] {
        &self.buffer[place..place + len + SLACK]
    }

    /// The same bytes, to be changed.
    pub(super) fn at_mut(&mut self, place: usize, len: usize) -> &mut [u8] {
        &mut self.buffer[place..place + len]
    }

    /// Gets the next piece. What is in memory, at most `longest` bytes, stays.
    pub(super) fn fill(&mut self) -> io::Result<()> {
        let left = self.piece - (self.end - self.start);
        self.buffer.copy_within(self.start..self.end, left);
        (self.start, self.end) = (left, self.piece);
        let full = self.piece + PIECE;
        while self.end < full && !self.ended {
            match self.reader.read(&mut self.buffer[self.end..full]) {
                Ok(0) => self.ended = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
