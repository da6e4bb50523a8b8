//! Full disks: real ones, small and in memory, mounted where nobody else sees them. What runs here
//! runs in a mount namespace of its own, which root has for the asking and everyone else where the
//! machine lets ordinary users have one.

use crate::support::installation::{Installation, memory};
use crate::trial::{Act, Complete, End, Invented, Kind, Plan, Start, Trial};
use modregn::crash::Point;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

/// Runs where nobody asks for another.
const RUNS: usize = 12;
/// Said to the program itself, inside.
const INSIDE: &str = "MODREGN_TEST_IN_A_NAMESPACE";

/// A disk of its own at some place.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path) -> Self {
        mount(&["-t", "tmpfs", "-o", "size=64m", "tmpfs", at.to_str().unwrap()]);
        Self(at.to_owned())
    }

    /// Leaves so much room on it, KiB.
    fn leave(&self, free: u64) {
        let there = rustix::fs::statvfs(&self.0).unwrap();
        let used = (there.f_blocks - there.f_bfree) * there.f_frsize / 1024;
        // No size at all would be no limit.
        self.resize(&format!("{}k", (used + free).max(4)));
    }

    fn make_room(&self) {
        self.resize("64m");
    }

    fn resize(&self, size: &str) {
        mount(&["-o", &format!("remount,size={size}"), self.0.to_str().unwrap()]);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Else it cannot be removed; with the namespace it ends anyway.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn mount(arguments: &[&str]) {
    let output = Command::new("mount").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Runs a test of this program, given by its name, in a mount namespace of its own; `true` = we
/// are in it.
fn inside(test: &str) -> bool {
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    let unshare = |arguments: &[&str]| {
        let mut unshare = Command::new("unshare");
        unshare.args(["--mount", "--map-root-user"]).args(arguments).env(INSIDE, "1");
        let output = unshare.output();
        output.unwrap_or_else(|e| panic!("unshare: {e}; install it: apt-get install util-linux"))
    };
    let may = unshare(&["mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
    assert!(
        may.status.success(),
        "this machine lets nobody mount a disk of their own, so a full one cannot be tried: run \
         the tests as root, or allow user namespaces: {}",
        String::from_utf8_lossy(&may.stderr)
    );
    let this = env::current_exe().unwrap();
    let output = unshare(&[this.to_str().unwrap(), "--exact", test, "--nocapture"]);
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complained}");
    assert!(said.contains("1 passed"), "no such test as {test}: {said}");
    false
}

/// A plan over directories of this machine.
fn plan(acts: Vec<Start>, finish: Act) -> Plan {
    Plan {
        kind: Kind::Local,
        complete: Complete::Rename,
        moves: false,
        triggers: false,
        from_nothing: false,
        acts,
        finish: Start::new(finish, End::ByItself),
    }
}

/// An installation with its state, or its endpoint, on a disk of its own; drop the disk first.
fn on_a_disk<'a>(
    name: &str,
    plan: &'a Plan,
    invented: &'a Invented,
    of_the_state: bool,
) -> (Trial<'a>, Disk) {
    let endpoint = "kind = \"local\"\npath = \"udveksling\"\n";
    let installation = Installation::new_in(&memory(), "TEST", endpoint);
    let root = installation.path("udveksling");
    let at = installation.path(if of_the_state { "state" } else { "udveksling/ud" });
    fs::create_dir_all(&at).unwrap();
    let disk = Disk::mount(&at);
    (Trial::in_place(name, (plan, invented), installation, &root, None), disk)
}

#[test]
fn a_full_disk_loses_nothing_and_stops_nothing_for_good() {
    if !inside("full_disk::a_full_disk_loses_nothing_and_stops_nothing_for_good") {
        return;
    }
    let invented = Invented::new();
    let number = |name| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seeds: Vec<u64> = match (number("MODREGN_SEED"), number("MODREGN_CRASH_RUNS")) {
        (Some(seed), _) => vec![seed],
        (None, Some(runs)) => (0..runs.div_ceil(4)).map(|_| rand::random()).collect(),
        (None, None) => (0..RUNS).map(|_| rand::random()).collect(),
    };
    for seed in seeds {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let end = if random.random_ratio(1, 2) {
            End::After(Duration::from_micros(random.random_range(500..60_000)))
        } else {
            End::ByItself
        };
        let processes = random.random_range(1..3);
        let start = Start { processes, may_fail: true, ..Start::new(Act::Batch, end) };
        let plan = plan(vec![start], Act::Batch);
        let name = format!("MODREGN_SEED={seed}");
        let (mut trial, disk) = on_a_disk(&name, &plan, &invented, random.random_ratio(2, 3));
        disk.leave(random.random_range(0..400));
        trial.perform(&start);
        disk.make_room();
        trial.finish();
    }
}

/// The disk has room again while the program runs: it goes on by itself.
#[test]
fn a_daemon_outlives_a_full_disk() {
    if !inside("full_disk::a_daemon_outlives_a_full_disk") {
        return;
    }
    let invented = Invented::new();
    // Room enough to start with, and not enough for three requests; none at all at the outbox.
    for (of_the_state, free) in [(true, 160), (false, 0)] {
        let start = Start::new(Act::Run, End::ByItself);
        let plan = plan(vec![start], Act::Batch);
        let (mut trial, disk) = on_a_disk("a full disk", &plan, &invented, of_the_state);
        disk.leave(free);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(1500));
                disk.make_room();
            });
            trial.perform(&start);
        });
        let log = trial.last_log();
        let met_it = ["disk is full", "No space left"].iter().any(|words| log.contains(words));
        assert!(met_it, "the disk was never full:\n{log}");
        trial.finish();
    }
}

/// Full, and ended at an instant on top of it.
#[test]
fn a_full_disk_and_a_crash_lose_nothing() {
    if !inside("full_disk::a_full_disk_and_a_crash_lose_nothing") {
        return;
    }
    let invented = Invented::new();
    for (point, free) in [
        (Point::SpoolBegun, 0),
        (Point::SpoolForgotten, 300),
        (Point::StoreCommitting, 0),
        (Point::AnswerCommitted, 300),
        (Point::DeliveryRendered, 200),
    ] {
        let start = Start { may_fail: true, ..Start::new(Act::Batch, End::At(point, 1)) };
        let plan = plan(vec![start], Act::Batch);
        let (mut trial, disk) = on_a_disk(point.name(), &plan, &invented, true);
        disk.leave(free);
        trial.perform(&start);
        disk.make_room();
        trial.finish();
    }
}
