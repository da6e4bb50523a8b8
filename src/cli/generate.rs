//! `modregn generate`: invented data from a seed.

use super::{Exit, Io};
use crate::domain::Aftale;
use crate::generate::{Plan, aftaler};
use chrono::NaiveDate;
use clap::Subcommand;
use fs_err::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(super) enum Generate {
    /// Agreements, as a CSV file that `modregn import aftaler` takes.
    Aftaler {
        #[command(flatten)]
        plan: PlanArgs,
        /// File to write; without it the CSV goes to standard output.
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct PlanArgs {
    /// The same seed gives the same data.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many municipalities, the first ones by code.
    #[arg(long, default_value_t = 98, value_parser = clap::value_parser!(u16).range(1..=98))]
    kommuner: u16,
    /// How many agreements in all; four in five are active on the payout day.
    #[arg(long, default_value_t = 100_000)]
    aftaler: u64,
    /// The payout day.
    #[arg(long, default_value = "2026-12-30", value_name = "YYYY-MM-DD")]
    dispositionsdato: NaiveDate,
}

impl PlanArgs {
    pub(super) fn plan(self) -> anyhow::Result<Plan> {
        let kommuner = usize::from(self.kommuner);
        Ok(Plan::new(self.seed, kommuner, self.aftaler, self.dispositionsdato)?)
    }
}

pub(super) fn run(generate: Generate, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    match generate {
        Generate::Aftaler { plan, output } => {
            let plan = plan.plan()?;
            match output {
                Some(path) => write_csv(&plan, &mut BufWriter::new(File::create(path)?))?,
                None => write_csv(&plan, &mut *io.out)?,
            }
        }
    }
    Ok(Exit::Done)
}

/// The header of the agreements' CSV file; `modregn import aftaler` reads it.
const HEADER: [&str; 10] = [
    "aftale_id",
    "kommunekode",
    "cpr",
    "beloeb",
    "ydelsestype",
    "gyldig_fra",
    "gyldig_til",
    "prioritet",
    "fordring_id",
    "status",
];

pub(super) fn write_csv(plan: &Plan, out: &mut dyn Write) -> csv::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(HEADER)?;
    for aftale in aftaler(plan) {
        csv.write_record(row(&aftale))?;
    }
    Ok(csv.flush()?)
}

fn row(aftale: &Aftale) -> [String; 10] {
    [
        aftale.aftale_id.to_string(),
        aftale.kommunekode.to_string(),
        aftale.cpr.as_unmasked_str().to_owned(),
        aftale.beloeb.oere().to_string(),
        aftale.ydelsestype.code().to_owned(),
        aftale.gyldig_fra.to_string(),
        aftale.gyldig_til.map_or_else(String::new, |til| til.to_string()),
        aftale.prioritet.number().to_string(),
        aftale.fordring_id.as_ref().map_or_else(String::new, ToString::to_string),
        aftale.status.word().to_owned(),
    ]
}
