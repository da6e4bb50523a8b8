//! What operators do with files and endpoints, through the real program: each lever moves what it
//! is for, says who and why, and is refused elsewhere; four eyes; hold rules; pauses; the audit.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use support::daemon::Daemon;
use support::installation::{Installation, Said, names};
use support::sshd::Sshd;

const ID: &str = "01234567-89ab-4cde-8f01-23456789abcd";
const OTHER: &str = "ffffffff-89ab-4cde-8f01-23456789abcd";

fn request(id: &str) -> String {
    format!("100101{id}2026122420261230202612TEST{:12}\r\n", "")
}

fn installation(more: &str) -> Installation {
    let installation = Installation::local("TEST");
    installation.import_aftaler(500);
    configure(&installation, more);
    installation
}

/// Puts settings before the first table of the configuration, or a table behind the last.
fn configure(installation: &Installation, more: &str) {
    let config = fs::read_to_string(installation.config()).unwrap();
    fs::write(installation.config(), format!("{config}\n{more}")).unwrap();
}

fn ask(installation: &Installation, name: &str, text: &str) -> Said {
    fs::write(installation.inbox().join(name), text).unwrap();
    installation.run(&["batch"])
}

/// A lever, pulled by someone.
fn pull(installation: &Installation, who: u32, lever: &str, id: &str) -> Said {
    let args = [lever, id, "--reason", "agreed with KY"];
    let mut modregn = installation.modregn(&args);
    // Whoever became root by sudo is known by their own name.
    Said::of(modregn.env("SUDO_UID", who.to_string()).output().unwrap())
}

/// The newest transfer of this direction: its id and state.
fn newest(installation: &Installation, direction: &str) -> (String, String) {
    let transfers = installation.transfers();
    let newest = transfers.iter().find(|t| t["direction"] == direction).unwrap();
    let text = |name: &str| newest[name].as_str().unwrap().to_owned();
    (text("transfer"), text("state"))
}

fn marked(installation: &Installation) -> i64 {
    let store = Connection::open(installation.path("state/modregn.db")).unwrap();
    store.query_row("SELECT count(*) FROM forventning", [], |row| row.get(0)).unwrap()
}

#[track_caller]
fn is_done(said: &Said) {
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
}

#[test]
fn a_file_whose_bytes_are_gone_keeps_no_other_waiting() {
    let installation = installation("");
    is_done(&ask(&installation, "a.txt", &request(ID)));
    let (id, _) = newest(&installation, "inbound");
    let kept = installation.path("state/archive").join(&id);
    let bytes = fs::read(&kept).unwrap();
    fs::remove_file(&kept).unwrap();
    is_done(&pull(&installation, 0, "replay", &id));
    let said = ask(&installation, "b.txt", &request(OTHER));
    assert!(said.out.contains("1 answered") && said.out.contains("bytes-missing"), "{}", said.out);

    fs::write(&kept, bytes).unwrap();
    is_done(&pull(&installation, 0, "release", &id));
    is_done(&installation.run(&["batch"]));
    let states = installation.transfers().into_iter().filter(|t| t["direction"] == "inbound");
    assert!(states.into_iter().all(|transfer| transfer["state"] == "archived"));
}

#[test]
fn a_held_file_is_released_or_rejected() {
    let installation = installation("");
    is_done(&ask(&installation, "a.txt", &request(ID)));
    let once = marked(&installation);
    for (lever, state) in [("reject", "rejected"), ("release", "fetched")] {
        let said = ask(&installation, "a.txt", &request(OTHER));
        assert!(said.out.contains("name-conflict"), "{}", said.out);
        let (id, held) = newest(&installation, "inbound");
        assert_eq!(held, "held");
        let report = ["files", "show", &id, "--report", "text", "--language", "da"];
        let report = installation.done(&report);
        assert!(report.starts_with("TILBAGEHOLDT  a.txt\n"), "{report}");
        assert!(report.contains("Oplys, hvilken af de to filer der gælder."), "{report}");
        is_done(&pull(&installation, 0, lever, &id));
        assert_eq!(newest(&installation, "inbound"), (id.clone(), state.to_owned()));
        assert_eq!(marked(&installation), once);
        let shown = installation.done(&["files", "show", &id]);
        assert!(shown.contains("root: agreed with KY"), "{shown}");
        let again = pull(&installation, 0, lever, &id);
        assert_eq!(again.code, Some(1), "not held any more: {}", again.out);
        assert!(again.err.contains(&format!("is {state}")), "{}", again.err);
    }
    is_done(&installation.run(&["batch"]));
    assert_eq!(newest(&installation, "inbound").1, "archived");
    let answer = newest(&installation, "outbound").0;
    let none = installation.run(&["files", "show", &answer, "--report", "json"]);
    assert_eq!(none.code, Some(2), "{}{}", none.out, none.err);
    assert!(none.err.contains("has no error report: it is published"), "{}", none.err);
    assert_eq!(marked(&installation), 2 * once);
    assert_eq!(names(&installation.outbox()).len(), 2);
}

