//! Every way a request can be wrong, through the real program: `fixtures/sf2530-forespoergsel/` has
//! one directory for each, with the exact bytes and the part of the report that is promised.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use support::installation::{Installation, Said, names};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/sf2530-forespoergsel");

/// One fixture.
struct Case {
    name: String,
    bytes: Vec<u8>,
    expected: Value,
}

impl Case {
    fn all() -> Vec<Self> {
        let directory = Path::new(FIXTURES);
        let case = |name: String| {
            let read = |file: &str| fs::read(directory.join(&name).join(file)).unwrap();
            let expected = serde_json::from_slice(&read("expected.json")).unwrap();
            Self { bytes: read("forespoergsel.txt"), expected, name }
        };
        names(directory).into_iter().map(case).collect()
    }

    fn is_accepted(&self) -> bool {
        self.expected["verdict"] == "accepted"
    }

    fn file_name(&self) -> String {
        format!("{}.txt", self.name)
    }

    /// The identifier it carries, if its columns hold a good one.
    fn forespoergsel_id(&self) -> Option<&str> {
        let id = std::str::from_utf8(self.bytes.get(6..42)?).ok()?;
        let good = id.parse::<uuid::Uuid>().is_ok_and(|uuid| uuid.to_string() == id);
        good.then_some(id)
    }
}

/// What of `expected` is not so in `actual`: objects may have more keys, lists no more items.
fn missing(expected: &Value, actual: &Value, at: &str) -> Vec<String> {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => expected
            .iter()
            .flat_map(|(key, value)| missing(value, &actual[key], &format!("{at}.{key}")))
            .collect(),
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            let pairs = expected.iter().zip(actual).enumerate();
            pairs.flat_map(|(i, (e, a))| missing(e, a, &format!("{at}[{i}]"))).collect()
        }
        _ if expected == actual => Vec::new(),
        _ => vec![format!("{at}: expected {expected}, is {actual}")],
    }
}

/// The inbound transfers by the name of their file.
fn inbound(installation: &Installation) -> BTreeMap<String, Value> {
    let inbound = |transfer: &Value| transfer["direction"] == "inbound";
    let name = |transfer: &Value| transfer["name"].as_str().unwrap().to_owned();
    let transfers = installation.transfers().into_iter().filter(inbound);
    transfers.map(|transfer| (name(&transfer), transfer)).collect()
}

fn quarantine(installation: &Installation, transfer: &Value) -> PathBuf {
    installation.path("state/quarantine").join(transfer["transfer"].as_str().unwrap())
}

/// What is wrong with how a rejected file was treated.
fn check_rejected(installation: &Installation, case: &Case, transfer: &Value) -> Vec<String> {
    let place = quarantine(installation, transfer);
    let json: Value =
        serde_json::from_slice(&fs::read(place.join("report.json")).unwrap()).unwrap();
    let texts = ["report.txt", "rapport.txt"]
        .map(|name| (name, fs::read_to_string(place.join(name)).unwrap()));
    let mut wrong = missing(&case.expected, &json, "report");
    if transfer["state"] != "rejected" {
        wrong.push(format!("is {}", transfer["state"]));
    }
    for fault in json["faults"].as_array().unwrap().iter().chain([&json]) {
        let code = fault["code"].as_str().unwrap();
        for (name, _) in texts.iter().filter(|(_, text)| !text.contains(code)) {
            wrong.push(format!("{name} does not name {code}"));
        }
    }
    if fs::read(place.join("payload")).unwrap() != case.bytes {
        wrong.push("the quarantined bytes are not those that came".into());
    }
    wrong
}

