//! One field: its bytes in, a [`Cell`] out.
//!
//! [`Step::read`] only tells right from wrong, fast: it runs for every field of every record. What
//! exactly is wrong is found out afterwards by [`super::diagnosis`], for the few that need it.

use super::moment::Moment;
use super::words::{self, Digits, WORD, splat};
use crate::domain::{Cpr, CprPolicy, Cvr, Kommunekode, Udbetalingsperiode};
use crate::layout::model::{
    Align, CodeValue, Columns, Encoding, Field, Kind, Pattern, PatternPart, Presence, Record, Sign,
};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use nom::branch::alt;
use nom::bytes::complete::{tag, take};
use nom::combinator::{map_opt, rest, value};
use nom::{IResult, Parser};
use std::ops::Range;
use std::slice;
use uuid::Uuid;

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
            Presence::Required => (step.accepted(nones, record), *columns),
            Presence::Optional => (nones.clone(), *columns),
            Presence::When { field, .. } => (nones.clone(), record.field(*field).columns),
        };
        if !nones.is_empty() {
            step.none = Some(NoValue { nones, presence: presence.clone(), decider });
        }
        Some(step)
    }

    /// Those of `forms` that read as a value of the field.
    fn accepted(&self, forms: &[Vec<u8>], record: &Record) -> Vec<Vec<u8>> {
        let cells = vec![Cell::None; record.fields.len()];
        let reads = |form: &&Vec<u8>| {
            let mut record = vec![0; self.columns.start];
            record.extend_from_slice(form);
            let policy = CprPolicy { erstatningspersonnummer: true };
            let mut persons = Persons { policy, without_modulus_11: 0 };
            self.read(&record, &mut cells.clone(), &mut persons).is_some()
        };
        forms.iter().filter(reads).cloned().collect()
    }

    /// Reads the field in `record`, which has [`words::SLACK`] more bytes behind it, into its place
    /// among `cells`, which hold the fields before it and its sign; `None` if it is faulty.
    #[inline]
    pub(super) fn read(
        &self,
        record: &[u8],
        cells: &mut [Cell],
        persons: &mut Persons,
    ) -> Option<()> {
        if let Some(none) = &self.none
            && let Some(right) = none.settles(record, self.bytes(record))
        {
            cells[self.field] = Cell::None;
            return right.then_some(());
        }
        self.read.read(self, record, cells, persons)
    }

    /// The field's bytes in `record`.
    #[inline]
    pub(super) fn bytes<'r>(&self, record: &'r [u8]) -> &'r [u8] {
        bytes(record, self.columns)
    }
}

/// The bytes of a field.
#[inline]
pub(super) fn bytes(record: &[u8], columns: Columns) -> &[u8] {
    record.get(columns.start..columns.end).unwrap_or_default()
}

