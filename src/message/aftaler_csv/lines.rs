//! CSV lines and the values in them. No value of ours can hold a line's end, so a line is a line of
//! the file: its number is right, and a quotation mark that is not closed spoils that line alone.

use super::{COLUMNS, ReadError};
use csv_core::ReadRecordResult;
use std::io::{BufRead, BufReader, Read};

/// The longest line, bytes.
pub(super) const LONGEST: u64 = 64 * 1024;
const CHUNK: usize = 64 * 1024;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The lines of a file, one at a time.
#[derive(Debug)]
pub(super) struct Lines<R> {
    source: BufReader<R>,
    line: Vec<u8>,
    number: u64,
    bytes: u64,
    csv: csv_core::Reader,
    /// The line's values, one after the other, and where each ends.
    values: Vec<u8>,
    ends: [usize; COLUMNS.len() + 1],
}

/// A quotation mark that its line does not close.
pub(super) struct NotClosed;

impl<R: Read> Lines<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source: BufReader::with_capacity(CHUNK, source),
            line: Vec::new(),
            number: 0,
            bytes: 0,
            csv: csv_core::Reader::new(),
            values: Vec::new(),
            ends: [0; COLUMNS.len() + 1],
        }
    }

    /// Takes in the next line that is not empty, without its end; `false` = there is none.
    pub(super) fn next(&mut self) -> Result<bool, ReadError> {
        loop {
            self.line.clear();
            let length = (&mut self.source).take(LONGEST).read_until(b'\n', &mut self.line)? as u64;
            if length == 0 {
                return Ok(false);
            }
            self.bytes += length;
            self.number += 1;
            if length == LONGEST {
                return Err(ReadError::LineTooLong { line: self.number });
            }
            if self.number == 1 && self.line.starts_with(BYTE_ORDER_MARK) {
                self.line.drain(..BYTE_ORDER_MARK.len());
            }
            while let Some(b'\n' | b'\r') = self.line.last() {
                self.line.pop();
            }
            if !self.line.is_empty() {
                return Ok(true);
            }
        }
    }

    /// Takes the line apart; how many values it has, counted to one too many.
    pub(super) fn split(&mut self) -> Result<usize, NotClosed> {
        self.line.push(b'\n');
        self.values.resize(self.line.len(), 0);
        self.csv.reset();
        let (result, _, _, count) =
            self.csv.read_record(&self.line, &mut self.values, &mut self.ends);
        self.line.pop();
        match result {
            ReadRecordResult::Record | ReadRecordResult::OutputEndsFull => Ok(count),
            ReadRecordResult::InputEmpty | ReadRecordResult::OutputFull | ReadRecordResult::End => {
                Err(NotClosed)
            }
        }
    }
}

impl<R> Lines<R> {
    /// The value at a place of the line that was taken apart.
    pub(super) fn value(&self, place: usize) -> &[u8] {
        let begin = if place == 0 { 0 } else { self.ends[place - 1] };
        &self.values[begin..self.ends[place]]
    }

    /// The whole line.
    pub(super) fn whole(&self) -> &[u8] {
        &self.line
    }

    /// The line's number, from 1.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// How many bytes there were up to the end of the line.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }
}
