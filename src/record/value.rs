//! What a field holds, typed.

use crate::domain::{Cpr, Cvr, Kommunekode, Udbetalingsperiode};
use crate::fault::Shape;
use crate::layout::model::Encoding;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use rust_decimal::Decimal;
use std::borrow::Cow;
use std::fmt;
use uuid::Uuid;

/// The value of one field. Borrows from the record it was read from, or from the caller's data when
/// it is to be written.
///
/// `Debug` shows no personal data: texts and digits appear as their [`Shape`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// No value; also constants, fillers and signs of other fields, which say nothing of their own.
    None,
    /// Characters, without their padding.
    Text(Text<'a>),
    /// Digits kept as text, the whole field wide.
    Digits(Text<'a>),
    /// A number with its sign.
    Number(Number),
    /// A calendar date.
    Date(NaiveDate),
    /// A time of day.
    Time(NaiveTime),
    /// A date with a time of day, local to the sender.
    Timestamp(NaiveDateTime),
    /// A month.
    Period(Udbetalingsperiode),
    /// A UUID.
    Uuid(Uuid),
    /// A CPR number.
    Cpr(Cpr),
    /// A CVR number.
    Cvr(Cvr),
    /// One of the 98 municipalities.
    Kommunekode(Kommunekode),
    /// A code of the field's table, as people write it (padding removed).
    Code(&'a str),
}

/// Characters in the encoding of their file; decoded only when asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text<'a> {
    bytes: &'a [u8],
    encoding: Encoding,
}

/// An exact number with implied decimals, at most 18 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// The digits as they stand in the file, with their sign: øre, where the scale is 2.
    pub unscaled: i64,
    /// How many of them are decimals, 0–18.
    pub scale: u8,
}

impl<'a> Text<'a> {
    /// Text whose bytes are already in `encoding`.
    pub(super) const fn in_file(bytes: &'a [u8], encoding: Encoding) -> Self {
        Self { bytes, encoding }
    }

    /// Text from the program, to be written.
    pub const fn new(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), encoding: Encoding::Utf8 }
    }

    /// The characters; borrowed where the file's bytes are UTF-8 as they stand.
    pub fn to_str(&self) -> Cow<'a, str> {
        // A reader has checked the bytes; `None` cannot come.
        self.encoding.decode(self.bytes).unwrap_or_default()
    }

    /// The bytes as they stand in their encoding, for comparing and ordering.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The bytes for the same characters in another encoding; `None` where it lacks one.
    pub(super) fn bytes_in(&self, encoding: Encoding) -> Option<Cow<'a, [u8]>> {
        if self.encoding == encoding || (self.bytes.is_ascii() && encoding != Encoding::Cp277) {
            return Some(Cow::Borrowed(self.bytes));
        }
        encoding.encode(&self.to_str()).map(Cow::Owned)
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Shape::of(self.bytes))
    }
}

impl fmt::Display for Number {
    /// Exact, with a decimal point: `-12.50`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Decimal::new(self.unscaled, u32::from(self.scale)).fmt(f)
    }
}

/// `Some` of what a variant holds, `None` for every other variant.
macro_rules! accessors {
    ($($(#[doc = $doc:literal])+ $name:ident: $variant:ident($kind:ty);)+) => {
        impl<'a> Value<'a> {
            $($(#[doc = $doc])+
            #[inline]
            pub const fn $name(self) -> Option<$kind> {
                match self {
                    Self::$variant(held) => Some(held),
                    _ => None,
                }
            })+
        }
    };
}

accessors! {
    /// The text, if it is one.
    text: Text(Text<'a>);
    /// The digits, if they are kept as text.
    digits: Digits(Text<'a>);
    /// The number, if it is one.
    number: Number(Number);
    /// The date, if it is one.
    date: Date(NaiveDate);
    /// The time of day, if it is one.
    time: Time(NaiveTime);
    /// The date with a time of day, if it is one.
    timestamp: Timestamp(NaiveDateTime);
    /// The month, if it is one.
    period: Period(Udbetalingsperiode);
    /// The UUID, if it is one.
    uuid: Uuid(Uuid);
    /// The CPR number, if it is one.
    cpr: Cpr(Cpr);
    /// The CVR number, if it is one.
    cvr: Cvr(Cvr);
    /// The municipality, if it is one.
    kommunekode: Kommunekode(Kommunekode);
    /// The code, if it is one.
    code: Code(&'a str);
}

impl Value<'_> {
    /// The value as text: dates and times in ISO 8601, numbers exact with a decimal point, months
    /// as `YYYY-MM`, no value empty. Shows personal data whole.
    pub fn unmasked(&self) -> Cow<'_, str> {
        match self {
            Self::None => Cow::Borrowed(""),
            Self::Text(text) | Self::Digits(text) => text.to_str(),
            Self::Code(code) => Cow::Borrowed(code),
            Self::Number(number) => number.to_string().into(),
            Self::Date(date) => date.to_string().into(),
            Self::Time(time) => time.to_string().into(),
            Self::Timestamp(at) => at.format("%Y-%m-%dT%H:%M:%S").to_string().into(),
            Self::Period(month) => format!("{:04}-{:02}", month.year(), month.month()).into(),
            Self::Uuid(uuid) => uuid.to_string().into(),
            Self::Cpr(cpr) => cpr.as_unmasked_str().to_owned().into(),
            Self::Cvr(cvr) => cvr.to_string().into(),
            Self::Kommunekode(kode) => kode.to_string().into(),
        }
    }

    /// Whether there is a value.
    pub const fn is_some(&self) -> bool {
        !matches!(self, Self::None)
    }
}
