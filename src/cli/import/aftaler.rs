//! `modregn import aftaler`: agreements from a CSV file into the store, all of them or none.

use super::{Findings, progress};
use crate::cli::{ConfigFile, Exit, Io};
use crate::clock::{Clock, SystemClock};
use crate::domain::CprPolicy;
use crate::fault::Code;
use crate::message::aftaler_csv::{ReadError, Reader};
use crate::store::{AftaleImport, ImportMode, ImportSummary, SqliteStore, Store, StoreError};
use anyhow::Context;
use fs_err::File;
use std::io::{self, Read};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// CSV in UTF-8 with the columns aftale_id, kommunekode, cpr, beloeb (in øre), ydelsestype,
    /// gyldig_fra, gyldig_til, prioritet, fordring_id and status, in any order; empty = none.
    file: PathBuf,
    #[command(flatten)]
    config: ConfigFile,
    /// The file is a full snapshot: agreements it does not name hold no longer.
    #[arg(long)]
    replace: bool,
    /// Let a snapshot take away more than half of the agreements.
    #[arg(long, requires = "replace")]
    force: bool,
    /// Say what would be done, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// The agreements of one file, into the store of this configuration.
pub(in crate::cli) fn all(file: PathBuf, config: PathBuf, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let config = ConfigFile { config };
    run(&Args { file, config, replace: false, force: false, dry_run: false }, io)
}

pub(super) fn run(args: &Args, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let config = args.config.load()?;
    let file = File::open(&args.file)?;
    let mut store = SqliteStore::open(&config.store_path(), config.miljoe)?;
    let progress = progress(io.terminal, file.metadata()?.len());
    let mut findings = Findings::default();
    let import = store.import_aftaler(args.mode(), SystemClock.now())?;
    let source = progress.wrap_read(file);
    let outcome = take(source, config.cpr.into(), import, &mut findings, &|summary| {
        !args.dry_run && !args.takes_too_much(summary)
    });
    progress.finish_and_clear();
    findings.show(&args.file, io.err)?;
    match outcome.with_context(|| args.file.display().to_string())? {
        Some(summary) => Ok(args.tell(&summary, io)?),
        None => Ok(Exit::Faults),
    }
}

impl Args {
    const fn mode(&self) -> ImportMode {
        if self.replace { ImportMode::Replace } else { ImportMode::Upsert }
    }

    /// Whether a snapshot takes away so much that it is likelier cut off than true.
    const fn takes_too_much(&self, summary: &ImportSummary) -> bool {
        !self.force && summary.removed > summary.before() / 2
    }

    fn tell(&self, summary: &ImportSummary, io: &mut Io<'_>) -> io::Result<Exit> {
        let ImportSummary { new, changed, unchanged, removed } = summary;
        let refused = self.takes_too_much(summary);
        if refused {
            writeln!(
                io.err,
                "This would take away {removed} of {} agreements. If the file really is the full \
                 snapshot, say --force.",
                summary.before()
            )?;
        }
        let done = if refused || self.dry_run { "Nothing was changed; it would be: " } else { "" };
        writeln!(
            io.out,
            "{done}{new} new, {changed} changed, {unchanged} unchanged, {removed} removed"
        )?;
        Ok(if refused { Exit::Faults } else { Exit::Done })
    }
}

/// Takes a file in, if it is faultless and `accept` likes what would come of it; `None` = it has
/// faults. Every fault is found, whatever else is wrong.
fn take(
    source: impl Read,
    policy: CprPolicy,
    mut import: Box<dyn AftaleImport + '_>,
    findings: &mut Findings,
    accept: &dyn Fn(&ImportSummary) -> bool,
) -> anyhow::Result<Option<ImportSummary>> {
    if let Err(error) = put_all(source, policy, &mut *import, findings) {
        match error.downcast()? {
            ReadError::Io(error) => return Err(error.into()),
            faulty => findings.file = Some(faulty.to_string()),
        }
    }
    let clean = findings.is_empty();
    match import.finish(&mut |summary| clean && accept(summary)) {
        Ok(summary) => Ok(clean.then_some(summary)),
        Err(StoreError::Twice(twice)) => {
            for again in twice {
                let code = Code::DuplicateAftale;
                let text = format!("aftale_id: {code}: stands on line {} already", again.first);
                findings.bad_line(again.again, [text]);
            }
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn put_all(
    source: impl Read,
    policy: CprPolicy,
    import: &mut dyn AftaleImport,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let mut reader = Reader::new(source, policy)?;
    while let Some(line) = reader.read()? {
        match line.aftale {
            Ok(aftale) => import.put(&aftale, line.number)?,
            Err(faults) => {
                findings.bad_line(line.number, faults.iter().map(ToString::to_string));
            }
        }
        for warning in line.warnings {
            findings.warn(line.number, warning.to_string());
        }
    }
    Ok(())
}
