//! `modregn generate`: invented data from a seed.

use super::{Exit, Io};
use crate::domain::{Miljoe, Udbetalingsperiode};
use crate::generate::{
    Deviations, Plan, Udbetalingsrapport, aftaler, forespoergsler, transaktioner,
};
use crate::layout::{Layout, Layouts};
use crate::message::aftaler_csv::Writer;
use crate::message::{forespoergsel, udbetaling};
use anyhow::{Context, ensure};
use chrono::NaiveDate;
use clap::Subcommand;
use fs_err::{self as fs, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    /// Requests before a payout (SF2530), one file for each municipality.
    Forespoergsel {
        #[command(flatten)]
        frame: FrameArgs,
        #[command(flatten)]
        files: FilesArgs,
    },
    /// Reports after a payout (SF2520), one file for each municipality: what would be withheld
    /// where the same seed's agreements were answered.
    Udbetaling {
        #[command(flatten)]
        plan: PlanArgs,
        #[command(flatten)]
        files: FilesArgs,
        #[command(flatten)]
        deviations: DeviationsArgs,
    },
}

#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct FrameArgs {
    /// The same seed gives the same data.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many municipalities, the first ones by code.
    #[arg(long, default_value_t = 98, value_parser = clap::value_parser!(u16).range(1..=98))]
    kommuner: u16,
    /// The payout day.
    #[arg(long, default_value = "2026-12-30", value_name = "YYYY-MM-DD")]
    dispositionsdato: NaiveDate,
}

#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    frame: FrameArgs,
    /// How many agreements in all; four in five are active on the payout day.
    #[arg(long, default_value_t = 100_000)]
    aftaler: u64,
}

#[derive(Clone, Debug, clap::Args)]
pub(super) struct FilesArgs {
    /// Directory to write them into; made if it is not there.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// PROD or TEST, as the files say it.
    #[arg(long, default_value = "TEST", value_parser = miljoe)]
    miljoe: Miljoe,
}

#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct DeviationsArgs {
    /// Of 100 transactions, how many are withheld in part.
    #[arg(long, default_value_t = 5, value_name = "PERCENT")]
    partial: u32,
    /// How many have no payout to withhold from.
    #[arg(long, default_value_t = 2, value_name = "PERCENT")]
    none: u32,
    /// How many are not reported at all.
    #[arg(long, default_value_t = 2, value_name = "PERCENT")]
    missing: u32,
    /// From how many more is withheld than was asked for.
    #[arg(long, default_value_t = 1, value_name = "PERCENT")]
    over: u32,
    /// In place of how many another agreement is reported, which nobody asked for.
    #[arg(long, default_value_t = 0, value_name = "PERCENT")]
    unexpected: u32,
}

fn miljoe(code: &str) -> Result<Miljoe, &'static str> {
    Miljoe::parse(code).ok_or("expected PROD or TEST")
}

impl FrameArgs {
    fn plan(self, aftaler: u64) -> anyhow::Result<Plan> {
        let kommuner = usize::from(self.kommuner);
        Ok(Plan::new(self.seed, kommuner, aftaler, self.dispositionsdato)?)
    }
}

impl PlanArgs {
    /// The month of the payout.
    pub(super) fn periode(self) -> anyhow::Result<Udbetalingsperiode> {
        Ok(Udbetalingsperiode::of(self.frame.dispositionsdato)?)
    }

    pub(super) fn plan(self) -> anyhow::Result<Plan> {
        self.frame.plan(self.aftaler)
    }
}

impl DeviationsArgs {
    fn check(self) -> anyhow::Result<Deviations> {
        let Self { partial, none, missing, over, unexpected } = self;
        let all = [partial, none, missing, over, unexpected];
        let sum = all.into_iter().fold(0, u32::saturating_add);
        ensure!(
            sum <= 100,
            "--partial, --none, --missing, --over and --unexpected are {sum} % together"
        );
        Ok(Deviations { partial, none, missing, over, unexpected })
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
        Generate::Forespoergsel { frame, files } => {
            write_requests(&frame.plan(0)?, files.miljoe, &files.dir)?;
        }
        Generate::Udbetaling { plan, files, deviations } => {
            write_reports(&plan.plan()?, deviations.check()?, files.miljoe, &files.dir)?;
        }
    }
    Ok(Exit::Done)
}

fn builtin(id: &str) -> anyhow::Result<Arc<Layout>> {
    Layouts::builtin().get(id).with_context(|| format!("no layout {id} is built in"))
}

/// Writes the plan's requests into a directory: `SF2530_<kommunekode>_<udbetalingsperiode>.txt`.
pub(super) fn write_requests(plan: &Plan, miljoe: Miljoe, dir: &Path) -> anyhow::Result<()> {
    let format = forespoergsel::Format::bind(&*builtin("sf2530-forespoergsel")?)?;
    fs::create_dir_all(dir)?;
    for request in forespoergsler(plan, miljoe) {
        let name = format!("SF2530_{}_{}.txt", request.kommunekode, request.udbetalingsperiode);
        format.write(&request, File::create(dir.join(name))?)?;
    }
    Ok(())
}

/// Writes the plan's reports into a directory: `SF2520_<kommunekode>_<udbetalingsperiode>.txt`.
pub(super) fn write_reports(
    plan: &Plan,
    deviations: Deviations,
    miljoe: Miljoe,
    dir: &Path,
) -> anyhow::Result<()> {
    let format = udbetaling::Format::bind(&*builtin("sf2520-kontanthjaelpsudbetaling")?)?;
    fs::create_dir_all(dir)?;
    for (request, (_, answer)) in forespoergsler(plan, miljoe).zip(transaktioner(plan)) {
        let mut report = Udbetalingsrapport::new(plan, &request, deviations);
        let name = format!("SF2520_{}_{}.txt", request.kommunekode, request.udbetalingsperiode);
        let out = File::create(dir.join(name))?;
        let mut file = format.begin(report.udbetaling(), out)?;
        for transaktion in &answer {
            if let Some(indberetning) = report.report(transaktion) {
                file.indberetning(&indberetning)?;
            }
        }
        file.finish()?;
    }
    Ok(())
}

pub(super) fn write_csv(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = Writer::new(out)?;
    for aftale in aftaler(plan) {
        csv.write(&aftale)?;
    }
    csv.finish()
}
