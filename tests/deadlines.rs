//! Cutoffs of payouts, through the real program at moments of November and December 2026: who has
//! not asked, who has not reported, and who came too late, is told once; what has stayed out is
//! known to the store; a late request is held where a rule says so.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use serde_json::Value;
use std::fs;
use support::installation::{Installation, Said};

/// Requests are due on 23 November, reports on 7 December, both at noon.
const PAYOUTS: &str = "[payouts]\ndispositionsdatoer = [\"2026-11-30\"]\n\
    request_by = { bankdage = -5, at = \"12:00\" }\n\
    report_by = { bankdage = 5, at = \"12:00\" }\nkommuner = [\"0101\", \"0147\", \"0151\"]\n";

const REPORTS: &str = "[[route]]\nflow = \"sf2520\"\n\
    [route.inbox]\nendpoint = \"ky\"\ndirectory = \"rapporter\"\n\
    [route.inbox.plain]\npattern = \"*.txt\"\ncomplete = \"rename\"\nprocessed = \"delete\"\n\
    [route.outbox]\nendpoint = \"ky\"\ndirectory = \"fejl\"\nname = \"fejl_{udbetaling_id}.txt\"\n";

/// The minute after the time for requests, and for reports, was over.
const REQUESTS_DUE: &str = "2026-11-23T12:00:30+01:00";
const REPORTS_DUE: &str = "2026-12-07T12:00:30+01:00";

/// Three municipalities with agreements, their requests and their reports.
fn installation(more: &str) -> Installation {
    let installation = Installation::local("TEST");
    for directory in ["rapporter", "fejl"] {
        fs::create_dir(installation.path("udveksling").join(directory)).unwrap();
    }
    let config = fs::read_to_string(installation.config()).unwrap();
    fs::write(installation.config(), format!("{config}{more}{REPORTS}{PAYOUTS}")).unwrap();
    let payout = ["--kommuner", "3", "--dispositionsdato", "2026-11-30"];
    let frame = |kind, to, place| [&["generate", kind, to, place][..], &payout].concat();
    let csv = installation.path("aftaler.csv");
    let (csv, aftaler) = (csv.to_str().unwrap(), ["--aftaler", "500"]);
    installation.done(&[&frame("aftaler", "--output", csv)[..], &aftaler].concat());
    installation.done(&frame("forespoergsel", "--dir", "requests"));
    let half = ["--missing", "50"];
    installation.done(&[&frame("udbetaling", "--dir", "half")[..], &aftaler, &half].concat());
    let whole = ["--missing", "0"];
    installation.done(&[&frame("udbetaling", "--dir", "reports")[..], &aftaler, &whole].concat());
    is_done(&at(&installation, "2026-11-16T08:00:00+01:00", &["import", "aftaler", csv]));
    installation
}

/// Runs the program as if it were this moment.
fn at(installation: &Installation, moment: &str, args: &[&str]) -> Said {
    let moment: DateTime<Utc> = moment.parse().unwrap();
    let jump = (moment - Utc::now()).num_seconds().to_string();
    Said::of(installation.modregn(args).env("MODREGN_CLOCK_JUMPS", jump).output().unwrap())
}

fn batch(installation: &Installation, moment: &str) -> Said {
    at(installation, moment, &["batch"])
}

#[track_caller]
fn is_done(said: &Said) {
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
}

/// Puts a municipality's request into the inbox.
fn ask(installation: &Installation, kommune: &str) {
    let name = format!("SF2530_{kommune}_202611.txt");
    let request = installation.path("requests").join(&name);
    fs::copy(request, installation.inbox().join(name)).unwrap();
}

/// Puts a municipality's report into the inbox of reports: of all its expectations (`reports`) or
/// of some (`half`). Another number makes it another report, which says the same.
fn report(installation: &Installation, of: &str, kommune: &str, number: u32) {
    let path = installation.path(of).join(format!("SF2520_{kommune}_202611.txt"));
    let text = fs::read_to_string(path).unwrap();
    let id = &text[6..42];
    let other = format!("{number:08x}{}", &id[8..]);
    let text = if number == 0 { text.clone() } else { text.replace(id, &other) };
    let inbox = installation.path("udveksling/rapporter");
    fs::write(inbox.join(format!("{kommune}_{number}.txt")), text).unwrap();
}

