//! A compiled layout: what the reader, the writer, the documentation and the generators share.
//!
//! Built only by [`super::compile()`], which has checked everything a layout can get wrong: a value
//! of these types needs no second look. Columns are bytes, zero-based and half-open in here; people
//! and TOML files count from 1.

use chrono::NaiveDate;
use std::fmt;

/// Index of a record within [`Layout::records`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordIx(pub u16);

/// Index of a field within [`Record::fields`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldIx(pub u16);

/// Index of a group within [`Layout::groups`]; 0 is the file itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupIx(pub u16);

/// One record layout, for one kind of file.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Its name, `sf2530-svar`.
    pub id: String,
    /// Its version as the authority counts them.
    pub version: String,
    /// One line for people.
    pub title: String,
    /// What it is, in prose.
    pub doc: String,
    /// Document, version and section it was written from.
    pub source: String,
    /// First day files of this version are exchanged.
    pub valid_from: Option<NaiveDate>,
    /// Last day; `None` = still in force.
    pub valid_to: Option<NaiveDate>,
    /// How bytes stand for characters.
    pub encoding: Encoding,
    /// What ends a record.
    pub terminator: Terminator,
    /// Lines may lack their trailing blanks; they are read as if those stood there.
    pub trimmed: bool,
    /// Every kind of record, in the order of the TOML file.
    pub records: Vec<Record>,
    /// How records follow each other; index 0 is the file.
    pub groups: Vec<Group>,
    /// Filler records that pad the file to whole blocks.
    pub padding: Option<Padding>,
    /// Fields that must agree with other fields.
    pub controls: Vec<Control>,
}

/// How bytes stand for characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// ISO-8859-1.
    Latin1,
    /// Windows-1252.
    Windows1252,
    /// UTF-8: columns are bytes, sliced first, decoded then.
    Utf8,
    /// EBCDIC code page 277, Denmark and Norway.
    Cp277,
}

/// What ends a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terminator {
    /// CR LF.
    CrLf,
    /// LF.
    Lf,
    /// Nothing: the next record follows at once.
    None,
    /// CR LF or LF on input, CR LF on output.
    Detect,
}

/// A range of bytes in a record, zero-based, half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Columns {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Columns {
    /// Bytes in the range.
    pub const fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the range has no bytes.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// First column as people count, from 1.
    pub const fn first(self) -> usize {
        self.start + 1
    }

    /// Last column as people count, included.
    pub const fn last(self) -> usize {
        self.end
    }
}

/// As people count them: `column 7`, `columns 7-42`.
impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.len() == 1 {
            write!(f, "column {}", self.first())
        } else {
            write!(f, "columns {}-{}", self.first(), self.last())
        }
    }
}

/// One kind of record.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its name, `transaktion`.
    pub name: String,
    /// What it is.
    pub doc: String,
    /// Bytes, without the terminator.
    pub length: usize,
    /// How it is told from the others.
    pub select: Select,
    /// Its fields by column; together they cover every byte once.
    pub fields: Vec<Field>,
}

/// How a record is told from the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Select {
    /// These constant fields all hold their constant (one field, or several = compound).
    Constants(Vec<FieldIx>),
    /// It is the first record of the file.
    First,
    /// It is the last record of the file.
    Last,
    /// The layout has no other record.
    Only,
}

/// One field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// As the authority writes it, folded to ASCII.
    pub name: String,
    /// What it means.
    pub doc: String,
    /// Document, version and section; empty = the layout's own.
    pub source: String,
    /// Where it stands.
    pub columns: Columns,
    /// What it holds.
    pub kind: Kind,
    /// Whether it must hold something.
    pub presence: Presence,
    /// The bytes that mean "no value", the whole field wide; the first is written. In a required
    /// field they mean that its value is missing. Empty = whatever stands there is a value.
    pub nones: Vec<Vec<u8>>,
    /// Personal data: masked wherever a value is shown.
    pub personal: bool,
}

/// Whether a field must hold something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Always.
    Required,
    /// As the sender likes.
    Optional,
    /// Required where `field` (of the same record) holds one of these codes; otherwise empty.
    When {
        /// The field that decides.
        field: FieldIx,
        /// The codes, as that field's bytes in the file.
        codes: Vec<Vec<u8>>,
    },
}

/// Which side of its field a value stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Padded on the right.
    Left,
    /// Padded on the left.
    Right,
}

/// What a field holds. Pad bytes and constants are in the file's own encoding.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Characters.
    Text {
        /// Where the text stands.
        align: Align,
        /// What fills the rest.
        pad: u8,
    },
    /// Digits kept as text: leading zeros mean something.
    Digits,
    /// A number; `scale` implied decimals (0 = an integer). At most 18 digits.
    Number {
        /// Implied decimals, 0–18.
        scale: u8,
        /// Where its sign stands.
        sign: Sign,
        /// What fills the field on the left: zero or blank.
        pad: u8,
    },
    /// The sign of another field.
    SignOf {
        /// The number whose sign it is.
        field: FieldIx,
        /// Codes for plus; the first is written.
        plus: Vec<Vec<u8>>,
        /// Codes for minus; the first is written.
        minus: Vec<Vec<u8>>,
    },
    /// A calendar date.
    Date(Pattern),
    /// A time of day.
    Time(Pattern),
    /// A date with a time of day, local to the sender.
    Timestamp(Pattern),
    /// A month.
    Period(Pattern),
    /// A UUID with hyphens, in lower case.
    Uuid,
    /// A CPR number, ten digits.
    Cpr,
    /// A CVR number, eight digits.
    Cvr,
    /// One of the 98.
    Kommunekode,
    /// One of a table of values.
    Code(Vec<CodeValue>),
    /// Always the same bytes.
    Constant(Vec<u8>),
    /// Nothing of meaning.
    Filler {
        /// What it is filled with on output.
        pad: u8,
        /// Whether other content is refused on input.
        checked: bool,
    },
}

