//! Takes a file out: from being owed to standing complete and verified at its destination. A
//! restart calls [`deliver`] again with whatever the store says and gets to the same end. May use
//! `endpoint`, `store` and the spool; what the bytes are is the flow's business.

use super::spool::payload_of;
use super::state::{Event, State};
use super::{Desk, TransferError, problem_of};
use crate::crash::{self, Point};
use crate::endpoint::{Endpoint, EndpointError, Entry, FileName, NotAFileName};
use crate::fault::{Class, Code};
use crate::store::{Payload, Problem, Step, Transfer};
use std::path::Path;
use uuid::Uuid;

/// Writes a transfer's file to a path, durably, from committed rows, and tells what it wrote.
pub type Render<'a> = &'a mut dyn FnMut(&Transfer, &Path) -> Result<Payload, TransferError>;

/// Delivers one outbound transfer; gives it in [`State::Published`]. After an error the transfer
/// stands where a later call can go on: `Failed` after passing trouble, `Dead` where an operator
/// must look at this file, and unmoved where the endpoint itself is at fault.
pub fn deliver(
    desk: &Desk<'_>,
    endpoint: &mut dyn Endpoint,
    transfer: Transfer,
    render: Render<'_>,
) -> Result<Transfer, TransferError> {
    let transfer = ready(desk, transfer, render)?;
    match publish(desk, endpoint, &transfer) {
        Ok(()) => {
            crash::reached(Point::DeliveryPublished);
            let published = advance(desk, &transfer, &Step::plain(Event::Publish))?;
            crash::reached(Point::DeliveryPublishJournalled);
            desk.spool.forget_sent(transfer.id)?;
            Ok(published)
        }
        Err(TransferError::Endpoint(error)) => {
            note(desk, &transfer, &error)?;
            Err(error.into())
        }
        Err(other) => Err(other),
    }
}

/// Sees to it that the file lies rendered in the spool.
fn ready(
    desk: &Desk<'_>,
    mut transfer: Transfer,
    render: Render<'_>,
) -> Result<Transfer, TransferError> {
    let path = desk.spool.outgoing(transfer.id);
    match transfer.state {
        State::Rendered if payload_of(&path).ok() == transfer.payload => return Ok(transfer),
        State::Rendered | State::Failed => {
            transfer = advance(desk, &transfer, &Step::plain(Event::Requeue))?;
        }
        _ => {}
    }
    let rendered = render(&transfer, &path).and_then(|payload| match transfer.payload {
        Some(before) if before != payload => Err(TransferError::Refused(differs())),
        _ => Ok(payload),
    });
    match rendered {
        Ok(payload) => {
            crash::reached(Point::DeliveryRendered);
            let step = Step { payload: Some(payload), ..Step::plain(Event::Render) };
            let rendered = advance(desk, &transfer, &step)?;
            crash::reached(Point::DeliveryRenderJournalled);
            Ok(rendered)
        }
        Err(TransferError::Refused(problem)) => {
            let step = Step { problem: Some(problem.clone()), ..Step::plain(Event::Hold) };
            advance(desk, &transfer, &step)?;
            Err(TransferError::Refused(problem))
        }
        Err(other) => Err(other),
    }
}

fn publish(
    desk: &Desk<'_>,
    endpoint: &mut dyn Endpoint,
    transfer: &Transfer,
) -> Result<(), TransferError> {
    let name = FileName::parse(&transfer.place.name)?;
    let temporary = temporary_name(transfer.id)?;
    let source = desk.spool.outgoing(transfer.id);
    endpoint.publish(&transfer.place.directory, &name, &temporary, &source)?;
    Ok(())
}

/// New for each try: a try that was cut off may still be under way at the server. [`sweep`] knows
/// it again.
pub(super) fn temporary_name(transfer: Uuid) -> Result<FileName, NotAFileName> {
    FileName::parse(&format!(".{transfer}.{}.tmp", Uuid::now_v7()))
}

/// Whose temporary file this is, if it may be ours.
fn transfer_of(temporary: &FileName) -> Option<Uuid> {
    let stem = temporary.as_str().strip_prefix('.')?.strip_suffix(".tmp")?;
    let (transfer, try_) = stem.split_once('.')?;
    Uuid::try_parse(try_).ok().and(Uuid::try_parse(transfer).ok())
}

/// Removes what tries that were cut off have left in a directory: temporary files of transfers of
/// ours that nobody delivers any more.
pub fn sweep(
    desk: &Desk<'_>,
    endpoint: &mut dyn Endpoint,
    directory: &str,
    limit: usize,
) -> Result<(), TransferError> {
    for Entry { name, .. } in endpoint.list(directory, limit)?.entries {
        let Some(id) = transfer_of(&name) else { continue };
        let transfer = desk.store().transfer(id)?;
        // Whoever has claimed it may be putting its trigger.
        if transfer.is_some_and(|transfer| transfer.is_at_rest()) {
            endpoint.remove(directory, &name)?;
            tracing::info!(%id, file = %name, "removed what a try that was cut off had left");
        }
    }
    Ok(())
}

/// Journals a failed try. An endpoint that is wrongly set up is not the file's fault: the file
/// keeps its place in the queue, and no tries are counted.
fn note(desk: &Desk<'_>, transfer: &Transfer, error: &EndpointError) -> Result<(), TransferError> {
    let event = match (error.class, error.code) {
        (Class::Retry, _) if has_lasted(desk, transfer)? => Event::GiveUp,
        (Class::Retry, _) => Event::Fail,
        (_, Code::NameTaken) => Event::GiveUp,
        (Class::Operator | Class::Reject, _) => return Ok(()),
    };
    let problem = problem_of(error);
    advance(desk, transfer, &Step { problem: Some(problem), ..Step::plain(event) })?;
    Ok(())
}

/// Fewest tries before a delivery is given up, however much time the clock says has gone by.
const FEWEST_TRIES: u32 = 20;

/// Whether a delivery has failed for so long that waiting longer helps nobody.
fn has_lasted(desk: &Desk<'_>, transfer: &Transfer) -> Result<bool, TransferError> {
    if transfer.attempts < FEWEST_TRIES {
        return Ok(false);
    }
    let mut asked_for = transfer.created_at;
    let mut before = None;
    for event in desk.store().events(transfer.id)? {
        let on_its_way = [Some(State::Queued), Some(State::Rendered), Some(State::Failed)];
        if event.state == State::Queued && !on_its_way.contains(&before) {
            asked_for = event.at;
        }
        before = Some(event.state);
    }
    Ok(desk.now() - asked_for >= desk.give_up_after)
}

fn advance(desk: &Desk<'_>, transfer: &Transfer, step: &Step) -> Result<Transfer, TransferError> {
    Ok(desk.store().advance(transfer, step, desk.now())?)
}

fn differs() -> Problem {
    Problem {
        class: Class::Operator,
        code: Code::AnswerDiffers,
        text: "rendering it again gave other bytes than the first time, which must not happen: \
               the layout or the time zone rules have changed since; it is held, nothing was sent"
            .to_owned(),
    }
}
