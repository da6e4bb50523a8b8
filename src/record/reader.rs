//! Files in: framing, then [`Checker`], then a [`RecordView`] for each good record.

use super::batch::{self, Batch, Cell, MOST, Rows};
use super::check::Checker;
use super::codec::Codec;
use super::expected::Expected;
use super::faults::{Fault, Position, ReadError};
use super::field;
use super::found::Found;
use super::framing::{Framing, Place};
use super::source::Source;
use super::value::{Number, Text, Value};
use super::words::SLACK;
use crate::domain::CprPolicy;
use crate::fault::Code;
use crate::layout::model::{Columns, Field, FieldIx, Kind, Record, RecordIx, Terminator};
use std::fmt;
use std::io::{self, Read};

/// How a file is read.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Which CPR numbers are accepted.
    pub cpr: CprPolicy,
    /// Faults listed before reading stops with `too-many-faults`.
    pub fault_limit: usize,
    /// Records read before reading stops with `too-many-records`.
    pub max_records: u64,
}

impl Default for Options {
    /// 1,000 faults, 100,000,000 records, no erstatningspersonnumre.
    fn default() -> Self {
        Self { cpr: CprPolicy::default(), fault_limit: 1_000, max_records: 100_000_000 }
    }
}

/// What has been read so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Records, faulty ones included.
    pub records: u64,
    /// Bytes.
    pub bytes: u64,
    /// CPR numbers whose check digit does not agree. They are valid all the same.
    pub cpr_without_modulus_11: u64,
}

/// Reads a file record by record. Memory does not grow with the file.
#[derive(Debug)]
pub struct Reader<'c, R> {
    pub(super) codec: &'c Codec,
    pub(super) source: Source<R>,
    pub(super) checker: Checker<'c>,
    pub(super) framing: Framing<'c>,
    options: Options,
    /// Where the record stands that is looked at.
    pub(super) position: Position,
    /// Where the next one begins.
    pub(super) next: Position,
    /// What was read last, and how much of it was given away.
    batch: Batch,
    given: usize,
    /// Where in memory the batch begins; a trimmed record stands in `line`, its blanks put back.
    place: usize,
    line: Vec<u8>,
    pub(super) over: bool,
}

/// One good record; borrows from the reader until the next one.
pub struct RecordView<'r> {
    codec: &'r Codec,
    batch: &'r Batch,
    row: usize,
    bytes: &'r [u8],
}

impl<'c, R: Read> Reader<'c, R> {
    /// A reader at the beginning of a file. It needs no further buffer.
    pub fn new(codec: &'c Codec, reader: R, options: Options) -> Self {
        let longest = codec.layout.longest_record();
        let start = Position { record: 1, byte: 0, line: 1 };
        let checker = Checker::new(codec, options.cpr, options.fault_limit);
        Self {
            codec,
            source: Source::new(reader, longest + SLACK),
            framing: Framing::new(codec),
            options,
            position: start,
            next: start,
            batch: checker.batch(),
            checker,
            given: 0,
            place: 0,
            line: vec![0; longest + SLACK],
            over: false,
        }
    }

