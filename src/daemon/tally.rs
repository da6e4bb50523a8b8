//! What this process has done since it began, for Prometheus: files, bytes, records, and how long
//! they took; what was tried again. What the store knows is not counted here.

use super::pass::FileOutcome;
use crate::endpoint::EndpointError;
use crate::flow::Effect;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

type Labels = Vec<(&'static str, String)>;
type Counters = Family<Labels, Counter>;

/// From a small request on a machine of its own to a million records, seconds.
const BUCKETS: [f64; 9] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 60.0, 600.0];

/// The counts.
#[derive(Debug)]
pub struct Tally {
    files: Counters,
    records: Counters,
    bytes: Counters,
    troubles: Counters,
    seconds: Family<Labels, Histogram, fn() -> Histogram>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            files: Family::default(),
            records: Family::default(),
            bytes: Family::default(),
            troubles: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
        }
    }
}

impl Tally {
    /// Shows the counts on a page of metrics.
    pub fn register(&self, page: &mut Registry) {
        let files = "Files worked on since the start, by what came of it; one that waits counts \
                     each time it is tried";
        page.register("files_worked_on", files, self.files.clone());
        let records = "Records of files worked on since the start: transactions, reports, answers";
        page.register("records_worked_on", records, self.records.clone());
        let bytes = "Bytes of files taken in since the start";
        page.register("taken_in_bytes", bytes, self.bytes.clone());
        let troubles = "Failed tries at an endpoint since the start, by code";
        page.register("endpoint_troubles", troubles, self.troubles.clone());
        let seconds = "How long a file took from the start of its work to the end";
        page.register("file_work_seconds", seconds, self.seconds.clone());
    }

    /// A file is done, in whatever way.
    pub(super) fn done(&self, flow: &str, outcome: &FileOutcome) {
        let flow = ("flow", flow.to_owned());
        let verdict = ("verdict", outcome.verdict.word().to_owned());
        self.files.get_or_create(&vec![flow.clone(), verdict]).inc();
        let labels = vec![flow];
        self.bytes.get_or_create(&labels).inc_by(outcome.bytes);
        if let Some(effect) = &outcome.effect {
            self.records.get_or_create(&labels).inc_by(records(effect));
        }
        self.seconds.get_or_create(&labels).observe(outcome.took.as_secs_f64());
    }

    /// An endpoint gave trouble.
    pub(super) fn trouble(&self, error: &EndpointError) {
        let labels =
            vec![("endpoint", error.endpoint.clone()), ("code", error.code.as_str().to_owned())];
        self.troubles.get_or_create(&labels).inc();
    }
}

/// How many records a file's effect is about.
fn records(effect: &Effect) -> u64 {
    match effect {
        Effect::Answered(svar) => svar.antal_transaktioner.into(),
        Effect::Settled(indlaest) => indlaest.antal.into(),
        Effect::Kvitteret(kvitteret) => {
            u64::from(kvitteret.accepteret) + u64::from(kvitteret.afvist)
        }
        Effect::Bogfoert(bogfoert) => {
            u64::from(bogfoert.antal_accepteret) + u64::from(bogfoert.antal_afvist)
        }
    }
}
