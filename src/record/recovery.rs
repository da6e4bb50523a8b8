//! Where no record could be framed: what is wrong, and where reading can go on. All of this is off
//! the usual path.

use super::expected::Expected;
use super::faults::Fault;
use super::found::Found;
use super::framing::{CR, LF, Place};
use super::reader::Reader;
use crate::fault::Code;
use crate::layout::model::{RecordIx, Terminator};
use std::cmp::Ordering;
use std::io::{self, Read};

/// Bytes looked through for the end of a line; a file without line ends is given up after these.
const LONGEST_LINE: u64 = 1024 * 1024;
/// Bytes of an unknown record whose shape is shown.
const SHOWN: usize = 20;

impl<R: Read> Reader<'_, R> {
    /// Reports why no record begins at `self.position`, and moves on to where one may. All data of
    /// one record is in memory, or the file has ended.
    #[cold]
    pub(super) fn recover(&mut self) -> io::Result<()> {
        let place = Place { first: self.position.record == 1, ended: self.source.has_ended() };
        let data = self.framing.one_line(self.source.data());
        let head = Found::shape_of(&data[..data.len().min(SHOWN)]);
        let known = self.framing.select(data, self.source.data().len(), place).ok();
        if place.ended && self.source.data().is_empty() {
            self.end_of_file();
        } else if known.is_none() && self.checker.is_complete() {
            self.fault(Code::TrailingBytes, None, Expected::EndOfFile, head);
            self.over = true;
        } else if self.codec.layout.terminator == Terminator::None {
            self.skip_record(known, head);
        } else {
            self.skip_line(known, head)?;
        }
        self.checker.unknown();
        self.over |= self.checker.faults.is_full();
        Ok(())
    }

    /// Without terminators, only the length of a record tells where the next one begins.
    fn skip_record(&mut self, known: Option<RecordIx>, head: Found) {
        let left = self.source.data().len();
        let records = &self.codec.layout.records;
        let length = known.map_or(records[0].length, |record| self.codec.plan(record).length);
        if left < length {
            let (due, found) = (Expected::Bytes(length as u64), Found::Bytes(left as u64));
            self.fault(Code::RecordTooShort, known, due, found);
            self.over = true;
        } else {
            self.fault(Code::UnknownRecord, None, self.any_record(), head);
            self.over = records.iter().any(|record| record.length != length);
            self.move_on(length);
        }
    }

    fn skip_line(&mut self, known: Option<RecordIx>, head: Found) -> io::Result<()> {
        self.move_on(0);
        let (found, end) = self.skip_to_line_end()?;
        let Some(end) = end else {
            let expected = Expected::LineEndWithin(LONGEST_LINE);
            self.fault(Code::RecordTooLong, known, expected, Found::Nothing);
            self.over = true;
            return Ok(());
        };
        let Some(record) = known else {
            self.fault(Code::UnknownRecord, None, self.any_record(), head);
            return Ok(());
        };
        let length = self.codec.plan(record).length as u64;
        let code = match found.cmp(&length) {
            Ordering::Less => Code::RecordTooShort,
            Ordering::Greater => Code::RecordTooLong,
            Ordering::Equal => {
                let expected = Expected::Terminator(self.framing.terminator());
                self.fault(Code::BadTerminator, known, expected, end);
                return Ok(());
            }
        };
        self.fault(code, known, Expected::Bytes(length), Found::Bytes(found));
        Ok(())
    }

    /// The bytes to the end of the line, and what ends it; `None` = it goes on and on.
    fn skip_to_line_end(&mut self) -> io::Result<(u64, Option<Found>)> {
        let (mut length, mut after_cr) = (0, false);
        loop {
            let data = self.source.data();
            let found = memchr::memchr(LF, data);
            let text = &data[..found.unwrap_or(data.len())];
            after_cr = text.last().map_or(after_cr, |&last| last == CR);
            length += text.len() as u64;
            let used = text.len() + usize::from(found.is_some());
            self.skip(used);
            let ended = self.source.has_ended();
            match (found.is_some(), after_cr) {
                (true, true) => return Ok((length - 1, Some(Found::LineEnd("CR LF")))),
                (true, false) => return Ok((length, Some(Found::LineEnd("LF")))),
                (false, true) if ended => return Ok((length - 1, Some(Found::LineEnd("CR")))),
                (false, false) if ended => return Ok((length, Some(Found::EndOfFile))),
                (false, _) if length > LONGEST_LINE => return Ok((length, None)),
                (false, _) => self.source.fill()?,
            }
        }
    }

    fn end_of_file(&mut self) {
        self.over = true;
        let records = self.position.record - 1;
        if records == 0 && !self.checker.is_complete() {
            self.fault(Code::EmptyFile, None, Expected::SomeRecord, Found::NoBytes);
            return;
        }
        self.checker.finish(self.position);
        if let Some(padding) = self.codec.layout.padding
            && !records.is_multiple_of(u64::from(padding.block))
        {
            let expected = Expected::Block(padding.block);
            self.fault(Code::MissingRecord, None, expected, Found::Records(records));
        }
    }

    pub(super) fn too_many_records(&mut self, most: u64) {
        self.over = true;
        self.fault(Code::TooManyRecords, None, Expected::AtMostRecords(most), Found::More);
    }

    fn fault(&mut self, code: Code, record: Option<RecordIx>, expected: Expected, found: Found) {
        let fault = Fault::new(code, self.position, expected, found);
        self.checker.faults.push(match record {
            Some(record) => fault.of_record(self.codec.layout.record(record)),
            None => fault,
        });
    }

    /// Any record of the layout.
    fn any_record(&self) -> Expected {
        let names = self.codec.layout.records.iter().map(|record| record.name.clone()).collect();
        Expected::Next { names, or_end: false }
    }
}
