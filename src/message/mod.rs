//! Field values ↔ domain: one file for each message. A format is bound to its layout once; after
//! that no field can be missing. May use `record`, `layout`, `domain`; does no I/O and reads no
//! clock.

pub mod aftaler_csv;
mod bind;
pub mod debitorkvittering;
pub mod debitorregistrering;
pub mod forespoergsel;
pub mod registreringer_fil;
pub mod svar;
pub mod tabeller_csv;
pub mod udbetaling;

pub use bind::BindError;

use crate::domain::text::IdentifierError;
use crate::domain::{About, Beloeb};
use crate::fault::Code;
use crate::layout::model::{FieldIx, RecordIx};
use crate::record::{
    Codec, Expected, Fault, Faults, Number, ReadError, Reader, RecordView, Text, Value,
};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound, Utc};
use chrono_tz::Europe::Copenhagen;
use std::io::{self, Read};

/// The values of one record to be written; what is not set is left to the layout.
struct Row<'v> {
    record: RecordIx,
    values: Vec<Value<'v>>,
}

impl<'v> Row<'v> {
    fn new(codec: &Codec, record: RecordIx) -> Self {
        Self { record, values: vec![Value::None; codec.layout().record(record).fields.len()] }
    }

    fn set(&mut self, field: FieldIx, value: Value<'v>) {
        self.values[usize::from(field.0)] = value;
    }
}

/// The value of a field that a format is bound to as required, in a record that has no fault.
fn bound<T>(value: Option<T>) -> T {
    value.unwrap_or_else(|| unreachable!("a required field of a faultless record has its value"))
}

const fn integer(number: i64) -> Value<'static> {
    Value::Number(Number { unscaled: number, scale: 0 })
}

const fn amount(beloeb: Beloeb) -> Value<'static> {
    Value::Number(Number { unscaled: beloeb.oere(), scale: 2 })
}

/// The municipality that a file says it is about in its first record, however faulty it is.
fn about_kommune<R: Read>(
    reader: &mut Reader<'_, R>,
    start: RecordIx,
    kommunekode: FieldIx,
) -> io::Result<Option<About>> {
    let record = reader.first_record()?.filter(|record| record.record() == start);
    let kommunekode = record.and_then(|record| record.value(kommunekode).kommunekode());
    Ok(kommunekode.map(About::of_kommune))
}

/// Text that may be none.
fn optional_text(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::None, |text| Value::Text(Text::new(text)))
}

/// What clocks in Denmark show at an instant; whole seconds, as files carry them.
fn local(at: DateTime<Utc>) -> NaiveDateTime {
    at.trunc_subsecs(0).with_timezone(&Copenhagen).naive_local()
}

/// The instant at which clocks in Denmark show this: the first of two when they are put back,
/// `None` in the hour that they skip when they are put on.
fn instant(date: NaiveDate, time: NaiveTime) -> Option<DateTime<Utc>> {
    let local = date.and_time(time).and_local_timezone(Copenhagen);
    local.earliest().map(|at| at.with_timezone(&Utc))
}

/// The instant that two fields of a faultless record give.
fn instant_of(
    record: &RecordView<'_>,
    date: FieldIx,
    time: FieldIx,
) -> Result<DateTime<Utc>, Box<Fault>> {
    let (day, hour) = (bound(record.value(date).date()), bound(record.value(time).time()));
    let skipped = || Box::new(record.fault(time, Code::BadTime, Expected::LocalTime));
    instant(day, hour).ok_or_else(skipped)
}

/// The identifier, or other short text, in a field that has one; at most `longest` characters.
fn identifier<T>(
    record: &RecordView<'_>,
    field: FieldIx,
    longest: usize,
    parse: impl FnOnce(&str) -> Result<T, IdentifierError>,
) -> Result<T, Box<Fault>> {
    let value = record.value(field);
    let text = bound(value.text().or(value.digits())).to_str();
    let expected = Expected::Identifier(longest);
    parse(&text).map_err(|_| Box::new(record.fault(field, Code::BadIdentifier, expected)))
}

/// What is wrong with a file by rules that its layout does not know.
struct OwnFaults {
    limit: usize,
    faults: Vec<Fault>,
}

impl OwnFaults {
    const fn new(limit: usize) -> Self {
        Self { limit, faults: Vec::new() }
    }

    /// One beyond the limit is kept, so that there being more is told.
    fn add(&mut self, fault: Fault) {
        if self.faults.len() <= self.limit {
            self.faults.push(fault);
        }
    }

    /// What was read; what is wrong with it, if it could not be, is kept.
    fn keep<T>(&mut self, read: Result<T, Box<Fault>>) -> Option<T> {
        read.map_err(|fault| self.add(*fault)).ok()
    }

    /// The verdict on the file, where its records ended: with `error`, or without one.
    fn verdict(&mut self, error: Option<ReadError>) -> Result<(), ReadError> {
        let of_layout = match error {
            Some(ReadError::Faults(faults)) => faults.into_vec(),
            Some(error) => return Err(error),
            None => Vec::new(),
        };
        let mut all = std::mem::take(&mut self.faults);
        all.extend(of_layout);
        Faults::of(all, self.limit).map_or(Ok(()), |faults| Err(ReadError::Faults(faults)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn danish_clocks_are_read_back() {
        let read = |day: &str, hour: &str| {
            instant(day.parse().unwrap(), hour.parse().unwrap()).map(|at| at.to_rfc3339())
        };
        let table = [
            ("2026-01-15", "08:30:00", Some("2026-01-15T07:30:00+00:00")),
            ("2026-07-15", "00:30:00", Some("2026-07-14T22:30:00+00:00")),
            // Clocks go from 2 to 3 in spring, and from 3 to 2 in autumn.
            ("2026-03-29", "01:59:59", Some("2026-03-29T00:59:59+00:00")),
            ("2026-03-29", "02:00:00", None),
            ("2026-03-29", "02:59:59", None),
            ("2026-03-29", "03:00:00", Some("2026-03-29T01:00:00+00:00")),
            ("2026-10-25", "02:30:00", Some("2026-10-25T00:30:00+00:00")),
            ("2026-10-25", "03:00:00", Some("2026-10-25T02:00:00+00:00")),
        ];
        for (day, hour, at) in table {
            assert_eq!(read(day, hour).as_deref(), at, "{day} {hour}");
        }
        let twice = "2026-10-25T01:30:00.5Z".parse().unwrap();
        assert_eq!(local(twice), "2026-10-25T02:30:00".parse().unwrap());
    }
}
