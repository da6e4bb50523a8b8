//! `modregn purge`: payloads whose time is over are removed.

use super::{ConfigFile, Exit, Io};
use crate::clock::SystemClock;
use crate::daemon::Engine;

/// Remove the payloads of files that were answered or rejected longer ago than the configuration's
/// `[retention]` says; their history stays. The daemon does so by itself.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigFile,
    /// List what would be removed, at most 1,000 files of each kind; remove nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let config = args.config.load()?;
    if args.dry_run {
        let engine = Engine::look(config, Box::new(SystemClock))?;
        let due = engine.purge_due()?;
        for transfer in &due {
            let since = super::danish(transfer.changed_at);
            writeln!(
                io.out,
                "{}  {}  since {since}  {}",
                transfer.id, transfer.state, transfer.place
            )?;
        }
        writeln!(io.out, "{} files would lose their payload", due.len())?;
    } else {
        let count = Engine::open(config, Box::new(SystemClock))?.purge()?;
        writeln!(io.out, "{count} files have lost their payload; their history stays")?;
    }
    Ok(Exit::Done)
}
