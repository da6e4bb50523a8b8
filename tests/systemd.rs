//! The units of systemd, laid out as the package installs them: every word in them is known, every
//! command in them is understood, and nobody who breaks into a service gets far.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Where the package puts units.
const UNITS: &str = "usr/lib/systemd/system";

/// What systemd brings itself.
const SYSTEMD: &str = "/usr/lib/systemd/system/.";

/// Highest exposure that is accepted, in tenths: of `systemd-analyze security`, whose scale goes
/// from 0 to 10.
const EXPOSURE: &str = "--threshold=15";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What the package installs from `systemd/`: source and place. A place that ends in a slash is a
/// directory.
fn assets() -> Vec<(PathBuf, String)> {
    let manifest: toml::Table =
        fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let assets = manifest["package"]["metadata"]["deb"]["assets"].as_array().unwrap();
    let mut found = Vec::new();
    for asset in assets {
        let source = asset[0].as_str().unwrap();
        let place = asset[1].as_str().unwrap().to_owned();
        let (directory, pattern) = source.rsplit_once('/').unwrap_or((".", source));
        if !directory.starts_with("systemd") {
            continue;
        }
        let (before, after) = pattern.split_once('*').unwrap_or((pattern, ""));
        for entry in fs::read_dir(root().join(directory)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_file() && name.starts_with(before) && name.ends_with(after) {
                found.push((path.clone(), place.clone()));
            }
        }
    }
    found
}

/// A machine's files as they are where the package is installed: ours, and systemd's own units.
fn installed() -> TempDir {
    let machine = tempfile::tempdir().unwrap();
    let place = |path: &str| machine.path().join(path);
    fs::create_dir_all(place(UNITS)).unwrap();
    let copied = Command::new("cp").args(["-r", SYSTEMD]).arg(place(UNITS)).status().unwrap();
    assert!(copied.success(), "systemd's units are not there: tools/setup test");
    for (source, to) in assets() {
        let mut to = place(&to);
        if to.to_str().unwrap().ends_with('/') {
            to = to.join(source.file_name().unwrap());
        }
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(source, to).unwrap();
    }
    // Whether there is such a program is all that is looked at.
    fs::create_dir_all(place("usr/bin")).unwrap();
    std::os::unix::fs::symlink("usr/bin", place("bin")).unwrap();
    for program in ["usr/bin/modregn", "usr/bin/kill"] {
        fs::write(place(program), "").unwrap();
        fs::set_permissions(place(program), fs::Permissions::from_mode(0o755)).unwrap();
    }
    machine
}

/// Our units by name; templates with an instance.
fn units() -> BTreeMap<String, String> {
    let mut units = BTreeMap::new();
    for (source, _) in assets() {
        let name = source.file_name().unwrap().to_str().unwrap();
        if source.extension().is_some_and(|is| is == "service" || is == "timer") {
            let instance = if name.starts_with("modregn-alert") { "a.service" } else { "sf2530" };
            let text = fs::read_to_string(&source).unwrap().replace("%i", instance);
            units.insert(name.replace("@.", &format!("@{instance}.")), text);
        }
    }
    assert!(units.contains_key("modregn.service"), "{:?}", units.keys());
    units
}

/// What systemd says of a unit; nothing where all is well.
fn verified(machine: &TempDir, unit: &str) -> String {
    let mut command = Command::new("systemd-analyze");
    command.args(["verify", "--man=no", unit]);
    let output = command.arg(format!("--root={}", machine.path().display())).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { said } else { format!("{}\n{said}", output.status) }
}

#[test]
fn systemd_knows_every_word() {
    let machine = installed();
    for unit in units().keys() {
        assert_eq!(verified(&machine, unit), "", "{unit}");
    }
    // So would a wrong one be found.
    let unit = machine.path().join(UNITS).join("modregn-purge.service");
    let text = fs::read_to_string(&unit).unwrap();
    fs::write(&unit, text.replace("PrivateNetwork", "PrivateNet")).unwrap();
    assert!(verified(&machine, "modregn-purge.service").contains("PrivateNet"));
}

#[test]
fn whoever_breaks_into_a_service_does_not_get_far() {
    let machine = installed();
    let exposure = |unit: &str| {
        let mut command = Command::new("systemd-analyze");
        command.args(["security", "--no-pager", "--offline=true", EXPOSURE, unit]);
        let output = command.arg(format!("--root={}", machine.path().display())).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("Overall exposure level"), "{unit}: {output:?}");
        (output.status.success(), said)
    };
    for unit in units().keys().filter(|unit| unit.ends_with(".service")) {
        let (is_low, said) = exposure(unit);
        assert!(is_low, "{said}");
    }
    // So would an open one be found.
    fs::remove_dir_all(machine.path().join(UNITS).join("modregn-.service.d")).unwrap();
    assert!(!exposure("modregn-backup.service").0);
}

/// One that is not understood is a fault of the command line; these fail later, as there is no
/// such configuration.
#[test]
fn every_command_in_them_is_understood() {
    let mut understood = 0;
    for (unit, text) in units() {
        let lines = text.lines().filter_map(|line| line.strip_prefix("Exec")?.split_once('='));
        for (_, line) in lines.filter(|(_, line)| line.starts_with("/usr/bin/modregn ")) {
            let args: Vec<_> = line.split(' ').skip(1).collect();
            let mut command = Command::new(env!("CARGO_BIN_EXE_modregn"));
            let output = command.args(&args).args(["--config", "/nowhere"]).output().unwrap();
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            assert!(said.contains("cannot read the configuration"), "{unit}: {line}: {said}");
            understood += 1;
        }
    }
    assert!(understood >= units().keys().filter(|unit| unit.ends_with(".service")).count());
}

#[test]
fn what_they_refer_to_is_in_the_package() {
    for (unit, text) in units() {
        let documents = text.split("file:///usr/share/doc/modregn/").skip(1);
        for document in documents.map(|rest| rest.split_whitespace().next().unwrap_or_default()) {
            assert!(root().join(document).exists(), "{unit}: {document}");
        }
        let tells = text.lines().any(|line| line == "OnFailure=modregn-alert@%n.service");
        // Whoever starts the doctor is looking.
        let mute = unit.starts_with("modregn-alert@") || unit == "modregn-doctor.service";
        let is_told_of = unit.ends_with(".service") && !mute;
        assert_eq!(tells, is_told_of, "{unit}: is anybody told when it fails?");
    }
}
