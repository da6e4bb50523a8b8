//! Registrations of a fagsystem for 98 municipalities, through a real SSH server to three
//! debitorsystemer and back, while everything goes wrong that can: registrations that must be
//! rejected, files lost, doubled and spoiled on their way, processes that are ended at any instant.
//! In the end each registration is accepted or rejected, each once, and the ledgers are those that
//! an oracle computes from what was entered and what was accepted.
//!
//! `MODREGN_SEED` replays a run, `MODREGN_ANTAL=1000000` makes a large one.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use modregn::crash::Point;
use modregn::domain::Miljoe;
use modregn::domain::debitor::OverfoerselId;
use modregn::store::{Ledger, Registrations, SqliteStore};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write as _};
use std::path::PathBuf;
use support::installation::{Installation, Said, memory, names};
use support::oracle::regnskab;
use support::sshd::{Options, Sshd};

/// The debitorsystemer, and what the fagsystem calls the way to each.
const DEBITORSYSTEMER: [&str; 3] = ["opus", "prisme", "indsigt"];

/// Registrations of a run where nobody says otherwise.
const ANTAL: u64 = 3_000;

/// Rounds in which everything has come to its end.
const MOST_ROUNDS: usize = 60;

/// Most corrections that are entered in a round; what else was rejected is cancelled.
const MOST_CORRECTIONS: usize = 10;

/// What is done to files on their way.
const MISCHIEF: [&str; 4] = ["cut off", "garbled", "lost", "doubled"];

/// Both ends, what is between them, and what has been entered.
struct Exchange {
    server: Sshd,
    fagsystem: Installation,
    debitorsystemer: Vec<Installation>,
    random: ChaCha8Rng,
    /// Every registration entered so far, in that order.
    entered: PathBuf,
    /// The registrations that correct others.
    corrections: BTreeSet<String>,
    /// Transfers whose kvittering has not come in time.
    unanswered: BTreeSet<OverfoerselId>,
    /// What was done to files on their way, and to processes.
    mischief: BTreeMap<String, usize>,
}

/// An endpoint's table whose root is a directory of the server.
fn endpoint(server: &Sshd, name: &str, directory: &str) -> String {
    let root = server.root().display().to_string();
    let settings = server.settings();
    assert!(settings.contains(&root));
    format!("[endpoint.{name}]\n{}", settings.replace(&root, &format!("{root}/{directory}")))
}

/// An inbox or outbox for both flows.
fn route(flow: &str, endpoint: &str, (from, to): (&str, &str), name: &str) -> String {
    format!(
        "[[route]]\nflow = \"{flow}\"\n[route.inbox]\nendpoint = \"{endpoint}\"\n\
         directory = \"{from}\"\n[route.inbox.plain]\npattern = \"*.txt\"\n\
         complete = \"rename\"\nprocessed = \"delete\"\n[route.outbox]\n\
         endpoint = \"{endpoint}\"\ndirectory = \"{to}\"\nname = \"{name}\"\n"
    )
}

const HEAD: &str = "miljoe = \"TEST\"\nstate_dir = \"state\"\n[limits]\nfree_bytes = 0\n";

impl Exchange {
    fn new(seed: u64, antal: u64) -> Self {
        let server = Sshd::start_with(&Options { place: memory(), ..Options::default() });
        let (mut config, mut debitorsystemer) = (HEAD.to_owned(), Vec::new());
        for name in DEBITORSYSTEMER {
            for directory in ["ind", "ud"] {
                fs::create_dir_all(server.root().join(name).join(directory)).unwrap();
            }
            config += &endpoint(&server, name, name);
            let own = format!(
                "{HEAD}{}{}",
                endpoint(&server, "her", name),
                route("sf1590-debitorsystem", "her", ("ind", "ud"), "KVIT_{kvittering_id}.txt")
            );
            let installation = Installation::new_in(&memory(), "TEST", "");
            fs::write(installation.config(), own).unwrap();
            debitorsystemer.push(installation);
        }
        for name in DEBITORSYSTEMER {
            let file = "OVF_{kommunekode}_{overfoersel_id}.txt";
            config += &route("sf1590-fagsystem", name, ("ud", "ind"), file);
            config += "[route.overfoersel]\nregistreringer = 2000\n";
        }
        let fagsystem = Installation::new_in(&memory(), "TEST", "");
        fs::write(fagsystem.config(), config).unwrap();
        let entered = fagsystem.path("entered.jsonl");
        let (corrections, unanswered) = (BTreeSet::new(), BTreeSet::new());
        let (random, mischief) = (ChaCha8Rng::seed_from_u64(seed), BTreeMap::new());
        let exchange = Self {
            server,
            fagsystem,
            debitorsystemer,
            random,
            entered,
            corrections,
            unanswered,
            mischief,
        };
        exchange.enter(seed, antal);
        exchange
    }

