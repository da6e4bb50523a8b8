//! `modregn files`: every file's history.

use super::table::table;
use super::{ConfigFile, Exit, Io};
use crate::domain::Kommunekode;
use crate::fault::Code;
use crate::store::{Delivery, EventRow, Problem, Receipt, Transfer, TransferFilter};
use crate::transfer::report;
use crate::transfer::spool::Spool;
use crate::transfer::state::{Direction, Event, State};
use anyhow::Context;
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};
use std::io::{ErrorKind, Write};
use std::path::Path;
use uuid::Uuid;

/// Look at files: where each is in its life, and how it came there.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List files, newest first.
    List(List),
    /// Show one file's whole history, and its error report.
    Show(Show),
}

#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    config: ConfigFile,
    /// Only files in this state; may be given more than once.
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Vec<State>,
    /// Only this flow.
    #[arg(long)]
    flow: Option<String>,
    /// Only this municipality.
    #[arg(long, value_name = "KODE", value_parser = kommunekode)]
    kommune: Option<Kommunekode>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// JSON lines.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Show {
    #[command(flatten)]
    config: ConfigFile,
    /// The transfer's id.
    id: Uuid,
    /// The history as JSON.
    #[arg(long)]
    json: bool,
    /// The error report alone, fit to send back to the sender; JSON has both languages.
    #[arg(long, value_name = "FORM", value_enum, conflicts_with = "json")]
    report: Option<ReportForm>,
    /// The language of the error report.
    #[arg(long, value_enum, default_value_t)]
    language: Language,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ReportForm {
    /// For people.
    Text,
    /// For machines.
    Json,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Language {
    /// English.
    #[default]
    En,
    /// Danish.
    Da,
}

impl Language {
    const fn file(self) -> &'static str {
        match self {
            Self::En => report::ENGLISH,
            Self::Da => report::DANISH,
        }
    }
}

fn state(word: &str) -> Result<State, String> {
    State::from_word(word).ok_or_else(|| {
        let words: Vec<_> = State::ALL.iter().map(|state| state.word()).collect();
        format!("expected one of {}", words.join(", "))
    })
}

pub(super) fn kommunekode(code: &str) -> Result<Kommunekode, String> {
    Kommunekode::parse(code.as_bytes()).map_err(|error| error.to_string())
}

/// Runs the command.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    match &args.command {
        Command::List(args) => list(args, io),
        Command::Show(args) => show(args, io),
    }
}

fn list(args: &List, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let store = super::look(&args.config.load()?)?;
    let transfers = store.transfers(&TransferFilter {
        states: args.state.clone(),
        flow: args.flow.clone(),
        kommunekode: args.kommune,
        limit: Some(args.limit),
        ..TransferFilter::default()
    })?;
    if args.json {
        for transfer in &transfers {
            writeln!(io.out, "{}", transfer_json(transfer))?;
        }
        return Ok(Exit::Done);
    }
    let mut table = table(&["changed", "state", "kommune", "file", "transfer"]);
    for transfer in &transfers {
        let arrow = match transfer.direction {
            Direction::Inbound => "←",
            Direction::Outbound => "→",
        };
        table.add_row([
            super::danish(transfer.changed_at),
            transfer.state.to_string(),
            transfer.kommunekode.map(|kode| kode.to_string()).unwrap_or_default(),
            format!("{arrow} {}", transfer.place),
            transfer.id.to_string(),
        ]);
    }
    writeln!(io.out, "{}", table.trim_fmt())?;
    Ok(Exit::Done)
}

