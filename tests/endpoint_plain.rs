//! The convention plain: what is for us, when it is complete, and how it is cleared away. The clock
//! is the test's.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

use modregn::endpoint::plain::{Inbox, Look, Plain};
use modregn::endpoint::{Endpoint, Entry, FileName, Listing, Settings};
use modregn::fault::{Class, Code};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn plain(complete: &str) -> Plain {
    toml::from_str(&format!("pattern = \"SF2530_*.txt\"\nprocessed = \"delete\"\n{complete}"))
        .unwrap()
}

fn name(text: &str) -> FileName {
    FileName::parse(text).unwrap()
}

fn listing(files: &[(&str, u64, i64)]) -> Listing {
    let entry =
        |&(file, size, modified): &(&str, u64, i64)| Entry { name: name(file), size, modified };
    Listing { entries: files.iter().map(entry).collect(), ..Listing::default() }
}

fn ready(look: &Look) -> Vec<&str> {
    look.ready.iter().map(|entry| entry.name.as_str()).collect()
}

#[test]
fn a_name_is_for_us_by_pattern_and_ending() {
    let plain = plain("complete = { done_suffix = \".txt\" }");
    assert!(!plain.wants(&name("SF2530_0101.txt")), "a done-file itself");
    let plain = self::plain("");
    assert!(plain.wants(&name("SF2530_0101.txt")));
    assert!(plain.wants(&name("SF2530_.txt")));
    for no in ["sf2530_0101.txt", "SF2530_0101.txt.gz", "xSF2530_0101.txt", "SF2530_0101.TXT"] {
        assert!(!plain.wants(&name(no)), "{no}");
    }
    let everything: Plain = toml::from_str("pattern = \"*\"\nprocessed = \"delete\"").unwrap();
    assert!(everything.wants(&name("a")));
    for no in ["a.tmp", "a.part", "a.filepart", "a.crdownload", "a~"] {
        assert!(!everything.wants(&name(no)), "{no}");
    }
}

#[test]
fn renamed_files_are_complete_at_once() {
    let mut inbox = Inbox::new(plain("complete = \"rename\""));
    let files = listing(&[("SF2530_1.txt", 5, 1), ("SF2530_2.txt.part", 5, 1), ("other", 5, 1)]);
    let look = inbox.look(&files, Instant::now());
    assert_eq!(ready(&look), ["SF2530_1.txt"]);
    assert_eq!((look.waiting, look.again_after), (0, None));
}

#[test]
fn stable_files_are_complete_when_they_have_not_changed_long_enough() {
    let mut inbox = Inbox::new(plain("complete = { stable_seconds = 5 }"));
    let begun = Instant::now();
    let at = |seconds: u64| begun + Duration::from_secs(seconds);
    let wait = |seconds: u64| Some(Duration::from_secs(seconds));
    let look = inbox.look(&listing(&[("SF2530_1.txt", 5, 1)]), at(0));
    assert_eq!((ready(&look).len(), look.waiting, look.again_after), (0, 1, wait(5)));
    // It grows; another comes.
    let both = [("SF2530_1.txt", 9, 3), ("SF2530_2.txt", 5, 3)];
    let look = inbox.look(&listing(&both), at(3));
    assert_eq!((ready(&look).len(), look.waiting, look.again_after), (0, 2, wait(5)));
    // The same size, another time: written to again.
    let both = [("SF2530_1.txt", 9, 3), ("SF2530_2.txt", 5, 6)];
    let look = inbox.look(&listing(&both), at(6));
    assert_eq!((ready(&look).len(), look.waiting, look.again_after), (0, 2, wait(2)));
    let look = inbox.look(&listing(&both), at(8));
    assert_eq!((ready(&look), look.again_after), (vec!["SF2530_1.txt"], wait(3)));
    let look = inbox.look(&listing(&both), at(20));
    assert_eq!((ready(&look), look.again_after), (vec!["SF2530_1.txt", "SF2530_2.txt"], None));
    // Gone and back with the same size and time: what it was in between nobody knows.
    inbox.look(&listing(&[]), at(21));
    let look = inbox.look(&listing(&both), at(22));
    assert_eq!((ready(&look).len(), look.again_after), (0, wait(5)));
}

