//! What should have stood where a fault is. Kept as what it is, not as a text, so that it can be
//! told in English, to our own operators, and in Danish, to the file's sender.

use super::dansk::Dansk;
use crate::layout::model::{Align, Sign, Terminator};
use std::fmt;

/// What a fault's place should have held. [`fmt::Display`] tells it in English.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A value; with the field whose code demands it, if one does.
    Value(Option<String>),
    /// No value, as the code of this field demands.
    NoValue(String),
    /// Text without control characters.
    Text(Align, Pad),
    /// So many digits.
    Digits(usize),
    /// A number.
    Number {
        /// Columns it takes.
        width: usize,
        /// What stands before its digits.
        pad: Pad,
        /// Where its sign stands.
        sign: Sign,
    },
    /// A sign, written as one of these.
    Sign(Vec<String>),
    /// A date, by this pattern.
    Date(String),
    /// A time of day, by this pattern.
    Time(String),
    /// A date and a time, by this pattern.
    Timestamp(String),
    /// A month, by this pattern.
    Period(String),
    /// A UUID.
    Uuid,
    /// A CPR number.
    Cpr,
    /// A CVR number.
    Cvr,
    /// A municipality's code.
    Kommunekode,
    /// One of these codes.
    Code(Vec<String>),
    /// Always this.
    Constant(String),
    /// Nothing but this.
    Filler(Pad),
    /// A record of so many bytes.
    Bytes(u64),
    /// A line end within so many bytes.
    LineEndWithin(u64),
    /// What ends a record.
    Terminator(Terminator),
    /// At least one record.
    SomeRecord,
    /// One of these records or groups.
    Next {
        /// Their names.
        names: Vec<String>,
        /// The file could end there as well.
        or_end: bool,
    },
    /// The end of the file.
    EndOfFile,
    /// Filler records, until there is a multiple of so many.
    Block(u32),
    /// No more records than these.
    AtMostRecords(u64),
    /// No more faults than these.
    AtMostFaults(usize),
    /// The number of these records.
    Count(i128, Vec<String>),
    /// The sum of these fields, each as `record.field`.
    Sum(i128, Vec<String>),
    /// The number that comes next.
    Ordinal(i128),
    /// What stands in this field, as `record.field`.
    SameAs(String),
    /// An identifier of at most so many characters.
    Identifier(usize),
    /// A time of day that clocks in Denmark show on the day.
    LocalTime,
    /// The CPR number of the agreement that is named.
    CprOfAftale,
    /// An agreement once for each day and sign.
    OncePerDay,
    /// No amount withheld, as the code of this field demands.
    NoAmount(String),
}

/// What a field is filled up with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pad {
    /// Blanks.
    Blanks,
    /// Zeros.
    Zeros,
    /// Another character.
    Other(String),
}

impl Expected {
    /// The same, told in Danish.
    pub const fn dansk(&self) -> Dansk<'_, Self> {
        Dansk(self)
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(None) => f.write_str("a value"),
            Self::Value(Some(decider)) => write!(f, "a value, as {decider} demands"),
            Self::NoValue(decider) => write!(f, "no value, as {decider} demands"),
            Self::Text(align, pad) => {
                let side = match align {
                    Align::Left => "left",
                    Align::Right => "right",
                };
                write!(f, "printable text, on the {side}, filled up with {pad}")
            }
            Self::Digits(width) => write!(f, "{width} digits"),
            Self::Number { width, pad, sign } => {
                let signed = match sign {
                    Sign::Unsigned | Sign::Field(_) => "",
                    Sign::Leading => ", its sign first",
                    Sign::Trailing => ", its sign last",
                    Sign::Overpunch => ", its sign in the last digit",
                };
                write!(f, "a number of {width} columns, filled up with {pad}{signed}")
            }
            Self::Sign(codes) => write!(f, "a sign: {}", quoted(codes)),
            Self::Date(pattern) => write!(f, "a day that exists, as {pattern}"),
            Self::Time(pattern) => write!(f, "a time of day, as {pattern}"),
            Self::Timestamp(pattern) => write!(f, "a day and time that exist, as {pattern}"),
            Self::Period(pattern) => write!(f, "a month, as {pattern}"),
            Self::Uuid => f.write_str("a UUID in lower case, with hyphens"),
            Self::Cpr => f.write_str("a CPR number: ten digits that begin with a day that exists"),
            Self::Cvr => f.write_str("a CVR number: eight digits whose check digit agrees"),
            Self::Kommunekode => f.write_str("the code of one of the 98 municipalities"),
            Self::Code(codes) => write!(f, "one of {}", quoted(codes)),
            Self::Constant(value) => write!(f, "“{value}”"),
            Self::Filler(pad) => pad.fmt(f),
            Self::Bytes(length) => write!(f, "{length} bytes"),
            Self::LineEndWithin(most) => write!(f, "a line end within {most} bytes"),
            Self::Terminator(terminator) => f.write_str(match terminator {
                Terminator::CrLf => "CR LF",
                Terminator::Lf => "LF",
                Terminator::None => "no terminator",
                Terminator::Detect => "CR LF or LF",
            }),
            Self::SomeRecord => f.write_str("at least one record"),
            Self::Next { names, or_end } => {
                let end = or_end.then_some("the end of the file");
                let all: Vec<_> = names.iter().map(String::as_str).chain(end).collect();
                f.write_str(&all.join(" or "))
            }
            Self::EndOfFile => f.write_str("the end of the file"),
            Self::Block(block) => write!(f, "filler records up to a multiple of {block}"),
            Self::AtMostRecords(most) => write!(f, "at most {most} records"),
            Self::AtMostFaults(most) => write!(f, "at most {most} faults"),
            Self::Count(due, names) => write!(f, "{due}, the number of {}", names.join(" and ")),
            Self::Sum(due, fields) => write!(f, "{due}, the sum of {}", fields.join(" and ")),
            Self::Ordinal(due) => write!(f, "{due}, the next number"),
            Self::SameAs(field) => write!(f, "as in {field}"),
            Self::Identifier(most) => write!(f, "an identifier of 1 to {most} characters"),
            Self::LocalTime => f.write_str("a time of day that clocks in Denmark show on that day"),
            Self::CprOfAftale => f.write_str("the CPR number of the agreement"),
            Self::OncePerDay => f.write_str("an agreement once for each day and sign"),
            Self::NoAmount(decider) => write!(f, "no amount, as {decider} demands"),
        }
    }
}

impl fmt::Display for Pad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blanks => f.write_str("blanks"),
            Self::Zeros => f.write_str("zeros"),
            Self::Other(character) => write!(f, "“{character}”"),
        }
    }
}

fn quoted(codes: &[String]) -> String {
    codes.iter().map(|code| format!("“{code}”")).collect::<Vec<_>>().join(", ")
}