#[test]
fn each_bad_file_is_rejected_and_the_others_of_its_pass_are_answered() {
    let installation = Installation::local("PROD");
    installation.import_aftaler(2_000);
    let cases = Case::all();
    for case in &cases {
        fs::write(installation.inbox().join(case.file_name()), &case.bytes).unwrap();
    }

    let said = installation.run(&["batch"]);

    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    let transfers = inbound(&installation);
    let mut wrong = Vec::new();
    for case in &cases {
        let transfer = &transfers[&case.file_name()];
        if !case.is_accepted() {
            let found = check_rejected(&installation, case, transfer);
            wrong.extend(found.into_iter().map(|what| format!("{}: {what}", case.name)));
        } else if transfer["state"] != "archived" {
            wrong.push(format!("{}: {}", case.name, transfer["problem"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let accepted = cases.iter().filter(|case| case.is_accepted()).count();
    assert_eq!(names(&installation.outbox()).len(), accepted, "an answer for each good one only");
    assert!(names(&installation.inbox()).is_empty(), "nothing is left in the inbox");

    nothing_was_applied(&installation, &cases);
}

/// The corrected files, under new names with the same identifiers, are new to the store.
fn nothing_was_applied(installation: &Installation, cases: &[Case]) {
    let good = &cases.iter().find(|case| case.is_accepted()).unwrap().bytes;
    let mut corrected = 0;
    for case in cases.iter().filter(|case| !case.is_accepted()) {
        if let Some(id) = case.forespoergsel_id() {
            let bytes = [&good[..6], id.as_bytes(), &good[42..]].concat();
            fs::write(installation.inbox().join(format!("{}-again.txt", case.name)), bytes)
                .unwrap();
            corrected += 1;
        }
    }
    let before = names(&installation.outbox()).len();
    let out = installation.done(&["batch"]);
    assert!(out.starts_with(&format!("{corrected} answered;")), "{out}");
    assert_eq!(names(&installation.outbox()).len(), before + corrected);
}

/// What the sender of a bad file gets, in every form.
#[test]
fn the_reports_are_fit_to_send() {
    let installation = Installation::local("PROD");
    installation.import_aftaler(100);
    let wanted = ["dato-blank", "several-faults", "test-in-prod", "trailing-bytes", "two-records"];
    let cases = Case::all().into_iter().filter(|case| wanted.contains(&case.name.as_str()));
    for case in cases {
        fs::write(installation.inbox().join(case.file_name()), &case.bytes).unwrap();
    }
    assert_eq!(installation.run(&["batch"]).code, Some(1));
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots/rejections");
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    let _bound = settings.bind_to_scope();
    let transfers = inbound(&installation);
    assert_eq!(transfers.len(), wanted.len());
    for (name, transfer) in transfers {
        let id = transfer["transfer"].as_str().unwrap();
        let report = |form: &str, language: &str| {
            let args = ["files", "show", id, "--report", form, "--language", language];
            installation.done(&args).replace(id, "ID")
        };
        let all = [("text", "en"), ("text", "da"), ("json", "da")];
        let all = all.map(|(form, language)| report(form, language)).join("\n=====\n\n");
        for ours in [installation.path(""), "udveksling".into(), "ky:".into(), "ind/".into()] {
            let ours = ours.to_str().unwrap();
            assert!(!all.contains(ours), "{name} tells of {ours}: {all}");
        }
        insta::assert_snapshot!(name.trim_end_matches(".txt"), all);
        let shown = installation.done(&["files", "show", id, "--language", "da"]);
        assert!(shown.replace(id, "ID").contains(&report("text", "da")), "{shown}");
    }
}

/// A file far larger than memory may be: rejected within half a gigabyte of address space.
#[test]
fn a_gigabyte_of_zeros_is_rejected_without_being_held_in_memory() {
    let installation = Installation::local("PROD");
    installation.import_aftaler(100);
    let zeros = File::create(installation.inbox().join("zeros.txt")).unwrap();
    zeros.set_len(1 << 30).unwrap();
    let good = fs::read(format!("{FIXTURES}/crlf/forespoergsel.txt")).unwrap();
    fs::write(installation.inbox().join("good.txt"), good).unwrap();

    let modregn = installation.modregn(&["batch"]);
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "ulimit -v 524288; exec \"$@\"", "sh"]);
    limited.arg(modregn.get_program()).args(modregn.get_args());
    for (name, value) in modregn.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let said = Said::of(limited.output().unwrap());

    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    let transfers = inbound(&installation);
    assert_eq!(transfers["good.txt"]["state"], "archived");
    let zeros = &transfers["zeros.txt"];
    assert_eq!(
        (&zeros["state"], &zeros["problem"]["code"]),
        (&"rejected".into(), &"record-too-long".into())
    );
    assert_eq!(
        fs::metadata(quarantine(&installation, zeros).join("payload")).unwrap().len(),
        1 << 30
    );
}
