//! Reports that settle what was expected.

use crate::scene::*;
use crate::support::daemon::Daemon;
use crate::support::installation::names;
use crate::support::payout::{Line, Report};
use std::fs;

#[test]
fn a_report_settles_what_its_request_marked() {
    let installation = asked("");
    put(
        &installation,
        "a.txt",
        &report(
            FIRST,
            &[
                line(1, 100_000, "00"),
                line(2, 50_001, "01"),
                line(3, 0, "02"),
                line(4, 400_001, "00"),
                Line::new("X-1", CPR[0], 700, "00"),
            ],
        )
        .text(),
    );
    let said = batch(&installation);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    assert_eq!(said.out, "1 settled; 5 reported amounts, 5.507,02 kr.\n");
    assert_eq!(
        installation.expectations(),
        ["A-1 100000 fuld", "A-2 50001 delvis", "A-3 0 ingen", "A-4 400001 over", "A-5", "R-1"]
    );
    assert_eq!(installation.unexpected(), ["101 X-1 700"]);
    assert_eq!(names(&installation.reports()), [""; 0]);
    assert_eq!(names(&installation.refusals()), [""; 0], "nobody is told of anything");
    let archived = transfer(&installation, "a.txt", "archived");
    assert_eq!((&archived["kommunekode"], &archived["flow"]), (&"0101".into(), &"sf2520".into()));
}

#[test]
fn a_report_again_is_recognised_and_changes_nothing() {
    let installation = asked("");
    let text = report(FIRST, &[line(1, 100_000, "00"), line(2, -1, "00")]).text();
    put(&installation, "a.txt", &text);
    installation.done(&["batch"]);
    let settled = installation.reported();
    for name in ["a.txt", "b.txt"] {
        put(&installation, name, &text);
        assert_eq!(installation.done(&["batch"]), "1 recognised.\n");
        assert_eq!(installation.reported(), settled, "{name}");
    }
    // What was archived, too.
    let archived = id(&transfer(&installation, "b.txt", "archived"));
    assert_eq!(pull(&installation, "replay", &archived).out, "1 recognised.\n");
    assert_eq!(installation.reported(), settled);
}

#[test]
fn line_feeds_alone_end_records_too() {
    let installation = asked("");
    put(&installation, "a.txt", &report(FIRST, &[line(1, 100_000, "00")]).text().replace('\r', ""));
    let out = installation.done(&["batch"]);
    assert!(out.starts_with("1 settled; "), "{out}");
    assert_eq!(installation.expectations()[0], "A-1 100000 fuld");
}

