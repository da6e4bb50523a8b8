//! What is wrong with a file, fault by fault, without showing a value.

use super::expected::Expected;
use super::found::Found;
use crate::fault::Code;
use crate::layout::model::{Columns, Field, Record};
use serde::{Serialize, Serializer};
use std::{fmt, io};

/// Where something stands in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Position {
    /// The record, from 1.
    pub record: u64,
    /// The byte, from 0: of the record's start, or of the field that a [`Fault`] is about.
    pub byte: u64,
    /// The line, from 1; 1 throughout where records have no terminator.
    pub line: u64,
}

/// One thing that is wrong with a file. Shows the shape of what was found, never its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub code: Code,
    /// Where.
    pub position: Position,
    /// The record's name, where it is known.
    pub record: Option<String>,
    /// The field's name, where the fault is about one.
    pub field: Option<String>,
    /// First and last column, from 1, both included, where the fault is about columns.
    pub columns: Option<(usize, usize)>,
    /// What should have been there.
    pub expected: Expected,
    /// What was there.
    pub found: Found,
}

impl Fault {
    /// A fault of the file at `position`.
    pub(super) const fn new(
        code: Code,
        position: Position,
        expected: Expected,
        found: Found,
    ) -> Self {
        Self { code, position, record: None, field: None, columns: None, expected, found }
    }

    /// The same fault, of a known record.
    pub(super) fn of_record(mut self, record: &Record) -> Self {
        self.record = Some(record.name.clone());
        self
    }

    /// The same fault, of one field of a record that starts at its position.
    pub(super) fn of_field(self, record: &Record, field: &Field) -> Self {
        let mut fault = self.of_record(record);
        fault.field = Some(field.name.clone());
        fault.at_columns(field.columns)
    }

    /// The same fault, of some columns of a record that starts at its position.
    pub(super) fn at_columns(mut self, columns: Columns) -> Self {
        self.columns = Some((columns.first(), columns.last()));
        self.position.byte += u64::try_from(columns.start).unwrap_or_default();
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { record, byte, line } = self.position;
        write!(f, "{}: record {record}", self.code)?;
        if let Some(name) = &self.record {
            write!(f, " ({name})")?;
        }
        write!(f, ", line {line}, byte {byte}")?;
        if let Some(name) = &self.field {
            write!(f, ", field {name}")?;
        }
        if let Some((first, last)) = self.columns {
            write!(f, ", columns {first}–{last}")?;
        }
        write!(f, ": expected {}; found {}", self.expected, self.found)
    }
}

/// In English, and beside it in Danish.
impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// What a fault tells, in the order of a report.
        #[derive(Serialize)]
        struct Told<'a> {
            code: Code,
            meaning: &'a str,
            meaning_da: Option<&'a str>,
            position: Position,
            record: Option<&'a str>,
            field: Option<&'a str>,
            columns: Option<(usize, usize)>,
            expected: String,
            expected_da: String,
            found: String,
            found_da: String,
        }
        let Self { code, position, record, field, columns, expected, found } = self;
        let told = Told {
            code: *code,
            meaning: code.meaning(),
            meaning_da: code.dansk(),
            position: *position,
            record: record.as_deref(),
            field: field.as_deref(),
            columns: *columns,
            expected: expected.to_string(),
            expected_da: expected.dansk().to_string(),
            found: found.to_string(),
            found_da: found.dansk().to_string(),
        };
        told.serialize(serializer)
    }
}

/// Everything that is wrong with a file, in the order it was found; at least one fault.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// The faults; the last one is `too-many-faults` where the list was cut.
    pub fn as_slice(&self) -> &[Fault] {
        &self.0
    }

    /// These faults in the order of their records, at most `limit` of them; `None` = there are
    /// none.
    pub fn of(mut faults: Vec<Fault>, limit: usize) -> Option<Self> {
        faults.sort_by_key(|fault| fault.position.record);
        let mut all = Collector::new(limit);
        for fault in faults {
            all.push(fault);
        }
        all.take()
    }

    /// The faults, to be joined with others.
    pub fn into_vec(self) -> Vec<Fault> {
        self.0
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => f.write_str("no faults"),
            [fault] => fault.fmt(f),
            [first, rest @ ..] => write!(f, "{first} (and {} more faults)", rest.len()),
        }
    }
}

impl std::error::Error for Faults {}

/// Takes the faults of a file as they are found, up to a limit.
#[derive(Debug)]
pub(super) struct Collector {
    faults: Vec<Fault>,
    limit: usize,
}

impl Collector {
    pub(super) const fn new(limit: usize) -> Self {
        Self { faults: Vec::new(), limit }
    }

    pub(super) fn push(&mut self, fault: Fault) {
        if self.faults.len() < self.limit {
            self.faults.push(fault);
        } else if self.faults.len() == self.limit {
            let expected = Expected::AtMostFaults(self.limit);
            let fault = Fault::new(Code::TooManyFaults, fault.position, expected, Found::More);
            self.faults.push(fault);
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.faults.len()
    }

    /// The first one.
    pub(super) fn first(&self) -> Option<&Fault> {
        self.faults.first()
    }

    /// Puts those after the first `before` in the order of their records; which of up to 64 records
    /// from `first` they are about.
    pub(super) fn arrange(&mut self, before: usize, first: u64) -> u64 {
        let Some(found) = self.faults.get_mut(before..) else { return 0 };
        found.sort_by_key(|fault| fault.position.record);
        let rows = found.iter().filter_map(|fault| fault.position.record.checked_sub(first));
        rows.fold(0, |mask, row| mask | 1 << row)
    }

    /// Whether going on would bring nothing new.
    pub(super) const fn is_full(&self) -> bool {
        self.faults.len() > self.limit
    }

    /// The verdict on the file; leaves nothing.
    pub(super) fn take(&mut self) -> Option<Faults> {
        (!self.faults.is_empty()).then(|| Faults(std::mem::take(&mut self.faults)))
    }
}

/// Why a file could not be read to its end as a good file.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Its bytes could not be had.
    #[error("reading failed")]
    Io(#[from] io::Error),
    /// It is a bad file.
    #[error("{0}")]
    Faults(Faults),
}

/// Why a record could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Its bytes could not be handed on.
    #[error("writing failed")]
    Io(#[from] io::Error),
    /// The values, or the order of the records, do not fit the layout. Nothing of this record was
    /// written.
    #[error("{0}")]
    Fault(Box<Fault>),
}
