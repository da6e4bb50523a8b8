//! Records, and whole files, that are refused.

use crate::scene::*;
use crate::support::installation::names;
use crate::support::payout::{Line, Report};
use serde_json::Value;
use std::fs;

#[test]
fn good_records_are_applied_and_the_sender_is_told_of_the_others() {
    let installation = asked("accept = \"records\"");
    put(&installation, "a.txt", &with_bad_records());
    let said = batch(&installation);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    assert!(
        said.out.contains("1 settled in part; 2 reported amounts, 1.007,00 kr."),
        "{}",
        said.out
    );
    assert!(said.out.contains("records-refused: 5 of its records"), "{}", said.out);
    let expected = ["A-1 100000 fuld", "A-2", "A-3", "A-4", "A-5", "R-1"];
    assert_eq!(installation.expectations(), expected);
    assert_eq!(installation.unexpected(), ["101 X-1 700"]);

    let name = format!("afvist_0101_{FIRST}.json");
    assert_eq!(names(&installation.refusals()), [name.as_str()]);
    let told = fs::read_to_string(installation.refusals().join(&name)).unwrap();
    let json: Value = serde_json::from_str(&told).unwrap();
    let faults: Vec<_> = json["faults"].as_array().unwrap().iter().collect();
    let codes: Vec<_> = faults
        .iter()
        .map(|fault| {
            let (code, record) = (fault["code"].as_str().unwrap(), &fault["position"]["record"]);
            format!("{record} {code}")
        })
        .collect();
    assert_eq!(
        codes,
        [
            "3 bad-cpr",
            "4 cpr-mismatch",
            "5 reported-twice",
            "6 reported-twice",
            "7 amount-contradicts-reason"
        ]
    );
    assert_eq!((&json["applied"], &json["refused"]), (&2.into(), &5.into()));
    assert_eq!(json["verdict"], "accepted in part");
    assert_eq!(json["file"], "a.txt");
    for cpr in CPR {
        assert!(!told.contains(cpr), "{told}");
    }

    // Delivered once more, it is the same file.
    fs::remove_file(installation.refusals().join(&name)).unwrap();
    let sent = id(&transfer(&installation, &name, "published"));
    assert_eq!(pull(&installation, "retry", &sent).out, "1 delivered.\n");
    assert_eq!(fs::read_to_string(installation.refusals().join(&name)).unwrap(), told);

    // The corrected ones come in a new report; the others stay as they are.
    let corrected = [line(2, 200_000, "00"), line(3, 300_000, "00"), line(4, 400_000, "00")];
    settle(&installation, "b.txt", &report(SECOND, &corrected));
    let expectations = installation.expectations();
    assert_eq!(expectations[..2], ["A-1 100000 fuld", "A-2 200000 fuld"]);
    assert_eq!(expectations[2..4], ["A-3 300000 fuld", "A-4 400000 fuld"]);
}

