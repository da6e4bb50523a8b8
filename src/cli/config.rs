//! `modregn config`: the configuration looked at on its own.

use super::{ConfigFile, Exit, Io};
use crate::config;
use crate::daemon::Engine;
use clap::Subcommand;

/// Check a configuration, or write an example.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the configuration and the layouts it names; touch nothing.
    Check(ConfigFile),
    /// Write an example configuration in which every setting is explained.
    Example,
}

/// Runs the command.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Check(file) => {
            let config = file.load()?;
            Engine::check(&config)?;
            writeln!(
                io.out,
                "{}: good ({}, {} endpoints, {} routes)",
                file.path().display(),
                config.miljoe,
                config.endpoints.len(),
                config.routes.len()
            )?;
        }
        Command::Example => io.out.write_all(config::EXAMPLE.as_bytes())?,
    }
    Ok(Exit::Done)
}
