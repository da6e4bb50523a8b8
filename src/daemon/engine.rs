//! Everything that is opened once and shared by all routes.

use super::node::{Presence, bury_the_dead};
use super::pulse::Pulse;
use crate::clock::Clock;
use crate::config::{Config, FlowName, LayoutFileError, Route, load_layouts};
use crate::endpoint::EndpointError;
use crate::flow::Flow;
use crate::flow::sf1590;
use crate::flow::sf1590::debitorsystem::Debitorsystem;
use crate::flow::sf1590::fagsystem::Fagsystem;
use crate::flow::sf2520::{self, Sf2520};
use crate::flow::sf2530::{self, Sf2530};
use crate::layout::Layouts;
use crate::message::BindError;
use crate::record::Options;
use crate::store::sqlite::SqliteStore;
use crate::store::{Node, Pause, Problem, Store, StoreError};
use crate::transfer::intake::Source;
use crate::transfer::metadata::Platform;
use crate::transfer::seal::{Seal, SealError};
use crate::transfer::spool::Spool;
use crate::transfer::{Desk, TransferError};
use chrono::TimeDelta;
use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;
use uuid::Uuid;

/// The store, the spool and the flows of one configuration.
pub struct Engine {
    config: Arc<Config>,
    store: Mutex<Box<dyn Store>>,
    spool: Spool,
    clock: Arc<dyn Clock>,
    flows: Vec<Box<dyn Flow>>,
    claimed: Mutex<BTreeSet<Uuid>>,
    let_go: Condvar,
    stopping: AtomicBool,
    takeovers: AtomicU64,
    pulse: Arc<Pulse>,
    /// None = only looks.
    presence: Option<Presence>,
}

