//! Files through a real sshd on this machine: the product's endpoint against OpenSSH's own `sftp`
//! client, in turn, round after round.
//!
//! `cargo bench --bench sftp [-- DIRECTORY…]`: where the server's files lie; without any, once in
//! memory (what the wire costs) and once on the disk of temporary files (what syncing costs as
//! well). The product syncs every file it publishes; of OpenSSH's client only `sftp -f` does.

#![allow(clippy::unwrap_used, reason = "a benchmark that panics has failed, as it should")]
#![allow(clippy::print_stdout, reason = "a benchmark's result is what it prints")]

#[path = "../tests/support/sshd.rs"]
mod sshd;

use modregn::endpoint::{Endpoint, FileName, Settings};
use sshd::{Options, Sshd};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

const ROUNDS: usize = 7;
const LARGE: (usize, usize) = (1, 256 * 1024 * 1024);
const SMALL: (usize, usize) = (1000, 20_000);
const SESSIONS: [usize; 4] = [1, 2, 3, 4];
/// How long a quiet moment is waited for, and how long it must be.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(500);

fn main() {
    // Cargo passes `--bench`.
    let named: Vec<PathBuf> =
        std::env::args().skip(1).filter(|a| a != "--bench").map(PathBuf::from).collect();
    let usual = || vec![PathBuf::from("/dev/shm"), std::env::temp_dir()];
    for place in if named.is_empty() { usual() } else { named } {
        println!("\nserver's files in {}; medians of {ROUNDS} interleaved rounds", place.display());
        let bench = Bench::start(place);
        bench.upload(LARGE, &[1]);
        bench.download(LARGE, &[1]);
        bench.upload(SMALL, &SESSIONS);
        bench.download(SMALL, &SESSIONS);
    }
}

struct Bench {
    server: Sshd,
    settings: Settings,
}

/// One way to do the same work, and how long it took each time.
struct Entrant<'a> {
    name: String,
    run: Box<dyn Fn() + 'a>,
    times: Vec<Duration>,
}

fn entrant<'a>(name: impl Into<String>, run: impl Fn() + 'a) -> Entrant<'a> {
    Entrant { name: name.into(), run: Box::new(run), times: Vec::new() }
}

impl Bench {
    fn start(place: PathBuf) -> Self {
        let server = Sshd::start_with(&Options { place, ..Options::default() });
        let settings = toml::from_str(&server.settings()).unwrap();
        for (directory, (count, size)) in [("large", LARGE), ("small", SMALL)] {
            fs::create_dir(server.root().join(directory)).unwrap();
            (0..count).for_each(|n| fill(&server.root().join(directory).join(n.to_string()), size));
        }
        Self { server, settings }
    }

    /// Files of ours to a directory of the server that is empty each time.
    fn upload(&self, work: (usize, usize), sessions: &[usize]) {
        let (from, to) = (self.files(work), self.server.path("root/up"));
        let ours = |sessions| entrant(ours(sessions), move || self.publish_all(work, sessions));
        let command = format!("put {}/* up/\n", from.display());
        let mut entrants: Vec<_> = sessions.iter().copied().map(ours).collect();
        entrants.push(entrant("sftp", || self.server.batch(&command)));
        entrants.push(entrant("sftp -f", || self.server.batch_with(&["-f"], &command)));
        race("upload", work, &to, entrants);
    }

    /// Files of the server to a directory of ours that is empty each time.
    fn download(&self, work: (usize, usize), sessions: &[usize]) {
        let (from, to) = (self.files(work), self.server.path("down"));
        let ours = |sessions| {
            let to = to.clone();
            entrant(ours(sessions), move || self.fetch_all(work, sessions, &to))
        };
        let command = format!("get {}/* {}\n", from.display(), to.display());
        let mut entrants: Vec<_> = sessions.iter().copied().map(ours).collect();
        entrants.push(entrant("sftp", || self.server.batch(&command)));
        race("download", work, &to, entrants);
    }

    /// Where the files of a kind of work lie, ours and the server's at once.
    fn files(&self, (count, _): (usize, usize)) -> PathBuf {
        self.server.root().join(if count == LARGE.0 { "large" } else { "small" })
    }

