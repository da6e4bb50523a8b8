//! The lines behind the figures, streamed: there may be millions.

use super::{Of, UVENTET};
use crate::cli::Io;
use crate::domain::Beloeb;
use crate::store::{AfstemningFilter, Linje, Store, StoreError};
use serde::Serialize;
use std::io::{BufWriter, Write};
use uuid::Uuid;

/// A line, its columns in the order of the CSV.
#[derive(Serialize)]
struct Row<'a> {
    kommunekode: String,
    dispositionsdato: String,
    udfald: &'static str,
    aftale_id: &'a str,
    /// Masked.
    cpr: String,
    forespoergsel_id: Option<Uuid>,
    loebenummer: Option<u32>,
    forventet_oere: Option<i64>,
    modtaget_oere: Option<i64>,
    aarsagskode: Option<&'static str>,
    rapporter: u32,
    udbetaling_id: Option<Uuid>,
}

impl<'a> From<&'a Linje> for Row<'a> {
    fn from(line: &'a Linje) -> Self {
        let Linje { forventet, rapporteret, .. } = line;
        Self {
            kommunekode: line.kommunekode.to_string(),
            dispositionsdato: line.dispositionsdato.to_string(),
            udfald: forventet.map_or(UVENTET, |forventet| forventet.udfald.word()),
            aftale_id: line.aftale_id.as_str(),
            cpr: line.cpr.to_string(),
            forespoergsel_id: forventet.map(|forventet| forventet.forespoergsel_id.0),
            loebenummer: forventet.map(|forventet| forventet.loebenummer),
            forventet_oere: forventet.map(|forventet| forventet.beloeb).map(Beloeb::oere),
            modtaget_oere: rapporteret.map(|rapporteret| rapporteret.beloeb).map(Beloeb::oere),
            aarsagskode: rapporteret.map(|rapporteret| rapporteret.aarsag.code()),
            rapporter: rapporteret.map_or(0, |rapporteret| rapporteret.antal),
            udbetaling_id: rapporteret.map(|rapporteret| rapporteret.udbetaling_id),
        }
    }
}

/// Writes the lines that are wanted.
pub(super) fn write(
    store: &dyn Store,
    filter: &AfstemningFilter,
    wanted: &dyn Fn(Of) -> bool,
    json: bool,
    io: &mut Io<'_>,
) -> anyhow::Result<()> {
    let mut out = BufWriter::new(&mut *io.out);
    if json {
        each(store, filter, wanted, &mut |row| {
            serde_json::to_writer(&mut out, row).map_err(stop)?;
            out.write_all(b"\n").map_err(stop)
        })?;
    } else {
        let mut csv = csv::Writer::from_writer(&mut out);
        each(store, filter, wanted, &mut |row| csv.serialize(row).map_err(stop))?;
        csv.flush()?;
    }
    Ok(out.flush()?)
}

fn each(
    store: &dyn Store,
    filter: &AfstemningFilter,
    wanted: &dyn Fn(Of) -> bool,
    write: &mut dyn FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    store.each_linje(filter, &mut |line| {
        if wanted(line.forventet.map(|forventet| forventet.udfald)) {
            write(&Row::from(&line))?;
        }
        Ok(())
    })
}

fn stop(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Visitor(Box::new(error))
}
