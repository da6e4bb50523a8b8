//! `modregn audit`: whether the event log is as it was written, and one file's or one agreement's
//! whole path.

use super::files::history;
use super::levers::by;
use super::{ConfigFile, Exit, Io, danish};
use crate::clock::{Clock, SystemClock};
use crate::domain::AftaleId;
use crate::store::{
    AftaleVersion, LedgerAudit, Note, SqliteStore, Store, Transfer, TransferFilter,
};
use crate::transfer::levers::reason;
use anyhow::{Context, ensure};
use clap::Subcommand;
use uuid::Uuid;

/// Hold the event log against itself; follow one file or one agreement.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Find every event or transfer that was changed, removed or moved by other hands, and add the
    /// debitorsystem's ledger up again. Exit code 1 where something does not hold.
    Verify(Verify),
    /// Show the whole path of a file (every file of the same request), or of an agreement.
    Trace(Trace),
}

#[derive(Debug, clap::Args)]
struct Verify {
    #[command(flatten)]
    config: ConfigFile,
    /// A hash that an earlier verify gave, kept elsewhere: whether the log still contains it. Only
    /// this finds a log that was cut off at its end.
    #[arg(long, value_name = "HASH", value_parser = sha256)]
    contains: Option<Hash>,
}

/// A SHA-256.
#[derive(Clone, Copy, Debug)]
struct Hash([u8; 32]);

fn sha256(text: &str) -> Result<Hash, &'static str> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text, &mut hash).map_err(|_| "expected 64 hexadecimal digits")?;
    Ok(Hash(hash))
}

#[derive(Debug, clap::Args)]
struct Trace {
    #[command(flatten)]
    config: ConfigFile,
    /// The transfer's id.
    #[arg(required_unless_present = "aftale")]
    id: Option<Uuid>,
    /// The agreement's id.
    #[arg(long, value_name = "AFTALE_ID", conflicts_with = "id")]
    aftale: Option<String>,
    /// Show the CPR number whole. Who did it, and why, goes into the event log.
    #[arg(long, requires = "aftale", requires = "reason")]
    unmask: bool,
    /// With --unmask: why.
    #[arg(long, value_name = "TEXT", value_parser = reason, requires = "unmask")]
    reason: Option<String>,
}

/// Runs the command.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Verify(args) => verify(args, io),
        Command::Trace(args) => match &args.aftale {
            Some(aftale) => trace_aftale(args, aftale, io),
            None => trace_file(args, io),
        },
    }
}

fn verify(args: &Verify, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let store = super::look(&args.config.load()?)?;
    let (audit, ledger) = (store.verify()?, store.verify_ledger()?);
    for finding in &audit.findings {
        let transfer = finding.transfer.map(|id| format!(" of transfer {id}")).unwrap_or_default();
        writeln!(io.out, "event {}{transfer}: {}", finding.event, finding.what)?;
    }
    let mut exit = if audit.findings.is_empty() { Exit::Done } else { Exit::Faults };
    if let Some(Hash(hash)) = args.contains
        && store.event_with_hash(hash)?.is_none()
    {
        writeln!(io.out, "the log does not contain {}: events are missing", hex::encode(hash))?;
        exit = Exit::Faults;
    }
    let verdict = if exit == Exit::Done { "all as they were written" } else { "NOT as written" };
    writeln!(io.out, "{} events, {verdict}", audit.events)?;
    if let Some(head) = audit.head {
        writeln!(io.out, "newest: {}", hex::encode(head))?;
    }
    for finding in &ledger.findings {
        exit = Exit::Faults;
        writeln!(io.out, "ledger: {finding}")?;
    }
    let LedgerAudit { delfordringer, posteringer, findings } = ledger;
    if delfordringer + posteringer > 0 || !findings.is_empty() {
        let verdict = if findings.is_empty() { "it adds up" } else { "it does NOT add up" };
        writeln!(
            io.out,
            "ledger: {posteringer} posteringer on {delfordringer} parts of claims, {verdict}"
        )?;
    }
    Ok(exit)
}

fn trace_file(args: &Trace, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let store = super::look(&args.config.load()?)?;
    let id = args.id.context("no transfer is named")?;
    let transfer =
        store.transfer(id)?.with_context(|| format!("there is no transfer {id} in the store"))?;
    let mut path = match transfer.forespoergsel_id {
        Some(_) => store.transfers(&TransferFilter {
            forespoergsel_id: transfer.forespoergsel_id,
            ..TransferFilter::default()
        })?,
        None => vec![transfer],
    };
    path.reverse();
    for transfer in &path {
        trace_one(&*store, transfer, io)?;
    }
    Ok(Exit::Done)
}

fn trace_one(store: &dyn Store, transfer: &Transfer, io: &mut Io<'_>) -> anyhow::Result<()> {
    writeln!(io.out, "{} {} {}", transfer.id, transfer.direction, transfer.place)?;
    if let Some(payload) = transfer.payload {
        writeln!(io.out, "  {} bytes, sha256 {}", payload.size, hex::encode(payload.sha256))?;
    }
    Ok(history(io.out, &store.events(transfer.id)?)?)
}

fn trace_aftale(args: &Trace, aftale: &str, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let config = args.config.load()?;
    let id = AftaleId::parse(aftale)?;
    let store: Box<dyn Store> = match &args.reason {
        Some(reason) => {
            let mut store = SqliteStore::open(&config.store_path(), config.miljoe)?;
            let (subject, who) = (format!("aftale {id}"), by(reason)?);
            let note = Note { subject: &subject, what: "unmask", problem: None, by: Some(&who) };
            store.note(&note, SystemClock.now())?;
            Box::new(store)
        }
        None => super::look(&config)?,
    };
    let versions = store.aftale_versions(&id)?;
    ensure!(!versions.is_empty(), "there is no agreement {id} in the store");
    for version in &versions {
        let AftaleVersion { aftale, from, to } = version;
        let until = to.map(|to| format!(" until {}", danish(to))).unwrap_or_default();
        let cpr = if args.unmask {
            aftale.cpr.as_unmasked_str().to_owned()
        } else {
            aftale.cpr.to_string()
        };
        writeln!(
            io.out,
            "held from {}{until}: kommune {}, cpr {cpr}, {} kr., {}",
            danish(*from),
            aftale.kommunekode,
            aftale.beloeb,
            aftale.status.word(),
        )?;
    }
    for marking in store.markings(&id)? {
        writeln!(
            io.out,
            "{}  payment of {} kr. expected: request {}, transaction {}; modregn audit trace {}",
            danish(marking.at),
            marking.beloeb,
            marking.forespoergsel_id,
            marking.loebenummer,
            marking.outbound,
        )?;
    }
    for reported in store.indberettet(&id)? {
        let about = match reported.forespoergsel_id {
            Some(request) => format!("request {request}"),
            None => "expected by nobody".to_owned(),
        };
        writeln!(
            io.out,
            "{}  {} kr. withheld (aarsagskode {}): {about}, report {}, record {}; modregn audit \
             trace {}",
            danish(reported.at),
            reported.beloeb,
            reported.aarsag.code(),
            reported.udbetaling_id,
            reported.loebenummer,
            reported.inbound,
        )?;
    }
    Ok(Exit::Done)
}
