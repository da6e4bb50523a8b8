//! `fixtures/<layout>/<case>/`: exact bytes in, and what must come of them. Where there is an
//! `expected.jsonl`, the file decodes to it and it encodes to the file, byte for byte; where there
//! is an `expected.json`, it holds the verdict and every fault.

use crate::support::{codec, read};
use assert_cmd::Command;
use modregn::record::Codec;
use serde_json::{Value as Json, json};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The layout file that a folder of fixtures is named after.
fn layout_of(case: &Path) -> PathBuf {
    let id = case.parent().unwrap().file_name().unwrap().to_str().unwrap();
    let places =
        ["formats", "tests/layouts"].map(|dir| root().join(dir).join(format!("{id}.toml")));
    places.into_iter().find(|path| path.exists()).unwrap_or_else(|| panic!("no layout {id}"))
}

fn directories(path: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir())
}

/// Every case with this kind of expectation, and its file.
fn cases(expectation: &str) -> Vec<(PathBuf, PathBuf)> {
    let mut found = Vec::new();
    for layout in directories(&root().join("fixtures")) {
        for case in directories(&layout) {
            let files: Vec<_> =
                fs::read_dir(&case).unwrap().map(|entry| entry.unwrap().path()).collect();
            let known = |path: &&PathBuf| {
                let name = path.file_name().unwrap().to_str().unwrap();
                name != "README.md" && !name.starts_with("expected")
            };
            let file = files.iter().find(known).unwrap_or_else(|| panic!("{}", case.display()));
            if case.join(expectation).exists() {
                found.push((case.clone(), file.clone()));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

fn modregn(args: &[&str], paths: &[&Path]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_modregn"));
    command.arg("layout").args(args).args(paths);
    command
}

#[test]
fn what_a_file_decodes_to_encodes_to_the_file() {
    for (case, file) in cases("expected.jsonl") {
        let (layout, expected) = (layout_of(&case), case.join("expected.jsonl"));
        let decoded = modregn(&["decode", "--unmask"], &[&layout, &file]).assert().success();
        let decoded = String::from_utf8(decoded.get_output().stdout.clone()).unwrap();
        assert_eq!(decoded, fs::read_to_string(&expected).unwrap(), "{}", case.display());
        let encoded = modregn(&["encode"], &[&layout, &expected]).assert().success();
        let bytes = fs::read(&file).unwrap();
        assert!(encoded.get_output().stdout == bytes, "{}", case.display());
    }
}

#[test]
fn faulty_files_have_exactly_the_faults_that_are_expected() {
    for (case, file) in cases("expected.json") {
        let expected: Json =
            serde_json::from_str(&fs::read_to_string(case.join("expected.json")).unwrap()).unwrap();
        let layout: Codec = codec(&fs::read_to_string(layout_of(&case)).unwrap());
        let faults = match read(&layout, fs::File::open(&file).unwrap()) {
            Ok(_) => json!([]),
            Err(faults) => serde_json::to_value(&faults).unwrap(),
        };
        let found: Vec<_> = faults.as_array().unwrap().iter().map(place_of).collect();
        let expected = expected.get("faults").and_then(Json::as_array).cloned().unwrap_or_default();
        assert_eq!(found, expected, "{}", case.display());
    }
}

/// A fault without the words that people read.
fn place_of(fault: &Json) -> Json {
    let keys = ["code", "position", "field", "columns"];
    keys.into_iter().map(|key| (key.to_owned(), fault[key].clone())).collect()
}

#[test]
fn personal_data_is_masked_unless_asked_for() {
    let case = root().join("fixtures/cpr-udtraek/two-persons");
    let (layout, file) = (layout_of(&case), case.join("udtraek.txt"));
    for args in [&["decode"][..], &["decode", "--csv"]] {
        let shown = modregn(args, &[&layout, &file]).assert().success();
        let shown = String::from_utf8(shown.get_output().stdout.clone()).unwrap();
        assert!(shown.contains("010190-****") && shown.contains("Aarhus C"), "{shown}");
        for secret in ["0101901234", "3112854321", "Søren", "Ærøvej"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
}

#[test]
fn csv_is_one_table_for_all_kinds_of_record() {
    let case = root().join("fixtures/sf2530-svar/two-transactions");
    let args = ["decode", "--csv", "--unmask", "sf2530-svar"];
    let shown = modregn(&args, &[&case.join("svar.txt")]).assert().success();
    let shown = String::from_utf8(shown.get_output().stdout.clone()).unwrap();
    let rows: Vec<_> = shown.lines().collect();
    assert_eq!(
        rows[0],
        "record,kommunekode,forespoergsel_id,dannet_dato,dannet_tid,dispositionsdato,\
         udbetalingsperiode,miljoe,loebenummer,aftale_id,cpr,beloeb,ydelsestype,gyldig_fra,\
         gyldig_til,prioritet,fordring_id,antal_transaktioner,sum_beloeb"
    );
    assert_eq!(rows[2], "transaktion,0851,,,,,,,1,AFT-1,0101901234,1603.00,01,2026-01-01,,1,F-1,,");
    assert_eq!(rows.len(), 5);
}

#[test]
fn a_bad_file_shows_its_faults_and_its_good_records() {
    let case = root().join("fixtures/sf2530-forespoergsel/several-faults");
    let file = case.join("forespoergsel.txt");
    let failed = modregn(&["decode", "sf2530-forespoergsel"], &[&file]).assert().code(1);
    let said = String::from_utf8(failed.get_output().stderr.clone()).unwrap();
    let codes: Vec<_> = said.lines().filter_map(|line| line.split(": ").nth(1)).collect();
    assert_eq!(
        codes,
        [
            "bad-kommunekode",
            "bad-date",
            "bad-period",
            "a bad file, 3 faults; docs/errors.md explains"
        ]
    );
}

#[test]
fn what_cannot_be_encoded_names_its_line() {
    let table = [
        ("{", "stdin:1: no JSON object"),
        ("{}", "stdin:1: expected \"record\": one of start, transaktion, slut"),
        ("{\"record\":\"start\",\"x\":1}", "stdin:1: the record start has no field x"),
        ("{\"record\":\"start\",\"kommunekode\":\"0411\"}", "stdin:1: kommunekode: expected the"),
        ("{\"record\":\"start\"}", "stdin:1: missing-value: record 1 (start), line 1, byte 2"),
        ("", "stdin: missing-record: record 1, line 1, byte 0: expected start"),
    ];
    for (lines, expected) in table {
        let mut command = modregn(&["encode", "sf2530-svar"], &[]);
        let failed = command.write_stdin(lines).assert().code(1);
        let said = String::from_utf8(failed.get_output().stderr.clone()).unwrap();
        assert!(said.starts_with(expected), "{said}");
    }
}
