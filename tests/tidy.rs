//! The house rules that no compiler checks. `ARCHITECTURE.md` says what they are for; its table of
//! rooms is what the layering is held against. Every finding of a rule is shown, not the first
//! only.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

#[path = "support/personal.rs"]
mod personal;

use personal::line_with_cpr;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Findings that are right as they are: rule, path, why. One that no longer occurs is a finding.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

const LONGEST_FILE: usize = 500;
const LONGEST_LINE: usize = 100;

/// What one rule found: path, and what is wrong there.
type Findings = Vec<(String, String)>;

/// Fails with all findings but the reasoned exceptions.
fn report(rule: &str, findings: impl IntoIterator<Item = (String, String)>) {
    let findings: Findings = findings.into_iter().collect();
    let excepted: BTreeSet<_> =
        EXCEPTIONS.iter().filter(|(of, ..)| *of == rule).map(|(_, path, _)| *path).collect();
    let found: BTreeSet<_> = findings.iter().map(|(path, _)| path.clone()).collect();
    let mut text = String::new();
    for (path, what) in findings.iter().filter(|(path, _)| !excepted.contains(path.as_str())) {
        writeln!(text, "  {path}: {what}").unwrap();
    }
    for path in excepted.iter().filter(|path| !found.contains(**path)) {
        writeln!(text, "  {path}: excepted from this rule, but keeps it").unwrap();
    }
    assert!(text.is_empty(), "{rule}:\n{text}");
}

/// A text file of the project, by its path from the root.
struct Text {
    path: String,
    whole: String,
}

impl Text {
    fn is(&self, ending: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|is| is == ending)
    }

    /// Without the unit tests at its end, or in a file of their own.
    fn product(&self) -> &str {
        if self.path.starts_with("src/") && self.path.ends_with("/tests.rs") {
            return "";
        }
        self.whole.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default()
    }

    /// The product's lines of code, without comments, numbered from 1.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.product().lines().enumerate();
        lines.map(|(at, line)| (at + 1, line)).filter(|(_, l)| !l.trim_start().starts_with("//"))
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file under these places; a place that is not there has none.
fn texts(places: &[&str]) -> Vec<Text> {
    let mut paths = Vec::new();
    for place in places {
        collect(&root().join(place), &mut paths);
    }
    paths.sort();
    let text = |path: PathBuf| {
        let whole = fs::read_to_string(&path).ok()?;
        let path = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        Some(Text { path, whole })
    };
    paths.into_iter().filter_map(text).collect()
}

fn collect(path: &Path, into: &mut Vec<PathBuf>) {
    if path.is_file() {
        into.push(path.to_owned());
    } else if path.is_dir() && !path.ends_with("target") {
        for entry in fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), into);
        }
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn sources() -> Vec<Text> {
    texts(&["src"]).into_iter().filter(|text| text.is("rs")).collect()
}

fn all_rust() -> Vec<Text> {
    texts(&["src", "tests", "benches", "fuzz"]).into_iter().filter(|text| text.is("rs")).collect()
}

// ---- layering

/// A row of ARCHITECTURE.md's table of rooms.
struct Room {
    name: String,
    may_use: BTreeSet<String>,
    may_use_all_below: bool,
}

/// Used by every room; uses none.
const LEAF: &str = "fault";

/// The rooms, top floor first.
fn rooms() -> Vec<Room> {
    let names = |cell: &str| -> Vec<String> {
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let row = |row: &str| {
        let cells: Vec<_> = row.split('|').collect();
        Room {
            name: names(cells[1]).pop().unwrap_or_else(|| panic!("a row without a room: {row}")),
            may_use: names(cells[2]).into_iter().collect(),
            may_use_all_below: cells[2].trim() == "all below",
        }
    };
    let text = read("ARCHITECTURE.md");
    let table = text.lines().skip_while(|line| !line.starts_with("| room |"));
    let rooms: Vec<_> = table.skip(2).take_while(|line| line.starts_with('|')).map(row).collect();
    assert!(!rooms.is_empty(), "ARCHITECTURE.md has no table of rooms");
    rooms
}

/// The floor of `layout` for `layout::model`, but of `transfer::state` for itself: the longest name
/// that fits.
fn floor_of(module: &[impl AsRef<str>], rooms: &[Room]) -> Option<usize> {
    let fits = |room: &Room| {
        let parts: Vec<_> = room.name.split("::").collect();
        parts.len() <= module.len() && parts.iter().zip(module).all(|(a, b)| *a == b.as_ref())
    };
    let fitting = rooms.iter().enumerate().filter(|(_, room)| fits(room));
    fitting.max_by_key(|(_, room)| room.name.len()).map(|(floor, _)| floor)
}

/// `["layout", "model"]` for `src/layout/model.rs`.
fn module_of(path: &str) -> Vec<&str> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
    inner.split('/').filter(|part| !["mod", "lib", "main"].contains(part)).collect()
}

