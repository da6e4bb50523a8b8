//! How long payloads are kept after their file is done. What is removed is the bytes and the error
//! report; the history stays, and has no personal data in it. May use `store` and the spool.

use super::state::{Event, State};
use super::{Desk, TransferError};
use crate::crash::{self, Point};
use crate::store::{Moment, Step, Transfer, TransferFilter};
use chrono::Days;

/// For how long, as the configuration has it; days of 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Requests that were answered.
    pub archive_days: u32,
    /// Files that were rejected, with their reports. What is held is never removed.
    pub quarantine_days: u32,
}

/// Files taken from the store at a time.
const BATCH: u32 = 1_000;

/// The files whose time was over at `now`, at most a batch of each kind, oldest last.
pub fn due(
    desk: &Desk<'_>,
    retention: Retention,
    now: Moment,
) -> Result<Vec<Transfer>, TransferError> {
    let mut due = Vec::new();
    for (state, days) in
        [(State::Archived, retention.archive_days), (State::Rejected, retention.quarantine_days)]
    {
        let changed_before = now.checked_sub_days(Days::new(days.into()));
        due.extend(desk.store().transfers(&TransferFilter {
            states: vec![state],
            changed_before,
            limit: Some(BATCH),
            ..TransferFilter::default()
        })?);
    }
    Ok(due)
}

/// Removes the payloads of all files whose time is over; tells how many. After a crash between
/// the two steps the bytes are gone and the next purge says so.
pub fn purge(desk: &Desk<'_>, retention: Retention) -> Result<u64, TransferError> {
    let mut count = 0;
    loop {
        let before = count;
        for transfer in due(desk, retention, desk.now())? {
            // Claimed first: what an operator has processed again just now needs its bytes.
            let claimed = desk.store().claim(&transfer, desk.node)?;
            let Some(transfer) = claimed else { continue };
            desk.spool.purge(transfer.id)?;
            crash::reached(Point::PurgeRemoved);
            desk.store().advance(&transfer, &Step::plain(Event::Purge), desk.now())?;
            crash::reached(Point::PurgeJournalled);
            count += 1;
        }
        if count == before {
            return Ok(count);
        }
    }
}
