//! What an operator must be told of now, from the store, the configuration and our own disk. The
//! same thing has the same subject for as long as it lasts.

use super::{debitor, payouts};
use crate::daemon::Engine;
use crate::daemon::receipts::overdue_receipts;
use crate::domain::bankdage::danish_day;
use crate::fault::{AlertKind, Class};
use crate::store::{Concern, Pause, Transfer, TransferFilter};
use crate::transfer::TransferError;
use crate::transfer::state::{Direction, State};
use chrono::TimeDelta;

/// What happened longer ago is told no more: it floods nobody where modregn is started on an old
/// store.
pub(super) const LATELY: TimeDelta = TimeDelta::days(35);

/// Everything that is wrong now.
pub(super) fn concerns(engine: &Engine) -> Result<Vec<Concern>, TransferError> {
    let mut concerns = files(engine)?;
    concerns.extend(rejected(engine)?);
    let desk = engine.desk();
    concerns.extend(desk.store().pauses()?.iter().map(paused));
    let overdue = overdue_receipts(engine.config(), &**desk.store(), desk.now())?;
    concerns.extend(overdue.iter().map(|sent| of_file(AlertKind::ReceiptOverdue, sent)));
    concerns.extend(payouts::concerns(engine)?);
    concerns.extend(debitor::concerns(engine)?);
    concerns.extend(full_disk(engine)?);
    Ok(concerns)
}

fn files(engine: &Engine) -> Result<Vec<Concern>, TransferError> {
    let waiting = [
        (Direction::Inbound, &[State::Held, State::Seen][..]),
        (Direction::Outbound, &[State::Held, State::Dead, State::Refused]),
    ];
    let mut concerns = Vec::new();
    for (direction, states) in waiting {
        let found = engine.desk().store().transfers(&TransferFilter {
            direction: Some(direction),
            states: states.to_vec(),
            ..TransferFilter::default()
        })?;
        let needs_operator = |transfer: &&Transfer| {
            let problem = transfer.problem.as_ref();
            transfer.state != State::Seen || problem.is_some_and(|p| p.class != Class::Retry)
        };
        let files = found.iter().rev().filter(needs_operator);
        concerns.extend(files.map(|file| of_file(AlertKind::FileNeedsOperator, file)));
    }
    Ok(concerns)
}

fn rejected(engine: &Engine) -> Result<Vec<Concern>, TransferError> {
    let desk = engine.desk();
    let found = desk.store().transfers(&TransferFilter {
        direction: Some(Direction::Inbound),
        states: vec![State::Rejected],
        changed_since: desk.now().checked_sub_signed(LATELY),
        ..TransferFilter::default()
    })?;
    Ok(found.iter().rev().map(|file| of_file(AlertKind::FileRejected, file)).collect())
}

fn of_file(kind: AlertKind, file: &Transfer) -> Concern {
    let Transfer { id, state, place, problem, changed_at, .. } = file;
    let code = problem.as_ref().map_or("", |problem| problem.code.as_str());
    let what = problem.as_ref().map_or("", |problem| problem.text.as_str());
    let subject = match state {
        // It is looked at on every pass, and what is wrong may be told in other words each time.
        State::Seen => format!("{id} {state} {code}"),
        // A file that an operator has let go on and that is held again is another thing.
        _ => format!("{id} {state} {}", changed_at.timestamp_millis()),
    };
    let kommune = file.kommunekode;
    let kommune = kommune.map(|kode| format!(" ({kode} {})", kode.navn())).unwrap_or_default();
    Concern {
        kind,
        subject,
        since: *changed_at,
        text: format!("{state} {place}{kommune}: {code}: {what}"),
        next: format!("modregn files show {id}"),
    }
}

fn paused(Pause { endpoint, since, problem }: &Pause) -> Concern {
    Concern {
        kind: AlertKind::EndpointPaused,
        subject: format!("{endpoint} {}", since.timestamp_millis()),
        since: *since,
        text: format!("endpoint {endpoint}: {}: {}", problem.code, problem.text),
        next: format!("modregn resume {endpoint} --reason …"),
    }
}

/// Told once a day for as long as it lasts: nobody but the disk knows since when.
fn full_disk(engine: &Engine) -> Result<Option<Concern>, TransferError> {
    let (desk, config) = (engine.desk(), engine.config());
    let Some(free) = engine.low_space()? else { return Ok(None) };
    let (since, state_dir) = (desk.now(), config.state_dir.display());
    let (free, limit) = (free >> 20, config.limits.free_bytes >> 20);
    Ok(Some(Concern {
        kind: AlertKind::DiskNearlyFull,
        subject: danish_day(since).to_string(),
        since,
        text: format!(
            "{free} MiB are left on the disk of {state_dir}, less than the {limit} MiB of \
             limits.free_bytes: no file is fetched, what is owed still leaves"
        ),
        next: format!("df -h {state_dir}"),
    }))
}
