//! Bad servers: the real program works beside a server that is told what to do wrong, and beside a
//! good directory whose files go on meanwhile. Whatever was wrong, once the server is good again
//! every request has its one right answer, nothing lies about, and nothing was removed before it
//! was safe.
//!
//! `MODREGN_SEED=N` replays a run of the random one.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod files;
mod scene;
mod script;
mod server;
#[path = "../support/mod.rs"]
mod support;

use modregn::endpoint::Settings;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use russh_sftp::protocol::StatusCode::{Failure, PermissionDenied};
use scene::{Scene, Setup, Way};
use script::{Ask, Deed, Manners, Rule, always, at};
use std::fs;
use std::thread;
use std::time::{Duration, Instant};
use support::daemon::Daemon;
use support::installation::names;

/// A time-out for servers that let one wait, seconds: a good one must still be in time.
const SHORT: u16 = 2;

/// Does this deed to the first request of a kind, then to the second, and so on: every request that
/// is made for a file has its turn. In so many scenes side by side.
fn to_every_request(deed: Deed, setup: Setup, scenes: usize) {
    let waits = matches!(deed, Deed::Stall | Deed::StallDone | Deed::Babble);
    let setup = if waits { Setup { timeout: SHORT, ..setup } } else { setup };
    let mut scene = Scene::new(setup);
    let counts = scene.requests_for_one_file();
    let turns: Vec<_> =
        counts.iter().flat_map(|&(ask, count)| (1..=count).map(move |n| (ask, n))).collect();
    assert!(turns.len() > 10, "{counts:?}");
    thread::scope(|scope| {
        for part in turns.chunks(turns.len().div_ceil(scenes)) {
            scope.spawn(move || {
                let mut scene = Scene::new(setup);
                for &(ask, number) in part {
                    let what = format!("{deed:?} at {ask:?} {number}");
                    scene.ask(1);
                    let begun = Instant::now();
                    scene.round(&what, following([at(number, ask, deed)]));
                    // The time-out is short; a minute is for a busy machine.
                    assert!(begun.elapsed() < Duration::from_secs(60), "{what}: it hung");
                    if deed == Deed::Refuse(PermissionDenied) {
                        scene.mend(&what);
                    } else {
                        scene.settle(&what);
                    }
                }
                scene.check();
            });
        }
    });
}

fn following(rules: impl Into<Vec<Rule>>) -> Manners {
    Manners { rules: rules.into(), ..Manners::default() }
}

