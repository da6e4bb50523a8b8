//! Whether the daemon lives, and whether it is ready: for a load balancer, a monitor, a person.
//! Live: no worker hangs; if not, a restart helps. Ready: the store takes changes, every endpoint
//! can be asked, and there is room; if not, a restart does not help.

use crate::daemon::Pulse;
use crate::store::{SqliteStore, Store};
use crate::transfer::spool::Spool;
use serde::Serialize;

/// What a look came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// What was looked at, and what is wrong with it; none = good.
    pub checks: Vec<(String, Option<String>)>,
}

impl Health {
    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.checks.iter().all(|(_, wrong)| wrong.is_none())
    }

    /// A line for each check: `good store`, or `wrong store: …`.
    pub fn text(&self) -> String {
        let line = |(what, wrong): &(String, Option<String>)| match wrong {
            None => format!("good {what}\n"),
            Some(wrong) => format!("wrong {what}: {wrong}\n"),
        };
        self.checks.iter().map(line).collect()
    }
}

/// Whether every worker gets on.
pub fn live(pulse: &Pulse) -> Health {
    let check = |worker: crate::daemon::Worker| {
        let silent = worker.silent_for.as_secs();
        let wrong = worker.is_stalled.then(|| format!("no sign of life for {silent} s"));
        (format!("worker {}", worker.name), wrong)
    };
    Health { checks: pulse.workers().into_iter().map(check).collect() }
}

/// Whether files can be taken in and answered.
pub fn ready(pulse: &Pulse) -> Health {
    let config = pulse.config();
    let path = config.store_path();
    let mut checks = live(pulse).checks;
    let writable = SqliteStore::is_writable(&path);
    checks.push(("store".to_owned(), writable.err().map(|error| error.to_string())));
    let waiting = SqliteStore::open_read_only(&path, config.miljoe)
        .and_then(|store| store.pauses())
        .unwrap_or_default();
    let circuits = pulse.circuits();
    for name in config.endpoints.keys() {
        let paused = waiting.iter().find(|pause| pause.endpoint == *name);
        let open = circuits.iter().find(|open| open.trouble.endpoint == *name);
        let wrong = paused
            .map(|pause| format!("paused, {}: {}", pause.problem.code, pause.problem.text))
            .or_else(|| open.map(|open| format!("{}: {}", open.trouble.code, open.trouble.what)));
        checks.push((format!("endpoint {name}"), wrong));
    }
    let minimum = config.limits.free_bytes;
    let wrong = match Spool::new(&config.state_dir).free_bytes() {
        Ok(free) if free < minimum => Some(format!("{free} bytes left, {minimum} are needed")),
        Ok(_) => None,
        Err(error) => Some(error.to_string()),
    };
    checks.push(("room".to_owned(), wrong));
    Health { checks }
}
