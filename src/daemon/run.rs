//! The daemon: every route in a thread of its own, so that a slow server holds up nobody else. A
//! route's round begins when its inbox changes, when its time has come, and at the start; one with
//! a schedule looks into its inbox at the scheduled times only.

use super::pass::{Observer, PassReport, Retry, RouteRunner};
use super::timetable::Timetable;
use super::{Engine, EngineError, alerts};
use crate::config::{Inbox, Route};
use crate::endpoint::EndpointError;
use crate::endpoint::watch::Watch;
use crate::fault::{Class, Code};
use crate::store::Moment;
use crossbeam_channel::{Receiver, Sender, bounded, never, select};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

/// Pause after the store or our own disk failed.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Pause between two looks for payloads whose time is over.
const BETWEEN_PURGES: Duration = Duration::from_secs(60 * 60);

/// Pause while something at an endpoint waits for an operator.
const FOR_AN_OPERATOR: Duration = Duration::from_secs(5 * 60);

/// Works until SIGTERM or SIGINT; then every worker finishes the file it holds.
pub fn run(engine: &Engine, observer: &dyn Observer) -> Result<(), EngineError> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let handle = signals.handle();
    let (stop, stopped) = bounded::<()>(0);
    thread::scope(|scope| {
        scope.spawn(move || {
            if let Some(signal) = signals.forever().next() {
                tracing::info!(signal, "stopping: finishing what is under way");
                engine.stop();
            }
            // Every route waits for this channel to close.
            drop(stop);
        });
        let retired = stopped.clone();
        scope.spawn(move || keep_house(engine, &retired));
        let (looking, looked) = bounded::<()>(0);
        let routes: Vec<_> = (0..engine.config().routes.len())
            .map(|route| {
                let stopped = stopped.clone();
                let start = if engine.flow(route).in_order() {
                    Start::After(looked.clone())
                } else {
                    Start::First(looking.clone())
                };
                scope.spawn(move || serve(engine, route, start, &stopped, observer))
            })
            .collect();
        drop(looking);
        let mut outcome = Ok(());
        for route in routes {
            if route.join().is_err() {
                // The others finish what they hold; whoever watches us starts us anew.
                outcome = Err(EngineError::Panicked);
                engine.stop();
                handle.close();
            }
        }
        handle.close();
        tracing::info!("stopped");
        outcome
    })
}

/// What comes first when we start: after a standstill a report may stand beside the request that
/// it follows.
enum Start {
    /// Requests: held until what stood there has been looked at.
    First(Sender<()>),
    /// Reports: closes when nobody holds the other end any more.
    After(Receiver<()>),
}

impl Start {
    /// Waits until it is our turn, or `stopped` closes; what to hold on to.
    fn wait(self, stopped: &Receiver<()>) -> Option<Sender<()>> {
        match self {
            Self::First(looking) => Some(looking),
            Self::After(looked) => {
                select! {
                    recv(stopped) -> _ => {}
                    recv(looked) -> _ => {}
                }
                None
            }
        }
    }
}

/// Rounds over one route until `stopped` closes.
fn serve(
    engine: &Engine,
    route: usize,
    start: Start,
    stopped: &Receiver<()>,
    observer: &dyn Observer,
) {
    let mut runner = RouteRunner::new(engine, route);
    let Route { flow, inbox, schedule, .. } = runner.route();
    // Held for as long as it shall watch.
    let watch = match schedule {
        Some(_) => None,
        None => watch(engine, &inbox.endpoint, &inbox.directory),
    };
    let woken = watch.as_ref().map_or_else(never, |watch| watch.wake(0).clone());
    let poll = Duration::from_secs(inbox.poll_seconds);
    tracing::info!(
        flow = flow.as_str(),
        inbox = format!("{}:{}", inbox.endpoint, inbox.directory),
        schedule = schedule.as_ref().map(tracing::field::display),
        "serving"
    );
    let mut timetable = Timetable::new(schedule.as_ref(), taken_in_until(engine, runner.route()));
    let mut looking = start.wait(stopped);
    let mut is_again = false;
    let (mut troubled, mut was_low) = (BTreeMap::new(), false);
    while !engine.is_stopping() {
        let intake = timetable.intake(engine.desk().now());
        let report = runner.pass(Retry::WhenDue, intake, observer);
        // Who is stopping leaves files.
        if let Some(at) = timetable.after(&report, inbox).filter(|_| !engine.is_stopping()) {
            looked_into(engine, inbox, at);
        }
        // A file that was still being written at the first look is looked at once more.
        if is_again || runner.next_look().is_none() {
            drop(looking.take());
        }
        is_again = true;
        troubled = tell_changes(&troubled, &report);
        was_low = tell_space(was_low, &report);
        let pause = pause_after(&report, poll, runner.next_look());
        let until_next = timetable.until_next(engine.desk().now());
        let pause = until_next.map_or(pause, |until_next| pause.min(until_next));
        select! {
            recv(stopped) -> _ => {}
            recv(woken) -> _ => {}
            default(pause) => {}
        }
    }
}

