//! What can go wrong with an SFTP server that let us in: it ends, it stands still, its disk is
//! full, it has other habits than OpenSSH. Each with a real server, or OpenSSH's with a filter
//! before it.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use modregn::endpoint::{Endpoint, EndpointError, Entry, FileName, Published, Settings};
use modregn::fault::{Class, Code};
use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use support::sshd::{Sshd, said};

fn open(server: &Sshd) -> Box<dyn Endpoint> {
    let settings: Settings = toml::from_str(&server.settings()).unwrap();
    settings.open("ky")
}

fn name(text: &str) -> FileName {
    FileName::parse(text).unwrap()
}

/// A file of ours with these many bytes, no two parts of it alike.
fn source(server: &Sshd, size: usize) -> PathBuf {
    let path = server.path("source");
    let part = |number: u64| number.to_le_bytes().into_iter().chain(0..=u8::MAX);
    let bytes: Vec<u8> = (0..).flat_map(part).take(size.min(SMALL)).collect();
    fs::write(&path, bytes).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_len(size as u64).unwrap();
    path
}

/// More is not made but left empty.
const SMALL: usize = 5_000_000;
const LARGE: usize = 200_000_000;

/// Publishes it as `answer`.
fn publish(
    endpoint: &mut dyn Endpoint,
    try_: u32,
    from: &Path,
) -> Result<Published, EndpointError> {
    endpoint.publish("", &name("answer"), &name(&format!(".{try_}.part")), from)
}

fn assert_same(server: &Sshd, file: &Path) {
    assert!(fs::read(server.root().join("answer")).unwrap() == fs::read(file).unwrap());
}

#[track_caller]
fn assert_passing(error: &EndpointError, code: Code) {
    assert_eq!((error.class, error.code), (Class::Retry, code), "{error}");
}

fn wait_for(mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(20), "waited for nothing");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_server_killed_in_an_upload_leaves_no_half_answer() {
    let mut server = Sshd::start();
    let mut endpoint = open(&server);
    let source = source(&server, LARGE);
    let begun = server.root().join(".1.part");
    let error = std::thread::scope(|scope| {
        let upload = scope.spawn(|| publish(&mut *endpoint, 1, &source));
        wait_for(|| begun.metadata().is_ok_and(|there| there.len() > 0));
        server.kill();
        upload.join().unwrap().unwrap_err()
    });
    assert_passing(&error, Code::ConnectionLost);
    assert!(begun.metadata().unwrap().len() < LARGE as u64, "it was killed too late");
    assert!(!server.root().join("answer").exists());
    let error = publish(&mut *endpoint, 2, &source).unwrap_err();
    assert_passing(&error, Code::EndpointUnreachable);
    server.restart();
    assert_eq!(publish(&mut *endpoint, 3, &source).unwrap(), Published::Now);
    assert_same(&server, &source);
}

#[test]
fn a_lost_connection_is_made_again() {
    let server = Sshd::start();
    let mut endpoint = open(&server);
    endpoint.list("", 1).unwrap();
    server.kill_connections();
    let error = endpoint.list("", 1).unwrap_err();
    assert_passing(&error, Code::ConnectionLost);
    endpoint.list("", 1).unwrap();
}

#[test]
fn a_connection_that_ended_while_idle_is_not_missed() {
    let server = Sshd::start();
    let mut endpoint = open(&server);
    endpoint.list("", 1).unwrap();
    server.kill_connections();
    std::thread::sleep(Duration::from_secs(3));
    endpoint.list("", 1).unwrap();
}

/// Every call ends after the time-out, and dropping the endpoint does not wait once more.
#[test]
fn a_server_that_stands_still_is_left_in_time() {
    let server = Sshd::start();
    let settings = server.settings().replace("timeout_seconds = 20", "timeout_seconds = 1");
    let settings: Settings = toml::from_str(&settings).unwrap();
    let source = source(&server, LARGE);
    let mut endpoint = settings.open("ky");
    endpoint.list("", 1).unwrap();
    server.signal(Signal::STOP);
    let begun = Instant::now();
    assert_passing(&endpoint.list("", 1).unwrap_err(), Code::EndpointTimeout);
    assert_passing(&endpoint.list("", 1).unwrap_err(), Code::EndpointTimeout);
    assert_passing(&publish(&mut *endpoint, 1, &source).unwrap_err(), Code::EndpointTimeout);
    drop(endpoint);
    // Three calls of a second each; a minute is for a busy machine.
    assert!(begun.elapsed() < Duration::from_secs(60), "it hung");
    server.signal(Signal::CONT);
}