#[test]
fn a_rejected_or_archived_file_is_replayed_to_one_effect() {
    let installation = installation("");
    is_done(&ask(&installation, "a.txt", &request(ID)));
    let (id, _) = newest(&installation, "inbound");
    let answer = installation.outbox().join(format!("svar_0101_{ID}.txt"));
    let bytes = fs::read(&answer).unwrap();
    let once = marked(&installation);
    fs::remove_file(&answer).unwrap();
    is_done(&pull(&installation, 0, "replay", &id));
    let said = installation.run(&["batch"]);
    assert!(said.out.starts_with("1 answered again"), "{}{}", said.out, said.err);
    assert_eq!((fs::read(&answer).unwrap(), marked(&installation)), (bytes, once));

    ask(&installation, "bad.txt", "10\r\n");
    let (bad, state) = newest(&installation, "inbound");
    assert_eq!(state, "rejected");
    is_done(&pull(&installation, 0, "replay", &bad));
    let said = installation.run(&["batch"]);
    assert_eq!(said.code, Some(1), "it is as bad as before: {}", said.out);
    assert_eq!(newest(&installation, "inbound"), (bad, "rejected".to_owned()));
}

#[test]
fn an_answer_is_kept_back_cancelled_sent_after_all_or_delivered_otherwise() {
    let installation = installation("");
    let away = installation.path("away");
    fs::rename(installation.outbox(), &away).unwrap();
    assert_eq!(ask(&installation, "a.txt", &request(ID)).code, Some(3));
    let (answer, state) = newest(&installation, "outbound");
    assert_eq!(state, "rendered");
    let moves = [
        ("hold", "held", "outbound"),
        ("retry", "held", "is held"),
        ("release", "queued", ""),
        ("release", "queued", "is queued"),
        ("cancel", "cancelled", ""),
        ("cancel", "cancelled", "is cancelled"),
    ];
    for (lever, state, refused) in moves {
        let said = pull(&installation, 0, lever, &answer);
        let says = said.err.contains(refused) || refused == "outbound";
        assert!(says && (said.code == Some(0)) == said.err.is_empty(), "{lever}: {}", said.err);
        assert_eq!(newest(&installation, "outbound").1, state, "{lever}");
    }
    // The sender asks again: what an operator has cancelled does not go out by itself.
    fs::rename(&away, installation.outbox()).unwrap();
    let said = ask(&installation, "b.txt", &request(ID));
    assert!(said.out.contains("answer-cancelled"), "{}", said.out);
    assert_eq!(names(&installation.outbox()), [""; 0]);
    is_done(&pull(&installation, 0, "mark-delivered", &answer));
    assert_eq!(newest(&installation, "outbound").1, "delivered-out-of-band");
    is_done(&pull(&installation, 0, "retry", &answer));
    is_done(&installation.run(&["batch"]));
    assert_eq!(newest(&installation, "outbound").1, "published");
    let inbound = newest(&installation, "inbound").0;
    let wrong = pull(&installation, 0, "cancel", &inbound);
    assert!(wrong.err.contains("cancel is for answers"), "{}", wrong.err);
}

#[test]
fn with_four_eyes_another_person_releases() {
    let installation = installation("[operators]\nfour_eyes = true\n");
    let away = installation.path("away");
    fs::rename(installation.outbox(), &away).unwrap();
    ask(&installation, "a.txt", &request(ID));
    let (answer, _) = newest(&installation, "outbound");
    is_done(&pull(&installation, 0, "hold", &answer));
    let same = pull(&installation, 0, "release", &answer);
    assert_eq!(same.code, Some(1));
    assert!(same.err.contains("another person must release it"), "{}", same.err);
    // User 1 is there on every Linux: daemon.
    is_done(&pull(&installation, 1, "release", &answer));
    let shown = installation.done(&["files", "show", &answer]);
    assert!(shown.contains("daemon: agreed with KY"), "{shown}");
}