    /// Invents registrations and enters them.
    fn enter(&self, seed: u64, antal: u64) {
        let path = |name: &str| self.fagsystem.path(name).to_str().unwrap().to_owned();
        let (sortiment, ruter) = (path("sortiment.csv"), path("ruter.csv"));
        let entered = self.entered.to_str().unwrap();
        // Of one debitorkonto only one registration is on its way: short histories, few rounds.
        let konti = antal.div_ceil(2).to_string();
        let (seed, antal) = (seed.to_string(), antal.to_string());
        let fagsystem = &self.fagsystem;
        fagsystem.done(&["generate", "sortiment", "--output", &sortiment]);
        let endpoints = DEBITORSYSTEMER.join(",");
        fagsystem.done(&["generate", "ruter", "--endpoint", &endpoints, "--output", &ruter]);
        let what = ["generate", "debitorregistreringer", "--seed", &seed, "--antal", &antal];
        let how = ["--konti", &konti, "--fejl", "30", "--output", entered];
        fagsystem.done(&[&what[..], &how].concat());
        for installation in self.debitorsystemer.iter().chain([fagsystem]) {
            installation.done(&["import", "sortiment", &sortiment]);
        }
        fagsystem.done(&["import", "ruter", &ruter]);
        let said = fagsystem.done(&["import", "debitorregistreringer", entered]);
        assert!(said.starts_with(&format!("{antal} ")), "{said}");
    }

    /// Lets one end work once; sometimes it is ended at some instant of its work.
    fn batch(&mut self, end: Option<usize>) {
        let installation = end.map_or(&self.fagsystem, |at| &self.debitorsystemer[at]);
        let mut modregn = installation.modregn(&["batch"]);
        let ended = self.random.random();
        if ended {
            let point = Point::ALL.choose(&mut self.random).unwrap().name();
            let time = self.random.random_range(1..9);
            modregn.env("MODREGN_CRASH_AT", format!("{point}:{time}"));
        }
        let said = Said::of(modregn.output().unwrap());
        match said.code {
            // What is faulty is rejected, and told.
            Some(0 | 1) => {}
            None if ended => *self.mischief.entry("ended".to_owned()).or_default() += 1,
            code => panic!("{code:?} of {end:?}\n{}{}", said.out, said.err),
        }
    }

    /// Cuts off, garbles, loses and doubles some of the files on their way: each of that at least
    /// once, and then now and again.
    fn spoil(&mut self, directory: &str) {
        let mut files = Vec::new();
        for name in DEBITORSYSTEMER {
            let place = self.server.root().join(name).join(directory);
            let there = names(&place).into_iter().map(|name| place.join(name));
            files.extend(there.filter(|path| path.extension() == Some("txt".as_ref())));
        }
        files.shuffle(&mut self.random);
        for path in files {
            let todo = MISCHIEF.iter().find(|kind| !self.was_done(kind, directory));
            let lot = self.random.random_range(0..60);
            let Some(kind) = todo.or_else(|| MISCHIEF.get(lot)) else { continue };
            let mut bytes = fs::read(&path).unwrap();
            let at = self.random.random_range(0..bytes.len());
            match *kind {
                "cut off" => fs::write(&path, &bytes[..at / 2]).unwrap(),
                "garbled" => {
                    bytes[at] = 0x07;
                    fs::write(&path, bytes).unwrap();
                }
                "lost" => fs::remove_file(&path).unwrap(),
                _ => {
                    let name = format!("igen_{}", path.file_name().unwrap().to_str().unwrap());
                    fs::write(path.with_file_name(name), bytes).unwrap();
                }
            }
            *self.mischief.entry(format!("{directory} {kind}")).or_default() += 1;
        }
    }

    fn was_done(&self, kind: &str, directory: &str) -> bool {
        self.mischief.contains_key(&format!("{directory} {kind}"))
    }

