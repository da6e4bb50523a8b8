//! Registrations on their way out, as operators and case workers see it: through the real program.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use chrono::{DateTime, TimeDelta, Utc};
use modregn::clock::Clock;
use modregn::config::Config;
use modregn::daemon::{Engine, batch};
use std::fmt::Write;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use support::installation::Installation;
use support::sshd::Sshd;

const RULES: &str = "[route.inbox]\nendpoint = \"opus\"\ndirectory = \"kvit\"\n\
    [route.inbox.plain]\npattern = \"*.txt\"\ncomplete = \"rename\"\nprocessed = \"delete\"\n\
    [route.outbox]\nendpoint = \"opus\"\ndirectory = \"reg\"\n\
    name = \"SF1590_{kommunekode}_{overfoersel_id}.txt\"\n";

/// The fixture's registrations, which are all of one debitorkonto.
fn id(number: u32) -> String {
    format!("00000000-0000-0000-0000-{:012}", 1000 + number)
}

/// A fagsystem whose tables are imported.
fn fagsystem(cutting: &str) -> Installation {
    let at = Installation::local("TEST");
    for directory in ["kvit", "reg"] {
        fs::create_dir_all(at.path("opus").join(directory)).unwrap();
    }
    let config = format!(
        "miljoe = \"TEST\"\nstate_dir = \"state\"\n[endpoint.opus]\nkind = \"local\"\n\
         path = \"opus\"\n[[route]]\nflow = \"sf1590-fagsystem\"\n{RULES}{cutting}"
    );
    fs::write(at.config(), config).unwrap();
    at.done(&["import", "sortiment", &fixture("sortiment.csv")]);
    at.done(&["import", "ruter", &fixture("ruter.csv")]);
    at
}

fn fixture(name: &str) -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sf1590-json").join(name);
    here.to_str().unwrap().to_owned()
}

fn transfers(at: &Installation) -> Vec<PathBuf> {
    let mut found: Vec<_> =
        fs::read_dir(at.path("opus/reg")).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
    found
}

/// What a transfer's file holds of each registration: id and sekvens.
fn held(file: &Path) -> Vec<(String, u32)> {
    let text = fs::read(file).unwrap();
    let lines = text.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"10"));
    let ascii = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    lines.map(|line| (ascii(&line[11..47]), ascii(&line[85..94]).parse().unwrap())).collect()
}

/// A kvittering, column by column; each answer: registration, `0000` or why not, restance.
fn kvittering(at: &Installation, number: u32, transfer: &Path, svar: &[(String, &str, u64)]) {
    let name = transfer.file_stem().unwrap().to_str().unwrap();
    let overfoersel_id = &name["SF1590_0101_".len()..];
    let id = format!("00000000-0000-0000-0000-{number:012}");
    let head = format!("000101{id}{overfoersel_id}20261201120000TEST{:<20}", "KY-DEBITOR");
    let mut text = format!("{head:<200}\n");
    for ((registrering, aarsag, restance), nth) in svar.iter().zip(1..) {
        let udfald = if *aarsag == "0000" { 'A' } else { 'R' };
        let left = if *aarsag == "1007" { format!("{restance:011}") } else { String::new() };
        let line =
            format!("20{nth:09}{registrering}{udfald}{aarsag}{:<60}{left:<11}", "Ring 0101901234");
        writeln!(text, "{line:<200}").unwrap();
    }
    let accepted = svar.iter().filter(|(_, aarsag, _)| *aarsag == "0000").count();
    let (all, rejected) = (svar.len(), svar.len() - accepted);
    let end = format!("900101{all:09}{accepted:09}{rejected:09}");
    writeln!(text, "{end:<200}").unwrap();
    fs::write(at.path("opus/kvit").join(format!("k{number}.txt")), text).unwrap();
}

fn tilstand(at: &Installation, id: &str) -> serde_json::Value {
    serde_json::from_str(&at.done(&["debitor", "show", id, "--json"])).unwrap()
}

