//! What is wrong with a field that [`super::field::Step::read`] refused.

use super::batch;
use super::expected::{Expected, Pad};
use super::faults::{Fault, Position};
use super::found::Found;
use crate::fault::Code;
use crate::layout::model::{Encoding, Field, Kind, Presence, Record};

/// The fault of `record.fields[at]`, of a record that starts at `position`.
#[cold]
pub(super) fn diagnose(
    record: &Record,
    at: usize,
    encoding: Encoding,
    bytes: &[u8],
    position: Position,
) -> Fault {
    let field = &record.fields[at];
    let found = batch::field(bytes, field.columns);
    let (code, expected) = presence(record, field, bytes)
        .unwrap_or_else(|| (code(field, encoding, found), expected(field, encoding)));
    Fault::new(code, position, expected, Found::shape_of(found)).of_field(record, field)
}

/// A value that is missing, or should be.
fn presence(record: &Record, field: &Field, bytes: &[u8]) -> Option<(Code, Expected)> {
    let found = batch::field(bytes, field.columns);
    let absent = field.nones.iter().any(|none| none == found);
    let missing = |decider| (Code::MissingValue, Expected::Value(decider));
    match &field.presence {
        Presence::Required => absent.then(|| missing(None)),
        Presence::Optional => None,
        Presence::When { field: decider, codes } => {
            let decider = record.field(*decider);
            let here = batch::field(bytes, decider.columns);
            match (codes.iter().any(|code| code == here), absent) {
                (true, true) => Some(missing(Some(decider.name.clone()))),
                (false, false) => {
                    Some((Code::UnexpectedValue, Expected::NoValue(decider.name.clone())))
                }
                _ => None,
            }
        }
    }
}

fn code(field: &Field, encoding: Encoding, found: &[u8]) -> Code {
    match &field.kind {
        Kind::Text { .. } => {
            let text = encoding.decode(found).filter(|text| !text.chars().any(char::is_control));
            if text.is_some() { Code::BadPadding } else { Code::BadEncoding }
        }
        Kind::Digits | Kind::Number { .. } | Kind::SignOf { .. } => Code::BadNumber,
        Kind::Date(_) | Kind::Timestamp(_) => Code::BadDate,
        Kind::Time(_) => Code::BadTime,
        Kind::Period(_) => Code::BadPeriod,
        Kind::Uuid => Code::BadUuid,
        Kind::Cpr => Code::BadCpr,
        Kind::Cvr => Code::BadCvr,
        Kind::Kommunekode => Code::BadKommunekode,
        Kind::Code(_) => Code::UnknownCode,
        Kind::Constant(_) => Code::BadConstant,
        Kind::Filler { .. } => Code::BadFiller,
    }
}

/// What the field should hold.
pub(super) fn expected(field: &Field, encoding: Encoding) -> Expected {
    let text = |bytes: &[u8]| encoding.decode(bytes).unwrap_or_default().into_owned();
    let pad = |pad: u8| match pad {
        b' ' => Pad::Blanks,
        b'0' => Pad::Zeros,
        _ => Pad::Other(text(&[pad])),
    };
    match &field.kind {
        Kind::Text { align, pad: filled } => Expected::Text(*align, pad(*filled)),
        Kind::Digits => Expected::Digits(field.columns.len()),
        Kind::Number { sign, pad, .. } => Expected::Number {
            width: field.columns.len(),
            pad: if *pad == b'0' { Pad::Zeros } else { Pad::Blanks },
            sign: *sign,
        },
        Kind::SignOf { plus, minus, .. } => {
            Expected::Sign(plus.iter().chain(minus).map(|code| text(code)).collect())
        }
        Kind::Date(pattern) => Expected::Date(pattern.text.clone()),
        Kind::Time(pattern) => Expected::Time(pattern.text.clone()),
        Kind::Timestamp(pattern) => Expected::Timestamp(pattern.text.clone()),
        Kind::Period(pattern) => Expected::Period(pattern.text.clone()),
        Kind::Uuid => Expected::Uuid,
        Kind::Cpr => Expected::Cpr,
        Kind::Cvr => Expected::Cvr,
        Kind::Kommunekode => Expected::Kommunekode,
        Kind::Code(table) => Expected::Code(table.iter().map(|code| text(&code.bytes)).collect()),
        Kind::Constant(value) => Expected::Constant(text(value)),
        Kind::Filler { pad: filled, .. } => Expected::Filler(pad(*filled)),
    }
}
