//! Kills: the real program is ended by SIGKILL at random instants and started again, until nothing
//! waits. Then every request has its one right answer, and every agreement was marked once.
//!
//! `MODREGN_SEED=N` replays a run's instants.

mod support;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rusqlite::Connection;
use std::fs;
use std::thread;
use std::time::Duration;
use support::installation::{Installation, names};
use support::oracle;

const AGREEMENTS: usize = 3_000;
const KILLS: usize = 40;

#[test]
fn whenever_it_is_killed_nothing_is_lost_and_nothing_done_twice() {
    let seed =
        std::env::var("MODREGN_SEED").map_or_else(|_| rand::random(), |s| s.parse().unwrap());
    println!("MODREGN_SEED={seed}");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let installation = Installation::local("TEST");
    let csv = installation.import_aftaler(AGREEMENTS);
    let requests = installation.path("requests");
    installation.done(&["generate", "forespoergsel", "--dir", requests.to_str().unwrap()]);
    for name in names(&requests) {
        fs::copy(requests.join(&name), installation.inbox().join(&name)).unwrap();
    }
    for _ in 0..KILLS {
        let mut batch = installation.modregn(&["batch"]).spawn().unwrap();
        thread::sleep(Duration::from_micros(random.random_range(1_000..120_000)));
        // By its id: nothing else is ended.
        batch.kill().unwrap();
        batch.wait().unwrap();
    }
    installation.done(&["batch"]);

    oracle::check_answers(&csv, &requests, &installation.outbox());
    assert_eq!(names(&installation.inbox()), [""; 0]);
    for left in ["state/spool/in", "state/spool/out", "state/quarantine"] {
        assert_eq!(names(&installation.path(left)), [""; 0], "{left}");
    }
    assert_eq!(names(&installation.path("state/archive")).len(), 98);
    let marked_twice: i64 = Connection::open(installation.path("state/modregn.db"))
        .unwrap()
        .query_row("SELECT count(*) - count(DISTINCT aftale) FROM forventning", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(marked_twice, 0);
    for transfer in installation.transfers() {
        let state = transfer["state"].as_str().unwrap();
        assert!(["archived", "published"].contains(&state), "{transfer}");
    }
}
