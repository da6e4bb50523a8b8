//! One run: an installation with a few files to answer, processes that are ended, a last one that
//! is not, and what must hold after each.

use crate::reports;
use crate::support::installation::{Installation, memory};
use crate::support::promises::{Files, Places};
use crate::support::sshd::Sshd;
use modregn::crash::Point;
use modregn::store::{Store, Transfer, TransferFilter};
use modregn::transfer::state::State;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};
use tempfile::TempDir;

const KOMMUNER: &str = "3";
const AFTALER: &str = "24";
/// A request that nobody can read.
const BAD: (&str, &[u8]) = ("ulaeselig.txt", b"10hvad er det?\r\n");
/// A request that comes under a second name too.
const AGAIN: &str = "igen.txt";
/// A small disk in memory will do; and a clock that is years off must not end the time for which
/// payloads are kept.
const SETTINGS: &str = "[limits]\nfree_bytes = 0\n\n\
     [retention]\narchive_days = 36500\nquarantine_days = 36500\n\n";
/// Has the answers sent on; nobody sends receipts here.
const TRIGGERS: &str = "[route.outbox.serviceplatformen]\nway = \"simpel\"\nsender = \"udk\"\n\
     recipients = [\"ky\"]\nreceipts = { directories = [] }\n";
/// How long a process may take over work of less than a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where files are exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// On the disk the state is on: an answer is moved there.
    Local,
    /// On another disk: an answer is copied.
    LocalCopied,
    Sftp,
}

/// When a request is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Complete {
    /// As soon as it is there.
    Rename,
    /// With a second file beside it.
    DoneFile,
    /// When it has not changed for a second.
    Stable,
}

/// What is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Import,
    Batch,
    Run,
}

/// How it ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// By SIGKILL, the n-th time it comes to this instant, if it comes there so often.
    At(Point, u32),
    /// By SIGKILL, after so long, unless it has ended before.
    After(Duration),
    /// When its work is done.
    ByItself,
}

/// Processes that are started together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub(crate) act: Act,
    pub(crate) end: End,
    /// How many; only the first ends as `end` says, the others when their work is done.
    pub(crate) processes: usize,
    /// What their clocks do.
    pub(crate) jumps: &'static str,
    /// Whether they may end with an error.
    pub(crate) may_fail: bool,
}

impl Start {
    pub(crate) const fn new(act: Act, end: End) -> Self {
        Self { act, end, processes: 1, jumps: "0", may_fail: false }
    }
}

/// One run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    pub(crate) complete: Complete,
    pub(crate) moves: bool,
    /// Whether Serviceplatformen is to send the answers on, by triggers.
    pub(crate) triggers: bool,
    /// Whether there is no store yet: the first thing started imports the agreements.
    pub(crate) from_nothing: bool,
    pub(crate) acts: Vec<Start>,
    pub(crate) finish: Start,
}

/// What is invented once for many runs: agreements, requests, reports, and what the oracles say.
pub(crate) struct Invented {
    _place: Installation,
    pub(crate) aftaler: PathBuf,
    /// A store that has the agreements, and requests of the month before.
    pub(crate) store: PathBuf,
    /// What comes to it.
    files: Files,
    /// What comes where there is no store yet: no reports, as nothing was asked.
    first_files: Files,
}

impl Invented {
    pub(crate) fn new() -> Self {
        let place = Installation::new_in(&memory(), "TEST", "kind = \"local\"\npath = \".\"\n");
        let (aftaler, requests) = (place.path("aftaler.csv"), place.path("requests"));
        let path = aftaler.to_str().unwrap();
        let kommuner = ["--kommuner", KOMMUNER];
        place.done(
            &[&["generate", "aftaler", "--aftaler", AFTALER, "--output", path], &kommuner[..]]
                .concat(),
        );
        let dir = requests.to_str().unwrap();
        place.done(&[&["generate", "forespoergsel", "--dir", dir], &kommuner[..]].concat());
        place.done(&["import", "aftaler", path]);
        let mut files = Files::of(&aftaler, &requests);
        let again = files.inbound.values().next().unwrap().clone();
        files.inbound.insert(AGAIN.to_owned(), again);
        files.inbound.insert(BAD.0.to_owned(), BAD.1.to_vec());
        files.bad.insert(BAD.0.to_owned());
        let first_files = files.clone();
        files.earlier = reports::ask(&place, &kommuner);
        files.reports = reports::invent(&place);
        let store = place.path("state/modregn.db");
        Self { _place: place, aftaler, store, files, first_files }
    }

    fn files(&self, plan: &Plan) -> &Files {
        if plan.from_nothing { &self.first_files } else { &self.files }
    }
}

