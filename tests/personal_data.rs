//! No CPR number stands whole in anything modregn says, whatever goes wrong and however much is
//! logged. Payloads and the store hold them, and are not looked at here.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use support::daemon::Daemon;
use support::installation::{Installation, Said, names};

/// Everything said so far, by what said it.
struct Ear<'a> {
    installation: &'a Installation,
    heard: Vec<(String, String)>,
}

impl Ear<'_> {
    /// Runs the program with everything logged.
    fn run(&mut self, args: &[&str]) -> Said {
        let mut modregn = self.installation.modregn(args);
        let said = Said::of(modregn.env("MODREGN_LOG", "trace").output().unwrap());
        self.heard.push((args.join(" "), format!("{}\n{}", said.out, said.err)));
        said
    }

    fn heard_none_of(&self, numbers: &BTreeSet<&str>) {
        for (what, text) in &self.heard {
            let found = found_in(text, numbers).len();
            assert_eq!(found, 0, "modregn {what}: says {found} CPR numbers");
        }
    }
}

/// The third column of the agreements' CSV file.
fn cpr_numbers(csv: &str) -> BTreeSet<&str> {
    csv.lines().skip(1).map(|line| line.split(',').nth(2).unwrap()).collect()
}

/// The numbers that stand whole in a text, with or without their hyphen.
fn found_in<'t>(text: &'t str, numbers: &BTreeSet<&str>) -> Vec<&'t str> {
    let whole = |at: usize, length: usize| text.get(at..at + length);
    let is_one = |window: &&str| match window.len() {
        10 => numbers.contains(window),
        _ => window.as_bytes()[6] == b'-' && numbers.contains(&*window.replace('-', "")),
    };
    let starts = text.bytes().enumerate().filter(|(_, b)| b.is_ascii_digit()).map(|(at, _)| at);
    let windows = starts.flat_map(|at| [whole(at, 10), whole(at, 11)]).flatten();
    windows.filter(is_one).collect()
}

/// The agreements with something wrong in every line, each time something else.
fn spoilt(csv: &str) -> String {
    let spoil = |(at, line): (usize, &str)| {
        let mut cells: Vec<_> = line.split(',').map(str::to_owned).collect();
        let cpr = cells[2].clone();
        match at % 7 {
            _ if at == 0 => {}
            0 => cells[9] = "AKTIV".into(),
            1 => cells[3] = cpr + "x",
            2 => cells[1] = cpr,
            3 => cells[5] = cpr,
            4 => cells[2] = cpr + "0",
            5 => cells[0] = cpr.repeat(3),
            _ => cells.push(cpr),
        }
        cells.join(",")
    };
    csv.lines().enumerate().map(spoil).collect::<Vec<_>>().join("\n")
}

/// Files that hold CPR numbers and are no requests.
fn put_strange_files(installation: &Installation, csv: &str, answer: &[u8]) {
    let number = csv.lines().nth(1).unwrap().split(',').nth(2).unwrap();
    let request = |file: &str| {
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/sf2530-forespoergsel");
        fs::read_to_string(Path::new(fixtures).join(file).join("forespoergsel.txt")).unwrap()
    };
    let good = request("crlf");
    let files = [
        ("answer.txt", answer.to_vec()),
        ("aftaler.txt", csv.as_bytes().to_vec()),
        ("filler.txt", good.replace("            ", &format!("{number}  ")).into_bytes()),
        ("id.txt", good.replace("00000000-0", number).into_bytes()),
        ("dato.txt", good.replace("2026122420", number).into_bytes()),
        ("number.txt", number.as_bytes().to_vec()),
    ];
    for (name, bytes) in files {
        fs::write(installation.inbox().join(name), bytes).unwrap();
    }
}

