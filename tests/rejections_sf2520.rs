//! Every way a payout report can be wrong, through the real program, as `tests/rejections.rs` does
//! it for requests: `fixtures/sf2520-kontanthjaelpsudbetaling/` has one directory for each.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use serde_json::Value;
use std::fs;
use support::fixtures::{Case, inbound, snapshots_of, told};
use support::installation::{Installation, names};

/// Odense's agreements and request, which the fixtures speak of.
const AFTALER: &str = "\
aftale_id,kommunekode,cpr,beloeb,ydelsestype,gyldig_fra,gyldig_til,prioritet,fordring_id,status
AFT-2026-0001,0851,0101901234,160300,01,2020-01-01,,1,,aktiv
AFT-2026-0002,0851,3112854321,50000,01,2020-01-01,,1,,aktiv
";
const REQUEST: &str = "10\
0851\
0193a7c2-5b1e-7f00-8a4d-3c2b1a098766\
20261125\
20261201\
202612\
PROD            \r\n";

fn cases() -> Vec<Case> {
    let cases =
        Case::all("sf2520-kontanthjaelpsudbetaling", "udbetaling.txt", "expected-report.json");
    assert!(cases.len() > 20);
    cases
}

/// One that has answered the request and taken in the report of `three-reports`.
fn installation(settings: &str) -> Installation {
    let installation = Installation::with_reports("PROD", settings);
    fs::write(installation.path("aftaler.csv"), AFTALER).unwrap();
    installation.done(&["import", "aftaler", "aftaler.csv"]);
    fs::write(installation.inbox().join("k.txt"), REQUEST).unwrap();
    installation.done(&["batch"]);
    let fixture = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/sf2520-kontanthjaelpsudbetaling/three-reports/udbetaling.txt"
    );
    fs::copy(fixture, installation.reports().join("three-reports.txt")).unwrap();
    let out = installation.done(&["batch"]);
    assert!(out.starts_with("1 settled; 3 "), "{out}");
    installation
}

fn put(installation: &Installation, case: &Case) {
    fs::write(installation.reports().join(case.file_name()), &case.bytes).unwrap();
}

/// Whatever the route accepts of others' records, a file that is bad in itself is refused alike.
#[test]
fn each_bad_report_is_refused_and_the_others_of_its_pass_are_applied() {
    let installation = installation("");
    let cases = cases();
    let before = installation.rows("SELECT * FROM udbetaling").len();
    for case in &cases {
        put(&installation, case);
    }
    let said = installation.run(&["batch"]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    let accepted = Case::check_all(&cases, &installation);
    let applied = installation.rows("SELECT * FROM udbetaling").len() - before;
    assert_eq!(applied, accepted, "nothing was applied of the others");
    assert_eq!(names(&installation.reports()), [""; 0], "nothing is left in the inbox");
    assert_eq!(names(&installation.refusals()), [""; 0], "nobody is told of single records");
}

/// What the sender of a bad report gets, in every form.
#[test]
fn the_reports_are_fit_to_send() {
    let installation = installation("");
    let wanted = [
        "loebenummer-gap",
        "report-conflict",
        "request-differs",
        "request-unknown",
        "several-faults",
    ];
    for case in cases().iter().filter(|case| wanted.contains(&case.name.as_str())) {
        put(&installation, case);
    }
    assert_eq!(installation.run(&["batch"]).code, Some(1));
    let _bound = snapshots_of("rejections_sf2520").bind_to_scope();
    let known =
        installation.rows("SELECT t.id FROM udbetaling u JOIN transfer t ON t.nr = u.inbound");
    for name in wanted {
        let transfer = &inbound(&installation)[&format!("{name}.txt")];
        let told = told(&installation, transfer);
        assert!(!told.contains(&known[0][0]), "{name} tells of our own transfers");
        insta::assert_snapshot!(name, told);
    }
}

/// The same where good records are taken: the file that its sender gets.
#[test]
fn what_is_told_of_refused_records_is_fit_to_send() {
    let installation = installation("accept = \"records\"");
    let cases = cases();
    let case = cases.iter().find(|case| case.name == "several-faults").unwrap();
    put(&installation, case);
    let said = installation.run(&["batch"]);
    assert!(said.out.contains("1 settled in part; 0 reported amounts"), "{}", said.out);
    let name = names(&installation.refusals()).remove(0);
    let told = fs::read_to_string(installation.refusals().join(name)).unwrap();
    let json: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(json["faults"].as_array().unwrap().len(), 5);
    let transfer = json["transfer"].as_str().unwrap();
    let _bound = snapshots_of("rejections_sf2520").bind_to_scope();
    insta::assert_snapshot!("in-part", told.replace(transfer, "ID"));
}
