//! An installation in which something of everything has happened, two days before requests close:
//! answered, rejected, held and missing requests, a file of nobody known, registrations with a
//! rejection, and an endpoint that waits for an operator.

use crate::support::daemon::Daemon;
use crate::support::installation::{Installation, Said};
use chrono::{DateTime, Utc};
use modregn::domain::Miljoe;
use modregn::fault::{Class, Code};
use modregn::store::{Problem, SqliteStore, Store};
use std::fs;
use std::path::Path;

/// The payout that it is all about.
pub(crate) const PAYOUT: &str = "2026-11-30";
/// When it is looked at.
const NOW: &str = "2026-11-23T08:30:00Z";

const CONFIG: &str = "[payouts]\nbankdag = -1\n\
    request_by = { bankdage = -5, at = \"12:00\" }\n\
    report_by = { bankdage = 5, at = \"12:00\" }\n\
    kommuner = [\"0101\", \"0147\", \"0151\", \"0153\", \"0155\", \"0157\", \"0253\", \"0825\", \
    \"0851\"]\n\
    [web]\nlisten = \"127.0.0.1:0\"\noperators = [\"anna\"]\n\
    [web.proxy]\ntrusted = [\"127.0.0.1\"]\n\
    [endpoint.opus]\nkind = \"local\"\npath = \"opus\"\n";

/// Answers to Ballerup are held; reports and registrations have routes of their own.
const ROUTES: &str = "[[route.hold]]\nkommuner = [\"0151\"]\nalways = true\n\
    [[route]]\nflow = \"sf2520\"\n\
    [route.inbox]\nendpoint = \"ky\"\ndirectory = \"rapport\"\n\
    [route.inbox.plain]\npattern = \"*.txt\"\ncomplete = \"rename\"\nprocessed = \"delete\"\n\
    [route.outbox]\nendpoint = \"ky\"\ndirectory = \"ud\"\n\
    name = \"afvist_{kommunekode}_{udbetaling_id}.txt\"\n\
    [[route]]\nflow = \"sf1590-fagsystem\"\n\
    [route.inbox]\nendpoint = \"opus\"\ndirectory = \"kvit\"\n\
    [route.inbox.plain]\npattern = \"*.txt\"\ncomplete = \"rename\"\nprocessed = \"delete\"\n\
    [route.outbox]\nendpoint = \"opus\"\ndirectory = \"reg\"\n\
    name = \"SF1590_{kommunekode}_{overfoersel_id}.txt\"\n";

/// The installation, with its daemon.
pub(crate) struct Scene {
    /// Ends before its directory goes.
    _daemon: Daemon,
    pub(crate) installation: Installation,
    /// `http://127.0.0.1:…`
    pub(crate) site: String,
}

impl Scene {
    /// One in which all of it has happened.
    pub(crate) fn new() -> Self {
        let installation = Installation::local("TEST");
        let config = fs::read_to_string(installation.config()).unwrap();
        let config = config.replacen("[endpoint.ky]", &format!("{CONFIG}[endpoint.ky]"), 1);
        fs::write(installation.config(), format!("{config}{ROUTES}")).unwrap();
        for directory in ["udveksling/rapport", "opus/kvit", "opus/reg"] {
            fs::create_dir_all(installation.path(directory)).unwrap();
        }
        requests(&installation);
        registrations(&installation);
        pause(&installation);
        let seconds = (moment(NOW) - Utc::now()).num_seconds();
        let mut daemon = Daemon::start_off(&installation, "info", seconds);
        let site = format!("http://{}", daemon.web());
        Self { _daemon: daemon, installation, site }
    }

    /// The transfer that stands in this state.
    pub(crate) fn standing(&self, state: &str) -> String {
        let all = self.installation.transfers();
        let found = all.iter().find(|transfer| transfer["state"] == state);
        found.unwrap_or_else(|| panic!("none is {state}"))["transfer"].as_str().unwrap().to_owned()
    }
}

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// One round at this moment.
fn batch(installation: &Installation, at: &str) {
    let jump = (moment(at) - Utc::now()).num_seconds().to_string();
    let mut modregn = installation.modregn(&["batch"]);
    let said = Said::of(modregn.env("MODREGN_CLOCK_JUMPS", jump).output().unwrap());
    assert!(matches!(said.code, Some(0 | 1)), "{}{}", said.out, said.err);
}

