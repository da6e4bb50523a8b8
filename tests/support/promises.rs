//! What holds of an installation whatever was done to its processes: at any instant that nothing is
//! gone before it is durable, and in the end that each request is answered, and each report
//! applied, exactly once.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test program uses a part; one that panics has failed, as it should"
)]

use super::installation::{Installation, names};
use super::oracle::{Figures, answers, timeless};
use modregn::domain::{Miljoe, Udbetalingsperiode, Udfald};
use modregn::store::{AfstemningFilter, SqliteStore, Store, Transfer, TransferFilter};
use modregn::transfer::spool::{Spool, payload_of};
use modregn::transfer::state::{Direction, State};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The files of an exchange and what they must be answered with.
#[derive(Clone)]
pub struct Files {
    /// Every file that comes in, by name.
    pub inbound: BTreeMap<String, Vec<u8>>,
    /// Those of them that must be rejected.
    pub bad: BTreeSet<String>,
    /// Every answer, by name, without its moment.
    pub answers: BTreeMap<String, Vec<u8>>,
    /// Payout reports, on requests that were answered before.
    pub reports: Reports,
    /// What is in the store from before.
    pub earlier: Earlier,
}

/// Payout reports that come in, and what they must come to.
#[derive(Clone, Default)]
pub struct Reports {
    /// Every file, by name; other names than requests have.
    pub files: BTreeMap<String, Vec<u8>>,
    /// How old each is when it comes, seconds: a later one may correct an earlier one.
    pub ages: BTreeMap<String, u64>,
    /// Those of them that must be rejected.
    pub bad: BTreeSet<String>,
    /// The files that tell of refused records, by name.
    pub told: BTreeSet<String>,
    /// The reports that must be applied, by udbetaling_id, in that order.
    pub applied: Vec<String>,
    /// How many records they have that are not refused.
    pub lines: usize,
    /// What has become of the expectations of November 2026.
    pub figures: Figures,
}

/// What was in a store before its files came.
#[derive(Clone, Default)]
pub struct Earlier {
    pub transfers: BTreeSet<Uuid>,
    pub requests: i64,
    pub expectations: i64,
}

impl Files {
    /// The requests of a directory, all of them good, with what the oracle says of them.
    pub fn of(aftaler: &Path, requests: &Path) -> Self {
        let read = |name: String| {
            let bytes = fs::read(requests.join(&name)).unwrap();
            (name, bytes)
        };
        let inbound = names(requests).into_iter().map(read).collect();
        let (bad, answers) = (BTreeSet::new(), answers(aftaler, requests));
        Self { inbound, bad, answers, reports: Reports::default(), earlier: Earlier::default() }
    }

    /// Every file that comes in, by name, and whether it must be rejected.
    fn all(&self) -> impl Iterator<Item = (&String, &Vec<u8>, bool)> {
        let requests = self.inbound.iter().map(|(name, bytes)| (name, bytes, &self.bad));
        let reports = self.reports.files.iter();
        let reports = reports.map(|(name, bytes)| (name, bytes, &self.reports.bad));
        requests.chain(reports).map(|(name, bytes, bad)| (name, bytes, bad.contains(name)))
    }
}

/// Where an installation's files stand.
pub struct Places {
    pub state: PathBuf,
    pub inbox: PathBuf,
    /// Where processed requests are moved to; `None` = they are removed.
    pub moved: Option<PathBuf>,
    pub outbox: PathBuf,
    /// Where reports come in, and where their senders are told of refused records.
    pub reports: PathBuf,
    pub refusals: PathBuf,
    /// Whether each answer has a trigger beside it.
    pub triggers: bool,
}

impl Places {
    /// Those of an installation whose endpoint has its root here.
    pub fn of(installation: &Installation, root: &Path) -> Self {
        let state = installation.path("state");
        let [inbox, outbox, reports, refusals] =
            ["ind", "ud", "udbetalt", "afvist"].map(|name| root.join(name));
        Self { state, inbox, moved: None, outbox, reports, refusals, triggers: false }
    }

    /// The store, only to look at; `None` = there is none yet.
    pub fn store(&self) -> Option<SqliteStore> {
        SqliteStore::open_read_only(&self.state.join("modregn.db"), Miljoe::Test).ok()
    }

