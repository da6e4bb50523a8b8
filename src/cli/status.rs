//! `modregn status`: where everything stands, problems first.

use super::table::table;
use super::{ConfigFile, Exit, Io};
use crate::clock::{Clock, SystemClock};
use crate::daemon;
use crate::store::{Census, Pause, Transfer, TransferFilter};
use crate::transfer::state::State;
use chrono::TimeDelta;
use comfy_table::Table;
use serde_json::json;
use std::io::Write;

/// Show where everything stands: first what needs an operator (endpoints paused, files held, dead,
/// refused or failing, receipts overdue, files rejected in the last 24 hours, and alerts that
/// reached nobody), then counts by flow and state.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigFile,
    /// JSON.
    #[arg(long)]
    json: bool,
}

/// Most problems listed of each kind; the counts say how many there are in all.
const PROBLEMS: u32 = 20;
/// A rejected file is shown for so long: its sender must be told.
const LATELY: TimeDelta = TimeDelta::hours(24);

/// Runs the command. Works beside a running daemon.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let config = args.config.load()?;
    let store = super::look(&config)?;
    let census = store.census()?;
    let in_state = |states: &[State]| {
        let states = states.to_vec();
        let limit = Some(PROBLEMS);
        store.transfers(&TransferFilter { states, limit, ..TransferFilter::default() })
    };
    let now = SystemClock.now();
    let since = now - LATELY;
    let mut problems = in_state(&[State::Held, State::Dead, State::Refused, State::Failed])?;
    let seen = in_state(&[State::Seen])?;
    problems.extend(seen.into_iter().filter(|transfer| transfer.problem.is_some()));
    problems.extend(daemon::overdue_receipts(&config, &*store, now)?);
    let rejected = in_state(&[State::Rejected])?;
    problems.extend(rejected.into_iter().filter(|transfer| transfer.changed_at >= since));
    let aftaler = store.count_aftaler()?;
    let pauses = store.pauses()?;
    let untold = store.unsent_alerts()?.iter().filter(|alert| alert.attempts > 0).count();
    if args.json {
        let counts: Vec<_> = census.iter().map(census_json).collect();
        let attention: Vec<_> = problems.iter().map(|transfer| transfer.id).collect();
        let json = json!({
            "aftaler": aftaler,
            "files": counts,
            "attention": attention,
            "alerts_not_sent": untold,
            "paused": pauses.iter().map(pause_json).collect::<Vec<_>>(),
        });
        writeln!(io.out, "{json:#}")?;
        return Ok(Exit::Done);
    }
    for pause in &pauses {
        paused(io.out, pause)?;
    }
    for transfer in &problems {
        attention(io.out, transfer)?;
    }
    if untold > 0 {
        writeln!(io.out, "{untold} alerts have not reached every hook: modregn alerts")?;
    }
    if problems.is_empty() && pauses.is_empty() && untold == 0 {
        writeln!(io.out, "Nothing needs an operator.")?;
    }
    writeln!(io.out, "{aftaler} agreements hold.\n")?;
    writeln!(io.out, "{}", counts(&census).trim_fmt())?;
    Ok(Exit::Done)
}

fn paused(out: &mut dyn Write, pause: &Pause) -> std::io::Result<()> {
    let Pause { endpoint, since, problem } = pause;
    writeln!(out, "paused  endpoint {endpoint}  since {}", super::danish(*since))?;
    writeln!(out, "    {}: {}", problem.code, problem.text)?;
    writeln!(out, "    mend it, then: modregn resume {endpoint} --reason …")
}

fn attention(out: &mut dyn Write, transfer: &Transfer) -> std::io::Result<()> {
    writeln!(
        out,
        "{}  {}  since {}",
        transfer.state,
        transfer.place,
        super::danish(transfer.changed_at)
    )?;
    if let Some(problem) = &transfer.problem {
        writeln!(out, "    {}: {}", problem.code, problem.text)?;
    }
    writeln!(out, "    modregn files show {}", transfer.id)
}

fn counts(census: &[Census]) -> Table {
    let mut table = table(&["flow", "direction", "state", ">files", "oldest since"]);
    for row in census {
        table.add_row([
            row.flow.clone(),
            row.direction.word().to_owned(),
            row.state.to_string(),
            row.count.to_string(),
            super::danish(row.oldest),
        ]);
    }
    table
}

fn pause_json(pause: &Pause) -> serde_json::Value {
    let Pause { endpoint, since, problem } = pause;
    json!({ "endpoint": endpoint, "since": since, "code": problem.code, "text": problem.text })
}

fn census_json(row: &Census) -> serde_json::Value {
    json!({
        "flow": row.flow,
        "direction": row.direction.word(),
        "state": row.state.word(),
        "files": row.count,
        "oldest_since": row.oldest,
    })
}