#[test]
fn no_cpr_number_in_anything_that_is_said() {
    let installation = Installation::local("TEST");
    let told = installation.path("told");
    let config = fs::read_to_string(installation.config()).unwrap();
    let hook = format!(
        "[[alerts.hook]]\ncommand = [\"/usr/bin/tee\", \"-a\", \"{}\"]\nstdin = \"json\"\n",
        told.display()
    );
    fs::write(installation.config(), config + &hook).unwrap();
    let csv = fs::read_to_string(installation.import_aftaler(3_000)).unwrap();
    let numbers = cpr_numbers(&csv);
    let mut ear = Ear { installation: &installation, heard: Vec::new() };

    fs::write(installation.path("spoilt.csv"), spoilt(&csv)).unwrap();
    assert_ne!(ear.run(&["import", "aftaler", "spoilt.csv"]).code, Some(0));
    assert_eq!(ear.run(&["import", "aftaler", "--dry-run", "aftaler.csv"]).code, Some(0));

    let inbox = installation.inbox();
    ear.run(&["generate", "forespoergsel", "--dir", inbox.to_str().unwrap()]);
    assert_eq!(ear.run(&["batch", "--dry-run"]).code, Some(0));
    assert_eq!(ear.run(&["batch"]).code, Some(0));
    let largest = largest_file(&installation.outbox());
    let answer = fs::read(&largest).unwrap();
    let text = String::from_utf8_lossy(&answer).into_owned();
    assert!(
        !found_in(&text, &numbers).is_empty(),
        "the answers hold CPR numbers, and they are found"
    );

    put_strange_files(&installation, &csv, &answer);
    assert_eq!(ear.run(&["batch"]).code, Some(1));
    let rejected: Vec<_> =
        installation.transfers().into_iter().filter(|t| t["state"] == "rejected").collect();
    assert_eq!(rejected.len(), 6);
    for transfer in &rejected {
        let id = transfer["transfer"].as_str().unwrap();
        ear.run(&["files", "show", id]);
        ear.run(&["files", "show", id, "--json"]);
        ear.run(&["files", "show", id, "--language", "da"]);
        let reports = installation.path("state/quarantine").join(id);
        assert_eq!(names(&reports), ["payload", "rapport.txt", "report.json", "report.txt"]);
        for name in names(&reports).iter().filter(|name| *name != "payload") {
            ear.heard.push((name.clone(), fs::read_to_string(reports.join(name)).unwrap()));
        }
    }
    let told = fs::read_to_string(told).unwrap();
    assert!(told.contains("\"count\":6"), "{told}");
    ear.heard.push(("alerts".into(), told));
    ear.run(&["alerts"]);
    ear.run(&["alerts", "--json"]);
    ear.run(&["metrics"]);
    ear.run(&["files", "list"]);
    ear.run(&["files", "list", "--json"]);
    ear.run(&["status"]);
    ear.run(&["status", "--json"]);

    assert_eq!(
        ear.run(&["layout", "decode", "sf2530-svar", largest.to_str().unwrap()]).code,
        Some(0)
    );
    fs::write(installation.path("broken"), text.replace("\r\n20", "\r\n20 ")).unwrap();
    assert_eq!(ear.run(&["layout", "decode", "sf2530-svar", "broken"]).code, Some(1));

    let mut daemon = Daemon::start(&installation, "trace");
    put_strange_files(&installation, &csv, &answer);
    daemon.wait_for(&inbox, 0);
    ear.heard.push(("run".into(), daemon.stop()));

    ear.heard_none_of(&numbers);
}

/// A report with something wrong in most of its records; what must add up still does.
fn spoilt_report(report: &str) -> String {
    let mut another = String::new();
    let spoil = |(at, line): (usize, &str)| {
        if !line.starts_with("20") {
            return line.to_owned();
        }
        let cpr = line[35..45].to_owned();
        let with = |start: usize, value: &str| {
            let before = &line[..start - 1];
            format!("{before}{value}{}", &line[start - 1 + value.len()..])
        };
        let spoilt = match at % 6 {
            1 if another != cpr && !another.is_empty() => with(36, &another),
            2 => with(37, &cpr[..9]),
            3 => with(58, &cpr),
            4 => with(70, &cpr),
            5 => with(57, &cpr[..1]),
            _ => line.to_owned(),
        };
        another = cpr;
        spoilt
    };
    report.split("\r\n").enumerate().map(spoil).collect::<Vec<_>>().join("\r\n")
}

