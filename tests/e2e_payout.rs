//! A whole payout through a real SSH server: what is agreed, what 98 municipalities ask, what they
//! are answered, what they report, and what that comes to; the figures held against an oracle that
//! has only the answers and the reports.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use modregn::domain::Miljoe;
use modregn::store::{SqliteStore, Store};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use support::daemon::Daemon;
use support::installation::{Installation, names};
use support::oracle::{Figures, afstemning};
use support::payout::{Asked, Line, Report, read_answer};
use support::sshd::Sshd;

const KOMMUNER: usize = 98;
const AFTALER: usize = 20_000;
const OUTCOMES: [&str; 7] =
    ["fuld", "delvis", "ingen", "tilbagefoert", "over", "aaben", "udeblevet"];

/// A server, a modregn that knows it, and what has happened so far.
struct Payout {
    server: Sshd,
    installation: Installation,
    answers: PathBuf,
    reports: PathBuf,
    /// What the oracle is told.
    events: String,
}

impl Payout {
    /// The municipalities have asked, and were answered.
    fn answered() -> Self {
        let server = Sshd::start();
        for directory in ["ind", "ud", "udbetalt", "afvist"] {
            fs::create_dir(server.root().join(directory)).unwrap();
        }
        let installation = Installation::new("TEST", &server.settings());
        installation.take_reports("");
        installation.import_aftaler(AFTALER);
        let path = |name: &str| installation.path(name);
        let [requests, answers, reports] = ["requests", "answers", "reports"].map(path);
        let generate = |args: &[&str], into: &Path| {
            installation.done(&[&["generate"], args, &["--dir", into.to_str().unwrap()]].concat());
        };
        generate(&["forespoergsel"], &requests);
        let aftaler = AFTALER.to_string();
        let deviations = "--partial 5 --none 0 --missing 3 --over 1 --unexpected 1".split(' ');
        let args: Vec<_> =
            ["udbetaling", "--aftaler", &aftaler].into_iter().chain(deviations).collect();
        generate(&args, &reports);
        let mut payout = Self { server, installation, answers, reports, events: String::new() };
        payout.put("ind", &requests, names(&requests));
        let out = payout.installation.done(&["batch"]);
        assert!(out.starts_with("98 answered;"), "{out}");
        fs::create_dir(&payout.answers).unwrap();
        payout.server.batch(&format!("get ud/* {}/\n", payout.answers.display()));
        for name in names(&payout.answers) {
            writeln!(payout.events, "svar {}", payout.answers.join(name).display()).unwrap();
        }
        payout
    }

    /// Puts files as KY does: under a temporary name, then renamed.
    fn put(&self, directory: &str, from: &Path, names: Vec<String>) {
        let mut commands = String::new();
        for name in names {
            let path = from.join(&name);
            writeln!(commands, "put {} {directory}/{name}.tmp", path.display()).unwrap();
            writeln!(commands, "rename {directory}/{name}.tmp {directory}/{name}").unwrap();
        }
        self.server.batch(&commands);
    }

    /// Puts reports, and tells the oracle of them.
    fn report(&mut self, names: Vec<String>) {
        for name in &names {
            writeln!(self.events, "udbetaling {}", self.reports.join(name).display()).unwrap();
        }
        self.put("udbetalt", &self.reports, names);
    }

    /// The deadline of the payout is over.
    fn note_deadline(&mut self) {
        let path = self.installation.path("state/modregn.db");
        let mut store = SqliteStore::open(&path, Miljoe::Test).unwrap();
        store.note_udeblevne("2026-12-30".parse().unwrap(), chrono::Utc::now()).unwrap();
        self.events.push_str("frist\n");
    }

    /// What the product says, as the oracle would.
    fn figures(&self) -> Figures {
        let json =
            self.installation.done(&["report", "forventninger", "--periode", "202612", "--json"]);
        let json: Value = serde_json::from_str(&json).unwrap();
        json["kommuner"].as_array().unwrap().iter().map(figures_of).collect()
    }

    /// Holds it against the oracle; gives the sums of all municipalities.
    fn check(&self) -> BTreeMap<String, [i64; 3]> {
        let (wanted, found) = (afstemning(&self.events), self.figures());
        assert_eq!(found.len(), KOMMUNER);
        for (kommune, wanted) in &wanted {
            assert_eq!(found.get(kommune), Some(wanted), "{kommune}");
        }
        assert_eq!(found.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>());
        let mut sums = BTreeMap::new();
        for (outcome, figures) in found.into_values().flatten() {
            let sum: &mut [i64; 3] = sums.entry(outcome).or_default();
            (0..3).for_each(|at| sum[at] += figures[at]);
        }
        sums
    }
}

/// A municipality of the report, without what is nothing.
fn figures_of(json: &Value) -> (String, BTreeMap<String, [i64; 3]>) {
    let number = |value: &Value| value.as_i64().unwrap();
    let mut of_one = BTreeMap::new();
    for outcome in OUTCOMES {
        let post = &json["udfald"][outcome];
        let figures = ["antal", "forventet_oere", "modtaget_oere"].map(|of| number(&post[of]));
        of_one.insert(outcome.to_owned(), figures);
    }
    let uventet = &json["uventet"];
    of_one.insert("uventet".to_owned(), [number(&uventet["antal"]), 0, number(&uventet["oere"])]);
    of_one.retain(|_, figures| figures[0] > 0);
    (json["kommunekode"].as_str().unwrap().to_owned(), of_one)
}

