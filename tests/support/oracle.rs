//! What the answers must be, computed by `tests/oracle/svar.py` from the agreements and the
//! requests alone; what has become of a payout, by `tests/oracle/afstemning.py` from the answers
//! and the reports alone; what is owed on debitorkonti, by `tests/oracle/regnskab.py` from what was
//! entered and accepted: the product has no part in any of them.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test program uses a part; one that panics has failed, as it should"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where an answer says when it was made: that only the product can know.
const DANNET: std::ops::Range<usize> = 42..56;

/// Checks that `answers` holds exactly one answer for each file in `requests`, byte for byte what
/// the oracle computes. `svar_<kommunekode>_<forespoergsel_id>.txt` is how an answer is named.
pub fn check_answers(aftaler: &Path, requests: &Path, answers: &Path) {
    let expected = tempfile::tempdir().unwrap();
    let mut jobs = String::new();
    let mut names: Vec<String> = Vec::new();
    for request in files(requests) {
        let name = answer_name(&fs::read(&request).unwrap());
        let answer = fs::read(answers.join(&name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let dannet = std::str::from_utf8(&answer[DANNET]).unwrap();
        let to = expected.path().join(&name);
        writeln!(jobs, "{} {dannet} {}", request.display(), to.display()).unwrap();
        names.push(name);
    }
    names.sort();
    // A request under a second name has no second answer.
    names.dedup();
    assert_eq!(super::installation::names(answers), names, "an answer for each request, no more");
    compute(aftaler, &jobs);
    for name in names {
        let (is, wanted) = (answers.join(&name), expected.path().join(&name));
        assert!(fs::read(is).unwrap() == fs::read(wanted).unwrap(), "{name} has other bytes");
    }
}

/// What each request of `requests` must be answered with, by the answer's name; [`timeless`].
pub fn answers(aftaler: &Path, requests: &Path) -> BTreeMap<String, Vec<u8>> {
    let expected = tempfile::tempdir().unwrap();
    let mut jobs = String::new();
    let mut names = Vec::new();
    for request in files(requests) {
        let name = answer_name(&fs::read(&request).unwrap());
        let to = expected.path().join(&name);
        writeln!(jobs, "{} 20000101000000 {}", request.display(), to.display()).unwrap();
        names.push(name);
    }
    compute(aftaler, &jobs);
    let answer = |name: String| {
        let bytes = fs::read(expected.path().join(&name)).unwrap();
        (name, timeless(bytes))
    };
    names.into_iter().map(answer).collect()
}

/// An answer without the moment it was made.
pub fn timeless(mut answer: Vec<u8>) -> Vec<u8> {
    if let Some(dannet) = answer.get_mut(DANNET) {
        dannet.fill(b'?');
    }
    answer
}

/// How the answer to a request is named.
pub fn answer_name(request: &[u8]) -> String {
    let head = std::str::from_utf8(request).unwrap();
    format!("svar_{}_{}.txt", &head[2..6], &head[6..42])
}

/// By municipality and outcome (and `uventet`): how many, what was asked for, what came, in øre.
pub type Figures = BTreeMap<String, BTreeMap<String, [i64; 3]>>;

/// What has become of a payout by these events (see `tests/oracle/afstemning.py`).
pub fn afstemning(events: &str) -> Figures {
    serde_json::from_str(&python("afstemning.py", &[], events)).unwrap()
}

/// The ledgers of the debitorsystemer, line by line, after these registrations came to this (see
/// `tests/oracle/regnskab.py`).
pub fn regnskab(sortiment: &Path, entered: &Path, answers: &str) -> Vec<String> {
    let ledger = python("regnskab.py", &[sortiment, entered], answers);
    ledger.lines().map(str::to_owned).collect()
}

fn compute(aftaler: &Path, jobs: &str) {
    python("svar.py", &[aftaler], jobs);
}

/// Runs one of the oracles; gives what it says.
fn python(script: &str, arguments: &[&Path], input: &str) -> String {
    let script = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle")).join(script);
    let mut python = Command::new("python3")
        .arg(script)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("python3: {error}; install it: apt-get install python3"));
    // Each of them reads all before it writes.
    python.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "the oracle failed");
    String::from_utf8(output.stdout).unwrap()
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let names = super::installation::names(directory);
    names.iter().map(|name| directory.join(name)).collect()
}
