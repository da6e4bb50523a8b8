//! `modregn metrics`: how things are, for Prometheus.

use super::{ConfigFile, Exit, Io};
use crate::clock::{Clock, SystemClock};
use crate::observe::figures::Figures;
use crate::observe::metrics;
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Print how things are now, as metrics for Prometheus.
///
/// Nothing listens for it: a timer has them written for node-exporter's textfile collector.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigFile,
    /// Into this file, which is replaced in one step and that everyone may read.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the command. Works beside a running daemon.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let config = args.config.load()?;
    let store = super::look(&config)?;
    let now = SystemClock.now();
    let figures = Figures::count(&config, &*store, now)?;
    let text = metrics::render(&config, &*store, &figures, None, now)?;
    match &args.output {
        Some(path) => replace(path, &text)?,
        None => io.out.write_all(text.as_bytes())?,
    }
    Ok(Exit::Done)
}

/// The collector reads every name that ends as a finished one does: the temporary one does not.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut file = tempfile::Builder::new()
        .prefix(".modregn-")
        .suffix(".tmp")
        .tempfile_in(directory.unwrap_or(Path::new(".")))?;
    // Whatever our umask is.
    file.as_file().set_permissions(Permissions::from_mode(0o644))?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}