/// The alerts of these kinds, oldest first: kind, subject and text.
fn alerts(installation: &Installation, kinds: &[&str]) -> Vec<[String; 3]> {
    let lines = installation.done(&["alerts", "--json", "--limit", "1000"]);
    let alert = |line: &str| -> [String; 3] {
        let alert: Value = serde_json::from_str(line).unwrap();
        ["kind", "subject", "text"].map(|name| alert[name].as_str().unwrap().to_owned())
    };
    let mut alerts: Vec<_> = lines.lines().map(alert).collect();
    alerts.retain(|[kind, ..]| kinds.contains(&kind.as_str()));
    alerts.reverse();
    alerts
}

const KINDS: [&str; 4] = ["request-missing", "request-late", "report-missing", "report-late"];

fn heads(alerts: &[[String; 3]]) -> Vec<String> {
    alerts.iter().map(|[kind, subject, _]| format!("{kind} {subject}")).collect()
}

fn ask_database<T: rusqlite::types::FromSql>(installation: &Installation, question: &str) -> T {
    let store = Connection::open(installation.path("state/modregn.db")).unwrap();
    store.query_row(question, [], |row| row.get(0)).unwrap()
}

#[test]
fn who_has_not_asked_is_told_once_and_who_asks_late_too() {
    let installation = installation("");
    ask(&installation, "0101");
    is_done(&batch(&installation, "2026-11-20T10:00:00+01:00"));
    is_done(&batch(&installation, "2026-11-23T11:59:00+01:00"));
    is_done(&at(&installation, REQUESTS_DUE, &["batch", "--flow", "sf2520"]));
    assert_eq!(alerts(&installation, &KINDS), [[""; 3]; 0], "nobody looked for requests");
    for moment in [REQUESTS_DUE, "2026-11-23T12:01:30+01:00"] {
        is_done(&batch(&installation, moment));
    }
    let missing = ["request-missing 2026-11-30/0147", "request-missing 2026-11-30/0151"];
    let told = alerts(&installation, &KINDS);
    assert_eq!(heads(&told), missing);
    assert_eq!(
        told[0][2],
        "0147 Frederiksberg: no request for the payout of 2026-11-30 was answered, and they were \
         due at 2026-11-23 12:00:00"
    );

    ask(&installation, "0147");
    for moment in ["2026-11-24T09:05:00+01:00", "2026-11-24T09:15:00+01:00"] {
        is_done(&batch(&installation, moment));
        // The same request once more is no news, whenever it came first.
        ask(&installation, "0147");
        ask(&installation, "0101");
    }
    let told = alerts(&installation, &KINDS);
    assert_eq!(heads(&told)[..2], missing);
    let [[kind, subject, text]] = &told[2..] else { panic!("{told:#?}") };
    assert!(kind == "request-late" && subject.starts_with("2026-11-30/0147/"), "{subject}");
    assert!(text.contains("came at 2026-11-24 09:0"), "{text}");
    assert!(text.ends_with("SF2530_0147_202611.txt: it was answered"), "{text}");
}

#[test]
fn what_has_no_report_in_time_has_stayed_out() {
    let installation = installation("");
    for kommune in ["0101", "0147", "0151"] {
        ask(&installation, kommune);
    }
    is_done(&batch(&installation, "2026-11-20T10:00:00+01:00"));
    report(&installation, "reports", "0101", 0);
    report(&installation, "half", "0147", 0);
    is_done(&batch(&installation, "2026-12-03T10:00:00+01:00"));
    is_done(&batch(&installation, "2026-12-07T11:59:00+01:00"));
    assert_eq!(alerts(&installation, &KINDS), [[""; 3]; 0]);
    assert_eq!(ask_database::<i64>(&installation, "SELECT count(*) FROM udeblivelse"), 0);

    is_done(&at(&installation, REPORTS_DUE, &["batch", "--flow", "sf2530"]));
    assert_eq!(ask_database::<i64>(&installation, "SELECT count(*) FROM udeblivelse"), 0);
    for moment in [REPORTS_DUE, "2026-12-07T12:01:30+01:00"] {
        is_done(&batch(&installation, moment));
    }
    let told = alerts(&installation, &KINDS);
    assert_eq!(heads(&told), ["report-missing 2026-11-30/0147", "report-missing 2026-11-30/0151"]);
    let question = "SELECT u.antal || ' expectations of ' ||
        replace(printf('%,d', u.sum_beloeb / 100), ',', '.') || ',' ||
        printf('%02d', u.sum_beloeb % 100) || ' kr.'
        FROM udeblivelse u JOIN forespoergsel r ON r.nr = u.forespoergsel
        WHERE r.kommunekode = 147 AND u.antal BETWEEN 1 AND r.antal_transaktioner - 1";
    let count: String = ask_database(&installation, question);
    assert!(told[0][2].starts_with(&format!("0147 Frederiksberg: {count} for")), "{}", told[0][2]);
    let noted: i64 = ask_database(&installation, "SELECT count(*) FROM udeblivelse");
    assert_eq!(noted, 3, "of the one that was answered, too");

    let count_of = |udfald: &str| -> u64 {
        let metrics = at(&installation, REPORTS_DUE, &["metrics"]).out;
        let labels = format!("dispositionsdato=\"2026-11-30\",udfald=\"{udfald}\"}} ");
        let line = metrics.lines().find(|line| line.contains(&labels));
        line.unwrap().rsplit(' ').next().unwrap().parse().unwrap()
    };
    let open: u64 = ask_database(&installation, "SELECT sum(antal) FROM udeblivelse");
    assert_eq!((count_of("udeblevet"), count_of("aaben")), (open, 0));
    assert!(open > 0 && count_of("fuld") > 0);

    // The same once more is no late report, nor is a correction of one that was complete in time.
    report(&installation, "half", "0147", 0);
    report(&installation, "reports", "0101", 7);
    is_done(&batch(&installation, "2026-12-08T10:00:00+01:00"));
    assert_eq!(alerts(&installation, &KINDS).len(), 2);
    for number in [8, 9] {
        report(&installation, "reports", "0147", number);
        is_done(&batch(&installation, "2026-12-09T10:00:00+01:00"));
    }
    let told = alerts(&installation, &KINDS);
    assert_eq!(heads(&told)[2..], ["report-late 2026-11-30/0147"]);
    let antal = count.split(' ').next().unwrap();
    let says = format!("was applied; {antal} expectations had stayed out by then");
    assert!(told[2][2].ends_with(&says), "{}", told[2][2]);
}

