//! `modregn batch`: one pass over everything that waits.

use super::outcome::{Progress, summary};
use super::{ConfigFile, Exit, Io};
use crate::clock::{Clock, SystemClock};
use crate::config::FlowName;
use crate::daemon::{self, Engine, PassReport, Verdict};
use crate::domain::bankdage::{danish_day, is_bankdag};
use crate::fault::Class;
use anyhow::anyhow;

/// Answer everything that waits, once, whatever the routes' schedules.
///
/// Exit codes: 0 everything was answered; 1 some files were rejected, held or are not complete yet;
/// 2 the configuration is wrong; 3 an endpoint could not be reached; 4 the store or the disk
/// failed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigFile,
    /// Show what would be answered and marked; commit nothing, fetch nothing away.
    #[arg(long)]
    dry_run: bool,
    /// Work only on the routes of this flow; may be given several times.
    #[arg(long, value_enum, value_name = "FLOW")]
    flow: Vec<FlowName>,
    /// Do nothing, and say so, on days on which banks are closed: the payout calendar counts in
    /// banking days, so nothing is due then. For timers.
    #[arg(long, conflicts_with = "dry_run")]
    only_on_bankdage: bool,
    /// With --dry-run: write the answers that would be sent into this directory.
    #[arg(long, value_name = "DIR", requires = "dry_run")]
    out: Option<std::path::PathBuf>,
}

/// Runs the command.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let (mut config, clock) = (args.config.load()?, Box::new(SystemClock));
    config.keep_flows(&args.flow).map_err(|flow| {
        let (file, flow) = (args.config.path().display(), flow.as_str());
        anyhow!("{file} has no [[route]] with flow = \"{flow}\"")
    })?;
    if args.dry_run {
        return super::dry_run::run(&Engine::look(config, clock)?, args.out.as_deref(), io);
    }
    let today = danish_day(clock.now());
    if args.only_on_bankdage && !is_bankdag(today) {
        writeln!(io.out, "{today} is no banking day: nothing is due, nothing was done")?;
        return Ok(Exit::Done);
    }
    let engine = Engine::open(config, clock)?;
    let progress = Progress::new(io.terminal);
    let report = daemon::batch(&engine, &progress);
    progress.finish();
    summary(io.out, &report)?;
    exit_of(report)
}

/// The exit code of a pass; a failure of the store or the disk is told as the error it is.
pub(super) fn exit_of(report: PassReport) -> anyhow::Result<Exit> {
    if let Some(failure) = report.failure {
        return Err(failure.into());
    }
    // What passes by itself is not somebody's turn.
    let refused =
        |verdict: &Verdict| verdict.problem().is_some_and(|problem| problem.class != Class::Retry);
    let waiting = report.incomplete > 0 || !report.crowded.is_empty();
    if report.low_space.is_some() {
        Ok(Exit::Failure)
    } else if !report.troubles.is_empty() {
        Ok(Exit::Unreachable)
    } else if report.files.iter().any(|file| refused(&file.verdict)) || waiting {
        Ok(Exit::Faults)
    } else {
        Ok(Exit::Done)
    }
}
