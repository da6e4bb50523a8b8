//! One field: its bytes in, a [`Cell`] out, for all records of a batch.
//!
//! [`Step::read`] only tells right from wrong, fast: it runs for every field of every record. What
//! exactly is wrong is found out afterwards by [`super::diagnosis`], for the few that need it.

use super::batch::{self, Batch, Cell, Mask, Rows};
use super::moment::Moment;
use super::number;
use super::words::{self, Digits, WORD, splat};
use crate::domain::{Cpr, CprPolicy, Cvr, Kommunekode};
use crate::layout::model::{
    Align, CodeValue, Columns, Encoding, Field, Kind, Pattern, PatternPart, Presence, Record, Sign,
};
use chrono::NaiveDate;
use std::ops::Range;
use uuid::Uuid;

/// What is accepted as a CPR number, and how many have gone by without a check digit that agrees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Persons {
    pub(super) policy: CprPolicy,
    pub(super) without_modulus_11: u64,
}

/// How one field is read, worked out once for each layout.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Its place among the record's fields.
    pub(super) field: usize,
    pub(super) columns: Columns,
    read: Read,
    /// For fields that may hold nothing.
    none: Option<NoValue>,
}

/// When a field holds no value, and whether that is right.
#[derive(Clone, Debug)]
struct NoValue {
    nones: Vec<Vec<u8>>,
    presence: Presence,
    /// Where the field stands that decides, if one does.
    decider: Columns,
}

/// What a field's bytes must be.
#[derive(Clone, Debug)]
enum Read {
    /// Exactly these: a constant or a checked filler.
    Equal(Vec<u8>),
    /// Text in ISO-8859-1.
    Latin1 {
        pad: u8,
        align: Align,
    },
    /// Text in any other encoding.
    Text {
        encoding: Encoding,
        pad: u8,
        align: Align,
    },
    Digits,
    /// A number without a sign, zero-padded.
    Unsigned(Digits, u8),
    /// The same, with its sign in another field.
    SignElsewhere(Digits, u8, usize),
    /// Any other number.
    Number {
        scale: u8,
        sign: Sign,
        pad: u8,
        zeros: [u8; 2],
    },
    /// The sign of another field: codes for plus, then codes for minus.
    Sign(Codes, usize),
    /// `YYYYMMDD`.
    YearMonthDay,
    Date(Pattern),
    Time(Pattern),
    Timestamp(Pattern),
    Period(Pattern),
    Uuid,
    Cpr,
    Cvr,
    Kommunekode(Digits),
    Code(Codes),
}

impl Step {
    /// How `record.fields[field]` is read; `None` where any bytes will do.
    pub(super) fn new(
        record: &Record,
        field: usize,
        encoding: Encoding,
        zeros: [u8; 2],
    ) -> Option<Self> {
        let Field { columns, presence, nones, kind, .. } = &record.fields[field];
        let read = Read::new(kind, *columns, encoding, zeros)?;
        let mut step = Self { field, columns: *columns, read, none: None };
        let (nones, decider) = match presence {
            // What the field refuses anyway needs no second look.
            Presence::Required => (step.accepted(nones, record.fields.len()), *columns),
            Presence::Optional => (nones.clone(), *columns),
            Presence::When { field, .. } => (nones.clone(), record.field(*field).columns),
        };
        if !nones.is_empty() {
            step.none = Some(NoValue { nones, presence: presence.clone(), decider });
        }
        Some(step)
    }

    /// Those of `forms` that read as a value of the field, one of `fields` in its record.
    fn accepted(&self, forms: &[Vec<u8>], fields: usize) -> Vec<Vec<u8>> {
        let reads = |form: &&Vec<u8>| {
            let bytes = &[&vec![0; self.columns.start], form.as_slice()].concat();
            let rows = Rows { bytes, stride: 0, count: 1 };
            let policy = CprPolicy { erstatningspersonnummer: true };
            let mut persons = Persons { policy, without_modulus_11: 0 };
            let mut batch = Batch::new(fields);
            batch.count = rows.count;
            self.read(rows, &mut batch, &mut persons) == 0
        };
        forms.iter().filter(reads).cloned().collect()
    }

