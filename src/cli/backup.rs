//! `modregn backup` and `modregn restore`: the whole state in another place, and back.

use super::levers::by;
use super::{ConfigFile, Exit, Io};
use crate::clock::{Clock, SystemClock};
use crate::store::{Note, SqliteStore, Store};
use crate::transfer::backup::{self, Manifest};
use crate::transfer::levers::reason;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Copy the whole state (store, spool, archive, quarantine) to another place, while everybody goes
/// on working. It holds personal data: keep it where others cannot read it.
#[derive(Debug, clap::Args)]
pub(super) struct Backup {
    #[command(flatten)]
    config: ConfigFile,
    /// The directory that gets a directory for each backup. On another disk.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Remove all but so many of the newest ones afterwards.
    #[arg(long, value_name = "N")]
    keep: Option<NonZeroUsize>,
}

/// Put a backup into the state directory, which must be empty; modregn must not run. What happened
/// after the backup was made is not in it: docs/disaster-recovery.md says what to do about that.
#[derive(Debug, clap::Args)]
pub(super) struct Restore {
    #[command(flatten)]
    config: ConfigFile,
    /// The backup: the directory with `manifest.json` in it.
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// Only check the backup, byte for byte; touch nothing.
    #[arg(long, conflicts_with = "reason")]
    check: bool,
    /// Why; kept with your name in the event log. No citizen's data.
    #[arg(long, value_name = "TEXT", value_parser = reason, required_unless_present = "check")]
    reason: Option<String>,
}

/// Makes a backup.
pub(super) fn backup(args: &Backup, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let config = args.config.load()?;
    let (place, manifest) = backup::make(&config.state_dir, &args.to, SystemClock.now())?;
    writeln!(io.out, "{}: {}", place.display(), describe(&manifest))?;
    if let Some(newest) = args.keep {
        let removed = backup::keep(&args.to, newest.get())?;
        if !removed.is_empty() {
            writeln!(io.out, "removed {} older ones", removed.len())?;
        }
    }
    Ok(Exit::Done)
}

/// Restores one.
pub(super) fn restore(args: &Restore, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let config = args.config.load()?;
    let Some(why) = &args.reason else {
        let manifest = backup::check(&args.from)?;
        writeln!(io.out, "{}: good: {}", args.from.display(), describe(&manifest))?;
        return Ok(Exit::Done);
    };
    let by = by(why)?;
    let manifest = backup::restore(&args.from, &config.state_dir, config.miljoe)?;
    let mut store = SqliteStore::open(&config.store_path(), config.miljoe)?;
    let note = Note { subject: "store", what: "restored", problem: None, by: Some(&by) };
    store.note(&note, SystemClock.now())?;
    writeln!(io.out, "{}: restored: {}", config.state_dir.display(), describe(&manifest))?;
    writeln!(
        io.out,
        "What happened after {} is not in it: docs/disaster-recovery.md says what to do.",
        super::danish(manifest.made_at)
    )?;
    Ok(Exit::Done)
}

fn describe(manifest: &Manifest) -> String {
    let Manifest { made_at, store, files, version } = manifest;
    let bytes: u64 = files.values().map(|kept| kept.size).sum();
    format!(
        "{}, as of {}, {} events, {} files, {} (modregn {version})",
        store.miljoe,
        super::danish(*made_at),
        store.events,
        files.len(),
        indicatif::HumanBytes(bytes)
    )
}