/// One value of a code table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeValue {
    /// As it stands in the file, the whole field wide.
    pub bytes: Vec<u8>,
    /// As people, and messages, call it: what is written, padding removed, unless the layout gives
    /// it another name.
    pub code: String,
    /// What it means.
    pub doc: String,
}

/// Where a number's sign stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It has none and is never negative.
    Unsigned,
    /// First byte, `+`, `-` (or the pad byte, for plus).
    Leading,
    /// Last byte, `+`, `-` or blank.
    Trailing,
    /// Another field of the record, whose kind is [`Kind::SignOf`].
    Field(FieldIx),
    /// In the zone of the last digit (COBOL's signed overpunch).
    Overpunch,
}

/// How a date or time is written: parts in order, each with its width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// As the TOML file has it, `YYYYMMDD`.
    pub text: String,
    /// The same, taken apart.
    pub parts: Vec<PatternPart>,
    /// First year of the hundred that a two-digit year may mean.
    pub pivot: u16,
}

/// A part of a date or time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternPart {
    /// `YYYY`
    Year,
    /// `YY`, in the century that the pivot gives.
    YearOfCentury,
    /// `MM`
    Month,
    /// `DD`
    Day,
    /// `DDD`, day of the year from 001.
    DayOfYear,
    /// `hh`, 00–23.
    Hour,
    /// `mm`
    Minute,
    /// `ss`, 00–59.
    Second,
    /// Any other byte, as it stands (in the file's encoding).
    Literal(u8),
}

impl Pattern {
    /// Bytes it takes.
    pub fn width(&self) -> usize {
        self.parts.iter().map(|part| part.width()).sum()
    }
}

impl PatternPart {
    /// Bytes it takes.
    pub const fn width(self) -> usize {
        match self {
            Self::Year => 4,
            Self::DayOfYear => 3,
            Self::Literal(_) => 1,
            Self::YearOfCentury
            | Self::Month
            | Self::Day
            | Self::Hour
            | Self::Minute
            | Self::Second => 2,
        }
    }
}

/// Records in order, nested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name, `sektion`; the file's is `file`.
    pub name: String,
    /// What it holds, in order.
    pub items: Vec<Item>,
}

/// One place in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What may stand here; several = any of them, in any order.
    pub choices: Vec<Member>,
    /// Fewest, counted over all choices.
    pub min: u32,
    /// Most; `None` = no bound.
    pub max: Option<u32>,
}

/// What may stand at a place in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// A record.
    Record(RecordIx),
    /// A nested group; it begins with a record that is always there.
    Group(GroupIx),
}

/// Filler records at the end of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Padding {
    /// The number of records in the file is a multiple of this.
    pub block: u32,
    /// Every byte of a filler record.
    pub byte: u8,
}

/// A field that must agree with other fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// The record of the controlling field.
    pub record: RecordIx,
    /// The controlling field.
    pub field: FieldIx,
    /// What it must equal.
    pub rule: Rule,
    /// The group whose one occurrence is looked at: 0 = the whole file. For a count or a sum the
    /// controlling record stands in it at most once, before, among or after what it speaks of.
    pub scope: GroupIx,
}

/// What a controlling field must equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// How many such records there are.
    Count(Vec<CountTerm>),
    /// The sum of these numbers, signs included; with a modulus, its remainder (a hash total).
    Sum {
        /// What is added up. Digit fields count as unsigned numbers.
        terms: Vec<SumTerm>,
        /// Keep only the remainder by this.
        modulus: Option<u64>,
    },
    /// Its own place among the records of its kind in the scope: 1, 2, 3 …
    Ordinal,
    /// The value of this field, which has the same kind and width, of a record that stands in the
    /// scope exactly once, and earlier.
    Same {
        /// That record.
        record: RecordIx,
        /// That field.
        field: FieldIx,
    },
}

/// Records counted by a [`Rule::Count`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountTerm {
    /// The record.
    pub record: RecordIx,
    /// Count only those where this field holds one of these codes (bytes in the file).
    pub when: Option<(FieldIx, Vec<Vec<u8>>)>,
}

/// Numbers added by a [`Rule::Sum`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SumTerm {
    /// The record.
    pub record: RecordIx,
    /// The number.
    pub field: FieldIx,
    /// Add only where this field holds one of these codes (bytes in the file).
    pub when: Option<(FieldIx, Vec<Vec<u8>>)>,
}

impl Layout {
    /// The record of this name.
    pub fn record_named(&self, name: &str) -> Option<RecordIx> {
        let at = self.records.iter().position(|record| record.name == name)?;
        u16::try_from(at).ok().map(RecordIx)
    }

    /// A record by its index.
    pub fn record(&self, ix: RecordIx) -> &Record {
        &self.records[usize::from(ix.0)]
    }

    /// The longest record, in bytes without terminator.
    pub fn longest_record(&self) -> usize {
        self.records.iter().map(|record| record.length).max().unwrap_or(0)
    }
}

impl Record {
    /// The field of this name.
    pub fn field_named(&self, name: &str) -> Option<FieldIx> {
        let at = self.fields.iter().position(|field| field.name == name)?;
        u16::try_from(at).ok().map(FieldIx)
    }

    /// A field by its index.
    pub fn field(&self, ix: FieldIx) -> &Field {
        &self.fields[usize::from(ix.0)]
    }
}