#[test]
fn a_file_is_taken_whole_or_not_at_all() {
    let at = &fagsystem("");
    let good = fs::read_to_string(fixture("registreringer.jsonl")).unwrap();
    let spoiled =
        good.replacen("\"0101901234\"", "\"3102901234\"", 1).replace("\"klasse\"", "").replace(
            "\"materialetype\":\"RYKKER\",\"slutdato\"",
            "\"materialetype\":\"ANDEN\",\"slutdato\"",
        );
    fs::write(at.path("bad.jsonl"), spoiled).unwrap();
    let said = at.run(&["import", "debitorregistreringer", "bad.jsonl"]);
    assert_eq!(said.code, Some(1));
    for expected in [
        "bad.jsonl:1: operation.OpretDebitorkonto.haeftelser[0].part.cpr: expected a date of birth",
        "bad.jsonl:8: materialetype: expected a class of the fagsystem's sortiment",
        "4 bad lines; nothing was imported.",
    ] {
        assert!(said.err.contains(expected), "{expected:?} is not in:\n{}", said.err);
    }
    assert!(!said.err.contains("3102901234"), "{}", said.err);
    assert_eq!(at.done(&["report", "debitor"]), "No registration was entered.\n");
    // What is wrong with a line by itself and with the others makes one bad line.
    let unknown = good
        .lines()
        .skip(7)
        .take(2)
        .map(|line| line.replace("RYKKER", "ANDEN").replace("\"0101\"", "\"0153\"") + "\n");
    fs::write(at.path("bad.jsonl"), unknown.collect::<String>()).unwrap();
    let said = at.run(&["import", "debitorregistreringer", "bad.jsonl"]);
    assert!(said.err.contains("bad.jsonl:1: kommunekode: has no route"), "{}", said.err);
    assert!(said.err.contains("\n2 bad lines; nothing was imported."), "{}", said.err);
    let import = ["import", "debitorregistreringer", &fixture("registreringer.jsonl")];
    assert_eq!(at.done(&import), "14 registrations are taken, 0 were known\n");
    // The same ones as CSV: all but the first, which has lists in it.
    let import = ["import", "debitorregistreringer", &fixture("registreringer.csv")];
    assert_eq!(at.done(&import), "0 registrations are taken, 13 were known\n");
}

#[test]
fn tables_are_checked_before_they_hold() {
    let at = &fagsystem("");
    let head = "kommunekode,myndighed_cvr,debitorsystem,endpoint,overfoerselstype,gyldig_fra,\
        gyldig_til\n";
    let rows = "0101,64942212,OPUS,opus,plain,2026-01-01,2026-06-30\n\
        0101,64942212,PRISME,opus,plain,2026-06-30,\n\
        0147,11259979,OPUS,ukendt,plain,2026-01-01,\n\
        0151,58271713,OPUS,opus,styret,2026-01-01,\n";
    fs::write(at.path("ruter.csv"), format!("{head}{rows}")).unwrap();
    let said = at.run(&["import", "ruter", "ruter.csv"]);
    assert_eq!(said.code, Some(1));
    for expected in [
        "ruter.csv:3: gyldig_fra: line 2 holds for the same municipality on the same days",
        "ruter.csv:4: endpoint: no [[route]] with flow = \"sf1590-fagsystem\"",
        "ruter.csv:5: overfoerselstype: the outbox at \"opus\" sends plain",
    ] {
        assert!(said.err.contains(expected), "{expected:?} is not in:\n{}", said.err);
    }
    // What held before holds still.
    at.done(&["import", "debitorregistreringer", &fixture("registreringer.jsonl")]);
}

