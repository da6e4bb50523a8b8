//! Has Serviceplatformen send a file that stands at its destination: puts the trigger beside it. A
//! restart calls [`put`] again. May use `endpoint`, `store` and the spool.

use super::delivery::temporary_name;
use super::spool::write_durably;
use super::state::Event;
use super::{Desk, TransferError, problem_of};
use crate::crash::{self, Point};
use crate::endpoint::serviceplatformen::{Parcel, Sending};
use crate::endpoint::{Endpoint, FileName, NotAFileName};
use crate::fault::Code;
use crate::store::{Step, Transfer};
use std::io;
use std::thread;
use std::time::Duration;

/// Whether an earlier try may have put the trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Try {
    /// The file was published just now.
    First,
    /// It was published earlier, perhaps by another process: the platform may have it already.
    Further,
}

/// Triggers one published transfer; gives it in [`State::Triggered`](super::state::State).
pub fn put(
    desk: &Desk<'_>,
    endpoint: &mut dyn Endpoint,
    transfer: &Transfer,
    (sending, nth): (&Sending, Try),
) -> Result<Transfer, TransferError> {
    let done = nth == Try::Further && was_put(endpoint, transfer)?;
    let done = if done { Ok(()) } else { publish(desk, endpoint, transfer, sending) };
    match done {
        Ok(()) => {
            crash::reached(Point::TriggerPut);
            let triggered =
                desk.store().advance(transfer, &Step::plain(Event::Trigger), desk.now())?;
            crash::reached(Point::TriggerJournalled);
            desk.spool.forget(transfer.id)?;
            Ok(triggered)
        }
        Err(TransferError::Endpoint(error)) if error.code == Code::NameTaken => {
            let problem = problem_of(&error);
            let step = Step { problem: Some(problem.clone()), ..Step::plain(Event::GiveUp) };
            desk.store().advance(transfer, &step, desk.now())?;
            Err(TransferError::Refused(problem))
        }
        // It stays published, whatever may come of this try: a failed file is put there once more,
        // and the platform may have taken this one.
        Err(other) => Err(other),
    }
}

/// A platform that takes a file removes it and its trigger within so long.
const TAKING: Duration = Duration::from_secs(2);

/// Whether an earlier try has put the trigger: it stands there, or the file, which was verified at
/// its place, is gone. Another trigger would have the platform look for a file that it has taken.
/// One that stands there without a trigger may be being taken just now: it is looked at twice.
fn was_put(endpoint: &mut dyn Endpoint, transfer: &Transfer) -> Result<bool, TransferError> {
    let directory = &transfer.place.directory;
    let (file, trigger) = (FileName::parse(&transfer.place.name)?, trigger_name(transfer)?);
    let mut look = || -> Result<bool, TransferError> {
        Ok(endpoint.stat(directory, &trigger)?.is_some()
            || endpoint.stat(directory, &file)?.is_none())
    };
    if look()? {
        return Ok(true);
    }
    thread::sleep(TAKING);
    look()
}

fn trigger_name(transfer: &Transfer) -> Result<FileName, NotAFileName> {
    FileName::parse(&format!("{}.trigger", transfer.place.name))
}

fn publish(
    desk: &Desk<'_>,
    endpoint: &mut dyn Endpoint,
    transfer: &Transfer,
    sending: &Sending,
) -> Result<(), TransferError> {
    let place = &transfer.place;
    let parcel = Parcel {
        name: &place.name,
        size: transfer.payload.map_or(0, |payload| payload.size),
        id: transfer.id,
        kommunekode: transfer.kommunekode,
        since: transfer.created_at,
    };
    let trigger = sending.trigger(&parcel).map_err(io::Error::other)?;
    let trigger = trigger.ok_or_else(|| io::Error::other("it is about no municipality"))?;
    let bytes = trigger.write();
    let source = desk.spool.trigger(transfer.id);
    write_durably::<io::Error>(&source, |out| out.write_all(&bytes))?;
    let name = trigger_name(transfer)?;
    let temporary = temporary_name(transfer.id)?;
    endpoint.publish(&place.directory, &name, &temporary, &source)?;
    Ok(())
}
