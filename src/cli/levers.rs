//! What an operator can do to files and endpoints: `modregn retry`, `replay`, `release`, `reject`,
//! `hold`, `cancel`, `mark-delivered` and `resume`.

use super::{ConfigFile, Exit, Io};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::daemon::bury_the_dead;
use crate::store::{By, SqliteStore, Store};
use crate::transfer::levers::{Lever, reason};
use crate::transfer::spool::Spool;
use anyhow::{Context, bail, ensure};
use std::env;
use std::path::PathBuf;
use uuid::Uuid;

/// Which files, and why.
#[derive(Debug, clap::Args)]
pub(super) struct Files {
    #[command(flatten)]
    config: ConfigFile,
    #[command(flatten)]
    reason: Reason,
    /// The transfers' ids, as `files list` and `status` show them.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<Uuid>,
}

/// Which files to process again, and why.
#[derive(Debug, clap::Args)]
pub(super) struct Replay {
    #[command(flatten)]
    files: Files,
    /// For requests whose archived bytes are encrypted: a file with the age identity that can
    /// decrypt them.
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
}

/// Which endpoint, and why.
#[derive(Debug, clap::Args)]
pub(super) struct Endpoint {
    #[command(flatten)]
    config: ConfigFile,
    #[command(flatten)]
    reason: Reason,
    /// The endpoint's name in the configuration.
    #[arg(value_name = "ENDPOINT")]
    name: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Reason {
    /// Why; kept with your name in the event log. No citizen's data.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub(super) reason: String,
}

/// The person, as this machine knows them, with their reason.
pub(super) fn by(why: &str) -> anyhow::Result<By> {
    let own = rustix::process::getuid().as_raw();
    // Who became root by sudo is known by their own name.
    let sudo = || env::var("SUDO_UID").ok()?.parse().ok();
    let uid = if own == 0 { sudo().unwrap_or(own) } else { own };
    let Some(user) = uzers::get_user_by_uid(uid) else {
        bail!("this machine knows no user {uid}: who acts must be known by name");
    };
    Ok(By { who: user.name().to_string_lossy().into_owned(), why: why.to_owned() })
}

fn open(config: &Config) -> anyhow::Result<SqliteStore> {
    let mut store = SqliteStore::open(&config.store_path(), config.miljoe)?;
    // What a process that crashed had claimed is no longer being worked on.
    bury_the_dead(&config.state_dir, &mut store, None, SystemClock.now())?;
    Ok(store)
}

/// Pulls a lever for each file. One that does not move stops none of the others.
pub(super) fn pull(lever: Lever, args: &Files, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let config = args.config.load()?;
    let by = by(&args.reason.reason)?;
    let mut store = open(&config)?;
    let mut exit = Exit::Done;
    for &id in &args.ids {
        match lever.pull(&mut store, id, &by, config.operators.four_eyes, SystemClock.now()) {
            Ok(transfer) => writeln!(io.out, "{id} is {}: {}", transfer.state, transfer.place)?,
            Err(error) => {
                writeln!(io.err, "{error}")?;
                exit = Exit::Faults;
            }
        }
    }
    Ok(exit)
}

/// Pulls [`Lever::Replay`], after decrypting what is encrypted.
pub(super) fn replay(args: &Replay, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let spool = Spool::new(&args.files.config.load()?.state_dir);
    for &id in args.files.ids.iter().filter(|id| spool.is_sealed(**id)) {
        match &args.identity {
            Some(identity) => spool.unseal(id, identity).with_context(|| id.to_string())?,
            None => bail!("{id} is encrypted in the archive: give --identity FILE"),
        }
    }
    pull(Lever::Replay, &args.files, io)
}

/// Says that an endpoint is mended.
pub(super) fn resume(args: &Endpoint, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let config = args.config.load()?;
    let name = &args.name;
    ensure!(config.endpoints.contains_key(name), "there is no [endpoint.{name}]");
    let by = by(&args.reason.reason)?;
    if open(&config)?.resume(name, &by, SystemClock.now())? {
        writeln!(io.out, "{name} is resumed: the next pass asks it again")?;
    } else {
        writeln!(io.out, "{name} was not paused")?;
    }
    Ok(Exit::Done)
}