/// The module paths that a path or a tree of paths (`a::{b, c::d}`) names, at most two deep.
fn expand(tree: &str) -> Vec<Vec<String>> {
    let end = tree.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(tree.len());
    let (name, rest) = tree.split_at(end);
    if let Some(group) = rest.strip_prefix('{').filter(|_| name.is_empty()) {
        return split_group(group).iter().flat_map(|branch| expand(branch.trim())).collect();
    }
    let branches = rest.strip_prefix("::").map(expand).unwrap_or_default();
    if branches.is_empty() {
        return vec![vec![name.to_owned()]];
    }
    branches.into_iter().map(|branch| [vec![name.to_owned()], branch].concat()).collect()
}

/// The parts of `a, b::{c, d}, e}…`, up to the brace that closes the group.
fn split_group(group: &str) -> Vec<&str> {
    let (mut depth, mut from, mut parts) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                parts.push(&group[from..at]);
                from = at + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    parts
}

/// The modules of this crate that a file names, whether by `crate::` or by `super::` up to the
/// root.
fn used_modules(text: &Text) -> BTreeSet<Vec<String>> {
    let code = text.code().map(|(_, line)| line).collect::<Vec<_>>().join("\n");
    let to_root = "super::".repeat(module_of(&text.path).len());
    [to_root.as_str(), "crate::"]
        .iter()
        .flat_map(|prefix| code.match_indices(prefix).map(|(at, _)| &code[at + prefix.len()..]))
        .flat_map(expand)
        .collect()
}

#[test]
fn arrows_run_downwards() {
    let rooms = rooms();
    let mut findings = Findings::new();
    for (floor, room) in rooms.iter().enumerate() {
        let below: BTreeSet<_> = rooms[floor + 1..].iter().map(|room| room.name.clone()).collect();
        for used in room.may_use.difference(&below) {
            let what = format!("`{used}` is not below `{}`", room.name);
            findings.push(("ARCHITECTURE.md".into(), what));
        }
    }
    report("floors", findings);
}

#[test]
fn rooms_use_what_the_table_says() {
    let rooms = rooms();
    let mut findings = Findings::new();
    let mut used: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for text in sources().iter().filter(|text| !module_of(&text.path).is_empty()) {
        let Some(floor) = floor_of(&module_of(&text.path), &rooms) else {
            findings.push((text.path.clone(), "its room is not in ARCHITECTURE.md".into()));
            continue;
        };
        let used_here = used.entry(floor).or_default();
        for other in used_modules(text).iter().filter_map(|module| floor_of(module, &rooms)) {
            let (room, name) = (&rooms[floor], &rooms[other].name);
            let allowed = room.may_use.contains(name) || (room.may_use_all_below && other > floor);
            if other != floor && name != LEAF && !allowed {
                findings.push((text.path.clone(), format!("`{}` may not use `{name}`", room.name)));
            }
            used_here.insert(name.clone());
        }
    }
    for (floor, room) in rooms.iter().enumerate() {
        let unused = used.get(&floor).map(|used| room.may_use.difference(used).collect::<Vec<_>>());
        let what = match unused.as_deref() {
            None => "is no room".to_owned(),
            Some([]) => continue,
            Some(unused) => format!("does not use {unused:?}"),
        };
        findings.push(("ARCHITECTURE.md".into(), format!("`{}` {what}", room.name)));
    }
    report("layering", findings);
}

