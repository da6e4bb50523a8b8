//! The whole exchange with SFTP servers of other make than OpenSSH: requests put by OpenSSH's
//! `sftp` become answers fetched by it, byte for byte what the oracle computes.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use std::fmt::Write as _;
use std::fs;
use support::foreign::ForeignServer;
use support::installation::{Installation, names};
use support::oracle::check_answers;

const AFTALER: usize = 5_000;

/// KY's requests go in and the answers come out, and the same once more.
fn exchange(server: &ForeignServer) {
    for directory in ["ind", "ud"] {
        fs::create_dir(server.root().join(directory)).unwrap();
    }
    let installation = Installation::new("TEST", &server.settings());
    let aftaler = installation.import_aftaler(AFTALER);
    let requests = installation.path("requests");
    installation.done(&["generate", "forespoergsel", "--dir", requests.to_str().unwrap()]);
    let mut put = String::new();
    for name in names(&requests) {
        writeln!(put, "put {} ind/{name}.tmp", requests.join(&name).display()).unwrap();
        writeln!(put, "rename ind/{name}.tmp ind/{name}").unwrap();
    }
    for said in ["98 answered;", "98 answered again;"] {
        server.batch(&put);
        let out = installation.done(&["batch"]);
        assert!(out.starts_with(said), "{out}");
        let answers = installation.path(said);
        fs::create_dir(&answers).unwrap();
        server.batch(&format!("get ud/* \"{}/\"\n", answers.display()));
        check_answers(&aftaler, &requests, &answers);
        assert_eq!(names(&server.root().join("ind")), [""; 0]);
        assert_eq!(names(&server.root().join("ud")).len(), 98, "nothing temporary is left");
    }
}

#[test]
fn with_asyncssh() {
    exchange(&ForeignServer::asyncssh());
}

#[test]
fn with_proftpd() {
    exchange(&ForeignServer::proftpd());
}