#[test]
fn no_cpr_number_in_anything_that_is_said_of_payout_reports() {
    let installation = Installation::with_reports("TEST", "accept = \"records\"");
    let csv = fs::read_to_string(installation.import_aftaler(3_000)).unwrap();
    let numbers = cpr_numbers(&csv);
    let mut ear = Ear { installation: &installation, heard: Vec::new() };
    let inbox = installation.inbox();
    ear.run(&["generate", "forespoergsel", "--dir", inbox.to_str().unwrap()]);
    ear.run(&["batch"]);

    let (reports, good) = (installation.reports(), installation.path("good"));
    let path = good.to_str().unwrap();
    let unexpected = ["--unexpected", "10", "--dir", path];
    ear.run(&[&["generate", "udbetaling", "--aftaler", "3000"][..], &unexpected].concat());
    for name in names(&good).into_iter().step_by(7) {
        let text = fs::read_to_string(good.join(&name)).unwrap();
        fs::write(reports.join(&name), spoilt_report(&text)).unwrap();
        // The same identifier with other bytes, a request that nobody made, and what ends early.
        fs::write(reports.join(format!("{name}.igen.txt")), text.replace('\r', "")).unwrap();
        let mut unknown = text.replacen(&text[6..14], "ffffffff", 1);
        unknown.replace_range(60..68, "ffffffff");
        fs::write(reports.join(format!("{name}.ukendt.txt")), unknown).unwrap();
        fs::write(reports.join(format!("{name}.kort.txt")), &text[..text.len() / 2]).unwrap();
    }
    assert_eq!(ear.run(&["batch", "--dry-run"]).code, Some(1));
    let said = ear.run(&["batch"]);
    for code in ["records-refused", "report-conflict", "request-unknown", "record-too-short"] {
        assert!(said.out.contains(code), "{code}: {}", said.out);
    }
    let mut faults = String::new();
    for name in names(&installation.refusals()) {
        let told = fs::read_to_string(installation.refusals().join(&name)).unwrap();
        faults += &told;
        ear.heard.push((name, told));
    }
    for code in ["bad-cpr", "cpr-mismatch", "bad-date", "bad-filler", "bad-number"] {
        assert!(faults.contains(code), "{code}");
    }
    let refused = installation.transfers().into_iter();
    let refused = refused.filter(|t| t["state"] == "rejected" || t["state"] == "held");
    for transfer in refused.step_by(3) {
        let id = transfer["transfer"].as_str().unwrap();
        for form in [&["files", "show", id][..], &["files", "show", id, "--language", "da"]] {
            ear.run(form);
        }
        ear.run(&["files", "show", id, "--json"]);
        ear.run(&["files", "show", id, "--report", "json"]);
        ear.run(&["audit", "trace", id]);
    }
    let month = ["report", "forventninger", "--periode", "202612"];
    for form in [&[][..], &["--json"], &["--csv"], &["--linjer"], &["--linjer", "--json"]] {
        ear.run(&[&month, form].concat());
    }
    let aftale = csv.lines().nth(1).unwrap().split(',').next().unwrap();
    for said in
        [&["alerts"][..], &["status"], &["metrics"], &["audit", "trace", "--aftale", aftale]]
    {
        ear.run(said);
    }
    let mut daemon = Daemon::start(&installation, "trace");
    for name in names(&good).iter().take(9) {
        let text = fs::read_to_string(good.join(name)).unwrap();
        fs::write(reports.join(name), spoilt_report(&text)).unwrap();
    }
    daemon.wait_for(&reports, 0);
    ear.heard.push(("run".into(), daemon.stop()));
    ear.heard_none_of(&numbers);
}

fn largest_file(directory: &Path) -> std::path::PathBuf {
    let paths = names(directory).into_iter().map(|name| directory.join(name));
    paths.max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap()
}
