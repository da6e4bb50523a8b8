//! What pages are made from: the configuration in force, the store, the time.

use super::identity::Hosts;
use super::layouts::{InForce, Layouts};
use super::refusal::{Refusal, Why};
use super::server::WebError;
use super::stores::{AT_ONCE, Stores};
use super::tokens::Tokens;
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
    tokens: Tokens,
    layouts: Layouts,
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
    pub(super) fn new(
        pulse: Arc<Pulse>,
        web: Web,
        bound: Option<SocketAddr>,
    ) -> Result<Self, WebError> {
        let tokens = Tokens::new()?;
        let counted = Arc::clone(&pulse);
        Ok(Self(Arc::new(Inner {
            hosts: Hosts::new(&web, bound),
            web,
            stores: Stores::default(),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            counter: Counter::start(move || counted.config()),
            pulse,
            tokens,
            layouts: Layouts::default(),
        })))
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

    /// The daemon's signs of life.
    pub(super) fn pulse(&self) -> &Pulse {
        &self.0.pulse
    }

    pub(super) fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    /// The layouts in force, or what is wrong with them by now.
    pub(super) fn layouts(&self) -> Result<Vec<InForce>, String> {
        self.0.layouts.of(&self.config())
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
        let looked = self.aside(move || {
            let config = site.config();
            let figures = site.0.counter.latest();
            site.0.stores.lend(&config, |store| {
                job(&Look { config: &config, store, figures, now: SystemClock.now() })
            })?
        });
        looked.await
    }

    /// Does what blocks, beside the thread that serves.
    pub(super) async fn aside<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let place = Arc::clone(&self.0.places).acquire_owned().await;
        let done = spawn_blocking(move || {
            let _place = place;
            job()
        });
        // Its panic is in the log.
        done.await.unwrap_or_else(|_| Err(Why::Broken.into()))
    }
}
