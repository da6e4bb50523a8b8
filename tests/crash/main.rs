//! Kills: the real program is ended by SIGKILL, at every named instant between two lasting effects
//! and at random ones, and started again, one process or two at once, while the clock jumps. Then
//! every request has its one right answer, every agreement was marked once, and nothing is left.
//!
//! `MODREGN_CRASH_RUNS=N` makes N random runs (`make crash`); `MODREGN_SEED=N` repeats one.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod full_disk;
#[path = "../support/mod.rs"]
mod support;
mod trial;

use modregn::crash::Point;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Duration;
use support::sshd::{Options, Sshd};
use trial::{Act, End, Kind, Plan, Start, Trial};

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
fn ended_at(point: Point, server: Option<&Sshd>) {
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
        done_files: point == P::SourceDoneRemoved,
        moves: matches!(point, P::LocalMoved | P::SftpMoved),
        from_nothing: acts.iter().any(|start| start.act == Act::Import),
        acts,
        finish: Start::new(Act::Batch, End::ByItself),
    };
    let mut trial = Trial::new(name, &plan, server);
    for start in &plan.acts {
        assert!(trial.perform(start), "{name} is never reached");
    }
    trial.finish();
}

fn is_of(point: Point, endpoint: &str) -> bool {
    point.name().split(':').next() == Some(endpoint)
}

#[test]
fn ended_at_every_named_instant_over_local_directories() {
    for &point in Point::ALL.iter().filter(|point| !is_of(**point, "sftp")) {
        ended_at(point, None);
    }
}

#[test]
fn ended_at_every_named_instant_over_sftp() {
    let server = sshd();
    for &point in Point::ALL.iter().filter(|point| !is_of(**point, "local")) {
        ended_at(point, Some(&server));
    }
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
        done_files: random.random_ratio(1, 3),
        moves: random.random_ratio(1, 3),
        from_nothing,
        acts,
        finish: Start { processes, jumps, ..Start::new(act, End::ByItself) },
    }
}

fn random_runs(kind: Kind) {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let server = matches!(kind, Kind::Sftp).then(sshd);
    let seeds: Vec<u64> = match (number("MODREGN_SEED"), number("MODREGN_CRASH_RUNS")) {
        (Some(seed), _) => vec![seed],
        (None, Some(runs)) => (0..runs.div_ceil(3)).map(|_| rand::random()).collect(),
        (None, None) => (0..RUNS).map(|_| rand::random()).collect(),
    };
    for seed in seeds {
        let plan = drawn(kind, &mut ChaCha8Rng::seed_from_u64(seed));
        let mut trial = Trial::new(&format!("MODREGN_SEED={seed}"), &plan, server.as_ref());
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