    /// Every file that others can see, by name.
    pub fn visible(&self) -> BTreeMap<String, Vec<u8>> {
        let outboxes = [&self.outbox, &self.refusals].into_iter().filter(|outbox| outbox.exists());
        let all = outboxes.flat_map(|outbox| {
            names(outbox).into_iter().map(|name| (name.clone(), outbox.join(name)))
        });
        let visible = all.filter(|(name, _)| !name.starts_with('.'));
        visible.map(|(name, path)| (name, fs::read(path).unwrap())).collect()
    }

    /// No file has left its source whose bytes are not kept and journalled.
    pub fn check_nothing_is_lost(&self, files: &Files) {
        let transfers = self.store().map(|store| all(&store)).unwrap_or_default();
        let spool = Spool::new(&self.state);
        for (name, bytes, _) in files.all() {
            let stands_in = |inbox: &Path| fs::read(inbox.join(name)).is_ok_and(|is| is == *bytes);
            if stands_in(&self.inbox) || stands_in(&self.reports) {
                continue;
            }
            let is_kept = |transfer: &&Transfer| {
                let id = transfer.id;
                let quarantine = spool.quarantine(id).join("payload");
                let mut kept = [spool.incoming(id), spool.archived(id), quarantine].into_iter();
                transfer.payload.is_some()
                    && kept.any(|path| payload_of(&path).ok() == transfer.payload)
            };
            let mut of_this_name = transfers.iter().filter(|t| t.place.name == *name);
            assert!(of_this_name.any(|t| is_kept(&t)), "{name} left its source, and is not kept");
        }
    }

    /// All is done: each file exactly once, and nothing is left lying about. `vanished` says
    /// whether a file may have been seen by one process that another took.
    pub fn check_all_is_done(&self, files: &Files, vanished: bool) {
        self.check_directories(files);
        self.check_answers(files);
        self.check_store(files, vanished);
    }

    fn check_directories(&self, files: &Files) {
        let left = |directory: &Path| names(directory);
        assert_eq!(left(&self.inbox), [""; 0], "left in the inbox");
        if !files.reports.files.is_empty() {
            assert_eq!(left(&self.reports), [""; 0], "left of the reports");
            let told: Vec<_> = files.reports.told.iter().cloned().collect();
            assert_eq!(left(&self.refusals), told, "their senders are told once");
        }
        for directory in ["spool/in", "spool/out", "nodes"] {
            assert_eq!(left(&self.state.join(directory)), [""; 0], "left in {directory}");
        }
        if let Some(moved) = &self.moved {
            let found = left(moved);
            assert_eq!(found.len(), files.all().count(), "{found:?}");
            for (name, bytes, _) in files.all() {
                let end = format!("_{name}");
                let mut ours = found.iter().filter(|moved| moved.ends_with(&end));
                let there = fs::read(moved.join(ours.next().unwrap())).unwrap();
                assert!(there == *bytes, "{name} was moved with other bytes");
            }
        }
        let bad = files.all().filter(|(_, _, is_bad)| *is_bad).count();
        let good = files.all().count() - bad;
        assert_eq!(left(&self.state.join("archive")).len(), good, "in the archive");
        let refused = left(&self.state.join("quarantine"));
        assert_eq!(refused.len(), bad, "in quarantine");
        for id in refused {
            let found = left(&self.state.join("quarantine").join(id));
            assert_eq!(found, ["payload", "rapport.txt", "report.json", "report.txt"]);
        }
    }

    fn check_answers(&self, files: &Files) {
        let mut wanted: Vec<_> = files.answers.keys().cloned().collect();
        if self.triggers {
            wanted.extend(files.answers.keys().map(|name| format!("{name}.trigger")));
            wanted.sort();
        }
        assert_eq!(names(&self.outbox), wanted, "one answer for each request, nothing else");
        for (name, answer) in &files.answers {
            let there = fs::read(self.outbox.join(name)).unwrap();
            assert!(timeless(there) == *answer, "{name} has other bytes");
        }
    }

