//! `modregn alerts`: what operators were told of, and whether it reached them.

use super::levers::by;
use super::{ConfigFile, Exit, Io, danish};
use crate::clock::{Clock, SystemClock};
use crate::daemon::{Engine, EngineError, alerts};
use crate::fault::AlertKind;
use crate::store::{Alert, Concern, Moment, Note};
use crate::transfer::levers::reason;
use anyhow::ensure;
use clap::Subcommand;
use serde_json::{Value, json};
use std::env;

/// Show what was raised lately, newest first, and whether every hook has taken it.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    config: ConfigFile,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// JSON lines.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Send a test through every hook of the configuration, and show what came of it. Exit code 1
    /// where one has not taken it.
    Test(Test),
    /// Tell the journal and the hooks that a unit of systemd's has failed, for `OnFailure=`. Where
    /// the store cannot keep it, it is told all the same, and the exit code is 4.
    UnitFailed(UnitFailed),
}

#[derive(Debug, clap::Args)]
struct Test {
    #[command(flatten)]
    config: ConfigFile,
    /// Why; sent with your name, and kept with it in the event log. No citizen's data.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: String,
}

#[derive(Debug, clap::Args)]
struct UnitFailed {
    #[command(flatten)]
    config: ConfigFile,
    /// The unit's name.
    #[arg(value_name = "UNIT")]
    unit: String,
}

/// Runs the command. Works beside a running daemon.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    match &args.command {
        Some(Command::Test(args)) => test(args, io),
        Some(Command::UnitFailed(args)) => unit_failed(args, io),
        None => list(&args.list, io),
    }
}

fn list(args: &List, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let alerts = super::look(&args.config.load()?)?.alerts(args.limit)?;
    if alerts.is_empty() && !args.json {
        writeln!(io.out, "No alert was ever raised.")?;
    }
    for alert in &alerts {
        if args.json {
            writeln!(io.out, "{}", as_json(alert))?;
        } else {
            let (raised, concern) = (danish(alert.raised_at), &alert.concern);
            writeln!(io.out, "{raised}  {}  {}", concern.kind, sent(alert))?;
            writeln!(io.out, "    {}", concern.text)?;
            writeln!(io.out, "    {}", concern.next)?;
        }
    }
    Ok(Exit::Done)
}

/// What became of it.
fn sent(alert: &Alert) -> String {
    let Alert { sent_at, attempts, taken_by, .. } = alert;
    let hooks = taken_by.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    match sent_at {
        Some(_) if taken_by.is_empty() => "no hook wants it".to_owned(),
        Some(at) => format!("sent {} to {hooks}", danish(*at)),
        None if *attempts == 0 => "not sent yet".to_owned(),
        None if hooks.is_empty() => format!("NOT sent, {attempts} tries"),
        None => format!("NOT sent to all, {attempts} tries; taken by {hooks}"),
    }
}

fn as_json(alert: &Alert) -> Value {
    let concern = &alert.concern;
    json!({
        "alert": alert.nr,
        "kind": concern.kind,
        "subject": concern.subject,
        "since": concern.since,
        "text": concern.text,
        "next": concern.next,
        "raised_at": alert.raised_at,
        "sent_at": alert.sent_at,
        "attempts": alert.attempts,
        "taken_by": alert.taken_by,
    })
}

fn test(args: &Test, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let config = args.config.load()?;
    ensure!(!config.alerts.hooks.is_empty(), "there is no [[alerts.hook]] in the configuration");
    let by = by(&args.reason)?;
    let engine = Engine::open(config, Box::new(SystemClock))?;
    let note = Note { subject: "alerts", what: "test", problem: None, by: Some(&by) };
    engine.desk().store().note(&note, SystemClock.now())?;
    let mut exit = Exit::Done;
    for (hook, outcome) in alerts::test(&engine, &by.who, &by.why) {
        match outcome {
            Ok(()) => writeln!(io.out, "{} has taken it", hook.name)?,
            Err(error) => {
                writeln!(io.out, "{} has NOT taken it: {error}", hook.name)?;
                exit = Exit::Faults;
            }
        }
    }
    Ok(exit)
}

fn unit_failed(args: &UnitFailed, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let now = SystemClock.now();
    let concern = failure(&args.unit, now);
    // Before anything else can fail. The journal takes the number for a priority: critical.
    let priority = if env::var_os("JOURNAL_STREAM").is_some() { "<2>" } else { "" };
    writeln!(io.err, "{priority}{}: {}", concern.text, concern.next)?;
    let config = args.config.load()?;
    let kept = Engine::open(config.clone(), Box::new(SystemClock))
        .and_then(|engine| alerts::raise(&engine, &concern).map_err(EngineError::from));
    let Err(error) = kept else { return Ok(Exit::Done) };
    for (hook, outcome) in alerts::tell_unkept(&config, &concern, now) {
        match outcome {
            Ok(()) => writeln!(io.err, "{} has taken it", hook.name)?,
            Err(error) => writeln!(io.err, "{} has NOT taken it: {error}", hook.name)?,
        }
    }
    Err(error.into())
}

/// What systemd says of a unit that has failed (systemd.exec(5), `MONITOR_SERVICE_RESULT`).
fn failure(unit: &str, now: Moment) -> Concern {
    let told = ["MONITOR_SERVICE_RESULT", "MONITOR_EXIT_CODE", "MONITOR_EXIT_STATUS"];
    let told: Vec<_> = told.iter().filter_map(|name| env::var(name).ok()).collect();
    let how = if told.is_empty() { String::new() } else { format!(" ({})", told.join(" ")) };
    Concern {
        kind: AlertKind::UnitFailed,
        subject: format!("{unit} {}", now.timestamp_millis()),
        since: now,
        text: format!("{unit} has failed{how}"),
        next: format!("journalctl --unit {unit}"),
    }
}