    /// Reads the field of every record into its column of `batch`; the records where it is faulty.
    /// Its sign has been read before.
    pub(super) fn read(&self, rows: Rows<'_>, batch: &mut Batch, persons: &mut Persons) -> Mask {
        let Self { field, columns, none, .. } = self;
        let columns = *columns;
        let signs = self.read.sign().map(|sign| Signs::of(batch.column(sign)));
        let signs = signs.unwrap_or_default();
        let column = Column { cells: batch.column_mut(*field), rows, columns, none: none.as_ref() };
        match &self.read {
            Read::Equal(expected) => {
                column.fields(|()| Cell::None, |field| (field == expected).then_some(()))
            }
            Read::Latin1 { pad, align } => {
                column.rows(Cell::text, |record, _| latin1(record, columns, *pad, *align))
            }
            Read::Text { encoding, pad, align } => {
                column.fields(Cell::text, |field| text(field, columns, *encoding, *pad, *align))
            }
            Read::Digits => column.fields(
                |()| Cell::Digits,
                |field| field.iter().all(u8::is_ascii_digit).then_some(()),
            ),
            Read::Unsigned(digits, scale) => {
                column.rows(|number| Cell::Number(number, *scale), |record, _| digits.read(record))
            }
            Read::SignElsewhere(digits, scale, _) => column.rows(
                |(sign, number)| signs.give(sign, number, *scale),
                |record, row| Some((row, digits.read(record)?)),
            ),
            Read::Number { scale, sign: Sign::Field(_), pad, .. } => column.rows(
                |(sign, number)| signs.give(sign, number, *scale),
                |record, row| Some((row, number::unsigned(batch::field(record, columns), *pad)?)),
            ),
            Read::Number { scale, sign, pad, zeros } => column.fields(
                |number| Cell::Number(number, *scale),
                |field| Some(number::number(field, *sign, *pad, *zeros).ok()?.1),
            ),
            Read::Sign(codes, plus) => column.rows(
                |code| Cell::Sign(usize::from(code) >= *plus),
                |record, _| codes.find(record),
            ),
            Read::YearMonthDay => column
                .rows(Cell::Date, |record, _| year_month_day(words::word(record, columns.start))),
            Read::Date(pattern) => {
                column.fields(Cell::Date, |field| Moment::read(pattern, field)?.date())
            }
            Read::Time(pattern) => {
                column.fields(Cell::Time, |field| Moment::read(pattern, field)?.time())
            }
            Read::Timestamp(pattern) => {
                column.fields(Cell::Timestamp, |field| Moment::read(pattern, field)?.timestamp())
            }
            Read::Period(pattern) => {
                column.fields(Cell::Period, |field| Moment::read(pattern, field)?.period())
            }
            Read::Uuid => column.fields(|_| Cell::Uuid, uuid),
            Read::Cpr => column.fields(Cell::Cpr, |field| {
                let cpr = Cpr::parse(field, persons.policy).ok()?;
                persons.without_modulus_11 += u64::from(!cpr.passes_modulus_11());
                Some(cpr)
            }),
            Read::Cvr => column.fields(Cell::Cvr, |field| Cvr::parse(field).ok()),
            Read::Kommunekode(digits) => column.rows(Cell::Kommunekode, |record, _| {
                Kommunekode::try_from(u16::try_from(digits.read(record)?).ok()?).ok()
            }),
            Read::Code(codes) => column.rows(Cell::Code, |record, _| codes.find(record)),
        }
    }
}

/// A field of every record of a batch, to be read.
struct Column<'b> {
    cells: &'b mut [Cell],
    rows: Rows<'b>,
    columns: Columns,
    none: Option<&'b NoValue>,
}

impl Column<'_> {
    /// Puts into each cell what `read` makes of the field's bytes; the records where it is faulty.
    #[inline]
    fn fields<T>(self, cell: impl Fn(T) -> Cell, mut read: impl FnMut(&[u8]) -> Option<T>) -> Mask {
        let columns = self.columns;
        self.rows(cell, |record, _| read(batch::field(record, columns)))
    }

    /// The same, by what `read` makes of each record and its row.
    #[inline]
    fn rows<T>(
        self,
        cell: impl Fn(T) -> Cell,
        mut read: impl FnMut(&[u8], usize) -> Option<T>,
    ) -> Mask {
        let mut faulty = 0;
        for (row, place) in self.cells.iter_mut().enumerate() {
            let record = self.rows.row(row);
            if let Some(none) = self.none
                && let Some(right) = none.settles(record, self.columns)
            {
                *place = Cell::None;
                faulty |= Mask::from(!right) << row;
            } else if let Some(found) = read(record, row) {
                // Made where it stays: a whole cell handed over would be copied byte by byte.
                *place = cell(found);
            } else {
                faulty |= 1 << row;
            }
        }
        for row in batch::rows_of(faulty) {
            self.cells[row] = Cell::Faulty;
        }
        faulty
    }
}

