//! End to end through a real SSH server: requests put by OpenSSH's own `sftp` become answers
//! fetched by it, byte for byte what the oracle computes.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use support::daemon::Daemon;
use support::installation::{Installation, names};
use support::oracle::check_answers;
use support::sshd::Sshd;

const KOMMUNER: usize = 98;
const AFTALER: usize = 20_000;
/// A server, a modregn that knows it, and what KY has.
struct Exchange {
    server: Sshd,
    installation: Installation,
    aftaler: PathBuf,
    requests: PathBuf,
}

impl Exchange {
    fn new() -> Self {
        let server = Sshd::start();
        for directory in ["ind", "ud"] {
            fs::create_dir(server.root().join(directory)).unwrap();
        }
        let installation = Installation::new("TEST", &server.settings());
        let aftaler = installation.import_aftaler(AFTALER);
        let requests = installation.path("requests");
        let dir = requests.to_str().unwrap();
        installation.done(&["generate", "forespoergsel", "--dir", dir]);
        assert_eq!(names(&requests).len(), KOMMUNER);
        Self { server, installation, aftaler, requests }
    }

    /// Puts every request as KY does: under a temporary name, then renamed.
    fn put_requests(&self) {
        let mut commands = String::new();
        for name in names(&self.requests) {
            let path = self.requests.join(&name);
            writeln!(commands, "put {} ind/{name}.tmp", path.display()).unwrap();
            writeln!(commands, "rename ind/{name}.tmp ind/{name}").unwrap();
        }
        self.server.batch(&commands);
    }

    /// Fetches every answer and holds it against the oracle.
    fn check_answers(&self, into: &str) {
        let answers = self.installation.path(into);
        fs::create_dir(&answers).unwrap();
        self.server.batch(&format!("get ud/* {}/\n", answers.display()));
        check_answers(&self.aftaler, &self.requests, &answers);
        assert!(names(&self.inbox()).is_empty(), "every request is gone from the inbox");
    }

    fn inbox(&self) -> PathBuf {
        self.server.root().join("ind")
    }

    fn outbox(&self) -> PathBuf {
        self.server.root().join("ud")
    }
}

#[test]
fn a_batch_answers_98_municipalities() {
    let exchange = Exchange::new();
    exchange.put_requests();
    let out = exchange.installation.done(&["batch"]);
    assert!(out.starts_with("98 answered;"), "{out}");
    exchange.check_answers("answers");

    exchange.put_requests();
    let out = exchange.installation.done(&["batch"]);
    assert!(out.starts_with("98 answered again;"), "{out}");
    exchange.check_answers("answers-again");
}

/// Every worker comes to the same answer, while another delivers it.
#[test]
fn one_request_under_many_names_is_answered_once() {
    let exchange = Exchange::new();
    let requests = &exchange.requests;
    let mut names = names(requests).into_iter();
    let only = requests.join(names.next().unwrap());
    for other in names {
        fs::copy(&only, requests.join(other)).unwrap();
    }
    exchange.put_requests();
    let out = exchange.installation.done(&["batch"]);
    assert!(out.starts_with("1 answered, 97 answered again;"), "{out}");
    exchange.check_answers("answers");
}

#[test]
fn the_daemon_answers_98_municipalities_and_stops_when_told() {
    let exchange = Exchange::new();
    let mut daemon = Daemon::start(&exchange.installation, "info");
    exchange.put_requests();
    daemon.wait_for(&exchange.outbox(), KOMMUNER);
    daemon.stop();
    exchange.check_answers("answers");
}
