//! What those who watch by Prometheus and Grafana are given: rules that are tested by promtool, and
//! that speak, as the dashboard does, of metrics there are and of headings there are.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use support::daemon::Daemon;
use support::http::Browser;
use support::installation::{Installation, names};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap()
}

/// promtool, in the directory of the rules.
fn promtool(args: &[&str]) {
    let mut promtool = Command::new("promtool");
    promtool.args(args).current_dir(Path::new(ROOT).join("monitoring")).stdin(Stdio::null());
    let output = promtool
        .output()
        .expect("promtool is needed: apt-get install prometheus (make check does)");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "promtool {args:?}\n{said}");
}

#[test]
fn the_rules_fire_when_they_should_and_else_not() {
    promtool(&["check", "rules", "modregn.rules.yml"]);
    promtool(&["test", "rules", "modregn.rules.test.yml"]);
}

#[test]
fn what_an_alert_points_at_is_there() {
    let rules = read("monitoring/modregn.rules.yml");
    let places: Vec<_> =
        rules.lines().filter_map(|line| line.trim().strip_prefix("runbook: ")).collect();
    assert_eq!(places.len(), rules.matches("- alert:").count());
    for place in places {
        let (file, heading) = place.split_once('#').unwrap_or((place, ""));
        let text = read(file);
        let found = heading.is_empty() || text.lines().any(|line| line == format!("## {heading}"));
        assert!(found, "{place} is not there");
    }
}

/// The names that begin with `modregn_`, without what Prometheus adds to a counter or a histogram.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_lowercase() || c == '_';
    let words = text.split(|c| !is_part(c)).filter(|word| word.starts_with("modregn_"));
    let bare = words.map(|word| {
        ["_total", "_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| word.strip_suffix(end))
            .unwrap_or(word)
    });
    bare.map(str::to_owned).collect()
}

/// What a running daemon tells after some work.
fn told() -> String {
    let installation = Installation::local("TEST");
    let config = fs::read_to_string(installation.config()).unwrap();
    let route = |text: &str| text[text.find("[[route]]").unwrap()..].to_owned();
    // Both ends of SF1590 too, and a calendar: each has metrics of its own.
    let more = route(&config)
        .replace("sf2530", "sf1590-fagsystem")
        .replace("\"ind\"", "\"kvitteringer\"")
        .replace("\"ud\"", "\"overfoersler\"")
        .replace("svar_{kommunekode}_{forespoergsel_id}", "{kommunekode}_{overfoersel_id}");
    let head = "[payouts]\nbankdag = -1\n[web]\nlisten = \"127.0.0.1:0\"\n[endpoint";
    fs::write(installation.config(), config.replacen("[endpoint", head, 1) + &more).unwrap();
    // The inbox for kvitteringer is not there: trouble is counted, too.
    fs::create_dir(installation.path("udveksling/overfoersler")).unwrap();
    installation.import_aftaler(100);
    let dir = installation.path("requests");
    let args = ["generate", "forespoergsel", "--kommuner", "2", "--dir", dir.to_str().unwrap()];
    installation.done(&args);
    let mut daemon = Daemon::start(&installation, "info");
    for name in names(&dir) {
        fs::rename(dir.join(&name), installation.inbox().join(&name)).unwrap();
    }
    daemon.wait_for(&installation.outbox(), 2);
    let browser = Browser::at(&daemon.web());
    assert_eq!(browser.get("/health/live").status, 200);
    assert_eq!(browser.get("/health/ready").status, 200);
    let begun = Instant::now();
    // Some of it is counted aside, and shown once it is.
    let text = loop {
        let text = browser.get("/metrics").body;
        let counted = ["modregn_payout_kommuner{", "modregn_registreringer{", "modregn_files{"];
        if counted.iter().all(|name| text.contains(name)) {
            break text;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{text}");
        sleep(Duration::from_millis(100));
    };
    daemon.stop();
    text
}

#[test]
fn rules_and_dashboard_speak_of_metrics_there_are() {
    let text = told();
    let families = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let known: BTreeSet<_> =
        families.map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    let dashboard = read("monitoring/modregn.dashboard.json");
    let json: serde_json::Value = serde_json::from_str(&dashboard).unwrap();
    let panels = json["panels"].as_array().unwrap();
    let mut exprs = String::new();
    for panel in panels {
        for target in panel["targets"].as_array().unwrap() {
            exprs += target["expr"].as_str().unwrap();
            exprs.push('\n');
        }
    }
    let rules = read("monitoring/modregn.rules.yml");
    let named: BTreeSet<_> = metrics_in(&(exprs + &rules)).into_iter().collect();
    assert!(named.len() > 15, "{named:?}");
    let unknown: Vec<_> = named.difference(&known).collect();
    // What is only there where something waits.
    let rare = ["modregn_registreringer_oldest_timestamp_seconds"];
    let unknown: Vec<_> = unknown.iter().filter(|name| !rare.contains(&name.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?} are not among {known:?}");
    let operations = read("docs/operations.md");
    let explained = metrics_in(&operations);
    let unexplained: Vec<_> = known.difference(&explained).collect();
    assert!(unexplained.is_empty(), "docs/operations.md does not explain {unexplained:?}");
}

#[test]
fn readiness_says_what_is_in_the_way() {
    let installation = Installation::local("TEST");
    let config = fs::read_to_string(installation.config()).unwrap();
    let head =
        "[limits]\nfree_bytes = 9000000000000000000\n[web]\nlisten = \"127.0.0.1:0\"\n[endpoint";
    fs::write(installation.config(), config.replacen("[endpoint", head, 1)).unwrap();
    let mut daemon = Daemon::start(&installation, "info");
    let browser = Browser::at(&daemon.web());
    let page = browser.get("/health/ready");
    assert_eq!(page.status, 503, "{}{}", page.body, daemon.log());
    assert!(
        page.body.contains("wrong room: ") && page.body.contains("good store"),
        "{}",
        page.body
    );
    assert_eq!(browser.get("/health/live").status, 200);
    daemon.stop();
}