#[test]
fn a_case_worker_corrects_or_gives_up_what_was_rejected() {
    let at = &fagsystem("");
    at.done(&["import", "debitorregistreringer", &fixture("registreringer.jsonl")]);
    assert_eq!(at.done(&["batch"]), "1 delivered.\n");
    let first = &transfers(at)[0];
    assert_eq!(held(first), [(id(1), 1)]);
    kvittering(at, 1, first, &[(id(1), "0000", 0)]);
    // It is taken in, and what it makes due leaves in the same pass.
    assert_eq!(
        at.done(&["batch"]),
        "1 delivered, 1 noted; 1 registrations accepted, 0 rejected.\n"
    );
    let second = &transfers(at)[1];
    assert_eq!(held(second), [(id(2), 2)]);
    kvittering(at, 2, second, &[(id(2), "1007", 5050)]);
    at.done(&["batch"]);
    let list = at.done(&["debitor", "list"]);
    assert!(list.contains("1007 payment exceeds the restance, restance 50,50 kr."), "{list}");
    let show = at.done(&["debitor", "show", &id(2)]);
    assert!(show.contains("What to do: correct the amount to the restance"), "{show}");
    assert!(show.contains("Ring **********") && !show.contains("0101901234"), "{show}");
    assert!(at.done(&["debitor", "show", &id(3)]).contains(&format!("It waits for {}", id(2))));
    let alerts = at.done(&["alerts"]);
    assert!(alerts.contains("registreringer-afvist"), "{alerts}");
    let reasons = at.done(&["report", "debitor", "--aarsager", "--csv"]);
    assert!(reasons.contains("0101,1007,1,"), "{reasons}");

    let all = fs::read_to_string(fixture("registreringer.jsonl")).unwrap();
    let correction = all.lines().nth(1).unwrap().replace(&id(2), &id(90));
    fs::write(at.path("correction.jsonl"), correction).unwrap();
    let correct = ["debitor", "correct", &id(2), "correction.jsonl", "--reason", "wrong amount"];
    assert!(at.done(&correct).contains("is corrected"));
    assert!(at.done(&correct).contains("is corrected already"));
    at.done(&["batch"]);
    assert_eq!(held(&transfers(at)[2]), [(id(90), 2)]);
    assert_eq!(tilstand(at, &id(2))["rettet_af"], id(90));
    kvittering(at, 3, &transfers(at)[2], &[(id(90), "1009", 0)]);
    at.done(&["batch"]);
    let cancel = |id: &str| at.run(&["debitor", "cancel", id, "--reason", "it has ended before"]);
    assert_eq!(cancel(&id(1)).code, Some(1), "what was accepted cannot be given up");
    assert_eq!(cancel(&id(90)).code, Some(0));
    assert_eq!(tilstand(at, &id(90))["annulleret"]["why"], "it has ended before");
    at.done(&["batch"]);
    assert_eq!(held(&transfers(at)[3]), [(id(3), 2)]);
    let report: serde_json::Value =
        serde_json::from_str(&at.done(&["report", "debitor", "--json"])).unwrap();
    let antal = &report[0]["antal"];
    let counts = ["accepteret", "rettet", "annulleret", "afventer-kvittering", "modtaget"];
    assert_eq!(counts.map(|tilstand| antal[tilstand].as_u64().unwrap()), [1, 1, 1, 1, 11]);
    let metrics = at.done(&["metrics"]);
    let waiting = "modregn_registreringer{miljoe=\"TEST\",tilstand=\"modtaget\"} 11\n";
    assert!(metrics.contains(waiting), "{metrics}");
    // What people did stands in the log, and nothing in it was changed since.
    assert!(at.done(&["audit", "verify"]).contains("events"));
}

