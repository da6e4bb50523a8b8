//! `modregn demo`: invented agreements and requests, answered by the same engine as `batch`.

use super::outcome::{Progress, answers, summary};
use super::{Exit, Io, batch, generate, import};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::daemon::{self, Engine};
use crate::domain::Miljoe;
use anyhow::bail;
use fs_err::{self as fs, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Make a work directory with invented agreements and requests, and answer them.
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
    where_everything_lies(&args.dir, io.out)?;
    batch::exit_of(report)
}

/// An empty work directory with its configuration.
fn prepare(dir: &Path) -> anyhow::Result<()> {
    if dir.join(MARKER).exists() {
        fs::remove_dir_all(dir)?;
    } else if dir.exists() && fs::read_dir(dir)?.next().is_some() {
        bail!("{} is not empty and no earlier demo: give another --dir", dir.display());
    }
    for directory in [REQUESTS, ANSWERS] {
        fs::create_dir_all(dir.join(directory))?;
    }
    fs::write(dir.join(MARKER), "This directory is replaced by the next `modregn demo`.\n")?;
    fs::write(dir.join(CONFIG), CONFIG_TEXT)?;
    Ok(())
}

fn where_everything_lies(dir: &Path, out: &mut dyn Write) -> std::io::Result<()> {
    let dir = dir.display();
    writeln!(
        out,
        "
Everything lies in {dir}:
  {CONFIG:<20} the configuration
  {AGREEMENTS:<20} the agreements that were imported
  {REQUESTS:<20} requests come here; answered ones have gone to the archive
  {ANSWERS:<20} the answers
  {state:<20} store, spool, archive, quarantine

Look further:
  modregn status --config {dir}/{CONFIG}
  modregn files list --config {dir}/{CONFIG}
  modregn layout show sf2530-svar
",
        state = "tilstand",
    )
}
