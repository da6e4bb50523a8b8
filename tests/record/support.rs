//! Layouts from a few lines of TOML, files as text.

use modregn::layout;
use modregn::record::{Codec, Faults, Options, ReadError, Reader, RecordView, Value};
use std::io::Read;

pub(crate) fn codec(toml: &str) -> Codec {
    Codec::new(&layout::compile("test.toml", toml).unwrap_or_else(|faults| panic!("{faults}")))
}

/// One of the layouts under `formats` or `tests/layouts`.
pub(crate) fn shipped(path: &str) -> Codec {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/");
    codec(&std::fs::read_to_string(format!("{root}{path}")).unwrap())
}

/// The records of a good file, each as `name field=value field=value`, values in the clear.
pub(crate) fn read(codec: &Codec, file: impl Read) -> Result<Vec<String>, Faults> {
    read_with(codec, file, Options::default())
}

pub(crate) fn read_with(
    codec: &Codec,
    file: impl Read,
    options: Options,
) -> Result<Vec<String>, Faults> {
    let mut reader = Reader::new(codec, file, options);
    let mut records = Vec::new();
    loop {
        match reader.next_record() {
            Ok(Some(record)) => records.push(shown(&record)),
            Ok(None) => return Ok(records),
            Err(ReadError::Faults(faults)) => return Err(faults),
            Err(ReadError::Io(error)) => panic!("{error}"),
        }
    }
}

fn shown(record: &RecordView<'_>) -> String {
    let values = record.values().filter(|(_, value)| *value != Value::None);
    let values = values.map(|(field, value)| format!(" {}={}", field.name, value.unmasked()));
    record.layout().name.clone() + &values.collect::<String>()
}

/// The faults of a file, one line each.
pub(crate) fn faults(codec: &Codec, file: impl Read) -> Vec<String> {
    match read(codec, file) {
        Ok(records) => vec![format!("no fault, {} records", records.len())],
        Err(faults) => faults.as_slice().iter().map(ToString::to_string).collect(),
    }
}