    /// The next record without a fault; `None` at the end of a file that has none. Faulty records
    /// are passed over; their faults come as [`ReadError::Faults`] at the end of the file, or as
    /// soon as there are too many, or no way to go on.
    #[inline]
    pub fn next_record(&mut self) -> Result<Option<RecordView<'_>>, ReadError> {
        loop {
            while self.given < self.batch.count {
                let row = self.given;
                self.given += 1;
                if self.batch.faulty >> row & 1 == 0 {
                    return Ok(Some(self.view(row)));
                }
            }
            if self.over {
                return self.checker.faults.take().map_or(Ok(None), |f| Err(ReadError::Faults(f)));
            }
            self.next_batch()?;
        }
    }

    /// The first record, however faulty, to see what a bad file is about: a faulty field has no
    /// value. `None` = it does not begin with a record of the layout.
    pub fn first_record(&mut self) -> io::Result<Option<RecordView<'_>>> {
        self.next_batch()?;
        Ok((self.batch.count > 0).then(|| self.view(0)))
    }

    /// What has been read so far.
    pub const fn progress(&self) -> Progress {
        Progress {
            records: self.next.record - 1,
            bytes: self.next.byte,
            cpr_without_modulus_11: self.checker.persons.without_modulus_11,
        }
    }

    #[inline]
    fn view(&self, row: usize) -> RecordView<'_> {
        let length = self.codec.plan(self.batch.record).length;
        let bytes = if self.codec.layout.trimmed {
            &self.line
        } else {
            self.source.at(self.place + row * self.batch.stride(), length)
        };
        RecordView { codec: self.codec, batch: &self.batch, row, bytes: &bytes[..length] }
    }

    /// Reads the next records that are of one kind; none if there was something else, or nothing.
    fn next_batch(&mut self) -> io::Result<()> {
        (self.batch.count, self.given) = (0, 0);
        let Some(record) = self.advance()? else { return Ok(()) };
        let (place, may_follow) = (self.place, self.checker.place(record, self.position));
        self.batch.begin(record, self.position, self.next);
        let most = MOST.min(may_follow as usize + 1);
        while self.batch.count < most && self.follows() {
            self.batch.count += 1;
        }
        self.place = place;
        self.turn_over();
        let (stride, count) = (self.batch.stride(), self.batch.count);
        let length = stride * (count - 1) + self.codec.plan(record).length;
        let trimmed = self.codec.layout.trimmed;
        let bytes = if trimmed { &self.line } else { self.source.at(place, length) };
        self.checker.check(Rows { bytes, stride, count }, &mut self.batch);
        if self.checker.faults.is_full() {
            // Which of these records the faults beyond the limit are about, nobody has noted.
            self.given = self.batch.count;
            self.over = true;
        }
        Ok(())
    }

    /// Passes the next record if it is in memory already and like those of the batch.
    fn follows(&mut self) -> bool {
        let alone = self.codec.layout.trimmed || self.codec.layout.padding.is_some();
        if alone || self.next.record > self.options.max_records {
            return false;
        }
        let data = self.source.data();
        let place = Place { first: false, ended: self.source.has_ended() };
        let Ok((rest, record)) = self.framing.record(data, place) else { return false };
        let used = data.len() - rest.len();
        let alike = record == self.batch.record && used == self.batch.stride();
        if alike {
            self.move_on(used);
        }
        alike
    }

    /// Finds the next record in the file; `None` = there was something else, or nothing.
    fn advance(&mut self) -> io::Result<Option<RecordIx>> {
        self.position = self.next;
        loop {
            let place = Place { first: self.position.record == 1, ended: self.source.has_ended() };
            if self.pass_padding(place) {
                return Ok(None);
            }
            let data = self.source.data();
            let framed = if self.codec.layout.trimmed {
                self.framing.line(data, place, &mut self.line)
            } else {
                self.framing.record(data, place)
            };
            match framed {
                Ok(_) if self.position.record > self.options.max_records => {
                    self.too_many_records(self.options.max_records);
                    return Ok(None);
                }
                Ok((rest, record)) => {
                    let used = data.len() - rest.len();
                    self.move_on(used);
                    return Ok(Some(record));
                }
                Err(nom::Err::Incomplete(_)) if !place.ended => self.source.fill()?,
                Err(_) => {
                    self.recover()?;
                    return Ok(None);
                }
            }
        }
    }

    /// Goes on behind a record of some kind, of `used` bytes with its terminator.
    pub(super) fn move_on(&mut self, used: usize) {
        self.next.record += 1;
        self.next.line += u64::from(self.codec.layout.terminator != Terminator::None);
        self.skip(used);
    }

    /// Goes on behind some bytes of a record.
    pub(super) fn skip(&mut self, used: usize) {
        self.next.byte += used as u64;
        self.place = self.source.consume(used);
    }

    /// Turns records in EBCDIC over into ISO-8859-1, where they stand.
    fn turn_over(&mut self) {
        if let Some(ebcdic) = &self.codec.ebcdic {
            let length = self.batch.stride() * self.batch.count;
            ebcdic.to_latin1(self.source.at_mut(self.place, length));
        }
    }

    /// Passes over one filler record, where the file may end.
    fn pass_padding(&mut self, place: Place) -> bool {
        let Some(padding) = self.codec.layout.padding else { return false };
        if !self.checker.is_complete() {
            return false;
        }
        let data = self.source.data();
        let used = match self.framing.filler(data, padding.byte, place) {
            Ok((rest, ())) => data.len() - rest.len(),
            Err(_) => return false,
        };
        self.move_on(used);
        true
    }
}