fn requests(installation: &Installation) {
    let generated = ["--dispositionsdato", PAYOUT];
    let with = |args: &[&str]| installation.done(&[args, &generated[..]].concat());
    with(&["generate", "aftaler", "--aftaler", "2000", "--output", "aftaler.csv"]);
    with(&["generate", "forespoergsel", "--dir", "requests"]);
    with(&["generate", "forespoergsel", "--dir", "others", "--seed", "2"]);
    with(&["generate", "udbetaling", "--aftaler", "2000", "--missing", "40", "--dir", "reports"]);
    installation.done(&["import", "aftaler", "aftaler.csv"]);
    let bring = |from: &str, to: &str| {
        fs::copy(installation.path(from), installation.path("udveksling").join(to)).unwrap();
    };
    for code in ["0101", "0147", "0151", "0153", "0157", "0253"] {
        let name = format!("SF2530_{code}_202611.txt");
        bring(&format!("requests/{name}"), &format!("ind/{name}"));
    }
    // Twice, by two identifiers.
    bring("others/SF2530_0147_202611.txt", "ind/SF2530_0147_igen.txt");
    // Brøndby's names no municipality; Gentofte's is of the other environment.
    let spoil = |code: &str, good: &str, bad: &str| {
        let file = installation.inbox().join(format!("SF2530_{code}_202611.txt"));
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(good), "{text}");
        fs::write(file, text.replacen(good, bad, 1)).unwrap();
    };
    spoil("0153", "100153", "1001S3");
    spoil("0157", "TEST", "PROD");
    batch(installation, "2026-11-20T05:00:00Z");
    bring("reports/SF2520_0101_202611.txt", "rapport/SF2520_0101_202611.txt");
    batch(installation, "2026-11-21T05:00:00Z");
}

/// The first registration of the fixture is sent, and rejected.
fn registrations(installation: &Installation) {
    let fixture = |name: &str| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sf1590-json").join(name);
        here.to_str().unwrap().to_owned()
    };
    installation.done(&["import", "sortiment", &fixture("sortiment.csv")]);
    installation.done(&["import", "ruter", &fixture("ruter.csv")]);
    installation.done(&["import", "debitorregistreringer", &fixture("registreringer.jsonl")]);
    batch(installation, "2026-11-21T06:00:00Z");
    let sent = fs::read_dir(installation.path("opus/reg")).unwrap().next().unwrap().unwrap();
    let name = sent.file_name().into_string().unwrap();
    let transfer = name.trim_start_matches("SF1590_0101_").trim_end_matches(".txt").to_owned();
    let bytes = fs::read(sent.path()).unwrap();
    let first = bytes.split(|byte| *byte == b'\n').find(|line| line.starts_with(b"10")).unwrap();
    let registrering = String::from_utf8(first[11..47].to_vec()).unwrap();
    let id = "00000000-0000-0000-0000-000000000001";
    let lines = [
        format!("000101{id}{transfer}20261121120000TEST{:<20}", "KY-DEBITOR"),
        format!("20{:09}{registrering}R1004{:<60}", 1, "Ring 0101901234"),
        format!("900101{:09}{:09}{:09}", 1, 0, 1),
    ];
    let lines = lines.map(|line| format!("{line:<200}\n"));
    fs::write(installation.path("opus/kvit/k1.txt"), lines.concat()).unwrap();
    batch(installation, "2026-11-21T07:00:00Z");
}

/// As a key that no longer fits does it.
fn pause(installation: &Installation) {
    let path = installation.path("state/modregn.db");
    let mut store = SqliteStore::open(&path, Miljoe::Test).unwrap();
    let problem = Problem {
        class: Class::Operator,
        code: Code::AuthenticationFailed,
        text: "the server takes none of our keys".to_owned(),
    };
    store.pause("opus", &problem, moment("2026-11-22T03:00:00Z")).unwrap();
}