impl NoValue {
    /// Whether presence alone decides that the field is right (it holds no value) or faulty.
    fn settles(&self, record: &[u8], columns: Columns) -> Option<bool> {
        let absent = self.nones.iter().any(|none| none == batch::field(record, columns));
        let right = match &self.presence {
            Presence::Optional => true,
            Presence::Required => !absent,
            Presence::When { codes, .. } => {
                let decider = batch::field(record, self.decider);
                codes.iter().any(|code| code == decider) != absent
            }
        };
        (absent || !right).then_some(right)
    }
}

/// The signs of a batch's numbers, that stand in another field.
#[derive(Clone, Copy, Debug, Default)]
struct Signs {
    minus: Mask,
    faulty: Mask,
}

impl Signs {
    fn of(column: &[Cell]) -> Self {
        let mut signs = Self::default();
        for (row, cell) in column.iter().enumerate() {
            signs.minus |= Mask::from(matches!(cell, Cell::Sign(true))) << row;
            signs.faulty |= Mask::from(matches!(cell, Cell::Faulty)) << row;
        }
        signs
    }

    /// The number of this row with its sign. Where the sign is faulty, so is the number; that fault
    /// is told once, at the sign.
    fn give(self, row: usize, number: i64, scale: u8) -> Cell {
        if self.faulty >> row & 1 == 1 {
            return Cell::Faulty;
        }
        Cell::Number(if self.minus >> row & 1 == 1 { -number } else { number }, scale)
    }
}

impl Read {
    fn new(kind: &Kind, columns: Columns, encoding: Encoding, zeros: [u8; 2]) -> Option<Self> {
        Some(match kind {
            Kind::Text { align, pad } if encoding == Encoding::Latin1 => {
                Self::Latin1 { pad: *pad, align: *align }
            }
            Kind::Text { align, pad } => Self::Text { encoding, pad: *pad, align: *align },
            Kind::Digits => Self::Digits,
            Kind::Number { scale, sign: Sign::Unsigned, pad: b'0' } => {
                Self::Unsigned(Digits::new(columns), *scale)
            }
            Kind::Number { scale, sign: Sign::Field(sign), pad: b'0' } => {
                Self::SignElsewhere(Digits::new(columns), *scale, usize::from(sign.0))
            }
            Kind::Number { scale, sign, pad } => {
                Self::Number { scale: *scale, sign: *sign, pad: *pad, zeros }
            }
            Kind::SignOf { plus, minus, .. } => {
                Self::Sign(Codes::new(columns, plus.iter().chain(minus)), plus.len())
            }
            Kind::Date(Pattern { parts, .. })
                if **parts == [PatternPart::Year, PatternPart::Month, PatternPart::Day] =>
            {
                Self::YearMonthDay
            }
            Kind::Date(pattern) => Self::Date(pattern.clone()),
            Kind::Time(pattern) => Self::Time(pattern.clone()),
            Kind::Timestamp(pattern) => Self::Timestamp(pattern.clone()),
            Kind::Period(pattern) => Self::Period(pattern.clone()),
            Kind::Uuid => Self::Uuid,
            Kind::Cpr => Self::Cpr,
            Kind::Cvr => Self::Cvr,
            Kind::Kommunekode => Self::Kommunekode(Digits::new(columns)),
            Kind::Code(table) => {
                Self::Code(Codes::new(columns, table.iter().map(|CodeValue { bytes, .. }| bytes)))
            }
            Kind::Constant(value) => Self::Equal(value.clone()),
            Kind::Filler { pad, checked: true } => Self::Equal(vec![*pad; columns.len()]),
            Kind::Filler { checked: false, .. } => return None,
        })
    }

