//! `spsftp`, a public Python client of Serviceplatformen's SFTP, against a real SSH server: a party
//! of the exchange that the product has no part in.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test program uses a part; one that panics has failed, as it should"
)]

use super::sshd::{Options, Sshd};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// The directories of a platform, one for each SFTP user.
pub struct Mailboxes {
    dir: TempDir,
}

impl Mailboxes {
    /// With these users.
    pub fn new(users: &[&str]) -> Self {
        let mailboxes = Self { dir: TempDir::with_prefix("modregn-platform-").unwrap() };
        for user in users {
            for directory in ["IN", "OUT"] {
                fs::create_dir_all(mailboxes.user(user).join(directory)).unwrap();
            }
        }
        mailboxes
    }

    /// What the simulator is told to work on.
    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    /// The directory a user starts in.
    pub fn user(&self, user: &str) -> PathBuf {
        self.dir.path().join(user)
    }

    /// Where a user receives.
    pub fn inbox(&self, user: &str) -> PathBuf {
        self.user(user).join("IN")
    }

    /// Where a user sends from.
    pub fn outbox(&self, user: &str) -> PathBuf {
        self.user(user).join("OUT")
    }
}

/// An SFTP user with a server that shows it its own directory, as the platform's does.
pub struct Client {
    name: String,
    server: Sshd,
    key: PathBuf,
}

impl Client {
    /// The user of this name.
    pub fn new(mailboxes: &Mailboxes, name: &str) -> Self {
        let subsystem = format!("internal-sftp -d {}", mailboxes.user(name).display());
        let server = Sshd::start_with(&Options { subsystem, ..Options::default() });
        // The client knows no other kind.
        let key = server.make_key("rsa", "rsa", "");
        server.authorize(&key.with_extension("pub"));
        Self { name: name.to_owned(), server, key }
    }

    /// Sends files, named as they are.
    pub fn send(&self, to: &str, files: &[PathBuf]) {
        let output = self.run("send", to, files);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Fetches files into a directory.
    pub fn recv(&self, from: &str, into: &Path, names: &[String]) {
        let output = self.try_recv(from, into, names);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Tries to.
    pub fn try_recv(&self, from: &str, into: &Path, names: &[String]) -> Output {
        let args = [into.as_os_str().to_owned()].into_iter();
        let args: Vec<_> = args.chain(names.iter().map(Into::into)).collect();
        self.run("recv", from, &args)
    }

    fn run(&self, verb: &str, peer: &str, args: &[impl AsRef<OsStr>]) -> Output {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join("target/tools/python/bin/python");
        assert!(python.is_file(), "{} is missing: run tools/setup test", python.display());
        Command::new(python)
            .arg(root.join("tests/support/spsftp_client.py"))
            .arg(self.server.port().to_string())
            .arg(&self.key)
            .args([Sshd::user().as_str(), &self.name, verb, peer])
            .args(args)
            .output()
            .unwrap()
    }
}