    /// What was rejected is corrected or cancelled.
    fn work_on_rejections(&mut self) {
        let (mut cancelled, mut corrected) = (Vec::new(), BTreeMap::new());
        for line in self.list("afvist").lines() {
            let stand: Value = serde_json::from_str(line).unwrap();
            let id = stand["registrering_id"].as_str().unwrap().to_owned();
            let over = stand["afvisning"]["aarsag"] == "1007";
            let again = self.corrections.contains(&id);
            if over && !again && corrected.len() < MOST_CORRECTIONS && self.random.random() {
                corrected.insert(id, Value::Null);
            } else {
                cancelled.push(id);
            }
        }
        self.find(&mut corrected);
        for (id, registrering) in corrected {
            self.correct(&id, registrering);
        }
        for ids in cancelled.chunks(500) {
            let ids = ids.iter().map(String::as_str);
            let why = ["debitor", "cancel", "--reason", "invented to be rejected"];
            let args: Vec<_> = why.into_iter().chain(ids).collect();
            self.fagsystem.done(&args);
        }
    }

    /// Looks registrations up among those that were entered.
    fn find(&self, wanted: &mut BTreeMap<String, Value>) {
        if wanted.is_empty() {
            return;
        }
        for line in BufReader::new(File::open(&self.entered).unwrap()).lines() {
            let registrering: Value = serde_json::from_str(&line.unwrap()).unwrap();
            if let Some(found) = wanted.get_mut(registrering["registrering_id"].as_str().unwrap()) {
                *found = registrering;
            }
        }
    }

    /// Enters a payment of one øre in the place of one of too much.
    fn correct(&mut self, id: &str, mut registrering: Value) {
        let mut fresh =
            || uuid::Builder::from_random_bytes(self.random.random()).into_uuid().to_string();
        let (new, indbetaling_id) = (fresh(), fresh());
        registrering["registrering_id"] = new.clone().into();
        registrering["retter"] = id.into();
        let operation = registrering["operation"].as_object_mut().unwrap();
        let content = operation.values_mut().next().unwrap();
        content["beloeb"] = 1.into();
        content["indbetaling_id"] = indbetaling_id.into();
        let line = format!("{registrering}\n");
        let file = self.fagsystem.path("correction.jsonl");
        fs::write(&file, &line).unwrap();
        let file = file.to_str().unwrap();
        self.fagsystem.done(&["debitor", "correct", "--reason", "too much", id, file]);
        let mut entered = File::options().append(true).open(&self.entered).unwrap();
        entered.write_all(line.as_bytes()).unwrap();
        self.corrections.insert(new);
    }

    /// What was not answered in the last round either is sent again.
    fn send_again(&mut self) {
        let unanswered = store(&self.fagsystem).unanswered().unwrap();
        let known = |id| self.unanswered.contains(id);
        let late = unanswered.iter().filter(|one| known(&one.overfoersel_id));
        let ids: Vec<_> = late.map(|one| one.outbound.id.to_string()).collect();
        for ids in ids.chunks(500) {
            let ids = ids.iter().map(String::as_str);
            let args: Vec<_> =
                ["retry", "--reason", "no kvittering"].into_iter().chain(ids).collect();
            self.fagsystem.done(&args);
        }
        self.unanswered = unanswered.into_iter().map(|one| one.overfoersel_id).collect();
    }

    fn list(&self, tilstande: &str) -> String {
        let limit = ["--limit", "4000000000", "--json"];
        self.fagsystem.done(&[&["debitor", "list", "--tilstand", tilstande], &limit[..]].concat())
    }

    /// How many registrations stand where.
    fn standing(&self) -> BTreeMap<String, u64> {
        let json = self.fagsystem.done(&["report", "debitor", "--json"]);
        let rows: Vec<Value> = serde_json::from_str(&json).unwrap();
        let mut all = BTreeMap::new();
        for (tilstand, antal) in rows.iter().flat_map(|row| row["antal"].as_object().unwrap()) {
            *all.entry(tilstand.clone()).or_default() += antal.as_u64().unwrap();
        }
        all
    }

