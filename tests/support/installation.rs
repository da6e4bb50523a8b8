//! A modregn of its own in a temporary directory, driven through the real program.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test program uses a part; one that panics has failed, as it should"
)]

use super::personal::holds_none;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// One configuration with its state and its agreements.
pub struct Installation {
    dir: TempDir,
}

/// What a run of the program said.
pub struct Said {
    /// Its exit code.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Commands whose output is no text for people.
const FOR_OTHERS: [&str; 3] = ["export", "generate", "layout"];

impl Installation {
    /// One that exchanges files through `udveksling/ind` and `udveksling/ud` in its own directory.
    pub fn local(miljoe: &str) -> Self {
        let installation = Self::new(miljoe, "kind = \"local\"\npath = \"udveksling\"\n");
        for directory in ["ind", "ud"] {
            fs::create_dir_all(installation.path("udveksling").join(directory)).unwrap();
        }
        installation
    }

    /// One that exchanges files through `ind` and `ud` of this endpoint, given as its settings.
    pub fn new(miljoe: &str, endpoint: &str) -> Self {
        Self::new_in(&std::env::temp_dir(), miljoe, endpoint)
    }

    /// The same, in a directory below this one.
    pub fn new_in(place: &Path, miljoe: &str, endpoint: &str) -> Self {
        let route = "[route.inbox]\nendpoint = \"ky\"\ndirectory = \"ind\"\npoll_seconds = 1\n\
             [route.inbox.plain]\npattern = \"*.txt\"\ncomplete = \"rename\"\n\
             processed = \"delete\"\n\
             [route.outbox]\nendpoint = \"ky\"\ndirectory = \"ud\"\n\
             name = \"svar_{kommunekode}_{forespoergsel_id}.txt\"\n";
        Self::with_route_in(place, miljoe, endpoint, route)
    }

    /// One with this inbox and outbox, both at this endpoint, `ky`.
    pub fn with_route(miljoe: &str, endpoint: &str, route: &str) -> Self {
        Self::with_route_in(&std::env::temp_dir(), miljoe, endpoint, route)
    }

    fn with_route_in(place: &Path, miljoe: &str, endpoint: &str, route: &str) -> Self {
        let installation = Self { dir: TempDir::with_prefix_in("modregn-", place).unwrap() };
        let config = format!(
            "miljoe = {miljoe:?}\nstate_dir = \"state\"\n\n[endpoint.ky]\n{endpoint}\n\
             [[route]]\nflow = \"sf2530\"\n{route}"
        );
        fs::write(installation.config(), config).unwrap();
        installation
    }

    /// A path in the installation's directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Where requests come in, of a local one.
    pub fn inbox(&self) -> PathBuf {
        self.path("udveksling/ind")
    }

    /// Where answers go out, of a local one.
    pub fn outbox(&self) -> PathBuf {
        self.path("udveksling/ud")
    }

    /// Its configuration file.
    pub fn config(&self) -> PathBuf {
        self.path("modregn.toml")
    }

    /// The program with these arguments, its configuration known.
    pub fn modregn(&self, args: &[&str]) -> Command {
        let mut modregn = Command::new(env!("CARGO_BIN_EXE_modregn"));
        modregn.args(args).env("MODREGN_CONFIG", self.config()).env_remove("MODREGN_LOG");
        modregn.stdin(Stdio::null()).current_dir(self.dir.path());
        modregn
    }

    /// Runs the program to its end.
    pub fn run(&self, args: &[&str]) -> Said {
        let said = Said::of(self.modregn(args).output().unwrap());
        holds_none(&format!("what modregn {args:?} says"), &said.err);
        // Files for others hold them, and amounts in øre can look like them.
        let is_for_people = !FOR_OTHERS.contains(&args[0])
            && !args.iter().any(|arg| ["--json", "--csv", "--unmask"].contains(arg));
        if is_for_people {
            holds_none(&format!("what modregn {args:?} gives"), &said.out);
        }
        said
    }

    /// Runs the program, which must end with exit code 0; gives its standard output.
    pub fn done(&self, args: &[&str]) -> String {
        let said = self.run(args);
        assert_eq!(said.code, Some(0), "modregn {args:?}\n{}{}", said.out, said.err);
        said.out
    }

    /// Invents so many agreements over all municipalities and imports them; gives the CSV file.
    pub fn import_aftaler(&self, count: usize) -> PathBuf {
        let csv = self.path("aftaler.csv");
        let (count, path) = (count.to_string(), csv.to_str().unwrap());
        self.done(&["generate", "aftaler", "--aftaler", &count, "--output", path]);
        self.done(&["import", "aftaler", path]);
        csv
    }

    /// Puts the first municipalities' requests, as this seed invents them, into the inbox.
    pub fn ask(&self, seed: &str, kommuner: usize) {
        let requests = self.path(&format!("requests-{seed}"));
        let (dir, count) = (requests.to_str().unwrap(), kommuner.to_string());
        self.done(&[
            "generate",
            "forespoergsel",
            "--seed",
            seed,
            "--kommuner",
            &count,
            "--dir",
            dir,
        ]);
        for name in names(&requests) {
            fs::rename(requests.join(&name), self.inbox().join(format!("{seed}-{name}"))).unwrap();
        }
    }

    /// Every transfer, newest first, as `files list --json` tells it.
    pub fn transfers(&self) -> Vec<serde_json::Value> {
        let lines = self.done(&["files", "list", "--json", "--limit", "100000"]);
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Said {
    /// What an ended process said.
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Where files are kept in memory: for many runs, which no power cut ends.
pub fn memory() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

/// The names in a directory, sorted.
pub fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
