//! The whole state in another place, and back: made while the daemon works, checked byte for byte,
//! and worked on from there.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use support::daemon::Daemon;
use support::installation::{Installation, names};

fn installation() -> Installation {
    let installation = Installation::local("TEST");
    installation.import_aftaler(2_000);
    installation
}

/// Makes a backup; gives its directory.
fn backup(installation: &Installation) -> PathBuf {
    let said = installation.done(&["backup", "--to", "backups"]);
    installation.path(said.split(": ").next().unwrap())
}

/// What is delivered, by name.
fn answers(installation: &Installation) -> Vec<(String, Vec<u8>)> {
    let read = |name: String| {
        let bytes = fs::read(installation.outbox().join(&name)).unwrap();
        (name, bytes)
    };
    names(&installation.outbox()).into_iter().map(read).collect()
}

fn modes(directory: &Path, found: &mut Vec<(PathBuf, u32)>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::metadata(&path).unwrap();
        found.push((path.clone(), metadata.mode() & 0o777));
        if metadata.is_dir() {
            modes(&path, found);
        }
    }
}

#[test]
fn a_backup_made_while_files_are_worked_on_is_gone_on_from() {
    let installation = installation();
    let mut daemon = Daemon::start(&installation, "error");
    installation.ask("1", 10);
    fs::write(installation.inbox().join("bad.txt"), "nonsense").unwrap();
    daemon.wait_for(&installation.outbox(), 10);
    installation.ask("2", 98);
    // Somewhere in the middle of them.
    daemon.wait_for_at_least(&installation.outbox(), 20);
    let place = backup(&installation);
    daemon.wait_for(&installation.outbox(), 108);
    daemon.stop();
    let delivered = answers(&installation);
    let mut found = Vec::new();
    modes(&place, &mut found);
    assert!(found.iter().all(|(_, mode)| [0o600, 0o700].contains(mode)), "{found:?}");
    installation.done(&["restore", "--from", place.to_str().unwrap(), "--check"]);

    fs::rename(installation.path("state"), installation.path("lost")).unwrap();
    let args = ["restore", "--from", place.to_str().unwrap(), "--reason", "the disk is broken"];
    let said = installation.done(&args);
    assert!(said.contains("What happened after"), "{said}");
    installation.done(&["audit", "verify"]);
    let known: Vec<_> = installation.transfers();
    assert!(known.len() < 2 * 109, "it is not of an earlier moment: {}", known.len());

    // What was under way goes on, what was delivered is delivered again, byte for byte.
    installation.done(&["batch"]);
    let sent = installation.transfers();
    for transfer in sent.iter().filter(|transfer| transfer["direction"] == "out") {
        let name = transfer["name"].as_str().unwrap();
        let path = installation.outbox().join(name);
        let before = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let id = transfer["transfer"].as_str().unwrap();
        installation.done(&["retry", id, "--reason", "restored"]);
        installation.done(&["batch"]);
        assert_eq!(fs::read(&path).unwrap(), before, "{name}");
    }
    let names = |answers: &[(String, Vec<u8>)]| {
        answers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&answers(&installation)), names(&delivered));
    let trail = installation.done(&["audit", "verify"]);
    assert!(trail.contains("all as they were written"), "{trail}");
}

#[test]
fn the_archive_is_shared_between_backups_and_old_ones_are_removed() {
    let installation = installation();
    installation.ask("1", 3);
    installation.done(&["batch"]);
    let first = backup(&installation);
    installation.ask("2", 1);
    installation.done(&["batch"]);
    fs::create_dir(installation.path("backups/modregn-20200101T000000.000Z.partial")).unwrap();
    let said = installation.done(&["backup", "--to", "backups", "--keep", "2"]);
    assert!(said.contains("removed 1 older ones"), "{said}");
    let second = installation.path(said.split(": ").next().unwrap());
    let inode =
        |place: &Path, name: &str| fs::metadata(place.join("archive").join(name)).unwrap().ino();
    let (before, after) = (names(&first.join("archive")), names(&second.join("archive")));
    assert_eq!((before.len(), after.len()), (3, 4));
    for name in &before {
        assert_eq!(inode(&first, name), inode(&second, name));
    }
    installation.done(&["backup", "--to", "backups", "--keep", "1"]);
    assert_eq!(names(&installation.path("backups")).len(), 1);
    assert!(!first.exists() && !second.exists());
}

#[test]
fn a_backup_that_is_not_as_it_was_made_is_refused_and_nothing_is_touched() {
    let installation = installation();
    installation.ask("1", 2);
    installation.done(&["batch"]);
    let place = backup(&installation);
    fs::rename(installation.path("state"), installation.path("before")).unwrap();
    let from = place.to_str().unwrap();
    let refused = |says: &str, code: i32| {
        for args in [&["--check"][..], &["--reason", "a drill"]] {
            let said = installation.run(&[&["restore", "--from", from], args].concat());
            assert_eq!(said.code, Some(code), "{}", said.err);
            assert!(said.err.contains(says), "{says:?} is not in {}", said.err);
            assert!(!installation.path("state").exists());
        }
    };
    let (store, manifest) = (place.join("modregn.db"), place.join("manifest.json"));
    let archived = place.join("archive").join(&names(&place.join("archive"))[0]);
    for path in [&store, &archived] {
        let good = fs::read(path).unwrap();
        let mut bad = good.clone();
        *bad.last_mut().unwrap() ^= 1;
        fs::write(path, bad).unwrap();
        refused("a file has other bytes", 4);
        fs::remove_file(path).unwrap();
        refused("a file is missing", 4);
        fs::write(path, good).unwrap();
    }
    let good = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, good.replace("\"archive/", "\"../archive/")).unwrap();
    refused("a place outside it", 4);
    fs::write(&manifest, &good[..good.len() / 2]).unwrap();
    refused("no complete backup", 2);
    fs::remove_file(&manifest).unwrap();
    refused("no complete backup", 2);
    fs::write(&manifest, &good).unwrap();
    installation.done(&["restore", "--from", from, "--check"]);

    let config = fs::read_to_string(installation.config()).unwrap();
    let restore = ["restore", "--from", from, "--reason", "a drill"];
    fs::write(installation.config(), config.replace("\"TEST\"", "\"PROD\"")).unwrap();
    let said = installation.run(&restore);
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(
        said.err.contains("the backup is of TEST, the configuration says PROD"),
        "{}",
        said.err
    );
    fs::write(installation.config(), config).unwrap();
    installation.done(&restore);
    let said = installation.run(&restore);
    assert!(said.err.contains("is not empty"), "{}", said.err);
    installation.done(&["audit", "verify"]);
}
