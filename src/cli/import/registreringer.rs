//! `modregn import debitorregistreringer`: registrations from a file into the store, to be sent.
//! Every line is looked at before any is taken.

use super::{Findings, counter, progress};
use crate::cli::{ConfigFile, Exit, Io};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::domain::debitor::Debitorregistrering;
use crate::domain::debitor::regler::Brud;
use crate::flow::sf1590::entry::{self, Rules};
use crate::message::registreringer_fil::{Form, ReadError, Reader};
use crate::store::{Entry, EntryFault, EntryFaultKind, EntrySummary, Registrations, SqliteStore};
use anyhow::Context;
use fs_err::File;
use std::io::Read;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// One registration on each line, in JSON; or CSV, where the name ends in `.csv`, of those
    /// without lists in them. docs/debitor.md has both.
    file: PathBuf,
    #[command(flatten)]
    config: ConfigFile,
    /// Say what is wrong, and take nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: &Args, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let config = args.config.load()?;
    let mut store = SqliteStore::open(&config.store_path(), config.miljoe)?;
    match enter(&mut store, &config, (&args.file, args.dry_run), &|_| {}, io)? {
        Some(EntrySummary { new, unchanged }) => {
            writeln!(io.out, "{new} registrations are taken, {unchanged} were known")?;
            Ok(Exit::Done)
        }
        None if args.dry_run => Ok(Exit::Done),
        None => Ok(Exit::Faults),
    }
}

/// Takes the registrations of a file, each changed by `amend`; `None` = it has faults, which are
/// told, or it was only to be looked at.
pub(in crate::cli) fn enter(
    store: &mut SqliteStore,
    config: &Config,
    (path, dry_run): (&Path, bool),
    amend: &dyn Fn(&mut Debitorregistrering),
    io: &mut Io<'_>,
) -> anyhow::Result<Option<EntrySummary>> {
    let file = File::open(path)?;
    let sortiment = store.sortiment()?;
    let is_csv = path.extension().is_some_and(|extension| extension == "csv");
    let form = if is_csv { Form::Csv } else { Form::JsonLines };
    let bar = progress(io.terminal, file.metadata()?.len());
    let mut findings = Findings::default();
    let mut entry = store.enter(SystemClock.now())?;
    let rules = Rules { sortiment: &sortiment, cpr: config.cpr.into() };
    let source = Source { input: bar.wrap_read(file), form, amend };
    let put = put_all(source, rules, &mut *entry, &mut findings);
    bar.finish_and_clear();
    put.with_context(|| path.display().to_string())?;
    for EntryFault { line, what } in entry.check(Findings::FAULTS_SHOWN)? {
        findings.bad_line(line, [told(what)]);
    }
    findings.show(path, io.err)?;
    if !findings.is_empty() {
        return Ok(None);
    }
    if dry_run {
        writeln!(io.out, "Nothing is wrong with it; nothing was taken.")?;
        return Ok(None);
    }
    let bar = counter(io.terminal);
    let summary = entry.finish(&mut |done| bar.set_position(done))?;
    bar.finish_and_clear();
    Ok(Some(summary))
}

struct Source<'a, R> {
    input: R,
    form: Form,
    amend: &'a dyn Fn(&mut Debitorregistrering),
}

fn put_all<R: Read>(
    source: Source<'_, R>,
    rules: Rules<'_>,
    entry: &mut dyn Entry,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let mut reader = match Reader::new(source.input, source.form) {
        Ok(reader) => reader,
        Err(error) => return unreadable(error, findings),
    };
    loop {
        let line = match reader.read() {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(()),
            Err(error) => return unreadable(error, findings),
        };
        let mut registrering = match line.registrering {
            Ok(registrering) => registrering,
            Err(fault) => {
                findings.bad_line(line.number, [fault]);
                continue;
            }
        };
        (source.amend)(&mut registrering);
        let broken = entry::put(entry, (line.number, &registrering), rules)?;
        if !broken.is_empty() {
            let told = |brud: &Brud| format!("{}: {}", brud.felt, brud.regel.expected());
            findings.bad_line(line.number, broken.iter().map(told));
        }
    }
}

fn unreadable(error: ReadError, findings: &mut Findings) -> anyhow::Result<()> {
    match error {
        ReadError::Io(error) => Err(error.into()),
        faulty => {
            findings.file = Some(faulty.to_string());
            Ok(())
        }
    }
}

fn told(what: EntryFaultKind) -> String {
    match what {
        EntryFaultKind::Twice(line) => {
            format!("registrering_id: stands on line {line} already, with other content")
        }
        EntryFaultKind::Known => {
            "registrering_id: was taken before, with other content; a correction needs an id of \
             its own"
                .to_owned()
        }
        EntryFaultKind::AnotherKonto => {
            "debitorkonto_id: belongs to another fagsystem or municipality".to_owned()
        }
        EntryFaultKind::RetterUnknown => {
            "retter: expected a registration of the same debitorkonto that is known here".to_owned()
        }
        EntryFaultKind::RetterNotRejected => {
            "retter: expected a registration that is rejected, and neither corrected nor cancelled"
                .to_owned()
        }
        EntryFaultKind::NoRute => {
            "kommunekode: has no route, now or later; see `modregn import ruter`".to_owned()
        }
    }
}
