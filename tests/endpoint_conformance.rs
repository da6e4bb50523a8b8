//! One suite for every kind of endpoint: a local directory and real servers, OpenSSH and others,
//! must do the same.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use modregn::endpoint::{Endpoint, EndpointError, Entry, FileName, Published, Settings};
use modregn::fault::{Class, Code};
use std::any::Any;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use support::foreign::ForeignServer;
use support::sshd::Sshd;
use tempfile::TempDir;

/// An endpoint, and its root as the test sees it.
struct Place {
    endpoint: Box<dyn Endpoint>,
    root: PathBuf,
    /// Where our own files lie.
    spool: TempDir,
    _server: Option<Box<dyn Any>>,
    /// ProFTPD looks through a link, whatever it is asked.
    looks_through_links: bool,
}

fn local() -> Place {
    let spool = tempfile::tempdir().unwrap();
    let root = spool.path().join("root");
    fs::create_dir(&root).unwrap();
    let settings = format!("kind = \"local\"\npath = '{}'", root.display());
    let settings: Settings = toml::from_str(&settings).unwrap();
    Place {
        endpoint: settings.open("here"),
        root,
        spool,
        _server: None,
        looks_through_links: false,
    }
}

fn sftp() -> Place {
    let server = Sshd::start();
    let settings: Settings = toml::from_str(&server.settings()).unwrap();
    let spool = tempfile::tempdir().unwrap();
    Place {
        endpoint: settings.open("there"),
        root: server.root(),
        spool,
        _server: Some(Box::new(server)),
        looks_through_links: false,
    }
}

fn foreign(server: ForeignServer) -> Place {
    let settings = format!("{}root = '{}'\n", server.settings(), server.root().display());
    let settings: Settings = toml::from_str(&settings).unwrap();
    let (spool, root) = (tempfile::tempdir().unwrap(), server.root());
    let server: Option<Box<dyn Any>> = Some(Box::new(server));
    let endpoint = settings.open("there");
    Place { endpoint, root, spool, _server: server, looks_through_links: false }
}

fn asyncssh() -> Place {
    foreign(ForeignServer::asyncssh())
}

fn proftpd() -> Place {
    Place { looks_through_links: true, ..foreign(ForeignServer::proftpd()) }
}

