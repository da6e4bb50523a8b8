//! `modregn import`: agreements from a CSV file into the store, all of them or none.

use super::{ConfigFile, Exit, Io};
use crate::clock::{Clock, SystemClock};
use crate::domain::CprPolicy;
use crate::fault::Code;
use crate::message::aftaler_csv::{ReadError, Reader, Warning};
use crate::store::{AftaleImport, ImportMode, ImportSummary, SqliteStore, Store, StoreError};
use anyhow::Context;
use clap::Subcommand;
use fs_err::File;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(super) enum Import {
    /// Agreements (betalingsadministrationsaftaler); if any line is bad, none is taken.
    Aftaler(Args),
}

#[derive(Debug, clap::Args)]
pub(super) struct Args {
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

pub(super) fn run(import: Import, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let Import::Aftaler(args) = import;
    import_aftaler(&args, io)
}

/// The agreements of one file, into the store of this configuration.
pub(super) fn all(file: PathBuf, config: PathBuf, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let config = ConfigFile { config };
    import_aftaler(&Args { file, config, replace: false, force: false, dry_run: false }, io)
}

fn import_aftaler(args: &Args, io: &mut Io<'_>) -> anyhow::Result<Exit> {
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
            faulty => findings.file = Some(faulty),
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
            findings.warn(line.number, warning);
        }
    }
    Ok(())
}

/// What is to be said about a file; bounded, however much is wrong with it.
#[derive(Default)]
struct Findings {
    /// Why it could not be read on.
    file: Option<ReadError>,
    /// Line and what is wrong there.
    faults: Vec<(u64, String)>,
    bad_lines: u64,
    warnings: Vec<(u64, Warning)>,
    warned: u64,
}

impl Findings {
    const FAULTS_SHOWN: usize = 1000;
    const WARNINGS_SHOWN: usize = 5;

    fn is_empty(&self) -> bool {
        self.file.is_none() && self.bad_lines == 0
    }

    fn bad_line(&mut self, line: u64, faults: impl IntoIterator<Item = String>) {
        self.bad_lines += 1;
        let room = Self::FAULTS_SHOWN.saturating_sub(self.faults.len());
        self.faults.extend(faults.into_iter().take(room).map(|fault| (line, fault)));
    }

    fn warn(&mut self, line: u64, warning: Warning) {
        self.warned += 1;
        if self.warnings.len() < Self::WARNINGS_SHOWN {
            self.warnings.push((line, warning));
        }
    }

    fn show(&self, file: &Path, err: &mut dyn Write) -> io::Result<()> {
        let file = file.display();
        for (line, warning) in &self.warnings {
            writeln!(err, "{file}:{line}: warning: {warning}")?;
        }
        if self.warned > self.warnings.len() as u64 {
            writeln!(err, "{} warnings in all.", self.warned)?;
        }
        for (line, fault) in &self.faults {
            writeln!(err, "{file}:{line}: {fault}")?;
        }
        if self.faults.len() == Self::FAULTS_SHOWN {
            writeln!(err, "Only the first {} faults are shown.", Self::FAULTS_SHOWN)?;
        }
        if let Some(error) = &self.file {
            writeln!(err, "{file}: {error}")?;
        }
        if !self.is_empty() {
            writeln!(err, "{} bad lines; nothing was imported.", self.bad_lines)?;
        }
        Ok(())
    }
}

fn progress(terminal: bool, bytes: u64) -> ProgressBar {
    let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(bytes), target);
    match ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes}  {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
