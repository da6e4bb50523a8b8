//! What pages are made from: the configuration in force, the store, the time.

use super::identity::Hosts;
use super::refusal::{Refusal, Why};
use super::stores::{AT_ONCE, Stores};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Web};
use crate::daemon::Pulse;
use crate::observe::figures::{Counter, Figures};
use crate::store::{Moment, Store};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Shared by all handlers.
#[derive(Clone)]
pub(super) struct Site(Arc<Inner>);

struct Inner {
    pulse: Arc<Pulse>,
    /// As it was when the server began.
    web: Web,
    hosts: Hosts,
    stores: Stores,
    places: Arc<Semaphore>,
    counter: Counter,
}

/// What a page is made from, at one moment.
pub(super) struct Look<'a> {
    pub(super) config: &'a Config,
    pub(super) store: &'a dyn Store,
    /// What was counted before.
    pub(super) figures: Figures,
    pub(super) now: Moment,
}

impl Site {
    pub(super) fn new(pulse: Arc<Pulse>, web: Web, bound: Option<SocketAddr>) -> Self {
        let counted = Arc::clone(&pulse);
        Self(Arc::new(Inner {
            hosts: Hosts::new(&web, bound),
            web,
            stores: Stores::default(),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            counter: Counter::start(move || counted.config()),
            pulse,
        }))
    }

    /// The page's own settings. Where it listens, and its certificate, stay as they were when it
    /// began; the rest is what is in force now.
    pub(super) fn web(&self) -> Web {
        self.config().web.as_ref().unwrap_or(&self.0.web).clone()
    }

    /// The configuration in force.
    pub(super) fn config(&self) -> Arc<Config> {
        self.0.pulse.config()
    }

    pub(super) fn hosts(&self) -> &Hosts {
        &self.0.hosts
    }

    /// Does what blocks: reads the store, our own disk. One of few at a time.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Look<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let site = self.clone();
        let place = Arc::clone(&self.0.places).acquire_owned().await;
        let looked = spawn_blocking(move || {
            let _place = place;
            let config = site.config();
            site.0.stores.lend(&config, |store| {
                let figures = site.0.counter.latest();
                job(&Look { config: &config, store, figures, now: SystemClock.now() })
            })
        });
        match looked.await {
            Ok(looked) => looked?,
            // Its panic is in the log.
            Err(_) => Err(Why::Broken.into()),
        }
    }
}