/// Why the engine did not start, or did not stop as it should.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A layout of `formats_dir`.
    #[error(transparent)]
    Layout(#[from] LayoutFileError),
    /// No layout of this id, built in or in `formats_dir`.
    #[error("there is no layout {0}")]
    NoLayout(&'static str),
    /// A layout lacks what its message needs.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The archive's encryption.
    #[error("retention.archive_recipient: {0}")]
    Seal(#[from] SealError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Our own disk.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Joining the processes at work.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// A worker broke down. The file it held goes on from its journal at the next start.
    #[error("a worker broke down (its panic is in the log above): start modregn again")]
    Panicked,
}

impl Engine {
    /// Opens everything a configuration names, to work with it, beside others perhaps; takes over
    /// from processes that have ended, and sweeps up what a crash left in the spool.
    pub fn open(config: Config, clock: Box<dyn Clock>) -> Result<Self, EngineError> {
        let (config, clock): (_, Arc<dyn Clock>) = (Arc::new(config), Arc::from(clock));
        let pulse = Pulse::new(config, clock.now());
        Self::open_with(clock, Arc::new(pulse))
    }

    /// Opens everything anew, by another configuration.
    pub(super) fn reopen(self, config: Config) -> Result<Self, EngineError> {
        let (clock, pulse) = (Arc::clone(&self.clock), Arc::clone(&self.pulse));
        drop(self);
        pulse.follow(Arc::new(config));
        Self::open_with(clock, pulse)
    }

    fn open_with(clock: Arc<dyn Clock>, pulse: Arc<Pulse>) -> Result<Self, EngineError> {
        let config = pulse.config();
        let flows = flows(&config)?;
        let spool = Spool::open(&config.state_dir)?.sealed(seal(&config)?);
        let mut store = SqliteStore::open(&config.store_path(), config.miljoe)?;
        let presence = Presence::begin(&config.state_dir, &mut store, clock.now())?;
        let mut engine = Self::assemble(Box::new(store), spool, flows, clock, pulse);
        engine.presence = Some(presence);
        engine.take_over()?;
        engine.sweep()?;
        Ok(engine)
    }

    /// Whether the layouts have all that the flows need; touches nothing.
    pub fn check(config: &Config) -> Result<(), EngineError> {
        seal(config)?;
        flows(config).map(drop)
    }

    /// Opens everything only to look at it, beside whoever works with it.
    pub fn look(config: Config, clock: Box<dyn Clock>) -> Result<Self, EngineError> {
        let flows = flows(&config)?;
        let spool = Spool::new(&config.state_dir);
        let store = SqliteStore::open_read_only(&config.store_path(), config.miljoe)?;
        let pulse = Pulse::new(Arc::new(config), clock.now());
        Ok(Self::assemble(Box::new(store), spool, flows, Arc::from(clock), Arc::new(pulse)))
    }

    fn assemble(
        store: Box<dyn Store>,
        spool: Spool,
        flows: Vec<Box<dyn Flow>>,
        clock: Arc<dyn Clock>,
        pulse: Arc<Pulse>,
    ) -> Self {
        let (store, claimed) = (Mutex::new(store), Mutex::default());
        Self {
            config: pulse.config(),
            store,
            spool,
            clock,
            flows,
            claimed,
            stopping: AtomicBool::new(false),
            takeovers: AtomicU64::new(0),
            let_go: Condvar::new(),
            pulse,
            presence: None,
        }
    }

    /// The configuration it was opened with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What this process tells of itself.
    pub const fn pulse(&self) -> &Arc<Pulse> {
        &self.pulse
    }

    /// What every worker needs at hand.
    pub fn desk(&self) -> Desk<'_> {
        let node = self.presence.as_ref().map_or(Node::ONLOOKER, |presence| presence.node);
        let give_up_after = TimeDelta::hours(self.config.limits.give_up_hours.into());
        Desk::new(&self.store, &self.spool, &*self.clock, node, give_up_after)
    }

    /// Frees what processes that have ended had claimed, and sweeps up after them.
    pub(super) fn take_over(&self) -> Result<(), TransferError> {
        let desk = self.desk();
        let state_dir = &self.config.state_dir;
        let mut store = desk.store();
        let found = bury_the_dead(state_dir, &mut **store, Some(desk.node), desk.now())?;
        drop(store);
        if found {
            self.takeovers.fetch_add(1, Ordering::Relaxed);
            self.sweep()?;
        }
        Ok(())
    }

    /// How often this process has taken over from others. Where it grows they may have left
    /// something.
    pub(super) fn takeovers(&self) -> u64 {
        self.takeovers.load(Ordering::Relaxed)
    }

    /// The flow of the route at this place in the configuration.
    pub(super) fn flow(&self, route: usize) -> &dyn Flow {
        &*self.flows[route]
    }

    /// Remembers an endpoint's trouble; pauses it where only an operator ends that.
    pub(super) fn trouble(&self, error: &EndpointError) -> Result<(), TransferError> {
        self.pulse.circuits.failed(error, Instant::now());
        self.pulse.tally.trouble(error);
        if error.pauses_the_endpoint() {
            let (class, code, text) = (error.class, error.code, error.what.clone());
            let desk = self.desk();
            desk.store().pause(&error.endpoint, &Problem { class, code, text }, desk.now())?;
        }
        Ok(())
    }

    /// Why endpoints are left alone: those that wait for an operator.
    pub(super) fn paused(&self) -> Result<Vec<EndpointError>, TransferError> {
        let error = |Pause { endpoint, problem, .. }| {
            let what = format!(
                "{}; it is paused: mend that, then `modregn resume {endpoint} --reason …`",
                problem.text
            );
            EndpointError { endpoint, class: problem.class, code: problem.code, what }
        };
        Ok(self.desk().store().pauses()?.into_iter().map(error).collect())
    }

    /// Whether there is a route of this flow.
    pub(super) fn serves(&self, flow: FlowName) -> bool {
        self.config.routes.iter().any(|route| route.flow == flow)
    }

    /// What is left on our own disk, bytes, if that is too little to take files in.
    pub(super) fn low_space(&self) -> Result<Option<u64>, TransferError> {
        let free = self.spool.free_bytes()?;
        Ok(Some(free).filter(|free| *free < self.config.limits.free_bytes))
    }

    /// Where a route's files come from; `since` is the newest event before its inbox was listed.
    pub(super) fn source<'a>(&self, route: &'a Route, since: i64) -> Source<'a> {
        Source {
            flow: route.flow.as_str(),
            endpoint: &route.inbox.endpoint,
            directory: &route.inbox.directory,
            plain: &route.inbox.plain,
            platform: route.inbox.serviceplatformen.as_ref().map(|receiving| Platform {
                receiving,
                xml_bytes: self.config.limits.xml_bytes,
                outbox: (&route.outbox.endpoint, &route.outbox.directory),
            }),
            limit: self.config.limits.file_bytes,
            since,
        }
    }

    /// Lets every worker finish the file it holds and take no other.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether [`Engine::stop`] was called.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Claims a transfer for one worker, as soon as no other has it. The same request under two
    /// names owes one answer: two workers must not deliver it side by side, and it may be owed once
    /// more just before the first lets go of it.
    pub(super) fn claim(&self, transfer: Uuid) -> Claim<'_> {
        let claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        let is_taken = |claimed: &mut BTreeSet<Uuid>| claimed.contains(&transfer);
        let free = self.let_go.wait_while(claimed, is_taken);
        free.unwrap_or_else(PoisonError::into_inner).insert(transfer);
        Claim { engine: self, transfer }
    }

    /// Removes spooled bytes whose transfer needs them no more: the last act of a file's life,
    /// which a crash can come before.
    fn sweep(&self) -> Result<(), TransferError> {
        let desk = self.desk();
        for id in self.spool.transfers()? {
            match desk.store().transfer(id)? {
                // One that is claimed may be on its way again.
                Some(transfer) if !transfer.is_at_rest() => {}
                Some(_) => self.spool.forget(id)?,
                None => {
                    tracing::warn!(%id, "the spool has bytes of a transfer unknown to the store");
                }
            }
        }
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let desk = self.desk();
        let end = |presence: &Presence| presence.end(&mut **desk.store(), desk.now());
        if let Some(Err(error)) = self.presence.as_ref().map(end) {
            tracing::warn!("{error}: the next process takes over what this one had claimed");
        }
    }
}

