//! `docs/transfer-states.md` is generated from the one state machine; `make bless` writes it anew.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

use modregn::transfer::state::{Event, State, next};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/transfer-states.md");
const SOURCE: &str = include_str!("../src/transfer/state.rs");

/// The comment that stands above each state and event in the source, by its word.
fn comments() -> BTreeMap<&'static str, String> {
    let mut comments = BTreeMap::new();
    let mut comment = Vec::new();
    for line in SOURCE.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// ") {
            comment.push(text);
        } else {
            if let Some((_, word)) = line.split_once(" = \"") {
                comments.insert(word.trim_end_matches("\","), comment.join(" "));
            }
            comment.clear();
        }
    }
    comments
}

fn document() -> String {
    let comments = comments();
    let mut text = String::from(
        "# The life of a file\n\n\
         Generated from `src/transfer/state.rs` by `make bless`; a test fails when it drifts.\n\n\
         ```mermaid\nstateDiagram-v2\n",
    );
    for &state in State::ALL {
        for &event in Event::ALL {
            if let Ok(to) = next(state, event) {
                writeln!(text, "    {state} --> {to}: {event}").unwrap();
            }
        }
    }
    text.push_str("```\n\n| state | meaning, who moves it on, what a restart does |\n|---|---|\n");
    for state in State::ALL {
        writeln!(text, "| {state} | {} |", comments[state.word()]).unwrap();
    }
    text.push_str("\n| event | meaning |\n|---|---|\n");
    for event in Event::ALL {
        writeln!(text, "| {event} | {} |", comments[event.word()]).unwrap();
    }
    text
}

#[test]
fn the_document_is_what_the_machine_says() {
    let document = document();
    if std::env::var_os("BLESS").is_some() {
        fs::write(DOCUMENT, &document).unwrap();
    }
    let written = fs::read_to_string(DOCUMENT).unwrap_or_default();
    assert!(written == document, "docs/transfer-states.md has drifted: run `make bless`");
}
