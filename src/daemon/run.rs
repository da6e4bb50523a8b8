//! The daemon: every route in a thread of its own, so that a slow server holds up nobody else. A
//! route's round begins when its inbox changes, when its time has come, and at the start; one with
//! a schedule looks into its inbox at the scheduled times only.

use super::pass::{Observer, PassReport, Retry, RouteRunner};
use super::supervisor::{self, Supervisor};
use super::timetable::Timetable;
use super::{Engine, EngineError, alerts};
use crate::alive;
use crate::config::{Config, ConfigError, Inbox, Route, Web};
use crate::endpoint::EndpointError;
use crate::endpoint::watch::Watch;
use crate::fault::{Class, Code};
use crate::store::Moment;
use crossbeam_channel::{Receiver, Sender, bounded, never, select, unbounded};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Pause after the store or our own disk failed.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Pause between two looks for payloads whose time is over.
const BETWEEN_PURGES: Duration = Duration::from_secs(60 * 60);

/// Pause while something at an endpoint waits for an operator.
const FOR_AN_OPERATOR: Duration = Duration::from_secs(5 * 60);

/// Reads the configuration file anew, and checks it.
pub type Reread<'a> = &'a dyn Fn() -> Result<Config, ConfigError>;

/// Works until SIGTERM or SIGINT; then every worker finishes the file it holds. At SIGHUP the
/// configuration and the layouts are read anew: a good one is worked by from then on, a bad one
/// is logged and changes nothing.
pub fn run(
    mut engine: Engine,
    reread: Reread<'_>,
    observer: &dyn Observer,
) -> Result<(), EngineError> {
    // For the whole run: between two engines no signal is lost.
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let handle = signals.handle();
    let (send, told) = unbounded();
    let listener = thread::spawn(move || {
        signals.forever().take_while(|signal| send.send(*signal).is_ok()).for_each(drop);
    });
    let supervisor = Supervisor::begin(Arc::clone(engine.pulse()));
    let outcome = loop {
        match serve_all(&engine, &told, reread, observer) {
            Ok(End::Stop) => break Ok(()),
            Ok(End::Reload(config)) => match engine.reopen(*config) {
                Ok(reopened) => engine = reopened,
                Err(error) => break Err(error),
            },
            Err(error) => break Err(error),
        }
    };
    supervisor.end();
    handle.close();
    // It only waits for signals, and there are none any more.
    let _ = listener.join();
    tracing::info!("stopped");
    outcome
}

/// Why all routes' work ended.
enum End {
    Stop,
    /// To begin anew by this configuration.
    Reload(Box<Config>),
}

/// Works on every route until a signal ends it.
fn serve_all(
    engine: &Engine,
    told: &Receiver<i32>,
    reread: Reread<'_>,
    observer: &dyn Observer,
) -> Result<End, EngineError> {
    let (stop, stopped) = bounded::<()>(0);
    // Room for each of them: one may end while nobody listens.
    let (working, broken) = bounded(engine.config().routes.len() + 1);
    thread::scope(|scope| {
        let retired = stopped.clone();
        let house = {
            let working = working.clone();
            scope.spawn(move || {
                let _ending = EndsAll(working);
                keep_house(engine, &retired);
            })
        };
        let (looking, looked) = bounded::<()>(0);
        let routes: Vec<_> = (0..engine.config().routes.len())
            .map(|route| {
                let (stopped, working) = (stopped.clone(), working.clone());
                let start = if engine.flow(route).in_order() {
                    Start::After(looked.clone())
                } else {
                    Start::First(looking.clone())
                };
                scope.spawn(move || {
                    let _ending = EndsAll(working);
                    serve(engine, route, start, &stopped, observer);
                })
            })
            .collect();
        drop((looking, working));
        supervisor::ready(&format!("serving {} routes", routes.len()));
        let end = wait_for_the_end(engine, told, &broken, reread);
        engine.stop();
        // Every route waits for this channel to close.
        drop(stop);
        let mut broke_down = false;
        for worker in routes.into_iter().chain([house]) {
            broke_down |= worker.join().is_err();
        }
        // The others have finished what they held; whoever watches us starts us anew.
        if broke_down { Err(EngineError::Panicked) } else { Ok(end) }
    })
}

/// Says, when a worker ends, that it has: none does before it is told to.
struct EndsAll(Sender<()>);

impl Drop for EndsAll {
    fn drop(&mut self) {
        // Whoever is stopping does not listen any more.
        let _ = self.0.try_send(());
    }
}

fn wait_for_the_end(
    engine: &Engine,
    told: &Receiver<i32>,
    broken: &Receiver<()>,
    reread: Reread<'_>,
) -> End {
    loop {
        let signal = select! {
            recv(told) -> signal => signal.unwrap_or(SIGTERM),
            recv(broken) -> _ => SIGTERM,
        };
        if signal == SIGHUP {
            supervisor::reloading();
            match reloadable(engine.config(), reread) {
                Ok(config) => {
                    tracing::info!("the configuration is read anew: finishing what is under way");
                    return End::Reload(Box::new(config));
                }
                Err(error) => {
                    tracing::error!("the configuration in force stays: {error:#}");
                    supervisor::ready("a bad configuration was refused; the one before stays");
                }
            }
        } else {
            tracing::info!(signal, "stopping: finishing what is under way");
            supervisor::stopping();
            return End::Stop;
        }
    }
}

/// The configuration as it is written now, if it can take the place of the one in force.
fn reloadable(inforce: &Config, reread: Reread<'_>) -> Result<Config, ReloadError> {
    let config = reread()?;
    Engine::check(&config)?;
    let stand = |config: &Config| config.web.as_ref().map(Web::stand);
    for (setting, differs) in [
        ("miljoe", config.miljoe != inforce.miljoe),
        ("state_dir", config.state_dir != inforce.state_dir),
        ("web.listen, tls and client_ca", stand(&config) != stand(inforce)),
    ] {
        if differs {
            return Err(ReloadError::NeedsRestart(setting));
        }
    }
    Ok(config)
}

/// Why a configuration cannot take the place of the one in force.
#[derive(Debug, thiserror::Error)]
enum ReloadError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("`{0}` cannot change while modregn runs: set it back, or restart modregn")]
    NeedsRestart(&'static str),
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
            Self::After(looked) => alive::idle(|| {
                select! {
                    recv(stopped) -> _ => {}
                    recv(looked) -> _ => {}
                }
                None
            }),
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
    let _worker = engine.pulse().enrol(runner.route().title());
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
        alive::idle(|| {
            select! {
                recv(stopped) -> _ => {}
                recv(woken) -> _ => {}
                default(pause) => {}
            }
        });
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
    let _worker = engine.pulse().enrol("housekeeping".to_owned());
    let mut next_purge = Instant::now();
    loop {
        if next_purge <= Instant::now() {
            purge(engine);
            next_purge = Instant::now() + BETWEEN_PURGES;
        }
        alive::idle(|| {
            select! {
                recv(stopped) -> _ => {}
                default(engine.config().alerts.every()) => {}
            }
        });
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