#[test]
fn kvitteringer_that_do_not_fit_change_nothing() {
    let at = &fagsystem("[route.overfoersel]\nregistreringer = 1\n");
    at.done(&["import", "debitorregistreringer", &fixture("registreringer.jsonl")]);
    at.done(&["batch"]);
    let first = transfers(at).remove(0);
    kvittering(at, 1, &first, &[(id(1), "0000", 0)]);
    at.done(&["batch"]);
    let second = transfers(at).remove(1);
    // The same file again; the same id with other content; another answer; of nobody.
    kvittering(at, 1, &first, &[(id(1), "0000", 0)]);
    let said = at.done(&["batch"]);
    assert!(said.contains("1 recognised"), "{said}");
    fs::rename(at.path("opus/kvit"), at.path("opus/kvit-1")).unwrap();
    fs::create_dir(at.path("opus/kvit")).unwrap();
    kvittering(at, 1, &first, &[(id(1), "1001", 0)]);
    fs::rename(at.path("opus/kvit/k1.txt"), at.path("opus/kvit/other.txt")).unwrap();
    kvittering(at, 2, &first, &[(id(1), "1001", 0), (id(77), "0000", 0)]);
    let unknown = at.path("SF1590_0101_00000000-0000-0000-0000-00000000ffff.txt");
    kvittering(at, 3, &unknown, &[(id(1), "0000", 0)]);
    fs::write(at.path("opus/kvit/bad.txt"), "00 no kvittering\n").unwrap();
    let said = at.run(&["batch"]);
    for expected in [
        "kvittering-conflict: kvittering_id 00000000-0000-0000-0000-000000000001 was used before",
        "kvittering-deviates: 1 of its answers contradict earlier ones and 1 are about",
        "kvittering-unknown: it answers overfoersel_id 00000000-0000-0000-0000-00000000ffff",
        "1 noted in part, 1 rejected, 2 held",
    ] {
        assert!(said.out.contains(expected), "{expected:?} is not in:\n{}", said.out);
    }
    assert_eq!(tilstand(at, &id(1))["tilstand"], "accepteret");
    assert_eq!(tilstand(at, &id(1))["afvigelser"][0]["aarsag"], "1001");
    let deviating = at.done(&["debitor", "list", "--afvigelser"]);
    assert!(deviating.contains("00000000-0000-0000-0000-000000000002"), "{deviating}");
    // A lost kvittering: the deadline is told of, and the identical bytes leave once more.
    let bytes = fs::read(&second).unwrap();
    fs::remove_file(&second).unwrap();
    let files = at.transfers();
    let name = second.file_name().unwrap().to_str().unwrap();
    let of = |file: &serde_json::Value| file["name"].as_str().is_some_and(|n| n.ends_with(name));
    let sent = files.iter().find(|file| of(file)).unwrap();
    let transfer = sent["transfer"].as_str().unwrap();
    at.done(&["retry", transfer, "--reason", "the debitorsystem has lost it"]);
    at.done(&["batch"]);
    assert_eq!(fs::read(&second).unwrap(), bytes);
    kvittering(at, 4, &second, &[(id(2), "0000", 0)]);
    at.done(&["batch"]);
    assert_eq!(tilstand(at, &id(2))["tilstand"], "accepteret");
}

/// A clock that is set by hand.
#[derive(Clone)]
struct Hand(Arc<Mutex<DateTime<Utc>>>);

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

