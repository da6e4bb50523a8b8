//! The command line: one file for each subcommand. Parses arguments, calls the rooms below, shows
//! what came of it. Output goes to the handles in [`Io`]; only this room speaks to people.

pub mod exit;
mod generate;
mod layout;

pub use exit::Exit;

use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

/// UDK Debitor's side of SF2530, SF2520 and SF1590_B_02.
#[derive(Debug, Parser)]
#[command(name = "modregn", version, propagate_version = true, max_term_width = 100)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Invented data, the same for the same seed: for trying out, tests and benchmarks.
    #[command(subcommand)]
    Generate(generate::Generate),
    /// Record layouts: check them, read them, begin a new one.
    Layout(layout::Args),
}

/// Where a command writes.
pub struct Io<'a> {
    /// Results: what a pipe should get.
    pub out: &'a mut dyn Write,
    /// Everything said to the person.
    pub err: &'a mut dyn Write,
    /// Whether `err` is a terminal: progress bars and colours only then.
    pub terminal: bool,
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
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let terminal = stderr.is_terminal();
    let mut io = Io { out: &mut stdout.lock(), err: &mut stderr.lock(), terminal };
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
        Command::Layout(args) => layout::run(args, io),
    }
}