#[test]
fn a_rule_holds_an_unlike_answer_and_a_dry_run_says_so() {
    let installation = installation("[[route.hold]]\ndeviation_percent = 50\nempty = true\n");
    is_done(&ask(&installation, "a.txt", &request(ID)));
    let once = marked(&installation);
    let csv = installation.path("aftaler.csv");
    let ended = fs::read_to_string(&csv).unwrap().replace(",aktiv", ",ophoert");
    fs::write(&csv, ended).unwrap();
    installation.done(&["import", "aftaler", csv.to_str().unwrap()]);
    fs::write(installation.inbox().join("b.txt"), request(OTHER)).unwrap();
    let dry = installation.run(&["batch", "--dry-run"]);
    let said = installation.run(&["batch"]);
    for said in [dry, said] {
        assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
        assert!(said.out.contains("held-by-rule: it has no transactions"), "{}", said.out);
    }
    assert_eq!(marked(&installation), once);
    let (id, _) = newest(&installation, "inbound");
    assert!(installation.done(&["files", "list", "--kommune", "0101"]).contains(&id));
    is_done(&pull(&installation, 0, "release", &id));
    is_done(&installation.run(&["batch"]));
    assert_eq!(names(&installation.outbox()).len(), 2);
}

#[test]
fn an_endpoint_whose_key_is_refused_is_paused_until_resumed() {
    let sshd = Sshd::start();
    let installation = Installation::new("TEST", &sshd.settings());
    installation.import_aftaler(500);
    for directory in ["ind", "ud"] {
        fs::create_dir(sshd.root().join(directory)).unwrap();
    }
    fs::write(sshd.root().join("ind/a.txt"), request(ID)).unwrap();
    let keys = sshd.path("authorized_keys");
    let good = fs::read(&keys).unwrap();
    fs::write(&keys, "").unwrap();
    for _ in 0..2 {
        let said = installation.run(&["batch"]);
        assert_eq!(said.code, Some(3), "{}{}", said.out, said.err);
        assert!(said.out.contains("authentication-failed"), "{}", said.out);
        let status = installation.done(&["status"]);
        assert!(status.starts_with("paused  endpoint ky"), "{status}");
    }
    let alerts = installation.done(&["alerts"]);
    assert_eq!(alerts.matches("  endpoint-paused  ").count(), 1, "{alerts}");
    assert!(alerts.contains("modregn resume ky --reason"), "{alerts}");
    fs::write(&keys, good).unwrap();
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o600)).unwrap();
    let said = installation.run(&["batch"]);
    assert_eq!(said.code, Some(3), "it waits for an operator: {}", said.out);
    assert!(said.out.contains("modregn resume ky"), "{}", said.out);
    is_done(&pull(&installation, 0, "resume", "ky"));
    is_done(&installation.run(&["batch"]));
    let said = pull(&installation, 0, "resume", "ky");
    assert!(said.out.contains("was not paused"), "{}", said.out);
    assert_eq!(pull(&installation, 0, "resume", "kx").code, Some(2));
    let verified = installation.done(&["audit", "verify"]);
    assert!(verified.contains("all as they were written"), "{verified}");
}

