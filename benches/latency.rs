//! From a request's rename into a local inbox until its answer stands in the outbox, through the
//! real daemon: 1,000 agreements of one municipality, one request at a time.
//!
//! `cargo bench --bench latency`

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark, read by people")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

const MODREGN: &str = env!("CARGO_BIN_EXE_modregn");
const REQUESTS: u32 = 200;

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for name in ["ind", "ud"] {
        fs::create_dir(dir.join(name)).unwrap();
    }
    fs::write(dir.join("modregn.toml"), support::CONFIG).unwrap();
    let csv = dir.join("aftaler.csv");
    let csv = csv.to_str().unwrap();
    done(dir, &["generate", "aftaler", "--kommuner", "1", "--aftaler", "1000", "--output", csv]);
    done(dir, &["import", "aftaler", csv]);
    let mut daemon = modregn(dir, &["run"]).spawn().unwrap();
    // The first requests also wait for the daemon to come up; they are not counted.
    for number in 0..5 {
        ask(dir, number, &mut daemon);
    }
    let mut times: Vec<_> = (5..REQUESTS + 5).map(|number| ask(dir, number, &mut daemon)).collect();
    // By its id: nothing else is ended.
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    times.sort();
    let at = |share: usize| times[times.len() * share / 100].as_secs_f64() * 1000.0;
    println!(
        "rename to answer, {REQUESTS} requests of 1,000 agreements: median {:.1} ms, \
         90 % {:.1} ms, 99 % {:.1} ms",
        at(50),
        at(90),
        at(99)
    );
}

fn modregn(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(MODREGN);
    command.args(args).current_dir(dir).env("MODREGN_CONFIG", dir.join("modregn.toml"));
    command.env("MODREGN_LOG", "warn");
    command
}

fn done(dir: &Path, args: &[&str]) {
    assert!(modregn(dir, args).status().unwrap().success(), "modregn {args:?}");
}

/// Puts one request and waits for its answer.
fn ask(dir: &Path, number: u32, daemon: &mut Child) -> Duration {
    let id = format!("00000000-0000-4000-8000-{number:012}");
    let request = format!("100101{id}2026122420261230202612TEST{:12}\r\n", "");
    let temporary = dir.join(format!("ind/{id}.tmp"));
    fs::write(&temporary, request).unwrap();
    let answer = dir.join("ud").join(&id);
    let begun = Instant::now();
    fs::rename(&temporary, dir.join(format!("ind/{id}.txt"))).unwrap();
    while !answer.exists() {
        assert!(begun.elapsed() < Duration::from_secs(30), "no answer to {id}");
        assert!(daemon.try_wait().unwrap().is_none(), "the daemon has ended");
        std::thread::sleep(Duration::from_micros(100));
    }
    begun.elapsed()
}
