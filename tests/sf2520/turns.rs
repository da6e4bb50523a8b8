//! One process at a time works on reports; the others wait, and can be stopped.

use crate::scene::*;
use crate::support::daemon::Daemon;
use crate::support::installation::{Installation, names};
use std::fs::{self, File};
use std::thread;
use std::time::{Duration, Instant};

/// Has the turn, as another process would.
fn another_turn(installation: &Installation) -> File {
    let turns = installation.path("state/turns");
    fs::create_dir_all(&turns).unwrap();
    let turn = File::create(turns.join("sf2520")).unwrap();
    turn.lock().unwrap();
    turn
}

#[test]
fn a_batch_waits_for_its_turn_with_reports_alone() {
    let installation = asked("");
    let turn = another_turn(&installation);
    put(&installation, "a.txt", &report(FIRST, &[line(1, 100_000, "00")]).text());
    let other = REQUEST.replace("0123", "ffff");
    fs::write(installation.inbox().join("b.txt"), request("0101", &other)).unwrap();
    let mut batch = installation.modregn(&["batch"]).spawn().unwrap();
    let begun = Instant::now();
    while names(&installation.outbox()).len() < 3 {
        assert!(begun.elapsed().as_secs() < 60, "requests wait for nobody");
        thread::sleep(Duration::from_millis(10));
    }
    assert!(batch.try_wait().unwrap().is_none(), "it waits");
    assert_eq!(names(&installation.reports()), ["a.txt"]);
    drop(turn);
    assert_eq!(batch.wait().unwrap().code(), Some(0));
    assert_eq!(installation.expectations()[0], "A-1 100000 fuld");
}

#[test]
fn a_daemon_stops_although_it_waits_for_its_turn() {
    let installation = asked("");
    let turn = another_turn(&installation);
    put(&installation, "a.txt", &report(FIRST, &[line(1, 100_000, "00")]).text());
    let mut daemon = Daemon::start(&installation, "info");
    daemon.wait_for_log("serving flow=\"sf2520\"");
    daemon.stop();
    assert_eq!(names(&installation.reports()), ["a.txt"]);
    drop(turn);
    assert!(installation.done(&["batch"]).starts_with("1 settled; "));
}