impl NoValue {
    /// Whether presence alone decides that the field is right (it holds no value) or faulty.
    fn settles(&self, record: &[u8], field: &[u8]) -> Option<bool> {
        let absent = self.nones.iter().any(|none| none == field);
        let right = match &self.presence {
            Presence::Optional => true,
            Presence::Required => !absent,
            Presence::When { codes, .. } => {
                let demanded = codes.iter().any(|code| code == bytes(record, self.decider));
                demanded != absent
            }
        };
        (absent || !right).then_some(right)
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

    #[inline]
    fn read(
        &self,
        step: &Step,
        record: &[u8],
        cells: &mut [Cell],
        persons: &mut Persons,
    ) -> Option<()> {
        let columns = step.columns;
        let field = || bytes(record, columns);
        // Written in each arm: a cell that all arms gave to one place was copied once more.
        let mut put = |cell| cells[step.field] = cell;
        match self {
            Self::Equal(expected) => return (field() == expected).then_some(()),
            Self::Latin1 { pad, align } => put(latin1(record, columns, *pad, *align)?),
            Self::Text { encoding, pad, align } => {
                put(text(field(), columns, *encoding, *pad, *align)?);
            }
            Self::Digits => {
                field().iter().all(u8::is_ascii_digit).then_some(())?;
                put(Cell::Digits);
            }
            Self::Unsigned(digits, scale) => put(Cell::Number(digits.read(record)?, *scale)),
            Self::SignElsewhere(digits, scale, sign) => {
                let cell = with_sign(cells[*sign], digits.read(record)?, *scale);
                cells[step.field] = cell;
            }
            Self::Number { scale, sign: Sign::Field(sign), pad, .. } => {
                let sign = cells[usize::from(sign.0)];
                cells[step.field] = with_sign(sign, unsigned(field(), *pad)?, *scale);
            }
            Self::Number { scale, sign, pad, zeros } => {
                put(Cell::Number(number(field(), *sign, *pad, *zeros).ok()?.1, *scale));
            }
            Self::Sign(codes, plus) => put(Cell::Sign(usize::from(codes.find(record)?) >= *plus)),
            Self::YearMonthDay => {
                put(Cell::Date(year_month_day(words::word(record, columns.start))?));
            }
            Self::Date(pattern) => put(Cell::Date(Moment::read(pattern, field())?.date()?)),
            Self::Time(pattern) => put(Cell::Time(Moment::read(pattern, field())?.time()?)),
            Self::Timestamp(pattern) => {
                put(Cell::Timestamp(Moment::read(pattern, field())?.timestamp()?));
            }
            Self::Period(pattern) => put(Cell::Period(Moment::read(pattern, field())?.period()?)),
            Self::Uuid => {
                uuid(field())?;
                put(Cell::Uuid);
            }
            Self::Cpr => {
                let cpr = Cpr::parse(field(), persons.policy).ok()?;
                persons.without_modulus_11 += u64::from(!cpr.passes_modulus_11());
                put(Cell::Cpr(cpr));
            }
            Self::Cvr => put(Cell::Cvr(Cvr::parse(field()).ok()?)),
            Self::Kommunekode(digits) => {
                let code = u16::try_from(digits.read(record)?).ok()?;
                put(Cell::Kommunekode(Kommunekode::try_from(code).ok()?));
            }
            Self::Code(codes) => put(Cell::Code(codes.find(record)?)),
        }
        Some(())
    }
}

/// A number by the sign that was read before it. Where the sign is faulty, so is the number: that
/// fault is told once, at the sign.
fn with_sign(sign: Cell, number: i64, scale: u8) -> Cell {
    match sign {
        Cell::Sign(true) => Cell::Number(-number, scale),
        Cell::Faulty => Cell::Faulty,
        _ => Cell::Number(number, scale),
    }
}

/// Text whose every byte is a printable ISO-8859-1 character.
fn latin1(record: &[u8], columns: Columns, pad: u8, align: Align) -> Option<Cell> {
    let (mut start, mut end) = (columns.end, columns.start);
    let (mut at, mut control) = (columns.start, false);
    while at < columns.end {
        let mask = words::mask(columns.end - at);
        let word = words::word(record, at) & mask | splat(pad) & !mask;
        // Controls are 00–1F and 80–9F, which lack both bits of 0x60, and 7F.
        control |= words::has_zero(word & splat(0x60)) | words::has_zero(word ^ splat(0x7F));
        let text = word ^ splat(pad);
        if text != 0 {
            start = start.min(at + words::first_byte(text));
            end = at + words::last_byte(text) + 1;
        }
        at += WORD;
    }
    (!control).then_some(without_padding(bytes(record, columns), columns, start..end, align)?)
}

/// Text in another encoding than ISO-8859-1.
fn text(field: &[u8], columns: Columns, encoding: Encoding, pad: u8, align: Align) -> Option<Cell> {
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
) -> Option<Cell> {
    let (start, end, edge) = match align {
        Align::Left => (columns.start, other.end, field.first()),
        Align::Right => (other.start, columns.end, field.last()),
    };
    if other.is_empty() || edge == Some(&b' ') {
        return None;
    }
    Some(Cell::Text(u32::try_from(start).ok()?, u32::try_from(end).ok()?))
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

/// A number with its sign in the field itself.
fn number(field: &[u8], sign: Sign, pad: u8, zeros: [u8; 2]) -> IResult<&[u8], i64> {
    let body = || map_opt(rest, |digits| unsigned(digits, pad));
    let front = || take(field.len().saturating_sub(1));
    let signed = |blank| {
        alt((value(-1, tag("-")), value(1, tag("+")), value(1, tag(slice::from_ref(blank)))))
    };
    match sign {
        Sign::Leading => (signed(&pad), body()).map(|(sign, n)| sign * n).parse(field),
        Sign::Trailing => (map_opt(front(), |digits| unsigned(digits, pad)), signed(&b' '))
            .map(|(n, sign)| n * sign)
            .parse(field),
        Sign::Overpunch => (
            map_opt(front(), |digits| decimal(without_pad(digits, pad))),
            map_opt(take(1_usize), |last: &[u8]| overpunched(last[0], zeros)),
        )
            .map(|(tens, (digit, sign))| sign * (tens * 10 + digit))
            .parse(field),
        Sign::Unsigned | Sign::Field(_) => body().parse(field),
    }
}

/// The digit and the sign that the last byte of an overpunched number stands for. Without a zone
/// for a sign it is a plain digit, which is plus.
fn overpunched(byte: u8, [plus_zero, minus_zero]: [u8; 2]) -> Option<(i64, i64)> {
    match byte {
        b'0'..=b'9' => Some((i64::from(byte - b'0'), 1)),
        b'A'..=b'I' => Some((i64::from(byte - b'A') + 1, 1)),
        b'J'..=b'R' => Some((i64::from(byte - b'J') + 1, -1)),
        _ if byte == plus_zero => Some((0, 1)),
        _ if byte == minus_zero => Some((0, -1)),
        _ => None,
    }
}

/// At least one digit, behind its padding.
fn unsigned(digits: &[u8], pad: u8) -> Option<i64> {
    let digits = without_pad(digits, pad);
    (!digits.is_empty()).then(|| decimal(digits))?
}

/// Zeros are digits themselves: only blanks are taken away.
fn without_pad(digits: &[u8], pad: u8) -> &[u8] {
    let blanks = digits.iter().take_while(|&&byte| byte == pad && pad != b'0').count();
    &digits[blanks..]
}

fn decimal(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
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
            self.words.iter().position(|&code| code == found)
        } else {
            let found = bytes(record, self.columns);
            self.wide.iter().position(|code| code == found)
        };
        u16::try_from(place?).ok()
    }
}
