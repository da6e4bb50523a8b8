//! `modregn import aftaler` and `modregn export aftaler`, as people run them.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};
use support::installation::Installation;

const HEADER: &str = "aftale_id,kommunekode,cpr,beloeb,ydelsestype,gyldig_fra,gyldig_til,\
                      prioritet,fordring_id,status";
const PERSON: &str = "0707614285";

fn line(id: &str) -> String {
    format!("{id},0101,{PERSON},160300,01,2026-01-01,,1,,aktiv")
}

fn csv(lines: &[String]) -> String {
    format!("{HEADER}\n{}\n", lines.join("\n"))
}

/// Exit code, what was said to a pipe and to the person.
type Outcome = (i32, String, String);

fn modregn(at: &Installation, args: &[&str]) -> Outcome {
    let said = at.run(args);
    (said.code.unwrap(), said.out, said.err)
}

fn import(at: &Installation, text: &str, flags: &[&str]) -> Outcome {
    fs::write(at.path("aftaler.csv"), text).unwrap();
    modregn(at, &[&["import", "aftaler", "aftaler.csv"], flags].concat())
}

fn export(at: &Installation) -> String {
    let (code, out, err) = modregn(at, &["export", "aftaler"]);
    assert_eq!((code, err.as_str()), (0, ""));
    out
}

fn good(outcome: &Outcome, said: &str) {
    assert_eq!((outcome.0, outcome.1.as_str(), outcome.2.as_str()), (0, said, ""));
}

