//! What is written reads back, and what would not is refused.

use crate::support::{read, shipped};
use chrono::NaiveDate;
use modregn::domain::{Cpr, CprPolicy, Kommunekode, Udbetalingsperiode};
use modregn::record::{Codec, Number, Text, Value, WriteError, Writer};
use uuid::Uuid;

fn svar() -> Codec {
    shipped("formats/sf2530-svar.toml")
}

fn day(text: &str) -> Value<'_> {
    Value::Date(text.parse::<NaiveDate>().unwrap())
}

fn number(unscaled: i64, scale: u8) -> Value<'static> {
    Value::Number(Number { unscaled, scale })
}

/// The values of the record, by the names of its fields; all others `None`.
fn values<'v>(codec: &Codec, record: &str, given: &[(&str, Value<'v>)]) -> Vec<Value<'v>> {
    let layout = codec.layout();
    let record = layout.record(layout.record_named(record).unwrap());
    let mut values = vec![Value::None; record.fields.len()];
    for (name, value) in given {
        values[usize::from(record.field_named(name).unwrap().0)] = *value;
    }
    values
}

fn start(codec: &Codec) -> Vec<Value<'static>> {
    values(
        codec,
        "start",
        &[
            ("kommunekode", Value::Kommunekode(Kommunekode::parse(b"0751").unwrap())),
            ("forespoergsel_id", Value::Uuid(Uuid::from_u128(7))),
            ("dannet_dato", day("2026-11-24")),
            ("dannet_tid", Value::Time("07:08:09".parse().unwrap())),
            ("dispositionsdato", day("2026-12-01")),
            ("udbetalingsperiode", Value::Period(Udbetalingsperiode::new(2026, 12).unwrap())),
            ("miljoe", Value::Code("TEST")),
        ],
    )
}

fn transaktion(codec: &Codec, more: &[(&str, Value<'static>)]) -> Vec<Value<'static>> {
    let cpr = Cpr::parse(b"0101901234", CprPolicy::default()).unwrap();
    let usual = [
        ("aftale_id", Value::Text(Text::new("Æ-1"))),
        ("cpr", Value::Cpr(cpr)),
        ("beloeb", number(160_305, 2)),
        ("ydelsestype", Value::Code("09")),
        ("gyldig_fra", day("2026-01-01")),
        ("prioritet", number(1, 0)),
    ];
    values(codec, "transaktion", &[&usual[..], more].concat())
}

/// A record's name and its values.
type Given<'v> = (&'v str, &'v [Value<'v>]);

fn write(codec: &Codec, records: &[Given<'_>]) -> Result<Vec<u8>, WriteError> {
    let mut writer = Writer::new(codec, Vec::new(), CprPolicy::default());
    for (record, values) in records {
        writer.write(codec.layout().record_named(record).unwrap(), values)?;
    }
    writer.finish()
}

#[test]
fn a_file_is_written_with_what_its_controls_demand() {
    let codec = svar();
    let file = write(
        &codec,
        &[
            ("start", &start(&codec)),
            ("transaktion", &transaktion(&codec, &[])),
            ("transaktion", &transaktion(&codec, &[("gyldig_til", day("2026-12-31"))])),
            ("slut", &[]),
        ],
    );
    let id = "00000000-0000-0000-0000-000000000007";
    let expected = format!(
        "100751{id}2026112407080920261201202612TEST{:46}\r\n\
         200751000000001\u{c6}-1{:17}010190123400000160305092026010{:9}01{:44}\r\n\
         200751000000002\u{c6}-1{:17}01019012340000016030509202601012026123101{:44}\r\n\
         900751000000002000000000320610{:90}\r\n",
        "", "", "1", "", "", "", ""
    );
    let latin1: Vec<u8> = expected.chars().map(|c| u8::try_from(c).unwrap()).collect();
    let file = file.unwrap();
    assert_eq!(file.escape_ascii().to_string(), latin1.escape_ascii().to_string());
    assert_eq!(read(&codec, file.as_slice()).unwrap().len(), 4);
}

#[test]
fn a_value_that_does_not_fit_is_refused() {
    let codec = svar();
    let table: [(&str, Value<'static>, &str); 9] = [
        ("beloeb", number(100_000_000_000, 2), "value-does-not-fit"),
        ("beloeb", number(-1, 2), "value-does-not-fit"),
        ("beloeb", number(1, 0), "value-does-not-fit"),
        ("beloeb", Value::None, "missing-value"),
        ("aftale_id", Value::Text(Text::new("123456789012345678901")), "value-does-not-fit"),
        ("aftale_id", Value::Text(Text::new(" A")), "value-does-not-fit"),
        ("aftale_id", Value::Text(Text::new("A ")), "value-does-not-fit"),
        ("aftale_id", Value::Text(Text::new("5€")), "value-does-not-fit"),
        ("ydelsestype", Value::Code("07"), "value-does-not-fit"),
    ];
    for (field, value, code) in table {
        let bad = transaktion(&codec, &[(field, value)]);
        let written = write(&codec, &[("start", &start(&codec)), ("transaktion", &bad)]);
        let Err(WriteError::Fault(fault)) = written else { panic!("{field} {value:?}") };
        assert_eq!((fault.code.as_str(), fault.field.as_deref()), (code, Some(field)), "{value:?}");
    }
}

#[test]
fn a_file_must_be_whole_and_add_up() {
    let codec = svar();
    let (start, one) = (start(&codec), transaktion(&codec, &[]));
    let wrong = values(&codec, "slut", &[("antal_transaktioner", number(2, 0))]);
    let kode = Value::Kommunekode(Kommunekode::parse(b"0751").unwrap());
    let alone = values(&codec, "slut", &[("kommunekode", kode)]);
    let table: [(&[Given<'_>], &str); 4] = [
        (&[("start", &start)], "missing-record"),
        (&[("slut", &alone)], "missing-record"),
        (&[("start", &start), ("slut", &[]), ("transaktion", &one)], "unexpected-record"),
        (&[("start", &start), ("transaktion", &one), ("slut", &wrong)], "control-mismatch"),
    ];
    for (records, code) in table {
        let Err(WriteError::Fault(fault)) = write(&codec, records) else { panic!("{code}") };
        assert_eq!(fault.code.as_str(), code);
    }
}
