//! What is worth watching, for Prometheus: figures that were counted before, and what the store,
//! the configuration and our own disk say when it is asked for. No personal data, and no label
//! whose values grow in number by use.
//!
//! What the store says is a gauge, as things are now, and good both as OpenMetrics and in
//! Prometheus' own older format, which the textfile collector reads. Counters are of a running
//! daemon alone.

use super::figures::{Figures, Files, Payouts, Registreringer};
use crate::config::Config;
use crate::daemon::{Pulse, overdue_receipts};
use crate::domain::Udfald;
use crate::domain::tavle::Standing;
use crate::fault::AlertKind;
use crate::flow::tavle::Board;
use crate::store::{Afstemninger, Moment, Store, Tilstand};
use crate::transfer::TransferError;
use crate::transfer::spool::Spool;
use chrono::Days;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::fmt;

/// A metric: its value for each combination of its labels, in order.
#[derive(Debug, Default)]
struct Gauges(BTreeMap<Vec<(&'static str, String)>, i64>);

impl Gauges {
    fn set<const N: usize>(&mut self, labels: [(&'static str, &str); N], value: i64) {
        self.0.insert(labels.map(|(name, value)| (name, value.to_owned())).to_vec(), value);
    }

    fn of(value: i64) -> Self {
        Self(BTreeMap::from([(Vec::new(), value)]))
    }
}

impl EncodeMetric for Gauges {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|(labels, value)| encoder.encode_family(labels)?.encode_gauge(value))
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }
}

/// The text of all metrics as they are at `now`; what is not counted yet is not in it.
pub fn render(
    config: &Config,
    store: &dyn Store,
    figures: &Figures,
    pulse: Option<&Pulse>,
    now: Moment,
) -> Result<String, TransferError> {
    let miljoe = config.miljoe.code().into();
    let labels = std::iter::once(("miljoe".into(), miljoe));
    let mut page = Registry::with_prefix_and_labels("modregn", labels);
    let mut build = Gauges::default();
    build.set([("version", env!("CARGO_PKG_VERSION"))], 1);
    page.register("build_info", "Always 1; the version is a label", build);
    if let Some(counted) = &figures.files {
        files(&mut page, &counted.figures);
    }
    endpoints(&mut page, config, store)?;
    receipts(&mut page, config, store, now)?;
    if let Some(counted) = &figures.payouts {
        forventninger(&mut page, config, &counted.figures, now);
    }
    payout(&mut page, config, store, figures, now)?;
    if let Some(counted) = &figures.registreringer {
        registreringer(&mut page, &counted.figures);
    }
    alerts(&mut page, store)?;
    if let Some(pulse) = pulse {
        process(&mut page, config, pulse);
    }
    disk(&mut page, config)?;
    let mut text = String::new();
    // It cannot fail: what it writes to is a string.
    let _ = encode(&mut text, &page);
    Ok(text)
}

/// What only the daemon itself knows.
fn process(page: &mut Registry, config: &Config, pulse: &Pulse) {
    let begun = Gauges::of(pulse.begun_at().timestamp());
    page.register("begun_timestamp_seconds", "When this process began, seconds since 1970", begun);
    let mut open = Gauges::default();
    for endpoint in config.endpoints.keys() {
        open.set([("endpoint", endpoint)], 0);
    }
    for circuit in pulse.circuits() {
        open.set([("endpoint", &circuit.trouble.endpoint)], 1);
    }
    let help = "1 where an endpoint is left alone for a while because of passing trouble";
    page.register("endpoint_circuit_open", help, open);
    let mut stalled = Gauges::default();
    let workers = pulse.workers();
    // Several may work on one route.
    for hangs in [false, true] {
        for worker in workers.iter().filter(|worker| worker.is_stalled == hangs) {
            stalled.set([("worker", &worker.name)], hangs.into());
        }
    }
    page.register("worker_stalled", "1 where a worker hangs", stalled);
    pulse.tally.register(page);
}

/// No count or size comes near the limit.
fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn files(page: &mut Registry, files: &Files) {
    let (mut count, mut oldest) = (Gauges::default(), Gauges::default());
    for row in &files.census {
        let labels = [
            ("flow", row.flow.as_str()),
            ("direction", row.direction.word()),
            ("state", row.state.word()),
        ];
        count.set(labels, whole(row.count));
        oldest.set(labels, row.oldest.timestamp());
    }
    page.register("files", "Files by flow, direction and state", count);
    let help = "When the file that has stood longest in this state came to it, seconds since 1970";
    page.register("files_oldest_timestamp_seconds", help, oldest);
    page.register("aftaler", "Agreements that hold now", Gauges::of(whole(files.aftaler)));
}

fn endpoints(page: &mut Registry, config: &Config, store: &dyn Store) -> Result<(), TransferError> {
    let mut paused = Gauges::default();
    for endpoint in config.endpoints.keys() {
        paused.set([("endpoint", endpoint)], 0);
    }
    for pause in store.pauses()? {
        paused.set([("endpoint", &pause.endpoint)], 1);
    }
    page.register("endpoint_paused", "1 where an endpoint waits for an operator", paused);
    Ok(())
}

fn receipts(
    page: &mut Registry,
    config: &Config,
    store: &dyn Store,
    now: Moment,
) -> Result<(), TransferError> {
    let mut counts: BTreeMap<_, i64> = BTreeMap::new();
    for route in config.routes.iter().filter(|route| route.outbox.serviceplatformen.is_some()) {
        counts.insert((route.flow.as_str().to_owned(), route.outbox.endpoint.clone()), 0);
    }
    for sent in overdue_receipts(config, store, now)? {
        *counts.entry((sent.flow, sent.place.endpoint)).or_default() += 1;
    }
    let mut overdue = Gauges::default();
    for ((flow, endpoint), count) in counts {
        overdue.set([("flow", &flow), ("endpoint", &endpoint)], count);
    }
    page.register("receipts_overdue", "Files whose receipt has not come by its time", overdue);
    Ok(())
}

/// Payouts further away than that are not told of: their number would grow.
const NEAR: Days = Days::new(35);

fn forventninger(page: &mut Registry, config: &Config, payouts: &Payouts, now: Moment) {
    let Some(kalender) = &config.payouts else { return };
    let today = now.date_naive();
    let mut count = Gauges::default();
    for dispositionsdato in kalender.dispositionsdatoer(today - NEAR, today + NEAR) {
        let figures = payouts.get(&dispositionsdato);
        for udfald in Udfald::ALL {
            let kommuner = figures.iter().flat_map(|figures| figures.afstemninger.values());
            let antal = kommuner.map(|kommune| kommune.post(udfald).antal).sum();
            let labels =
                [("dispositionsdato", &*dispositionsdato.to_string()), ("udfald", udfald.word())];
            count.set(labels, whole(antal));
        }
    }
    page.register("forventninger", "Expectations by payout and what has become of them", count);
}

/// The payout that is on now. A municipality that takes part and has not asked is missing.
fn payout(
    page: &mut Registry,
    config: &Config,
    store: &dyn Store,
    figures: &Figures,
    now: Moment,
) -> Result<(), TransferError> {
    let current = config.payouts.as_ref().and_then(|kalender| kalender.current(now));
    let (Some(dispositionsdato), Some(counted)) = (current, &figures.payouts) else {
        return Ok(());
    };
    let none = Afstemninger::new();
    let afstemninger = counted.figures.get(&dispositionsdato).map(|payout| &*payout.afstemninger);
    let board =
        Board::with_figures(config, store, dispositionsdato, afstemninger.unwrap_or(&none), now)?;
    let mut counts = BTreeMap::<_, i64>::new();
    for row in &board.rows {
        for standing in Standing::ALL {
            let is_it = i64::from(row.standing() == standing);
            *counts.entry((row.kommune.region(), standing)).or_default() += is_it;
        }
    }
    let (day, mut kommuner) = (dispositionsdato.to_string(), Gauges::default());
    for ((region, standing), count) in counts {
        let standing = standing.word();
        let labels =
            [("dispositionsdato", &*day), ("region", &region.to_string()), ("standing", standing)];
        kommuner.set(labels, count);
    }
    let help = "Municipalities in the payout that is on now, by region and where they stand";
    page.register("payout_kommuner", help, kommuner);
    Ok(())
}

fn registreringer(page: &mut Registry, registreringer: &Registreringer) {
    let mut counts: BTreeMap<Tilstand, (u64, Option<Moment>)> = BTreeMap::new();
    for standing in &registreringer.standing {
        let (antal, oldest) = counts.entry(standing.tilstand).or_default();
        *antal += standing.antal;
        *oldest = Some(oldest.map_or(standing.oldest, |known| known.min(standing.oldest)));
    }
    let (mut count, mut first) = (Gauges::default(), Gauges::default());
    for tilstand in Tilstand::ALL {
        let (antal, oldest) = counts.get(&tilstand).copied().unwrap_or_default();
        let labels = [("tilstand", tilstand.word())];
        count.set(labels, whole(antal));
        if let Some(oldest) = oldest {
            first.set(labels, oldest.timestamp());
        }
    }
    page.register("registreringer", "Registrations by what has become of them", count);
    let help = "When the first registration of this state was entered, seconds since 1970";
    page.register("registreringer_oldest_timestamp_seconds", help, first);
}

fn alerts(page: &mut Registry, store: &dyn Store) -> Result<(), TransferError> {
    let counts = store.count_alerts()?;
    let (mut raised, mut unsent) = (Gauges::default(), Gauges::default());
    for &kind in AlertKind::ALL {
        let count = counts.iter().find(|count| count.kind == kind);
        let labels = [("kind", kind.as_str())];
        raised.set(labels, count.map_or(0, |count| whole(count.raised)));
        unsent.set(labels, count.map_or(0, |count| whole(count.unsent)));
    }
    page.register("alerts_raised", "Alerts ever raised", raised);
    page.register("alerts_unsent", "Alerts that have not reached every hook yet", unsent);
    Ok(())
}

fn disk(page: &mut Registry, config: &Config) -> Result<(), TransferError> {
    let free = whole(Spool::new(&config.state_dir).free_bytes()?);
    page.register("state_free_bytes", "Room left on the state directory's disk", Gauges::of(free));
    let minimum = Gauges::of(whole(config.limits.free_bytes));
    let help = "Room that is kept free there: with less, no file is fetched";
    page.register("state_free_minimum_bytes", help, minimum);
    Ok(())
}