fn show(args: &Show, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let config = args.config.load()?;
    let store = super::look(&config)?;
    let transfer = store
        .transfer(args.id)?
        .with_context(|| format!("there is no transfer {} in the store", args.id))?;
    let events = store.events(args.id)?;
    let (delivery, receipts) = (store.delivery(args.id)?, store.receipts(args.id)?);
    if args.json {
        let mut json = transfer_json(&transfer);
        json["events"] = events.iter().map(event_json).collect();
        json["delivery"] = delivery.as_ref().map(delivery_json).into();
        json["receipts"] = receipts.iter().map(receipt_json).collect();
        writeln!(io.out, "{json:#}")?;
        return Ok(Exit::Done);
    }
    let quarantine = Spool::new(&config.state_dir).quarantine(transfer.id);
    let text = args.language.file();
    if let Some(form) = args.report {
        let name = match form {
            ReportForm::Text => text,
            ReportForm::Json => report::JSON,
        };
        let report = read(&quarantine.join(name))?.with_context(|| {
            format!("transfer {} has no error report: it is {}", args.id, transfer.state)
        })?;
        write!(io.out, "{report}")?;
        return Ok(Exit::Done);
    }
    describe(io.out, &transfer, &events)?;
    if let Some(delivery) = &delivery {
        let Delivery { file_transfer_uuid, sender, .. } = delivery;
        writeln!(io.out, "  brought as {file_transfer_uuid} from {sender}")?;
    }
    for receipt in &receipts {
        let (says, by) = (receipt.verdict.word(), receipt.transfer);
        let why = receipt.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        writeln!(io.out, "  receipt {by}  {says}{why}")?;
    }
    if let Some(receipt) = store.receipt(args.id)? {
        writeln!(io.out, "  says {} of {}", receipt.verdict.word(), receipt.about)?;
    }
    if let Some(rapport) = store.rapport(args.id)? {
        writeln!(io.out, "  tells the sender:\n\n{rapport}")?;
    }
    if let Some(report) = read(&quarantine.join(text))? {
        writeln!(io.out, "  set apart in {}\n\n{report}", quarantine.display())?;
    }
    Ok(Exit::Done)
}

/// A file's text, if it is there.
fn read(path: &Path) -> std::io::Result<Option<String>> {
    match fs_err::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn describe(out: &mut dyn Write, transfer: &Transfer, events: &[EventRow]) -> std::io::Result<()> {
    writeln!(out, "{}", transfer.place)?;
    writeln!(out, "  {} {}", transfer.flow, transfer.state)?;
    if let Some(kode) = transfer.kommunekode {
        writeln!(out, "  kommune {kode} {}", kode.navn())?;
    }
    if let Some(id) = transfer.forespoergsel_id {
        writeln!(out, "  forespoergsel_id {id}")?;
    }
    if let Some(day) = transfer.dispositionsdato {
        writeln!(out, "  dispositionsdato {day}")?;
    }
    if let Some(payload) = transfer.payload {
        writeln!(out, "  {} bytes, sha256 {}", payload.size, hex::encode(payload.sha256))?;
    }
    history(out, events)
}

/// One line for each event; below it who did it and why, or what was wrong.
pub(super) fn history(out: &mut dyn Write, events: &[EventRow]) -> std::io::Result<()> {
    for event in events {
        let what = event.event.map_or("first seen", |event| event.word());
        writeln!(out, "  {}  {what:<18} {}", super::danish(event.at), event.state)?;
        if let Some(by) = &event.by {
            writeln!(out, "      {}: {}", by.who, by.why)?;
        }
        // What an operator decided is their reason, told already.
        if let Some(problem) = event.problem.as_ref().filter(|p| p.code != Code::ByOperator) {
            writeln!(out, "      {}: {}", problem.code, problem.text)?;
        }
    }
    Ok(())
}

fn transfer_json(transfer: &Transfer) -> Value {
    json!({
        "transfer": transfer.id,
        "direction": transfer.direction.word(),
        "flow": transfer.flow,
        "endpoint": transfer.place.endpoint,
        "directory": transfer.place.directory,
        "name": transfer.place.name,
        "state": transfer.state.word(),
        "size": transfer.payload.map(|payload| payload.size),
        "sha256": transfer.payload.map(|payload| hex::encode(payload.sha256)),
        "kommunekode": transfer.kommunekode.map(|kode| kode.to_string()),
        "forespoergsel_id": transfer.forespoergsel_id.map(|id| id.to_string()),
        "dispositionsdato": transfer.dispositionsdato,
        "attempts": transfer.attempts,
        "problem": transfer.problem.as_ref().map(problem_json),
        "created_at": transfer.created_at,
        "changed_at": transfer.changed_at,
    })
}

fn event_json(event: &EventRow) -> Value {
    json!({
        "at": event.at,
        "event": event.event.map(Event::word),
        "state": event.state.word(),
        "problem": event.problem.as_ref().map(problem_json),
        "by": event.by.as_ref().map(|by| json!({ "who": by.who, "why": by.why })),
    })
}

fn delivery_json(delivery: &Delivery) -> Value {
    json!({ "file_transfer_uuid": delivery.file_transfer_uuid, "sender": delivery.sender })
}

fn receipt_json(receipt: &Receipt) -> Value {
    json!({
        "transfer": receipt.transfer,
        "file_transfer_uuid": receipt.file_transfer_uuid,
        "verdict": receipt.verdict.word(),
        "reason": receipt.reason,
    })
}

fn problem_json(problem: &Problem) -> Value {
    json!({ "class": problem.class, "code": problem.code, "text": problem.text })
}
