//! What takes counting many rows, counted aside: one thread with a connection of its own counts
//! into figures that never change, and says of which moment they are. Whoever shows them never
//! waits for a count, and each kind of them takes a fifth of a processor at most.

use crate::clock::{Clock, SystemClock};
use crate::config::{Config, FlowName};
use crate::store::sqlite::SqliteStore;
use crate::store::{
    AfstemningFilter, Afstemninger, Census, Mark, Moment, PayoutMark, Rejections, Standing, Store,
    StoreError, Unanswered,
};
use chrono::{NaiveDate, TimeDelta};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Figures, and the moment they are of.
#[derive(Debug)]
pub struct Counted<T> {
    /// When they were counted, or known to be the same still.
    pub at: Moment,
    /// What was counted.
    pub figures: Arc<T>,
}

impl<T> Clone for Counted<T> {
    fn clone(&self) -> Self {
        Self { at: self.at, figures: Arc::clone(&self.figures) }
    }
}

/// All that is counted; `None` = not yet.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// What has become of expectations, by payout.
    pub payouts: Option<Counted<Payouts>>,
    /// Files and agreements.
    pub files: Option<Counted<Files>>,
    /// Registrations; never counted where none are sent.
    pub registreringer: Option<Counted<Registreringer>>,
}

/// What was expected held against what came, of each payout by municipality.
pub type Payouts = BTreeMap<NaiveDate, PayoutFigures>;

/// One payout's figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutFigures {
    /// What they were counted from.
    mark: PayoutMark,
    /// The figures.
    pub afstemninger: Arc<Afstemninger>,
}

/// How many files and agreements there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// What they were counted from.
    mark: Mark,
    /// Files by flow, direction and state.
    pub census: Vec<Census>,
    /// Agreements that hold.
    pub aftaler: u64,
}

/// Where the registrations stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registreringer {
    /// What they were counted from, and when.
    mark: (Mark, Moment),
    /// By municipality, fagsystem and state.
    pub standing: Vec<Standing>,
    /// Rejected ones that wait for a case worker, by municipality and reason.
    pub rejections: Vec<Rejections>,
    /// Transfers of which answers are missing, oldest first.
    pub unanswered: Vec<Unanswered>,
}

/// Most payouts counted in one go: after a start the newest are there soon.
const PAYOUTS_AT_ONCE: usize = 12;

/// Each kind of figures rests so many times as long as counting it took.
const REST: u32 = 4;
/// And this long at least.
const LEAST_REST: Duration = Duration::from_secs(1);

/// Registrations are counted anew after this, though the store's mark is the same: it does not
/// tell of those that were given back.
const AT_LATEST: TimeDelta = TimeDelta::minutes(10);

impl Figures {
    /// Counts everything, here and now.
    pub fn count(config: &Config, store: &dyn Store, now: Moment) -> Result<Self, StoreError> {
        let registreringer = sends_registreringer(config);
        let registreringer = registreringer.then(|| self::registreringer(store, None, now));
        Ok(Self {
            payouts: Some(payouts(store, None, usize::MAX, now)?),
            files: Some(files(store, None, now)?),
            registreringer: registreringer.transpose()?,
        })
    }
}

/// Whether this installation is a fagsystem's end of SF1590.
pub fn sends_registreringer(config: &Config) -> bool {
    config.routes.iter().any(|route| route.flow == FlowName::Sf1590Fagsystem)
}

/// Counts at most `limit` payouts that are new or have changed, newest first.
fn payouts(
    store: &dyn Store,
    known: Option<&Counted<Payouts>>,
    limit: usize,
    now: Moment,
) -> Result<Counted<Payouts>, StoreError> {
    let (mut all, mut counted) = (Payouts::new(), 0);
    for mark in store.payout_marks()? {
        let before = known.and_then(|known| known.figures.get(&mark.dispositionsdato));
        let figures = match before {
            Some(before) if before.mark == mark || counted == limit => before.clone(),
            None if counted == limit => continue,
            _ => {
                counted += 1;
                let dispositionsdato = Some(mark.dispositionsdato);
                let filter = AfstemningFilter { dispositionsdato, ..AfstemningFilter::default() };
                PayoutFigures { mark, afstemninger: Arc::new(store.afstemning(&filter)?) }
            }
        };
        all.insert(mark.dispositionsdato, figures);
    }
    Ok(Counted { at: now, figures: Arc::new(all) })
}

