//! `modregn demo`: invented agreements, requests and reports, answered and settled by the same
//! engine as `batch`.

use super::outcome::{Progress, answers, summary};
use super::report::figures;
use super::{Exit, Io, batch, generate, import};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::daemon::{self, Engine};
use crate::domain::{Miljoe, Udbetalingsperiode};
use crate::generate::Deviations;
use crate::store::AfstemningFilter;
use anyhow::bail;
use fs_err::{self as fs, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Make a work directory with invented agreements and requests, answer them, and settle what is
/// reported after the payout.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The work directory; an earlier demo in it is replaced.
    #[arg(long, default_value = "demo", value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    plan: generate::PlanArgs,
}

/// Says that a directory is a demo's, and may be replaced by the next.
const MARKER: &str = "modregn-demo";
const CONFIG: &str = "modregn.toml";
const AGREEMENTS: &str = "aftaler.csv";
const REQUESTS: &str = "udveksling/til-udk";
const ANSWERS: &str = "udveksling/fra-udk";
const REPORTS: &str = "udveksling/indberetninger";
const REFUSED: &str = "udveksling/afvist";

/// What of the invented reports is not as it was asked for, in percent.
const DEVIATIONS: Deviations =
    Deviations { partial: 5, none: 2, missing: 2, over: 1, unexpected: 1 };

const CONFIG_TEXT: &str = r#"# Made by `modregn demo`: one directory to the other. All invented.
miljoe = "TEST"
state_dir = "tilstand"

[endpoint.udveksling]
kind = "local"
path = "udveksling"

[[route]]
flow = "sf2530"

[route.inbox]
endpoint = "udveksling"
directory = "til-udk"

[route.inbox.plain]
pattern = "SF2530_*.txt"
complete = "rename"
processed = "delete"

[route.outbox]
endpoint = "udveksling"
directory = "fra-udk"
name = "SF2530_svar_{kommunekode}_{forespoergsel_id}.txt"

[[route]]
flow = "sf2520"
accept = "records"

[route.inbox]
endpoint = "udveksling"
directory = "indberetninger"

[route.inbox.plain]
pattern = "SF2520_*.txt"
complete = "rename"
processed = "delete"

[route.outbox]
endpoint = "udveksling"
directory = "afvist"
name = "SF2520_afvist_{kommunekode}_{udbetaling_id}.json"
"#;

/// Runs the command.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let plan = args.plan.plan()?;
    prepare(&args.dir)?;
    let config = Config::load(&args.dir.join(CONFIG))?;
    let agreements = args.dir.join(AGREEMENTS);
    generate::write_csv(&plan, &mut BufWriter::new(File::create(&agreements)?))?;
    import::all(agreements, args.dir.join(CONFIG), io)?;
    generate::write_requests(&plan, Miljoe::Test, &args.dir.join(REQUESTS))?;

    let begun = Instant::now();
    let engine = Engine::open(config, Box::new(SystemClock))?;
    let progress = Progress::new(io.terminal);
    let report = daemon::batch(&engine, &progress);
    progress.finish();
    let took = begun.elapsed();

    writeln!(io.out, "{}\n", answers(&report).trim_fmt())?;
    summary(io.out, &report)?;
    writeln!(io.out, "{:.2} s from the requests to the last answer.", took.as_secs_f64())?;
    if !report.files.iter().all(|file| file.verdict.problem().is_none()) {
        return batch::exit_of(report);
    }
    writeln!(io.out, "\nThen the municipalities pay out, and report what they withheld:\n")?;
    generate::write_reports(&plan, DEVIATIONS, Miljoe::Test, &args.dir.join(REPORTS))?;
    let report = daemon::batch(&engine, &progress);
    progress.finish();
    summary(io.out, &report)?;
    let periode = args.plan.periode()?;
    let filter = AfstemningFilter { periode: Some(periode), ..AfstemningFilter::default() };
    let figures = engine.desk().store().afstemning(&filter)?;
    figures::summary(&figures::all(&figures), periode, io.out)?;
    where_everything_lies(&args.dir, periode, io.out)?;
    batch::exit_of(report)
}

/// An empty work directory with its configuration.
fn prepare(dir: &Path) -> anyhow::Result<()> {
    if dir.join(MARKER).exists() {
        fs::remove_dir_all(dir)?;
    } else if dir.exists() && fs::read_dir(dir)?.next().is_some() {
        bail!("{} is not empty and no earlier demo: give another --dir", dir.display());
    }
    for directory in [REQUESTS, ANSWERS, REPORTS, REFUSED] {
        fs::create_dir_all(dir.join(directory))?;
    }
    fs::write(dir.join(MARKER), "This directory is replaced by the next `modregn demo`.\n")?;
    fs::write(dir.join(CONFIG), CONFIG_TEXT)?;
    Ok(())
}

fn where_everything_lies(
    dir: &Path,
    periode: Udbetalingsperiode,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let dir = dir.display();
    writeln!(
        out,
        "
Everything lies in {dir}:
  {CONFIG:<25} the configuration
  {AGREEMENTS:<25} the agreements that were imported
  {REQUESTS:<25} requests come here; answered ones have gone to the archive
  {ANSWERS:<25} the answers
  {REPORTS:<25} reports come here; they go to the archive too
  {state:<25} store, spool, archive, quarantine

Look further:
  modregn status --config {dir}/{CONFIG}
  modregn files list --config {dir}/{CONFIG}
  modregn report forventninger --periode {periode} --config {dir}/{CONFIG}
  modregn layout show sf2530-svar
",
        state = "tilstand",
    )
}
