//! What a connection that breaks between a metadata file's removal and its file's leaves behind is
//! cleared away, and a file that only looks like it is not.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

use modregn::clock::SystemClock;
use modregn::domain::Miljoe;
use modregn::endpoint::plain::Plain;
use modregn::endpoint::serviceplatformen::{
    FileDescriptor, FileMetadata, Label, MetadataRoot, Receiving, XML_BYTES,
};
use modregn::endpoint::{Endpoint, EndpointError, Entry, FileName, Listing, Published, Settings};
use modregn::fault::{Class, Code};
use modregn::store::{SqliteStore, Store, Transfer, TransferFilter};
use modregn::transfer::intake::{self, Source};
use modregn::transfer::metadata::Platform;
use modregn::transfer::spool::Spool;
use modregn::transfer::state::State;
use modregn::transfer::{Desk, TransferError};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use tempfile::TempDir;
use uuid::Uuid;

/// An endpoint whose connection breaks at the second removal.
struct Breaking(Box<dyn Endpoint>, usize);

impl Endpoint for Breaking {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn list(&mut self, directory: &str, limit: usize) -> Result<Listing, EndpointError> {
        self.0.list(directory, limit)
    }

    fn stat(&mut self, directory: &str, name: &FileName) -> Result<Option<Entry>, EndpointError> {
        self.0.stat(directory, name)
    }

    fn fetch(
        &mut self,
        directory: &str,
        entry: &Entry,
        limit: u64,
        sink: &mut dyn Write,
    ) -> Result<(), EndpointError> {
        self.0.fetch(directory, entry, limit, sink)
    }

    fn remove(&mut self, directory: &str, name: &FileName) -> Result<(), EndpointError> {
        self.1 += 1;
        if self.1 == 2 {
            let (endpoint, what) = (self.0.name().to_owned(), "broken by the test".to_owned());
            let (class, code) = (Class::Retry, Code::ConnectionLost);
            return Err(EndpointError { endpoint, class, code, what });
        }
        self.0.remove(directory, name)
    }

    fn move_to(
        &mut self,
        directory: &str,
        name: &FileName,
        to_directory: &str,
        to_name: &FileName,
    ) -> Result<(), EndpointError> {
        self.0.move_to(directory, name, to_directory, to_name)
    }

    fn publish(
        &mut self,
        directory: &str,
        name: &FileName,
        temporary: &FileName,
        source: &Path,
    ) -> Result<Published, EndpointError> {
        self.0.publish(directory, name, temporary, source)
    }
}

/// A file that was fetched before the connection broke, and what is needed to go on with it.
struct Broken {
    dir: TempDir,
    receiving: Receiving,
    plain: Plain,
    spool: Spool,
    store: Mutex<Box<dyn Store>>,
    node: modregn::store::Node,
}

impl Broken {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("udk/IN")).unwrap();
        let receiving = "us = \"udk\"\nsenders = [\"ky\"]\nprocessed = \"delete\"";
        let receiving: Receiving = toml::from_str(receiving).unwrap();
        let spool = Spool::open(dir.path()).unwrap();
        let mut store = SqliteStore::open(&dir.path().join("db"), Miljoe::Test).unwrap();
        let node = store.enlist("test", chrono::Utc::now()).unwrap();
        let store: Mutex<Box<dyn Store>> = Mutex::new(Box::new(store));
        Self { plain: receiving.as_plain(), dir, receiving, spool, store, node }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join("udk/IN").join(name)
    }

    fn desk(&self) -> Desk<'_> {
        Desk::new(&self.store, &self.spool, &SystemClock, self.node, chrono::TimeDelta::hours(48))
    }

    fn endpoint(&self) -> Box<dyn Endpoint> {
        let path = self.dir.path().join("udk");
        let settings = format!("kind = 'local'\npath = '{}'", path.display());
        let settings: Settings = toml::from_str(&settings).unwrap();
        settings.open("ky")
    }

    fn source(&self) -> Source<'_> {
        Source {
            flow: "sf2530",
            endpoint: "ky",
            directory: "IN",
            plain: &self.plain,
            platform: Some(Platform {
                receiving: &self.receiving,
                xml_bytes: XML_BYTES,
                outbox: ("ky", "OUT"),
            }),
            limit: 1000,
            since: i64::MAX,
        }
    }

    /// Brings `a.txt` and breaks the connection when only its metadata is gone.
    fn fetched(&self) -> Transfer {
        let label = |text| Label::parse(text).unwrap();
        let file = FileDescriptor {
            name: label("a.txt"),
            size: 3,
            sender: label("ky"),
            senders_file_id: None,
            recipients: vec![label("udk")],
        };
        let file_transfer_uuid = Uuid::now_v7();
        let metadata = FileMetadata { file_transfer_uuid, file, routing: None };
        fs::write(self.path("a.txt"), "abc").unwrap();
        fs::write(self.path("a.txt.metadata"), metadata.write(MetadataRoot::FileMetadata)).unwrap();
        let mut breaking = Breaking(self.endpoint(), 0);
        let name = FileName::parse("a.txt").unwrap();
        let entry = breaking.stat("IN", &name).unwrap().unwrap();
        let broken = intake::fetch(&self.desk(), &self.source(), &mut breaking, &entry);
        assert!(matches!(broken, Err(TransferError::Endpoint(_))));
        assert!(self.path("a.txt").exists() && !self.path("a.txt.metadata").exists());
        let transfer = self.desk().store().transfers(&TransferFilter::default()).unwrap().remove(0);
        assert_eq!(transfer.state, State::Fetched);
        let delivery = self.desk().store().delivery(transfer.id).unwrap().unwrap();
        assert_eq!(delivery.file_transfer_uuid, file_transfer_uuid);
        transfer
    }

    fn take_up(&self, fetched: &Transfer) {
        intake::take_up(&self.source(), &mut *self.endpoint(), fetched).unwrap();
    }
}

#[test]
fn a_file_left_without_its_metadata_is_cleared_away() {
    let broken = Broken::new();
    let fetched = broken.fetched();
    broken.take_up(&fetched);
    assert!(!broken.path("a.txt").exists());
    broken.take_up(&fetched);
}

#[test]
fn another_file_of_its_name_is_left_alone() {
    let broken = Broken::new();
    let fetched = broken.fetched();
    for other in ["abd", "abcd"] {
        fs::write(broken.path("a.txt"), other).unwrap();
        broken.take_up(&fetched);
        assert_eq!(fs::read_to_string(broken.path("a.txt")).unwrap(), other);
    }
}