#[test]
fn files_with_a_done_file_are_complete() {
    let mut inbox = Inbox::new(plain("complete = { done_suffix = \".done\" }"));
    let files = [
        ("SF2530_1.txt", 5, 1),
        ("SF2530_1.txt.done", 0, 1),
        ("SF2530_2.txt", 5, 1),
        ("SF2530_3.txt.done", 0, 1),
    ];
    let look = inbox.look(&listing(&files), Instant::now());
    assert_eq!(ready(&look), ["SF2530_1.txt"]);
    assert_eq!((look.waiting, look.again_after), (1, None), "time alone completes nothing");
}

#[test]
fn the_default_is_to_wait_until_a_file_is_stable() {
    let mut inbox = Inbox::new(plain(""));
    let look = inbox.look(&listing(&[("SF2530_1.txt", 5, 1)]), Instant::now());
    assert_eq!(look.again_after, Some(Duration::from_secs(5)));
}

#[test]
fn settings_that_would_do_harm_are_refused() {
    for bad in [
        "complete = { done_suffix = \"\" }",
        "complete = { done_suffix = \"/done\" }",
        "complete = { stable_seconds = 0 }",
        "complete = \"stable\"",
        "ignore_suffixes = [\"\"]",
        "procesed = \"delete\"",
    ] {
        let text = format!("pattern = \"*\"\nprocessed = \"delete\"\n{bad}");
        assert!(toml::from_str::<Plain>(&text).is_err(), "{bad}");
    }
    assert!(toml::from_str::<Plain>("pattern = \"*\"").is_err(), "what becomes of a file is said");
}

struct Place {
    root: TempDir,
    endpoint: Box<dyn Endpoint>,
}

fn place(files: &[&str]) -> Place {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("inbox/kept")).unwrap();
    for file in files {
        fs::write(root.path().join("inbox").join(file), b"12345").unwrap();
    }
    let settings = format!("kind = \"local\"\npath = '{}'", root.path().display());
    let endpoint = toml::from_str::<Settings>(&settings).unwrap().open("here");
    Place { root, endpoint }
}

impl Place {
    fn entry(&mut self, file: &str) -> Entry {
        self.endpoint.stat("inbox", &name(file)).unwrap().unwrap()
    }

    fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        collect(self.root.path(), self.root.path(), &mut files);
        files.sort();
        files
    }
}

fn collect(root: &Path, directory: &Path, into: &mut Vec<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, into);
        } else {
            into.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
        }
    }
}

#[test]
fn a_fetched_file_is_removed_with_its_done_file() {
    let mut place = place(&["a", "a.done", "b"]);
    let entry = place.entry("a");
    let plain = plain("complete = { done_suffix = \".done\" }");
    for _ in 0..2 {
        plain.clear(&mut *place.endpoint, "inbox", &entry, &name("a.1")).unwrap();
        assert_eq!(place.files(), ["inbox/b"]);
    }
}

#[test]
fn a_fetched_file_is_kept_where_the_configuration_says() {
    let mut place = place(&["a", "b"]);
    let entry = place.entry("a");
    let plain: Plain =
        toml::from_str("pattern = \"*\"\nprocessed = { move_to = \"inbox/kept\" }").unwrap();
    for _ in 0..2 {
        plain.clear(&mut *place.endpoint, "inbox", &entry, &name("a.1")).unwrap();
        assert_eq!(place.files(), ["inbox/b", "inbox/kept/a.1"]);
    }
}

#[test]
fn a_file_that_is_not_the_one_fetched_stays() {
    let mut place = place(&["a", "a.done"]);
    let entry = place.entry("a");
    fs::write(place.root.path().join("inbox/a"), b"another").unwrap();
    let plain = plain("complete = { done_suffix = \".done\" }");
    let error = plain.clear(&mut *place.endpoint, "inbox", &entry, &name("a.1")).unwrap_err();
    assert_eq!((error.class, error.code), (Class::Retry, Code::FileChanged));
    assert_eq!(place.files(), ["inbox/a", "inbox/a.done"]);
}
