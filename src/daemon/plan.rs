//! What there is to do in one round, and what is left alone in it.

use super::circuit::pause_after;
use super::pass::{Intake, PassReport, Retry, RouteRunner};
use super::receipts::{self, Arrival};
use super::work::{Job, Plan};
use crate::config::Route;
use crate::endpoint::{EndpointError, Entry};
use crate::store::{KVITTERING, Moment, Transfer, TransferFilter};
use crate::transfer::state::State;
use crate::transfer::{TransferError, receipt};
use std::collections::BTreeSet;
use std::time::Instant;

impl RouteRunner<'_> {
    /// Everything there is to do, the oldest duty first. What stands in the inbox under a fetched
    /// file's name is most likely that file: the next round looks at what stands there then.
    pub(super) fn plan(
        &mut self,
        retry: Retry,
        intake: Intake,
        report: &mut PassReport,
    ) -> Result<Plan, TransferError> {
        self.next_look = None;
        self.engine.take_over()?;
        self.leave_alone(retry, report)?;
        let now = self.engine.desk().now();
        let since = self.engine.desk().store().newest_event()?;
        report.low_space = self.engine.low_space()?;
        let mut arrived = match self.arrived(intake, report) {
            Ok(arrived) => arrived,
            Err(error) => {
                self.engine.trouble(&error)?;
                report.troubles.insert(error.endpoint.clone(), error);
                Vec::new()
            }
        };
        let Route { inbox, outbox, flow, .. } = self.route();
        let (from, to) = (
            (inbox.endpoint.as_str(), inbox.directory.as_str()),
            (outbox.endpoint.as_str(), outbox.directory.as_str()),
        );
        let mut jobs = self.receipts(report)?;
        let unfinished = self.left(flow.as_str(), IN_THE_SPOOL, from)?;
        let fetched = fetched(&unfinished);
        // One that is cleared away by half may look as if its sender were still writing.
        let is_waiting = |name: &&String| {
            self.inbox.has_seen(name) && !arrived.iter().any(|entry| entry.name.as_str() == **name)
        };
        let half_cleared = fetched.iter().filter(is_waiting).count();
        report.incomplete = report.incomplete.saturating_sub(half_cleared);
        arrived.retain(|entry| !fetched.contains(entry.name.as_str()));
        jobs.extend(unfinished.into_iter().map(Job::Unfinished));
        let owing: &[State] = match &outbox.serviceplatformen {
            Some(_) => &[State::Queued, State::Rendered, State::Failed, State::Published],
            None => &[State::Queued, State::Rendered, State::Failed],
        };
        let mut owed = self.left(flow.as_str(), owing, to)?;
        owed.extend(self.left(KVITTERING, &[State::Queued, State::Rendered, State::Failed], to)?);
        let due = |transfer: &Transfer| retry == Retry::Now || is_due(transfer, now);
        jobs.extend(owed.into_iter().filter(due).map(Job::Owed));
        if self.engine.flow(self.route).in_order() {
            // Many servers know seconds only; then names decide, and not chance.
            arrived.sort_by(|a, b| (a.modified, &a.name).cmp(&(b.modified, &b.name)));
        }
        jobs.extend(arrived.into_iter().map(Job::Arrived));
        Ok(Plan { jobs, since })
    }

    /// The receipts there are; tells of those that are overdue.
    fn receipts(&mut self, report: &mut PassReport) -> Result<Vec<Job>, TransferError> {
        let outbox = &self.engine.config().routes[self.route].outbox;
        let Some(sending) = &outbox.serviceplatformen else { return Ok(Vec::new()) };
        let mut jobs = Vec::new();
        let mut waiting = BTreeSet::new();
        for (number, receipt_box) in self.boxes.iter().enumerate() {
            let place = (outbox.endpoint.as_str(), receipt_box.directory.as_str());
            let left = self.left(KVITTERING, IN_THE_SPOOL, place)?;
            waiting.extend(fetched(&left).into_iter().map(|name| (number, name)));
            jobs.extend(left.into_iter().map(|receipt| Job::ReceiptLeft(number, receipt)));
        }
        let alone = report.troubles.contains_key(&outbox.endpoint);
        if !alone
            && report.low_space.is_none()
            && let Err(error) = self.look_for_receipts(&outbox.endpoint, &waiting, &mut jobs)
        {
            self.engine.trouble(&error)?;
            report.troubles.insert(error.endpoint.clone(), error);
        }
        let now = self.engine.desk().now();
        let to = (outbox.endpoint.as_str(), outbox.directory.as_str());
        let sent = self.left(self.route().flow.as_str(), receipt::awaited(sending), to)?;
        for late in sent.into_iter().filter_map(|sent| receipts::overdue(sending, sent, now)) {
            let late = late.after(&self.told);
            late.log(self.route().flow.as_str());
            report.files.push(late);
        }
        Ok(jobs)
    }

    fn look_for_receipts(
        &mut self,
        endpoint: &str,
        waiting: &BTreeSet<(usize, String)>,
        jobs: &mut Vec<Job>,
    ) -> Result<(), EndpointError> {
        let Some(session) = self.sessions.first_mut() else { return Ok(()) };
        let limit = self.engine.config().limits.files_per_pass;
        for (number, receipt_box) in self.boxes.iter_mut().enumerate() {
            let (arrivals, again) = receipt_box.look(number, session.endpoint(endpoint), limit)?;
            self.next_look = [self.next_look, again].into_iter().flatten().min();
            let new = |arrival: &Arrival| !waiting.contains(&(number, arrival.name().to_owned()));
            jobs.extend(arrivals.into_iter().filter(new).map(Job::Receipt));
        }
        Ok(())
    }

    /// Endpoints that wait for an operator, or for their pause to be over, are in trouble before
    /// the round begins.
    fn leave_alone(&self, retry: Retry, report: &mut PassReport) -> Result<(), TransferError> {
        let Route { inbox, outbox, .. } = self.route();
        let mut alone = self.engine.paused()?;
        if retry == Retry::WhenDue {
            let open = self.engine.pulse().circuits();
            alone.extend(open.into_iter().map(|circuit| circuit.trouble));
        }
        let ours = |e: &EndpointError| [&inbox.endpoint, &outbox.endpoint].contains(&&e.endpoint);
        for error in alone.into_iter().filter(ours) {
            report.troubles.entry(error.endpoint.clone()).or_insert(error);
        }
        Ok(())
    }

    fn arrived(
        &mut self,
        intake: Intake,
        report: &mut PassReport,
    ) -> Result<Vec<Entry>, EndpointError> {
        let inbox = &self.engine.config().routes[self.route].inbox;
        if intake == Intake::Closed
            || report.low_space.is_some()
            || report.troubles.contains_key(&inbox.endpoint)
        {
            return Ok(Vec::new());
        }
        let Some(session) = self.sessions.first_mut() else { return Ok(Vec::new()) };
        let limit = self.engine.config().limits.files_per_pass;
        let listing = session.endpoint(&inbox.endpoint).list(&inbox.directory, limit)?;
        self.engine.pulse().circuits.well(&inbox.endpoint);
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
        report.look_again = look.again_after.is_some() || (listing.cut && !look.ready.is_empty());
        self.next_look = look.again_after;
        Ok(look.ready)
    }

    /// What earlier rounds left of a flow in these states at one endpoint and directory, oldest
    /// first; no state = nothing.
    fn left(
        &self,
        flow: &str,
        states: &[State],
        (endpoint, directory): (&str, &str),
    ) -> Result<Vec<Transfer>, TransferError> {
        if states.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.engine.desk().store().transfers(&TransferFilter {
            states: states.to_vec(),
            flow: Some(flow.to_owned()),
            ..TransferFilter::default()
        })?;
        let here = |t: &Transfer| t.place.endpoint == endpoint && t.place.directory == directory;
        Ok(found.into_iter().rev().filter(here).collect())
    }
}

