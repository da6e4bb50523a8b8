//! The command line: one file for each subcommand. Parses arguments, calls the rooms below, shows
//! what came of it. Output goes to the handles in [`Io`]; only this room speaks to people.

mod alerts;
mod audit;
mod backup;
mod batch;
mod board;
mod config;
mod debitor;
mod demo;
mod doctor;
mod dry_run;
pub mod exit;
mod export;
mod files;
mod generate;
mod import;
mod layout;
mod levers;
mod metrics;
mod outcome;
mod package_files;
mod purge;
mod report;
mod run;
mod simulate;
mod status;
mod table;

pub use exit::Exit;

use crate::clock::danish;
use crate::config::{Config, ConfigError};
use crate::observe::log;
use crate::store::sqlite::SqliteStore;
use crate::store::{Store, StoreError};
use crate::transfer::levers::Lever;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// UDK Debitor's side of SF2530, SF2520 and SF1590_B_02.
#[derive(Debug, Parser)]
#[command(name = "modregn", version, propagate_version = true, max_term_width = 100)]
struct Args {
    /// How log lines look, and where they go: to the journal where stderr goes there, and else
    /// text. MODREGN_LOG filters them (`debug`, `modregn=trace`).
    #[arg(long, global = true, value_enum)]
    log: Option<log::Format>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Batch(batch::Args),
    Run(run::Args),
    Status(status::Args),
    Board(board::Args),
    Files(files::Args),
    /// Deliver answers again: failed, dead or refused ones, or ones the recipient has lost.
    Retry(levers::Files),
    /// Process rejected or archived requests again, from their kept bytes; what was applied before
    /// is recognised, not applied again.
    Replay(levers::Replay),
    /// Let held files go on.
    Release(levers::Files),
    /// Do not apply held requests.
    Reject(levers::Files),
    /// Keep answers back that have not left.
    Hold(levers::Files),
    /// Let answers that have not left never leave.
    Cancel(levers::Files),
    /// Say that answers were delivered by other means.
    MarkDelivered(levers::Files),
    /// Say that an endpoint that was paused is mended.
    Resume(levers::Endpoint),
    Alerts(alerts::Args),
    Audit(audit::Args),
    Metrics(metrics::Args),
    Purge(purge::Args),
    Backup(backup::Backup),
    Restore(backup::Restore),
    Doctor(doctor::Args),
    Config(config::Args),
    /// Files of others into the store.
    #[command(subcommand)]
    Import(import::Import),
    /// What the store holds, added up.
    #[command(subcommand)]
    Report(report::Report),
    /// What the store holds, as files for others.
    #[command(subcommand)]
    Export(export::Export),
    /// Registrations that we have sent, for case workers: where they stand, and what to do.
    #[command(subcommand)]
    Debitor(debitor::Debitor),
    /// Record layouts: check them, read them, begin a new one.
    Layout(layout::Args),
    /// Invented data, the same for the same seed: for trying out, tests and benchmarks.
    #[command(subcommand)]
    Generate(generate::Generate),
    /// Stand-ins for others: for those who test the exchange.
    #[command(subcommand)]
    Simulate(simulate::Simulate),
    #[command(hide = true)]
    PackageFiles(package_files::Args),
}

impl Command {
    /// What is logged where MODREGN_LOG says nothing: a command that reports what it did logs only
    /// what goes wrong.
    const fn default_log(&self) -> &'static str {
        match self {
            Self::Run(_) => "info",
            _ => "error",
        }
    }
}

/// Which configuration.
#[derive(Debug, clap::Args)]
struct ConfigFile {
    /// The configuration file.
    #[arg(
        long,
        value_name = "FILE",
        env = "MODREGN_CONFIG",
        default_value = "/etc/modregn/modregn.toml"
    )]
    config: PathBuf,
}

impl ConfigFile {
    fn load(&self) -> Result<Config, ConfigError> {
        Config::load(&self.config)
    }

    fn path(&self) -> &Path {
        &self.config
    }
}

/// The store of a configuration, only to look at, beside whoever works on it.
fn look(config: &Config) -> Result<Box<dyn Store>, StoreError> {
    Ok(Box::new(SqliteStore::open_read_only(&config.store_path(), config.miljoe)?))
}

/// Where a command writes.
pub struct Io<'a> {
    /// Results: what a pipe should get.
    pub out: &'a mut dyn Write,
    /// Everything said to the person.
    pub err: &'a mut dyn Write,
    /// Whether `err` is a terminal: progress bars and colours only then.
    pub terminal: bool,
    /// Whether `out` is a terminal of somebody who has not asked for no colours (`NO_COLOR`).
    pub colour: bool,
}

/// Runs one command line and gives its exit code (see [`Exit`]).
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // clap's own text: help and version to stdout, faults to stderr. A closed pipe is fine.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    log::init(args.log, args.command.default_log());
    // Standard error is not locked: worker threads log to it.
    let (stdout, mut stderr) = (io::stdout(), io::stderr());
    let terminal = stderr.is_terminal();
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|set| !set.is_empty());
    let colour = stdout.is_terminal() && !no_colour;
    let mut io = Io { out: &mut stdout.lock(), err: &mut stderr, terminal, colour };
    let outcome = dispatch(args.command, &mut io).and_then(|exit| {
        io.out.flush()?;
        Ok(exit)
    });
    match outcome {
        Ok(exit) => exit.into(),
        // `modregn … | head` closed the pipe: it has what it wanted.
        Err(error) if exit::is_broken_pipe(&error) => Exit::Done.into(),
        Err(error) => {
            let _ = writeln!(io.err, "modregn: {error:#}");
            exit::of(&error).into()
        }
    }
}

fn dispatch(command: Command, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    match command {
        Command::Generate(generate) => generate::run(generate, io),
        Command::Simulate(simulate) => simulate::run(simulate, io),
        Command::Import(import) => import::run(import, io),
        Command::Debitor(debitor) => debitor::run(&debitor, io),
        Command::Export(export) => export::run(export, io),
        Command::Layout(args) => layout::run(args, io),
        Command::Batch(args) => batch::run(&args, io),
        Command::Run(args) => run::run(&args, io),
        Command::Status(args) => status::run(&args, io),
        Command::Board(args) => board::run(&args, io),
        Command::Files(args) => files::run(&args, io),
        Command::Retry(args) => levers::pull(Lever::Retry, &args, io),
        Command::Replay(args) => levers::replay(&args, io),
        Command::Release(args) => levers::pull(Lever::Release, &args, io),
        Command::Reject(args) => levers::pull(Lever::Reject, &args, io),
        Command::Hold(args) => levers::pull(Lever::Hold, &args, io),
        Command::Cancel(args) => levers::pull(Lever::Cancel, &args, io),
        Command::MarkDelivered(args) => levers::pull(Lever::MarkDelivered, &args, io),
        Command::Resume(args) => levers::resume(&args, io),
        Command::Report(report) => report::run(&report, io),
        Command::Purge(args) => purge::run(&args, io),
        Command::Backup(args) => backup::backup(&args, io),
        Command::Doctor(args) => doctor::run(&args, io),
        Command::Restore(args) => backup::restore(&args, io),
        Command::Alerts(args) => alerts::run(&args, io),
        Command::Metrics(args) => metrics::run(&args, io),
        Command::Audit(args) => audit::run(&args, io),
        Command::Config(args) => config::run(&args, io),
        Command::Demo(args) => demo::run(&args, io),
        Command::PackageFiles(args) => package_files::run(&args, io),
    }
}
