//! What the daemon tells of itself while it runs: to the service manager, and to whoever shows it.
//! It outlives a reload; everything else that is opened once is opened anew then.

use super::circuit::Circuits;
use super::tally::Tally;
use crate::alive::{Doing, Signs, Watched};
use crate::config::Config;
use crate::endpoint::{EndpointError, Settings};
use crate::store::Moment;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// Longest silence of a worker at work, over the longest wait that the configuration allows it
/// (for a server, for a hook).
const SILENCE: Duration = Duration::from_secs(5 * 60);

/// The daemon's signs of life, the configuration in force, and which endpoints are left alone.
#[derive(Debug)]
pub struct Pulse {
    begun_at: Moment,
    config: RwLock<Arc<Config>>,
    pub(super) circuits: Circuits,
    /// What was done since then.
    pub tally: Tally,
    workers: Mutex<BTreeMap<u64, (String, Arc<Signs>)>>,
    enrolled: AtomicU64,
}

/// A thread that works on files, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// What it is there for: `sf2530 ky:til-udk`.
    pub name: String,
    /// What it is at.
    pub doing: Doing,
    /// How long ago it last gave a sign of life.
    pub silent_for: Duration,
    /// Whether it has been silent for longer than any work takes: it hangs.
    pub is_stalled: bool,
}

/// An endpoint that is left alone for a while.
#[derive(Clone, Debug)]
pub struct OpenCircuit {
    /// Its last trouble.
    pub trouble: EndpointError,
    /// Failures in a row.
    pub failures: u32,
    /// After so long it is asked again.
    pub reopens_in: Duration,
}

impl Pulse {
    /// The pulse of a process that begins now.
    pub(super) fn new(config: Arc<Config>, begun_at: Moment) -> Self {
        Self {
            begun_at,
            config: RwLock::new(config),
            circuits: Circuits::default(),
            tally: Tally::default(),
            workers: Mutex::default(),
            enrolled: AtomicU64::new(0),
        }
    }

    /// When this process began, UTC.
    pub const fn begun_at(&self) -> Moment {
        self.begun_at
    }

    /// The configuration in force.
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Another configuration is in force from here on; endpoints get a new chance.
    pub(super) fn follow(&self, config: Arc<Config>) {
        self.circuits.forget();
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
    }

    /// The endpoints that are left alone now because of passing trouble, by name.
    pub fn circuits(&self) -> Vec<OpenCircuit> {
        self.circuits.open(Instant::now())
    }

    /// The threads at work, in the order in which they began.
    pub fn workers(&self) -> Vec<Worker> {
        let allowed = silence() + longest_wait(&self.config());
        let workers = self.locked();
        let last = workers.values().map(|(_, signs)| signs.silent_for()).min().unwrap_or_default();
        let worker = |(name, signs): &(String, Arc<Signs>)| {
            let (doing, silent_for) = (signs.doing(), signs.silent_for());
            let is_stalled = match doing {
                Doing::Nothing => false,
                Doing::Work => allowed < silent_for,
                // It hangs only where nobody else gets on either.
                Doing::Wait => allowed < last,
            };
            Worker { name: name.clone(), doing, silent_for, is_stalled }
        };
        workers.values().map(worker).collect()
    }

    /// Counts the calling thread among those at work, for as long as what it gets lives.
    pub(super) fn enrol(&self, name: String) -> Enrolled<'_> {
        let (number, watched) =
            (self.enrolled.fetch_add(1, Ordering::Relaxed), Watched::this_thread());
        self.locked().insert(number, (name, watched.signs()));
        Enrolled { pulse: self, number, _watched: watched }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<u64, (String, Arc<Signs>)>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread that is counted among those at work.
pub(super) struct Enrolled<'p> {
    pulse: &'p Pulse,
    number: u64,
    _watched: Watched,
}

impl Drop for Enrolled<'_> {
    fn drop(&mut self) {
        self.pulse.locked().remove(&self.number);
    }
}

/// [`SILENCE`], or `MODREGN_SILENCE_SECONDS`: for tests; a release build has nothing of this.
fn silence() -> Duration {
    if cfg!(debug_assertions)
        && let Ok(seconds) = std::env::var("MODREGN_SILENCE_SECONDS")
    {
        return seconds.parse().map_or(SILENCE, Duration::from_secs);
    }
    SILENCE
}

/// The longest that a worker may wait for others without a sign of life.
fn longest_wait(config: &Config) -> Duration {
    let endpoints = config.endpoints.values().map(Settings::patience);
    let hooks = config.alerts.hooks.iter().map(|hook| hook.timeout);
    endpoints.chain(hooks).max().unwrap_or_default()
}