macro_rules! to_every_request {
    ($setup:expr; $($test:ident: $deed:expr, $scenes:literal;)+) => {
        $(#[test] fn $test() { to_every_request($deed, $setup, $scenes); })+
    };
}

mod where_requests_are_removed {
    use super::*;

    to_every_request! { Setup::default();
        cut_before_any_request: Deed::CutBefore, 1;
        cut_before_any_answer: Deed::CutUnanswered, 1;
        cut_after_any_answer: Deed::CutAfter, 1;
        any_request_done_but_never_answered: Deed::StallDone, 6;
        any_request_never_answered: Deed::Stall, 6;
        any_request_answered_with_babble: Deed::Babble, 2;
        any_request_refused_for_no_reason: Deed::Refuse(Failure), 1;
        any_request_not_permitted: Deed::Refuse(PermissionDenied), 1;
    }
}

mod where_requests_are_moved {
    use super::*;

    to_every_request! { Setup { way: Way::Moved, ..Setup::default() };
        cut_before_any_request: Deed::CutBefore, 1;
        cut_before_any_answer: Deed::CutUnanswered, 1;
    }
}

mod where_the_platform_carries {
    use super::*;

    to_every_request! { Setup { way: Way::Platform, ..Setup::default() };
        cut_before_any_request: Deed::CutBefore, 1;
        cut_before_any_answer: Deed::CutUnanswered, 1;
        any_request_done_but_never_answered: Deed::StallDone, 6;
    }
}

/// Names of files that a stale listing still has.
const GONE: [&str; 2] = ["0.txt", "z.txt"];

/// What is wrong with the server, how it behaves, and what the round says of it.
type Case = (&'static str, Manners, Option<&'static str>);

fn cases() -> Vec<Case> {
    let denied = |ask| following([always(ask, Deed::Refuse(PermissionDenied))]);
    let good = Manners::default;
    let hostile = ["../ind/a.txt", "/etc/passwd", "a/b.txt", "bell\u{7}.txt", "new\nline.txt"];
    let nul = ["nul\0.txt".to_owned(), "x".repeat(300) + ".txt", "x".repeat(3_000) + ".txt"];
    let hostile: Vec<_> = hostile.map(str::to_owned).into_iter().chain(nul).collect();
    vec![
        ("host key", Manners { other_host_key: true, ..good() }, Some("host-key-mismatch")),
        ("login", Manners { no_login: true, ..good() }, Some("authentication-failed")),
        ("listing", denied(Ask::OpenDirectory), Some("permission-denied")),
        ("reading", denied(Ask::Open), Some("permission-denied")),
        ("writing", denied(Ask::Write), Some("permission-denied")),
        ("renaming", denied(Ask::Rename), Some("permission-denied")),
        ("removing", denied(Ask::Remove), Some("permission-denied")),
        ("full", following([always(Ask::Write, Deed::Refuse(Failure))]), Some("endpoint-refused")),
        ("keeps nothing", Manners { keeps_only: Some(0), ..good() }, Some("endpoint-refused")),
        ("keeps some", Manners { keeps_only: Some(100), ..good() }, Some("endpoint-refused")),
        ("lies", following([always(Ask::Write, Deed::Pretend)]), Some("endpoint-refused")),
        ("lies", following([always(Ask::Rename, Deed::Pretend)]), Some("endpoint-refused")),
        ("lies", following([always(Ask::Remove, Deed::Pretend)]), None),
        ("stale", Manners { invented: GONE.map(str::to_owned).to_vec(), ..good() }, None),
        ("hostile", Manners { invented: hostile, ..good() }, None),
        (
            "endless name",
            Manners { invented: vec!["x".repeat(20_000)], ..good() },
            Some("connection-lost"),
        ),
        ("huge", Manners { invented_count: 200_000, ..good() }, Some("files_per_pass")),
        ("doubled", Manners { doubled: true, ..good() }, None),
        ("bare", Manners { bare: true, ..good() }, None),
        ("short reads", Manners { short_reads: true, ..good() }, None),
    ]
}

#[test]
fn whatever_is_wrong_with_a_server() {
    let mut scene = Scene::new(Setup { sessions: 3, ..Setup::default() });
    for (what, manners, said) in cases() {
        for count in [1, 3] {
            scene.ask(count);
            let logins = scene.server.logins();
            let round = scene.round(what, manners.clone());
            let whole = format!("{what}: {}{}", round.out, round.err);
            match said {
                Some(said) => assert!(round.out.contains(said), "{whole}"),
                None => assert_eq!(names(&scene.outbox()).len(), scene.asked_so_far(), "{whole}"),
            }
            let let_in = scene.server.logins() - logins;
            assert_eq!(let_in == 0, manners.other_host_key, "{whole}");
            if said.is_some_and(|said| OPERATORS.contains(&said)) {
                scene.mend(what);
            } else {
                scene.settle(what);
            }
        }
    }
    scene.check();
}

/// What pauses an endpoint until an operator says that it is mended. All else passes by itself.
const OPERATORS: [&str; 3] = ["host-key-mismatch", "authentication-failed", "permission-denied"];

/// Two workers must not have one file.
#[test]
fn a_name_listed_twice_is_one_file() {
    let mut scene = Scene::new(Setup::default());
    scene.ask(3);
    scene.server.behave(Manners { doubled: true, ..Manners::default() });
    let settings: Settings = toml::from_str(&scene.server.settings(1, 10)).unwrap();
    let listing = settings.open("ky").list("ind", 100).unwrap();
    assert_eq!(listing.entries.len(), 3, "{listing:?}");
}

/// A request was fetched and could not be removed, and before it could be, its sender wrote another
/// one in its place.
#[test]
fn another_request_of_the_same_name_waits_its_turn() {
    let mut scene = Scene::new(Setup::default());
    scene.ask(1);
    let rules = [always(Ask::Remove, Deed::Refuse(Failure))];
    scene.round("not removed", following(rules));
    scene.replace();
    scene.round("replaced", Manners::default());
    assert_eq!(names(&scene.outbox()).len(), 1, "the first one's answer");
    let said = scene.round("once more", Manners::default());
    assert!(said.out.contains("name-conflict"), "{}", said.out);
    let held = scene.installation.transfers().into_iter().find(|t| t["state"] == "held").unwrap();
    let id = held["transfer"].as_str().unwrap();
    scene.installation.done(&["release", id, "--reason", "its sender wants both"]);
    scene.round("released", Manners::default());
    scene.check();
}

/// Not even where the server would do it.
#[test]
fn a_file_under_the_answers_name_is_not_overwritten() {
    let mut scene = Scene::new(Setup::default());
    scene.ask(1);
    let answer = scene.outbox().join(&scene.answers()[0]);
    fs::write(&answer, "somebody's").unwrap();
    let said = scene.round("taken", Manners { overwrites: true, ..Manners::default() });
    assert!(said.out.contains("name-taken"), "{}", said.out);
    assert_eq!(fs::read_to_string(&answer).unwrap(), "somebody's");
    fs::remove_file(&answer).unwrap();
    let dead = scene.installation.transfers().into_iter().find(|t| t["state"] == "dead").unwrap();
    let id = dead["transfer"].as_str().unwrap();
    scene.installation.done(&["retry", id, "--reason", "it was moved away"]);
    scene.settle("moved away");
    scene.check();
}

#[test]
fn many_things_wrong_in_any_order() {
    let seed =
        std::env::var("MODREGN_SEED").map_or_else(|_| rand::random(), |s| s.parse().unwrap());
    println!("MODREGN_SEED={seed}");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut scene = Scene::new(Setup {
        sessions: random.random_range(1..=4),
        timeout: SHORT,
        way: *[Way::Removed, Way::Moved, Way::Platform].choose(&mut random).unwrap(),
        aftaler: MANY,
    });
    for turn in 0..TURNS {
        scene.ask(random.random_range(1..=6));
        for _ in 0..random.random_range(1..=3) {
            let manners = any_manners(&mut random);
            let what = format!("MODREGN_SEED={seed}, turn {turn}: {manners:?}");
            scene.round(&what, manners);
        }
        scene.mend(&format!("MODREGN_SEED={seed}, turn {turn}"));
    }
    scene.check();
}

const TURNS: usize = 15;
/// So many that answers of the large municipalities are written by several requests.
const MANY: usize = 20_000;

fn any_manners(random: &mut ChaCha8Rng) -> Manners {
    let deeds = [
        Deed::CutBefore,
        Deed::CutUnanswered,
        Deed::CutAfter,
        Deed::Refuse(Failure),
        Deed::Refuse(PermissionDenied),
    ];
    let mut rules: Vec<_> = (0..random.random_range(1..=5))
        .map(|_| {
            let ask = *Ask::ALL.choose(random).unwrap();
            at(random.random_range(1..=9), ask, *deeds.choose(random).unwrap())
        })
        .collect();
    if random.random_ratio(1, 8) {
        let ask = *Ask::ALL.choose(random).unwrap();
        rules.push(at(random.random_range(1..=9), ask, Deed::StallDone));
    }
    Manners {
        rules,
        short_reads: random.random_ratio(1, 4),
        overwrites: random.random_ratio(1, 2),
        doubled: random.random_ratio(1, 4),
        bare: random.random_ratio(1, 4),
        keeps_only: random.random_ratio(1, 8).then_some(200),
        ..Manners::default()
    }
}

/// The daemon works on the good directory while the other server never answers, and goes on with
/// that one as soon as it does.
#[test]
fn the_daemon_does_not_wait_for_a_server_that_stands_still() {
    let mut scene = Scene::new(Setup { sessions: 2, timeout: SHORT, ..Setup::default() });
    scene.server.behave(following([always(Ask::OpenDirectory, Deed::Stall)]));
    scene.ask(3);
    let mut daemon = Daemon::start(&scene.installation, "info");
    daemon.wait_for(&scene.installation.outbox(), 3);
    scene.ask(3);
    daemon.wait_for(&scene.installation.outbox(), 6);
    daemon.wait_for_log("endpoint-timeout");
    assert_eq!(names(&scene.outbox()), [""; 0]);
    scene.server.behave(Manners::default());
    daemon.wait_for(&scene.outbox(), 6);
    let log = daemon.stop();
    assert!(log.contains("well again"), "{log}");
    scene.settle("the daemon's work");
    scene.check();
}

/// A server with another key than before gets no login, however long it is asked, and nothing goes
/// on there before an operator has acted.
#[test]
fn the_daemon_pauses_a_server_whose_key_has_changed() {
    let mut scene = Scene::new(Setup::default());
    let mut daemon = Daemon::start(&scene.installation, "info");
    scene.ask(1);
    daemon.wait_for(&scene.outbox(), 1);
    let logins = scene.server.logins();
    let rules = vec![always(Ask::OpenDirectory, Deed::CutBefore)];
    scene.server.behave(Manners { rules, other_host_key: true, ..Manners::default() });
    scene.ask(2);
    daemon.wait_for(&scene.installation.outbox(), 3);
    daemon.wait_for_log("host-key-mismatch");
    scene.server.behave(Manners { other_host_key: true, ..Manners::default() });
    scene.ask(1);
    daemon.wait_for(&scene.installation.outbox(), 4);
    assert_eq!((names(&scene.outbox()).len(), scene.server.logins()), (1, logins));
    scene.server.behave(Manners::default());
    scene.installation.done(&["resume", "ky", "--reason", "its owner has told us the new key"]);
    daemon.wait_for(&scene.outbox(), 4);
    daemon.stop();
    scene.settle("the daemon's work");
    scene.check();
}
