//! Payout reports in a run, on requests that were answered before it began: one with its
//! correction, which comes with it and before a copy of it, one with a record that is refused, one
//! that names no request, and one that nobody can read.

use crate::support::installation::{Installation, names};
use crate::support::oracle::afstemning;
use crate::support::payout::{Asked, Line, Report, read_answer};
use crate::support::promises::{Earlier, Reports};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

/// The month before that of a run's own requests.
const PERIODE: &str = "202611";
const DISPOSITIONSDATO: &str = "2026-11-30";
const BAD: (&str, &[u8]) = ("SF2520_ulaeselig.txt", b"10hvad er det?\r\n");
/// Nobody's.
const CPR: &str = "0101900002";

/// Has the municipalities ask for the month before; the answers lie in `ud` then.
pub(crate) fn ask(place: &Installation, kommuner: &[&str]) -> Earlier {
    let inbox = place.path("ind");
    fs::create_dir(place.path("ud")).unwrap();
    let into = ["--dispositionsdato", DISPOSITIONSDATO, "--dir", inbox.to_str().unwrap()];
    place.done(&[&["generate", "forespoergsel"], kommuner, &into[..]].concat());
    place.done(&["batch"]);
    let id = |transfer: &serde_json::Value| transfer["transfer"].as_str().unwrap().parse().unwrap();
    let counted = |table: &str| {
        let rows = place.rows(&format!("SELECT count(*) FROM {table}"));
        rows[0][0].parse().unwrap()
    };
    Earlier {
        transfers: place.transfers().iter().map(id).collect(),
        requests: counted("forespoergsel"),
        expectations: counted("forventning"),
    }
}

/// What each report does to the expectations, by rule; its identifier follows from its number.
fn report(number: u32, kommunekode: &str, request: Option<&str>, lines: &[Line]) -> Report {
    Report {
        kommunekode: kommunekode.to_owned(),
        dispositionsdato: DISPOSITIONSDATO.replace('-', ""),
        periode: PERIODE.to_owned(),
        ..Report::new(&format!("aaaaaaaa-0000-4000-8000-{number:012}"), request, lines)
    }
}

fn full(asked: &Asked) -> Line {
    Line::new(&asked.aftale_id, &asked.cpr, asked.beloeb, "00")
}

/// Invents the reports on what [`ask`] asked.
pub(crate) fn invent(place: &Installation) -> Reports {
    let answers = names(&place.path("ud"));
    let answer = |kommunekode: &str| {
        let prefix = format!("svar_{kommunekode}_");
        let name = answers.iter().find(|name| name.starts_with(&prefix)).unwrap();
        read_answer(&fs::read(place.path("ud").join(name)).unwrap())
    };
    let (first, first_asked) = answer("0101");
    let asked = &first_asked;
    let partial = asked.iter().map(|asked| Line { beloeb: asked.beloeb / 2, ..full(asked) });
    let one = report(1, "0101", Some(&first), &partial.collect::<Vec<_>>());
    let back = Line { beloeb: -asked[1].beloeb / 4, ..full(&asked[1]) };
    let nothing = Line::new(&asked[2].aftale_id, &asked[2].cpr, 0, "02");
    let unexpected = Line::new("NY-1", CPR, 700, "00");
    let corrected = report(2, "0101", Some(&first), &[full(&asked[0]), back, nothing, unexpected]);
    let (second, asked) = answer("0151");
    let (good, bad) = (full(&asked[0]), Line::new("NY-2", "9999999999", 700, "00"));
    let in_part = report(3, "0151", Some(&second), &[good.clone(), bad]);
    let applied = report(3, "0151", Some(&second), &[good]);
    let nameless = report(4, "0101", None, &[full(&first_asked[3])]);

    let files = [
        ("SF2520_b.txt", one.text().into_bytes(), 50),
        ("SF2520_a_rettet.txt", corrected.text().into_bytes(), 40),
        ("SF2520_c.txt", one.text().into_bytes(), 30),
        ("SF2520_d.txt", in_part.text().into_bytes(), 20),
        ("SF2520_e.txt", nameless.text().into_bytes(), 10),
        (BAD.0, BAD.1.to_vec(), 5),
    ];
    let applied = [one, corrected, applied, nameless];
    let told = format!("afvist_0151_{}.json", applied[2].udbetaling_id);
    Reports {
        files: files.iter().map(|(name, bytes, _)| ((*name).to_owned(), bytes.clone())).collect(),
        ages: files.iter().map(|(name, _, age)| ((*name).to_owned(), *age)).collect(),
        bad: BTreeSet::from([BAD.0.to_owned()]),
        told: BTreeSet::from([told]),
        applied: applied.iter().map(|report| report.udbetaling_id.clone()).collect(),
        lines: applied.iter().map(|report| report.lines.len()).sum(),
        figures: figures(place, &answers, &applied),
    }
}

/// What it must come to by the oracle.
fn figures(
    place: &Installation,
    answers: &[String],
    applied: &[Report],
) -> BTreeMap<String, BTreeMap<String, [i64; 3]>> {
    let mut events = String::new();
    for name in answers {
        writeln!(events, "svar {}", place.path("ud").join(name).display()).unwrap();
    }
    for report in applied {
        let path = place.path(&report.udbetaling_id);
        fs::write(&path, report.text()).unwrap();
        writeln!(events, "udbetaling {}", path.display()).unwrap();
    }
    afstemning(&events)
}