#[test]
fn a_tree_of_paths_is_taken_apart() {
    let text = Text {
        path: "src/flow/sf2530.rs".into(),
        whole: "use crate::{fault::Code, store::{self, Store}};\n// crate::cli\n\
                use super::super::domain;\nlet x = $crate::record::f();\n"
            .into(),
    };
    let used: Vec<_> = used_modules(&text).iter().map(|path| path.join("::")).collect();
    let wanted =
        ["domain", "fault::Code", "record::f", "store::Store", "store::self"].map(str::to_owned);
    assert_eq!(used, wanted);
}

// ---- sizes and forms

#[test]
fn rooms_are_small() {
    let mut findings = Findings::new();
    for text in all_rust() {
        let lines = text.product().lines().count();
        if lines > LONGEST_FILE {
            findings.push((text.path.clone(), format!("{lines} lines, at most {LONGEST_FILE}")));
        }
        for (at, line) in text.whole.lines().enumerate() {
            if line.chars().count() > LONGEST_LINE {
                let what = format!("line {} is longer than {LONGEST_LINE}", at + 1);
                findings.push((text.path.clone(), what));
            }
        }
    }
    report("size", findings);
}

#[test]
fn every_module_says_what_it_is_for() {
    let mute = all_rust().into_iter().filter(|text| !text.whole.starts_with("//! "));
    report("module docs", mute.map(|text| (text.path, "does not open with `//!`".into())));
}

#[test]
fn no_test_is_ignored() {
    let attribute = concat!("#[", "ignore");
    let ignored = all_rust().into_iter().filter(|text| text.whole.contains(attribute));
    let findings = ignored.map(|text| (text.path, "ignores a test".into()));
    report("ignored tests", findings);
}

// ---- what must stand in one place only

/// Lines of product code outside `allowed` that `is_wrong`.
fn offending(allowed: &str, is_wrong: impl Fn(&str) -> Option<String>) -> Findings {
    let mut findings = Findings::new();
    for text in sources().iter().filter(|text| !text.path.starts_with(allowed)) {
        for (at, line) in text.code() {
            findings
                .extend(is_wrong(line).map(|what| (text.path.clone(), format!("{at}: {what}"))));
        }
    }
    findings
}

#[test]
fn sql_stays_in_the_store() {
    let sql = ["SELECT ", "INSERT INTO ", "DELETE FROM ", "CREATE TABLE ", "PRAGMA ", "rusqlite"];
    let find = |line: &str| Some(sql.iter().find(|word| line.contains(**word))?.to_string());
    report("SQL", offending("src/store/", find));
}

/// Columns stand in formats/ alone. Domain types may take their own few characters apart.
#[test]
fn no_column_stands_in_the_code() {
    let numeric = |range: &str| {
        let ends: Vec<_> =
            range.split("..").map(|end| end.trim_start_matches('=').trim()).collect();
        let number = |end: &&str| end.bytes().all(|b| b.is_ascii_digit());
        ends.len() == 2 && ends.iter().all(number) && range != ".."
    };
    let find = |line: &str| {
        let inner = line.split('[').skip(1).filter_map(|rest| rest.split(']').next());
        inner.filter(|range| numeric(range)).map(|range| format!("[{range}]")).next()
    };
    report("columns", offending("src/domain/", find));
}

#[test]
fn no_whole_cpr_number_outside_tests() {
    let places =
        ["src", "benches", "docs", "formats", "migrations", "packaging", "systemd", "tools", ".ci"];
    let files = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "Makefile", "Cargo.toml"];
    let mut findings = Findings::new();
    for text in texts(&[&places[..], &files[..]].concat()) {
        for (at, line) in text.product().lines().enumerate() {
            if line_with_cpr(line).is_some() {
                findings.push((text.path.clone(), format!("{}: like a CPR number", at + 1)));
            }
        }
    }
    report("personal data", findings);
}

// ---- documents that keep step with the code

/// The path-like words in backticks: with a slash or a file's ending, up to a `<placeholder>`.
fn named_paths(text: &str) -> BTreeSet<String> {
    let endings = [".rs", ".toml", ".md", ".py"];
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|span| !span.contains(char::is_whitespace) && !span.contains("::"))
        .filter(|span| span.contains('/') || endings.iter().any(|ending| span.ends_with(ending)))
        .map(|span| span.split('<').next().unwrap_or_default().to_owned())
        .collect()
}

