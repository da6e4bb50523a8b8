//! `modregn simulate`: stand-ins for others.

use super::{Exit, Io};
use crate::clock::{Clock, SystemClock};
use crate::domain::Cvr;
use crate::endpoint::serviceplatformen::{Authority, MetadataRoot};
use crate::simulate::{Act, Platform, ReceiptPlace, Rule, Rules, Settings, Verdict, What};
use chrono::TimeDelta;
use clap::{Subcommand, ValueEnum};
use crossbeam_channel::{bounded, select};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Subcommand)]
pub(super) enum Simulate {
    Serviceplatformen(Args),
}

/// Stand in for Serviceplatformen's SFTP, over directories that any SFTP server serves: what users
/// put into OUT comes to the recipients' IN, with metadata and receipts; see docs/simulate.md.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Has a directory for each SFTP user, in it an IN and an OUT.
    #[arg(long, value_name = "DIR")]
    root: PathBuf,
    /// Do what there is to do now, then stop.
    #[arg(long)]
    once: bool,
    /// Where senders find technical receipts: their IN, or the directory they start in.
    #[arg(long, value_enum, default_value_t)]
    receipts: Receipts,
    /// The root element of .metadata files; some clients know only one.
    #[arg(long, value_enum, default_value_t)]
    metadata: Metadata,
    /// The end of a business receipt's name.
    #[arg(long, default_value = ".businessreceipt", value_name = "SUFFIX")]
    business_suffix: String,
    /// Which user receives what is routed to an authority; may be given more than once.
    #[arg(long, value_name = "CVR=USER", value_parser = routing)]
    routing: Vec<(Authority, String)>,
    /// Treat files of these names wrongly: late, twice, contradict, stray, lose, refuse,
    /// wrong-size, unknown-recipient or unknown-sender. May be given more than once.
    #[arg(long, value_name = "PATTERN=WORD")]
    rule: Vec<Rule>,
    /// Answer for the recipients of files of these names: ACCEPTED, REJECTED or
    /// COULD_NOT_NOTIFY_RECIPIENT. May be given more than once.
    #[arg(long, value_name = "PATTERN=WORD")]
    answer: Vec<Verdict>,
    /// Of 100 files that no rule speaks of, how many are treated wrongly.
    #[arg(
        long, default_value_t = 0, value_name = "PERCENT",
        value_parser = clap::value_parser!(u8).range(0..=100)
    )]
    misbehave: u8,
    /// Which ones, and how: the same seed and names give the same.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How late a late receipt is, seconds.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    late: u32,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Receipts {
    #[default]
    In,
    Root,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Metadata {
    #[default]
    Trigger,
    #[value(name = "FileMetadata", alias = "file-metadata")]
    FileMetadata,
}

/// Between two looks at the directories.
const PAUSE: Duration = Duration::from_millis(200);

fn routing(text: &str) -> Result<(Authority, String), String> {
    let (cvr, user) = text.split_once('=').ok_or("expected CVR=USER")?;
    let cvr = Cvr::parse(cvr.as_bytes()).map_err(|error| error.to_string())?;
    Ok((cvr.into(), user.to_owned()))
}

/// Runs the command.
pub(super) fn run(simulate: Simulate, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let Simulate::Serviceplatformen(args) = simulate;
    let once = args.once;
    let platform = Platform::new(args.settings());
    if once {
        for act in platform.pass(SystemClock.now())? {
            writeln!(io.out, "{act}")?;
        }
    } else {
        work(&platform, io)?;
    }
    Ok(Exit::Done)
}

/// Until SIGTERM or SIGINT. That a file waits is said once.
fn work(platform: &Platform, io: &mut Io<'_>) -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let (stop, stopped) = bounded::<()>(0);
    std::thread::spawn(move || {
        signals.forever().next();
        drop(stop);
    });
    let mut waiting: Vec<Act> = Vec::new();
    loop {
        let acts = platform.pass(SystemClock.now())?;
        for act in acts.iter().filter(|act| !waiting.contains(act)) {
            writeln!(io.out, "{act}")?;
        }
        io.out.flush()?;
        waiting = acts.into_iter().filter(|act| matches!(act.what, What::Waits(_))).collect();
        select! {
            recv(stopped) -> _ => return Ok(()),
            default(PAUSE) => {}
        }
    }
}

impl Args {
    fn settings(self) -> Settings {
        Settings {
            root: self.root,
            receipts: match self.receipts {
                Receipts::In => ReceiptPlace::In,
                Receipts::Root => ReceiptPlace::Root,
            },
            metadata_root: match self.metadata {
                Metadata::Trigger => MetadataRoot::Trigger,
                Metadata::FileMetadata => MetadataRoot::FileMetadata,
            },
            business_suffix: self.business_suffix,
            routing: self.routing.into_iter().collect::<BTreeMap<_, _>>(),
            late: TimeDelta::seconds(self.late.into()),
            rules: Rules::new(self.rule, self.answer, self.seed, self.misbehave),
        }
    }
}