#[test]
fn without_that_setting_one_bad_record_rejects_the_report() {
    let installation = asked("");
    let before = installation.reported();
    put(&installation, "a.txt", &with_bad_records());
    let said = batch(&installation);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    assert_eq!(installation.reported(), before);
    assert_eq!(names(&installation.refusals()), [""; 0]);
    let rejected = id(&transfer(&installation, "a.txt", "rejected"));
    let json = installation.done(&["files", "show", &rejected, "--report", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["faults"].as_array().unwrap().len(), 5, "every fault is told: {json:#}");
}

/// What is wrong with the file, and not with one of its records.
#[test]
fn a_file_that_may_lack_records_is_rejected_whole() {
    let installation = asked("accept = \"records\"");
    let good = report(FIRST, &[line(1, 100_000, "00"), line(2, 200_000, "00"), line(3, 1, "01")]);
    let text = good.text();
    let lines: Vec<_> = text.split_inclusive("\r\n").collect();
    let one = "200101000000001";
    let cases = [
        ("sum", text.replace("300001+", "300002+"), "control-mismatch"),
        ("count", text.replace("900101000000003", "900101000000004"), "control-mismatch"),
        ("sign", text.replace("000000000300001+", "000000000300001-"), "control-mismatch"),
        ("gap", text.replace("200101000000003", "200101000000004"), "control-mismatch"),
        ("twice", text.replace("200101000000002", one), "control-mismatch"),
        ("order", [lines[0], lines[2], lines[1], lines[3], lines[4]].concat(), "control-mismatch"),
        ("cut-off", lines[..4].concat(), "missing-record"),
        ("cut-within", text[..300].to_owned(), "record-too-short"),
        ("head-gone", lines[1..].concat(), "missing-record"),
        ("head-bad", text.replacen("20261230", "20261330", 1), "bad-date"),
        ("after-the-end", format!("{text}{}", lines[1]), "unexpected-record"),
    ];
    let before = installation.reported();
    for (name, text, code) in cases {
        assert_ne!(text, good.text(), "{name} spoils nothing");
        let name = format!("{name}.txt");
        put(&installation, &name, &text);
        let said = batch(&installation);
        assert_eq!(said.code, Some(1), "{name}: {}{}", said.out, said.err);
        let rejected = transfer(&installation, &name, "rejected");
        let report = installation.done(&["files", "show", &id(&rejected), "--report", "json"]);
        assert!(report.contains(&format!("\"{code}\"")), "{name}: {report}");
        assert_eq!(installation.reported(), before, "{name}");
    }
    assert_eq!(names(&installation.refusals()), [""; 0]);
    settle(&installation, "good.txt", &good);
}

#[test]
fn a_report_of_the_other_environment_is_rejected() {
    let installation = asked("accept = \"records\"");
    let before = installation.reported();
    let prod = Report { miljoe: "PROD", ..report(FIRST, &[line(1, 100_000, "00")]) };
    put(&installation, "a.txt", &prod.text());
    let said = batch(&installation);
    assert!(said.out.contains("wrong-miljoe"), "{}", said.out);
    assert_eq!(installation.reported(), before);
    transfer(&installation, "a.txt", "rejected");
}

/// Refused once for all: neither the report nor what is said grows with the file, and a report of
/// which more is wrong than can be told is rejected.
#[test]
fn of_thousands_of_faults_the_first_ones_are_told() {
    let bad = |number: usize| Line { cpr: "9999999999".into(), ..line(1 + number % 5, 1, "01") };
    let mismatched = |number: usize| Line::new("A-1", CPR[1 + number % 4], 1, "01");
    let lines: [Vec<_>; 2] = [(0..5_000).map(bad).collect(), (0..5_000).map(mismatched).collect()];
    for accept in ["file", "records"] {
        let installation = asked(&format!("accept = {accept:?}"));
        let before = installation.reported();
        for (name, lines) in ["a.txt", "b.txt"].into_iter().zip(&lines) {
            put(&installation, name, &report(FIRST, lines).text());
            let said = batch(&installation);
            assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
            assert_eq!(installation.reported(), before, "{accept} {name}");
            let rejected = id(&transfer(&installation, name, "rejected"));
            let told = installation.done(&["files", "show", &rejected, "--report", "json"]);
            let told: Value = serde_json::from_str(&told).unwrap();
            let faults = told["faults"].as_array().unwrap();
            assert_eq!(faults.len(), 1_001, "{accept} {name}");
            assert_eq!(faults[1_000]["code"], "too-many-faults");
        }
    }
}

#[test]
fn what_the_sender_is_told_stays_owed_where_it_cannot_be_delivered() {
    let installation = asked("accept = \"records\"");
    put(&installation, "a.txt", &with_bad_records());
    let away = installation.path("away");
    fs::rename(installation.refusals(), &away).unwrap();
    let said = batch(&installation);
    assert_eq!(said.code, Some(3), "{}{}", said.out, said.err);
    assert!(said.out.contains("directory-missing"), "{}", said.out);
    let settled = installation.reported();
    assert_eq!(installation.expectations()[0], "A-1 100000 fuld", "that waits for no server");
    fs::rename(&away, installation.refusals()).unwrap();
    assert_eq!(installation.done(&["batch"]), "1 delivered.\n");
    assert_eq!(names(&installation.refusals()), [format!("afvist_0101_{FIRST}.json")]);
    assert_eq!(installation.reported(), settled);
}