/// Whether a path, perhaps with one `*` in its last part, is there.
fn exists(path: &str) -> bool {
    let Some((before, after)) = path.split_once('*') else { return root().join(path).exists() };
    let (directory, start) = before.rsplit_once('/').unwrap_or((".", before));
    let fits = |name: &str| name.starts_with(start) && name.ends_with(after);
    fs::read_dir(root().join(directory))
        .is_ok_and(|entries| entries.flatten().any(|e| e.file_name().to_str().is_some_and(fits)))
}

#[test]
fn every_path_the_documents_name_exists() {
    let mut findings = Findings::new();
    for document in ["ARCHITECTURE.md", "README.md"] {
        for path in named_paths(&read(document)).iter().filter(|path| !exists(path)) {
            findings.push((document.into(), format!("names `{path}`, which is not there")));
        }
    }
    report("paths", findings);
}

#[test]
fn every_layout_field_is_in_the_glossary() {
    let glossary = fs::read_to_string(root().join("docs/glossary.md")).unwrap_or_default();
    let mut findings = Findings::new();
    for text in texts(&["formats"]).iter().filter(|text| text.is("toml")) {
        let layout: toml::Table = text.whole.parse().unwrap();
        let tables = |of: &toml::Table, key: &str| -> Vec<toml::Table> {
            let all = of.get(key).and_then(toml::Value::as_array).cloned().unwrap_or_default();
            all.into_iter().filter_map(|one| one.as_table().cloned()).collect()
        };
        for field in tables(&layout, "record").iter().flat_map(|record| tables(record, "field")) {
            let name = field["name"].as_str().unwrap_or_default();
            if !glossary.contains(&format!("`{name}`")) {
                findings.push((text.path.clone(), format!("`{name}` is not in docs/glossary.md")));
            }
        }
    }
    report("glossary", findings);
}

#[test]
fn every_fault_has_its_heading() {
    let text = read("docs/errors.md");
    let headings: BTreeSet<_> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let codes = modregn::fault::Code::ALL.iter().map(|code| code.as_str());
    let layout_faults = modregn::layout::LayoutFault::ALL.iter().map(|fault| fault.as_str());
    let codes: BTreeSet<_> = codes.chain(layout_faults).collect();
    let missing = codes.difference(&headings).map(|code| format!("no heading `## {code}`"));
    let strange = headings.difference(&codes).map(|head| format!("`## {head}` is no fault's code"));
    let findings = missing.chain(strange).map(|what| ("docs/errors.md".to_owned(), what));
    report("errors", findings);
}

#[test]
fn every_kind_of_alert_has_its_heading() {
    let text = read("docs/runbook.md");
    let headings: BTreeSet<_> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let kinds = modregn::fault::AlertKind::ALL.iter().map(|kind| kind.as_str());
    let kinds: BTreeSet<_> = kinds.chain(["test"]).collect();
    let missing = kinds.difference(&headings).map(|kind| format!("no heading `## {kind}`"));
    let strange = headings.difference(&kinds).map(|head| format!("`## {head}` is no kind"));
    let findings = missing.chain(strange).map(|what| ("docs/runbook.md".to_owned(), what));
    report("runbook", findings);
}

/// The senders of files are Danish: what a file's error report can name has its Danish sentence.
#[test]
fn every_fault_of_a_file_is_told_in_danish() {
    let without: BTreeSet<_> = modregn::fault::Code::ALL
        .iter()
        .filter(|code| code.dansk().is_none())
        .map(|code| format!("{code:?}"))
        .collect();
    let mut findings = Findings::new();
    let places = ["src/record", "src/flow", "src/transfer/receipt.rs", "src/daemon/receipts.rs"];
    for text in &texts(&places) {
        for (at, line) in text.code() {
            let named = line.split("Code::").skip(1).filter_map(|rest| {
                rest.split(|c: char| !c.is_alphanumeric()).find(|name| without.contains(*name))
            });
            findings.extend(named.map(|name| (text.path.clone(), format!("{at}: {name}"))));
        }
    }
    report("Danish", findings);
}
