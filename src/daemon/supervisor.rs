//! The service manager's side of the daemon (systemd's `sd_notify`): ready, reloading, stopping,
//! and signs of life for its watchdog, which are given only while every worker gets on. Without a
//! service manager all of it says nothing to nobody.

use super::pulse::Pulse;
use crate::alive::Doing;
use crossbeam_channel::{Sender, bounded};
use sd_notify::NotifyState;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Between two looks at the workers, at most.
const LOOK: Duration = Duration::from_secs(10);

/// A thread that looks whether the workers get on.
pub(super) struct Supervisor {
    ended: Sender<()>,
    thread: JoinHandle<()>,
}

impl Supervisor {
    pub(super) fn begin(pulse: Arc<Pulse>) -> Self {
        let (ended, end) = bounded::<()>(0);
        let watchdog = sd_notify::watchdog_enabled();
        // Three signs in the time that it gives us: one may be late.
        let pause = watchdog.map_or(LOOK, |within| (within / 3).min(LOOK));
        let thread = thread::spawn(move || {
            let mut known = BTreeSet::new();
            loop {
                known = tell_stalled(&pulse, &known);
                if known.is_empty() {
                    notify(&[NotifyState::Watchdog]);
                }
                if end.recv_timeout(pause) != Err(crossbeam_channel::RecvTimeoutError::Timeout) {
                    return;
                }
            }
        });
        Self { ended, thread }
    }

    pub(super) fn end(self) {
        drop(self.ended);
        // A panic in it was logged, and the watchdog has noticed.
        let _ = self.thread.join();
    }
}

/// Logs which workers hang that did not before; gives those that hang now.
fn tell_stalled(pulse: &Pulse, known: &BTreeSet<String>) -> BTreeSet<String> {
    let stalled: Vec<_> = pulse.workers().into_iter().filter(|worker| worker.is_stalled).collect();
    for worker in stalled.iter().filter(|worker| !known.contains(&worker.name)) {
        let silent_seconds = worker.silent_for.as_secs();
        let what = if worker.doing == Doing::Wait { "waits for another" } else { "works" };
        tracing::error!(
            worker = worker.name,
            silent_seconds,
            "a worker hangs: it {what} and gives no sign of life; the watchdog is told nothing \
             until it does"
        );
    }
    stalled.into_iter().map(|worker| worker.name).collect()
}

/// All routes are served.
pub(super) fn ready(status: &str) {
    notify(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The configuration is read anew; [`ready`] follows.
pub(super) fn reloading() {
    notify(&[NotifyState::Reloading, NotifyState::Status("reading the configuration anew")]);
}

/// Files under way are finished, then the process ends.
pub(super) fn stopping() {
    notify(&[NotifyState::Stopping, NotifyState::Status("finishing what is under way")]);
}

fn notify(what: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(what) {
        tracing::warn!("the service manager could not be told: {error}");
    }
}
