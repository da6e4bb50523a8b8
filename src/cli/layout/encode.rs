//! `modregn layout encode`: JSON lines into a fixed-width file.

use crate::cli::{Exit, Io};
use crate::domain::{Cpr, CprPolicy, Cvr, Kommunekode, Udbetalingsperiode};
use crate::layout::model::{Field, Kind, Layout, RecordIx};
use crate::record::{Codec, Number, Text, Value, WriteError, Writer};
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

/// One JSON line.
type Object = Map<String, Json>;

/// What a file of JSON lines may be refused for: the line is known to the caller.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("no JSON object: {0}")]
    Json(#[from] serde_json::Error),
    #[error("expected \"record\": one of {0}")]
    Record(String),
    #[error("the record {record} has no field {field}")]
    UnknownField { record: String, field: String },
    #[error("{field}: expected {expected}")]
    Value { field: String, expected: &'static str },
    #[error(transparent)]
    Write(WriteError),
}

pub(super) fn run(layout: &Layout, path: Option<&Path>, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let lines: Box<dyn BufRead> = match path {
        Some(path) => Box::new(BufReader::new(fs_err::File::open(path)?)),
        None => Box::new(io::stdin().lock()),
    };
    let codec = Codec::new(layout);
    let mut writer = Writer::new(&codec, &mut *io.out, CprPolicy::default());
    let name = path.map_or("stdin".into(), |path| path.display().to_string());
    let mut number = 0;
    for line in lines.lines() {
        number += 1;
        match write(layout, &line?, &mut writer) {
            Err(Refusal::Write(WriteError::Io(error))) => return Err(error.into()),
            Err(refusal) => {
                writeln!(io.err, "{name}:{number}: {refusal}")?;
                return Ok(Exit::Faults);
            }
            Ok(()) => {}
        }
    }
    match writer.finish() {
        Ok(_) => Ok(Exit::Done),
        Err(WriteError::Io(error)) => Err(error.into()),
        Err(fault) => {
            writeln!(io.err, "{name}: {fault}")?;
            Ok(Exit::Faults)
        }
    }
}

fn write(layout: &Layout, line: &str, out: &mut Writer<'_, impl Write>) -> Result<(), Refusal> {
    let mut object: Object = serde_json::from_str(line)?;
    let ix = record(layout, object.remove("record").as_ref())?;
    let record = layout.record(ix);
    let values: Vec<_> = record
        .fields
        .iter()
        .map(|field| match object.get(&field.name) {
            None | Some(Json::Null) => Ok(Value::None),
            Some(json) => value(field, json)
                .map_err(|expected| Refusal::Value { field: field.name.clone(), expected }),
        })
        .collect::<Result<_, _>>()?;
    if let Some(field) = object.keys().find(|key| record.field_named(key).is_none()) {
        return Err(Refusal::UnknownField { record: record.name.clone(), field: field.clone() });
    }
    out.write(ix, &values).map_err(Refusal::Write)
}

fn record(layout: &Layout, name: Option<&Json>) -> Result<RecordIx, Refusal> {
    let names = || layout.records.iter().map(|r| r.name.as_str()).collect::<Vec<_>>().join(", ");
    let name = name.and_then(Json::as_str);
    name.and_then(|name| layout.record_named(name)).ok_or_else(|| Refusal::Record(names()))
}

/// A field's value from JSON, or what was expected.
fn value<'j>(field: &Field, json: &'j Json) -> Result<Value<'j>, &'static str> {
    if let Kind::Number { scale, .. } = field.kind {
        return number(json, scale).map(Value::Number).ok_or(
            "a whole number, or a decimal number as text with no more decimals than the field has",
        );
    }
    let text = json.as_str().ok_or("text in quotes")?;
    let bytes = text.as_bytes();
    let (value, expected) = match &field.kind {
        Kind::Text { .. } => (Some(Value::Text(Text::new(text))), "text"),
        Kind::Digits => (Some(Value::Digits(Text::new(text))), "digits"),
        Kind::Code(_) => (Some(Value::Code(text)), "a code"),
        Kind::Date(_) => (text.parse().ok().map(Value::Date), "a day as YYYY-MM-DD"),
        Kind::Time(_) => (text.parse().ok().map(Value::Time), "a time of day as hh:mm:ss"),
        Kind::Timestamp(_) => {
            (text.parse().ok().map(Value::Timestamp), "a time as YYYY-MM-DDThh:mm:ss")
        }
        Kind::Period(_) => (period(text).map(Value::Period), "a month as YYYY-MM"),
        Kind::Uuid => (text.parse().ok().map(Value::Uuid), "a UUID"),
        Kind::Cpr => {
            let any = CprPolicy { erstatningspersonnummer: true };
            (Cpr::parse(bytes, any).ok().map(Value::Cpr), "a whole CPR number (decode --unmask)")
        }
        Kind::Cvr => (Cvr::parse(bytes).ok().map(Value::Cvr), "a CVR number"),
        Kind::Kommunekode => {
            (Kommunekode::parse(bytes).ok().map(Value::Kommunekode), "the code of a municipality")
        }
        Kind::Constant(_) | Kind::Filler { .. } | Kind::SignOf { .. } | Kind::Number { .. } => {
            (None, "nothing: the layout gives it")
        }
    };
    value.ok_or(expected)
}

fn number(json: &Json, scale: u8) -> Option<Number> {
    let mut decimal = match json {
        Json::Number(number) => Decimal::from(number.as_i64()?),
        Json::String(text) => Decimal::from_str_exact(text).ok()?,
        _ => return None,
    };
    if decimal.normalize().scale() > u32::from(scale) {
        return None;
    }
    decimal.rescale(scale.into());
    // A number too large for its new decimals keeps fewer of them.
    let exact = decimal.scale() == u32::from(scale);
    exact.then_some(Number { unscaled: i64::try_from(decimal.mantissa()).ok()?, scale })
}

fn period(text: &str) -> Option<Udbetalingsperiode> {
    let (year, month) = text.split_once('-')?;
    Udbetalingsperiode::new(year.parse().ok()?, month.parse().ok()?).ok()
}