#[test]
fn what_goes_in_comes_out_again() {
    let at = &Installation::local("TEST");
    let generate = ["generate", "aftaler", "--kommuner", "5", "--aftaler", "3000"];
    let (code, invented, _) = modregn(at, &generate);
    assert_eq!(code, 0);
    let (code, out, err) = import(at, &invented, &[]);
    assert_eq!((code, out.as_str()), (0, "3000 new, 0 changed, 0 unchanged, 0 removed\n"));
    // Invented people include some without a control digit, as real ones do.
    assert!(err.contains("warning: cpr: fails modulus 11") && err.contains(" warnings in all."));
    assert!(!err.contains("bad"), "{err}");

    let exported = export(at);
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(exported.lines().next(), Some(HEADER));
    assert_eq!(sorted(&exported), sorted(&invented));

    let (_, out, _) = import(at, &exported, &["--replace"]);
    assert_eq!(out, "0 new, 0 changed, 3000 unchanged, 0 removed\n");
    assert_eq!(modregn(at, &["export", "aftaler", "--output", "out.csv"]).0, 0);
    assert_eq!(fs::read_to_string(at.path("out.csv")).unwrap(), exported);
    for file in ["out.csv", "state/modregn.db"] {
        let mode = fs::metadata(at.path(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file} is for others to read");
    }
}

#[test]
fn every_bad_line_is_told_and_nothing_is_taken() {
    let at = &Installation::local("TEST");
    good(&import(at, &csv(&[line("A-0")]), &[]), "1 new, 0 changed, 0 unchanged, 0 removed\n");
    let mut lines: Vec<_> = (1..=5).map(|n| line(&format!("A-{n}"))).collect();
    lines[1] = lines[1].replace(PERSON, "3107614285x").replace("160300", "1603,00");
    lines[2] = lines[2].replace("0101", "0411").replace("aktiv", "");
    lines[4] = line("A-1").replace("160300", "1");
    lines.insert(3, String::new());
    let (code, out, err) = import(at, &csv(&lines), &[]);
    assert_eq!((code, out.as_str()), (1, ""));
    let said: Vec<_> = err.lines().collect();
    assert_eq!(
        said,
        [
            "aftaler.csv:3: bad-csv-line: expected ten values, as the header has; \
             found A-9,9999,9999999999a,9999,99,99,9999-99-99,,9,,aaaaa",
            "aftaler.csv:4: kommunekode: bad-kommunekode: expected the four-digit code of one of \
             the 98 municipalities, such as 0101; found 9999",
            "aftaler.csv:4: status: missing-value: expected a value; found nothing",
            "aftaler.csv:7: aftale_id: duplicate-aftale: stands on line 2 already",
            "3 bad lines; nothing was imported.",
        ]
    );
    assert_eq!(export(at), csv(&[line("A-0")]));
}

#[test]
fn faults_are_listed_to_a_limit_and_counted_beyond() {
    let at = &Installation::local("TEST");
    let lines: Vec<_> = (0..1500).map(|n| line(&format!("A-{n}")).replace("0101", "0")).collect();
    let (code, _, err) = import(at, &csv(&lines), &[]);
    assert_eq!((code, err.lines().count()), (1, 1002));
    assert!(err.ends_with(
        "Only the first 1000 faults are shown.\n1500 bad lines; nothing was imported.\n"
    ));
}

#[test]
fn a_file_that_is_none_is_refused() {
    let at = &Installation::local("TEST");
    for text in ["", &format!("{}\n", line("A-1")), &csv(&[line("A-1")]).replace(',', ";")] {
        let (code, out, err) = import(at, text, &[]);
        assert_eq!((code, out.as_str()), (1, ""));
        assert!(err.starts_with("aftaler.csv: line 1: expected the columns aftale_id,"), "{err}");
        assert!(!err.contains(PERSON), "{err}");
    }
    let missing = modregn(at, &["import", "aftaler", "none.csv"]);
    assert_eq!(missing.0, 4);
    assert!(missing.2.contains("none.csv"), "{}", missing.2);
}

#[test]
fn a_dry_run_says_what_it_would_do_and_does_not() {
    let at = &Installation::local("TEST");
    let before = csv(&["A-1", "A-2", "A-3"].map(line));
    import(at, &before, &[]);
    let after = csv(&[line("A-1"), line("A-2").replace("160300", "5"), line("A-4")]);
    let said = "Nothing was changed; it would be: 1 new, 1 changed, 1 unchanged, 1 removed\n";
    good(&import(at, &after, &["--replace", "--dry-run"]), said);
    assert_eq!(export(at), before);
}

#[test]
fn a_snapshot_that_takes_most_away_needs_force() {
    let at = &Installation::local("TEST");
    let before = csv(&["A-1", "A-2", "A-3", "A-4"].map(line));
    import(at, &before, &[]);
    let half = csv(&["A-1", "A-2"].map(line));
    let one = csv(&["A-1"].map(line));
    let (code, out, err) = import(at, &one, &["--replace"]);
    assert_eq!(code, 1);
    assert!(err.contains("take away 3 of 4 agreements") && err.contains("--force"), "{err}");
    let said = "Nothing was changed; it would be: 0 new, 0 changed, 1 unchanged, 3 removed\n";
    assert_eq!(out, said);
    assert_eq!(export(at), before);
    good(&import(at, &half, &["--replace"]), "0 new, 0 changed, 2 unchanged, 2 removed\n");
    good(
        &import(at, &csv(&[]), &["--replace", "--force"]),
        "0 new, 0 changed, 0 unchanged, 2 removed\n",
    );
    assert_eq!(export(at), format!("{HEADER}\n"));
}

#[test]
fn the_store_of_the_other_environment_is_left_alone() {
    let at = &Installation::local("TEST");
    import(at, &csv(&[line("A-1")]), &[]);
    let config = fs::read_to_string(at.path("modregn.toml")).unwrap();
    fs::write(at.path("modregn.toml"), config.replace("TEST", "PROD")).unwrap();
    for args in [&["import", "aftaler", "aftaler.csv"][..], &["export", "aftaler"]] {
        let (code, out, err) = modregn(at, args);
        assert_eq!((code, out.as_str()), (4, ""));
        assert!(err.contains("state/modregn.db is for TEST, not for PROD"), "{err}");
    }
}

#[test]
fn nothing_is_exported_where_nothing_was_imported() {
    let at = &Installation::local("TEST");
    let (code, _, err) = modregn(at, &["export", "aftaler"]);
    assert_eq!(code, 4);
    assert!(err.contains("there is none yet"), "{err}");
    assert!(!at.path("state").exists());
}

/// Killed at ten moments of a large import: the store is whole, with all of it or nothing.
#[test]
fn a_killed_import_has_not_happened() {
    let at = &Installation::local("TEST");
    let few = csv(&[line("A-1")]);
    import(at, &few, &[]);
    let generate = ["generate", "aftaler", "--aftaler", "60000", "--output", "many.csv"];
    assert_eq!(modregn(at, &generate).0, 0);
    let mut finished = 0;
    for moment in 0..10 {
        let mut child = at
            .modregn(&["import", "aftaler", "many.csv", "--replace", "--force"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(60 * moment)
            && child.try_wait().unwrap().is_none()
        {
            std::thread::sleep(Duration::from_millis(2));
        }
        // Its own child, by its id.
        child.kill().unwrap();
        child.wait().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines().next();
        let count = export(at).lines().count();
        assert!(count == 2 || count == 60_001, "{count} lines after {moment}");
        assert!(said.is_none() || count == 60_001, "said to be done, and was not");
        if count == 60_001 {
            finished += 1;
            import(at, &few, &["--replace", "--force"]);
        }
    }
    assert!(finished < 10, "not one was killed in time");
}
