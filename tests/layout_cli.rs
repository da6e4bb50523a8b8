//! `modregn layout` as people and scripts meet it.

use assert_cmd::Command;
use std::fs;

fn layout(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_modregn"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("layout").args(args);
    command
}

/// What a successful command prints.
fn said(args: &[&str]) -> String {
    let output = layout(args).assert().success().get_output().stdout.clone();
    String::from_utf8(output).expect("UTF-8")
}

fn shown(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("snapshots/layout_cli");
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn the_shipped_layouts_are_listed_sound_and_shown() {
    shown("list", &said(&["list"]));
    shown("check", &said(&["check"]));
    for id in [
        "sf1590-debitorregistrering",
        "sf1590-kvittering",
        "sf2520-kontanthjaelpsudbetaling",
        "sf2530-forespoergsel",
        "sf2530-svar",
    ] {
        shown(id, &said(&["show", id, "--markdown"]));
    }
}

#[test]
fn a_layout_file_is_shown_as_text() {
    shown("debitor-cp277", &said(&["show", "tests/layouts/debitor-cp277.toml"]));
}

#[test]
fn a_new_layout_is_sound() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("mit-layout.toml");
    fs::write(&path, said(&["new", "mit-layout"])).expect("written");
    let path = path.to_str().expect("UTF-8");
    assert!(said(&["check", path]).starts_with("ok  mit-layout 1.0"));
    layout(&["new", "Not an id"]).assert().code(2).stdout("");
}

#[test]
fn a_faulty_layout_is_refused_with_every_fault() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("faulty.toml");
    let text = said(&["new"]).replace("kind = \"cpr\"", "kind = \"cvr\"");
    fs::write(&path, text.replace("length = 26", "length = 25")).expect("written");
    let path = path.to_str().expect("UTF-8");

    let faulty = layout(&["check", "formats/sf2530-svar.toml", path]).assert().code(1);
    let output = faulty.get_output();
    assert!(output.stdout.starts_with(b"ok  sf2530-svar 1.0"));
    let said = String::from_utf8_lossy(&output.stderr);
    for part in ["error[gap]", "error[wrong-width]", "faulty.toml:36:26", "faults: 2"] {
        assert!(said.contains(part), "{part} in\n{said}");
    }
    layout(&["show", path]).assert().code(2).stdout("");
}

#[test]
fn a_directory_takes_the_place_of_the_shipped_layouts() {
    let directory = tempfile::tempdir().expect("a directory");
    let official = fs::read_to_string("formats/sf2530-svar.toml").expect("shipped");
    let official = official.replace("version = \"1.0\"", "version = \"3.1\"");
    fs::write(directory.path().join("svar.toml"), official).expect("written");
    fs::write(directory.path().join("README"), "not a layout").expect("written");
    let formats = directory.path().to_str().expect("UTF-8");

    let list = said(&["list", "--formats", formats]);
    assert!(list.contains("sf2530-svar                      3.1"), "{list}");
    assert!(list.contains("sf2530-forespoergsel             1.0"), "{list}");
    assert!(said(&["show", "sf2530-svar", "--formats", formats]).starts_with("sf2530-svar 3.1"));
    assert!(said(&["check", "--formats", formats]).starts_with("ok  sf2530-svar 3.1"));
    layout(&["show", "nothing", "--formats", formats]).assert().code(2).stdout("");
}
