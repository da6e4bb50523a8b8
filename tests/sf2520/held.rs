//! Reports that wait for an operator, and what becomes of them then.

use crate::scene::*;
use crate::support::payout::{Line, Report};

#[test]
fn a_name_or_an_id_used_before_with_other_content_is_held() {
    let installation = asked("");
    let first = report(FIRST, &[line(1, 100_000, "00")]);
    settle(&installation, "a.txt", &first);

    // Other line ends are other bytes: nobody has to guess which of the two holds.
    let other = first.text().replace('\r', "");
    let conflict = is_held(&installation, "b.txt", &other, "report-conflict");
    let said = pull(&installation, "release", &conflict);
    assert!(said.out.contains("report-conflict"), "one id names one report: {}", said.out);
    installation.done(&["reject", &conflict, "--reason", "the first one holds"]);

    let second = report(SECOND, &[line(2, 200_000, "00")]);
    let taken = is_held(&installation, "a.txt", &second.text(), "name-conflict");
    assert_eq!(installation.expectations()[..2], ["A-1 100000 fuld", "A-2"]);
    assert!(pull(&installation, "release", &taken).out.starts_with("1 settled; "));
    assert_eq!(installation.expectations()[..2], ["A-1 100000 fuld", "A-2 200000 fuld"]);
}

#[test]
fn a_report_that_comes_before_its_request_is_held_until_it_is_released() {
    let installation = unasked("");
    let text = report(FIRST, &[line(1, 100_000, "00")]).text();
    let held = is_held(&installation, "a.txt", &text, "request-unknown");
    ask(&installation, "k.txt", &request("0101", REQUEST));
    assert_eq!(installation.expectations()[0], "A-1", "a held file waits for an operator");
    assert!(pull(&installation, "release", &held).out.starts_with("1 settled; "));
    assert_eq!(installation.expectations()[0], "A-1 100000 fuld");
    assert_eq!(installation.unexpected(), [""; 0]);
}

#[test]
fn a_released_report_of_an_unknown_request_settles_by_municipality_agreement_and_period() {
    let installation = asked("");
    let of_nobody = Report {
        forespoergsel_id: Some("01234567-ffff-4fff-8f01-23456789abcd".into()),
        ..report(FIRST, &[line(1, 100_000, "00"), Line::new("A-6", CPR[0], 5, "00")])
    };
    let held = is_held(&installation, "a.txt", &of_nobody.text(), "request-unknown");
    assert!(pull(&installation, "release", &held).out.starts_with("1 settled; 2 "));
    assert_eq!(installation.expectations()[0], "A-1 100000 fuld");
    assert_eq!(installation.unexpected(), ["101 A-6 5"]);
}

#[test]
fn a_report_on_a_request_of_another_municipality_period_or_payout_is_held() {
    let installation = asked("");
    let good = report(FIRST, &[line(1, 100_000, "00")]);
    let others = [
        Report { forespoergsel_id: Some(RANDERS.into()), ..good.clone() },
        Report { periode: "202611".into(), ..good.clone() },
        Report { dispositionsdato: "20261229".into(), ..good.clone() },
    ];
    let mut held = Vec::new();
    for (name, other) in ["a.txt", "b.txt", "c.txt"].into_iter().zip(&others) {
        held.push(is_held(&installation, name, &other.text(), "request-differs"));
    }
    assert!(pull(&installation, "release", &held[0]).out.starts_with("1 settled; "));
    assert_eq!(installation.expectations()[0], "A-1 100000 fuld");
    assert_eq!(installation.expectations()[5], "R-1", "it is not København's to settle");
    installation.done(&["reject", &held[1], &held[2], "--reason", "the first one holds"]);
}

#[test]
fn a_report_may_name_no_request() {
    let installation = asked("");
    let nameless = Report { forespoergsel_id: None, ..report(FIRST, &[line(1, 100_000, "00")]) };
    settle(&installation, "a.txt", &nameless);
    assert_eq!(installation.expectations()[0], "A-1 100000 fuld");
    let other_month = Report {
        periode: "202701".into(),
        udbetaling_id: SECOND.into(),
        ..Report { forespoergsel_id: None, ..report(SECOND, &[line(2, 9, "01")]) }
    };
    settle(&installation, "b.txt", &other_month);
    assert_eq!(installation.expectations()[1], "A-2", "nothing was expected of January");
    assert_eq!(installation.unexpected(), ["101 A-2 9"]);
}

/// The municipality asked twice about one month; the report says which one it follows.
#[test]
fn a_released_report_still_settles_the_request_that_it_names() {
    let installation = asked("");
    let again = REQUEST.replace("0123", "ffff");
    ask(&installation, "again.txt", &request("0101", &again));
    settle(&installation, "a.txt", &report(FIRST, &[line(1, 1, "01")]));
    let second = report(SECOND, &[line(2, 200_000, "00")]);
    let held = is_held(&installation, "a.txt", &second.text(), "name-conflict");
    assert!(pull(&installation, "release", &held).out.starts_with("1 settled; "));
    let expectations = installation.expectations();
    assert_eq!(expectations[1], "A-2 200000 fuld");
    assert_eq!(expectations[7], "A-2", "the newer request is another one's");
}

/// Its file is older, but what an operator lets go on now is what holds now.
#[test]
fn a_released_report_is_the_newest_word() {
    let installation = asked("");
    let unknown = Report {
        forespoergsel_id: Some(REQUEST.replace("0123", "ffff")),
        ..report(FIRST, &[line(1, 60_000, "01")])
    };
    let held = is_held(&installation, "a.txt", &unknown.text(), "request-unknown");
    settle(&installation, "b.txt", &report(SECOND, &[line(1, 100_000, "00")]));
    assert!(pull(&installation, "release", &held).out.starts_with("1 settled; "));
    assert_eq!(installation.expectations()[0], "A-1 60000 delvis");
    let trace = installation.done(&["audit", "trace", "--aftale", "A-1"]);
    assert!(trace.contains(FIRST) && trace.contains(SECOND), "{trace}");
}

/// After an operator has rejected a report, another may still use its name, and its identifier.
#[test]
fn a_rejected_report_can_come_again() {
    let installation = asked("");
    let early = Report {
        forespoergsel_id: Some(REQUEST.replace("0123", "ffff")),
        ..report(FIRST, &[line(1, 1, "01")])
    };
    let held = is_held(&installation, "a.txt", &early.text(), "request-unknown");
    installation.done(&["reject", &held, "--reason", "the sender sends another"]);
    settle(&installation, "a.txt", &report(FIRST, &[line(1, 100_000, "00")]));
    assert_eq!(installation.expectations()[0], "A-1 100000 fuld");
}
