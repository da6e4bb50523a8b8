//! `modregn board`: where every municipality stands in one payout.

mod lists;
mod text;
mod words;

use super::{ConfigFile, Exit, Io};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::flow::tavle::Board;
use crate::store::{Moment, Store};
use anyhow::{Context, bail};
use chrono::NaiveDate;

/// Show where every municipality stands in one payout: first what needs you, and what to do about
/// it, then all of them by region. Without --dispositionsdato it is the payout whose reports may
/// still come, by the calendar of the configuration. Exit code 1 where something needs you.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigFile,
    /// The payout, such as 2026-11-30.
    #[arg(long, value_name = "DATE")]
    dispositionsdato: Option<NaiveDate>,
    /// A line for each municipality, as CSV; amounts in øre.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// JSON; amounts in øre.
    #[arg(long)]
    json: bool,
}

/// Runs the command. Works beside a running daemon.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let config = args.config.load()?;
    let now = SystemClock.now();
    let dispositionsdato = args.payout(&config, now)?;
    let store = super::look(&config)?;
    let board = Board::of(&config, &*store, dispositionsdato, now)?;
    let before = match args.dispositionsdato {
        None => unsettled_before(dispositionsdato, &config, &*store, now)?,
        Some(_) => None,
    };
    if args.csv {
        lists::csv(&board, io.out)?;
    } else if args.json {
        writeln!(io.out, "{:#}", lists::json(&board, before.as_ref()))?;
    } else {
        text::write(&board, before.as_ref(), now, io)?;
    }
    let is_good = before.is_none() && !board.has_problems();
    Ok(if is_good { Exit::Done } else { Exit::Faults })
}

/// The payout before this one, where that still needs somebody: its time is over, its problems are
/// not.
fn unsettled_before(
    dispositionsdato: NaiveDate,
    config: &Config,
    store: &dyn Store,
    now: Moment,
) -> anyhow::Result<Option<Board>> {
    let kalender = config.payouts.as_ref();
    let Some(before) = kalender.and_then(|all| all.previous(dispositionsdato)) else {
        return Ok(None);
    };
    let board = Board::of(config, store, before, now)?;
    // Before the first file of a new installation nothing was expected of anybody.
    Ok((board.is_touched() && board.has_problems()).then_some(board))
}

impl Args {
    /// The payout that is asked for.
    fn payout(&self, config: &Config, now: Moment) -> anyhow::Result<NaiveDate> {
        let file = self.config.path().display();
        match (self.dispositionsdato, &config.payouts) {
            (Some(date), Some(kalender)) if !kalender.is_dispositionsdato(date) => {
                let near = [kalender.previous(date), kalender.next(date)];
                let near: Vec<_> = near.iter().flatten().map(ToString::to_string).collect();
                bail!(
                    "{date} is no payout of the calendar in {file}; near it are {}",
                    near.join(" and ")
                )
            }
            (Some(date), _) => Ok(date),
            (None, Some(kalender)) => kalender.current(now).with_context(|| {
                format!("every payout of the calendar in {file} is over: give --dispositionsdato")
            }),
            (None, None) => {
                bail!("{file} has no [payouts]: give --dispositionsdato, or say when payouts are")
            }
        }
    }
}