#[test]
fn a_kvittering_that_does_not_come_and_a_route_that_has_ended_are_told() {
    let at = &fagsystem("[route.overfoersel]\nkvittering = { bankdage = 1, at = \"12:00\" }\n");
    at.done(&["import", "debitorregistreringer", &fixture("registreringer.jsonl")]);
    // A Monday: the answer is due on Tuesday at noon.
    let clock = Hand(Arc::new(Mutex::new("2026-11-23T08:00:00Z".parse().unwrap())));
    let pass = |config: &Path| {
        let engine = Engine::open(Config::load(config).unwrap(), Box::new(clock.clone())).unwrap();
        assert!(batch(&engine, &()).failure.is_none());
        at.done(&["alerts"])
    };
    let overdue = "kvittering-overdue";
    assert!(!pass(&at.config()).contains(overdue));
    *clock.0.lock().unwrap() += TimeDelta::hours(26);
    assert!(!pass(&at.config()).contains(overdue), "10:00 in the morning");
    *clock.0.lock().unwrap() += TimeDelta::hours(2);
    let alerts = pass(&at.config());
    let said = "OPUS (0101 København) has answered 0 of the 1 registrations";
    assert!(alerts.contains(overdue) && alerts.contains(said), "{alerts}");
    assert_eq!(pass(&at.config()).matches(overdue).count(), 1, "told once");
    kvittering(at, 1, &transfers(at)[0], &[(id(1), "0000", 0)]);
    pass(&at.config());
    let show = at.done(&["debitor", "show", &id(1)]);
    let late = "2026-11-24 13:00:00: answered by kvittering \
                00000000-0000-0000-0000-000000000001, late: it was due 2026-11-24 12:00:00";
    assert!(show.contains(late), "{show}");
    // The route has ended before the next one leaves.
    kvittering(at, 2, &transfers(at)[1], &[(id(2), "0000", 0)]);
    *clock.0.lock().unwrap() = "2091-01-01T12:00:00Z".parse().unwrap();
    let alerts = pass(&at.config());
    assert!(alerts.contains("rute-missing"), "{alerts}");
    assert_eq!(transfers(at).len(), 2);
}

#[test]
fn a_silent_endpoint_delays_no_other() {
    let at = &fagsystem("");
    let sshd = Sshd::start();
    // Takes a connection and never says a word, until it is given up.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let given_up = std::thread::spawn(move || {
        let (mut connection, _) = silent.accept().unwrap();
        let _ = std::io::copy(&mut connection, &mut std::io::sink());
        Utc::now()
    });
    let settings: Vec<_> = sshd
        .settings()
        .lines()
        .map(|line| match line.split(' ').next() {
            Some("port") => format!("port = {port}"),
            Some("timeout_seconds") => "timeout_seconds = 3".to_owned(),
            _ => line.to_owned(),
        })
        .collect();
    let other = RULES.replace("\"opus\"", "\"prisme\"");
    let config = fs::read_to_string(at.config()).unwrap();
    let config = format!(
        "{config}[[route]]\nflow = \"sf1590-fagsystem\"\n{other}[endpoint.prisme]\n{}\n",
        settings.join("\n")
    );
    fs::write(at.config(), config).unwrap();
    let head = "kommunekode,myndighed_cvr,debitorsystem,endpoint,overfoerselstype,gyldig_fra,\
        gyldig_til\n";
    let rows = "0101,64942212,OPUS,opus,plain,2026-01-01,\n\
        0147,11259979,PRISME,prisme,plain,2026-01-01,\n";
    fs::write(at.path("ruter.csv"), format!("{head}{rows}")).unwrap();
    at.done(&["import", "ruter", "ruter.csv"]);
    let registrations = fs::read_to_string(fixture("registreringer.jsonl")).unwrap();
    let there = registrations.replace("0000-000000", "0000-000009").replace("\"0101\"", "\"0147\"");
    fs::write(at.path("there.jsonl"), there).unwrap();
    at.done(&["import", "debitorregistreringer", "there.jsonl"]);
    at.done(&["import", "debitorregistreringer", &fixture("registreringer.jsonl")]);
    let said = at.run(&["batch"]);
    assert!(said.out.contains("endpoint prisme  endpoint-timeout"), "{}", said.out);
    let files = at.transfers();
    let of = |kommune: &str| files.iter().find(|file| file["kommunekode"] == kommune).unwrap();
    let moment = |file: &serde_json::Value| -> DateTime<Utc> {
        file["changed_at"].as_str().unwrap().parse().unwrap()
    };
    let (here, there) = (of("0101"), of("0147"));
    assert_eq!(here["state"], "published");
    assert_eq!(there["state"], "queued");
    assert!(moment(here) < given_up.join().unwrap(), "while the other was waited for: {here}");
}
