//! A running `modregn run`; ended with the test, whatever comes of it.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test program uses a part; one that panics has failed, as it should"
)]

use super::installation::{Installation, names};
use super::personal::holds_none;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// The daemon, and where its log goes.
pub struct Daemon {
    child: Child,
    log: PathBuf,
}

/// How long the daemon may take over the work of a second or two.
const PATIENCE: Duration = Duration::from_secs(120);

impl Daemon {
    /// Starts one that logs with this filter.
    pub fn start(installation: &Installation, filter: &str) -> Self {
        Self::start_off(installation, filter, 0)
    }

    /// The same, with a clock that is off by so many seconds.
    pub fn start_off(installation: &Installation, filter: &str, seconds: i64) -> Self {
        Self::start_with(installation, filter, &[("MODREGN_CLOCK_JUMPS", &seconds.to_string())])
    }

    /// The same, with these environment variables.
    pub fn start_with(installation: &Installation, filter: &str, set: &[(&str, &str)]) -> Self {
        let log = installation.path("log");
        let mut modregn = installation.modregn(&["run"]);
        modregn.env("MODREGN_LOG", filter).envs(set.iter().copied());
        modregn.stdout(Stdio::null());
        let child = modregn.stderr(File::create(&log).unwrap()).spawn().unwrap();
        Self { child, log }
    }

    /// Waits until a directory holds so many `.txt` files.
    pub fn wait_for(&mut self, directory: &Path, files: usize) {
        let begun = Instant::now();
        loop {
            let is_final = |name: &&String| Path::new(name).extension() == Some("txt".as_ref());
            let there = names(directory).iter().filter(is_final).count();
            if there == files {
                return;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "the daemon ended: {}", self.log());
            assert!(begun.elapsed() < PATIENCE, "{there} of {files} files: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The same, until it holds at least so many.
    pub fn wait_for_at_least(&mut self, directory: &Path, files: usize) {
        let begun = Instant::now();
        while names(directory).len() < files {
            assert!(begun.elapsed() < PATIENCE, "fewer than {files} files: {}", self.log());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until it has logged something.
    pub fn wait_for_log(&mut self, text: &str) {
        let begun = Instant::now();
        while !self.log().contains(text) {
            assert!(begun.elapsed() < PATIENCE, "no {text}: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Where its status page is.
    pub fn web(&mut self) -> String {
        self.wait_for_log("serving the status page");
        let log = self.log();
        let (_, rest) = log.split_once("listen=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    /// Asks it to stop, waits until it has, and gives what it logged.
    pub fn stop(mut self) -> String {
        self.signal(Signal::TERM);
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{}", self.log());
        self.log()
    }

    /// Waits until it ends by itself; its exit code.
    pub fn ends(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// What it has logged up to now.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Ended already is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            holds_none("the daemon's log", &self.log());
        }
    }
}
