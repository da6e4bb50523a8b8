//! Reports after reports: later, corrected, taken back.

use crate::scene::*;
use crate::support::payout::Line;
use modregn::domain::{Miljoe, Udfald};
use modregn::store::{AfstemningFilter, SqliteStore, Store};

#[test]
fn a_correction_stands_in_place_of_what_it_corrects() {
    let installation = asked("");
    settle(&installation, "a.txt", &report(FIRST, &[line(1, 60_000, "01"), line(2, 1, "01")]));
    settle(&installation, "b.txt", &report(SECOND, &[line(1, 100_000, "00")]));
    assert_eq!(installation.expectations()[..2], ["A-1 100000 fuld", "A-2 1 delvis"]);
    settle(&installation, "c.txt", &report(THIRD, &[line(1, 0, "02"), line(2, 2, "01")]));
    assert_eq!(installation.expectations()[..2], ["A-1 0 ingen", "A-2 2 delvis"]);
}

#[test]
fn a_correction_adds_where_the_route_says_so() {
    let installation = asked("rettelse = \"laegger-til\"");
    settle(&installation, "a.txt", &report(FIRST, &[line(1, 60_000, "01")]));
    settle(&installation, "b.txt", &report(SECOND, &[line(1, 40_000, "01")]));
    assert_eq!(installation.expectations()[0], "A-1 100000 fuld");
    settle(&installation, "c.txt", &report(THIRD, &[line(1, -100_000, "00")]));
    assert_eq!(installation.expectations()[0], "A-1 0 tilbagefoert");
}

/// Whatever their names are.
#[test]
fn reports_that_wait_together_are_taken_in_the_order_they_came() {
    for (rettelse, last) in [("erstatter", "A-1 3 delvis"), ("laegger-til", "A-1 6 delvis")] {
        let installation = asked(&format!("rettelse = {rettelse:?}"));
        let waiting = [("b.txt", THIRD, 3, 10), ("c.txt", FIRST, 1, 30), ("a.txt", SECOND, 2, 20)];
        for (name, id, amount, age) in waiting {
            put_aged(&installation, name, &report(id, &[line(1, amount, "01")]).text(), age);
        }
        installation.done(&["batch"]);
        assert_eq!(installation.expectations()[0], last);
        let order = installation.rows("SELECT udbetaling_id FROM udbetaling ORDER BY nr");
        assert_eq!(order, [[FIRST], [SECOND], [THIRD]]);
    }
}

#[test]
fn what_is_taken_back_is_subtracted() {
    let installation = asked("");
    settle(
        &installation,
        "a.txt",
        &report(FIRST, &[line(1, 100_000, "00"), line(2, 200_000, "00")]),
    );
    settle(
        &installation,
        "b.txt",
        &report(SECOND, &[line(1, -40_000, "00"), line(2, -200_000, "00")]),
    );
    assert_eq!(installation.expectations()[..2], ["A-1 60000 delvis", "A-2 0 tilbagefoert"]);
    // Withheld and taken back may stand side by side in one report.
    let both = [line(3, 300_000, "00"), line(3, -100_000, "00")];
    settle(&installation, "c.txt", &report(THIRD, &both));
    assert_eq!(installation.expectations()[2], "A-3 200000 delvis");
}

/// The same agreement on two days of one payout.
#[test]
fn what_is_withheld_on_several_days_counts_together() {
    let installation = asked("");
    let other_day = Line { udbetalingsdato: "20261231".into(), ..line(1, 40_000, "01") };
    settle(&installation, "a.txt", &report(FIRST, &[line(1, 60_000, "01"), other_day]));
    assert_eq!(installation.expectations()[0], "A-1 100000 fuld");
}

#[test]
fn a_late_report_still_settles() {
    let installation = asked("");
    settle(&installation, "a.txt", &report(FIRST, &[line(1, 100_000, "00")]));
    let path = installation.path("state/modregn.db");
    let mut store = SqliteStore::open(&path, Miljoe::Test).unwrap();
    let noted = store.note_udeblevne("2026-12-30".parse().unwrap(), chrono::Utc::now()).unwrap();
    drop(store);
    assert_eq!(noted.iter().map(|one| one.antal).collect::<Vec<_>>(), [4, 1]);
    settle(&installation, "b.txt", &report(SECOND, &[line(2, 200_000, "00")]));
    assert_eq!(installation.expectations()[..3], ["A-1 100000 fuld", "A-2 200000 fuld", "A-3"]);
    let store = SqliteStore::open_read_only(&path, Miljoe::Test).unwrap();
    let figures = store.afstemning(&AfstemningFilter::default()).unwrap();
    let word = |udfald| figures.values().map(|one| one.post(udfald).antal).sum::<u64>();
    assert_eq!([Udfald::Fuld, Udfald::Udeblevet, Udfald::Aaben].map(word), [2, 4, 0]);
}
