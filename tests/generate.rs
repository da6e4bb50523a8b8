//! Invented data through the real program: the same seed means the same bytes, and every file keeps
//! its own layout.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use support::installation::names;
use tempfile::TempDir;

fn modregn(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_modregn")).args(args).output().unwrap()
}

/// Runs a command line, its last word a directory of its own, and gives that directory.
fn generate(args: &str) -> TempDir {
    let dir = TempDir::with_prefix("modregn-").unwrap();
    let path = dir.path().to_str().unwrap();
    let output = modregn(&[args.split(' ').collect::<Vec<_>>(), vec![path]].concat());
    assert!(output.status.success(), "{args}: {}", String::from_utf8_lossy(&output.stderr));
    dir
}

/// SHA-256 over the names and bytes of all files, its first 16 digits.
fn digest(dir: &Path) -> String {
    let mut sha = Sha256::new();
    for name in names(dir) {
        sha.update(&name);
        sha.update(fs::read(dir.join(&name)).unwrap());
    }
    format!("{:016x}", u64::from_be_bytes(sha.finalize()[..8].try_into().unwrap()))
}

/// A change here changes what every seed stands for: it must be said in CHANGELOG.md.
#[test]
fn a_seed_stands_for_the_same_bytes_for_ever() {
    let aftaler = modregn(&["generate", "aftaler", "--seed", "7", "--aftaler", "500"]).stdout;
    let dir = TempDir::with_prefix("modregn-").unwrap();
    fs::write(dir.path().join("aftaler.csv"), aftaler).unwrap();
    let requests = generate("generate forespoergsel --seed 7 --dir");
    let reports = generate("generate udbetaling --seed 7 --aftaler 500 --dir");
    let digests = [dir, requests, reports].map(|dir| digest(dir.path()));
    assert_eq!(digests, ["9b8db76fd765a65a", "0efc99cbec0ccd60", "32e4882d3bc0becc"]);
}

#[test]
fn a_seed_stands_for_the_same_registrations_for_ever() {
    let dir = TempDir::with_prefix("modregn-").unwrap();
    for (name, args) in [
        ("alle.jsonl", "generate debitorregistreringer --seed 7 --antal 2000 --fejl 50"),
        (
            "to.jsonl",
            "generate debitorregistreringer --kommuner 0851,0101 --antal 500 --konti 3 \
             --fagsystem BIBLIO --begynder 2027-02-28",
        ),
        ("sortiment.csv", "generate sortiment --fagsystem BIBLIO"),
        ("ruter.csv", "generate ruter --endpoint opus,prisme,indsigt"),
        ("to.csv", "generate ruter --kommuner 0851,0101 --endpoint opus"),
    ] {
        let path = dir.path().join(name);
        let mut words: Vec<_> = args.split(' ').filter(|word| !word.is_empty()).collect();
        let printed = modregn(&words);
        assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
        words.extend(["--output", path.to_str().unwrap()]);
        assert!(modregn(&words).status.success());
        assert_eq!(fs::read(path).unwrap(), printed.stdout);
    }
    assert_eq!(digest(dir.path()), "0e37fa53ed99998e");
}

#[test]
fn every_file_keeps_its_layout() {
    for (args, layout) in [
        ("generate forespoergsel --kommuner 5 --dir", "sf2530-forespoergsel"),
        ("generate udbetaling --aftaler 2000 --dir", "sf2520-kontanthjaelpsudbetaling"),
        (
            "generate udbetaling --aftaler 2000 --unexpected 90 --dir",
            "sf2520-kontanthjaelpsudbetaling",
        ),
        (
            "generate udbetaling --aftaler 99 --missing 100 --none 0 --partial 0 --over 0 --dir",
            "sf2520-kontanthjaelpsudbetaling",
        ),
    ] {
        let dir = generate(args);
        for name in names(dir.path()) {
            let path = dir.path().join(name);
            let output = modregn(&["layout", "decode", layout, path.to_str().unwrap()]);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

#[test]
fn a_request_is_the_same_whichever_others_there_are() {
    let (few, all) = (
        generate("generate forespoergsel --kommuner 3 --dir"),
        generate("generate forespoergsel --dir"),
    );
    assert_eq!((names(few.path()).len(), names(all.path()).len()), (3, 98));
    for name in names(few.path()) {
        let read = |dir: &TempDir| fs::read(dir.path().join(&name)).unwrap();
        assert_eq!(read(&few), read(&all));
    }
}

#[test]
fn impossible_wishes_are_refused() {
    for args in [
        "generate aftaler --kommuner 0",
        "generate aftaler --kommuner 99",
        "generate aftaler --dispositionsdato 1969-12-31",
        "generate udbetaling --dir /nowhere --partial 99 --none 2",
        "generate udbetaling --dir /nowhere --unexpected 91",
        "generate forespoergsel --dir /nowhere --miljoe DEMO",
        "generate debitorregistreringer --kommuner 0411",
        "generate debitorregistreringer --kommuner 0101,0101",
        "generate debitorregistreringer --antal 5 --konti 6",
        "generate debitorregistreringer --antal 5 --konti 0",
        "generate debitorregistreringer --fejl 1001",
        "generate debitorregistreringer --begynder 1969-12-31",
        "generate debitorregistreringer --fagsystem 123456789012345678901",
        "generate ruter",
    ] {
        let output = modregn(&args.split(' ').collect::<Vec<_>>());
        assert_eq!(output.status.code(), Some(2), "{args}");
    }
}
