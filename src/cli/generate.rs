//! `modregn generate`: invented data from a seed.

use super::{Exit, Io};
use crate::domain::{Fagsystem, Kommunekode, Miljoe, Udbetalingsperiode};
use crate::generate::{
    Deviations, Plan, Registreringsplan, Udbetalingsrapport, aftaler, debitorregistreringer,
    forespoergsler, ruter, sortiment, transaktioner,
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
        #[command(flatten)]
        output: OutputArgs,
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
    /// Debitorregistreringer (SF1590_B_02), as lines of JSON that `modregn import
    /// debitorregistreringer` takes.
    Debitorregistreringer {
        #[command(flatten)]
        plan: RegistreringerArgs,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// The classes of those registrations, as a CSV file that `modregn import sortiment` takes.
    Sortiment {
        /// The system that uses them.
        #[arg(long, default_value = FAGSYSTEM, value_parser = Fagsystem::parse)]
        fagsystem: Fagsystem,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Routes to debitorsystemer, as a CSV file that `modregn import ruter` takes: the
    /// municipalities are dealt over the endpoints.
    Ruter {
        /// all, or codes with commas between them.
        #[arg(long, default_value = "all", value_parser = kommuner, value_name = "CODES")]
        kommuner: Kommuner,
        /// Endpoints of the configuration, with commas between them.
        #[arg(long, value_delimiter = ',', required = true, value_name = "NAMES")]
        endpoint: Vec<String>,
        #[command(flatten)]
        output: OutputArgs,
    },
}

/// Who sends the invented registrations where nobody says otherwise.
const FAGSYSTEM: &str = "FAGSYSTEM";

/// Municipalities by code.
#[derive(Clone, Debug)]
pub(super) struct Kommuner(Vec<Kommunekode>);

#[derive(Clone, Debug, clap::Args)]
pub(super) struct OutputArgs {
    /// File to write; without it everything goes to standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Debug, clap::Args)]
pub(super) struct RegistreringerArgs {
    /// The same seed gives the same data.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// all, or codes with commas between them.
    #[arg(long, default_value = "all", value_parser = kommuner, value_name = "CODES")]
    kommuner: Kommuner,
    /// How many registrations in all.
    #[arg(long, default_value_t = 10_000)]
    antal: u64,
    /// On how many debitorkonti; one for every four registrations, where it is not said.
    #[arg(long)]
    konti: Option<u64>,
    /// The system that sends them.
    #[arg(long, default_value = FAGSYSTEM, value_parser = Fagsystem::parse)]
    fagsystem: Fagsystem,
    /// The first day on which they are entered.
    #[arg(long, default_value = "2026-12-01", value_name = "YYYY-MM-DD")]
    begynder: NaiveDate,
    /// Of a thousand, how many a debitorsystem must reject for what its ledger knows.
    #[arg(long, default_value_t = 0)]
    fejl: u32,
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

fn kommuner(text: &str) -> Result<Kommuner, String> {
    if text == "all" {
        return Ok(Kommuner(Kommunekode::all().collect()));
    }
    let mut all = Vec::new();
    for code in text.split(',') {
        let kode = Kommunekode::parse(code.as_bytes()).map_err(|error| error.to_string())?;
        if all.contains(&kode) {
            return Err(format!("{code} stands there twice"));
        }
        all.push(kode);
    }
    Ok(Kommuner(all))
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

impl RegistreringerArgs {
    fn plan(self) -> anyhow::Result<Registreringsplan> {
        let konti = self.konti.unwrap_or_else(|| self.antal.div_ceil(4));
        let numbers = (self.antal, konti);
        let Kommuner(kommuner) = self.kommuner;
        let plan =
            Registreringsplan::new(self.seed, self.fagsystem, kommuner, self.begynder, numbers)?;
        Ok(plan.with_fejl(self.fejl)?)
    }
}

impl OutputArgs {
    fn write(
        self,
        io: &mut Io<'_>,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let Some(path) = self.output else { return write(&mut *io.out) };
        let mut out = BufWriter::new(File::create(path)?);
        write(&mut out)?;
        out.flush()
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
            output.write(io, |out| write_csv(&plan, out))?;
        }
        Generate::Forespoergsel { frame, files } => {
            write_requests(&frame.plan(0)?, files.miljoe, &files.dir)?;
        }
        Generate::Udbetaling { plan, files, deviations } => {
            write_reports(&plan.plan()?, deviations.check()?, files.miljoe, &files.dir)?;
        }
        Generate::Debitorregistreringer { plan, output } => {
            let plan = plan.plan()?;
            output.write(io, |out| write_registrations(&plan, out))?;
        }
        Generate::Sortiment { fagsystem, output } => {
            output.write(io, |out| write_sortiment(&fagsystem, out))?;
        }
        Generate::Ruter { kommuner, endpoint, output } => {
            output.write(io, |out| write_ruter(&kommuner.0, &endpoint, out))?;
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

fn write_registrations(plan: &Registreringsplan, out: &mut dyn Write) -> io::Result<()> {
    let mut line = Vec::new();
    for indtastet in debitorregistreringer(plan) {
        line.clear();
        serde_json::to_writer(&mut line, &indtastet.registrering)?;
        line.push(b'\n');
        out.write_all(&line)?;
    }
    Ok(())
}

fn write_sortiment(fagsystem: &Fagsystem, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["fagsystem", "liste", "klasse", "betegnelse", "gyldig_fra", "gyldig_til"])?;
    for klasse in sortiment(fagsystem) {
        let gyldig_fra = klasse.gyldig_fra.to_string();
        csv.write_record([
            klasse.fagsystem.as_str(),
            klasse.liste.word(),
            klasse.klasse.as_str(),
            &klasse.betegnelse,
            &gyldig_fra,
            "",
        ])?;
    }
    csv.flush()
}

fn write_ruter(
    kommuner: &[Kommunekode],
    endpoints: &[String],
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record([
        "kommunekode",
        "myndighed_cvr",
        "debitorsystem",
        "endpoint",
        "overfoerselstype",
        "gyldig_fra",
        "gyldig_til",
    ])?;
    for rute in ruter(kommuner, endpoints) {
        csv.write_record([
            &rute.kommunekode.to_string(),
            &rute.myndighed_cvr.to_string(),
            rute.debitorsystem.as_str(),
            &rute.endpoint,
            rute.overfoerselstype.word(),
            &rute.gyldig_fra.to_string(),
            "",
        ])?;
    }
    csv.flush()
}
