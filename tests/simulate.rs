//! `modregn simulate serviceplatformen`: what one SFTP user sends another one receives, through a
//! real SSH server and a client that the product has no part in; and it misbehaves as it is told.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use modregn::endpoint::serviceplatformen::{
    Acceptance, BusinessReceipt, DYNAMIC_ROUTING, FileDescriptor, FileMetadata, Label, Outcome,
    RoutingInfo, SUCCESS, TechnicalReceipt, Trigger, XML_BYTES,
};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::installation::{Said, names};
use support::spsftp::{Client, Mailboxes};
use uuid::Uuid;

fn simulate(mailboxes: &Mailboxes, args: &[&str]) -> Command {
    let mut modregn = Command::new(env!("CARGO_BIN_EXE_modregn"));
    modregn.args(["simulate", "serviceplatformen", "--root"]).arg(mailboxes.root()).args(args);
    modregn
}

/// One pass; gives what it said.
fn once(mailboxes: &Mailboxes, args: &[&str]) -> String {
    let said = Said::of(simulate(mailboxes, args).arg("--once").output().unwrap());
    assert_eq!(said.code, Some(0), "{}", said.err);
    said.out
}

fn label(text: &str) -> Label {
    Label::parse(text).unwrap()
}

/// A trigger for a file of three bytes.
fn trigger(name: &str, to: &str) -> Trigger {
    let file = FileDescriptor {
        name: label(name),
        size: 3,
        sender: label("ky"),
        senders_file_id: Some(label("our-id")),
        recipients: vec![label(to)],
    };
    Trigger { file, routing: None }
}

/// Puts a file of three bytes with its trigger into KY's `OUT`.
fn put(mailboxes: &Mailboxes, name: &str, trigger: &Trigger) {
    let out = mailboxes.outbox("ky");
    fs::write(out.join(name), "abc").unwrap();
    fs::write(out.join(format!("{name}.trigger")), trigger.write()).unwrap();
}

fn technical(path: &Path) -> TechnicalReceipt {
    TechnicalReceipt::read(&fs::read(path).unwrap(), XML_BYTES).unwrap()
}

fn metadata(path: &Path) -> FileMetadata {
    FileMetadata::read(&fs::read(path).unwrap(), XML_BYTES).unwrap()
}

/// KY and UDK, and a file that was sent while the simulator is told `args`.
fn after(args: &[&str]) -> (Mailboxes, String) {
    let mailboxes = Mailboxes::new(&["ky", "udk"]);
    put(&mailboxes, "a.txt", &trigger("a.txt", "udk"));
    let said = once(&mailboxes, args);
    (mailboxes, said)
}

#[test]
fn what_a_foreign_client_sends_another_fetches() {
    let mailboxes = Mailboxes::new(&["ky", "udk", "somebody"]);
    let (ky, udk) = (Client::new(&mailboxes, "ky"), Client::new(&mailboxes, "udk"));
    let files = tempfile::tempdir().unwrap();
    let path = files.path().join("SF2530_0101_202612.txt");
    fs::write(&path, vec![b'x'; 300_000]).unwrap();
    ky.send("udk", std::slice::from_ref(&path));
    assert_eq!(names(&mailboxes.outbox("ky")).len(), 2);

    let said = once(&mailboxes, &[]);
    assert_eq!(said, "ky SF2530_0101_202612.txt: delivered to udk\n");
    assert!(names(&mailboxes.outbox("ky")).is_empty());
    assert!(names(&mailboxes.inbox("somebody")).is_empty());
    let fetched = files.path().join("fetched");
    fs::create_dir(&fetched).unwrap();
    let name = "SF2530_0101_202612.txt".to_owned();
    udk.recv("ky", &fetched, std::slice::from_ref(&name));
    assert!(fs::read(fetched.join(&name)).unwrap() == fs::read(&path).unwrap());
    let refused = udk.try_recv("somebody", &fetched, std::slice::from_ref(&name));
    assert!(!refused.status.success(), "the client checks the sender by the metadata");

    let receipt = technical(&mailboxes.inbox("ky").join(format!("{name}.sftpreceipt")));
    let metadata = metadata(&mailboxes.inbox("udk").join(format!("{name}.metadata")));
    assert_eq!(receipt.outcome, Outcome::Message(SUCCESS.to_owned()));
    assert_eq!(receipt.file_transfer_uuid, metadata.file_transfer_uuid);
    assert!(receipt.senders_file_id.is_some());
    assert_eq!(receipt.senders_file_id, metadata.file.senders_file_id);
}

