//! The status page of a large installation: every page asked for over the real server of a running
//! daemon, one request after the other, of a store with 10,000,000 rows and of one with a
//! thousandth of it. The stores are made by statements (`pages/fill.sql`): the program would take
//! hours.
//!
//! 24 payouts of 98 municipalities with 5,000,000 expectations, nearly all of them settled, and
//! 5,000,000 registrations; 1,000,000 files with four events each. Figures have been counted once
//! before it begins, and nothing else is at work. `-- 100` takes a hundredth of it all.

#![allow(clippy::unwrap_used, reason = "a benchmark that fails has nothing to say")]
#![allow(clippy::print_stdout, reason = "a benchmark's result is what it prints")]

mod support;

use modregn::config::Config;
use modregn::domain::{Kommunekode, Miljoe};
use modregn::store::{SqliteStore, Store};
use rusqlite::{Connection, params};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How often each page is asked for.
const TIMES: usize = 300;
const PAYOUTS: i64 = 24;

const CONFIG: &str = r#"
miljoe = "TEST"
state_dir = "state"
[payouts]
bankdag = -1
request_by = { bankdage = -5, at = "12:00" }
report_by = { bankdage = 5, at = "12:00" }
[retention]
archive_days = 36500
quarantine_days = 36500
[web]
listen = "127.0.0.1:0"
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
[[route]]
flow = "sf1590-fagsystem"
[route.inbox]
endpoint = "here"
directory = "debitor"
[route.inbox.plain]
pattern = "*.txt"
complete = "rename"
processed = "delete"
[route.outbox]
endpoint = "here"
directory = "ud"
name = "{overfoersel_id}"
"#;

/// The pages, one of each kind.
const PAGES: [&str; 15] = [
    "/",
    "/payout/{day}",
    "/files",
    "/files?state=rejected",
    "/files?kommune=0101&flow=sf2530",
    "/files?q=igen_0851",
    "/files/00000000-0000-7000-8000-0000001e8480",
    "/expectations",
    "/debitor",
    "/debitor/rejected",
    "/debitor/rejected?kommune=0851",
    "/debitor/rejected?aarsag=1003",
    "/system",
    "/metrics",
    "/health/ready",
];

fn main() {
    let part: u64 = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(1);
    let small = Installation::new("small", 5_000, 5_000, 1_000);
    let large = Installation::new("large", 5_000_000 / part, 5_000_000 / part, 1_000_000 / part);
    println!("\nPages of {} rows, {TIMES} requests each, ms", large.rows);
    println!("{:<44} {:>8} {:>8} {:>10} {:>8}", "", "median", "99 %", "small 99 %", "ratio");
    for page in PAGES {
        let page = page.replace("{day}", &large.before);
        let (few, many) = (small.ask(&page), large.ask(&page));
        let ratio = many[1] / few[1];
        println!("{page:<44} {:>8.2} {:>8.2} {:>10.2} {ratio:>8.1}", many[0], many[1], few[1]);
    }
}

/// A daemon over a store of its own; ended with this.
struct Installation {
    daemon: Child,
    address: String,
    rows: i64,
    /// A payout that is over.
    before: String,
}

impl Installation {
    fn new(name: &str, forventninger: u64, registreringer: u64, transfers: u64) -> Self {
        let dir = support::data_dir().join("pages").join(name);
        drop(fs::remove_dir_all(&dir));
        for inbox in ["ind", "ud", "debitor"] {
            fs::create_dir_all(dir.join(inbox)).unwrap();
        }
        fs::write(dir.join("modregn.toml"), CONFIG).unwrap();
        let config = Config::load(&dir.join("modregn.toml")).unwrap();
        let size = [forventninger / (98 * PAYOUTS.unsigned_abs()), registreringer, transfers];
        let (rows, before) = fill(&config, size);
        let (daemon, address) = start(&dir);
        let installation = Self { daemon, address, rows, before };
        while installation.get("/expectations").contains("still being counted")
            || installation.get("/debitor").contains("still being counted")
        {
            std::thread::sleep(Duration::from_millis(100));
        }
        installation
    }

    /// Median and 99th percentile of many requests, ms.
    fn ask(&self, page: &str) -> [f64; 2] {
        let mut times: Vec<_> = (0..TIMES)
            .map(|_| {
                let begun = Instant::now();
                let answer = self.get(page);
                let took = begun.elapsed();
                assert!(answer.starts_with("HTTP/1.1 200 "), "{page}: {answer:.300}");
                took.as_secs_f64() * 1e3
            })
            .collect();
        times.sort_unstable_by(f64::total_cmp);
        [times[TIMES / 2], times[TIMES * 99 / 100]]
    }

    fn get(&self, page: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let host = &self.address;
        write!(
            stream,
            "GET {page} HTTP/1.1\r\nHost: {host}\r\nAccept-Language: en\r\n\
             Connection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// Starts the daemon; where its pages are.
fn start(dir: &Path) -> (Child, String) {
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_modregn"))
        .args(["run", "--config"])
        .arg(dir.join("modregn.toml"))
        .current_dir(dir)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(daemon.stderr.take().unwrap()).lines().map(Result::unwrap);
    let listen = log.find_map(|line| {
        let (_, rest) = line.split_once("listen=\"")?;
        rest.split('"').next().map(str::to_owned)
    });
    // Whatever else it says, so that it never waits for us.
    std::thread::spawn(move || log.for_each(drop));
    (daemon, listen.expect("the daemon says where it listens"))
}

/// Makes the store: how many rows it has, and the last payout that is over.
fn fill(config: &Config, size: [u64; 3]) -> (i64, String) {
    let path = config.store_path();
    let store = SqliteStore::open(&path, Miljoe::Test).unwrap();
    assert_eq!(store.newest_event().unwrap(), 0);
    drop(store);
    let kalender = config.payouts.as_ref().unwrap();
    let mut days = vec![kalender.current(chrono::Utc::now()).unwrap()];
    while days.len() < usize::try_from(PAYOUTS).unwrap() {
        days.insert(0, kalender.previous(days[0]).unwrap());
    }
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; PRAGMA temp_store = MEMORY;
             PRAGMA foreign_keys = OFF; BEGIN;
             CREATE TEMP TABLE kommune (nr INTEGER PRIMARY KEY, kode INTEGER);
             CREATE TEMP TABLE payout (nr INTEGER PRIMARY KEY, dato, periode, at);
             CREATE TEMP TABLE size (pr_request, registreringer, transfers);",
        )
        .unwrap();
    for (nr, kommune) in Kommunekode::all().enumerate() {
        let row = params![nr, kommune.number()];
        connection.execute("INSERT INTO kommune VALUES (?1, ?2)", row).unwrap();
    }
    for (nr, day) in days.iter().enumerate() {
        let asked = *day - chrono::Days::new(10);
        let row = params![
            nr,
            day.to_string(),
            day.format("%Y%m").to_string(),
            format!("{asked}T06:00:00.000Z")
        ];
        connection.execute("INSERT INTO payout VALUES (?1, ?2, ?3, ?4)", row).unwrap();
    }
    connection
        .execute("INSERT INTO size VALUES (?1, ?2, ?3)", params![size[0], size[1], size[2]])
        .unwrap();
    connection.execute_batch(include_str!("pages/fill.sql")).unwrap();
    connection.execute_batch("COMMIT").unwrap();
    let counted = ["forventning", "registrering"].iter().map(|table| {
        let sql = format!("SELECT count(*) FROM {table}");
        connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap()
    });
    (counted.sum(), days[days.len() - 2].to_string())
}
