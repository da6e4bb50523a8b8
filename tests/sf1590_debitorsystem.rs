//! SF1590_B_02 through the real program, both ends of it: what a fagsystem sends is entered into a
//! debitorsystem's ledger, each registration accepted or rejected by itself, and the kvittering is
//! understood at the other end.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use rusqlite::Connection;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use support::installation::{Installation, Said, names};

/// Both ends, with the directories between them in the first one's.
struct Ends {
    fagsystem: Installation,
    debitorsystem: Installation,
}

fn config(flow: &str, path: &str, inbox: &str, outbox: &str, id: &str) -> String {
    format!(
        "miljoe = \"TEST\"\nstate_dir = \"state\"\n\
         [endpoint.ky]\nkind = \"local\"\npath = {path:?}\n\
         [[route]]\nflow = \"{flow}\"\n\
         [route.inbox]\nendpoint = \"ky\"\ndirectory = \"{inbox}\"\n\
         [route.inbox.plain]\npattern = \"*.txt\"\ncomplete = \"rename\"\nprocessed = \"delete\"\n\
         [route.outbox]\nendpoint = \"ky\"\ndirectory = \"{outbox}\"\nname = \"{{{id}}}.txt\"\n"
    )
}

impl Ends {
    /// With invented registrations for these municipalities entered at the fagsystem's.
    fn with(kommuner: &str, args: &[&str]) -> Self {
        let ends = Self {
            fagsystem: Installation::local("TEST"),
            debitorsystem: Installation::local("TEST"),
        };
        let there = ends.fagsystem.path("udveksling");
        for name in ["registreringer", "kvitteringer"] {
            fs::create_dir(there.join(name)).unwrap();
        }
        let path = there.to_str().unwrap();
        let (out, back) = ("registreringer", "kvitteringer");
        let fagsystem = config("sf1590-fagsystem", path, back, out, "overfoersel_id");
        let debitorsystem = config("sf1590-debitorsystem", path, out, back, "kvittering_id");
        fs::write(ends.fagsystem.config(), fagsystem).unwrap();
        fs::write(ends.debitorsystem.config(), debitorsystem).unwrap();
        let generate = ends.fagsystem.done(&["generate", "sortiment"]);
        fs::write(ends.fagsystem.path("sortiment.csv"), &generate).unwrap();
        fs::write(ends.debitorsystem.path("sortiment.csv"), &generate).unwrap();
        ends.fagsystem.done(&["import", "sortiment", "sortiment.csv"]);
        let ruter = ["generate", "ruter", "--kommuner", kommuner, "--endpoint", "ky"];
        ends.fagsystem.done(&[&ruter[..], &["--output", "ruter.csv"]].concat());
        ends.fagsystem.done(&["import", "ruter", "ruter.csv"]);
        let invent = ["generate", "debitorregistreringer", "--kommuner", kommuner];
        ends.fagsystem.done(&[&invent[..], args, &["--output", "lines.jsonl"]].concat());
        ends.fagsystem.done(&["import", "debitorregistreringer", "lines.jsonl"]);
        ends
    }

    /// The same, and the debitorsystem knows the sortiment.
    fn ready(kommuner: &str, args: &[&str]) -> Self {
        let ends = Self::with(kommuner, args);
        ends.debitorsystem.done(&["import", "sortiment", "sortiment.csv"]);
        ends
    }

    fn out(&self) -> PathBuf {
        self.fagsystem.path("udveksling/registreringer")
    }

    fn back(&self) -> PathBuf {
        self.fagsystem.path("udveksling/kvitteringer")
    }

    /// The one transfer that stands there.
    fn one_transfer(&self) -> PathBuf {
        let names = names(&self.out());
        assert_eq!(names.len(), 1, "{names:?}");
        self.out().join(&names[0])
    }

    /// Files go to and fro until none is left.
    fn exchange(&self) {
        for _ in 0..50 {
            self.fagsystem.done(&["batch"]);
            if names(&self.out()).is_empty() {
                return;
            }
            self.debitorsystem.done(&["batch"]);
            assert!(!names(&self.back()).is_empty(), "a transfer is not answered");
        }
        panic!("there is no end of it");
    }

    fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        let store = Connection::open(self.debitorsystem.path("state/modregn.db")).unwrap();
        store.query_row(&sql, [], |row| row.get(0)).unwrap()
    }

    fn problem(said: &Said) -> &str {
        assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
        said.out.lines().nth(1).unwrap().trim().split(':').next().unwrap()
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// What must be left to pay on every part of every claim, by what the fagsystem knows as accepted.
fn expected(ends: &Ends) -> BTreeMap<(String, String), [i64; 3]> {
    let store = Connection::open(ends.fagsystem.path("state/modregn.db")).unwrap();
    let sql = "SELECT i.json FROM registrering r JOIN indhold i ON i.registrering = r.nr
               WHERE r.tilstand = 'accepteret' ORDER BY r.nr";
    let mut statement = store.prepare(sql).unwrap();
    let lines = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let mut sums: BTreeMap<_, [i64; 3]> = BTreeMap::new();
    for line in lines {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let (name, what) = line["operation"].as_object().unwrap().iter().next().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let key = || (text(&what["fordring_id"]), text(&what["delfordring_id"]));
        match name.as_str() {
            "OpretDebitorkonto" => {
                for claim in what["fordringer"].as_array().into_iter().flatten() {
                    for part in claim["delfordringer"].as_array().unwrap() {
                        let key = (text(&claim["fordring_id"]), text(&part["delfordring_id"]));
                        sums.insert(key, [part["beloeb"].as_i64().unwrap(), 0, 0]);
                    }
                }
            }
            "ForetagIndbetaling" => {
                let back = what["tilbagefoerer"].is_string();
                let amount = what["beloeb"].as_i64().unwrap();
                sums.get_mut(&key()).unwrap()[2] += if back { -amount } else { amount };
            }
            "ForetagIndbetalingNedregulering" => {
                sums.get_mut(&key()).unwrap()[1] += what["beloeb"].as_i64().unwrap();
            }
            _ => {}
        }
    }
    sums
}

/// The ledger as it is exported, and whether it is what the fagsystem knows as accepted.
fn agreed(ends: &Ends) -> String {
    let csv = ends.debitorsystem.done(&["export", "regnskab"]);
    let mut rows = csv.lines();
    assert_eq!(
        rows.next().unwrap(),
        "kommunekode,fagsystem,debitorkonto_id,fordring_id,delfordring_id,hovedstol,\
         nedreguleret,daekket,restance"
    );
    let mut entered = BTreeMap::new();
    for row in rows {
        let cells: Vec<_> = row.split(',').collect();
        assert!(["0101", "0751"].contains(&cells[0]), "{row}");
        let oere = [5, 6, 7, 8].map(|at| cells[at].parse::<i64>().unwrap());
        assert_eq!(oere[3], oere[0] - oere[1] - oere[2], "{row}");
        assert!(oere[3] >= 0, "{row}");
        entered.insert((cells[3].to_owned(), cells[4].to_owned()), [oere[0], oere[1], oere[2]]);
    }
    assert_eq!(entered, expected(ends));
    csv
}

#[test]
fn what_one_end_knows_as_accepted_is_what_the_other_end_has_entered() {
    let ends = Ends::ready("0101,0751", &["--antal", "600", "--fejl", "80"]);
    ends.exchange();
    let csv = agreed(&ends);
    assert!(expected(&ends).values().any(|[_, _, paid]| *paid > 0));
    // Every reason that the generator knows how to give.
    let codes = "SELECT DISTINCT aarsag FROM registreringssvar WHERE aarsag IS NOT NULL";
    let store = Connection::open(ends.debitorsystem.path("state/modregn.db")).unwrap();
    let mut statement = store.prepare(codes).unwrap();
    let codes = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let codes: BTreeSet<_> = codes.map(Result::unwrap).collect();
    assert!(codes.len() >= 3, "{codes:?}");
    let verified = ends.debitorsystem.done(&["audit", "verify"]);
    assert!(verified.contains("it adds up"), "{verified}");
    let file = ends.debitorsystem.path("regnskab.csv");
    ends.debitorsystem.done(&["export", "regnskab", "--output", file.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(file).unwrap(), csv);
}

#[test]
fn the_same_transfer_again_gets_the_same_kvittering_and_does_nothing() {
    let ends = Ends::ready("0101,0751", &["--antal", "60"]);
    ends.fagsystem.done(&["batch"]);
    for name in names(&ends.out()) {
        fs::copy(ends.out().join(&name), ends.fagsystem.path(&name)).unwrap();
    }
    let transfers = names(&ends.out());
    ends.debitorsystem.done(&["batch"]);
    let kvitteringer = names(&ends.back());
    assert_eq!(kvitteringer.len(), transfers.len());
    let first: Vec<_> =
        kvitteringer.iter().map(|name| fs::read(ends.back().join(name)).unwrap()).collect();
    let before =
        (ends.count("postering"), ends.count("debitorkonto"), ends.count("registreringssvar"));
    for name in &kvitteringer {
        fs::remove_file(ends.back().join(name)).unwrap();
    }
    // Under its own name, and under another one.
    for (at, name) in transfers.iter().enumerate() {
        let new = if at == 0 { name.clone() } else { format!("igen-{name}") };
        fs::copy(ends.fagsystem.path(name), ends.out().join(new)).unwrap();
    }
    let said = ends.debitorsystem.done(&["batch"]);
    assert!(said.contains("answered again"), "{said}");
    assert_eq!(names(&ends.back()), kvitteringer);
    for (name, first) in kvitteringer.iter().zip(&first) {
        assert_eq!(&fs::read(ends.back().join(name)).unwrap(), first);
    }
    let after =
        (ends.count("postering"), ends.count("debitorkonto"), ends.count("registreringssvar"));
    assert_eq!(after, before);
}

#[test]
fn a_kvittering_that_was_cancelled_leaves_only_when_an_operator_says_so() {
    let ends = Ends::ready("0101", &["--antal", "60"]);
    ends.fagsystem.done(&["batch"]);
    let transfer = ends.one_transfer();
    let bytes = fs::read(&transfer).unwrap();
    // It cannot be delivered, and then shall not be.
    fs::rename(ends.back(), ends.fagsystem.path("away")).unwrap();
    ends.debitorsystem.run(&["batch"]);
    let owed = &ends.debitorsystem.transfers()[0];
    assert_eq!(owed["direction"], "outbound", "{owed}");
    let id = owed["transfer"].as_str().unwrap();
    ends.debitorsystem.done(&["cancel", id, "--reason", "afventer"]);
    fs::rename(ends.fagsystem.path("away"), ends.back()).unwrap();
    ends.debitorsystem.run(&["resume", "ky", "--reason", "på plads igen"]);
    let before = ends.count("registreringssvar");
    fs::write(&transfer, &bytes).unwrap();
    let said = ends.debitorsystem.run(&["batch"]);
    assert_eq!(Ends::problem(&said), "answer-cancelled", "{}", said.out);
    assert_eq!(names(&ends.back()), [""; 0]);
    let again = ends.debitorsystem.transfers()[0]["transfer"].as_str().unwrap().to_owned();
    ends.debitorsystem.done(&["release", &again, "--reason", "den skal sendes"]);
    ends.debitorsystem.done(&["batch"]);
    assert_eq!(names(&ends.back()).len(), 1);
    assert_eq!(ends.count("registreringssvar"), before);
}

#[test]
fn another_transfer_of_a_known_name_is_held() {
    let ends = Ends::ready("0101", &["--antal", "60"]);
    ends.fagsystem.done(&["batch"]);
    let transfer = ends.one_transfer();
    let bytes = fs::read(&transfer).unwrap();
    ends.debitorsystem.done(&["batch"]);
    let before = ends.count("registreringssvar");
    // A second later it is another file.
    let mut other = bytes;
    let (day, time) = (43 - 1 + 8, 6);
    other[day..day + time].copy_from_slice(b"235959");
    fs::write(ends.out().join("other.txt"), &other).unwrap();
    let said = ends.debitorsystem.run(&["batch"]);
    assert_eq!(Ends::problem(&said), "transfer-conflict", "{}", said.out);
    assert_eq!(ends.count("registreringssvar"), before);
}

#[test]
fn a_file_with_faults_is_rejected_whole() {
    let ends = Ends::ready("0101", &["--antal", "60"]);
    ends.fagsystem.done(&["batch"]);
    let transfer = ends.one_transfer();
    let mut bytes = fs::read(&transfer).unwrap();
    // Its last record says less than there is.
    let end = bytes.len() - 2;
    bytes.truncate(end - 202);
    fs::write(&transfer, bytes).unwrap();
    let said = ends.debitorsystem.run(&["batch"]);
    assert_eq!(said.code, Some(1), "{}", said.out);
    assert!(said.out.starts_with("rejected  "), "{}", said.out);
    assert_eq!((ends.count("debitorkonto"), ends.count("registreringssvar")), (0, 0));
    assert_eq!(names(&ends.back()), [""; 0]);
}

#[test]
fn a_fagsystem_without_sortiment_is_held_until_it_has_one() {
    let ends = Ends::with("0101", &["--antal", "60"]);
    ends.fagsystem.done(&["batch"]);
    ends.one_transfer();
    let said = ends.debitorsystem.run(&["batch"]);
    assert_eq!(Ends::problem(&said), "sortiment-unknown", "{}", said.out);
    assert_eq!(ends.count("registreringssvar"), 0);
    ends.debitorsystem.done(&["import", "sortiment", "sortiment.csv"]);
    let transfers = ends.debitorsystem.transfers();
    let id = transfers[0]["transfer"].as_str().unwrap();
    ends.debitorsystem.done(&["release", id, "--reason", "sortiment er indlæst"]);
    ends.debitorsystem.done(&["batch"]);
    assert_eq!(names(&ends.back()).len(), 1);
    assert!(ends.count("debitorkonto") > 0);
}

#[test]
fn a_transfer_for_another_municipality_is_rejected() {
    let ends = Ends::ready("0101", &["--antal", "60"]);
    let config = fs::read_to_string(ends.debitorsystem.config()).unwrap();
    let flow = "flow = \"sf1590-debitorsystem\"\n";
    let others = config.replace(flow, &format!("{flow}kommuner = [\"0147\", \"0751\"]\n"));
    fs::write(ends.debitorsystem.config(), others).unwrap();
    ends.fagsystem.done(&["batch"]);
    let transfer = ends.one_transfer();
    let bytes = fs::read(&transfer).unwrap();
    let said = ends.debitorsystem.run(&["batch"]);
    assert_eq!(Ends::problem(&said), "wrong-recipient", "{}", said.out);
    // For the right one, but in another's name.
    fs::write(ends.debitorsystem.config(), config).unwrap();
    let mut other = bytes;
    let start = latin1(&other)[..200].to_owned();
    let cvr = start.find("64942212").unwrap();
    other[cvr..cvr + 8].copy_from_slice(b"55133018");
    fs::write(transfer.with_file_name("other.txt"), &other).unwrap();
    let said = ends.debitorsystem.run(&["batch"]);
    assert_eq!(Ends::problem(&said), "wrong-recipient", "{}", said.out);
    assert_eq!((ends.count("debitorkonto"), ends.count("registreringssvar")), (0, 0));
}

#[test]
fn no_person_is_told_of_outside_the_files_and_the_store() {
    let ends = Ends::ready("0101", &["--antal", "60", "--fejl", "300"]);
    ends.fagsystem.done(&["batch"]);
    let transfer = ends.one_transfer();
    let bytes = fs::read(&transfer).unwrap();
    let mut said = String::new();
    // First with a fault in every record of its kind, then without.
    let faulty = latin1(&bytes).replace("\n30JA", "\n30JX");
    fs::write(
        transfer.with_file_name("faulty.txt"),
        faulty.chars().map(|c| c as u8).collect::<Vec<_>>(),
    )
    .unwrap();
    let mut batch = ends.debitorsystem.modregn(&["batch"]);
    let all = Said::of(batch.env("MODREGN_LOG", "trace").output().unwrap());
    said += &(all.out + &all.err);
    for transfer in ends.debitorsystem.transfers() {
        let id = transfer["transfer"].as_str().unwrap();
        said += &ends.debitorsystem.done(&["files", "show", id]);
        if transfer["state"] == "rejected" {
            said += &ends.debitorsystem.done(&["files", "show", id, "--report", "text"]);
        }
    }
    assert!(said.contains("faulty.txt"), "{said}");
    let kvittering = names(&ends.back()).remove(0);
    said += &latin1(&fs::read(ends.back().join(kvittering)).unwrap());
    said += &ends.debitorsystem.done(&["export", "regnskab"]);
    let lines = fs::read_to_string(ends.fagsystem.path("lines.jsonl")).unwrap();
    let numbers: BTreeSet<_> = lines.split("\"cpr\":\"").skip(1).map(|rest| &rest[..10]).collect();
    assert!(numbers.len() > 5, "{numbers:?}");
    for number in numbers {
        assert!(!said.contains(number), "a CPR number is told");
    }
}

#[test]
fn a_dry_run_says_what_would_be_entered_and_enters_nothing() {
    let ends = Ends::ready("0101", &["--antal", "60"]);
    ends.fagsystem.done(&["batch"]);
    ends.one_transfer();
    let said = ends.debitorsystem.done(&["batch", "--dry-run"]);
    assert!(said.contains("entered, answered"), "{said}");
    assert_eq!((ends.count("debitorkonto"), ends.count("registreringssvar")), (0, 0));
    ends.one_transfer();
}

#[test]
fn a_ledger_that_other_hands_have_changed_is_found() {
    let ends = Ends::ready("0101", &["--antal", "120"]);
    ends.exchange();
    let store = Connection::open(ends.debitorsystem.path("state/modregn.db")).unwrap();
    let changes = [
        ("UPDATE delfordring SET daekket = daekket + 1 WHERE restance > 0", "add up to"),
        ("UPDATE fordring SET hovedstol = hovedstol + 1", "not the sum of its delfordringer"),
        (
            "UPDATE modtaget_overfoersel SET antal_registreringer = antal_registreringer + 1",
            "not as many",
        ),
    ];
    for (change, says) in changes {
        store.execute_batch("SAVEPOINT before").unwrap();
        assert!(store.execute(change, []).unwrap() > 0);
        store.execute_batch("RELEASE before").unwrap();
        let said = ends.debitorsystem.run(&["audit", "verify"]);
        assert_eq!(said.code, Some(1), "{change}");
        assert!(said.out.contains(says), "{change}: {}", said.out);
        assert!(said.out.contains("it does NOT add up"), "{}", said.out);
    }
    for table in ["postering", "registreringssvar"] {
        for change in [format!("UPDATE {table} SET nr = nr"), format!("DELETE FROM {table}")] {
            let error = store.execute(&change, []).unwrap_err().to_string();
            assert!(error.contains("never changes"), "{change}: {error}");
        }
    }
}

#[test]
fn ended_at_any_instant_a_transfer_is_entered_and_answered_once() {
    let points = [
        "intake:journalled:1",
        "store:committing:1",
        "store:committing:4",
        "overfoersel:committed:1",
        "delivery:rendered:1",
        "delivery:render-journalled:1",
        "delivery:published:1",
        "archive:kept:1",
    ];
    for point in points {
        let ends = Ends::ready("0101", &["--antal", "40"]);
        ends.fagsystem.done(&["batch"]);
        ends.one_transfer();
        let mut batch = ends.debitorsystem.modregn(&["batch"]);
        let ended = batch.env("MODREGN_CRASH_AT", point).output().unwrap();
        assert_eq!(ended.status.code(), None, "{point} is never reached");
        ends.debitorsystem.done(&["batch"]);
        assert_eq!(ends.count("modtaget_overfoersel"), 1, "{point}");
        assert_eq!(names(&ends.back()).len(), 1, "{point}");
        ends.exchange();
        agreed(&ends);
        ends.debitorsystem.done(&["audit", "verify"]);
    }
}
