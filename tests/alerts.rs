//! Alerts, through the real program and real hook programs: what is wrong is told once, by one
//! process, whoever crashes or fails meanwhile, and keeps no file waiting.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use modregn::crash::Point;
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use support::daemon::Daemon;
use support::installation::{Installation, Said, names};

const ID: &str = "01234567-89ab-4cde-8f01-23456789abcd";

fn request(id: &str) -> String {
    format!("100101{id}2026122420261230202612TEST{:12}\r\n", "")
}

/// One whose hooks are these scripts, by name; `$TOLD` is a file of the hook's own.
fn installation(hooks: &[(&str, &str)]) -> Installation {
    let installation = Installation::local("TEST");
    installation.import_aftaler(500);
    let mut config = fs::read_to_string(installation.config()).unwrap();
    config.push_str("[alerts]\nevery_seconds = 1\n");
    for (name, script) in hooks {
        let program = write_hook(&installation, name, script);
        let program = program.display();
        write!(
            config,
            "[[alerts.hook]]\nname = {name:?}\ncommand = [\"{program}\"]\nstdin = \"json\"\n"
        )
        .unwrap();
    }
    fs::write(installation.config(), config).unwrap();
    installation
}

/// Replaces the configuration's lines like this.
fn configure(installation: &Installation, from: &str, to: &str) {
    let config = fs::read_to_string(installation.config()).unwrap();
    assert!(config.contains(from), "{config}");
    fs::write(installation.config(), config.replace(from, to)).unwrap();
}

fn write_hook(installation: &Installation, name: &str, script: &str) -> PathBuf {
    let program = installation.path(&format!("{name}.sh"));
    let told = installation.path(&format!("{name}.told"));
    let text = format!("#!/bin/sh\nTOLD={}\n{script}\n", told.display());
    // Made elsewhere and renamed: one that is written cannot be run.
    let made = installation.path("made");
    fs::write(&made, text).unwrap();
    fs::set_permissions(&made, fs::Permissions::from_mode(0o700)).unwrap();
    fs::rename(&made, &program).unwrap();
    program
}

const TAKE: &str = "cat >> $TOLD";

fn told_text(installation: &Installation, hook: &str) -> String {
    fs::read_to_string(installation.path(&format!("{hook}.told"))).unwrap_or_default()
}