/// Each test of the suite, once for each kind.
macro_rules! suite {
    ($($test:ident)+) => {
        mod on_local { $(#[test] fn $test() { super::$test(super::local()); })+ }
        mod on_sftp { $(#[test] fn $test() { super::$test(super::sftp()); })+ }
        mod on_asyncssh { $(#[test] fn $test() { super::$test(super::asyncssh()); })+ }
        mod on_proftpd { $(#[test] fn $test() { super::$test(super::proftpd()); })+ }
    };
}

suite! {
    lists_plain_files_only_by_name
    shows_names_that_are_no_file_names_apart
    stops_listing_at_the_limit
    says_which_directory_is_missing
    looks_without_following_links
    fetches_every_size
    fetches_no_more_than_allowed
    fetches_only_what_was_listed
    removes_once_or_twice
    moves_and_never_over_another
    publishes_every_size
    publishes_for_those_who_may_read_it
    publishes_once
    never_overwrites
    says_where_it_may_not_write
}

fn name(text: &str) -> FileName {
    FileName::parse(text).unwrap()
}

/// Bytes that look the same nowhere.
fn bytes(count: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    };
    (0..count).map(|_| byte()).collect()
}

const SIZES: [usize; 9] = [0, 1, 29_999, 30_000, 30_001, 65_536, 1_048_576, 2_097_153, 5_000_000];

impl Place {
    fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.root.join(name), bytes).unwrap();
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.root).unwrap();
        let mut names: Vec<_> =
            entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn entry(&mut self, file: &str) -> Entry {
        self.endpoint.stat("", &name(file)).unwrap().unwrap()
    }

    fn fetch(&mut self, entry: &Entry, limit: u64) -> Result<Vec<u8>, EndpointError> {
        let mut sink = Vec::new();
        self.endpoint.fetch("", entry, limit, &mut sink).map(|()| sink)
    }

    fn source(&self, bytes: &[u8]) -> PathBuf {
        let path = self.spool.path().join("source");
        fs::write(&path, bytes).unwrap();
        path
    }

    fn publish(&mut self, file: &str, source: &Path) -> Result<Published, EndpointError> {
        self.endpoint.publish("", &name(file), &name(".1.part"), source)
    }
}

fn lists_plain_files_only_by_name(mut place: Place) {
    assert!(place.endpoint.list("", 10).unwrap().entries.is_empty());
    place.put("b", b"12");
    place.put("a", b"1");
    place.put("æøå ny", b"123");
    fs::create_dir(place.root.join("directory")).unwrap();
    symlink(place.root.join("a"), place.root.join("link")).unwrap();
    let _pipe = std::os::unix::net::UnixListener::bind(place.root.join("socket")).unwrap();
    let listing = place.endpoint.list("", 10).unwrap();
    let found: Vec<_> = listing.entries.iter().map(|e| (e.name.as_str(), e.size)).collect();
    assert_eq!(found, [("a", 1), ("b", 2), ("æøå ny", 3)]);
    assert!(listing.refused.is_empty() && !listing.cut);
    let written = fs::metadata(place.root.join("a")).unwrap().modified().unwrap();
    let seconds = written.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(listing.entries[0].modified, i64::try_from(seconds).unwrap());
}

fn shows_names_that_are_no_file_names_apart(mut place: Place) {
    place.put("good", b"");
    place.put("new\nline", b"");
    place.put("bell\u{7}", b"");
    fs::write(place.root.join(OsStr::from_bytes(b"latin-\xe6")), b"").unwrap();
    let mut listing = place.endpoint.list("", 10).unwrap();
    assert_eq!(listing.entries.len(), 1);
    listing.refused.sort();
    assert_eq!(listing.refused, ["bell\\u{7}", "latin-\u{fffd}", "new\\nline"]);
}

fn stops_listing_at_the_limit(mut place: Place) {
    for number in 0..300 {
        place.put(&format!("{number}"), b"");
    }
    let listing = place.endpoint.list("", 299).unwrap();
    assert_eq!((listing.entries.len(), listing.cut), (299, true));
    let listing = place.endpoint.list("", 300).unwrap();
    assert_eq!((listing.entries.len(), listing.cut), (300, false));
}

fn says_which_directory_is_missing(mut place: Place) {
    let error = place.endpoint.list("inbox", 10).unwrap_err();
    assert_eq!((error.class, error.code), (Class::Operator, Code::DirectoryMissing));
    let missing = place.root.join("inbox");
    assert!(error.what.contains(missing.to_str().unwrap()), "{}", error.what);
    let source = place.source(b"x");
    let error = place.endpoint.publish("inbox", &name("a"), &name("t"), &source).unwrap_err();
    assert_eq!((error.class, error.code), (Class::Operator, Code::DirectoryMissing));
    place.put("a", b"1");
    let error = place.endpoint.move_to("", &name("a"), "done", &name("a")).unwrap_err();
    assert_eq!((error.class, error.code), (Class::Operator, Code::DirectoryMissing));
}

fn looks_without_following_links(mut place: Place) {
    place.put("a", b"123");
    fs::create_dir(place.root.join("directory")).unwrap();
    symlink(place.root.join("a"), place.root.join("link")).unwrap();
    let link = place.looks_through_links.then_some(3);
    let mut size = |file| place.endpoint.stat("", &name(file)).unwrap().map(|entry| entry.size);
    assert_eq!(size("a"), Some(3));
    assert_eq!([size("link"), size("directory"), size("nothing")], [link, None, None]);
}

fn fetches_every_size(mut place: Place) {
    for size in SIZES {
        let bytes = bytes(size);
        place.put("file", &bytes);
        let entry = place.entry("file");
        assert_eq!(place.fetch(&entry, size as u64).unwrap(), bytes, "{size}");
    }
}

fn fetches_no_more_than_allowed(mut place: Place) {
    place.put("file", b"12345");
    let entry = place.entry("file");
    let error = place.fetch(&entry, 4).unwrap_err();
    assert_eq!((error.class, error.code), (Class::Reject, Code::FileTooLarge));
}

fn fetches_only_what_was_listed(mut place: Place) {
    for (before, after) in [(5, 6), (5, 4), (5, 0), (100_000, 1_000_000), (100_000, 90_000)] {
        place.put("file", &bytes(before));
        let entry = place.entry("file");
        place.put("file", &bytes(after));
        let error = place.fetch(&entry, 1 << 30).unwrap_err();
        assert_eq!((error.class, error.code), (Class::Retry, Code::FileChanged), "{after}");
    }
    let entry = place.entry("file");
    fs::remove_file(place.root.join("file")).unwrap();
    let error = place.fetch(&entry, 1 << 30).unwrap_err();
    assert_eq!((error.class, error.code), (Class::Retry, Code::FileGone));
}

fn removes_once_or_twice(mut place: Place) {
    place.put("a", b"1");
    place.put("b", b"1");
    place.endpoint.remove("", &name("a")).unwrap();
    place.endpoint.remove("", &name("a")).unwrap();
    assert_eq!(place.names(), ["b"]);
}

fn moves_and_never_over_another(mut place: Place) {
    fs::create_dir(place.root.join("done")).unwrap();
    place.put("a", b"first");
    let mut go = || place.endpoint.move_to("", &name("a"), "done", &name("a.1"));
    go().unwrap();
    // Again: an earlier try whose answer was lost.
    go().unwrap();
    place.put("a", b"second");
    let error = place.endpoint.move_to("", &name("a"), "done", &name("a.1")).unwrap_err();
    assert_eq!((error.class, error.code), (Class::Operator, Code::NameTaken));
    assert_eq!(fs::read(place.root.join("done/a.1")).unwrap(), b"first");
    assert_eq!(fs::read(place.root.join("a")).unwrap(), b"second");
    let error = place.endpoint.move_to("", &name("b"), "done", &name("b")).unwrap_err();
    assert_eq!((error.class, error.code), (Class::Retry, Code::FileGone));
}

fn publishes_every_size(mut place: Place) {
    for size in SIZES {
        let bytes = bytes(size);
        let source = place.source(&bytes);
        let file = format!("file-{size}");
        assert_eq!(place.publish(&file, &source).unwrap(), Published::Now);
        assert!(fs::read(place.root.join(file)).unwrap() == bytes, "{size}");
    }
    assert_eq!(place.names().len(), SIZES.len(), "nothing temporary is left");
}

fn publishes_for_those_who_may_read_it(mut place: Place) {
    let source = place.source(b"1");
    fs::set_permissions(&source, fs::Permissions::from_mode(0o600)).unwrap();
    place.publish("file", &source).unwrap();
    let there = fs::metadata(place.root.join("file")).unwrap();
    assert_eq!(there.permissions().mode() & 0o777, 0o640);
}

fn publishes_once(mut place: Place) {
    for size in [0, 1, 500_000] {
        let bytes = bytes(size);
        let file = format!("file-{size}");
        let source = place.source(&bytes);
        assert_eq!(place.publish(&file, &source).unwrap(), Published::Now);
        let source = place.source(&bytes);
        assert_eq!(place.publish(&file, &source).unwrap(), Published::Already);
    }
    assert_eq!(place.names().len(), 3);
}

fn never_overwrites(mut place: Place) {
    place.put("longer", b"12345");
    place.put("other", b"1X34");
    fs::create_dir(place.root.join("directory")).unwrap();
    symlink("nowhere", place.root.join("link")).unwrap();
    for file in ["longer", "other", "directory", "link"] {
        let source = place.source(b"1234");
        let error = place.publish(file, &source).unwrap_err();
        assert_eq!((error.class, error.code), (Class::Operator, Code::NameTaken), "{file}");
        assert!(source.exists(), "ours is still there");
    }
    assert_eq!(fs::read(place.root.join("longer")).unwrap(), b"12345");
    assert_eq!(fs::read(place.root.join("other")).unwrap(), b"1X34");
    assert_eq!(place.names(), ["directory", "link", "longer", "other"]);
}

/// Even root may not write everywhere: the kernel's own directory takes no files.
fn says_where_it_may_not_write(mut place: Place) {
    let source = place.source(b"1234");
    let error = place.endpoint.publish("/sys/kernel", &name("a"), &name("t"), &source).unwrap_err();
    assert_eq!((error.class, error.code), (Class::Operator, Code::PermissionDenied));
    assert!(error.what.contains("/sys/kernel"), "{}", error.what);
    assert!(source.exists(), "ours is still there");
}