/// Inbound, and not done.
const IN_THE_SPOOL: &[State] = &[State::Fetched, State::Accepted, State::Recognised];

/// The names of those that are fetched and no more.
fn fetched(unfinished: &[Transfer]) -> BTreeSet<String> {
    let fetched = unfinished.iter().filter(|transfer| transfer.state == State::Fetched);
    fetched.map(|transfer| transfer.place.name.clone()).collect()
}

/// Whether a failed transfer's pause is over. A clock that was set back ends it too.
fn is_due(transfer: &Transfer, now: Moment) -> bool {
    let pause = pause_after(transfer.attempts, transfer.id);
    transfer.state != State::Failed
        || (now - transfer.changed_at).to_std().map_or(true, |since| since >= pause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::config::{Config, EXAMPLE};
    use crate::daemon::Engine;
    use std::fs;

    #[test]
    fn a_round_looks_into_the_inbox_or_not_and_says_whether_to_look_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let config = EXAMPLE
            .replace("endpoint = \"serviceplatformen\"", "endpoint = \"udveksling\"")
            .replace("/srv/modregn/udveksling", path("files").to_str().unwrap())
            .replace("/var/lib/modregn", path("state").to_str().unwrap())
            .replace("files_per_pass = 10000", "files_per_pass = 2")
            .replace("stable_seconds = 5", "stable_seconds = 3600");
        for directory in ["til-udk", "fra-udk"] {
            fs::create_dir_all(path("files").join(directory)).unwrap();
        }
        let put = |name: &str| fs::write(path("files/til-udk").join(name), "no request").unwrap();
        let engine = |config: &str| {
            let config = Config::parse(config, "modregn.toml", dir.path()).unwrap();
            Engine::open(config, Box::new(SystemClock)).unwrap()
        };
        let round = |engine: &Engine, intake| {
            let report = RouteRunner::new(engine, 0).pass(Retry::Now, intake, &());
            assert!(report.failure.is_none() && report.troubles.is_empty(), "{report:?}");
            (report.files.len(), report.incomplete, report.look_again)
        };
        let slow = engine(&config);
        assert_eq!(round(&slow, Intake::Open), (0, 0, false));
        put("SF2530_a.txt");
        assert_eq!(round(&slow, Intake::Open), (0, 1, true), "it may still be written");
        assert_eq!(round(&slow, Intake::Closed), (0, 0, false));

        let at_once = engine(&config.replace("{ stable_seconds = 3600 }", "\"rename\""));
        put("SF2530_b.txt");
        put("SF2530_c.txt");
        assert_eq!(round(&at_once, Intake::Closed), (0, 0, false));
        assert_eq!(round(&at_once, Intake::Open), (2, 0, true), "not all were looked at");
        assert_eq!(round(&at_once, Intake::Open), (1, 0, false));
    }
}
