//! `modregn report`: what the store holds, added up for people and for other programs.

mod debitor;
pub(super) mod figures;
mod lines;

use super::{ConfigFile, Exit, Io};
use crate::domain::{Afstemning, Kommunekode, Udbetalingsperiode, Udfald};
use crate::store::AfstemningFilter;
use chrono::NaiveDate;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum Report {
    /// What was expected of a month's payouts held against what came: for each municipality the
    /// expectations by what has become of them, with what is short or too much, and what nobody
    /// expected. Always: forventet = modtaget + delvis + ingen + tilbagefoert + aaben + udeblevet -
    /// over, and difference = modtaget + uventet - forventet.
    Forventninger(Args),
    /// Registrations that we send, by municipality and fagsystem: how many wait, are under way, are
    /// unanswered, accepted or rejected, and since when.
    Debitor(debitor::Args),
}

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigFile,
    /// The month.
    #[arg(long, value_name = "YYYYMM", value_parser = periode)]
    periode: Udbetalingsperiode,
    /// Only this municipality.
    #[arg(long, value_name = "KOMMUNEKODE", value_parser = super::files::kommunekode)]
    kommune: Option<Kommunekode>,
    /// Only this payout, where the month has several.
    #[arg(long, value_name = "YYYY-MM-DD")]
    dispositionsdato: Option<NaiveDate>,
    /// The lines behind the figures, one for each expectation and for what nobody expected, as CSV;
    /// CPR numbers are masked.
    #[arg(long)]
    linjer: bool,
    /// Only lines of these outcomes: fuld, delvis, ingen, tilbagefoert, over, aaben, udeblevet,
    /// uventet.
    #[arg(long, value_name = "UDFALD", value_delimiter = ',', requires = "linjer",
          value_parser = of_lines)]
    udfald: Vec<Of>,
    /// CSV.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// JSON; of lines, one object on each line.
    #[arg(long)]
    json: bool,
}

/// What a line is of: an outcome, or `None` = nobody expected it.
type Of = Option<Udfald>;

/// The word for what nobody expected.
const UVENTET: &str = "uventet";

fn of_lines(word: &str) -> Result<Of, String> {
    match Udfald::from_word(word) {
        None if word != UVENTET => {
            let words: Vec<_> = Udfald::ALL.iter().map(|udfald| udfald.word()).collect();
            Err(format!("expected {} or {UVENTET}", words.join(", ")))
        }
        of => Ok(of),
    }
}

fn periode(text: &str) -> Result<Udbetalingsperiode, String> {
    Udbetalingsperiode::parse(text.as_bytes()).map_err(|error| error.to_string())
}

/// Runs the command. Works beside a running daemon.
pub(super) fn run(report: &Report, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let args = match report {
        Report::Forventninger(args) => args,
        Report::Debitor(args) => return debitor::run(args, io),
    };
    let store = super::look(&args.config.load()?)?;
    let filter = AfstemningFilter {
        periode: Some(args.periode),
        kommunekode: args.kommune,
        dispositionsdato: args.dispositionsdato,
    };
    if args.linjer {
        let wanted = |of: Of| args.udfald.is_empty() || args.udfald.contains(&of);
        lines::write(&*store, &filter, &wanted, args.json, io)?;
        return Ok(Exit::Done);
    }
    let figures = store.afstemning(&filter)?;
    if args.json {
        figures::json(&figures, args.periode, io.out)?;
    } else if args.csv {
        figures::csv(&figures, io.out)?;
    } else {
        figures::text(&figures, args.periode, io.out)?;
    }
    if figures.values().all(Afstemning::balances) {
        return Ok(Exit::Done);
    }
    writeln!(io.err, "the figures do not add up: the store was changed by other hands")?;
    Ok(Exit::Failure)
}
