//! Races: several daemons at one store and one endpoint, some thousand files, one of the daemons
//! killed in the middle. No file is handled twice, none is left.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use modregn::store::{Store, TransferFilter};
use modregn::transfer::state::State;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use support::installation::{Installation, memory, names};
use support::promises::{Files, Places};
use support::sshd::{Options, Sshd};

/// How long the daemons may take over the work of some seconds.
const PATIENCE: Duration = Duration::from_secs(200);

/// One of the daemons; ended with the test, whatever comes of it.
struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    fn start(installation: &Installation, number: usize) -> Self {
        let log = installation.path(&format!("log-{number}"));
        let mut modregn = installation.modregn(&["run"]);
        modregn.env("MODREGN_LOG", "info").stdout(Stdio::null());
        let child = modregn.stderr(File::create(&log).unwrap()).spawn().unwrap();
        Self { child, log }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Ended already is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The requests of all municipalities, each so many times under another forespoergsel_id.
fn requests(installation: &Installation, times: u32) -> PathBuf {
    let (once, all) = (installation.path("once"), installation.path("requests"));
    installation.done(&["generate", "forespoergsel", "--dir", once.to_str().unwrap()]);
    fs::create_dir(&all).unwrap();
    for name in names(&once) {
        let mut request = fs::read(once.join(&name)).unwrap();
        for time in 0..times {
            // The first digits of its id.
            request[6..14].copy_from_slice(format!("{time:08x}").as_bytes());
            fs::write(all.join(format!("{time:04}_{name}")), &request).unwrap();
        }
    }
    all
}

/// Puts files as their sender does: under a temporary name, then renamed.
fn put<'a>(files: &Files, chosen: impl Iterator<Item = &'a String>, inbox: &Path) {
    for name in chosen {
        let temporary = inbox.join(format!("{name}.tmp"));
        fs::write(&temporary, &files.inbound[name]).unwrap();
        fs::rename(&temporary, inbox.join(name)).unwrap();
    }
}

fn all_rest(places: &Places) -> bool {
    let store = places.store().unwrap();
    let under_way = TransferFilter {
        states: State::ALL.iter().copied().filter(|state| state.is_under_way()).collect(),
        limit: Some(1),
        ..TransferFilter::default()
    };
    names(&places.inbox).is_empty() && store.transfers(&under_way).unwrap().is_empty()
}

/// So many daemons answer the requests; the first is killed when it is half done.
fn race(installation: &Installation, root: &Path, daemons: usize, times: u32) {
    let aftaler = installation.import_aftaler(400);
    let files = Files::of(&aftaler, &requests(installation, times));
    let places = Places::of(installation, root);
    let half = files.inbound.len() / 2;
    put(&files, files.inbound.keys().take(half), &places.inbox);
    let mut running: Vec<_> =
        (0..daemons).map(|number| Daemon::start(installation, number)).collect();
    put(&files, files.inbound.keys().skip(half), &places.inbox);

    let begun = Instant::now();
    let logs = |running: &[Daemon]| running.iter().map(Daemon::log).collect::<String>();
    let wait_until = |running: &[Daemon], done: &dyn Fn() -> bool| {
        while !done() {
            assert!(begun.elapsed() < PATIENCE, "they do not come to an end: {}", logs(running));
            thread::sleep(Duration::from_millis(50));
        }
    };
    wait_until(&running, &|| names(&places.outbox).len() > half);
    let mut killed = running.remove(0);
    killed.signal(Signal::KILL);
    killed.child.wait().unwrap();
    wait_until(&running, &|| all_rest(&places));
    for daemon in &mut running {
        daemon.signal(Signal::TERM);
        assert_eq!(daemon.child.wait().unwrap().code(), Some(0), "{}", daemon.log());
    }
    let took_over = logs(&running).contains("a process ended without a word");
    assert!(took_over, "nobody took over: {}", logs(&running));
    places.check_all_is_done(&files, true);

    let part = |daemon: &Daemon| daemon.log().matches(" answered ").count();
    let parts: Vec<_> = [&killed].into_iter().chain(&running).map(part).collect();
    assert!(parts.iter().all(|part| *part > 0), "one had nothing to do: {parts:?}");
}

#[test]
fn three_daemons_over_local_directories() {
    let installation = Installation::new_in(
        &memory(),
        "TEST",
        "kind = \"local\"\npath = \"udveksling\"\n\n[limits]\nfree_bytes = 0\n",
    );
    let root = installation.path("udveksling");
    for directory in ["ind", "ud"] {
        fs::create_dir_all(root.join(directory)).unwrap();
    }
    race(&installation, &root, 3, 25);
}

#[test]
fn two_daemons_over_sftp() {
    let server = Sshd::start_with(&Options { place: memory(), ..Options::default() });
    for directory in ["ind", "ud"] {
        fs::create_dir(server.root().join(directory)).unwrap();
    }
    let settings = format!("{}\n[limits]\nfree_bytes = 0\n", server.settings());
    let installation = Installation::new_in(&memory(), "TEST", &settings);
    race(&installation, &server.root(), 2, 12);
}