fn files(
    store: &dyn Store,
    known: Option<&Counted<Files>>,
    now: Moment,
) -> Result<Counted<Files>, StoreError> {
    // Read first: what comes while we count is counted the next time.
    let mark = store.mark()?;
    if let Some(known) = known.filter(|known| known.figures.mark == mark) {
        return Ok(Counted { at: now, ..known.clone() });
    }
    let files = Files { mark, census: store.census()?, aftaler: store.count_aftaler()? };
    Ok(Counted { at: now, figures: Arc::new(files) })
}

fn registreringer(
    store: &dyn Store,
    known: Option<&Counted<Registreringer>>,
    now: Moment,
) -> Result<Counted<Registreringer>, StoreError> {
    let mark = store.mark()?;
    let is_same = |known: &&Counted<Registreringer>| {
        let (then, at) = known.figures.mark;
        then == mark && now < at + AT_LATEST
    };
    if let Some(known) = known.filter(is_same) {
        return Ok(Counted { at: now, ..known.clone() });
    }
    let registreringer = Registreringer {
        mark: (mark, now),
        standing: store.standing()?,
        rejections: store.rejections()?,
        unanswered: store.unanswered()?,
    };
    Ok(Counted { at: now, figures: Arc::new(registreringer) })
}

/// The thread that counts; ends with this.
#[derive(Debug)]
pub struct Counter {
    latest: Arc<Mutex<Figures>>,
    /// The thread ends when this is dropped.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Counter {
    /// Begins to count in the store of this configuration, which may change meanwhile.
    pub fn start(config: impl Fn() -> Arc<Config> + Send + 'static) -> Self {
        let latest = Arc::<Mutex<Figures>>::default();
        let (stop, stopped) = bounded(0);
        let shown = Arc::clone(&latest);
        let thread = thread::spawn(move || keep_counting(&config, &shown, &stopped));
        Self { latest, stop: Some(stop), thread: Some(thread) }
    }

    /// The newest figures.
    pub fn latest(&self) -> Figures {
        lock(&self.latest).clone()
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // If it broke down, that was logged, and nothing is lost but figures.
            let _ = thread.join();
        }
    }
}

fn lock(figures: &Mutex<Figures>) -> MutexGuard<'_, Figures> {
    figures.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts whatever has rested long enough, until `stopped` closes.
fn keep_counting(config: &dyn Fn() -> Arc<Config>, shown: &Mutex<Figures>, stopped: &Receiver<()>) {
    let (mut rounds, mut trouble) = (Rounds::default(), None);
    loop {
        let said = rounds.count(&config(), shown).err().map(|error| error.to_string());
        if let Some(error) = said.as_ref().filter(|_| said != trouble) {
            tracing::warn!(error, "figures cannot be counted; older ones are shown");
        }
        trouble = said;
        match stopped.recv_timeout(LEAST_REST) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// What is kept from one round to the next.
#[derive(Default)]
struct Rounds {
    store: Option<SqliteStore>,
    payouts: Turn,
    files: Turn,
    registreringer: Turn,
}

impl Rounds {
    fn count(&mut self, config: &Config, shown: &Mutex<Figures>) -> Result<(), StoreError> {
        let Self { store, payouts: first, files: second, registreringer: third } = self;
        let store = match store {
            Some(store) => store,
            None => store.insert(SqliteStore::open_read_only(&config.store_path(), config.miljoe)?),
        };
        let known = lock(shown).clone();
        let now = || SystemClock.now();
        let counted =
            first.take(|| payouts(store, known.payouts.as_ref(), PAYOUTS_AT_ONCE, now()))?;
        if counted.is_some() {
            lock(shown).payouts = counted;
        }
        let counted = second.take(|| files(store, known.files.as_ref(), now()))?;
        if counted.is_some() {
            lock(shown).files = counted;
        }
        if sends_registreringer(config) {
            let known = known.registreringer.as_ref();
            let counted = third.take(|| registreringer(store, known, now()))?;
            if counted.is_some() {
                lock(shown).registreringer = counted;
            }
        }
        Ok(())
    }
}

/// When one kind of figures may be counted; `None` = at once.
#[derive(Default)]
struct Turn(Option<Instant>);

impl Turn {
    /// Counts, if it has rested long enough.
    fn take<T>(
        &mut self,
        count: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let begun = Instant::now();
        if self.0.is_some_and(|due| begun < due) {
            return Ok(None);
        }
        let counted = count();
        let ended = Instant::now();
        self.0 = Some(ended + (ended - begun) * REST);
        counted.map(Some)
    }
}
