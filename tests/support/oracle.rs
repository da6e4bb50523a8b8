//! What the answers must be, computed by `tests/oracle/svar.py` from the agreements and the
//! requests alone: the product has no part in it.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test program uses a part; one that panics has failed, as it should"
)]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Checks that `answers` holds exactly one answer for each file in `requests`, byte for byte what
/// the oracle computes. `svar_<kommunekode>_<forespoergsel_id>.txt` is how an answer is named.
pub fn check_answers(aftaler: &Path, requests: &Path, answers: &Path) {
    let expected = tempfile::tempdir().unwrap();
    let mut jobs = String::new();
    let mut names: Vec<String> = Vec::new();
    for request in files(requests) {
        let head = String::from_utf8(fs::read(&request).unwrap()).unwrap();
        let name = format!("svar_{}_{}.txt", &head[2..6], &head[6..42]);
        let answer = fs::read(answers.join(&name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let dannet = std::str::from_utf8(&answer[42..56]).unwrap();
        let to = expected.path().join(&name);
        writeln!(jobs, "{} {dannet} {}", request.display(), to.display()).unwrap();
        names.push(name);
    }
    names.sort();
    assert_eq!(super::installation::names(answers), names, "an answer for each request, no more");
    compute(aftaler, &jobs);
    for name in names {
        let (is, wanted) = (answers.join(&name), expected.path().join(&name));
        assert!(fs::read(is).unwrap() == fs::read(wanted).unwrap(), "{name} has other bytes");
    }
}

fn compute(aftaler: &Path, jobs: &str) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/svar.py");
    let mut python = Command::new("python3")
        .arg(script)
        .arg(aftaler)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("python3: {error}; install it: apt-get install python3"));
    python.stdin.take().unwrap().write_all(jobs.as_bytes()).unwrap();
    assert!(python.wait().unwrap().success(), "the oracle failed");
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let names = super::installation::names(directory);
    names.iter().map(|name| directory.join(name)).collect()
}
