//! A modregn with two routes, one over a bad server and one over a good directory, and what must be
//! true of it whatever the server does.

use crate::script::{Ask, Manners};
use crate::server::BadServer;
use crate::support::installation::{Installation, Said, names};
use crate::support::oracle;
use modregn::endpoint::serviceplatformen::{
    FileDescriptor, FileMetadata, Label, MetadataRoot, Trigger, XML_BYTES,
};
use rusqlite::Connection;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use uuid::Uuid;

/// The route over the good directory, added to the one over the bad server.
const GOOD_ROUTE: &str = r#"
[limits]
files_per_pass = 500

[endpoint.god]
kind = "local"
path = "udveksling"

[[route]]
flow = "sf2530"
[route.inbox]
endpoint = "god"
directory = "ind"
poll_seconds = 1
[route.inbox.plain]
pattern = "*.txt"
complete = "rename"
processed = "delete"
[route.outbox]
endpoint = "god"
directory = "ud"
name = "svar_{kommunekode}_{forespoergsel_id}.txt"
"#;

/// How files are handed over at the bad server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Requests are renamed into place, and removed.
    Removed,
    /// Requests have a done-file, and are moved away.
    Moved,
    /// Requests have metadata, and answers a trigger.
    Platform,
}

/// A scene's own.
#[derive(Clone, Copy)]
pub(crate) struct Setup {
    /// Connections to the bad server side by side.
    pub(crate) sessions: u16,
    /// How long modregn waits for an answer, seconds.
    pub(crate) timeout: u16,
    pub(crate) way: Way,
    /// Agreements; with few an answer is written by one request.
    pub(crate) aftaler: usize,
}

impl Default for Setup {
    fn default() -> Self {
        Self { sessions: 1, timeout: 10, way: Way::Removed, aftaler: 400 }
    }
}

pub(crate) struct Scene {
    pub(crate) server: BadServer,
    pub(crate) installation: Installation,
    aftaler: PathBuf,
    /// Requests nobody has sent yet.
    unasked: Vec<PathBuf>,
    way: Way,
}

impl Scene {
    pub(crate) fn new(setup: Setup) -> Self {
        let state: Arc<OnceLock<PathBuf>> = Arc::default();
        let theirs = Arc::clone(&state);
        let safe = move |bytes: &[u8]| theirs.get().is_some_and(|state| holds(state, bytes));
        let server = BadServer::start(&["ind", "ud", "done"], Box::new(safe));
        let installation =
            Installation::new("TEST", &server.settings(setup.sessions, setup.timeout));
        state.set(installation.path("state")).unwrap();
        let mut config = fs::read_to_string(installation.config()).unwrap();
        match setup.way {
            Way::Removed => {}
            Way::Moved => {
                config = config.replace("\"rename\"", "{ done_suffix = \".done\" }");
                config = config.replace("\"delete\"", "{ move_to = \"done\" }");
            }
            Way::Platform => {
                let receiving = "serviceplatformen]\nus = \"udk\"\nsenders = [\"ky\"]\n";
                config = config.replace("plain]\n", receiving);
                config = config.replace("complete = \"rename\"\n", "");
                config += "[route.outbox.serviceplatformen]\nway = \"simpel\"\nsender = \"udk\"\n\
                           recipients = [\"ky\"]\nreceipts = { directories = [] }\n";
            }
        }
        fs::write(installation.config(), config + GOOD_ROUTE).unwrap();
        for directory in ["udveksling/ind", "udveksling/ud", "asked/bad", "asked/good"] {
            fs::create_dir_all(installation.path(directory)).unwrap();
        }
        let aftaler = installation.import_aftaler(setup.aftaler);
        let way = setup.way;
        let mut scene = Self { server, installation, aftaler, unasked: Vec::new(), way };
        scene.invent_requests();
        scene
    }

    fn invent_requests(&mut self) {
        for seed in ["1", "2", "3", "4"] {
            let directory = self.installation.path(&format!("requests-{seed}"));
            let dir = directory.to_str().unwrap();
            self.installation.done(&["generate", "forespoergsel", "--seed", seed, "--dir", dir]);
            self.unasked.extend(names(&directory).iter().map(|name| directory.join(name)));
        }
    }

