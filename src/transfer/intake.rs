//! Brings a file in: from standing complete at an endpoint to lying durable in the spool,
//! journalled and gone from its source, in that order. May use `endpoint`, `store` and the spool.

use super::metadata::{self, Platform, Said};
use super::spool::{Hashing, write_durably};
use super::state::{Event, State};
use super::{Desk, TransferError, problem_of};
use crate::crash::{self, Point};
use crate::endpoint::plain::Plain;
use crate::endpoint::{Endpoint, EndpointError, Entry, FileName};
use crate::fault::{Class, Code};
use crate::store::{Place, Problem, Seen, Step, Transfer};
use std::io;

/// Where files come from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The flow that wants them.
    pub flow: &'a str,
    /// The endpoint's name.
    pub endpoint: &'a str,
    /// The directory there.
    pub directory: &'a str,
    /// How they are handed over.
    pub plain: &'a Plain,
    /// What Serviceplatformen says of them, where it brings them.
    pub platform: Option<Platform<'a>>,
    /// The largest that is fetched, bytes.
    pub limit: u64,
    /// The newest event before the listing was made (see [`Seen::since`]).
    pub since: i64,
}

impl Source<'_> {
    /// Where a file of this name stands.
    pub fn place(&self, name: &FileName) -> Place {
        Place {
            endpoint: self.endpoint.to_owned(),
            directory: self.directory.to_owned(),
            name: name.to_string(),
        }
    }
}

/// Fetches one file. One that a restart finds half way goes on from where the journal says it is;
/// `None` = another process has it, or it is gone.
pub fn fetch(
    desk: &Desk<'_>,
    source: &Source<'_>,
    endpoint: &mut dyn Endpoint,
    entry: &Entry,
) -> Result<Option<Transfer>, TransferError> {
    let place = source.place(&entry.name);
    let seen = Seen { flow: source.flow.to_owned(), place, size: entry.size, since: source.since };
    let Some(transfer) = desk.store().see(&seen, desk.node, desk.now())? else {
        return Ok(None);
    };
    crash::reached(Point::IntakeSeen);
    let fetched = match transfer.state {
        State::Seen => match said(desk, source, endpoint, entry, &transfer)? {
            Some(step) => bring(desk, source, endpoint, (entry, step), &transfer)?,
            None => None,
        },
        _ if same_bytes(source, endpoint, entry, &transfer)? => Some(transfer),
        _ => return Err(another_before_it()),
    };
    let Some(fetched) = fetched else { return Ok(None) };
    clear(source, endpoint, entry, &fetched)?;
    Ok(Some(fetched))
}

/// Looks at what a platform says of the file, if there is one, before anything is done with it; the
/// step that fetches it, or `None` = it is gone.
fn said(
    desk: &Desk<'_>,
    source: &Source<'_>,
    endpoint: &mut dyn Endpoint,
    entry: &Entry,
    transfer: &Transfer,
) -> Result<Option<Step>, TransferError> {
    let step = Step::plain(Event::Fetch);
    let Some(platform) = &source.platform else { return Ok(Some(step)) };
    match metadata::look(platform, source, endpoint, entry)? {
        Said::Good(delivery) => Ok(Some(Step { delivery: Some(delivery), ..step })),
        Said::Bad(problem) => Err(leave(desk, transfer, problem)?),
        Said::Gone => {
            if endpoint.stat(source.directory, &entry.name)?.is_none() {
                desk.store().advance(transfer, &Step::plain(Event::Vanish), desk.now())?;
            } else {
                desk.store().let_go(transfer.id, desk.node)?;
            }
            Ok(None)
        }
    }
}

/// Leaves a file where it stands, to be looked at again on every pass; journalled once.
fn leave(
    desk: &Desk<'_>,
    transfer: &Transfer,
    problem: Problem,
) -> Result<TransferError, TransferError> {
    if transfer.problem.as_ref() == Some(&problem) {
        return Ok(TransferError::Refused(problem));
    }
    let step = Step { problem: Some(problem.clone()), ..Step::plain(Event::Fail) };
    desk.store().advance(transfer, &step, desk.now())?;
    Ok(TransferError::Refused(problem))
}

fn bring(
    desk: &Desk<'_>,
    source: &Source<'_>,
    endpoint: &mut dyn Endpoint,
    (entry, step): (&Entry, Step),
    transfer: &Transfer,
) -> Result<Option<Transfer>, TransferError> {
    let copied = write_durably::<TransferError>(&desk.spool.incoming(transfer.id), |out| {
        Ok(endpoint.fetch(source.directory, entry, source.limit, out)?)
    });
    match copied {
        Ok(payload) => {
            let step = Step { payload: Some(payload), ..step };
            let fetched = desk.store().advance(transfer, &step, desk.now())?;
            crash::reached(Point::IntakeJournalled);
            Ok(Some(fetched))
        }
        Err(TransferError::Endpoint(error)) if error.code == Code::FileGone => {
            desk.spool.forget(transfer.id)?;
            desk.store().advance(transfer, &Step::plain(Event::Vanish), desk.now())?;
            Ok(None)
        }
        Err(TransferError::Endpoint(error)) if error.is_about_the_file() => {
            Err(leave(desk, transfer, problem_of(&error))?)
        }
        Err(other) => Err(other),
    }
}

/// Takes up a file that was fetched before, by an earlier round or another process: a source that
/// still stands is cleared away, complete by its convention or no longer. Another file that has
/// come under the same name since is left where it is.
pub fn take_up(
    source: &Source<'_>,
    endpoint: &mut dyn Endpoint,
    transfer: &Transfer,
) -> Result<(), TransferError> {
    let name = FileName::parse(&transfer.place.name)?;
    let Some(entry) = endpoint.stat(source.directory, &name)? else { return Ok(()) };
    match same_bytes(source, endpoint, &entry, transfer) {
        Ok(true) => clear(source, endpoint, &entry, transfer),
        Ok(false) => Ok(()),
        Err(error) if error.is_about_the_file() => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Clears a file away whose bytes are ours.
fn clear(
    source: &Source<'_>,
    endpoint: &mut dyn Endpoint,
    entry: &Entry,
    transfer: &Transfer,
) -> Result<(), TransferError> {
    // With our id before it: the same name may come, and be kept, again.
    let kept_as = FileName::parse(&format!("{}_{}", transfer.id, entry.name))
        .or_else(|_| FileName::parse(&transfer.id.to_string()))?;
    source.plain.clear(endpoint, source.directory, entry, &kept_as)?;
    crash::reached(Point::SourceCleared);
    Ok(())
}

/// Whether what stands there is what was fetched; what is gone by now was cleared away.
fn same_bytes(
    source: &Source<'_>,
    endpoint: &mut dyn Endpoint,
    entry: &Entry,
    transfer: &Transfer,
) -> Result<bool, EndpointError> {
    let mut hashing = Hashing::new(io::sink());
    match endpoint.fetch(source.directory, entry, source.limit, &mut hashing) {
        Err(error) if error.code == Code::FileGone => Ok(true),
        other => other.map(|()| transfer.payload == Some(hashing.payload())),
    }
}

/// A file came while the one of its name before it was not done.
fn another_before_it() -> TransferError {
    TransferError::Refused(Problem {
        class: Class::Retry,
        code: Code::StillProcessing,
        text: "another file of this name is still being processed; this one is looked at again \
               on the next pass"
            .to_owned(),
    })
}
