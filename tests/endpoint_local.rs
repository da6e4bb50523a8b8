//! What only a local directory does: moving a file of ours into place, links in the way, watching.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use crossbeam_channel::Receiver;
use modregn::endpoint::watch::Watch;
use modregn::endpoint::{Endpoint, FileName, Settings};
use modregn::fault::Code;
use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;
use support::sshd::Sshd;
use tempfile::TempDir;

fn name(text: &str) -> FileName {
    FileName::parse(text).unwrap()
}

fn open(root: &Path, more: &str) -> Box<dyn Endpoint> {
    let settings = format!("kind = \"local\"\npath = '{}'\n{more}", root.display());
    toml::from_str::<Settings>(&settings).unwrap().open("here")
}

/// A file of ours, for our user alone, as the spool makes them.
fn source(spool: &TempDir, bytes: &[u8]) -> PathBuf {
    let path = spool.path().join("source");
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    path
}

#[test]
fn a_file_on_the_same_disk_is_moved_and_others_may_read_it() {
    let (root, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (mode, more) in [(0o640, ""), (0o644, "file_mode = 0o644")] {
        let source = source(&spool, b"answer");
        let inode = source.metadata().unwrap().ino();
        let file = format!("file-{mode:o}");
        open(root.path(), more).publish("", &name(&file), &name("t"), &source).unwrap();
        let there = root.path().join(file).metadata().unwrap();
        assert_eq!((there.ino(), there.mode() & 0o777), (inode, mode));
        assert!(!source.exists());
    }
}

#[test]
fn a_file_on_another_disk_is_copied() {
    let spool = tempfile::tempdir().unwrap();
    let root = tempfile::tempdir_in("/dev/shm").unwrap();
    let device = |path: &Path| path.metadata().unwrap().dev();
    assert_ne!(device(spool.path()), device(root.path()), "TMPDIR must not be in memory");
    let source = source(&spool, b"answer");
    // Half a file of an earlier try, and a link somebody laid.
    symlink(spool.path().join("elsewhere"), root.path().join("t")).unwrap();
    open(root.path(), "").publish("", &name("file"), &name("t"), &source).unwrap();
    let there = root.path().join("file");
    assert_eq!(fs::read(&there).unwrap(), b"answer");
    assert_eq!(there.metadata().unwrap().mode() & 0o777, 0o640);
    assert!(!root.path().join("t").is_symlink() && !spool.path().join("elsewhere").exists());
}

/// A directory that gives files its group gives it to ours as well, which moving would not.
#[test]
fn a_directory_with_a_group_of_its_own_gets_a_copy() {
    let (root, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let source = source(&spool, b"answer");
    let ours = source.metadata().unwrap();
    let groups = rustix::process::getgroups().unwrap();
    let mut others =
        groups.iter().map(|group| group.as_raw()).chain(ours.uid().eq(&0).then_some(1));
    let Some(group) = others.find(|group| *group != ours.gid()) else {
        panic!("our user must be root or in a second group: usermod -aG users USER");
    };
    std::os::unix::fs::chown(root.path(), None, Some(group)).unwrap();
    fs::set_permissions(root.path(), Permissions::from_mode(0o2770)).unwrap();
    open(root.path(), "").publish("", &name("file"), &name("t"), &source).unwrap();
    let there = root.path().join("file").metadata().unwrap();
    assert_eq!((there.gid(), there.mode() & 0o777), (group, 0o640));
}

#[test]
fn a_link_or_a_pipe_that_took_the_place_of_a_file_is_not_read() {
    let root = tempfile::tempdir().unwrap();
    let mut endpoint = open(root.path(), "");
    fs::write(root.path().join("file"), b"1234").unwrap();
    let entry = endpoint.stat("", &name("file")).unwrap().unwrap();
    let secret = root.path().join("secret");
    fs::write(&secret, b"keep").unwrap();
    fs::remove_file(root.path().join("file")).unwrap();
    symlink(&secret, root.path().join("file")).unwrap();
    let mut taken = Vec::new();
    let error = endpoint.fetch("", &entry, 100, &mut taken).unwrap_err();
    assert_eq!((error.code, taken.len()), (Code::EndpointRefused, 0));
    fs::remove_file(root.path().join("file")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(root.path().join("file")).status();
    assert!(made.unwrap().success());
    let error = endpoint.fetch("", &entry, 100, &mut taken).unwrap_err();
    assert_eq!((error.code, taken.len()), (Code::EndpointRefused, 0));
}

fn wakes(wake: &Receiver<()>) {
    wake.recv_timeout(Duration::from_secs(20)).expect("a wake-up");
}

/// Takes what is left of earlier events.
fn settle(wake: &Receiver<()>) {
    while wake.recv_timeout(Duration::from_millis(100)).is_ok() {}
}

#[test]
fn a_watch_wakes_when_a_file_may_be_complete() {
    let root = tempfile::tempdir().unwrap();
    let (inbox, other) = (root.path().join("inbox"), root.path().join("other"));
    fs::create_dir(&inbox).unwrap();
    fs::create_dir(&other).unwrap();
    let watch = Watch::start(&[other.clone(), inbox.clone()]).unwrap();
    let wake = watch.wake(1);
    // Begun, and written to for some time; then closed.
    let mut file = File::create(inbox.join("a")).unwrap();
    wakes(wake);
    settle(wake);
    file.write_all(b"1").unwrap();
    assert!(wake.recv_timeout(Duration::from_millis(200)).is_err(), "only written to");
    drop(file);
    wakes(wake);
    settle(wake);
    // Renamed from elsewhere; linked, as OpenSSH's server renames.
    fs::write(root.path().join("b"), b"1").unwrap();
    fs::rename(root.path().join("b"), inbox.join("b")).unwrap();
    wakes(wake);
    settle(wake);
    fs::hard_link(inbox.join("b"), inbox.join("c")).unwrap();
    wakes(wake);
    settle(wake);
    // Many at once are one message or two; below, removed and next door is nobody's concern.
    for number in 0..1000 {
        fs::write(inbox.join(format!("{number}")), b"1").unwrap();
    }
    wakes(wake);
    settle(wake);
    assert!(wake.is_empty());
    fs::create_dir(inbox.join("below")).unwrap();
    settle(wake);
    fs::write(inbox.join("below/a"), b"1").unwrap();
    fs::remove_file(inbox.join("a")).unwrap();
    assert!(wake.recv_timeout(Duration::from_millis(200)).is_err(), "nothing was completed");
    assert!(watch.wake(0).is_empty());
    fs::write(other.join("a"), b"1").unwrap();
    wakes(watch.wake(0));
    assert!(wake.is_empty());
}

#[test]
fn a_watch_wakes_after_a_rename_over_sftp() {
    let server = Sshd::start();
    let inbox = server.root().join("inbox");
    fs::create_dir(&inbox).unwrap();
    let watch = Watch::start(std::slice::from_ref(&inbox)).unwrap();
    fs::write(server.path("file"), b"1").unwrap();
    server.batch(&format!("put {} outside", server.path("file").display()));
    assert!(watch.wake(0).is_empty());
    server.batch("rename outside inbox/file");
    wakes(watch.wake(0));
    settle(watch.wake(0));
    // Not by posix-rename, but by link and unlink, as clients of the plain protocol have it done.
    server.batch(&format!("put {} outside", server.path("file").display()));
    let settings: Settings = toml::from_str(&server.settings()).unwrap();
    settings.open("ky").move_to("", &name("outside"), "inbox", &name("file2")).unwrap();
    wakes(watch.wake(0));
}

#[test]
fn a_directory_that_is_not_there_cannot_be_watched() {
    let error = Watch::start(&[PathBuf::from("/nowhere/inbox")]).unwrap_err();
    assert!(error.to_string().contains("/nowhere/inbox"), "{error}");
}

#[test]
fn a_relative_directory_is_watched() {
    let inbox = tempfile::tempdir().unwrap();
    let here = std::env::current_dir().unwrap();
    let root: PathBuf = here.components().skip(1).map(|_| "..").collect();
    let relative = root.join(inbox.path().strip_prefix("/").unwrap());
    let watch = Watch::start(std::slice::from_ref(&relative)).unwrap();
    fs::write(relative.join("a"), b"1").unwrap();
    wakes(watch.wake(0));
}
