//! Records of one kind that stand one behind the other, read together.
//!
//! Field by field over all of them, not record by record: what to do is looked up once for a whole
//! column of fields, and then done in a short loop. Nine records in ten of a large file are of one
//! kind; the others make batches of one.

use super::faults::Position;
use crate::domain::{Cpr, Cvr, Kommunekode, Udbetalingsperiode};
use crate::layout::model::{Columns, RecordIx};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

/// Most records of a batch: as many as a mask has bits, and few enough for the nearest cache.
pub(super) const MOST: usize = 64;

/// One bit for each record of a batch.
pub(super) type Mask = u64;

/// What was read from one field, kept apart from the record's bytes: texts are places in them.
/// Small, because one is written for every field of every record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    /// No value.
    None,
    /// Bytes that are no value of the field.
    Faulty,
    /// Text without its padding: where it begins and ends in the record.
    Text(u32, u32),
    /// Digits, the whole field.
    Digits,
    /// A number without its decimal point, and how many decimals it has.
    Number(i64, u8),
    /// The sign of another field; whether it is minus.
    Sign(bool),
    Date(NaiveDate),
    Time(NaiveTime),
    Timestamp(NaiveDateTime),
    Period(Udbetalingsperiode),
    /// A UUID, the whole field.
    Uuid,
    Cpr(Cpr),
    Cvr(Cvr),
    Kommunekode(Kommunekode),
    /// The place in the field's table of codes.
    Code(u16),
}

impl Cell {
    pub(super) const fn text((start, end): (u32, u32)) -> Self {
        Self::Text(start, end)
    }
}

/// The rows of a mask's bits, in order.
pub(super) fn rows_of(mut mask: Mask) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let row = (mask != 0).then(|| mask.trailing_zeros() as usize)?;
        mask &= mask - 1;
        Some(row)
    })
}

/// The records of a batch in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'r> {
    /// From the first byte of the first record to [`super::words::SLACK`] bytes behind the last.
    pub(super) bytes: &'r [u8],
    /// Bytes from one record to the next.
    pub(super) stride: usize,
    pub(super) count: usize,
}

impl<'r> Rows<'r> {
    /// A record, and what stands behind it.
    #[inline]
    pub(super) fn row(&self, row: usize) -> &'r [u8] {
        self.bytes.get(row * self.stride..).unwrap_or_default()
    }

    /// One field of a record.
    #[inline]
    pub(super) fn field(&self, row: usize, columns: Columns) -> &'r [u8] {
        field(self.row(row), columns)
    }
}

/// The bytes of a field.
#[inline]
pub(super) fn field(record: &[u8], columns: Columns) -> &[u8] {
    record.get(columns.start..columns.end).unwrap_or_default()
}

/// A batch, and what was read from it.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) record: RecordIx,
    pub(super) count: usize,
    /// Where the first record stands, and how far on the next one is.
    pub(super) position: Position,
    pub(super) step: Position,
    /// The records that have a fault.
    pub(super) faulty: Mask,
    /// Column by column: the cells of the first field, [`MOST`] of them, then the second field's.
    cells: Vec<Cell>,
}

impl Batch {
    /// An empty batch, for records of at most so many fields.
    pub(super) fn new(fields: usize) -> Self {
        let start = Position { record: 1, byte: 0, line: 1 };
        Self {
            record: RecordIx(0),
            count: 0,
            position: start,
            step: Position::default(),
            faulty: 0,
            cells: vec![Cell::None; fields * MOST],
        }
    }

    /// Begins with one record; where it stands, and where the next one does.
    pub(super) fn begin(&mut self, record: RecordIx, position: Position, next: Position) {
        self.record = record;
        self.count = 1;
        self.position = position;
        self.step = Position {
            record: next.record - position.record,
            byte: next.byte - position.byte,
            line: next.line - position.line,
        };
    }

    /// Bytes from one record to the next.
    #[expect(clippy::cast_possible_truncation, reason = "a record and its terminator")]
    pub(super) const fn stride(&self) -> usize {
        self.step.byte as usize
    }

    /// Where a record of the batch stands.
    pub(super) fn position(&self, row: usize) -> Position {
        let row = row as u64;
        Position {
            record: self.position.record + row * self.step.record,
            byte: self.position.byte + row * self.step.byte,
            line: self.position.line + row * self.step.line,
        }
    }

    /// What was read from one field of every record.
    #[inline]
    pub(super) fn column(&self, field: usize) -> &[Cell] {
        &self.cells[field * MOST..field * MOST + self.count]
    }

    /// The same, to be read into.
    #[inline]
    pub(super) fn column_mut(&mut self, field: usize) -> &mut [Cell] {
        &mut self.cells[field * MOST..field * MOST + self.count]
    }

    /// What was read from one field.
    #[inline]
    pub(super) fn cell(&self, field: usize, row: usize) -> Cell {
        self.cells[field * MOST + row]
    }
}
