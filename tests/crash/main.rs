//! Kills: the real program is ended by SIGKILL, at every named instant between two lasting effects
//! and at random ones, and started again, one process or two at once, while the clock jumps. Then
//! every request has its one right answer, every agreement was marked once, every payout report was
//! applied once and in its turn, and nothing is left.
//!
//! `MODREGN_CRASH_RUNS=N` makes N random runs (`make crash`); `MODREGN_SEED=N` repeats one.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod full_disk;
mod reports;
#[path = "../support/mod.rs"]
mod support;
mod trial;

use modregn::crash::Point;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fs;
use std::time::Duration;
use support::installation::{Installation, names};
use support::sshd::{Options, Sshd};
use trial::{Act, Complete, End, Invented, Kind, Plan, Start, Trial};

/// Random runs where nobody asks for more, over each kind of endpoint.
const RUNS: usize = 12;

/// What the clock does to a process: shows its own time; is off by an hour, by years; jumps at
/// every reading.
const JUMPS: &[&str] = &[
    "0",
    "7200",
    "-7200",
    "315360000",
    "-315360000",
    "0,3600,-3600,30",
    "0,315360000,-315360000,-86400,86400",
];

fn sshd() -> Sshd {
    let place = support::installation::memory();
    Sshd::start_with(&Options { place, ..Options::default() })
}

/// One run in which the program is ended at this instant the first time it comes there.
fn ended_at(point: Point, invented: &Invented, server: Option<&Sshd>) {
    use Point as P;
    let acts = match point {
        P::StoreMade | P::StoreMigrated | P::ImportCommitting | P::ImportCommitted => {
            vec![Start::new(Act::Import, End::At(point, 1))]
        }
        // There must be a dead one to bury.
        P::NodeBuried => vec![
            Start::new(Act::Batch, End::At(P::IntakeSeen, 1)),
            Start::new(Act::Batch, End::At(point, 1)),
        ],
        P::NodeLeft => vec![Start::new(Act::Batch, End::At(point, 1))],
        _ if server.is_some() => vec![Start::new(Act::Run, End::At(point, 1))],
        _ => vec![Start::new(Act::Batch, End::At(point, 1))],
    };
    let name = point.name();
    let plan = Plan {
        kind: match server {
            Some(_) => Kind::Sftp,
            None if point == P::LocalCopied => Kind::LocalCopied,
            None => Kind::Local,
        },
        complete: match point {
            P::SourceDoneRemoved => Complete::DoneFile,
            // Started again, it does not know for how long the file has stood there.
            P::IntakeJournalled => Complete::Stable,
            _ => Complete::Rename,
        },
        moves: matches!(point, P::LocalMoved | P::SftpMoved),
        triggers: matches!(point, P::TriggerPut | P::TriggerJournalled),
        from_nothing: acts.iter().any(|start| start.act == Act::Import),
        acts,
        finish: Start::new(Act::Batch, End::ByItself),
    };
    let mut trial = Trial::new(name, &plan, invented, server);
    for start in &plan.acts {
        assert!(trial.perform(start), "{name} is never reached");
    }
    trial.finish();
}

const REGISTRATIONS: &[&str] = &["transfer", "kvittering", "overfoersel"];

fn is_of(point: Point, endpoint: &str) -> bool {
    point.name().split(':').next() == Some(endpoint)
}

/// Alerts have their own test (`tests/alerts.rs`), and so has what is only reached by registrations
/// (`tests/sf1590_debitorsystem.rs` and its neighbours).
fn is_of_any(point: Point, endpoints: &[&str]) -> bool {
    endpoints.iter().any(|endpoint| is_of(point, endpoint))
}

#[test]
fn ended_at_every_named_instant_over_local_directories() {
    let invented = Invented::new();
    let others = |point: &&Point| {
        !is_of_any(**point, &[&["sftp", "purge", "alert"], REGISTRATIONS].concat())
    };
    for &point in Point::ALL.iter().filter(others) {
        ended_at(point, &invented, None);
    }
}

#[test]
fn ended_at_every_named_instant_over_sftp() {
    let server = sshd();
    let invented = Invented::new();
    let others = |point: &&Point| {
        !is_of_any(**point, &[&["local", "purge", "alert"], REGISTRATIONS].concat())
    };
    for &point in Point::ALL.iter().filter(others) {
        ended_at(point, &invented, Some(&server));
    }
}

