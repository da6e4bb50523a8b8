//! The board of a payout through the real program, as an operator sees it in the morning: quiet,
//! in trouble before the payout, and after the time for reports.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use chrono::{DateTime, Utc};
use std::fs;
use support::installation::{Installation, Said, names};

const PAYOUT: &str = "2026-11-30";

const CALENDAR: &str = "[payouts]\nbankdag = -1\n\
    request_by = { bankdage = -5, at = \"12:00\" }\n\
    report_by = { bankdage = 5, at = \"12:00\" }\n\
    kommuner = [\"0101\", \"0147\", \"0151\", \"0153\", \"0155\", \"0157\", \"0159\", \"0253\", \
    \"0825\", \"0851\"]\n";

/// Reports come to a directory of their own; answers to Ballerup are held.
const REPORTS: &str = "[[route.hold]]\nkommuner = [\"0151\"]\nalways = true\n\
    [[route]]\nflow = \"sf2520\"\n\
    [route.inbox]\nendpoint = \"ky\"\ndirectory = \"rapport\"\n\
    [route.inbox.plain]\npattern = \"*.txt\"\ncomplete = \"rename\"\nprocessed = \"delete\"\n\
    [route.outbox]\nendpoint = \"ky\"\ndirectory = \"ud\"\n\
    name = \"afvist_{kommunekode}_{udbetaling_id}.txt\"\n";

/// One with these ten municipalities, of which Læsø has no agreements.
fn installation() -> Installation {
    let installation = Installation::local("TEST");
    let config = fs::read_to_string(installation.config()).unwrap();
    let config = config.replacen("[endpoint.ky]", &format!("{CALENDAR}[endpoint.ky]"), 1);
    fs::write(installation.config(), format!("{config}{REPORTS}")).unwrap();
    fs::create_dir(installation.path("udveksling/rapport")).unwrap();
    let generated = ["--dispositionsdato", PAYOUT];
    let with = |args: &[&str]| installation.done(&[args, &generated[..]].concat());
    with(&["generate", "aftaler", "--aftaler", "2000", "--output", "all.csv"]);
    with(&["generate", "forespoergsel", "--dir", "requests"]);
    with(&["generate", "forespoergsel", "--dir", "others", "--seed", "2"]);
    with(&["generate", "udbetaling", "--aftaler", "2000", "--missing", "40", "--dir", "reports"]);
    let all = fs::read_to_string(installation.path("all.csv")).unwrap();
    let some: Vec<_> = all.lines().filter(|line| !line.contains(",0825,")).collect();
    fs::write(installation.path("aftaler.csv"), some.join("\n")).unwrap();
    installation.done(&["import", "aftaler", "aftaler.csv"]);
    installation
}

/// Runs the program at this moment: to half a minute, as the clock goes on in between.
fn at(installation: &Installation, moment: &str, args: &[&str]) -> Said {
    let moment: DateTime<Utc> = moment.parse().unwrap();
    let jump = (moment - Utc::now()).num_seconds().to_string();
    let mut modregn = installation.modregn(args);
    Said::of(modregn.env("MODREGN_CLOCK_JUMPS", jump).output().unwrap())
}

fn board(installation: &Installation, moment: &str, code: i32) -> String {
    let said = at(installation, moment, &["board"]);
    assert_eq!(said.code, Some(code), "{}{}", said.out, said.err);
    without_ids(&said.out, installation)
}

/// What is another one every time: the transfers' ids, and where the files lie.
fn without_ids(text: &str, installation: &Installation) -> String {
    let all = text.replace(installation.path("").to_str().unwrap(), "…/");
    installation.transfers().iter().fold(all, |all, transfer| {
        all.replace(transfer["transfer"].as_str().unwrap(), "<transfer>")
    })
}

/// Brings a generated file, under this name.
fn bring(installation: &Installation, from: &str, to: &str) {
    let to = installation.path("udveksling").join(to);
    fs::copy(installation.path(from), to).unwrap();
}

fn bring_requests(installation: &Installation, codes: &[&str]) {
    for code in codes {
        let name = format!("SF2530_{code}_202611.txt");
        bring(installation, &format!("requests/{name}"), &format!("ind/{name}"));
    }
}

fn bring_reports(installation: &Installation, codes: &[&str]) {
    for code in codes {
        let name = format!("SF2520_{code}_202611.txt");
        bring(installation, &format!("reports/{name}"), &format!("rapport/{name}"));
    }
}

