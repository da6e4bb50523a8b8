//! `modregn layout decode`: a file's records as JSON lines or CSV.

use crate::cli::{Exit, Io};
use crate::layout::model::{Field, Kind, Layout};
use crate::record::{Codec, Faults, Options, ReadError, Reader, RecordView, Value};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Map, Value as Json};
use std::io::{Read, Write};
use std::path::Path;

/// How records are shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    /// As CSV, one table for all kinds of record.
    pub(super) csv: bool,
    /// Personal fields whole.
    pub(super) unmasked: bool,
}

/// What a masked field shows.
const MASKED: &str = "****";
/// Bytes that take about a second to decode and show.
const LARGE: u64 = 32 * 1024 * 1024;

pub(super) fn run(
    layout: &Layout,
    path: &Path,
    shown: Shown,
    io: &mut Io<'_>,
) -> anyhow::Result<Exit> {
    let codec = Codec::new(layout);
    let file = fs_err::File::open(path)?;
    let bar = bar(file.metadata()?.len(), io.terminal);
    let file = bar.wrap_read(file);
    let decoded = if shown.csv {
        csv_table(&codec, file, shown, io.out)
    } else {
        json_lines(&codec, file, shown, io.out)
    };
    bar.finish_and_clear();
    match decoded? {
        None => Ok(Exit::Done),
        Some(faults) => {
            report(path, &faults, io)?;
            Ok(Exit::Faults)
        }
    }
}

/// Shows itself on a terminal only, where the file is large enough to wait for.
fn bar(bytes: u64, terminal: bool) -> ProgressBar {
    let target = if terminal && bytes > LARGE {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(bytes), target);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes}  {eta} left") {
        bar.set_style(style);
    }
    bar
}

fn json_lines(
    codec: &Codec,
    file: impl Read,
    shown: Shown,
    out: &mut dyn Write,
) -> anyhow::Result<Option<Faults>> {
    each(codec, file, |record| {
        let mut object = Map::new();
        object.insert("record".to_owned(), record.layout().name.clone().into());
        for (field, value) in record.values().filter(|(_, value)| value.is_some()) {
            object.insert(field.name.clone(), json(field, value, shown));
        }
        serde_json::to_writer(&mut *out, &object)?;
        out.write_all(b"\n")?;
        Ok(())
    })
}

/// A number without decimals is a JSON number; everything else is text, so that no digit is lost.
fn json(field: &Field, value: Value<'_>, shown: Shown) -> Json {
    match value {
        Value::Number(number) if number.scale == 0 && (shown.unmasked || !field.personal) => {
            number.unscaled.into()
        }
        value => text(field, value, shown).into(),
    }
}

fn text(field: &Field, value: Value<'_>, shown: Shown) -> String {
    match value {
        _ if shown.unmasked || !field.personal || !value.is_some() => value.unmasked().into_owned(),
        Value::Cpr(cpr) => cpr.to_string(),
        _ => MASKED.to_owned(),
    }
}

/// One row for each record; a column for each name that a field of any record has.
fn csv_table(
    codec: &Codec,
    file: impl Read,
    shown: Shown,
    out: &mut dyn Write,
) -> anyhow::Result<Option<Faults>> {
    let mut columns: Vec<&str> = Vec::new();
    for field in codec.layout().records.iter().flat_map(|record| &record.fields) {
        let silent =
            matches!(field.kind, Kind::Constant(_) | Kind::Filler { .. } | Kind::SignOf { .. });
        if !silent && !columns.contains(&field.name.as_str()) {
            columns.push(&field.name);
        }
    }
    let mut table = csv::Writer::from_writer(out);
    table.write_field("record")?;
    table.write_record(&columns)?;
    let decoded = each(codec, file, |record| {
        table.write_field(&record.layout().name)?;
        for column in &columns {
            let found = record.values().find(|(field, _)| field.name == *column);
            let cell = found.map(|(field, value)| text(field, value, shown));
            table.write_field(cell.unwrap_or_default())?;
        }
        table.write_record(None::<&[u8]>)?;
        Ok(())
    });
    table.flush()?;
    decoded
}

/// Shows every good record; the file's faults, if it has any.
fn each(
    codec: &Codec,
    file: impl Read,
    mut show: impl FnMut(&RecordView<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<Option<Faults>> {
    let mut reader = Reader::new(codec, file, Options::default());
    loop {
        match reader.next_record() {
            Ok(Some(record)) => show(&record)?,
            Ok(None) => return Ok(None),
            Err(ReadError::Faults(faults)) => return Ok(Some(faults)),
            Err(error) => return Err(error.into()),
        }
    }
}

fn report(path: &Path, faults: &Faults, io: &mut Io<'_>) -> anyhow::Result<()> {
    for fault in faults.as_slice() {
        writeln!(io.err, "{}: {fault}", path.display())?;
    }
    let count = faults.as_slice().len();
    writeln!(io.err, "{}: a bad file, {count} faults; docs/errors.md explains", path.display())?;
    Ok(())
}