#[test]
fn a_server_that_stops_in_an_upload_is_left_in_time() {
    let server = Sshd::start();
    let settings = server.settings().replace("timeout_seconds = 20", "timeout_seconds = 1");
    let settings: Settings = toml::from_str(&settings).unwrap();
    let source = source(&server, LARGE);
    let mut endpoint = settings.open("ky");
    let begun = server.root().join(".1.part");
    let error = std::thread::scope(|scope| {
        let upload = scope.spawn(|| publish(&mut *endpoint, 1, &source));
        wait_for(|| begun.metadata().is_ok_and(|there| there.len() > 0));
        server.signal(Signal::STOP);
        upload.join().unwrap().unwrap_err()
    });
    assert_passing(&error, Code::EndpointTimeout);
    server.signal(Signal::CONT);
    assert!(!server.root().join("answer").exists());
    assert_eq!(publish(&mut *endpoint, 2, &source).unwrap(), Published::Now);
    assert_same(&server, &source);
}

#[test]
fn a_port_nobody_answers_on_and_a_name_nobody_has() {
    let mut server = Sshd::start();
    server.kill();
    assert_passing(&open(&server).list("", 1).unwrap_err(), Code::EndpointUnreachable);
    let settings = server.settings().replace("127.0.0.1", "no-such-host.invalid");
    let settings: Settings = toml::from_str(&settings).unwrap();
    assert_passing(&settings.open("ky").list("", 1).unwrap_err(), Code::EndpointUnreachable);
}

/// A file system of its own; unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: PathBuf) -> Self {
        fs::create_dir(&at).unwrap();
        said("mount", &["-t", "tmpfs", "-o", "size=1m", "tmpfs", at.to_str().unwrap()]);
        Self(at)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        said("umount", &[self.0.to_str().unwrap()]);
    }
}

/// Root gets a small disk. Others may not mount: their temporary file is a link to the device that
/// is always full, which shows the refusal, but not that what was written is removed.
#[test]
fn a_full_disk_is_passing_trouble_and_is_left_clean() {
    let server = Sshd::start();
    let place = server.root().join("full");
    let source = source(&server, 3_000_000);
    let disk = rustix::process::geteuid().is_root().then(|| SmallDisk::mount(place.clone()));
    if disk.is_none() {
        fs::create_dir(&place).unwrap();
        symlink("/dev/full", place.join("t")).unwrap();
    }
    let mut endpoint = open(&server);
    let error = endpoint.publish("full", &name("answer"), &name("t"), &source).unwrap_err();
    assert_passing(&error, Code::EndpointRefused);
    assert!(error.what.contains("full"), "{}", error.what);
    assert_eq!(fs::read_dir(&place).unwrap().count(), 0, "nothing is left");
    if disk.is_some() {
        let settings = format!("kind = \"local\"\npath = '{}'", server.root().display());
        let mut local = toml::from_str::<Settings>(&settings).unwrap().open("here");
        let error = local.publish("full", &name("answer"), &name("t"), &source).unwrap_err();
        assert_passing(&error, Code::EndpointFull);
        assert_eq!(fs::read_dir(&place).unwrap().count(), 0, "nothing is left");
    }
    // The connection is fine, and so is the next file.
    fs::write(&source, b"small").unwrap();
    let published = endpoint.publish("full", &name("answer"), &name("t"), &source);
    assert_eq!(published.unwrap(), Published::Now);
}

#[test]
fn a_server_that_gives_less_than_asked_is_read_whole() {
    let server = Sshd::start_filtered("short-reads");
    let mut endpoint = open(&server);
    for size in [1_usize, 16_384, 16_385, 29_999, 30_000, 100_000, 5_000_000] {
        let source = source(&server, size);
        fs::copy(&source, server.root().join("file")).unwrap();
        let entry = endpoint.stat("", &name("file")).unwrap().unwrap();
        let mut taken = Vec::new();
        endpoint.fetch("", &entry, u64::MAX, &mut taken).unwrap();
        assert!(taken == fs::read(&source).unwrap(), "{size}");
    }
}

#[test]
fn a_server_that_cannot_sync_is_good_enough() {
    let server = Sshd::start_filtered("no-fsync");
    let mut endpoint = open(&server);
    let source = source(&server, 100_000);
    assert_eq!(publish(&mut *endpoint, 1, &source).unwrap(), Published::Now);
    assert_same(&server, &source);
    assert_eq!(publish(&mut *endpoint, 2, &source).unwrap(), Published::Already);
}