#[test]
fn a_dry_run_shows_what_would_happen_and_changes_nothing() {
    let installation = asked("accept = \"records\"");
    settle(&installation, "a.txt", &report(FIRST, &[line(1, 1, "01")]));
    put(&installation, "a.txt", &report(FIRST, &[line(1, 1, "01")]).text());
    put(&installation, "b.txt", &with_bad_records().replace(FIRST, SECOND));
    let unknown = Report {
        forespoergsel_id: Some(REQUEST.replace("0123", "ffff")),
        ..report(THIRD, &[line(1, 1, "01")])
    };
    put(&installation, "c.txt", &unknown.text());
    let files = names(&installation.reports());
    let (before, transfers) = (installation.reported(), installation.transfers());
    let said = installation.run(&["batch", "--dry-run"]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    let line_of = |name: &str| said.out.lines().find(|line| line.contains(name)).unwrap();
    assert!(line_of("a.txt").contains("recognised"), "{}", said.out);
    let settled = "settled, 1 unexpected, 5 refused";
    assert!(line_of("b.txt").contains(settled), "{}", said.out);
    assert!(line_of("b.txt").contains("1.007,00"), "{}", said.out);
    assert!(said.out.contains("request-unknown"), "{}", said.out);
    assert_eq!(installation.reported(), before);
    assert_eq!(installation.transfers(), transfers);
    assert_eq!(names(&installation.reports()), files);
}

#[test]
fn both_routes_of_a_configuration_work_in_one_batch_or_one_of_them() {
    let installation = unasked("");
    ask(&installation, "k.txt", &request("0101", REQUEST));
    let put_both = |name: &str, asking: &str, reporting: &Report| {
        fs::write(installation.inbox().join(name), asking).unwrap();
        put(&installation, name, &reporting.text());
    };
    put_both("a.txt", &request("0730", RANDERS), &report(FIRST, &[line(1, 100_000, "00")]));
    let out = installation.done(&["batch"]);
    assert!(out.starts_with("1 answered, 1 settled; 1 transactions, 1.000,00 kr.; 1 rep"), "{out}");
    assert_eq!(installation.expectations()[0], "A-1 100000 fuld");

    let other = RANDERS.replace("0123", "ffff");
    put_both("b.txt", &request("0730", &other), &report(SECOND, &[line(2, 1, "01")]));
    let out = installation.done(&["batch", "--flow", "sf2520"]);
    assert!(out.starts_with("1 settled; "), "{out}");
    assert_eq!(names(&installation.inbox()), ["b.txt"]);
    let out = installation.done(&["batch", "--flow", "sf2530"]);
    assert!(out.starts_with("1 answered; "), "{out}");
}

/// As after a standstill.
#[test]
fn a_report_may_wait_beside_its_request() {
    let installation = unasked("");
    fs::write(installation.inbox().join("k.txt"), request("0101", REQUEST)).unwrap();
    put(&installation, "a.txt", &report(FIRST, &[line(1, 100_000, "00")]).text());
    let out = installation.done(&["batch"]);
    assert!(out.starts_with("1 answered, 1 settled; "), "{out}");
    assert_eq!(installation.expectations()[0], "A-1 100000 fuld");
}

#[test]
fn so_it_may_where_a_daemon_starts() {
    let installation = unasked("");
    fs::write(installation.inbox().join("k.txt"), request("0101", REQUEST)).unwrap();
    put(&installation, "a.txt", &report(FIRST, &[line(1, 100_000, "00")]).text());
    let mut daemon = Daemon::start(&installation, "info");
    daemon.wait_for_log("flow=\"sf2520\" file=");
    daemon.stop();
    assert_eq!(installation.expectations()[0], "A-1 100000 fuld");
}

/// Its own municipality has not said so.
#[test]
fn an_agreement_of_another_municipality_is_unexpected() {
    let installation = asked("");
    let nameless = Report {
        forespoergsel_id: None,
        ..report(FIRST, &[Line::new("R-1", CPR[0], 100_000, "00")])
    };
    settle(&installation, "a.txt", &nameless);
    assert_eq!(installation.expectations()[5], "R-1");
    assert_eq!(installation.unexpected(), ["101 R-1 100000"]);
}

#[test]
fn a_report_of_nothing_is_a_report() {
    let installation = asked("");
    settle(&installation, "a.txt", &report(FIRST, &[]));
    assert_eq!(installation.rows("SELECT udbetaling_id FROM udbetaling"), [[FIRST]]);
    assert_eq!(installation.expectations()[0], "A-1");
}

#[test]
fn the_daemon_does_it_as_well() {
    let installation = asked("accept = \"records\"");
    let mut daemon = Daemon::start(&installation, "info");
    put(&installation, "a.txt.part", &with_bad_records());
    let path = |name: &str| installation.reports().join(name);
    fs::rename(path("a.txt.part"), path("a.txt")).unwrap();
    daemon.wait_for_log("settled in part");
    put(&installation, "b.txt.part", &report(SECOND, &[line(2, 200_000, "00")]).text());
    fs::rename(path("b.txt.part"), path("b.txt")).unwrap();
    daemon.wait_for(&installation.reports(), 0);
    let log = daemon.stop();
    assert_eq!(installation.expectations()[..2], ["A-1 100000 fuld", "A-2 200000 fuld"], "{log}");
    assert_eq!(names(&installation.refusals()), [format!("afvist_0101_{FIRST}.json")]);
}
