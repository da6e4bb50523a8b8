//! Every fault a layout file can have: one sound layout, spoiled in one way after another, and what
//! is said about it. The snapshots are the messages people read.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

use modregn::layout::{self, Diagnostics, LayoutFault};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write as _;

const BASE: &str = include_str!("layouts/base.toml");
const SPOILED: &str = include_str!("layouts/spoiled.txt");

/// Each fault with the faulty layouts that show it.
fn spoiled() -> Vec<(&'static str, Vec<String>)> {
    let mut all: Vec<(&str, Vec<String>)> = Vec::new();
    for line in SPOILED.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let Some((from, to)) = line.split_once(" →") else {
            all.push((line, Vec::new()));
            continue;
        };
        let (how, from) = from.trim_start().split_once(' ').unwrap();
        let layouts = &mut all.last_mut().unwrap().1;
        let text = if how == "+" { layouts.pop().unwrap() } else { BASE.to_owned() };
        layouts.push(spoil(&text, from, to.trim_start()));
    }
    all
}

fn spoil(text: &str, from: &str, to: &str) -> String {
    let (from, to) = (from.replace('⏎', "\n"), to.replace('⏎', "\n"));
    assert!(text.contains(&from), "the sound layout has no {from}");
    text.replacen(&from, &to, 1)
}

fn faults_of(diagnostics: &Diagnostics) -> BTreeSet<&'static str> {
    diagnostics.list().iter().map(|one| one.fault().as_str()).collect()
}

#[test]
fn a_layout_that_is_wrong_everywhere_is_shown_in_part() {
    let unknown: String = (0..150).fold(String::new(), |mut text, number| {
        writeln!(text, "unknown_{number} = 1").unwrap();
        text
    });
    let faults = layout::compile("layout.toml", &format!("{unknown}{BASE}")).unwrap_err();
    assert_eq!(faults.list().len(), 150);
    let shown = faults.render(false);
    assert_eq!(shown.matches("error[").count(), 100);
    assert!(shown.ends_with("and 50 faults more"), "{shown}");
}

#[test]
fn the_sound_layout_is_sound() {
    layout::compile("base.toml", BASE).unwrap_or_else(|faults| panic!("{faults}"));
}

#[test]
fn each_fault_is_found_alone_and_said_clearly() {
    let spoiled = spoiled();
    for (fault, layouts) in &spoiled {
        let mut said = String::new();
        for text in layouts {
            let Err(faults) = layout::compile("base.toml", text) else {
                panic!("expected {fault} from\n{text}");
            };
            assert_eq!(faults_of(&faults), BTreeSet::from([*fault]), "{faults}");
            writeln!(said, "{faults}\n").unwrap();
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_omit_expression(true);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_snapshot_path("snapshots/layout_faults");
        settings.bind(|| insta::assert_snapshot!(*fault, said));
    }
    let shown: BTreeSet<_> = spoiled.iter().map(|(fault, _)| *fault).collect();
    let all: BTreeSet<_> = LayoutFault::ALL.iter().map(|fault| fault.as_str()).collect();
    assert_eq!(shown, all);
}

#[test]
fn all_faults_of_a_file_are_found_at_once() {
    let edits = [
        ("\"base\"", "\"Base\""),
        ("title", "colour = \"red\"\ntitle"),
        ("\"DDMMYY\", pivot = 1950", "\"DDMMYY\""),
        ("length = 19", "length = 18"),
        ("value = \"20\"", "value = \"10\""),
        ("code = \"B\"", "code = \"A\""),
        ("\"post*\"", "\"post*\", \"post\""),
        ("\"hoved.antal\"", "\"hoved.rest_b\""),
        ("2029-12-31", "2019-12-31"),
    ];
    let text = edits.iter().fold(BASE.to_owned(), |text, (from, to)| spoil(&text, from, to));
    let faults = layout::compile("base.toml", &text).unwrap_err();
    let expected = BTreeSet::from([
        "ambiguous-records",
        "ambiguous-structure",
        "bad-name",
        "control-not-a-number",
        "duplicate-code",
        "gap",
        "pivot-missing",
        "unknown-key",
        "validity-reversed",
    ]);
    assert_eq!(faults_of(&faults), expected, "{faults}");
}

/// Pieces that mean something somewhere in a layout file.
const PIECES: &[&str] = &[
    "",
    "\"",
    "[",
    "]",
    "{",
    "}",
    "=",
    ",",
    "\n",
    "\r\n",
    "æ",
    "€",
    "0",
    "1",
    "-1",
    "7",
    "99999999",
    "1.5",
    "true",
    "2020-02-30",
    "[]",
    "{}",
    "[[record]]",
    "[structure]",
    "\"post\"",
    "\"sektion*\"",
    "\"date\"",
    "\"number\"",
    "\"code\"",
    "\"sign\"",
    "\"constant\"",
    "name",
    "start",
    "length",
    "kind",
    "start = 1,",
    "length = 65536,",
    "\"last\"",
    "match = \"first\"",
    "\"overpunch\"",
    "\"hoved|slut{2,}\"",
];

proptest! {
    /// Whatever stands in the file: a layout or at least one fault, and no panic, neither in the
    /// compiler nor in what shows the faults.
    #[test]
    fn no_text_breaks_the_compiler(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..40), 1..4),
        pieces in prop::collection::vec(prop::sample::select(PIECES), 4),
    ) {
        let mut text: Vec<char> = BASE.chars().collect();
        for ((at, length), piece) in cuts.iter().zip(&pieces) {
            let at = at.index(text.len() + 1);
            let end = text.len().min(at + length);
            text.splice(at..end, piece.chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(faults) = layout::compile("cut.toml", &text) {
            prop_assert!(!faults.list().is_empty());
            prop_assert!(faults.render(true).contains("cut.toml"));
        }
    }
}