/// Up to when everything was taken in by a route's schedule, by this process or one before it.
fn taken_in_until(engine: &Engine, Route { inbox, schedule, .. }: &Route) -> Moment {
    let now = engine.desk().now();
    if schedule.is_none() {
        return now;
    }
    let last = engine.desk().store().last_look(&inbox.endpoint, &inbox.directory);
    match last {
        Ok(Some(last)) => last,
        Ok(None) => {
            // The schedule is new: it counts from here, whatever comes between.
            looked_into(engine, inbox, now);
            now
        }
        Err(error) => {
            tracing::error!("{error}");
            now
        }
    }
}

/// Notes that up to then everything was taken in. Where that fails, more is looked at after a
/// restart than has to be.
fn looked_into(engine: &Engine, inbox: &Inbox, at: Moment) {
    let desk = engine.desk();
    let noted = desk.store().looked_into(&inbox.endpoint, &inbox.directory, at);
    if let Err(error) = noted {
        tracing::error!("{error}");
    }
}

/// Removes payloads whose time is over, and says what is wrong, until `stopped` closes. What came
/// while nobody worked is taken in first: it is not missing.
fn keep_house(engine: &Engine, stopped: &Receiver<()>) {
    let mut next_purge = Instant::now();
    loop {
        if next_purge <= Instant::now() {
            purge(engine);
            next_purge = Instant::now() + BETWEEN_PURGES;
        }
        select! {
            recv(stopped) -> _ => {}
            default(engine.config().alerts.every()) => {}
        }
        if engine.is_stopping() {
            return;
        }
        if let Err(error) = alerts::evaluate(engine, Retry::WhenDue) {
            tracing::error!("{error}");
        }
    }
}

fn purge(engine: &Engine) {
    match engine.purge() {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "payloads whose time was over are removed"),
        Err(error) => tracing::error!("{error}"),
    }
}

fn watch(engine: &Engine, endpoint: &str, directory: &str) -> Option<Watch> {
    let path = engine.config().endpoints[endpoint].watchable(directory)?;
    Watch::start(&[path])
        .inspect_err(|error| tracing::warn!("{error}: it is listed every poll_seconds instead"))
        .ok()
}

/// Logs which endpoints have got into trouble and which are well again since the last round; gives
/// those in trouble now.
fn tell_changes(before: &BTreeMap<String, Code>, report: &PassReport) -> BTreeMap<String, Code> {
    for (endpoint, error) in &report.troubles {
        if before.get(endpoint) != Some(&error.code) {
            tracing::error!(endpoint, code = %error.code, "{error}");
        }
    }
    for endpoint in before.keys().filter(|endpoint| !report.troubles.contains_key(*endpoint)) {
        tracing::info!(endpoint, "the endpoint is well again");
    }
    report.troubles.iter().map(|(endpoint, error)| (endpoint.clone(), error.code)).collect()
}

/// Logs when our own disk has become too full to take files in, and when it has room again.
fn tell_space(was_low: bool, report: &PassReport) -> bool {
    match report.low_space {
        Some(free_bytes) if !was_low => {
            tracing::error!(free_bytes, "our own disk is nearly full: no file is fetched");
        }
        None if was_low => tracing::info!("there is room on our own disk again"),
        _ => {}
    }
    report.low_space.is_some()
}

fn pause_after(report: &PassReport, poll: Duration, next_look: Option<Duration>) -> Duration {
    if let Some(failure) = &report.failure {
        tracing::error!("{failure}");
        return AFTER_FAILURE;
    }
    // One that is paused is not asked at all: it costs nothing to see soon that it is resumed.
    let asked = |error: &&EndpointError| !error.pauses_the_endpoint();
    if report.troubles.values().filter(asked).any(|error| error.class == Class::Operator) {
        return poll.max(FOR_AN_OPERATOR);
    }
    next_look.map_or(poll, |look| look.min(poll))
}
