//! Kills on Serviceplatformen's conventions: the real program is ended by SIGKILL at random
//! instants while the platform goes on, until every receipt is in. Then the platform has carried
//! each answer exactly once.
//!
//! `MODREGN_SEED=N` replays a run's instants.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use modregn::endpoint::serviceplatformen::{FileDescriptor, Label, Trigger};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};
use support::installation::{Installation, names};
use support::oracle::check_answers;
use support::spsftp::Mailboxes;

const KOMMUNER: usize = 30;
const KILLS: usize = 25;

/// Ended with the test, by its id.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn installation(mailboxes: &Mailboxes) -> Installation {
    let endpoint = format!("kind = \"local\"\npath = '{}'\n", mailboxes.user("udk").display());
    let route = "[route.inbox]\nendpoint = \"ky\"\ndirectory = \"IN\"\n\
         [route.inbox.serviceplatformen]\nus = \"udk\"\nsenders = [\"ky\"]\n\
         pattern = \"SF2530_*.txt\"\nprocessed = \"delete\"\nbusiness_receipts = true\n\
         [route.outbox]\nendpoint = \"ky\"\ndirectory = \"OUT\"\n\
         name = \"svar_{kommunekode}_{forespoergsel_id}.txt\"\n\
         [route.outbox.serviceplatformen]\nsender = \"udk\"\nway = \"simpel\"\n\
         recipients = [\"ky\"]\nreceipts = { stable_seconds = 1 }\n";
    Installation::with_route("TEST", &endpoint, route)
}

fn send(mailboxes: &Mailboxes, name: &str, bytes: &[u8]) {
    let label = |text| Label::parse(text).unwrap();
    let file = FileDescriptor {
        name: label(name),
        size: bytes.len() as u64,
        sender: label("ky"),
        senders_file_id: None,
        recipients: vec![label("udk")],
    };
    let out = mailboxes.outbox("ky");
    fs::write(out.join(name), bytes).unwrap();
    let trigger = Trigger { file, routing: None }.write();
    fs::write(out.join(format!("{name}.trigger")), trigger).unwrap();
}

/// How many transfers of a direction and flow stand in a state.
fn count(installation: &Installation, of: (&str, &str, &str)) -> usize {
    let is = |t: &serde_json::Value| {
        (t["direction"] == of.0) && (t["flow"] == of.1) && (t["state"] == of.2)
    };
    installation.transfers().iter().filter(|transfer| is(transfer)).count()
}

#[test]
fn whenever_it_is_killed_the_platform_carries_each_answer_once() {
    let seed =
        std::env::var("MODREGN_SEED").map_or_else(|_| rand::random(), |s| s.parse().unwrap());
    println!("MODREGN_SEED={seed}");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mailboxes = Mailboxes::new(&["ky", "udk"]);
    let installation = installation(&mailboxes);
    let csv = installation.import_aftaler(1_000);
    let (requests, kommuner) = (installation.path("requests"), KOMMUNER.to_string());
    let dir = requests.to_str().unwrap();
    installation.done(&["generate", "forespoergsel", "--kommuner", &kommuner, "--dir", dir]);
    for name in names(&requests) {
        send(&mailboxes, &name, &fs::read(requests.join(&name)).unwrap());
    }
    let carried = installation.path("carried");
    let mut simulator = Command::new(env!("CARGO_BIN_EXE_modregn"));
    simulator.args(["simulate", "serviceplatformen", "--root"]).arg(mailboxes.root());
    simulator.stdout(File::create(&carried).unwrap());
    let _simulator = Running(simulator.spawn().unwrap());

    for _ in 0..KILLS {
        let mut batch = installation.modregn(&["batch"]).spawn().unwrap();
        thread::sleep(Duration::from_micros(random.random_range(1_000..300_000)));
        batch.kill().unwrap();
        batch.wait().unwrap();
    }
    let begun = Instant::now();
    while count(&installation, ("outbound", "sf2530", "received")) < KOMMUNER {
        assert!(begun.elapsed() < Duration::from_secs(120), "{:#?}", installation.transfers());
        installation.run(&["batch"]);
    }

    let carried = fs::read_to_string(carried).unwrap();
    let answers: Vec<_> = carried.lines().filter(|line| line.starts_with("udk svar_")).collect();
    assert!(answers.iter().all(|line| line.ends_with(": delivered to ky")), "{carried}");
    assert_eq!(answers.len(), KOMMUNER, "{carried}");
    assert_eq!(answers.iter().collect::<BTreeSet<_>>().len(), KOMMUNER);
    // One that was taken just before a kill comes again, with the same bytes.
    let receipts: BTreeSet<_> = carried.lines().filter(|line| line.contains("passed on")).collect();
    assert_eq!(receipts.len(), KOMMUNER, "a business receipt for each request: {carried}");

    let fetched = installation.path("answers");
    fs::create_dir(&fetched).unwrap();
    for name in names(&mailboxes.inbox("ky"))
        .iter()
        .filter(|name| name.starts_with("svar_") && !name.ends_with(".metadata"))
    {
        fs::copy(mailboxes.inbox("ky").join(name), fetched.join(name)).unwrap();
    }
    check_answers(&csv, &requests, &fetched);
    assert!(!carried.contains("waits"), "all receipts for a file have the same bytes: {carried}");
    assert_eq!(names(&mailboxes.inbox("udk")), [""; 0]);
    assert_eq!(names(&mailboxes.outbox("udk")), [""; 0]);
    assert_eq!(count(&installation, ("inbound", "kvittering", "archived")), KOMMUNER);
    assert_eq!(count(&installation, ("outbound", "kvittering", "published")), KOMMUNER);
    assert_eq!(count(&installation, ("inbound", "sf2530", "archived")), KOMMUNER);
    for left in ["state/spool/in", "state/spool/out", "state/quarantine"] {
        assert_eq!(names(&installation.path(left)), [""; 0], "{left}");
    }
}
