//! SF2530 through the real program, over local directories: what is answered, what is answered
//! again, what is held, and what a dry run leaves alone. How a request can be wrong in itself is
//! `tests/rejections.rs`.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use rusqlite::Connection;
use std::fs;
use std::path::Path;
use support::installation::{Installation, Said, names};

const ID: &str = "01234567-89ab-4cde-8f01-23456789abcd";
const ANSWER: &str = "svar_0101_01234567-89ab-4cde-8f01-23456789abcd.txt";

/// A request of København for the payout of 30 December 2026.
fn request(id: &str, miljoe: &str) -> String {
    format!("100101{id}2026122420261230202612{miljoe}{:12}\r\n", "")
}

fn installation() -> Installation {
    let installation = Installation::local("TEST");
    installation.import_aftaler(2_000);
    installation
}

fn put(installation: &Installation, name: &str, request: &str) {
    fs::write(installation.inbox().join(name), request).unwrap();
}

fn batch(installation: &Installation) -> Said {
    installation.run(&["batch"])
}

fn answer(installation: &Installation) -> String {
    latin1(&installation.outbox().join(ANSWER))
}

/// A file's characters: answers are in ISO-8859-1.
fn latin1(path: &Path) -> String {
    fs::read(path).unwrap().into_iter().map(char::from).collect()
}

/// How many expectations there are, asked of the store itself.
fn forventninger(installation: &Installation) -> i64 {
    Connection::open(installation.path("state/modregn.db"))
        .unwrap()
        .query_row("SELECT count(*) FROM forventning", [], |row| row.get(0))
        .unwrap()
}