#[test]
fn a_server_that_renames_over_files_overwrites_nothing() {
    let server = Sshd::start_filtered("overwriting-rename");
    let mut endpoint = open(&server);
    let source = source(&server, 100);
    fs::write(server.root().join("answer"), b"other").unwrap();
    let error = publish(&mut *endpoint, 1, &source).unwrap_err();
    assert_eq!((error.class, error.code), (Class::Operator, Code::NameTaken));
    fs::write(server.root().join("asked"), b"asked").unwrap();
    let error = endpoint.move_to("", &name("asked"), "", &name("answer")).unwrap_err();
    assert_eq!((error.class, error.code), (Class::Operator, Code::NameTaken));
    assert_eq!(fs::read(server.root().join("answer")).unwrap(), b"other");
}

#[test]
fn what_does_not_read_back_gets_no_name() {
    let marks = tempfile::tempdir().unwrap();
    let mended = marks.path().join("mended");
    let server = Sshd::start_filtered(&format!("spoiled-write {}", mended.display()));
    let settings: Settings =
        toml::from_str(&format!("{}read_back = true\n", server.settings())).unwrap();
    let mut endpoint = settings.open("ky");
    let source = source(&server, 100_000);
    let error = publish(&mut *endpoint, 1, &source).unwrap_err();
    assert_eq!((error.class, error.code), (Class::Retry, Code::NotAsWritten));
    let left = |server: &Sshd| fs::read_dir(server.root()).unwrap().count();
    assert_eq!(left(&server), 0, "neither the answer nor its temporary file");
    fs::write(&mended, "").unwrap();
    assert_eq!(publish(&mut *endpoint, 2, &source).unwrap(), Published::Now);
    assert_same(&server, &source);
}

#[test]
fn a_rival_that_is_faster_is_seen() {
    let rivals = tempfile::tempdir().unwrap();
    let rival = rivals.path().join("rival");
    let server = Sshd::start_filtered(&format!("rival {}", rival.display()));
    let mut endpoint = open(&server);
    let source = source(&server, 100);
    fs::write(&rival, b"other").unwrap();
    let error = publish(&mut *endpoint, 1, &source).unwrap_err();
    assert_eq!((error.class, error.code), (Class::Operator, Code::NameTaken));
    assert_eq!(fs::read(server.root().join("answer")).unwrap(), b"other");
    fs::remove_file(server.root().join("answer")).unwrap();
    fs::copy(&source, &rival).unwrap();
    assert_eq!(publish(&mut *endpoint, 1, &source).unwrap(), Published::Already);
    assert_eq!(fs::read_dir(server.root()).unwrap().count(), 1, "nothing temporary is left");
}

#[test]
fn a_connection_lost_before_the_rename_is_told_and_the_next_try_ends_well() {
    let marked = tempfile::tempdir().unwrap();
    let mark = marked.path().join("mark");
    let server = Sshd::start_filtered(&format!("lost-before-rename {}", mark.display()));
    let mut endpoint = open(&server);
    let source = source(&server, 100_000);
    let error = publish(&mut *endpoint, 1, &source).unwrap_err();
    assert!(mark.exists());
    assert_passing(&error, Code::ConnectionLost);
    assert!(!server.root().join("answer").exists());
    assert_eq!(publish(&mut *endpoint, 2, &source).unwrap(), Published::Now);
    assert_same(&server, &source);
}

#[test]
fn a_connection_lost_after_the_rename_is_settled_by_looking() {
    let marked = tempfile::tempdir().unwrap();
    let mark = marked.path().join("mark");
    let server = Sshd::start_filtered(&format!("lost-after-rename {}", mark.display()));
    let mut endpoint = open(&server);
    let source = source(&server, 100_000);
    publish(&mut *endpoint, 1, &source).unwrap();
    assert!(mark.exists());
    assert_same(&server, &source);
    assert_eq!(fs::read_dir(server.root()).unwrap().count(), 1, "nothing temporary is left");
    // The same for a move: done once, told twice.
    fs::remove_file(&mark).unwrap();
    let go = |endpoint: &mut dyn Endpoint| endpoint.move_to("", &name("answer"), "", &name("kept"));
    assert_passing(&go(&mut *endpoint).unwrap_err(), Code::ConnectionLost);
    go(&mut *endpoint).unwrap();
    assert!(server.root().join("kept").exists());
}

#[test]
fn ten_thousand_files_are_listed() {
    let server = Sshd::start();
    for number in 0..10_000 {
        fs::write(server.root().join(format!("{number:05}")), b"1").unwrap();
    }
    let listing = open(&server).list("", 100_000).unwrap();
    let expected = |number: usize| (format!("{number:05}"), 1);
    let found = |entry: &Entry| (entry.name.to_string(), entry.size);
    assert!(listing.entries.iter().map(found).eq((0..10_000).map(expected)));
    assert!(listing.refused.is_empty() && !listing.cut);
}
