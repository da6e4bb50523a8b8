//! `modregn export`: what the store holds, as files that other programs read.

use super::{ConfigFile, Exit, Io, look};
use crate::message::aftaler_csv::Writer;
use crate::store::{Store, StoreError};
use anyhow::Context;
use clap::Subcommand;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

#[derive(Debug, Subcommand)]
pub(super) enum Export {
    /// The agreements that hold now, as the CSV that `modregn import aftaler` takes. Holds whole
    /// CPR numbers.
    Aftaler(Args),
    /// The debitorsystem's ledger as CSV: of every part of every claim what was owed, by how much
    /// that was reduced, what is paid and what is left, in øre.
    Regnskab(Args),
}

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigFile,
    /// File to write, readable by you alone; without it the CSV goes to standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(export: Export, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let (args, write): (_, Write) = match export {
        Export::Aftaler(args) => (args, aftaler),
        Export::Regnskab(args) => (args, regnskab),
    };
    let store = look(&args.config.load()?)?;
    match args.output {
        Some(path) => to_file(&*store, &path, write).with_context(|| path.display().to_string())?,
        None => write(&*store, &mut *io.out)?,
    }
    Ok(Exit::Done)
}

/// Writes one kind of export.
type Write = fn(&dyn Store, &mut dyn io::Write) -> anyhow::Result<()>;

/// The file stands complete under its name, or not at all.
fn to_file(store: &dyn Store, path: &Path, write: Write) -> anyhow::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut file = NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
    // Either writer flushes what it is given at its end.
    write(store, &mut BufWriter::new(&mut file))?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn aftaler(store: &dyn Store, out: &mut dyn io::Write) -> anyhow::Result<()> {
    let mut csv = Writer::new(out)?;
    store.each_aftale(&mut |aftale| {
        csv.write(&aftale).map_err(|error| StoreError::Visitor(Box::new(error)))
    })?;
    Ok(csv.finish()?)
}

fn regnskab(store: &dyn Store, out: &mut dyn io::Write) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record([
        "kommunekode",
        "fagsystem",
        "debitorkonto_id",
        "fordring_id",
        "delfordring_id",
        "hovedstol",
        "nedreguleret",
        "daekket",
        "restance",
    ])?;
    store.each_restance(&mut |one| {
        let record = [
            one.kommunekode.to_string(),
            one.fagsystem.to_string(),
            one.debitorkonto_id.to_string(),
            one.fordring_id.to_string(),
            one.delfordring_id.to_string(),
            one.hovedstol.oere().to_string(),
            one.nedreguleret.oere().to_string(),
            one.daekket.oere().to_string(),
            one.restance.oere().to_string(),
        ];
        csv.write_record(record).map_err(|error| StoreError::Visitor(Box::new(error)))
    })?;
    Ok(csv.flush()?)
}