/// What a hook was told, message by message.
fn told(installation: &Installation, hook: &str) -> Vec<Value> {
    let text = told_text(installation, hook);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every subject that a hook was told of, in order.
fn subjects(installation: &Installation, hook: &str) -> Vec<String> {
    let alerts = told(installation, hook)
        .into_iter()
        .flat_map(|message| message["alerts"].as_array().unwrap().clone());
    let mut subjects: Vec<_> =
        alerts.map(|alert| alert["subject"].as_str().unwrap().to_owned()).collect();
    subjects.sort();
    subjects
}

fn put(installation: &Installation, name: &str, text: &str) {
    fs::write(installation.inbox().join(name), text).unwrap();
}

/// What the store says of its alerts, oldest first.
fn alerts(installation: &Installation) -> Vec<Value> {
    let lines = installation.done(&["alerts", "--json", "--limit", "10000"]);
    let mut alerts: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    alerts.reverse();
    alerts
}

/// Rejects so many files and holds one: one of an answered one's name.
fn go_wrong(installation: &Installation, rejected: usize) -> Said {
    put(installation, "a.txt", &request(ID));
    installation.done(&["batch"]);
    put(installation, "a.txt", &request(&ID.replace('0', "9")));
    for number in 0..rejected {
        put(installation, &format!("bad{number}.txt"), "10\r\n");
    }
    let said = installation.run(&["batch"]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    said
}

#[test]
fn what_is_wrong_is_told_once_in_one_message_for_each_kind() {
    let installation = installation(&[("one", TAKE)]);
    go_wrong(&installation, 23);
    let messages = told(&installation, "one");
    let [held, rejected] = &messages[..] else { panic!("{messages:#?}") };
    assert_eq!((&held["kind"], &held["count"]), (&"file-needs-operator".into(), &1.into()));
    assert_eq!((&rejected["kind"], &rejected["count"]), (&"file-rejected".into(), &23.into()));
    assert_eq!(rejected["alerts"].as_array().unwrap().len(), 20);
    assert_eq!((&held["miljoe"], &rejected["more"]), (&"TEST".into(), &3.into()));
    let text = held["alerts"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("held ky:ind/a.txt: name-conflict: "), "{text}");
    let next = held["alerts"][0]["next"].as_str().unwrap();
    let id = next.strip_prefix("modregn files show ").unwrap();
    assert!(installation.done(&["files", "show", id]).contains("name-conflict"));

    // Another process, and a daemon that looks more than once.
    installation.done(&["batch"]);
    let mut daemon = Daemon::start(&installation, "info");
    put(&installation, "late.txt", "10\r\n");
    daemon.wait_for_log("file-rejected");
    let log = daemon.stop();
    assert_eq!(log.matches("WARN").count(), 2, "the file, and the alert: {log}");
    installation.done(&["batch"]);
    assert_eq!(told(&installation, "one").len(), 3);
    assert!(told(&installation, "one")[2]["alerts"][0]["text"].as_str().unwrap().contains("late"));

    let alerts = alerts(&installation);
    assert_eq!(alerts.len(), 25);
    assert!(alerts.iter().all(|alert| alert["taken_by"] == serde_json::json!(["one"])));
    assert!(alerts.iter().all(|alert| alert["sent_at"].is_string()));
    let list = installation.done(&["alerts", "--limit", "1"]);
    assert!(list.contains("  file-rejected  sent ") && list.contains(" to one\n"), "{list}");
    assert!(installation.done(&["audit", "verify"]).contains("all as they were written"));
}

#[test]
fn a_file_that_is_held_again_is_told_again() {
    let installation = installation(&[("one", TAKE)]);
    go_wrong(&installation, 0);
    let id = alerts(&installation)[0]["next"].as_str().unwrap().to_owned();
    let id = id.rsplit(' ').next().unwrap();
    let kept = installation.path("state/quarantine").join(id);
    installation.done(&["release", id, "--reason", "agreed with KY"]);
    fs::remove_dir_all(kept).unwrap();
    let said = installation.run(&["batch"]);
    assert!(said.out.contains("bytes-missing"), "{}", said.out);
    assert_eq!(subjects(&installation, "one").len(), 2);
}

#[test]
fn a_hook_that_fails_is_told_again_and_no_other_is() {
    let failing = "echo down >&2; exit 75";
    let installation = installation(&[("good", TAKE), ("bad", failing)]);
    let said = go_wrong(&installation, 2);
    assert!(said.err.contains("ended with exit status: 75, saying: down"), "{}", said.err);
    put(&installation, "b.txt", &request(&ID.replace('0', "8")));
    let said = installation.run(&["batch"]);
    assert_eq!(said.code, Some(0), "no file waits for it: {}{}", said.out, said.err);
    assert_eq!(names(&installation.outbox()).len(), 2);
    let waiting = alerts(&installation);
    assert_eq!(waiting.len(), 3);
    for alert in &waiting {
        assert!(alert["sent_at"].is_null());
        assert_eq!((&alert["attempts"], &alert["taken_by"][0]), (&2.into(), &"good".into()));
    }
    let status = installation.done(&["status"]);
    assert!(status.contains("3 alerts have not reached every hook: modregn alerts"), "{status}");
    let list = installation.done(&["alerts"]);
    assert!(list.contains("NOT sent to all, 2 tries; taken by good"), "{list}");

    write_hook(&installation, "bad", TAKE);
    installation.done(&["batch"]);
    installation.done(&["batch"]);
    assert_eq!(subjects(&installation, "good"), subjects(&installation, "bad"));
    assert_eq!(told(&installation, "bad").len(), 2);
    assert!(alerts(&installation).iter().all(|alert| alert["sent_at"].is_string()));
}

#[test]
fn a_hook_that_hangs_is_ended_and_keeps_nobody_from_stopping() {
    let installation = installation(&[("slow", "echo $$ >> $TOLD; sleep 1000"), ("good", TAKE)]);
    configure(&installation, "name = \"slow\"", "timeout_seconds = 1\nname = \"slow\"");
    let said = go_wrong(&installation, 0);
    assert!(said.err.contains("had not ended after 1 s and was killed"), "{}", said.err);
    assert_eq!(subjects(&installation, "good").len(), 1);

    configure(&installation, "timeout_seconds = 1", "timeout_seconds = 5");
    put(&installation, "bad.txt", "10\r\n");
    let pids = || told_text(&installation, "slow").lines().count();
    let before = pids();
    let daemon = Daemon::start(&installation, "info");
    while pids() == before {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let log = daemon.stop();
    assert!(log.contains("stopped"), "{log}");
    for pid in told_text(&installation, "slow").lines() {
        let command = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        assert!(!command.contains("slow.sh"), "{command}");
    }
}

#[test]
fn whenever_it_is_killed_a_hook_is_told_all_the_same() {
    let points: Vec<_> =
        Point::ALL.iter().filter(|point| point.name().starts_with("alert:")).collect();
    assert_eq!(points.len(), 2);
    for point in points {
        let installation = installation(&[("one", TAKE)]);
        for name in ["bad1.txt", "bad2.txt"] {
            put(&installation, name, "10\r\n");
        }
        let mut killed = installation.modregn(&["batch"]);
        let killed = killed.env("MODREGN_CRASH_AT", point.name()).status().unwrap();
        assert_eq!(killed.code(), None, "{} is reached", point.name());
        assert_eq!(alerts(&installation).len(), 2);
        assert!(alerts(&installation).iter().all(|alert| alert["sent_at"].is_null()));
        installation.done(&["batch"]);
        installation.done(&["batch"]);
        let messages = told(&installation, "one");
        let once_or_twice = if *point == Point::AlertRaised { 1 } else { 2 };
        assert_eq!(messages.len(), once_or_twice, "{}", point.name());
        assert!(messages.iter().all(|message| message["count"] == 2));
        assert!(alerts(&installation).iter().all(|alert| alert["sent_at"].is_string()));
    }
}

#[test]
fn of_several_processes_one_tells_it() {
    let installation = installation(&[("one", "sleep 0.2; cat >> $TOLD")]);
    let mut daemons: Vec<_> = (0..2)
        .map(|number| {
            let log = fs::File::create(installation.path(&format!("log{number}"))).unwrap();
            let mut daemon = installation.modregn(&["run"]);
            daemon.stderr(log).spawn().unwrap()
        })
        .collect();
    for number in 0..8 {
        put(&installation, &format!("bad{number}.txt"), "10\r\n");
        let batches: Vec<_> =
            (0..2).map(|_| installation.modregn(&["batch"]).spawn().unwrap()).collect();
        for mut batch in batches {
            batch.wait().unwrap();
        }
    }
    for daemon in &mut daemons {
        let pid = rustix::process::Pid::from_child(daemon);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert_eq!(daemon.wait().unwrap().code(), Some(0));
    }
    installation.run(&["batch"]);
    let mut once = subjects(&installation, "one");
    assert_eq!(once.len(), 8, "{once:#?}");
    once.dedup();
    assert_eq!(once.len(), 8, "{once:#?}");
}

#[test]
fn a_hook_gets_the_kinds_it_wants_as_a_mail() {
    let installation = installation(&[("mail", TAKE)]);
    let mail = "stdin = \"mail\"\nfrom = \"modregn@udk.example\"\nto = [\"drift@udk.example\"]\n\
                kinds = [\"file-rejected\"]";
    configure(&installation, "stdin = \"json\"", mail);
    go_wrong(&installation, 1);
    let mail = told_text(&installation, "mail");
    assert_eq!(mail.matches("Subject: ").count(), 1, "{mail}");
    for line in [
        "To: drift@udk.example\n",
        "Subject: modregn TEST: file-rejected (1)\n",
        "\nrejected ky:ind/bad0.txt: ",
        "\nWhat it means and what to do: docs/runbook.md#file-rejected\n",
    ] {
        assert!(mail.contains(line), "{line:?}: {mail}");
    }
    let alerts = alerts(&installation);
    assert_eq!(alerts[0]["kind"], "file-needs-operator");
    assert!(alerts[0]["sent_at"].is_string() && alerts[0]["taken_by"] == serde_json::json!([]));
    assert!(installation.done(&["alerts"]).contains("file-needs-operator  no hook wants it"));
}

#[test]
fn an_endpoint_is_told_of_when_it_pauses_and_a_disk_once_a_day() {
    let installation = installation(&[("one", TAKE)]);
    configure(&installation, "[alerts]", "[limits]\nfree_bytes = 1000000000000000000\n[alerts]");
    for _ in 0..2 {
        assert_eq!(installation.run(&["batch"]).code, Some(4));
    }
    let messages = told(&installation, "one");
    // Midnight may come between.
    assert!((1..=2).contains(&messages.len()), "{messages:#?}");
    assert_eq!(messages[0]["kind"], "disk-nearly-full");
    let text = messages[0]["alerts"][0]["text"].as_str().unwrap();
    assert!(text.contains("no file is fetched"), "{text}");
}

#[test]
fn a_test_goes_through_every_hook_and_says_what_came_of_it() {
    let installation = installation(&[("good", TAKE), ("bad", "exit 1")]);
    let said = installation.run(&["alerts", "test", "--reason", "new mail server"]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    assert!(said.out.contains("good has taken it\n"), "{}", said.out);
    assert!(said.out.contains("bad has NOT taken it: ") && said.out.contains("exit status: 1"));
    let messages = told(&installation, "good");
    assert_eq!(messages[0]["kind"], "test");
    let text = messages[0]["alerts"][0]["text"].as_str().unwrap();
    assert!(text.ends_with(": new mail server"), "{text}");
    assert_eq!(installation.done(&["alerts"]), "No alert was ever raised.\n");

    configure(&installation, "stdin = \"json\"", "stdin = \"sms\"");
    assert_eq!(installation.run(&["alerts", "test", "--reason", "x"]).code, Some(2));
    let none = Installation::local("TEST").run(&["alerts", "test", "--reason", "x"]);
    assert_eq!(none.code, Some(2));
    assert!(none.err.contains("there is no [[alerts.hook]]"), "{}", none.err);
}

/// As systemd calls it for a unit of ours (`OnFailure=`).
fn unit_failed(installation: &Installation) -> Said {
    let mut modregn = installation.modregn(&["alerts", "unit-failed", "modregn-purge.service"]);
    modregn.env_remove("JOURNAL_STREAM").env("MONITOR_SERVICE_RESULT", "exit-code");
    modregn.env("MONITOR_EXIT_CODE", "exited").env("MONITOR_EXIT_STATUS", "4");
    Said::of(modregn.output().unwrap())
}

#[test]
fn that_a_unit_has_failed_is_told_each_time() {
    let installation = installation(&[("one", TAKE)]);
    for nth in 1..=2 {
        let said = unit_failed(&installation);
        let text = "modregn-purge.service has failed (exit-code exited 4)";
        assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
        assert_eq!(said.err, format!("{text}: journalctl --unit modregn-purge.service\n"));
        let told = told(&installation, "one");
        assert_eq!(told.len(), nth, "{told:?}");
        let message = &told[nth - 1];
        assert_eq!(message["kind"], "unit-failed");
        assert_eq!(message["alerts"][0]["text"], text);
        assert_eq!(alerts(&installation)[nth - 1]["taken_by"], serde_json::json!(["one"]));
    }
}

#[test]
fn that_a_unit_has_failed_is_told_without_a_store_too() {
    let wants_others = "cat >> $TOLD.others";
    let installation = installation(&[("one", TAKE), ("bad", "exit 1"), ("others", wants_others)]);
    let config = fs::read_to_string(installation.config()).unwrap();
    fs::write(installation.config(), config + "kinds = [\"file-rejected\"]\n").unwrap();
    let state = installation.path("state");
    fs::remove_dir_all(&state).unwrap();
    fs::write(&state, "no directory").unwrap();

    let said = unit_failed(&installation);
    assert_eq!(said.code, Some(4), "{}{}", said.out, said.err);
    assert!(said.err.starts_with("modregn-purge.service has failed (exit-code"), "{}", said.err);
    assert!(said.err.contains("\none has taken it\nbad has NOT taken it: "), "{}", said.err);
    assert_eq!(subjects(&installation, "one").len(), 1);
    assert!(!installation.path("others.told.others").exists());
}

#[test]
fn that_a_unit_has_failed_is_said_whatever_is_wrong_with_the_configuration() {
    let installation = installation(&[("one", TAKE)]);
    fs::write(installation.config(), "nothing").unwrap();
    let mut modregn = installation.modregn(&["alerts", "unit-failed", "modregn.service"]);
    // Into the journal, it says how bad it is.
    let said = Said::of(modregn.env("JOURNAL_STREAM", "8:1").output().unwrap());
    assert_eq!(said.code, Some(2));
    assert!(said.err.starts_with("<2>modregn.service has failed: journalctl"), "{}", said.err);
}
