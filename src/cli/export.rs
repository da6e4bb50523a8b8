//! `modregn export`: what the store holds, as files that other programs read.

use super::{ConfigFile, Exit, Io, look};
use crate::message::aftaler_csv::Writer;
use crate::store::{Store, StoreError};
use anyhow::Context;
use clap::Subcommand;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

#[derive(Debug, Subcommand)]
pub(super) enum Export {
    /// The agreements that hold now, as the CSV that `modregn import aftaler` takes. Holds whole
    /// CPR numbers.
    Aftaler(Args),
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
    let Export::Aftaler(args) = export;
    let store = look(&args.config.load()?)?;
    match args.output {
        Some(path) => to_file(&*store, &path).with_context(|| path.display().to_string())?,
        None => write(&*store, &mut *io.out)?,
    }
    Ok(Exit::Done)
}

/// The file stands complete under its name, or not at all.
fn to_file(store: &dyn Store, path: &Path) -> anyhow::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut file = NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
    write(store, BufWriter::new(&mut file))?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn write(store: &dyn Store, out: impl Write) -> anyhow::Result<()> {
    let mut csv = Writer::new(out)?;
    store.each_aftale(&mut |aftale| {
        csv.write(&aftale).map_err(|error| StoreError::Visitor(Box::new(error)))
    })?;
    Ok(csv.finish()?)
}