#[test]
fn receipts_go_where_they_are_told_to() {
    let (mailboxes, _) = after(&["--receipts", "root", "--metadata", "FileMetadata"]);
    assert!(names(&mailboxes.inbox("ky")).is_empty());
    technical(&mailboxes.user("ky").join("a.txt.sftpreceipt"));
    let metadata = fs::read_to_string(mailboxes.inbox("udk").join("a.txt.metadata")).unwrap();
    assert!(metadata.contains("<ns2:FileMetadata "), "{metadata}");
}

#[test]
fn what_is_wrong_with_a_file_is_in_its_receipt() {
    let table = [
        (
            Trigger {
                file: FileDescriptor { size: 4, ..trigger("a.txt", "udk").file },
                routing: None,
            },
            "the file has 3 bytes",
        ),
        (trigger("b.txt", "udk"), "the trigger names another file"),
        (trigger("a.txt", "nobody"), "a recipient is not known"),
        (trigger("a.txt", DYNAMIC_ROUTING), "a recipient is not known"),
        (
            Trigger {
                file: FileDescriptor { sender: label("udk"), ..trigger("a.txt", "udk").file },
                routing: None,
            },
            "the trigger names another sender",
        ),
    ];
    for (trigger, why) in table {
        let mailboxes = Mailboxes::new(&["ky", "udk"]);
        put(&mailboxes, "a.txt", &trigger);
        assert_eq!(once(&mailboxes, &[]), format!("ky a.txt: refused: {why}\n"));
        let receipt = technical(&mailboxes.inbox("ky").join("a.txt.sftpreceipt"));
        assert_eq!(receipt.senders_file_id, Some(label("our-id")));
        let Outcome::Errors(errors) = receipt.outcome else { panic!("{why}") };
        assert_eq!(errors[0].description, why);
        assert!(names(&mailboxes.inbox("udk")).is_empty());
        assert!(names(&mailboxes.outbox("ky")).is_empty());
    }
}

#[test]
fn a_routed_file_comes_to_whoever_the_authority_leads_to() {
    let mailboxes = Mailboxes::new(&["ky", "udk"]);
    let cvr = "urn:oio:cvr-nr:64942212";
    let authority = modregn::endpoint::serviceplatformen::Authority::parse(cvr).unwrap();
    let routing = RoutingInfo {
        inf_ref: "SF2530".to_owned(),
        sender_it_system: Uuid::nil(),
        sender_authority: authority,
        transaction_id: Uuid::nil(),
        sender_timestamp: chrono::DateTime::UNIX_EPOCH,
        recipient_it_system: None,
        recipient_authority: authority,
    };
    let routing = Some(routing);
    put(&mailboxes, "a.txt", &Trigger { routing, ..trigger("a.txt", DYNAMIC_ROUTING) });
    let said = once(&mailboxes, &["--routing", "64942212=udk"]);
    assert_eq!(said, "ky a.txt: delivered to udk\n");
}

#[test]
fn it_misbehaves_as_it_is_told() {
    let inbox = |rule: &str| {
        let (mailboxes, said) = after(&["--rule", &format!("a*={rule}"), "--late", "3600"]);
        assert_eq!(said, format!("ky a.txt: delivered to udk ({rule})\n"));
        mailboxes
    };
    for rule in ["late", "lose"] {
        assert!(names(&inbox(rule).inbox("ky")).is_empty(), "{rule}");
    }
    let stray = inbox("stray");
    assert_eq!(names(&stray.inbox("ky")), ["stray-a.txt.sftpreceipt"]);

    for (rule, succeeds) in [("twice", true), ("contradict", false)] {
        let mailboxes = inbox(rule);
        let receipt = mailboxes.inbox("ky").join("a.txt.sftpreceipt");
        let first = technical(&receipt);
        assert_eq!(once(&mailboxes, &[]), "", "the first one stands there still");
        fs::remove_file(&receipt).unwrap();
        assert_eq!(once(&mailboxes, &[]), "ky a.txt.sftpreceipt: receipt came\n");
        let second = technical(&receipt);
        assert_eq!(second.file_transfer_uuid, first.file_transfer_uuid);
        assert_eq!(matches!(second.outcome, Outcome::Message(_)), succeeds);
    }

    let delivered = |rule: &str| metadata(&inbox(rule).inbox("udk").join("a.txt.metadata")).file;
    assert_eq!(delivered("wrong-size").size, 4);
    assert_ne!(delivered("unknown-recipient").recipients, [label("udk")]);
    assert_ne!(delivered("unknown-sender").sender, label("ky"));

    let (mailboxes, said) = after(&["--rule", "*=refuse"]);
    assert!(said.contains("told to refuse"), "{said}");
    let receipt = technical(&mailboxes.inbox("ky").join("a.txt.sftpreceipt"));
    assert!(matches!(receipt.outcome, Outcome::Errors(_)));
}