/// A process that was started, and where its log goes.
struct Process {
    child: Child,
    log: PathBuf,
}

impl Drop for Process {
    fn drop(&mut self) {
        // Ended already is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An installation in the middle of a run.
pub(crate) struct Trial<'a> {
    name: String,
    plan: &'a Plan,
    invented: &'a Invented,
    installation: Installation,
    places: Places,
    _elsewhere: Option<TempDir>,
    /// How many processes were started; each has a log of its own.
    started: usize,
    /// Answers as they were when they were first seen.
    seen: BTreeMap<String, Vec<u8>>,
}

impl<'a> Trial<'a> {
    /// Everything is in place, nothing is started.
    pub(crate) fn new(
        name: &str,
        plan: &'a Plan,
        invented: &'a Invented,
        server: Option<&Sshd>,
    ) -> Self {
        let (root, elsewhere) = match (plan.kind, server) {
            (Kind::LocalCopied, _) => {
                let other_disk = TempDir::with_prefix("modregn-").unwrap();
                (Some(other_disk.path().to_owned()), Some(other_disk))
            }
            (_, Some(server)) => {
                let root = TempDir::with_prefix_in("run-", server.root()).unwrap();
                (Some(root.path().to_owned()), Some(root))
            }
            (_, None) => (None, None),
        };
        let endpoint = match (server, &root) {
            (Some(server), Some(root)) => {
                let whole = server.root().display().to_string();
                let settings = server.settings();
                settings.replace(&format!("'{whole}'"), &format!("'{}'", root.display()))
            }
            (None, Some(root)) => format!("kind = \"local\"\npath = {:?}\n", root.display()),
            _ => "kind = \"local\"\npath = \"udveksling\"\n".to_owned(),
        };
        let installation = Installation::new_in(&memory(), "TEST", &endpoint);
        let root = root.unwrap_or_else(|| installation.path("udveksling"));
        Self::in_place(name, (plan, invented), installation, &root, elsewhere)
    }

    /// The same in an installation that is there already, its endpoint's root here.
    pub(crate) fn in_place(
        name: &str,
        (plan, invented): (&'a Plan, &'a Invented),
        installation: Installation,
        root: &Path,
        elsewhere: Option<TempDir>,
    ) -> Self {
        let mut places = Places::of(&installation, root);
        let mut config = fs::read_to_string(installation.config()).unwrap();
        if plan.triggers {
            config += TRIGGERS;
            places.triggers = true;
        }
        fs::write(installation.config(), config).unwrap();
        installation.take_reports("accept = \"records\"");
        let config = fs::read_to_string(installation.config()).unwrap();
        let mut config = config.replace("[endpoint.ky]", &format!("{SETTINGS}[endpoint.ky]"));
        config = match plan.complete {
            Complete::Rename => config,
            Complete::DoneFile => config.replace("\"rename\"", "{ done_suffix = \".klar\" }"),
            Complete::Stable => config.replace("\"rename\"", "{ stable_seconds = 1 }"),
        };
        if plan.moves {
            config = config.replace("\"delete\"", "{ move_to = \"taget\" }");
            places.moved = Some(root.join("taget"));
            fs::create_dir_all(root.join("taget")).unwrap();
        }
        fs::write(installation.config(), config).unwrap();
        let Places { state, inbox, outbox, reports, refusals, .. } = &places;
        for directory in [state, inbox, outbox, reports, refusals] {
            fs::create_dir_all(directory).unwrap();
        }
        if !plan.from_nothing {
            fs::copy(&invented.store, places.state.join("modregn.db")).unwrap();
        }
        let files = invented.files(plan);
        let put = |inbox: &Path, name: &str, bytes: &[u8], age: u64| {
            let mut file = fs::File::create(inbox.join(name)).unwrap();
            file.write_all(bytes).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
            if plan.complete == Complete::DoneFile {
                fs::write(inbox.join(format!("{name}.klar")), "").unwrap();
            }
        };
        for (name, bytes) in &files.inbound {
            put(&places.inbox, name, bytes, 0);
        }
        for (name, bytes) in &files.reports.files {
            put(&places.reports, name, bytes, files.reports.ages[name]);
        }
        let (name, seen) = (name.to_owned(), BTreeMap::new());
        Self { name, plan, invented, installation, places, _elsewhere: elsewhere, started: 0, seen }
    }

