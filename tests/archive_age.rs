//! An archive that is encrypted to an age recipient: nothing readable lies in it, and a request is
//! replayed with the key alone.

mod support;

use age::secrecy::ExposeSecret;
use age::x25519::Identity;
use std::fs;
use support::installation::{Installation, names};

const ID: &str = "01234567-89ab-4cde-8f01-23456789abcd";

#[test]
fn what_is_archived_opens_with_the_key_alone() {
    let installation = Installation::local("TEST");
    installation.import_aftaler(500);
    let key = Identity::generate();
    let config = fs::read_to_string(installation.config()).unwrap();
    let retention = format!("[retention]\narchive_recipient = \"{}\"\n", key.to_public());
    fs::write(installation.config(), format!("{config}\n{retention}")).unwrap();
    let request = format!("100101{ID}2026122420261230202612TEST{:12}\r\n", "");
    fs::write(installation.inbox().join("a.txt"), &request).unwrap();
    installation.done(&["batch"]);

    let archive = installation.path("state/archive");
    let kept = names(&archive);
    assert_eq!(kept.len(), 1, "{kept:?}");
    let bytes = fs::read(archive.join(&kept[0])).unwrap();
    assert!(!bytes.windows(ID.len()).any(|window| window == ID.as_bytes()));
    let id = kept[0].strip_suffix(".age").expect("it is encrypted");

    let replay = ["replay", id, "--reason", "KY has lost the answer"];
    let refused = installation.run(&replay);
    assert!(refused.err.contains("give --identity FILE"), "{}", refused.err);
    for (name, text) in [
        ("other", Identity::generate().to_string().expose_secret().to_owned()),
        ("none", "no key at all".to_owned()),
        ("key", key.to_string().expose_secret().to_owned()),
    ] {
        let file = installation.path(name);
        fs::write(&file, text).unwrap();
        let args = [&replay[..], &["--identity", file.to_str().unwrap()]].concat();
        let said = installation.run(&args);
        assert_eq!(said.code == Some(0), name == "key", "{name}: {}{}", said.out, said.err);
    }
    let said = installation.run(&["batch"]);
    assert!(said.out.starts_with("1 answered again"), "{}{}", said.out, said.err);
    assert_eq!(names(&archive), kept, "encrypted again");
    let quarantine = installation.path("state/quarantine").join(id).join("payload");
    assert!(!quarantine.exists(), "nothing readable is left");
}

#[test]
fn a_recipient_that_is_none_is_refused_before_anything_starts() {
    let installation = Installation::local("TEST");
    let config = fs::read_to_string(installation.config()).unwrap();
    let retention = "[retention]\narchive_recipient = \"age1nobody\"\n";
    fs::write(installation.config(), format!("{config}\n{retention}")).unwrap();
    let said = installation.run(&["config", "check"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("retention.archive_recipient: expected an age"), "{}", said.err);
}