    fn publish_all(&self, work: (usize, usize), sessions: usize) {
        let from = self.files(work);
        let workers = self.open(sessions).into_iter().map(|mut endpoint| {
            let from = from.clone();
            move |number: usize| {
                let name = FileName::parse(&number.to_string()).unwrap();
                let temporary = FileName::parse(&format!(".{number}.part")).unwrap();
                endpoint.publish("up", &name, &temporary, &from.join(name.as_str())).unwrap();
            }
        });
        in_threads(workers, work.0);
    }

    fn fetch_all(&self, work: (usize, usize), sessions: usize, to: &Path) {
        let from = self.files(work);
        let from = from.to_str().unwrap();
        let mut endpoints = self.open(sessions);
        let entries = endpoints[0].list(from, work.0).unwrap().entries;
        let workers = endpoints.into_iter().map(|mut endpoint| {
            let entries = &entries;
            move |number: usize| {
                let entry = &entries[number];
                let mut sink = File::create_new(to.join(entry.name.as_str())).unwrap();
                endpoint.fetch(from, entry, u64::MAX, &mut sink).unwrap();
            }
        });
        in_threads(workers, work.0);
    }

    fn open(&self, sessions: usize) -> Vec<Box<dyn Endpoint>> {
        (0..sessions).map(|_| self.settings.open("bench")).collect()
    }
}

fn ours(sessions: usize) -> String {
    format!("modregn, {sessions} session{}", if sessions == 1 { "" } else { "s" })
}

/// Does pieces of work 0 to `count`, each worker in its own thread.
fn in_threads<W: FnMut(usize) + Send>(workers: impl Iterator<Item = W>, count: usize) {
    let numbers = Mutex::new(0..count);
    let next = || numbers.lock().unwrap().next();
    thread::scope(|scope| {
        for mut work in workers {
            let next = &next;
            scope.spawn(move || {
                while let Some(number) = next() {
                    work(number);
                }
            });
        }
    });
}

/// Runs all of them in turn, each into an empty directory, and prints the medians.
fn race(what: &str, (count, size): (usize, usize), to: &Path, mut entrants: Vec<Entrant<'_>>) {
    for _ in 0..ROUNDS {
        for entrant in &mut entrants {
            let _ = fs::remove_dir_all(to);
            fs::create_dir(to).unwrap();
            wait_for_quiet();
            let begun = Instant::now();
            (entrant.run)();
            entrant.times.push(begun.elapsed());
            let sizes = fs::read_dir(to).unwrap().map(|f| f.unwrap().metadata().unwrap().len());
            let whole = sizes.filter(|&found| found == size as u64).count();
            assert_eq!(whole, count, "{}: every file, whole", entrant.name);
        }
    }
    println!("\n{what} {count} × {size} bytes{:<12}{:>10} {:>10}", "", "seconds", "× sftp");
    let median = |entrant: &mut Entrant<'_>| {
        entrant.times.sort_unstable();
        entrant.times[ROUNDS / 2].as_secs_f64()
    };
    let all: Vec<_> = entrants.iter_mut().map(|entrant| (median(entrant), &entrant.name)).collect();
    let yardstick = all.iter().find(|(_, name)| *name == "sftp").unwrap().0;
    for (time, name) in all {
        println!("  {name:<32}{time:>10.3} {:>10.2}", yardstick / time);
    }
}

/// Waits until nobody else works on this machine, but not for ever: the entrants need every core,
/// and OpenSSH's two processes get more of a busy machine than our one, which libssh2's cipher, in
/// portable C, keeps busy for two thirds of its time.
fn wait_for_quiet() {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let before = idle_ticks();
        thread::sleep(LOOK);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        // The kernel counts 100 ticks a second on every core.
        let all = LOOK.as_secs_f64() * 100.0 * f64::from(u16::try_from(cores).unwrap());
        if f64::from(idle_ticks() - before) > 0.9 * all {
            return;
        }
    }
}

/// Ticks that all cores together have been idle.
fn idle_ticks() -> u32 {
    let stat = fs::read_to_string("/proc/stat").unwrap();
    let all: Vec<_> = stat.lines().next().unwrap().split_whitespace().collect();
    all[4].parse().unwrap()
}

/// A file of bytes that do not repeat.
fn fill(path: &Path, size: usize) {
    let mut file = std::io::BufWriter::new(File::create(path).unwrap());
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..size / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        file.write_all(&state.to_le_bytes()).unwrap();
    }
    file.flush().unwrap();
}