fn assert_shown(name: &str, shown: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots/board");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, shown));
}

#[test]
fn an_operator_sees_first_what_is_wrong_and_what_to_do() {
    let installation = installation();
    assert_shown("quiet", &board(&installation, "2026-11-16T05:30:30Z", 0));

    let early = "2026-11-20T05:00:30Z";
    bring_requests(&installation, &["0101", "0147", "0151", "0153", "0155", "0253", "0825"]);
    // Twice, by two identifiers.
    bring(&installation, "others/SF2530_0147_202611.txt", "ind/SF2530_0147_igen.txt");
    // One that names no municipality.
    let cut = installation.path("udveksling/ind/SF2530_0153_202611.txt");
    let text = fs::read_to_string(&cut).unwrap().replace("100153", "1001S3");
    fs::write(&cut, text).unwrap();
    // Another file stands where the answer would.
    let request = fs::read_to_string(installation.path("requests/SF2530_0155_202611.txt")).unwrap();
    fs::write(installation.outbox().join(format!("svar_0155_{}.txt", &request[6..42])), "")
        .unwrap();
    assert_eq!(at(&installation, early, &["batch"]).code, Some(1));
    bring_requests(&installation, &["0157"]);
    assert_eq!(at(&installation, "2026-11-23T15:00:30Z", &["batch"]).code, Some(0));
    assert_shown("in-trouble", &board(&installation, "2026-11-24T05:30:30Z", 1));

    bring_reports(&installation, &["0101", "0157", "0253"]);
    assert_eq!(at(&installation, "2026-12-02T15:00:30Z", &["batch"]).code, Some(0));
    let after = "2026-12-08T05:30:30Z";
    let said = at(&installation, after, &["board", "--dispositionsdato", PAYOUT]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    assert_shown("over", &without_ids(&said.out, &installation));
    let lines =
        said.out.lines().find_map(|line| line.trim().strip_prefix("which they are: modregn "));
    let lines = installation.done(&lines.unwrap().split(' ').collect::<Vec<_>>());
    assert!(lines.lines().count() > 100, "the command it names is right: {lines}");
    // By itself it shows the next payout, and says that this one is not done.
    let said = board(&installation, after, 1);
    assert!(said.starts_with("Payout of Wednesday 30 December 2026, TEST\n"), "{said}");
    assert!(said.contains("next: modregn board --dispositionsdato 2026-11-30"), "{said}");
    for_programs(&installation, after);
}

/// CSV and JSON tell the same.
fn for_programs(installation: &Installation, moment: &str) {
    let args = ["board", "--dispositionsdato", PAYOUT, "--csv"];
    let csv = at(installation, moment, &args).out;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let args = ["board", "--dispositionsdato", PAYOUT, "--json"];
    let json: serde_json::Value =
        serde_json::from_str(&at(installation, moment, &args).out).unwrap();
    let kommuner = json["kommuner"].as_array().unwrap();
    assert_eq!((rows.len(), kommuner.len()), (10, 10));
    for (row, kommune) in rows.iter().zip(kommuner) {
        assert_eq!((&row[0], &row[1]), (PAYOUT, kommune["kommunekode"].as_str().unwrap()));
        assert_eq!(&row[4], kommune["standing"].as_str().unwrap());
        assert_eq!(row[8], kommune["forventet_oere"].to_string());
    }
    assert_eq!(json["unattributed"][0]["code"], "bad-kommunekode");
    assert_eq!(json["report_due"], "2026-12-07T11:00:00Z");
}

#[test]
fn only_payouts_of_the_calendar_have_a_board() {
    let installation = Installation::local("TEST");
    installation.import_aftaler(10);
    let said = installation.run(&["board"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.err.contains("has no [payouts]: give --dispositionsdato"), "{}", said.err);
    let said = installation.run(&["board", "--dispositionsdato", PAYOUT]);
    assert!(said.out.contains("Nothing needs you."), "{}{}", said.out, said.err);

    let config = fs::read_to_string(installation.config()).unwrap();
    let config = config.replacen("[endpoint.ky]", &format!("{CALENDAR}[endpoint.ky]"), 1);
    fs::write(installation.config(), config).unwrap();
    let said = installation.run(&["board", "--dispositionsdato", "2026-11-29"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.err.contains("near it are 2026-10-30 and 2026-11-30"), "{}", said.err);
    assert!(names(&installation.inbox()).is_empty());
}
