//! What every benchmark shares: entrants run in turn, round after round, so that other load on the
//! machine meets them all alike; medians, and their ratio to a named yardstick. No times are
//! asserted: a figure is for people to read.

#![allow(dead_code, reason = "each benchmark uses what it needs")]
#![allow(clippy::print_stdout, reason = "a benchmark's result is what it prints")]

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs, process};

/// Set in the child process that runs one entrant once, to measure its memory.
const ALONE: &str = "MODREGN_BENCH_ALONE";

/// One route over local directories, with nothing to wait for.
pub(crate) const CONFIG: &str = r#"
miljoe = "TEST"
state_dir = "state"
[endpoint.here]
kind = "local"
path = "."
[[route]]
flow = "sf2530"
[route.inbox]
endpoint = "here"
directory = "ind"
[route.inbox.plain]
pattern = "*.txt"
complete = "rename"
processed = "delete"
[route.outbox]
endpoint = "here"
directory = "ud"
name = "{forespoergsel_id}"
"#;

/// Several ways to the same result.
pub(crate) struct Race<'a> {
    title: String,
    /// Work of one run, for the throughput column.
    amount: f64,
    unit: &'static str,
    entrants: Vec<Entrant<'a>>,
}

struct Entrant<'a> {
    name: &'static str,
    run: Box<dyn FnMut() + 'a>,
    wall: Vec<Duration>,
    cpu: Vec<Duration>,
}

/// Whether this process only measures one entrant's memory: input files are there already.
pub(crate) fn is_alone() -> bool {
    env::var_os(ALONE).is_some()
}

/// A place for input files, under `target`.
pub(crate) fn data_dir() -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench-data");
    fs::create_dir_all(&dir).expect("target is writable");
    dir
}

impl<'a> Race<'a> {
    /// `amount` of `unit` is done in one run: 122.0 of `MB`, 1e6 of `records`.
    pub(crate) fn new(title: &str, amount: f64, unit: &'static str) -> Self {
        Self { title: title.to_owned(), amount, unit, entrants: Vec::new() }
    }

    /// Adds a way; it panics if its result is wrong.
    pub(crate) fn entrant(mut self, name: &'static str, run: impl FnMut() + 'a) -> Self {
        let run = Box::new(run);
        self.entrants.push(Entrant { name, run, wall: Vec::new(), cpu: Vec::new() });
        self
    }

    /// Runs every entrant once to warm up, then `rounds` times in turn, and prints the table.
    /// Memory is measured with one run in a process of its own.
    pub(crate) fn run(mut self, rounds: usize, yardstick: &str) {
        if let Ok(name) = env::var(ALONE) {
            let entrant = self.entrants.iter_mut().find(|entrant| entrant.name == name);
            (entrant.expect("the parent names one of us").run)();
            println!("{}", peak_memory_kib());
            process::exit(0);
        }
        for round in 0..=rounds {
            for entrant in &mut self.entrants {
                let (start, cpu) = (Instant::now(), cpu_time());
                (entrant.run)();
                if round > 0 {
                    entrant.wall.push(start.elapsed());
                    entrant.cpu.push(cpu_time().saturating_sub(cpu));
                }
            }
        }
        self.print(rounds, yardstick);
    }

    fn print(mut self, rounds: usize, yardstick: &str) {
        println!("\n{} — medians of {rounds} interleaved rounds", self.title);
        println!(
            "{:<44} {:>9} {:>9} {:>9} {:>14} {:>9}",
            "", "wall ms", "cpu ms", "ratio", self.unit, "peak MiB"
        );
        let medians: Vec<_> = self
            .entrants
            .iter_mut()
            .map(|entrant| (entrant.name, median(&mut entrant.wall), median(&mut entrant.cpu)))
            .collect();
        let base = medians.iter().find(|(name, ..)| *name == yardstick);
        let base = base.expect("the yardstick is an entrant").1;
        for (name, wall, cpu) in medians {
            println!(
                "{name:<44} {:>9.1} {:>9.1} {:>9.2} {:>12.0}/s {:>9.1}",
                wall.as_secs_f64() * 1e3,
                cpu.as_secs_f64() * 1e3,
                wall.as_secs_f64() / base.as_secs_f64(),
                self.amount / wall.as_secs_f64(),
                memory_alone(name),
            );
        }
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// MiB that a process of its own used at most to run one entrant once.
fn memory_alone(name: &str) -> f64 {
    let own = env::current_exe().expect("a process knows its program");
    let child = Command::new(own).args(env::args_os().skip(1)).env(ALONE, name).output();
    let output = child.expect("our own program starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let kib: f64 = text.lines().last().and_then(|line| line.parse().ok()).unwrap_or(f64::NAN);
    kib / 1024.0
}

/// The most memory this process has had, KiB.
pub(crate) fn peak_memory_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or(0)
}

/// Time all threads of this process have run on a processor; other load does not count.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or(0), nanos.unwrap_or(0))
}