fn states(installation: &Installation, direction: &str) -> Vec<String> {
    let transfers = installation.transfers().into_iter().rev();
    transfers
        .filter(|transfer| transfer["direction"] == direction)
        .map(|transfer| transfer["state"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_request_is_answered_and_every_active_agreement_marked() {
    let installation = installation();
    put(&installation, "a.txt", &request(ID, "TEST"));
    let said = batch(&installation);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    let answer = answer(&installation);
    let transactions = answer.lines().filter(|line| line.starts_with("20")).count();
    assert!(transactions > 0);
    assert_eq!(forventninger(&installation), i64::try_from(transactions).unwrap());
    assert!(said.out.starts_with(&format!("1 answered; {transactions} transactions, ")));
    assert_eq!(names(&installation.inbox()), [""; 0]);
    assert_eq!(states(&installation, "inbound"), ["archived"]);
    assert_eq!(states(&installation, "outbound"), ["published"]);
}

#[test]
fn the_same_request_again_gives_the_same_bytes_and_marks_nothing() {
    let installation = installation();
    put(&installation, "a.txt", &request(ID, "TEST"));
    batch(&installation);
    let (first, marked) = (answer(&installation), forventninger(&installation));
    // KY fetches the answer, loses it, and asks again: under the old name, under a new one, and
    // with other line ends. The agreements have changed meanwhile.
    let csv = installation.path("aftaler.csv");
    let ended = fs::read_to_string(&csv).unwrap().replace(",aktiv", ",ophoert");
    fs::write(&csv, ended).unwrap();
    installation.done(&["import", "aftaler", csv.to_str().unwrap()]);
    for (name, request) in [
        ("a.txt", request(ID, "TEST")),
        ("b.txt", request(ID, "TEST")),
        ("c.txt", request(ID, "TEST").replace('\r', "")),
    ] {
        fs::remove_file(installation.outbox().join(ANSWER)).unwrap();
        put(&installation, name, &request);
        let said = batch(&installation);
        assert_eq!(said.code, Some(0), "{name}: {}{}", said.out, said.err);
        assert!(said.out.starts_with("1 answered again; "), "{}", said.out);
        assert_eq!(answer(&installation), first);
        assert_eq!(forventninger(&installation), marked);
    }
    assert_eq!(names(&installation.outbox()), [ANSWER]);
    assert_eq!(states(&installation, "outbound"), ["published"]);
}

#[test]
fn the_same_request_twice_in_one_pass_is_marked_once() {
    let installation = installation();
    for name in ["a.txt", "b.txt", "c.txt"] {
        put(&installation, name, &request(ID, "TEST"));
    }
    let said = batch(&installation);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    let transactions = answer(&installation).lines().count() - 2;
    assert_eq!(forventninger(&installation), i64::try_from(transactions).unwrap());
}

#[test]
fn a_faulty_request_is_its_municipalitys_where_that_can_be_read() {
    let installation = installation();
    put(&installation, "period.txt", &request(ID, "TEST").replace("202612TEST", "202613TEST"));
    put(&installation, "kommune.txt", &request(ID, "TEST").replacen("100101", "100999", 1));
    put(&installation, "empty.txt", "");
    assert_eq!(batch(&installation).code, Some(1));
    let transfers = installation.transfers();
    let mut about: Vec<_> = transfers.iter().map(|t| (&t["name"], &t["kommunekode"])).collect();
    about.sort_by_key(|(name, _)| name.to_string());
    let told =
        serde_json::json!([["empty.txt", null], ["kommune.txt", null], ["period.txt", "0101"]]);
    assert_eq!(serde_json::json!(about), told);
    let period = transfers.iter().find(|t| t["name"] == "period.txt").unwrap();
    assert_eq!(period["dispositionsdato"], "2026-12-30");
    assert_eq!(period["forespoergsel_id"], ID);
}

#[test]
fn a_name_or_an_id_used_before_with_other_content_is_held() {
    let installation = installation();
    put(&installation, "a.txt", &request(ID, "TEST"));
    batch(&installation);
    let (first, marked) = (answer(&installation), forventninger(&installation));
    let other_id = ID.replace("0123", "ffff");
    let cases = [
        ("a.txt", request(&other_id, "TEST"), "name-conflict"),
        ("b.txt", request(ID, "TEST").replace("202612TEST", "202611TEST"), "request-conflict"),
    ];
    for (name, request, code) in cases {
        put(&installation, name, &request);
        let said = batch(&installation);
        assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
        assert!(said.out.contains(code), "{}", said.out);
        assert_eq!(names(&installation.inbox()), [""; 0]);
        let transfers = installation.transfers();
        let held = transfers.iter().find(|t| t["state"] == "held" && t["name"] == name).unwrap();
        let id = held["transfer"].as_str().unwrap();
        let quarantine = installation.path("state/quarantine").join(id);
        assert_eq!(fs::read_to_string(quarantine.join("payload")).unwrap(), request);
        assert!(installation.done(&["files", "show", id]).contains(code));
        assert!(installation.done(&["status"]).contains(code));
    }
    assert_eq!((answer(&installation), forventninger(&installation)), (first, marked));
}

#[test]
fn a_dry_run_shows_what_would_happen_and_changes_nothing() {
    let installation = installation();
    put(&installation, "a.txt", &request(ID, "TEST"));
    put(&installation, "b.txt", &request(ID, "PROD"));
    let out = installation.path("would-be");
    let said = installation.run(&["batch", "--dry-run", "--out", out.to_str().unwrap()]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    assert!(said.out.contains("wrong-miljoe"), "{}", said.out);
    assert_eq!(names(&installation.inbox()), ["a.txt", "b.txt"]);
    assert_eq!(forventninger(&installation), 0);
    assert!(installation.transfers().is_empty());
    let would_be = latin1(&out.join("a.txt"));
    batch(&installation);
    assert_eq!(without_time(&answer(&installation)), without_time(&would_be));
}

/// An answer without the moment it was made.
fn without_time(answer: &str) -> String {
    let (before, after) = (&answer[..42], &answer[56..]);
    format!("{before}{after}")
}

#[test]
fn an_endpoint_that_cannot_be_reached_stops_no_other_and_loses_nothing() {
    let installation = installation();
    put(&installation, "a.txt", &request(ID, "TEST"));
    let away = installation.path("away");
    fs::rename(installation.outbox(), &away).unwrap();
    let said = batch(&installation);
    assert_eq!(said.code, Some(3), "{}{}", said.out, said.err);
    assert!(said.out.contains("directory-missing"), "{}", said.out);
    assert!(forventninger(&installation) > 0);
    fs::rename(&away, installation.outbox()).unwrap();
    let said = batch(&installation);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    assert!(said.out.starts_with("1 delivered"), "{}", said.out);
    assert!(Path::new(&installation.outbox().join(ANSWER)).exists());
}

#[test]
fn an_answer_its_layout_cannot_hold_is_held_and_stops_no_other() {
    let installation = installation();
    let formats = installation.path("formats");
    fs::create_dir(&formats).unwrap();
    let layout = include_str!("../formats/sf2530-svar.toml");
    let narrow = layout.replace(
        r#"{ start = 7, length = 9, name = "loebenummer","#,
        r#"{ start = 8, length = 8, name = "filler_1", kind = "filler" },
           { start = 7, length = 1, name = "loebenummer","#,
    );
    assert_ne!(narrow, layout);
    fs::write(formats.join("sf2530-svar.toml"), narrow).unwrap();
    let config = fs::read_to_string(installation.config()).unwrap();
    fs::write(installation.config(), format!("formats_dir = \"formats\"\n{config}")).unwrap();

    // København has more agreements than one digit can number, Læsø has not.
    put(&installation, "a.txt", &request(ID, "TEST"));
    let small = request(&ID.replace("0123", "ffff"), "TEST").replacen("100101", "100825", 1);
    put(&installation, "b.txt", &small);
    let dry = installation.run(&["batch", "--dry-run"]);
    assert!(dry.out.contains("out-of-balance"), "{}{}", dry.out, dry.err);
    let said = batch(&installation);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    assert!(said.out.contains("out-of-balance"), "{}", said.out);
    assert_eq!(names(&installation.outbox()).len(), 1, "Læsø's answer: {}", said.out);
    assert_eq!(states(&installation, "outbound"), ["held", "published"]);
}

#[test]
fn a_batch_beside_a_running_daemon_does_nothing_twice() {
    let installation = installation();
    let mut daemon = installation.modregn(&["run"]).spawn().unwrap();
    put(&installation, "a.txt", &request(ID, "TEST"));
    let said = batch(&installation);
    let dry = installation.run(&["batch", "--dry-run"]);
    let begun = std::time::Instant::now();
    while states(&installation, "inbound") != ["archived"] {
        assert!(begun.elapsed().as_secs() < 30, "{:?}", installation.transfers());
        assert!(daemon.try_wait().unwrap().is_none(), "the daemon has ended");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    assert_eq!(dry.code, Some(0), "looking is always allowed: {}{}", dry.out, dry.err);
    assert_eq!(states(&installation, "outbound"), ["published"]);
    let transactions = answer(&installation).lines().count() - 2;
    assert_eq!(forventninger(&installation), i64::try_from(transactions).unwrap());
}