    /// The field that a number's sign stands in.
    fn sign(&self) -> Option<usize> {
        match self {
            Self::SignElsewhere(_, _, sign) => Some(*sign),
            Self::Number { sign: Sign::Field(sign), .. } => Some(usize::from(sign.0)),
            _ => None,
        }
    }
}

/// Text whose every byte is a printable ISO-8859-1 character.
#[inline]
fn latin1(record: &[u8], columns: Columns, pad: u8, align: Align) -> Option<(u32, u32)> {
    let (mut start, mut end) = (columns.end, columns.start);
    let (mut at, mut controls) = (columns.start, 0);
    while at < columns.end {
        let mask = words::mask(columns.end - at);
        let word = words::word(record, at);
        controls |= words::controls(word) & mask;
        let text = (word ^ splat(pad)) & mask;
        if text != 0 {
            start = start.min(at + words::first_byte(text));
            end = at + words::last_byte(text) + 1;
        }
        at += WORD;
    }
    if controls != 0 {
        return None;
    }
    without_padding(batch::field(record, columns), columns, start..end, align)
}

/// Text in another encoding than ISO-8859-1.
fn text(
    field: &[u8],
    columns: Columns,
    encoding: Encoding,
    pad: u8,
    align: Align,
) -> Option<(u32, u32)> {
    let decoded = encoding.decode(field)?;
    if decoded.chars().any(char::is_control) {
        return None;
    }
    let start = columns.start + field.iter().position(|&byte| byte != pad)?;
    let end = columns.start + field.iter().rposition(|&byte| byte != pad)? + 1;
    without_padding(field, columns, start..end, align)
}

/// Text without the padding on its one side. `other` is what differs from padding: there must be
/// something, and on the text's own side no blank, which would mean that it stands elsewhere.
fn without_padding(
    field: &[u8],
    columns: Columns,
    other: Range<usize>,
    align: Align,
) -> Option<(u32, u32)> {
    let (start, end, edge) = match align {
        Align::Left => (columns.start, other.end, field.first()),
        Align::Right => (other.start, columns.end, field.last()),
    };
    if other.is_empty() || edge == Some(&b' ') {
        return None;
    }
    Some((u32::try_from(start).ok()?, u32::try_from(end).ok()?))
}

fn year_month_day(word: u64) -> Option<NaiveDate> {
    let pairs = words::pairs(word)?;
    let year = words::pair(pairs, 0) * 100 + words::pair(pairs, 1);
    let (month, day) = (words::pair(pairs, 2), words::pair(pairs, 3));
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

pub(super) fn uuid(field: &[u8]) -> Option<Uuid> {
    let hyphenated = field.len() == uuid::fmt::Hyphenated::LENGTH;
    let lower = !field.iter().any(u8::is_ascii_uppercase);
    (hyphenated && lower).then(|| Uuid::try_parse_ascii(field).ok())?
}

/// Codes of one field; each as wide as the field.
#[derive(Clone, Debug)]
struct Codes {
    columns: Columns,
    mask: u64,
    /// Where the field fits in a word.
    words: Vec<u64>,
    /// Where it does not.
    wide: Vec<Vec<u8>>,
}

impl Codes {
    fn new<'c>(columns: Columns, codes: impl Iterator<Item = &'c Vec<u8>>) -> Self {
        let mask = words::mask(columns.len());
        let (mut words, mut wide) = (Vec::new(), Vec::new());
        for code in codes {
            if columns.len() <= WORD {
                words.push(words::word(code, 0));
            } else {
                wide.push(code.clone());
            }
        }
        Self { columns, mask, words, wide }
    }

    /// The place of the code that stands in `record`.
    #[inline]
    fn find(&self, record: &[u8]) -> Option<u16> {
        let place = if self.wide.is_empty() {
            let found = words::word(record, self.columns.start) & self.mask;
            // To the end even when found: which code it is, nothing could foretell.
            let place = |place, (at, &code)| if code == found { Some(at) } else { place };
            self.words.iter().enumerate().fold(None, place)
        } else {
            let found = batch::field(record, self.columns);
            self.wide.iter().position(|code| code == found)
        };
        u16::try_from(place?).ok()
    }
}