#[test]
fn old_payouts_flood_nobody_and_are_settled_all_the_same() {
    let installation = installation("");
    ask(&installation, "0101");
    // As long before the payout as its store is old when it is looked at.
    is_done(&batch(&installation, "2026-11-20T10:00:00+01:00"));
    is_done(&batch(&installation, "2027-02-01T10:00:00+01:00"));
    assert_eq!(alerts(&installation, &KINDS), [[""; 3]; 0]);
    assert_eq!(ask_database::<i64>(&installation, "SELECT count(*) FROM udeblivelse"), 1);
}

#[test]
fn a_late_request_is_held_before_anything_is_marked() {
    let installation = installation("[[route.hold]]\nlate = true\n");
    ask(&installation, "0101");
    is_done(&batch(&installation, "2026-11-23T11:59:00+01:00"));
    ask(&installation, "0147");
    let marked = "SELECT count(*) FROM forventning";
    let before: i64 = ask_database(&installation, marked);
    let dry = at(&installation, REQUESTS_DUE, &["batch", "--dry-run"]);
    let said = batch(&installation, REQUESTS_DUE);
    for said in [dry, said] {
        assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
        let says = "held-by-rule: it came after 2026-11-23 12:00, when requests for this payout";
        assert!(said.out.contains(says), "{}", said.out);
    }
    assert_eq!(ask_database::<i64>(&installation, marked), before);
    let told = alerts(&installation, &KINDS);
    let [frederiksberg, _, late] = &told[..] else { panic!("{told:#?}") };
    let says = "; ky:ind/SF2530_0147_202611.txt is held";
    assert!(frederiksberg[2].ends_with(says), "{}", frederiksberg[2]);
    assert!(late[0] == "request-late" && late[2].ends_with("_202611.txt: held"), "{late:?}");

    let id: String = ask_database(&installation, "SELECT id FROM transfer WHERE state = 'held'");
    let release = ["release", &id, "--reason", "the payout can wait"];
    is_done(&at(&installation, "2026-11-23T13:00:00+01:00", &release));
    is_done(&batch(&installation, "2026-11-23T13:01:00+01:00"));
    assert!(ask_database::<i64>(&installation, marked) > before);
    assert_eq!(alerts(&installation, &KINDS).len(), 3, "it is the same late request");
}

#[test]
fn a_rule_for_late_requests_needs_a_cutoff() {
    let installation = installation("[[route.hold]]\nlate = true\n");
    let config = fs::read_to_string(installation.config()).unwrap();
    let without = config.replace("request_by = { bankdage = -5, at = \"12:00\" }\n", "");
    fs::write(installation.config(), without).unwrap();
    let said = installation.run(&["config", "check"]);
    assert_eq!(said.code, Some(2), "{}{}", said.out, said.err);
    assert!(said.err.contains("route[0].hold: late needs [payouts] with `request_by`"));
}