    /// Starts what it says, waits until all of it has ended, and holds what is there against what
    /// must always hold. Tells whether the first was killed.
    pub(crate) fn perform(&mut self, start: &Start) -> bool {
        let mut children: Vec<_> =
            (0..start.processes).map(|at| self.spawn(start, at == 0)).collect();
        if let End::After(time) = start.end {
            thread::sleep(time);
            children[0].child.kill().unwrap();
        }
        let ends: Vec<_> = children.into_iter().map(|child| self.await_end(start, child)).collect();
        for end in ends.iter().skip(1) {
            check_exit(start, *end);
        }
        let killed = ends[0].signal() == Some(Signal::KILL.as_raw());
        if !killed {
            check_exit(start, ends[0]);
        }
        if start.act == Act::Import && killed {
            // What comes next needs the agreements.
            self.perform(&Start { end: End::ByItself, ..*start });
        }
        self.places.check_nothing_is_lost(self.invented.files(self.plan));
        for (name, answer) in self.places.visible() {
            let before = self.seen.entry(name.clone()).or_insert_with(|| answer.clone());
            assert!(*before == answer, "{name} was changed after it could be seen");
        }
        killed
    }

    /// What was started last does all that is left to do.
    pub(crate) fn finish(&mut self) {
        let finish = &self.plan.finish;
        self.perform(finish);
        let together = |start: &Start| start.processes > 1;
        let vanished = self.plan.acts.iter().chain([finish]).any(together);
        self.places.check_all_is_done(self.invented.files(self.plan), vanished);
    }

    fn spawn(&mut self, start: &Start, ends: bool) -> Process {
        let aftaler = self.invented.aftaler.to_str().unwrap();
        let arguments: &[&str] = match start.act {
            Act::Import => &["import", "aftaler", aftaler],
            Act::Batch => &["batch"],
            Act::Run => &["run"],
        };
        let mut modregn = self.installation.modregn(arguments);
        modregn.env("MODREGN_CLOCK_JUMPS", start.jumps).stdout(Stdio::null());
        self.started += 1;
        let log = self.log(self.started);
        modregn.stderr(fs::File::create(&log).unwrap());
        if let (End::At(point, time), true) = (start.end, ends) {
            modregn.env("MODREGN_CRASH_AT", format!("{}:{time}", point.name()));
        }
        Process { child: modregn.spawn().unwrap(), log }
    }

    /// Waits until a process has ended; tells a daemon to when nothing is left for it to do.
    fn await_end(&self, start: &Start, mut process: Process) -> ExitStatus {
        let child = &mut process.child;
        let begun = Instant::now();
        let mut told = start.act != Act::Run;
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            // Before it serves, the signal would end it as any program.
            let serves = |log: &Path| fs::read_to_string(log).unwrap().contains("serving");
            if !told && serves(&process.log) && self.is_quiet() {
                told = true;
                kill_process(Pid::from_child(child), Signal::TERM).unwrap();
            }
            assert!(begun.elapsed() < PATIENCE, "{start:?} does not come to an end");
            thread::sleep(Duration::from_millis(if told { 1 } else { 10 }));
        }
    }

    /// Whether every file has come to rest.
    fn is_quiet(&self) -> bool {
        let rests = |transfer: &Transfer| match transfer.state {
            State::Archived | State::Rejected | State::Vanished | State::Triggered => true,
            State::Published => {
                let earlier = &self.invented.files(self.plan).earlier.transfers;
                let sent_on = self.plan.triggers && transfer.flow == "sf2530";
                !sent_on || earlier.contains(&transfer.id)
            }
            _ => false,
        };
        let is_empty = |inbox: &Path| fs::read_dir(inbox).unwrap().next().is_none();
        is_empty(&self.places.inbox)
            && is_empty(&self.places.reports)
            && self.places.store().is_some_and(|store| {
                store.transfers(&TransferFilter::default()).unwrap().iter().all(rests)
            })
    }

    /// What the process that was started last has logged.
    pub(crate) fn last_log(&self) -> String {
        fs::read_to_string(self.log(self.started)).unwrap()
    }

    fn log(&self, number: usize) -> PathBuf {
        self.installation.path(&format!("log-{number}"))
    }
}

fn check_exit(start: &Start, status: ExitStatus) {
    let fine = match status.code() {
        Some(0) => true,
        // A batch that meets the bad file says so.
        Some(1) => start.act == Act::Batch,
        Some(3 | 4) => start.may_fail,
        _ => false,
    };
    assert!(fine, "{start:?} ended with {status}");
}

/// A run that fails says which it was.
#[expect(clippy::print_stderr, reason = "the test's own words")]
impl Drop for Trial<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}: {:#?}", self.name, self.plan);
            for number in 1..=self.started {
                let log = fs::read_to_string(self.log(number)).unwrap_or_default();
                eprintln!("-- process {number}\n{log}");
            }
        }
    }
}