/// A worker's hold on a transfer; let go when dropped.
pub(super) struct Claim<'e> {
    engine: &'e Engine,
    transfer: Uuid,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut claimed = self.engine.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        claimed.remove(&self.transfer);
        self.engine.let_go.notify_all();
    }
}

fn flows(config: &Config) -> Result<Vec<Box<dyn Flow>>, EngineError> {
    let layouts = load_layouts(config.formats_dir.as_deref())?;
    config.routes.iter().map(|route| flow_of(config, route, &layouts)).collect()
}

fn flow_of(
    config: &Config,
    route: &Route,
    layouts: &Layouts,
) -> Result<Box<dyn Flow>, EngineError> {
    let layout = |id| layouts.get(id).ok_or(EngineError::NoLayout(id));
    match route.flow {
        FlowName::Sf2530 => Ok(Box::new(Sf2530::new(
            &*layout(sf2530::FORESPOERGSEL_LAYOUT)?,
            &*layout(sf2530::SVAR_LAYOUT)?,
            read_options(config),
            route,
            config.payouts.as_ref(),
        )?)),
        FlowName::Sf2520 => {
            Ok(Box::new(Sf2520::new(&*layout(sf2520::LAYOUT)?, read_options(config), route)?))
        }
        FlowName::Sf1590Fagsystem => Ok(Box::new(Fagsystem::new(
            &*layout(sf1590::REGISTRERING_LAYOUT)?,
            &*layout(sf1590::KVITTERING_LAYOUT)?,
            read_options(config),
            route,
        )?)),
        FlowName::Sf1590Debitorsystem => Ok(Box::new(Debitorsystem::new(
            &*layout(sf1590::REGISTRERING_LAYOUT)?,
            &*layout(sf1590::KVITTERING_LAYOUT)?,
            read_options(config),
            route,
        )?)),
    }
}

fn seal(config: &Config) -> Result<Option<Seal>, SealError> {
    config.retention.archive_recipient.as_deref().map(Seal::to).transpose()
}

fn read_options(config: &Config) -> Options {
    Options {
        cpr: config.cpr.into(),
        fault_limit: config.limits.faults_per_file,
        max_records: config.limits.records_per_file,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::config::EXAMPLE;

    #[test]
    fn a_transfer_is_claimed_by_one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let config = EXAMPLE.replace("/var/lib/modregn", dir.path().to_str().unwrap());
        let config = Config::parse(&config, "modregn.toml", dir.path()).unwrap();
        let engine = Engine::open(config, Box::new(SystemClock)).unwrap();
        let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
        let first = engine.claim(one);
        drop(engine.claim(other));
        std::thread::scope(|scope| {
            let second = scope.spawn(|| drop(engine.claim(one)));
            std::thread::sleep(std::time::Duration::from_millis(50));
            assert!(!second.is_finished());
            drop(first);
        });
        drop(engine.claim(one));
    }
}