    /// Where the bad server's requests come in.
    pub(crate) fn inbox(&self) -> PathBuf {
        self.server.root().join("ind")
    }

    /// Where the bad server's answers go out.
    pub(crate) fn outbox(&self) -> PathBuf {
        self.server.root().join("ud")
    }

    /// Puts so many new requests before each of the two.
    pub(crate) fn ask(&mut self, count: usize) {
        let (bad, good) = (self.inbox(), self.installation.inbox());
        for (to, asked) in [(bad, "asked/bad"), (good, "asked/good")] {
            for request in self.unasked.split_off(self.unasked.len() - count) {
                let number = self.unasked.len();
                let name = format!("{number:04}_{}", request.file_name().unwrap().display());
                fs::copy(&request, self.installation.path(asked).join(&name)).unwrap();
                let temporary = to.join(format!("{name}.tmp"));
                fs::copy(&request, &temporary).unwrap();
                fs::rename(&temporary, to.join(&name)).unwrap();
                let beside = match self.way {
                    _ if asked != "asked/bad" => None,
                    Way::Removed => None,
                    Way::Moved => Some(("done", Vec::new())),
                    Way::Platform => Some(("metadata", metadata(&name, &request))),
                };
                if let Some((suffix, bytes)) = beside {
                    fs::write(to.join(format!("{name}.{suffix}")), bytes).unwrap();
                }
            }
        }
    }

    /// Puts another request in the place of the one that stands before the bad server.
    pub(crate) fn replace(&mut self) {
        let [name] = &names(&self.inbox())[..] else { panic!("one request stands there") };
        let request = self.unasked.pop().unwrap();
        let as_asked = format!("{:04}_{name}", self.unasked.len());
        fs::copy(&request, self.installation.path("asked/bad").join(as_asked)).unwrap();
        fs::copy(&request, self.inbox().join(name)).unwrap();
    }

    /// How many requests were put before the bad server.
    pub(crate) fn asked_so_far(&self) -> usize {
        names(&self.installation.path("asked/bad")).len()
    }

    /// The names of the answers that the bad server is to get.
    pub(crate) fn answers(&self) -> Vec<String> {
        self.asked("asked/bad")
    }

    /// One round while the server behaves so. The good directory's files are answered in it.
    pub(crate) fn round(&self, what: &str, manners: Manners) -> Said {
        self.server.behave(manners);
        let said = self.installation.run(&["batch"]);
        let whole = format!("{what}: {}{}", said.out, said.err);
        assert!(matches!(said.code, Some(0..=9)) && !said.err.contains("panicked"), "{whole}");
        let (wanted, there) = (self.asked("asked/good"), names(&self.installation.outbox()));
        assert_eq!(there, wanted, "the good directory's answers. {whole}");
        self.check_promises(&whole);
        said
    }

    /// One round with a good server: then nothing is left to do, and nothing else lies about.
    pub(crate) fn settle(&self, what: &str) {
        let said = self.round(what, Manners::default());
        let whole = format!("{what}, then a good server: {}{}", said.out, said.err);
        assert_eq!(said.code, Some(0), "{whole}");
        let mut wanted = self.answers();
        if self.way == Way::Platform {
            wanted.extend(self.answers().iter().map(|name| format!("{name}.trigger")));
            wanted.sort();
        }
        assert_eq!(names(&self.outbox()), wanted, "{whole}");
        assert_eq!(names(&self.inbox()), [""; 0], "{whole}");
        let moved = if self.way == Way::Moved { self.asked_so_far() } else { 0 };
        assert_eq!(names(&self.server.root().join("done")).len(), moved, "{whole}");
        for left in ["state/spool/in", "state/spool/out", "state/quarantine"] {
            assert_eq!(names(&self.installation.path(left)), [""; 0], "{left}. {whole}");
        }
    }

