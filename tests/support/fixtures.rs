//! `fixtures/<layout>/<case>/` through the program: exact bytes in, and the part of the error
//! report that is promised.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test program uses a part; one that panics has failed, as it should"
)]

use super::installation::{Installation, names};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// One fixture.
pub struct Case {
    pub name: String,
    pub bytes: Vec<u8>,
    pub expected: Value,
}

impl Case {
    /// Those of a layout that promise something of a report, by name; `file` holds their bytes.
    pub fn all(layout: &str, file: &str, expectation: &str) -> Vec<Self> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(layout);
        let case = |name: String| {
            let path = |file: &str| directory.join(&name).join(file);
            let expected = fs::read(path(expectation)).ok()?;
            let expected = serde_json::from_slice(&expected).unwrap();
            Some(Self { bytes: fs::read(path(file)).unwrap(), expected, name })
        };
        names(&directory).into_iter().filter_map(case).collect()
    }

    pub fn is_accepted(&self) -> bool {
        self.expected["verdict"] == "accepted"
    }

    pub fn file_name(&self) -> String {
        format!("{}.txt", self.name)
    }

    /// Checks how each of these was treated that came in one batch; how many were to be accepted.
    pub fn check_all(cases: &[Self], installation: &Installation) -> usize {
        let transfers = inbound(installation);
        let mut wrong = Vec::new();
        for case in cases {
            let transfer = &transfers[&case.file_name()];
            if !case.is_accepted() {
                let found = case.check_refused(installation, transfer);
                wrong.extend(found.into_iter().map(|what| format!("{}: {what}", case.name)));
            } else if transfer["state"] != "archived" {
                wrong.push(format!("{}: {}", case.name, transfer["problem"]));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        cases.iter().filter(|case| case.is_accepted()).count()
    }

    /// What is wrong with how a rejected or held file was treated.
    fn check_refused(&self, installation: &Installation, transfer: &Value) -> Vec<String> {
        let place = quarantine(installation, transfer);
        let json: Value =
            serde_json::from_slice(&fs::read(place.join("report.json")).unwrap()).unwrap();
        let texts = ["report.txt", "rapport.txt"]
            .map(|name| (name, fs::read_to_string(place.join(name)).unwrap()));
        let mut wrong = missing(&self.expected, &json, "report");
        if transfer["state"] != self.expected["verdict"] {
            wrong.push(format!("is {}", transfer["state"]));
        }
        for fault in json["faults"].as_array().unwrap().iter().chain([&json]) {
            let code = fault["code"].as_str().unwrap();
            for (name, _) in texts.iter().filter(|(_, text)| !text.contains(code)) {
                wrong.push(format!("{name} does not name {code}"));
            }
        }
        if fs::read(place.join("payload")).unwrap() != self.bytes {
            wrong.push("the quarantined bytes are not those that came".into());
        }
        wrong
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
pub fn inbound(installation: &Installation) -> BTreeMap<String, Value> {
    let inbound = |transfer: &Value| transfer["direction"] == "inbound";
    let name = |transfer: &Value| transfer["name"].as_str().unwrap().to_owned();
    let transfers = installation.transfers().into_iter().filter(inbound);
    transfers.map(|transfer| (name(&transfer), transfer)).collect()
}

/// Where a refused file lies with its reports.
pub fn quarantine(installation: &Installation, transfer: &Value) -> PathBuf {
    installation.path("state/quarantine").join(transfer["transfer"].as_str().unwrap())
}

/// Settings for snapshots in `tests/snapshots/<directory>`.
pub fn snapshots_of(directory: &str) -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots");
    settings.set_snapshot_path(Path::new(root).join(directory));
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    settings
}

/// What the sender of a refused file gets, in every form; tells nothing of our own places.
pub fn told(installation: &Installation, transfer: &Value) -> String {
    let id = transfer["transfer"].as_str().unwrap();
    let report = |form: &str, language: &str| {
        let args = ["files", "show", id, "--report", form, "--language", language];
        installation.done(&args).replace(id, "ID")
    };
    let all = [("text", "en"), ("text", "da"), ("json", "da")];
    let all = all.map(|(form, language)| report(form, language)).join("\n=====\n\n");
    for ours in [installation.path(""), "udveksling".into(), "ky:".into(), "ind/".into()] {
        let ours = ours.to_str().unwrap();
        assert!(!all.contains(ours), "{} tells of {ours}: {all}", transfer["name"]);
    }
    let shown = installation.done(&["files", "show", id, "--language", "da"]);
    assert!(shown.replace(id, "ID").contains(&report("text", "da")), "{shown}");
    all
}