    fn check_store(&self, files: &Files, vanished: bool) {
        let store = self.store().expect("a store");
        let audit = store.verify().unwrap();
        assert_eq!(audit.findings, [], "the event log");
        assert_eq!(store.nodes().unwrap(), [], "processes that never ended");
        let mut inbound: BTreeMap<String, Vec<State>> = BTreeMap::new();
        let mut outbound = Vec::new();
        let ours = |transfer: &Transfer| !files.earlier.transfers.contains(&transfer.id);
        for transfer in all(&store).into_iter().filter(ours) {
            assert_eq!(transfer.node, None, "{} is claimed", transfer.place);
            match transfer.direction {
                Direction::Inbound if transfer.state == State::Vanished && vanished => {}
                Direction::Inbound => {
                    inbound.entry(transfer.place.name).or_default().push(transfer.state);
                }
                Direction::Outbound => {
                    let sent_on = self.triggers && transfer.flow == "sf2530";
                    let done = if sent_on { State::Triggered } else { State::Published };
                    assert_eq!(transfer.state, done, "{}", transfer.place);
                    outbound.push(transfer.place.name);
                }
            }
        }
        let wanted = files.all().map(|(name, _, is_bad)| {
            (name.clone(), vec![if is_bad { State::Rejected } else { State::Archived }])
        });
        assert_eq!(inbound, wanted.collect(), "each file is one transfer");
        outbound.sort();
        let mut wanted: Vec<_> = files.answers.keys().cloned().collect();
        wanted.extend(files.reports.told.iter().cloned());
        wanted.sort();
        assert_eq!(outbound, wanted, "each answer is one transfer");
        if !files.reports.files.is_empty() {
            check_figures(&store, &files.reports);
        }
        drop(store);
        self.check_expectations(files);
        self.check_reports(&files.reports);
    }

    /// One expectation for each line of each answer, and no agreement twice for one request.
    fn check_expectations(&self, files: &Files) {
        let connection = Connection::open(self.state.join("modregn.db")).unwrap();
        let ask = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let lines = |answer: &Vec<u8>| answer.chunks(122).filter(|l| l.starts_with(b"20")).count();
        let wanted: usize = files.answers.values().map(lines).sum();
        let wanted = i64::try_from(wanted).unwrap() + files.earlier.expectations;
        assert_eq!(ask("SELECT count(*) FROM forventning"), wanted);
        let requests = i64::try_from(files.answers.len()).unwrap() + files.earlier.requests;
        assert_eq!(ask("SELECT count(*) FROM forespoergsel"), requests);
        let twice = "SELECT count(*) - count(DISTINCT f.aftale || ' ' || r.forespoergsel_id)
             FROM forventning f JOIN forespoergsel r
                 ON f.nr > r.foer AND f.nr <= r.foer + r.antal_transaktioner";
        assert_eq!(ask(twice), 0, "marked twice");
    }

    /// Each report was applied once, in the order in which they came.
    fn check_reports(&self, reports: &Reports) {
        let connection = Connection::open(self.state.join("modregn.db")).unwrap();
        let mut statement =
            connection.prepare("SELECT udbetaling_id FROM udbetaling ORDER BY nr").unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        assert_eq!(rows.collect::<Result<Vec<_>, _>>().unwrap(), reports.applied);
        let ask = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let lines = i64::try_from(reports.lines).unwrap();
        assert_eq!(ask("SELECT count(*) FROM indberetning"), lines, "what was reported");
        // None of these reports has two records of one agreement.
        let counted = "SELECT coalesce(sum(antal_rapporter), 0)
             FROM (SELECT antal_rapporter FROM indfrielse
                 UNION ALL SELECT antal_rapporter FROM uventet)";
        assert_eq!(ask(counted), lines, "what has become of it");
    }
}

/// What has become of each expectation is what the oracle says.
fn check_figures(store: &SqliteStore, reports: &Reports) {
    let periode = Some(Udbetalingsperiode::parse(b"202611").unwrap());
    let filter = AfstemningFilter { periode, ..AfstemningFilter::default() };
    let mut figures = Figures::new();
    for (kommune, one) in store.afstemning(&filter).unwrap() {
        let of_one = figures.entry(kommune.to_string()).or_default();
        for udfald in Udfald::ALL {
            let post = one.post(udfald);
            let antal = i64::try_from(post.antal).unwrap();
            let post = [antal, post.forventet.oere(), post.modtaget.oere()];
            of_one.insert(udfald.word().to_owned(), post);
        }
        let antal = i64::try_from(one.uventet.antal).unwrap();
        of_one.insert("uventet".to_owned(), [antal, 0, one.uventet.beloeb.oere()]);
        of_one.retain(|_, post| post[0] > 0);
    }
    assert_eq!(figures, reports.figures);
}

fn all(store: &SqliteStore) -> Vec<Transfer> {
    store.transfers(&TransferFilter::default()).unwrap()
}