#[test]
fn the_audit_finds_what_was_touched_and_follows_files_and_agreements() {
    let installation = installation("");
    is_done(&ask(&installation, "a.txt", &request(ID)));
    let verified = installation.done(&["audit", "verify"]);
    let head = verified.lines().last().unwrap().trim_start_matches("newest: ").to_owned();
    is_done(&ask(&installation, "b.txt", &request(ID)));
    installation.done(&["audit", "verify", "--contains", &head]);
    let lost = installation.run(&["audit", "verify", "--contains", &head.replace(['1', '2'], "3")]);
    assert_eq!(lost.code, Some(1), "{}", lost.out);

    let (answer, _) = newest(&installation, "outbound");
    let trace = installation.done(&["audit", "trace", &answer]);
    for part in ["a.txt", "b.txt", "svar_0101", "recognise", "requeue", "published"] {
        assert!(trace.contains(part), "{part}: {trace}");
    }
    let csv = fs::read_to_string(installation.path("aftaler.csv")).unwrap();
    let row: Vec<_> =
        csv.lines().find(|line| line.contains(",0101,")).unwrap().split(',').collect();
    let (aftale, cpr) = (row[0], row[2]);
    let trace = installation.done(&["audit", "trace", "--aftale", aftale]);
    assert!(trace.contains(&answer) && !trace.contains(cpr), "{trace}");
    let unmask = ["audit", "trace", "--aftale", aftale, "--unmask"];
    assert_eq!(installation.run(&unmask).code, Some(2), "it needs a reason");
    let unmasked = installation.done(&[&unmask[..], &["--reason", "case 2026-1"]].concat());
    assert!(unmasked.contains(cpr), "{unmasked}");

    let store = Connection::open(installation.path("state/modregn.db")).unwrap();
    let unmaskings: i64 = store
        .query_row("SELECT count(*) FROM event WHERE event = 'unmask'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(unmaskings, 1);
    store.execute_batch("UPDATE transfer SET state = 'vanished' WHERE direction = 'in'").unwrap();
    let touched = installation.run(&["audit", "verify"]);
    assert_eq!(touched.code, Some(1), "{}", touched.out);
    assert!(touched.out.contains("not as its last event left it"), "{}", touched.out);
    assert!(touched.out.contains("NOT as written"), "{}", touched.out);
}

#[test]
fn payloads_go_when_their_time_is_over_and_histories_stay() {
    let kept = "[retention]\narchive_days = 0\nquarantine_days = 36500\n";
    let installation = installation(kept);
    is_done(&ask(&installation, "a.txt", &request(ID)));
    ask(&installation, "bad.txt", "10\r\n");
    let dry = installation.done(&["purge", "--dry-run"]);
    assert!(dry.contains("a.txt") && dry.contains("1 files would"), "{dry}");
    let archive = installation.path("state/archive");
    assert_eq!(names(&archive).len(), 1);
    assert!(installation.done(&["purge"]).starts_with("1 files have lost"));
    assert!(installation.done(&["purge"]).starts_with("0 files"));
    assert_eq!(names(&archive), [""; 0]);
    assert_eq!(names(&installation.path("state/quarantine")).len(), 1);
    let transfers = installation.transfers();
    let purged = transfers.iter().find(|t| t["name"] == "a.txt").unwrap();
    assert_eq!(purged["state"], "purged");
    let id = purged["transfer"].as_str().unwrap();
    assert!(installation.done(&["files", "show", id]).contains("accept"));
    let replay = pull(&installation, 0, "replay", id);
    assert!(replay.err.contains("is purged: replay is for"), "{}", replay.err);
    installation.done(&["audit", "verify"]);
}

#[test]
fn on_a_disk_that_is_nearly_full_nothing_is_fetched() {
    let installation = installation("");
    let away = installation.path("away");
    fs::rename(installation.outbox(), &away).unwrap();
    ask(&installation, "a.txt", &request(ID));
    fs::rename(&away, installation.outbox()).unwrap();
    configure(&installation, "[limits]\nfree_bytes = 1000000000000000000\n");
    let said = ask(&installation, "b.txt", &request(OTHER));
    assert_eq!(said.code, Some(4), "{}{}", said.out, said.err);
    assert!(said.out.contains("no file was fetched; make room"), "{}", said.out);
    assert_eq!(names(&installation.inbox()), ["b.txt"]);
    assert_eq!(names(&installation.outbox()).len(), 1, "what is owed still leaves");
}

#[test]
fn a_file_that_is_too_large_is_said_once_and_shown_as_long_as_it_stands() {
    let installation = installation("[limits]\nfile_bytes = 10\n");
    fs::write(installation.inbox().join("a.txt"), request(ID)).unwrap();
    let daemon = Daemon::start(&installation, "info");
    // The inbox is listed every second.
    std::thread::sleep(std::time::Duration::from_millis(3500));
    let log = daemon.stop();
    assert_eq!(log.matches("file-too-large").count(), 1, "{log}");
    for _ in 0..2 {
        let said = installation.run(&["batch"]);
        assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
        assert!(said.out.contains("file-too-large"), "{}", said.out);
    }
    assert_eq!(names(&installation.inbox()), ["a.txt"]);
}
