//! `modregn debitor correct` and `cancel`.

use super::{Cancel, Correct};
use crate::cli::{Exit, Io, import, levers};
use crate::clock::{Clock, SystemClock};
use crate::domain::debitor::RegistreringId;
use crate::store::{EntrySummary, Note, Registrations, SqliteStore, Store};

pub(super) fn correct(args: &Correct, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let config = args.config.load()?;
    let by = levers::by(&args.reason.reason)?;
    let id = RegistreringId(args.id);
    let mut store = SqliteStore::open(&config.store_path(), config.miljoe)?;
    if store.registrering(id)?.is_none() {
        writeln!(io.err, "there is no registration {id}")?;
        return Ok(Exit::Faults);
    }
    let file = (args.file.as_path(), false);
    let entered =
        import::enter(&mut store, &config, file, &|correction| correction.retter = Some(id), io)?;
    let Some(EntrySummary { new, .. }) = entered else { return Ok(Exit::Faults) };
    if new == 0 {
        writeln!(io.out, "{id} is corrected already; nothing was changed")?;
        return Ok(Exit::Done);
    }
    let subject = format!("registrering {id}");
    let note = Note { subject: &subject, what: "correct", problem: None, by: Some(&by) };
    store.note(&note, SystemClock.now())?;
    writeln!(io.out, "{id} is corrected; the correction leaves with the next transfer")?;
    Ok(Exit::Done)
}

pub(super) fn cancel(args: &Cancel, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let config = args.config.load()?;
    let by = levers::by(&args.reason.reason)?;
    let mut store = SqliteStore::open(&config.store_path(), config.miljoe)?;
    let mut exit = Exit::Done;
    for id in args.ids.iter().map(|id| RegistreringId(*id)) {
        if store.annul(id, &by, SystemClock.now())?.is_some() {
            writeln!(io.out, "{id} is cancelled; the next one of its debitorkonto can leave")?;
            continue;
        }
        exit = Exit::Faults;
        match store.registrering(id)? {
            None => writeln!(io.err, "there is no registration {id}")?,
            Some(sag) => writeln!(
                io.err,
                "{id} is {}: only one that is modtaget or afvist can be cancelled; where its \
                 transfer has not left, cancel that first (modregn debitor show {id})",
                sag.stand.tilstand
            )?,
        }
    }
    Ok(exit)
}
