//! `modregn import`: files of others into the store. What is wrong with one is told all at once,
//! and then nothing of it is taken.

mod aftaler;
mod registreringer;
mod tables;

pub(super) use aftaler::all;
pub(super) use registreringer::enter;

use super::{Exit, Io};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, Write};
use std::path::Path;

#[derive(Debug, Subcommand)]
pub(super) enum Import {
    /// Agreements (betalingsadministrationsaftaler); if any line is bad, none is taken.
    Aftaler(aftaler::Args),
    /// The classes that fagsystemer may use, in the place of those they had.
    Sortiment(tables::Sortiment),
    /// Which debitorsystem collects for which municipality, in the place of what held before.
    Ruter(tables::Ruter),
    /// Registrations to be sent (debitorregistreringer); if any line is bad, none is taken.
    Debitorregistreringer(registreringer::Args),
}

pub(super) fn run(import: Import, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    match import {
        Import::Aftaler(args) => aftaler::run(&args, io),
        Import::Sortiment(args) => args.run(io),
        Import::Ruter(args) => args.run(io),
        Import::Debitorregistreringer(args) => registreringer::run(&args, io),
    }
}

/// What is to be said about a file; bounded, however much is wrong with it.
#[derive(Default)]
struct Findings {
    /// Why it could not be read on.
    file: Option<String>,
    /// Line and what is wrong there.
    faults: Vec<(u64, String)>,
    bad_lines: u64,
    /// The furthest bad line.
    last: u64,
    warnings: Vec<(u64, String)>,
    warned: u64,
}

impl Findings {
    const FAULTS_SHOWN: usize = 1000;
    const WARNINGS_SHOWN: usize = 5;

    fn is_empty(&self) -> bool {
        self.file.is_none() && self.bad_lines == 0
    }

    fn bad_line(&mut self, line: u64, faults: impl IntoIterator<Item = String>) {
        // They come by line, but for what is found out when all are read.
        let is_known = || self.faults.iter().any(|(known, _)| *known == line);
        self.bad_lines += u64::from(line > self.last || !is_known());
        self.last = self.last.max(line);
        let room = Self::FAULTS_SHOWN.saturating_sub(self.faults.len());
        self.faults.extend(faults.into_iter().take(room).map(|fault| (line, fault)));
    }

    fn warn(&mut self, line: u64, warning: String) {
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

/// How much of a file is read.
fn progress(terminal: bool, bytes: u64) -> ProgressBar {
    bar(terminal, Some(bytes), "{bar:40} {bytes}/{total_bytes}  {eta} left")
}

/// How many lines are taken.
fn counter(terminal: bool) -> ProgressBar {
    bar(terminal, None, "{spinner} {human_pos} taken")
}

fn bar(terminal: bool, length: Option<u64>, template: &str) -> ProgressBar {
    let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(length, target);
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
