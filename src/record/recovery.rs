//! Where no record could be framed: what is wrong, and where reading can go on. All of this is off
//! the usual path.

use super::faults::Fault;
use super::framing::{CR, LF, Place};
use super::reader::Reader;
use crate::fault::{Code, Shape};
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
        let head = Shape::of(&data[..data.len().min(SHOWN)]);
        let known = self.framing.select(data, self.source.data().len(), place).ok();
        if place.ended && self.source.data().is_empty() {
            self.end_of_file();
        } else if known.is_none() && self.checker.is_complete() {
            self.fault(Code::TrailingBytes, None, "the end of the file".to_owned(), head);
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
    fn skip_record(&mut self, known: Option<RecordIx>, head: Shape) {
        let left = self.source.data().len();
        let records = &self.codec.layout.records;
        let length = known.map_or(records[0].length, |record| self.codec.plan(record).length);
        if left < length {
            let found = Shape::open(format!("{left} bytes"));
            self.fault(Code::RecordTooShort, known, format!("{length} bytes"), found);
            self.over = true;
        } else {
            self.fault(Code::UnknownRecord, None, self.all_names(), head);
            self.over = records.iter().any(|record| record.length != length);
            self.move_on(length);
        }
    }

    fn skip_line(&mut self, known: Option<RecordIx>, head: Shape) -> io::Result<()> {
        self.move_on(0);
        let (found, end) = self.skip_to_line_end()?;
        let bytes = |length: u64| format!("{length} bytes");
        let Some(end) = end else {
            let expected = format!("a line end within {LONGEST_LINE} bytes");
            self.fault(Code::RecordTooLong, known, expected, Shape::open("none"));
            self.over = true;
            return Ok(());
        };
        let Some(record) = known else {
            self.fault(Code::UnknownRecord, None, self.all_names(), head);
            return Ok(());
        };
        let length = self.codec.plan(record).length as u64;
        let code = match found.cmp(&length) {
            Ordering::Less => Code::RecordTooShort,
            Ordering::Greater => Code::RecordTooLong,
            Ordering::Equal => {
                let expected = self.framing.expected_end().to_owned();
                self.fault(Code::BadTerminator, known, expected, Shape::open(end));
                return Ok(());
            }
        };
        self.fault(code, known, bytes(length), Shape::open(bytes(found)));
        Ok(())
    }

    /// The bytes to the end of the line, and what ends it; `None` = it goes on and on.
    fn skip_to_line_end(&mut self) -> io::Result<(u64, Option<&'static str>)> {
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
                (true, true) => return Ok((length - 1, Some("CR LF"))),
                (true, false) => return Ok((length, Some("LF"))),
                (false, true) if ended => return Ok((length - 1, Some("CR"))),
                (false, false) if ended => return Ok((length, Some("the end of the file"))),
                (false, _) if length > LONGEST_LINE => return Ok((length, None)),
                (false, _) => self.source.fill()?,
            }
        }
    }

    fn end_of_file(&mut self) {
        self.over = true;
        let records = self.position.record - 1;
        if records == 0 && !self.checker.is_complete() {
            let found = Shape::open("no bytes");
            self.fault(Code::EmptyFile, None, "at least one record".to_owned(), found);
            return;
        }
        self.checker.finish(self.position);
        if let Some(padding) = self.codec.layout.padding
            && !records.is_multiple_of(u64::from(padding.block))
        {
            let expected = format!("filler records up to a multiple of {}", padding.block);
            let found = Shape::open(format!("{records} records"));
            self.fault(Code::MissingRecord, None, expected, found);
        }
    }

    pub(super) fn too_many_records(&mut self, most: u64) {
        self.over = true;
        let expected = format!("at most {most} records");
        self.fault(Code::TooManyRecords, None, expected, Shape::open("more"));
    }

    fn fault(&mut self, code: Code, record: Option<RecordIx>, expected: String, found: Shape) {
        let fault = Fault::new(code, self.position, expected, found);
        self.checker.faults.push(match record {
            Some(record) => fault.of_record(self.codec.layout.record(record)),
            None => fault,
        });
    }

    fn all_names(&self) -> String {
        let names: Vec<_> = self.codec.layout.records.iter().map(|r| r.name.as_str()).collect();
        names.join(" or ")
    }
}
