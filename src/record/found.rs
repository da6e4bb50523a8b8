//! What stood where a fault is: the shape of a value, or something that is about no person and is
//! told as it is.

use super::dansk::Dansk;
use crate::fault::Shape;
use std::fmt;

/// What a fault's place held. [`fmt::Display`] tells it in English.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Bytes of the file, which may be personal.
    Shape(Shape),
    /// A count, a sum or a running number.
    Number(i128),
    /// So many bytes.
    Bytes(u64),
    /// So many records.
    Records(u64),
    /// This record.
    Record(String),
    /// This line end.
    LineEnd(&'static str),
    /// The end of the file.
    EndOfFile,
    /// A file without a byte.
    NoBytes,
    /// Nothing of the kind.
    Nothing,
    /// More than what is allowed.
    More,
}

impl Found {
    /// Only the shape of `bytes`.
    pub(super) fn shape_of(bytes: &[u8]) -> Self {
        Self::Shape(Shape::of(bytes))
    }

    /// The same, told in Danish.
    pub const fn dansk(&self) -> Dansk<'_, Self> {
        Dansk(self)
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape(shape) => shape.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Bytes(count) => write!(f, "{count} bytes"),
            Self::Records(count) => write!(f, "{count} records"),
            Self::Record(name) => f.write_str(name),
            Self::LineEnd(end) => f.write_str(end),
            Self::EndOfFile => f.write_str("the end of the file"),
            Self::NoBytes => f.write_str("no bytes"),
            Self::Nothing => f.write_str("none"),
            Self::More => f.write_str("more"),
        }
    }
}
