//! `modregn metrics`, through the real program: good as OpenMetrics and in Prometheus' older
//! format, named as Prometheus wants it, and the same as the store says.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use rusqlite::Connection;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use support::installation::{Installation, names};

const ID: &str = "01234567-89ab-4cde-8f01-23456789abcd";

/// Every sample by its name and its labels as they are written, without `miljoe`.
type Samples = BTreeMap<String, i64>;

/// Takes the text apart; whatever is not as both formats allow it is a failure.
fn parse(text: &str) -> Samples {
    let lines = text.strip_suffix("# EOF\n").expect("it ends with its end").lines();
    let (mut samples, mut families) = (Samples::new(), BTreeSet::new());
    let (mut helped, mut family) = (None, None);
    for line in lines {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').unwrap();
            assert!(!help.is_empty() && families.insert(name), "{line}");
            helped = Some(name);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!((helped, kind), (Some(name), "gauge"), "{line}");
            family = Some(name);
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.strip_suffix('}').unwrap().split_once('{').unwrap();
            assert_eq!(Some(name), family, "{line}");
            is_a_name(name);
            let labels = labels_of(labels).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(labels[0], ("miljoe", "TEST"), "{line}");
            let rest: Vec<_> = labels[1..].iter().map(|(_, value)| *value).collect();
            let name = name.strip_prefix("modregn_").unwrap();
            let series = [&[name], &rest[..]].concat().join(" ");
            assert_eq!(samples.insert(series, value.parse().unwrap()), None, "{line}");
        }
    }
    samples
}

/// Snake case of ASCII letters; no `_total` and no colon, which are for counters and rules.
fn is_a_name(name: &str) {
    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    assert!(plain && !name.contains("__") && !name.ends_with("_total"), "{name}");
}

/// `a="b",c="d"`; no value here needs an escape.
fn labels_of(text: &str) -> Option<Vec<(&str, &str)>> {
    let label = |label: &'_ str| -> Option<(usize, usize)> {
        let (name, value) = label.split_once("=\"")?;
        let value = value.strip_suffix('"')?;
        let plain = !value.contains(['"', '\\', '\n', ',']) && !value.is_empty();
        (plain && name.bytes().all(|b| b.is_ascii_lowercase())).then_some((name.len(), value.len()))
    };
    text.split(',')
        .map(|one| {
            let (name, value) = label(one)?;
            Some((&one[..name], &one[name + 2..name + 2 + value]))
        })
        .collect()
}

fn metrics(installation: &Installation) -> Samples {
    parse(&installation.done(&["metrics"]))
}

/// An installation in which much has gone on, and gone wrong.
fn busy() -> Installation {
    let installation = Installation::local("TEST");
    let config = fs::read_to_string(installation.config()).unwrap();
    let hook = "[[alerts.hook]]\ncommand = [\"/bin/false\"]\nstdin = \"json\"\n\
                kinds = [\"file-rejected\"]\n";
    fs::write(installation.config(), config + hook).unwrap();
    installation.import_aftaler(500);
    let dir = installation.inbox();
    installation.done(&["generate", "forespoergsel", "--dir", dir.to_str().unwrap()]);
    for bad in ["bad1.txt", "bad2.txt"] {
        fs::write(dir.join(bad), "10\r\n").unwrap();
    }
    assert_eq!(installation.run(&["batch"]).code, Some(1));
    let good = format!("100101{ID}2026122420261230202612TEST{:12}\r\n", "");
    fs::write(dir.join("a.txt"), &good).unwrap();
    installation.run(&["batch"]);
    fs::write(dir.join("a.txt"), good.replace("0123", "9999")).unwrap();
    assert_eq!(installation.run(&["batch"]).code, Some(1));
    installation
}

#[test]
fn they_say_what_the_store_says() {
    let installation = busy();
    let samples = metrics(&installation);
    let status: Value = serde_json::from_str(&installation.done(&["status", "--json"])).unwrap();
    let mut wanted = Samples::new();
    for row in status["files"].as_array().unwrap() {
        let text = |name: &str| row[name].as_str().unwrap();
        let labels = [text("flow"), text("direction"), text("state")].join(" ");
        let oldest: chrono::DateTime<chrono::Utc> = text("oldest_since").parse().unwrap();
        let oldest = oldest.timestamp();
        wanted.insert(format!("files {labels}"), row["files"].as_i64().unwrap());
        wanted.insert(format!("files_oldest_timestamp_seconds {labels}"), oldest);
    }
    assert_eq!(wanted["files sf2530 inbound rejected"], 2);
    assert_eq!(wanted["files sf2530 inbound held"], 1);
    let of_files = samples.iter().filter(|(series, _)| series.starts_with("files"));
    let of_files: Samples = of_files.map(|(series, value)| (series.clone(), *value)).collect();
    assert_eq!(of_files, wanted);

    let table = [
        ("alerts_raised file-rejected", 2),
        ("alerts_unsent file-rejected", 2),
        ("alerts_raised file-needs-operator", 1),
        ("alerts_unsent file-needs-operator", 0),
        ("alerts_raised disk-nearly-full", 0),
        ("aftaler", status["aftaler"].as_i64().unwrap()),
        ("endpoint_paused ky", 0),
        ("state_free_minimum_bytes", 256 << 20),
        (concat!("build_info ", env!("CARGO_PKG_VERSION")), 1),
    ];
    for (series, value) in table {
        assert_eq!(samples.get(series), Some(&value), "{series}: {samples:#?}");
    }
    assert!(samples["state_free_bytes"] > 0);
    assert_eq!(
        metrics(&installation).keys().collect::<Vec<_>>(),
        samples.keys().collect::<Vec<_>>()
    );
}

#[test]
fn a_pause_shows() {
    let installation = busy();
    let store = Connection::open(installation.path("state/modregn.db")).unwrap();
    let pause = "INSERT INTO pause VALUES ('ky', '2026-11-22T05:00:00.000Z', 'operator', \
                 'host-key-mismatch', 'another key')";
    store.execute(pause, []).unwrap();
    assert_eq!(metrics(&installation)["endpoint_paused ky"], 1);
}

#[test]
fn a_file_for_the_collector_is_replaced_in_one_step() {
    let installation = busy();
    let place = installation.path("textfile");
    fs::create_dir(&place).unwrap();
    let file = place.join("modregn.prom");
    for _ in 0..2 {
        installation.done(&["metrics", "--output", file.to_str().unwrap()]);
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(parse(&text).get("files sf2530 inbound rejected"), Some(&2));
        assert_eq!(names(&place), ["modregn.prom"]);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
        fs::write(&file, "older").unwrap();
    }
    let nowhere = installation.run(&["metrics", "--output", "nowhere/modregn.prom"]);
    assert_eq!(nowhere.code, Some(4), "{}", nowhere.err);
    assert!(nowhere.err.contains("nowhere"), "{}", nowhere.err);
}
