//! Two municipalities with a few agreements, what they ask and report, and what became of it.

use crate::support::installation::{Installation, Said, names};
use crate::support::payout::{Line, Report};
use serde_json::Value;
use std::fs::{self, File};
use std::time::{Duration, SystemTime};

/// København's request for the payout of 30 December 2026, and Randers' one.
pub(crate) const REQUEST: &str = "01234567-89ab-4cde-8f01-23456789abcd";
pub(crate) const RANDERS: &str = "01234567-89ab-4cde-8f01-23456789ab00";
/// Reports.
pub(crate) const FIRST: &str = "aaaaaaaa-0000-4000-8000-000000000001";
pub(crate) const SECOND: &str = "aaaaaaaa-0000-4000-8000-000000000002";
pub(crate) const THIRD: &str = "aaaaaaaa-0000-4000-8000-000000000003";

/// Invented people.
pub(crate) const CPR: [&str; 5] =
    ["0101900002", "0707720018", "1101630001", "1503850008", "2412990008"];

/// What is agreed about each of them, and about one in Randers; A-6 is no longer active.
pub(crate) const AFTALER: &str = "\
aftale_id,kommunekode,cpr,beloeb,ydelsestype,gyldig_fra,gyldig_til,prioritet,fordring_id,status
A-1,0101,0101900002,100000,01,2020-01-01,,1,,aktiv
A-2,0101,0707720018,200000,01,2020-01-01,,1,,aktiv
A-3,0101,1101630001,300000,01,2020-01-01,,1,,aktiv
A-4,0101,1503850008,400000,01,2020-01-01,,1,,aktiv
A-5,0101,2412990008,500000,01,2020-01-01,,1,,aktiv
A-6,0101,0101900002,600000,01,2020-01-01,,1,,ophoert
R-1,0730,0101900002,100000,01,2020-01-01,,1,,aktiv
";

pub(crate) fn request(kommunekode: &str, id: &str) -> String {
    format!("10{kommunekode}{id}2026122420261230202612TEST{:12}\r\n", "")
}

/// One with the agreements; nothing is asked yet.
pub(crate) fn unasked(settings: &str) -> Installation {
    let installation = Installation::with_reports("TEST", settings);
    fs::write(installation.path("aftaler.csv"), AFTALER).unwrap();
    installation.done(&["import", "aftaler", "aftaler.csv"]);
    installation
}

/// One in which København and Randers have asked.
pub(crate) fn asked(settings: &str) -> Installation {
    let installation = unasked(settings);
    ask(&installation, "k.txt", &request("0101", REQUEST));
    ask(&installation, "r.txt", &request("0730", RANDERS));
    assert_eq!(installation.expectations(), ["A-1", "A-2", "A-3", "A-4", "A-5", "R-1"]);
    installation
}

pub(crate) fn ask(installation: &Installation, name: &str, request: &str) {
    fs::write(installation.inbox().join(name), request).unwrap();
    installation.done(&["batch", "--flow", "sf2530"]);
}

/// Agreement `A-<number>`, its right person.
pub(crate) fn line(number: usize, beloeb: i64, aarsagskode: &'static str) -> Line {
    Line::new(&format!("A-{number}"), CPR[number - 1], beloeb, aarsagskode)
}

pub(crate) fn report(id: &str, lines: &[Line]) -> Report {
    Report::new(id, Some(REQUEST), lines)
}

pub(crate) fn put(installation: &Installation, name: &str, text: &str) {
    fs::write(installation.reports().join(name), text).unwrap();
}

/// Puts it as if it had come so many seconds ago.
pub(crate) fn put_aged(installation: &Installation, name: &str, text: &str, seconds: u64) {
    put(installation, name, text);
    let file = File::options().append(true).open(installation.reports().join(name)).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
}

pub(crate) fn batch(installation: &Installation) -> Said {
    installation.run(&["batch"])
}

/// Has a report taken in, whole.
pub(crate) fn settle(installation: &Installation, name: &str, report: &Report) {
    put(installation, name, &report.text());
    let out = installation.done(&["batch"]);
    assert!(out.starts_with("1 settled; "), "{out}");
}

/// The one transfer of a file of this name in this state.
pub(crate) fn transfer(installation: &Installation, name: &str, state: &str) -> Value {
    let is_it = |transfer: &Value| transfer["name"] == name && transfer["state"] == state;
    let transfers = installation.transfers();
    let mut found = transfers.iter().filter(|transfer| is_it(transfer));
    let only = found.next().unwrap_or_else(|| panic!("no {name} is {state}: {transfers:#?}"));
    assert!(found.next().is_none(), "{transfers:#?}");
    only.clone()
}

pub(crate) fn id(transfer: &Value) -> String {
    transfer["transfer"].as_str().unwrap().to_owned()
}

/// Puts a report that must be held with this code and change nothing; gives its transfer.
pub(crate) fn is_held(installation: &Installation, name: &str, text: &str, code: &str) -> String {
    let before = installation.reported();
    put(installation, name, text);
    let said = batch(installation);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    assert!(said.out.contains(code), "{}", said.out);
    assert_eq!(installation.reported(), before);
    assert_eq!(names(&installation.reports()), [""; 0]);
    let held = transfer(installation, name, "held");
    assert_eq!(held["problem"]["code"], code);
    let kept = installation.path("state/quarantine").join(id(&held)).join("payload");
    assert_eq!(fs::read_to_string(kept).unwrap(), text);
    assert!(installation.done(&["status"]).contains(code));
    id(&held)
}

/// Pulls a lever and lets the file go on.
pub(crate) fn pull(installation: &Installation, lever: &str, id: &str) -> Said {
    installation.done(&[lever, id, "--reason", "the sender was asked"]);
    batch(installation)
}

/// A report with a good record and one that is refused for each reason there is.
pub(crate) fn with_bad_records() -> String {
    let lines = [
        line(1, 100_000, "00"),
        Line { cpr: "9999999999".into(), ..line(2, 200_000, "00") },
        Line { cpr: CPR[4].into(), ..line(3, 300_000, "00") },
        line(4, 400_000, "00"),
        line(4, 400_000, "00"),
        line(5, 500_000, "02"),
        Line::new("X-1", CPR[0], 700, "00"),
    ];
    report(FIRST, &lines).text()
}