#[test]
fn a_late_receipt_comes_when_it_is_due() {
    let (mailboxes, _) = after(&["--rule", "a*=late", "--late", "1"]);
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(once(&mailboxes, &[]), "ky a.txt.sftpreceipt: receipt came\n");
    assert_eq!(once(&mailboxes, &[]), "");
}

#[test]
fn a_name_that_was_not_fetched_yet_waits() {
    let (mailboxes, _) = after(&[]);
    put(&mailboxes, "a.txt", &trigger("a.txt", "udk"));
    assert!(once(&mailboxes, &[]).contains("a.txt: waits: the recipient has not fetched"));
    for name in names(&mailboxes.inbox("udk")) {
        fs::remove_file(mailboxes.inbox("udk").join(name)).unwrap();
    }
    assert_eq!(once(&mailboxes, &[]), "ky a.txt: delivered to udk\n");
}

#[test]
fn business_receipts_are_passed_on_to_the_sender() {
    let (mailboxes, _) = after(&[]);
    let transfer = metadata(&mailboxes.inbox("udk").join("a.txt.metadata")).file_transfer_uuid;
    let answer = |file_transfer_uuid| BusinessReceipt {
        file_transfer_uuid,
        file_name: label("a.txt"),
        recipient: label("udk"),
        acceptance: Acceptance::Accepted,
        reason: None,
    };
    let send = |answer: &BusinessReceipt| {
        let path = mailboxes.outbox("udk").join("a.txt.businessreceipt");
        fs::write(path, answer.write()).unwrap();
    };
    send(&answer(transfer));
    let said = once(&mailboxes, &[]);
    assert_eq!(said, "udk a.txt.businessreceipt: business receipt passed on to ky\n");
    let came = fs::read(mailboxes.inbox("ky").join("a.txt.businessreceipt")).unwrap();
    assert_eq!(BusinessReceipt::read(&came, XML_BYTES), Ok(answer(transfer)));

    send(&answer(Uuid::nil()));
    assert!(once(&mailboxes, &[]).contains("for nothing that was sent"));
    assert!(names(&mailboxes.outbox("udk")).is_empty());

    let (mailboxes, _) = after(&["--answer", "*=REJECTED"]);
    let came = fs::read(mailboxes.inbox("ky").join("a.txt.businessreceipt")).unwrap();
    let answer = BusinessReceipt::read(&came, XML_BYTES).unwrap();
    assert_eq!(answer.acceptance, Acceptance::Rejected);
}

#[test]
fn it_works_until_it_is_told_to_stop() {
    let mailboxes = Mailboxes::new(&["ky", "udk"]);
    let mut simulator = simulate(&mailboxes, &[]).stdout(Stdio::null()).spawn().unwrap();
    put(&mailboxes, "a.txt", &trigger("a.txt", "udk"));
    let begun = Instant::now();
    while !mailboxes.inbox("ky").join("a.txt.sftpreceipt").exists() {
        assert!(begun.elapsed() < Duration::from_secs(30), "no receipt");
        std::thread::sleep(Duration::from_millis(20));
    }
    let pid = rustix::process::Pid::from_child(&simulator);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(simulator.wait().unwrap().code(), Some(0));
    assert_eq!(names(&mailboxes.inbox("udk")), ["a.txt", "a.txt.metadata"]);
}