    /// The same after an operator has said that the server is mended.
    pub(crate) fn mend(&self, what: &str) {
        self.installation.done(&["resume", "ky", "--reason", "mended"]);
        self.settle(what);
    }

    /// What holds at any time.
    fn check_promises(&self, whole: &str) {
        assert_eq!(self.server.breaches(), [""; 0], "{whole}");
        let asked = self.installation.path("asked/bad");
        for name in names(&asked) {
            let bytes = fs::read(asked.join(&name)).unwrap();
            let safe = holds(&self.installation.path("state"), &bytes);
            assert!(safe || has(&self.inbox(), &bytes), "{name} is lost. {whole}");
        }
    }

    /// The names of the answers to all that was asked, sorted.
    fn asked(&self, directory: &str) -> Vec<String> {
        let directory = self.installation.path(directory);
        let answer = |name: &String| {
            let head = fs::read_to_string(directory.join(name)).unwrap();
            format!("svar_{}_{}.txt", &head[2..6], &head[6..42])
        };
        let mut answers: Vec<_> = names(&directory).iter().map(answer).collect();
        answers.sort();
        answers
    }

    /// Holds every byte of both sides against the oracle, and the store against itself.
    pub(crate) fn check(&self) {
        for name in names(&self.outbox()).iter().filter(|name| name.ends_with(".trigger")) {
            let trigger = fs::read(self.outbox().join(name)).unwrap();
            let trigger = Trigger::read(&trigger, XML_BYTES).unwrap();
            let answer = name.trim_end_matches(".trigger");
            let size = fs::metadata(self.outbox().join(answer)).unwrap().len();
            assert_eq!((trigger.file.name.as_str(), trigger.file.size), (answer, size));
            fs::remove_file(self.outbox().join(name)).unwrap();
        }
        for (asked, outbox) in
            [("asked/bad", self.outbox()), ("asked/good", self.installation.outbox())]
        {
            oracle::check_answers(&self.aftaler, &self.installation.path(asked), &outbox);
        }
        let unlike: i64 = Connection::open(self.installation.path("state/modregn.db"))
            .unwrap()
            .query_row(
                "SELECT sum(antal_transaktioner) - (SELECT count(*) FROM forventning)
                 FROM forespoergsel",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(unlike, 0, "one expectation for each transaction answered");
        for transfer in self.installation.transfers() {
            if crate::GONE.contains(&transfer["name"].as_str().unwrap()) {
                continue;
            }
            let state = transfer["state"].as_str().unwrap();
            assert!(["archived", "published", "triggered"].contains(&state), "{transfer}");
        }
    }

    /// How many requests of each kind the bad server gets for one file when all is well.
    pub(crate) fn requests_for_one_file(&mut self) -> Vec<(Ask, usize)> {
        self.ask(1);
        self.settle("all is well");
        Ask::ALL.map(|ask| (ask, self.server.count(ask))).to_vec()
    }
}

/// What the platform writes beside a request.
fn metadata(name: &str, request: &Path) -> Vec<u8> {
    let label = |text| Label::parse(text).unwrap();
    let file = FileDescriptor {
        name: label(name),
        size: fs::metadata(request).unwrap().len(),
        sender: label("ky"),
        senders_file_id: None,
        recipients: vec![label("udk")],
    };
    FileMetadata { file_transfer_uuid: Uuid::now_v7(), file, routing: None }
        .write(MetadataRoot::FileMetadata)
}

/// Whether a file with these bytes lies below the state directory, where modregn keeps them.
fn holds(state: &Path, bytes: &[u8]) -> bool {
    let quarantine = state.join("quarantine");
    let set_apart = names(&quarantine).into_iter().map(|transfer| quarantine.join(transfer));
    let kept = ["spool/in", "archive"].map(|kept| state.join(kept));
    kept.into_iter().chain(set_apart).any(|directory| has(&directory, bytes))
}

/// Whether a file in a directory has these bytes.
fn has(directory: &Path, bytes: &[u8]) -> bool {
    names(directory).iter().any(|name| fs::read(directory.join(name)).is_ok_and(|b| b == bytes))
}