/// Whether so many are about so many percent of all.
fn is_about(percent: i64, of: i64, antal: i64) -> bool {
    (antal * 1000 / of - percent * 10).abs() < 10
}

#[test]
fn a_payout_of_98_municipalities_comes_to_what_its_files_say() {
    let mut payout = Payout::answered();
    let reports = names(&payout.reports);
    assert_eq!(reports.len(), KOMMUNER);
    payout.report(reports);
    let out = payout.installation.done(&["batch"]);
    assert!(out.starts_with("98 settled;"), "{out}");
    assert!(names(&payout.server.root().join("udbetalt")).is_empty());
    let sums = payout.check();
    let antal = |outcome: &str| sums.get(outcome).map_or(0, |figures| figures[0]);
    let all: i64 = OUTCOMES.into_iter().map(antal).sum();
    assert!(all > 15_000, "{all} expectations");
    // Of what was reported in place of something else, that stays open.
    for (percent, outcome) in [(90, "fuld"), (5, "delvis"), (4, "aaben"), (1, "over")] {
        assert!(is_about(percent, all, antal(outcome)), "{outcome}: {} of {all}", antal(outcome));
    }
    assert!(is_about(1, all, antal("uventet")), "{} of {all} unexpected", antal("uventet"));

    payout.note_deadline();
    let late = payout.check();
    assert_eq!(late["udeblevet"], sums["aaben"]);
}

/// What one municipality sends after its first report: some of it put right, taken back, and added.
fn correction(answer: &[u8], random: &mut ChaCha8Rng) -> Report {
    let (request, asked) = read_answer(answer);
    let mut lines = Vec::new();
    for Asked { aftale_id, cpr, beloeb } in &asked {
        let line = |beloeb, aarsag| Line::new(aftale_id, cpr, beloeb, aarsag);
        match random.random_range(0..20) {
            0 => lines.push(line(*beloeb, "00")),
            1 => lines.push(line(beloeb / 3, "01")),
            2 => lines.push(line(0, "02")),
            3 => lines.push(line(-*beloeb, "00")),
            4 => lines.extend([line(*beloeb, "00"), line(-beloeb / 4, "00")]),
            5 => lines.push(Line::new(&format!("NY-{}", lines.len()), cpr, *beloeb, "00")),
            _ => {}
        }
    }
    let udbetaling_id = uuid::Builder::from_random_bytes(random.random()).into_uuid().to_string();
    let named = random.random_ratio(1, 2).then_some(request);
    Report {
        kommunekode: answer[2..6].iter().map(|byte| char::from(*byte)).collect(),
        ..Report::new(&udbetaling_id, named.as_deref(), &lines)
    }
}

/// In whatever order municipalities report, with files sent twice, corrected, and late.
#[test]
fn it_comes_to_that_in_any_order_with_duplicates_corrections_and_late_reports() {
    let seed =
        std::env::var("MODREGN_SEED").map_or_else(|_| rand::random(), |s| s.parse().unwrap());
    let random = &mut ChaCha8Rng::seed_from_u64(seed);
    println!("MODREGN_SEED={seed}");
    let mut payout = Payout::answered();
    let mut answers: Vec<_> = names(&payout.answers);
    answers.shuffle(random);
    // In one round nothing of one municipality corrects another: the server knows seconds alone.
    let mut rounds: [Vec<String>; 4] = std::array::from_fn(|_| Vec::new());
    for (at, answer) in answers.iter().enumerate() {
        // Some never report.
        if at % 16 == 0 {
            continue;
        }
        let kommune = &answer[5..9];
        let first = format!("SF2520_{kommune}_202612.txt");
        let round = random.random_range(0..3);
        if random.random_ratio(1, 3) {
            let again = format!("igen_{first}");
            fs::copy(payout.reports.join(&first), payout.reports.join(&again)).unwrap();
            rounds[random.random_range(round..4)].push(again);
        }
        if random.random_ratio(1, 3) {
            let bytes = fs::read(payout.answers.join(answer)).unwrap();
            let name = format!("rettet_{first}");
            fs::write(payout.reports.join(&name), correction(&bytes, random).text()).unwrap();
            rounds[3].push(name);
        }
        rounds[round].push(first);
    }
    // One more of what came first.
    let again = rounds[0].choose(random).unwrap().clone();
    rounds[3].push(again);
    let mut daemon = Daemon::start(&payout.installation, "info");
    let inbox = payout.server.root().join("udbetalt");
    for (at, mut round) in rounds.into_iter().enumerate() {
        round.shuffle(random);
        payout.report(round);
        daemon.wait_for(&inbox, 0);
        if at == 1 {
            payout.note_deadline();
        }
    }
    let log = daemon.stop();
    assert_eq!(
        payout.installation.transfers().iter().filter(|t| t["state"] == "held").count(),
        0,
        "{log}"
    );
    let sums = payout.check();
    for outcome in OUTCOMES.into_iter().filter(|outcome| *outcome != "aaben") {
        assert!(sums.contains_key(outcome), "no {outcome}: {sums:?}");
    }
}
