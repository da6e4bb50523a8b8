//! Has Serviceplatformen send a file that stands at its destination: puts the trigger beside it. A
//! restart calls [`put`] again. May use `endpoint`, `store` and the spool.

use super::spool::write_durably;
use super::state::Event;
use super::{Desk, TransferError, problem_of};
use crate::crash::{self, Point};
use crate::endpoint::serviceplatformen::{Parcel, Sending};
use crate::endpoint::{Endpoint, FileName};
use crate::fault::{Class, Code};
use crate::store::{Problem, Step, Transfer};
use std::io;
use uuid::Uuid;

/// Triggers one published transfer; gives it in [`State::Triggered`](super::state::State).
pub fn put(
    desk: &Desk<'_>,
    endpoint: &mut dyn Endpoint,
    transfer: &Transfer,
    sending: &Sending,
) -> Result<Transfer, TransferError> {
    match publish(desk, endpoint, transfer, sending) {
        Ok(()) => {
            crash::reached(Point::TriggerPut);
            let triggered =
                desk.store().advance(transfer, &Step::plain(Event::Trigger), desk.now())?;
            crash::reached(Point::TriggerJournalled);
            desk.spool.forget(transfer.id)?;
            Ok(triggered)
        }
        Err(TransferError::Endpoint(error)) if error.code == Code::NameTaken => {
            give_up(desk, transfer, problem_of(&error))
        }
        Err(TransferError::Refused(problem)) => give_up(desk, transfer, problem),
        // It stays published, whatever may come of this try: a failed file is put there once more,
        // and the platform may have taken this one.
        Err(other) => Err(other),
    }
}

fn give_up(
    desk: &Desk<'_>,
    transfer: &Transfer,
    problem: Problem,
) -> Result<Transfer, TransferError> {
    let step = Step { problem: Some(problem.clone()), ..Step::plain(Event::GiveUp) };
    desk.store().advance(transfer, &step, desk.now())?;
    Err(TransferError::Refused(problem))
}

fn publish(
    desk: &Desk<'_>,
    endpoint: &mut dyn Endpoint,
    transfer: &Transfer,
    sending: &Sending,
) -> Result<(), TransferError> {
    let (place, size) = (&transfer.place, transfer.payload.map_or(0, |payload| payload.size));
    match endpoint.stat(&place.directory, &FileName::parse(&place.name)?)? {
        Some(there) if there.size == size => {}
        Some(there) => return Err(TransferError::Refused(other_file(size, there.size))),
        // It was verified there: the platform has taken it, so the trigger was put before a crash.
        // Another one now would have it look for a file that is gone.
        None => return Ok(()),
    }
    let parcel = Parcel {
        name: &place.name,
        size,
        id: transfer.id,
        kommunekode: transfer.kommunekode,
        since: transfer.created_at,
    };
    let trigger = sending.trigger(&parcel).map_err(io::Error::other)?;
    let trigger = trigger.ok_or_else(|| io::Error::other("it is about no municipality"))?;
    let bytes = trigger.write();
    let source = desk.spool.trigger(transfer.id);
    write_durably::<io::Error>(&source, |out| out.write_all(&bytes))?;
    let name = FileName::parse(&format!("{}.trigger", place.name))?;
    let temporary = FileName::parse(&format!(".{}.{}.tmp", transfer.id, Uuid::now_v7()))?;
    endpoint.publish(&place.directory, &name, &temporary, &source)?;
    Ok(())
}

fn other_file(ours: u64, there: u64) -> Problem {
    Problem {
        class: Class::Operator,
        code: Code::NameTaken,
        text: format!(
            "it had {ours} bytes when it was put there, now {there}: other hands have changed it; \
             nothing was triggered"
        ),
    }
}