#[test]
fn ended_at_every_named_instant_of_a_purge() {
    for &point in Point::ALL.iter().filter(|point| is_of(**point, "purge")) {
        let installation = Installation::local("TEST");
        installation.import_aftaler(24);
        let requests = installation.path("requests");
        let dir = requests.to_str().unwrap();
        installation.done(&["generate", "forespoergsel", "--kommuner", "3", "--dir", dir]);
        for name in names(&requests) {
            fs::copy(requests.join(&name), installation.inbox().join(&name)).unwrap();
        }
        installation.done(&["batch"]);
        let purge = || {
            let mut purge = installation.modregn(&["purge"]);
            purge.env("MODREGN_CLOCK_JUMPS", "63072000");
            purge
        };
        let killed = purge().env("MODREGN_CRASH_AT", point.name()).output().unwrap();
        assert_eq!(killed.status.code(), None, "{} is never reached", point.name());
        assert!(purge().output().unwrap().status.success());
        assert_eq!(names(&installation.path("state/archive")), [""; 0]);
        assert_eq!(names(&installation.path("state/nodes")), [""; 0]);
        let inbound = installation.transfers().into_iter().filter(|t| t["direction"] == "inbound");
        let states: Vec<_> = inbound.map(|transfer| transfer["state"].clone()).collect();
        assert_eq!(states, ["purged"; 3]);
    }
}

/// It was fetched, its source cleared away, and then a crash; before the start another one comes
/// under its name.
#[test]
fn a_fetched_file_goes_on_although_another_has_come_under_its_name() {
    let installation = Installation::local("TEST");
    installation.import_aftaler(24);
    let path = installation.inbox().join("a.txt");
    let request = |id: &str| format!("100101{id}2026122420261230202612TEST{:12}\r\n", "");
    fs::write(&path, request("01234567-89ab-4cde-8f01-23456789abcd")).unwrap();
    let mut batch = installation.modregn(&["batch"]);
    let killed = batch.env("MODREGN_CRASH_AT", Point::SourceCleared.name()).output().unwrap();
    assert_eq!(killed.status.code(), None);
    fs::write(&path, request("76543210-89ab-4cde-8f01-23456789abcd")).unwrap();

    for _ in 0..2 {
        installation.run(&["batch"]);
    }
    let answers = names(&installation.outbox());
    assert_eq!(answers, ["svar_0101_01234567-89ab-4cde-8f01-23456789abcd.txt"]);
    let states = installation.transfers().into_iter().rev();
    let states: Vec<_> = states.map(|transfer| transfer["state"].clone()).collect();
    assert_eq!(states, ["archived", "published", "held"]);
}

/// What one seed says.
fn drawn(kind: Kind, random: &mut ChaCha8Rng) -> Plan {
    let from_nothing = random.random_ratio(1, 6);
    let acts = (0..random.random_range(1..4)).map(|at| {
        let act = match random.random_range(0..4) {
            _ if from_nothing && at == 0 => Act::Import,
            0 => Act::Run,
            _ => Act::Batch,
        };
        let end = if random.random_ratio(2, 3) {
            End::At(*Point::ALL.choose(random).unwrap(), random.random_range(1..9))
        } else {
            End::After(Duration::from_micros(random.random_range(500..60_000)))
        };
        let jumps = JUMPS.choose(random).unwrap();
        Start { processes: random.random_range(1..3), jumps, ..Start::new(act, end) }
    });
    let acts = acts.collect();
    let act = if random.random_ratio(1, 4) { Act::Run } else { Act::Batch };
    let jumps = JUMPS.choose(random).unwrap();
    let processes = random.random_range(1..3);
    Plan {
        kind,
        complete: *[Complete::Rename, Complete::DoneFile].choose(random).unwrap(),
        moves: random.random_ratio(1, 3),
        triggers: random.random_ratio(1, 3),
        from_nothing,
        acts,
        finish: Start { processes, jumps, ..Start::new(act, End::ByItself) },
    }
}

fn random_runs(kind: Kind) {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let server = matches!(kind, Kind::Sftp).then(sshd);
    let invented = Invented::new();
    let seeds: Vec<u64> = match (number("MODREGN_SEED"), number("MODREGN_CRASH_RUNS")) {
        (Some(seed), _) => vec![seed],
        (None, Some(runs)) => (0..runs.div_ceil(3)).map(|_| rand::random()).collect(),
        (None, None) => (0..RUNS).map(|_| rand::random()).collect(),
    };
    for seed in seeds {
        let plan = drawn(kind, &mut ChaCha8Rng::seed_from_u64(seed));
        let mut trial =
            Trial::new(&format!("MODREGN_SEED={seed}"), &plan, &invented, server.as_ref());
        for start in &plan.acts {
            trial.perform(start);
        }
        trial.finish();
    }
}

#[test]
fn ended_at_random_over_local_directories() {
    random_runs(Kind::Local);
}

#[test]
fn ended_at_random_where_answers_are_copied() {
    random_runs(Kind::LocalCopied);
}

#[test]
fn ended_at_random_over_sftp() {
    random_runs(Kind::Sftp);
}
