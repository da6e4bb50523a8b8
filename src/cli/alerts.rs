//! `modregn alerts`: what operators were told of, and whether it reached them.

use super::levers::{by, reason};
use super::{ConfigFile, Exit, Io, danish};
use crate::clock::{Clock, SystemClock};
use crate::daemon::{Engine, alerts};
use crate::store::{Alert, Note};
use anyhow::ensure;
use clap::Subcommand;
use serde_json::{Value, json};

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
}

#[derive(Debug, clap::Args)]
struct Test {
    #[command(flatten)]
    config: ConfigFile,
    /// Why; sent with your name, and kept with it in the event log. No citizen's data.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: String,
}

/// Runs the command. Works beside a running daemon.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    match &args.command {
        Some(Command::Test(args)) => test(args, io),
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
