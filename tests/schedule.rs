//! Routes with a schedule, through the real program: what waits for its time, what goes on in
//! between, and what takes everything at once.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use chrono::{DateTime, Utc};
use std::fs;
use support::daemon::Daemon;
use support::installation::{Installation, Said, names};

/// A request of København for the payout of 30 December 2026, by its number.
fn put(installation: &Installation, number: u8) {
    let id = format!("01234567-89ab-4cde-8f01-23456789ab{number:02}");
    let request = format!("100101{id}2026122420261230202612TEST{:12}\r\n", "");
    fs::write(installation.inbox().join(format!("{number}.txt")), request).unwrap();
}

/// Changes the configuration.
fn set(installation: &Installation, from: &str, to: &str) {
    let config = fs::read_to_string(installation.config()).unwrap();
    assert!(config.contains(from), "{config}");
    fs::write(installation.config(), config.replace(from, to)).unwrap();
}

/// One whose inbox is looked into at noon of a leap day.
fn seldom() -> Installation {
    let installation = Installation::local("TEST");
    installation.import_aftaler(500);
    let flow = "flow = \"sf2530\"";
    set(&installation, flow, &format!("{flow}\nschedule = \"0 12 29 2 *\""));
    installation
}

#[test]
fn between_its_times_a_route_takes_nothing_in_and_what_is_under_way_goes_on() {
    let installation = seldom();
    put(&installation, 1);
    let away = installation.path("away");
    fs::rename(installation.outbox(), &away).unwrap();
    assert_eq!(installation.run(&["batch"]).code, Some(3), "the answer is owed");
    fs::rename(&away, installation.outbox()).unwrap();

    put(&installation, 2);
    let mut daemon = Daemon::start(&installation, "info");
    // The round that delivered it did not look into the inbox.
    daemon.wait_for(&installation.outbox(), 1);
    let log = daemon.stop();
    assert!(log.contains("schedule=0 12 29 2 *"), "{log}");
    assert_eq!(names(&installation.inbox()), ["2.txt"], "{log}");
    assert_eq!(installation.transfers().len(), 2, "a request and its answer");

    let said = installation.run(&["batch", "--flow", "sf2530"]);
    assert!(said.code == Some(0) && said.out.starts_with("1 answered;"), "{}", said.out);
}

#[test]
fn at_its_times_a_route_takes_in_what_is_there() {
    let installation = seldom();
    set(&installation, "0 12 29 2 *", "* * * * * *");
    let mut daemon = Daemon::start(&installation, "info");
    for number in 1..=3 {
        put(&installation, number);
        daemon.wait_for(&installation.outbox(), number.into());
    }
    daemon.stop();
    assert!(names(&installation.inbox()).is_empty());
}

#[test]
fn a_time_that_came_while_nobody_worked_is_made_up_for() {
    let installation = seldom();
    put(&installation, 1);
    let off = |day: &str| {
        let moment: DateTime<Utc> = format!("{day}T08:00:00Z").parse().unwrap();
        (moment - Utc::now()).num_seconds()
    };
    let mut before = Daemon::start_off(&installation, "info", off("2028-02-28"));
    before.wait_for_log("serving");
    before.stop();
    assert_eq!(names(&installation.inbox()), ["1.txt"]);

    let mut after = Daemon::start_off(&installation, "info", off("2028-03-02"));
    after.wait_for(&installation.outbox(), 1);
    after.stop();
}

#[test]
fn a_schedule_that_never_occurs_and_an_unknown_flow_are_refused() {
    let installation = seldom();
    set(&installation, "0 12 29 2 *", "0 12 30 2 *");
    let said = installation.run(&["config", "check"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.err.contains("\"0 12 30 2 *\" never occurs"), "{}", said.err);
    let said = installation.run(&["batch", "--flow", "sf2531"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
}

#[test]
fn a_pass_for_banking_days_does_nothing_on_others() {
    let installation = Installation::local("TEST");
    installation.import_aftaler(500);
    put(&installation, 1);
    let on = |day: &str| {
        let noon: DateTime<Utc> = format!("{day}T11:00:00Z").parse().unwrap();
        let jump = (noon - Utc::now()).num_seconds().to_string();
        let mut modregn = installation.modregn(&["batch", "--only-on-bankdage"]);
        Said::of(modregn.env("MODREGN_CLOCK_JUMPS", jump).output().unwrap())
    };
    // A Sunday, and the day after Ascension Day.
    for day in ["2027-01-03", "2027-05-07"] {
        let said = on(day);
        assert_eq!(said.code, Some(0), "{}", said.err);
        let says = format!("{day} is no banking day: nothing is due, nothing was done\n");
        assert_eq!(said.out, says);
    }
    assert_eq!(names(&installation.inbox()), ["1.txt"]);
    let said = on("2027-01-04");
    assert!(said.code == Some(0) && said.out.starts_with("1 answered;"), "{}", said.out);
}
