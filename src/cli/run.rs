//! `modregn run`: the daemon.

use super::{ConfigFile, Exit, Io};
use crate::clock::SystemClock;
use crate::daemon::{self, Engine};

/// Watch the inboxes and answer what comes, until SIGTERM.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigFile,
}

/// Runs the command.
pub(super) fn run(args: &Args, _io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let engine = Engine::open(args.config.load()?, Box::new(SystemClock))?;
    // Served until the daemon has ended.
    #[cfg(feature = "web")]
    let _server = crate::observe::web::start(engine.pulse())?;
    daemon::run(engine, &|| args.config.load(), &())?;
    Ok(Exit::Done)
}
