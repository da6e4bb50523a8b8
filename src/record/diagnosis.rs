//! What is wrong with a field that [`super::field::Step::read`] refused.

use super::batch;
use super::faults::{Fault, Position};
use crate::fault::{Code, Shape};
use crate::layout::model::{Align, Encoding, Field, Kind, Presence, Record, Sign};

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
        .unwrap_or_else(|| (code(field, encoding, found), describe(field, encoding)));
    Fault::new(code, position, expected, Shape::of(found)).of_field(record, field)
}

/// A value that is missing, or should be.
fn presence(record: &Record, field: &Field, bytes: &[u8]) -> Option<(Code, String)> {
    let found = batch::field(bytes, field.columns);
    let absent = field.nones.iter().any(|none| none == found);
    let missing = |why: String| (Code::MissingValue, why);
    match &field.presence {
        Presence::Required => absent.then(|| missing("a value".to_owned())),
        Presence::Optional => None,
        Presence::When { field: decider, codes } => {
            let decider = record.field(*decider);
            let here = batch::field(bytes, decider.columns);
            match (codes.iter().any(|code| code == here), absent) {
                (true, true) => Some(missing(format!("a value, as {} demands", decider.name))),
                (false, false) => {
                    let expected = format!("no value, as {} demands", decider.name);
                    Some((Code::UnexpectedValue, expected))
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

/// What the field should hold, for people.
pub(super) fn describe(field: &Field, encoding: Encoding) -> String {
    let width = field.columns.len();
    let text = |bytes: &[u8]| encoding.decode(bytes).unwrap_or_default().into_owned();
    let list = |codes: &mut dyn Iterator<Item = &[u8]>| {
        codes.map(|code| format!("“{}”", text(code))).collect::<Vec<_>>().join(", ")
    };
    let pad_name = |pad: u8| match pad {
        b' ' => "blanks".to_owned(),
        b'0' => "zeros".to_owned(),
        _ => format!("“{}”", text(&[pad])),
    };
    match &field.kind {
        Kind::Text { align, pad } => {
            let side = match align {
                Align::Left => "left",
                Align::Right => "right",
            };
            format!("printable text, on the {side}, filled up with {}", pad_name(*pad))
        }
        Kind::Digits => format!("{width} digits"),
        Kind::Number { sign, pad, .. } => {
            let filled = if *pad == b'0' { "zeros" } else { "blanks" };
            let signed = match sign {
                Sign::Unsigned | Sign::Field(_) => "",
                Sign::Leading => ", its sign first",
                Sign::Trailing => ", its sign last",
                Sign::Overpunch => ", its sign in the last digit",
            };
            format!("a number of {width} columns, filled up with {filled}{signed}")
        }
        Kind::SignOf { plus, minus, .. } => {
            let mut codes = plus.iter().chain(minus).map(Vec::as_slice);
            format!("a sign: {}", list(&mut codes))
        }
        Kind::Date(pattern) => format!("a day that exists, as {}", pattern.text),
        Kind::Time(pattern) => format!("a time of day, as {}", pattern.text),
        Kind::Timestamp(pattern) => format!("a day and time that exist, as {}", pattern.text),
        Kind::Period(pattern) => format!("a month, as {}", pattern.text),
        Kind::Uuid => "a UUID in lower case, with hyphens".to_owned(),
        Kind::Cpr => "a CPR number: ten digits that begin with a day that exists".to_owned(),
        Kind::Cvr => "a CVR number: eight digits whose check digit agrees".to_owned(),
        Kind::Kommunekode => "the code of one of the 98 municipalities".to_owned(),
        Kind::Code(table) => format!("one of {}", list(&mut table.iter().map(|c| &c.bytes[..]))),
        Kind::Constant(value) => list(&mut [value.as_slice()].into_iter()),
        Kind::Filler { pad, .. } => pad_name(*pad),
    }
}