impl<'r> RecordView<'r> {
    /// What kind of record it is.
    #[inline]
    pub const fn record(&self) -> RecordIx {
        self.batch.record
    }

    /// Where it stands.
    pub fn position(&self) -> Position {
        self.batch.position(self.row)
    }

    /// That a field of this record does not hold what it should by a rule that the layout does not
    /// know.
    pub fn fault(&self, field: FieldIx, code: Code, expected: Expected) -> Fault {
        let definition = self.layout().field(field);
        let found = Found::shape_of(batch::field(self.bytes, definition.columns));
        Fault::new(code, self.position(), expected, found).of_field(self.layout(), definition)
    }

    /// That this record as a whole is not what should stand here by a rule that the layout does not
    /// know.
    pub fn fault_here(&self, code: Code, expected: Expected, found: Found) -> Fault {
        Fault::new(code, self.position(), expected, found).of_record(self.layout())
    }

    /// Its definition.
    pub fn layout(&self) -> &'r Record {
        self.codec.layout.record(self.batch.record)
    }

    /// The value of a field.
    #[expect(clippy::inline_always, reason = "so that `value(field).number()` is one comparison")]
    #[inline(always)]
    pub fn value(&self, field: FieldIx) -> Value<'r> {
        match self.batch.cell(usize::from(field.0), self.row) {
            Cell::None | Cell::Sign(_) | Cell::Faulty => Value::None,
            Cell::Text(start, end) => {
                let place = Columns { start: start as usize, end: end as usize };
                Value::Text(self.text(place))
            }
            Cell::Number(unscaled, scale) => Value::Number(Number { unscaled, scale }),
            Cell::Date(date) => Value::Date(date),
            Cell::Time(time) => Value::Time(time),
            Cell::Timestamp(timestamp) => Value::Timestamp(timestamp),
            Cell::Period(period) => Value::Period(period),
            Cell::Cpr(cpr) => Value::Cpr(cpr),
            Cell::Cvr(cvr) => Value::Cvr(cvr),
            Cell::Kommunekode(code) => Value::Kommunekode(code),
            Cell::Digits => Value::Digits(self.text(self.layout().field(field).columns)),
            Cell::Uuid => self.uuid(field),
            Cell::Code(place) => self.code(field, place),
        }
    }

    fn text(&self, place: Columns) -> Text<'r> {
        Text::in_file(batch::field(self.bytes, place), self.codec.encoding)
    }

    fn uuid(&self, field: FieldIx) -> Value<'r> {
        let columns = self.layout().field(field).columns;
        field::uuid(batch::field(self.bytes, columns)).map_or(Value::None, Value::Uuid)
    }

    fn code(&self, field: FieldIx, place: u16) -> Value<'r> {
        match &self.layout().field(field).kind {
            Kind::Code(table) => Value::Code(&table[usize::from(place)].code),
            _ => Value::None,
        }
    }

    /// Every field with its value.
    pub fn values(&self) -> impl Iterator<Item = (&'r Field, Value<'r>)> {
        let fields = (0..).zip(&self.layout().fields);
        fields.map(|(at, field)| (field, self.value(FieldIx(at))))
    }
}

/// Shows no personal data.
impl fmt::Debug for RecordView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct(&self.layout().name);
        for (field, value) in self.values() {
            if field.personal && value.is_some() {
                shown.field(&field.name, &"****");
            } else if value.is_some() {
                shown.field(&field.name, &value);
            }
        }
        shown.finish()
    }
}
