//! What holds of an installation whatever was done to its processes: at any instant that nothing is
//! gone before it is durable, and in the end that each request is answered exactly once.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test program uses a part; one that panics has failed, as it should"
)]

use super::installation::{Installation, names};
use super::oracle::{answers, timeless};
use modregn::domain::Miljoe;
use modregn::store::{SqliteStore, Store, Transfer, TransferFilter};
use modregn::transfer::spool::{Spool, payload_of};
use modregn::transfer::state::{Direction, State};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The files of an exchange and what they must be answered with.
pub struct Files {
    /// Every file that comes in, by name.
    pub inbound: BTreeMap<String, Vec<u8>>,
    /// Those of them that must be rejected.
    pub bad: BTreeSet<String>,
    /// Every answer, by name, without its moment.
    pub answers: BTreeMap<String, Vec<u8>>,
}

impl Files {
    /// The requests of a directory, all of them good, with what the oracle says of them.
    pub fn of(aftaler: &Path, requests: &Path) -> Self {
        let read = |name: String| {
            let bytes = fs::read(requests.join(&name)).unwrap();
            (name, bytes)
        };
        let inbound = names(requests).into_iter().map(read).collect();
        Self { inbound, bad: BTreeSet::new(), answers: answers(aftaler, requests) }
    }
}

/// Where an installation's files stand.
pub struct Places {
    pub state: PathBuf,
    pub inbox: PathBuf,
    /// Where processed requests are moved to; `None` = they are removed.
    pub moved: Option<PathBuf>,
    pub outbox: PathBuf,
    /// Whether each answer has a trigger beside it.
    pub triggers: bool,
}

impl Places {
    /// Those of an installation whose endpoint has its root here.
    pub fn of(installation: &Installation, root: &Path) -> Self {
        let state = installation.path("state");
        let (inbox, outbox) = (root.join("ind"), root.join("ud"));
        Self { state, inbox, moved: None, outbox, triggers: false }
    }

    /// The store, only to look at; `None` = there is none yet.
    pub fn store(&self) -> Option<SqliteStore> {
        SqliteStore::open_read_only(&self.state.join("modregn.db"), Miljoe::Test).ok()
    }

    /// Every answer that can be seen, by name.
    pub fn visible(&self) -> BTreeMap<String, Vec<u8>> {
        let visible = names(&self.outbox).into_iter().filter(|name| !name.starts_with('.'));
        visible.map(|name| (name.clone(), fs::read(self.outbox.join(name)).unwrap())).collect()
    }

    /// No file has left its source whose bytes are not kept and journalled.
    pub fn check_nothing_is_lost(&self, files: &Files) {
        let transfers = self.store().map(|store| all(&store)).unwrap_or_default();
        let spool = Spool::new(&self.state);
        for (name, bytes) in &files.inbound {
            if fs::read(self.inbox.join(name)).is_ok_and(|there| there == *bytes) {
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
        for directory in ["spool/in", "spool/out", "nodes"] {
            assert_eq!(left(&self.state.join(directory)), [""; 0], "left in {directory}");
        }
        if let Some(moved) = &self.moved {
            let found = left(moved);
            assert_eq!(found.len(), files.inbound.len(), "{found:?}");
            for (name, bytes) in &files.inbound {
                let end = format!("_{name}");
                let mut ours = found.iter().filter(|moved| moved.ends_with(&end));
                let there = fs::read(moved.join(ours.next().unwrap())).unwrap();
                assert!(there == *bytes, "{name} was moved with other bytes");
            }
        }
        let good = files.inbound.len() - files.bad.len();
        assert_eq!(left(&self.state.join("archive")).len(), good, "in the archive");
        let refused = left(&self.state.join("quarantine"));
        assert_eq!(refused.len(), files.bad.len(), "in quarantine");
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
        for transfer in all(&store) {
            assert_eq!(transfer.node, None, "{} is claimed", transfer.place);
            match transfer.direction {
                Direction::Inbound if transfer.state == State::Vanished && vanished => {}
                Direction::Inbound => {
                    inbound.entry(transfer.place.name).or_default().push(transfer.state);
                }
                Direction::Outbound => {
                    let done = if self.triggers { State::Triggered } else { State::Published };
                    assert_eq!(transfer.state, done, "{}", transfer.place);
                    outbound.push(transfer.place.name);
                }
            }
        }
        let wanted = files.inbound.keys().map(|name| {
            let bad = files.bad.contains(name);
            (name.clone(), vec![if bad { State::Rejected } else { State::Archived }])
        });
        assert_eq!(inbound, wanted.collect(), "each file is one transfer");
        outbound.sort();
        let wanted: Vec<_> = files.answers.keys().cloned().collect();
        assert_eq!(outbound, wanted, "each answer is one transfer");
        drop(store);
        self.check_expectations(files);
    }

    /// One expectation for each line of each answer, and no agreement twice for one request.
    fn check_expectations(&self, files: &Files) {
        let connection = Connection::open(self.state.join("modregn.db")).unwrap();
        let ask = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let lines = |answer: &Vec<u8>| answer.chunks(122).filter(|l| l.starts_with(b"20")).count();
        let wanted: usize = files.answers.values().map(lines).sum();
        assert_eq!(ask("SELECT count(*) FROM forventning"), i64::try_from(wanted).unwrap());
        let requests = i64::try_from(files.answers.len()).unwrap();
        assert_eq!(ask("SELECT count(*) FROM forespoergsel"), requests);
        let twice = "SELECT count(*) - count(DISTINCT f.aftale || ' ' || r.forespoergsel_id)
             FROM forventning f JOIN forespoergsel r
                 ON f.nr > r.foer AND f.nr <= r.foer + r.antal_transaktioner";
        assert_eq!(ask(twice), 0, "marked twice");
    }
}

fn all(store: &SqliteStore) -> Vec<Transfer> {
    store.transfers(&TransferFilter::default()).unwrap()
}
