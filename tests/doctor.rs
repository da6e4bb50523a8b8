//! `modregn doctor`: a good installation, and one thing wrong at a time.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use support::installation::Installation;

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn installation() -> Installation {
    let installation = Installation::local("TEST");
    chmod(&installation.config(), 0o600);
    installation.import_aftaler(10);
    installation.done(&["batch"]);
    installation
}

#[test]
fn nothing_is_wrong_with_a_good_installation() {
    let said = installation().run(&["doctor"]);
    // A machine for tests may have a clock that nobody keeps right.
    let others = said.out.lines().filter(|line| line.starts_with("wrong"));
    assert_eq!(others.filter(|line| !line.starts_with("wrong  clock")).count(), 0, "{}", said.out);
    for subject in ["configuration", "layouts", "permissions", "room", "time zone", "store"] {
        assert!(said.out.contains(&format!("good   {subject}: ")), "{subject}: {}", said.out);
    }
    assert!(said.out.contains("good   endpoint ky: shows ind, ud"), "{}", said.out);
}

#[test]
fn each_thing_that_is_wrong_is_told_with_what_to_do() {
    type Spoil = fn(&Installation);
    let table: [(&str, &str, Spoil); 9] = [
        ("configuration: ", "explains every setting", |at| {
            fs::write(at.config(), "miljoe = \"TEST\"").unwrap();
        }),
        ("layouts: ", "modregn layout check", |at| {
            fs::create_dir(at.path("formats")).unwrap();
            fs::write(at.path("formats/a.toml"), "id = 7").unwrap();
            let config = fs::read_to_string(at.config()).unwrap();
            fs::write(at.config(), format!("formats_dir = \"formats\"\n{config}")).unwrap();
        }),
        ("permissions: others may write", "chmod go-w", |at| chmod(&at.config(), 0o666)),
        ("permissions: others may read", "chmod go=", |at| chmod(&at.path("state"), 0o755)),
        ("permissions: others may read", "chmod go=", |at| {
            chmod(&at.path("state/modregn.db"), 0o640);
        }),
        ("room: ", "enlarge the disk", |at| {
            let config = fs::read_to_string(at.config()).unwrap();
            let limits = "[limits]\nfree_bytes = 9000000000000000000\n";
            fs::write(at.config(), config.replacen("[endpoint", &format!("{limits}[endpoint"), 1))
                .unwrap();
        }),
        ("store: ", "restore a backup", |at| {
            let store = at.path("state/modregn.db");
            let mut bytes = fs::read(&store).unwrap();
            let (from, to) = (4096 * 3, 4096 * 9);
            bytes[from..to].fill(0xa5);
            fs::write(&store, bytes).unwrap();
        }),
        ("hook ", "install it", |at| {
            let config = fs::read_to_string(at.config()).unwrap();
            let hook = "[[alerts.hook]]\ncommand = [\"/nowhere/mail\"]\nstdin = \"json\"\n";
            fs::write(at.config(), format!("{config}\n{hook}")).unwrap();
        }),
        ("endpoint ky: ", "docs/errors.md, ", |at| fs::remove_dir(at.outbox()).unwrap()),
    ];
    for (says, todo, spoil) in table {
        let installation = installation();
        spoil(&installation);
        let said = installation.run(&["doctor"]);
        assert_eq!(said.code, Some(1), "{says}: {}{}", said.out, said.err);
        let mut lines = said.out.lines();
        let found = lines.any(|line| line.starts_with(&format!("wrong  {says}")));
        assert!(found, "no {says:?} in {}", said.out);
        assert!(said.out.contains(todo), "no {todo:?} in {}", said.out);
    }
}
