//! What there is to do in one round, and what is left alone in it.

use super::circuit::pause_after;
use super::pass::{PassReport, Retry, RouteRunner};
use super::work::{Job, Plan};
use crate::config::Route;
use crate::endpoint::{EndpointError, Entry};
use crate::store::{Moment, Transfer, TransferFilter};
use crate::transfer::TransferError;
use crate::transfer::state::{Direction, State};
use std::collections::BTreeSet;
use std::time::Instant;

impl RouteRunner<'_> {
    /// Everything there is to do, the oldest duty first. What stands in the inbox under a fetched
    /// file's name is most likely that file: the next round looks at what stands there then.
    pub(super) fn plan(
        &mut self,
        retry: Retry,
        report: &mut PassReport,
    ) -> Result<Plan, TransferError> {
        self.engine.take_over()?;
        self.leave_alone(retry, report)?;
        let now = self.engine.desk().now();
        let since = self.engine.desk().store().newest_event()?;
        report.low_space = self.low_space()?;
        let mut arrived = match self.arrived(report) {
            Ok(arrived) => arrived,
            Err(error) => {
                self.engine.trouble(&error)?;
                report.troubles.insert(error.endpoint.clone(), error);
                Vec::new()
            }
        };
        let Route { inbox, outbox, .. } = self.route();
        let unfinished = self.left(
            Direction::Inbound,
            &[State::Fetched, State::Accepted, State::Recognised],
            (&inbox.endpoint, &inbox.directory),
        )?;
        let owed = self.left(
            Direction::Outbound,
            &[State::Queued, State::Rendered, State::Failed],
            (&outbox.endpoint, &outbox.directory),
        )?;
        let fetched: BTreeSet<_> = unfinished
            .iter()
            .filter(|transfer| transfer.state == State::Fetched)
            .map(|transfer| transfer.place.name.as_str())
            .collect();
        // One that is cleared away by half may look as if its sender were still writing.
        let is_waiting = |name: &&&str| {
            self.inbox.has_seen(name) && !arrived.iter().any(|entry| entry.name.as_str() == **name)
        };
        let half_cleared = fetched.iter().filter(is_waiting).count();
        report.incomplete = report.incomplete.saturating_sub(half_cleared);
        arrived.retain(|entry| !fetched.contains(entry.name.as_str()));
        let mut jobs: Vec<_> = unfinished.into_iter().map(Job::Unfinished).collect();
        let due = |transfer: &Transfer| retry == Retry::Now || is_due(transfer, now);
        jobs.extend(owed.into_iter().filter(due).map(Job::Owed));
        jobs.extend(arrived.into_iter().map(Job::Arrived));
        Ok(Plan { jobs, since })
    }

    /// Endpoints that wait for an operator, or for their pause to be over, are in trouble before
    /// the round begins.
    fn leave_alone(&self, retry: Retry, report: &mut PassReport) -> Result<(), TransferError> {
        let Route { inbox, outbox, .. } = self.route();
        let mut alone = self.engine.paused()?;
        if retry == Retry::WhenDue {
            alone.extend(self.engine.circuits.open(Instant::now()));
        }
        let ours = |e: &EndpointError| [&inbox.endpoint, &outbox.endpoint].contains(&&e.endpoint);
        for error in alone.into_iter().filter(ours) {
            report.troubles.entry(error.endpoint.clone()).or_insert(error);
        }
        Ok(())
    }

    /// What is left on our own disk, bytes, if that is too little to take files in.
    fn low_space(&self) -> Result<Option<u64>, TransferError> {
        let free = self.engine.desk().spool.free_bytes()?;
        Ok(Some(free).filter(|free| *free < self.engine.config().limits.free_bytes))
    }

    fn arrived(&mut self, report: &mut PassReport) -> Result<Vec<Entry>, EndpointError> {
        let inbox = &self.engine.config().routes[self.route].inbox;
        if report.low_space.is_some() || report.troubles.contains_key(&inbox.endpoint) {
            return Ok(Vec::new());
        }
        let Some(session) = self.sessions.first_mut() else { return Ok(Vec::new()) };
        let limit = self.engine.config().limits.files_per_pass;
        let listing = session.endpoint(&inbox.endpoint).list(&inbox.directory, limit)?;
        self.engine.circuits.well(&inbox.endpoint);
        for name in &listing.refused {
            tracing::warn!(
                endpoint = inbox.endpoint,
                directory = inbox.directory,
                ?name,
                "a name in the inbox is no plain file name: it is left alone"
            );
        }
        if listing.cut {
            let place = format!("{}:{}", inbox.endpoint, inbox.directory);
            tracing::warn!("{place} has more than {limit} files: the rest waits for a later pass");
            report.crowded.insert(place);
        }
        let look = self.inbox.look(&listing, Instant::now());
        report.incomplete = look.waiting;
        self.next_look = look.again_after;
        Ok(look.ready)
    }

    /// What earlier rounds left in these states at one endpoint and directory, oldest first.
    fn left(
        &self,
        direction: Direction,
        states: &[State],
        (endpoint, directory): (&str, &str),
    ) -> Result<Vec<Transfer>, TransferError> {
        let found = self.engine.desk().store().transfers(&TransferFilter {
            direction: Some(direction),
            states: states.to_vec(),
            flow: Some(self.route().flow.as_str().to_owned()),
            ..TransferFilter::default()
        })?;
        let here = |t: &Transfer| t.place.endpoint == endpoint && t.place.directory == directory;
        Ok(found.into_iter().rev().filter(here).collect())
    }
}

/// Whether a failed transfer's pause is over. A clock that was set back ends it too.
fn is_due(transfer: &Transfer, now: Moment) -> bool {
    let pause = pause_after(transfer.attempts, transfer.id);
    transfer.state != State::Failed
        || (now - transfer.changed_at).to_std().map_or(true, |since| since >= pause)
}
