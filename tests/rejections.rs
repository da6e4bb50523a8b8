//! Every way a request can be wrong, through the real program: `fixtures/sf2530-forespoergsel/` has
//! one directory for each, with the exact bytes and the part of the report that is promised.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use std::fs::{self, File};
use support::fixtures::{Case, inbound, quarantine, snapshots_of, told};
use support::installation::{Installation, Said, names};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/sf2530-forespoergsel");

fn requests() -> Vec<Case> {
    Case::all("sf2530-forespoergsel", "forespoergsel.txt", "expected.json")
}

/// The identifier that a request carries, if its columns hold a good one.
fn forespoergsel_id(case: &Case) -> Option<&str> {
    let id = std::str::from_utf8(case.bytes.get(6..42)?).ok()?;
    let good = id.parse::<uuid::Uuid>().is_ok_and(|uuid| uuid.to_string() == id);
    good.then_some(id)
}

#[test]
fn each_bad_file_is_rejected_and_the_others_of_its_pass_are_answered() {
    let installation = Installation::local("PROD");
    installation.import_aftaler(2_000);
    let cases = requests();
    for case in &cases {
        fs::write(installation.inbox().join(case.file_name()), &case.bytes).unwrap();
    }

    let said = installation.run(&["batch"]);

    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    let accepted = Case::check_all(&cases, &installation);
    assert_eq!(names(&installation.outbox()).len(), accepted, "an answer for each good one only");
    assert!(names(&installation.inbox()).is_empty(), "nothing is left in the inbox");

    nothing_was_applied(&installation, &cases);
}

/// The corrected files, under new names with the same identifiers, are new to the store.
fn nothing_was_applied(installation: &Installation, cases: &[Case]) {
    let good = &cases.iter().find(|case| case.is_accepted()).unwrap().bytes;
    let mut corrected = 0;
    for case in cases.iter().filter(|case| !case.is_accepted()) {
        if let Some(id) = forespoergsel_id(case) {
            let bytes = [&good[..6], id.as_bytes(), &good[42..]].concat();
            fs::write(installation.inbox().join(format!("{}-again.txt", case.name)), bytes)
                .unwrap();
            corrected += 1;
        }
    }
    let before = names(&installation.outbox()).len();
    let out = installation.done(&["batch"]);
    assert!(out.starts_with(&format!("{corrected} answered;")), "{out}");
    assert_eq!(names(&installation.outbox()).len(), before + corrected);
}

/// What the sender of a bad file gets, in every form.
#[test]
fn the_reports_are_fit_to_send() {
    let installation = Installation::local("PROD");
    installation.import_aftaler(100);
    let wanted = ["dato-blank", "several-faults", "test-in-prod", "trailing-bytes", "two-records"];
    let cases = requests().into_iter().filter(|case| wanted.contains(&case.name.as_str()));
    for case in cases {
        fs::write(installation.inbox().join(case.file_name()), &case.bytes).unwrap();
    }
    assert_eq!(installation.run(&["batch"]).code, Some(1));
    let _bound = snapshots_of("rejections").bind_to_scope();
    let transfers = inbound(&installation);
    assert_eq!(transfers.len(), wanted.len());
    for (name, transfer) in transfers {
        insta::assert_snapshot!(name.trim_end_matches(".txt"), told(&installation, &transfer));
    }
}

/// A file far larger than memory may be: rejected within half a gigabyte of address space.
#[test]
fn a_gigabyte_of_zeros_is_rejected_without_being_held_in_memory() {
    let installation = Installation::local("PROD");
    installation.import_aftaler(100);
    let zeros = File::create(installation.inbox().join("zeros.txt")).unwrap();
    zeros.set_len(1 << 30).unwrap();
    let good = fs::read(format!("{FIXTURES}/crlf/forespoergsel.txt")).unwrap();
    fs::write(installation.inbox().join("good.txt"), good).unwrap();

    let modregn = installation.modregn(&["batch"]);
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "ulimit -v 524288; exec \"$@\"", "sh"]);
    limited.arg(modregn.get_program()).args(modregn.get_args());
    for (name, value) in modregn.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let said = Said::of(limited.output().unwrap());

    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    let transfers = inbound(&installation);
    assert_eq!(transfers["good.txt"]["state"], "archived");
    let zeros = &transfers["zeros.txt"];
    assert_eq!(
        (&zeros["state"], &zeros["problem"]["code"]),
        (&"rejected".into(), &"record-too-long".into())
    );
    assert_eq!(
        fs::metadata(quarantine(&installation, zeros).join("payload")).unwrap().len(),
        1 << 30
    );
}