    /// Goes on until nothing is open any more.
    fn carry_through(&mut self) {
        for round in 0.. {
            self.batch(None);
            let standing = self.standing();
            let is_open = |tilstand: &&str| standing.get(*tilstand).is_some_and(|antal| *antal > 0);
            let open = ["modtaget", "i-overfoersel", "afventer-kvittering", "afvist"];
            if !open.iter().any(is_open) {
                return;
            }
            assert!(round < MOST_ROUNDS, "it comes to no end: {standing:?}");
            self.spoil("ind");
            (0..DEBITORSYSTEMER.len()).for_each(|at| self.batch(Some(at)));
            self.spoil("ud");
            self.decide();
            self.work_on_rejections();
            self.send_again();
        }
    }

    /// The ends whose files wait for an operator, and these.
    fn undecided(&self) -> Vec<(&Installation, Value)> {
        let ends = self.debitorsystemer.iter().chain([&self.fagsystem]);
        let of_end = ends.flat_map(|end| end.transfers().into_iter().map(move |one| (end, one)));
        of_end.filter(|(_, one)| one["state"] == "held" || one["state"] == "dead").collect()
    }

    /// What was spoiled after the good file under its name was taken in is rejected; what could not
    /// be delivered, since something spoiled stood in its place, is sent again.
    fn decide(&mut self) {
        let mut decided = 0;
        for (end, transfer) in self.undecided() {
            let id = transfer["transfer"].as_str().unwrap();
            let lever = if transfer["state"] == "held" { "reject" } else { "retry" };
            end.done(&[lever, "--reason", "spoiled on its way", id]);
            decided += 1;
        }
        *self.mischief.entry("decided".to_owned()).or_default() += decided;
    }

    /// What each registration has come to, as the oracle is told of it; each once.
    fn answers(&self) -> String {
        let (mut answers, mut seen) = (String::new(), BTreeSet::new());
        for line in self.list("accepteret,rettet,annulleret").lines() {
            let stand: Value = serde_json::from_str(line).unwrap();
            let id = stand["registrering_id"].as_str().unwrap();
            let aarsag = stand["afvisning"]["aarsag"].as_str();
            assert_eq!(stand["tilstand"] == "accepteret", aarsag.is_none(), "{stand}");
            assert!(seen.insert(id.to_owned()), "{id} stands there twice");
            writeln!(answers, "{id} {}", aarsag.unwrap_or_default()).unwrap();
        }
        answers
    }

    /// The debitorsystemer's ledgers together, in the oracle's order.
    fn ledger(&self) -> Vec<String> {
        let mut ledger = Vec::new();
        for debitorsystem in &self.debitorsystemer {
            let csv = debitorsystem.done(&["export", "regnskab"]);
            let mut lines = csv.lines();
            assert_eq!(lines.next(), Some(COLUMNS));
            ledger.extend(lines.map(str::to_owned));
            let audit = store(debitorsystem).verify_ledger().unwrap();
            assert_eq!(audit.findings, Vec::<String>::new());
        }
        ledger.sort();
        ledger
    }
}

/// What the ledgers are exported with.
const COLUMNS: &str = "kommunekode,fagsystem,debitorkonto_id,fordring_id,delfordring_id,hovedstol,\
    nedreguleret,daekket,restance";

fn store(installation: &Installation) -> SqliteStore {
    SqliteStore::open(&installation.path("state/modregn.db"), Miljoe::Test).unwrap()
}

fn from_environment<T: std::str::FromStr>(name: &str, or: impl FnOnce() -> T) -> T {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or_else(or)
}

#[test]
fn everything_is_answered_once_whatever_goes_wrong() {
    let seed = from_environment("MODREGN_SEED", rand::random);
    let antal = from_environment("MODREGN_ANTAL", || ANTAL);
    println!("MODREGN_SEED={seed} MODREGN_ANTAL={antal}");
    let mut exchange = Exchange::new(seed, antal);
    exchange.carry_through();
    println!("{:?}", exchange.mischief);
    for (directory, kind) in ["ind", "ud"].into_iter().flat_map(|d| MISCHIEF.map(|kind| (d, kind)))
    {
        assert!(exchange.was_done(kind, directory), "nothing was {kind} in {directory}");
    }
    assert!(exchange.mischief.contains_key("ended"), "no process was ended");
    exchange.decide();
    let sortiment = exchange.fagsystem.path("sortiment.csv");
    let expected = regnskab(&sortiment, &exchange.entered, &exchange.answers());
    assert!(expected.len() as u64 > antal / 6, "{} parts of claims", expected.len());
    assert_eq!(exchange.ledger(), expected);
}
