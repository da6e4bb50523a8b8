//! The whole exchange on Serviceplatformen's conventions: KY asks, the stand-in for the platform
//! carries, modregn answers; and what modregn shows of everything that can go wrong between them.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use modregn::endpoint::serviceplatformen::{
    Acceptance, BusinessReceipt, FileDescriptor, Label, Trigger, XML_BYTES,
};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::daemon::Daemon;
use support::installation::{Installation, Said, names};
use support::oracle::check_answers;
use support::spsftp::{Client, Mailboxes};
use support::sshd::Sshd;

const KOMMUNER: usize = 5;

/// How modregn's route is set up: the settings of its inbox and its outbox.
fn route(inbox: &str, outbox: &str) -> String {
    format!(
        "[route.inbox]\nendpoint = \"ky\"\ndirectory = \"IN\"\npoll_seconds = 1\n\
         [route.inbox.serviceplatformen]\nus = \"udk\"\nsenders = [\"ky\"]\n\
         pattern = \"SF2530_*.txt\"\nprocessed = \"delete\"\n{inbox}\n\
         [route.outbox]\nendpoint = \"ky\"\ndirectory = \"OUT\"\n\
         name = \"svar_{{kommunekode}}_{{forespoergsel_id}}.txt\"\n\
         [route.outbox.serviceplatformen]\nsender = \"udk\"\n{outbox}\n"
    )
}

const SIMPEL: &str = "way = \"simpel\"\nrecipients = [\"ky\"]\nreceipts = { stable_seconds = 1 }";
const STYRET: &str = "way = \"styret\"\nrecipients = [\"ky\"]\nreceipts = { stable_seconds = 1 }";

/// KY, UDK, the platform between them, and modregn at UDK's side.
struct Exchange {
    mailboxes: Mailboxes,
    installation: Installation,
    aftaler: PathBuf,
    requests: PathBuf,
}

impl Exchange {
    /// Over directories of this machine.
    fn local(inbox: &str, outbox: &str) -> Self {
        let mailboxes = Mailboxes::new(&["ky", "udk"]);
        let path = mailboxes.user("udk");
        let endpoint = format!("kind = \"local\"\npath = '{}'\n", path.display());
        Self::new(mailboxes, &endpoint, &route(inbox, outbox), 1)
    }

    fn new(mailboxes: Mailboxes, endpoint: &str, route: &str, kommuner: usize) -> Self {
        let installation = Installation::with_route("TEST", endpoint, route);
        let aftaler = installation.import_aftaler(1_000);
        let requests = installation.path("requests");
        let (dir, kommuner) = (requests.to_str().unwrap(), kommuner.to_string());
        installation.done(&["generate", "forespoergsel", "--kommuner", &kommuner, "--dir", dir]);
        Self { mailboxes, installation, aftaler, requests }
    }

    /// The only request's name.
    fn request(&self) -> String {
        names(&self.requests).remove(0)
    }

    /// KY puts its requests into its `OUT`.
    fn send(&self) {
        for name in names(&self.requests) {
            let bytes = fs::read(self.requests.join(&name)).unwrap();
            let file = FileDescriptor {
                name: Label::parse(&name).unwrap(),
                size: bytes.len() as u64,
                sender: Label::parse("ky").unwrap(),
                senders_file_id: None,
                recipients: vec![Label::parse("udk").unwrap()],
            };
            let out = self.mailboxes.outbox("ky");
            fs::write(out.join(&name), bytes).unwrap();
            let trigger = Trigger { file, routing: None }.write();
            fs::write(out.join(format!("{name}.trigger")), trigger).unwrap();
        }
    }

    fn simulator(&self, args: &[&str]) -> Command {
        let mut modregn = Command::new(env!("CARGO_BIN_EXE_modregn"));
        modregn.args(["simulate", "serviceplatformen", "--root"]).arg(self.mailboxes.root());
        modregn.args(args);
        modregn
    }

    /// One pass of the platform.
    fn carry(&self, args: &[&str]) -> String {
        let said = Said::of(self.simulator(args).arg("--once").output().unwrap());
        assert_eq!(said.code, Some(0), "{}", said.err);
        said.out
    }

    /// One pass of modregn; what it said, and that it ended so.
    fn batch(&self, code: i32) -> String {
        let said = self.installation.run(&["batch"]);
        assert_eq!(said.code, Some(code), "{}{}", said.out, said.err);
        said.out
    }

    /// KY's request is carried, answered, and the answer carried by a platform told `args`.
    fn answered(&self, args: &[&str]) {
        self.send();
        self.carry(&[]);
        assert!(self.batch(0).starts_with("1 answered;"));
        self.carry(args);
    }

    fn status(&self) -> String {
        self.installation.done(&["status"])
    }

    /// The transfers of a direction and flow.
    fn transfers(&self, direction: &str, flow: &str) -> Vec<Value> {
        let all = self.installation.transfers().into_iter();
        all.filter(|t| t["direction"] == direction && t["flow"] == flow).collect()
    }

    /// The only answer's transfer.
    fn answer(&self) -> Value {
        let mut answers = self.transfers("outbound", "sf2530");
        assert_eq!(answers.len(), 1);
        answers.remove(0)
    }

    fn show(&self, transfer: &Value) -> String {
        self.installation.done(&["files", "show", transfer["transfer"].as_str().unwrap()])
    }

    /// Rewrites the only file in a directory whose name ends so.
    fn change(&self, user: &str, suffix: &str, change: impl Fn(String) -> String) {
        let inbox = self.mailboxes.inbox(user);
        let name = names(&inbox).into_iter().find(|name| name.ends_with(suffix)).unwrap();
        let text = fs::read_to_string(inbox.join(&name)).unwrap();
        fs::write(inbox.join(&name), change(text)).unwrap();
    }
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn patiently(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(120), "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_public_client_asks_and_fetches_its_answers_through_real_servers() {
    let mailboxes = Mailboxes::new(&["ky", "udk"]);
    let ky = Client::new(&mailboxes, "ky");
    let server = Sshd::start();
    let root = server.root().display().to_string();
    let endpoint = server.settings().replace(&root, &mailboxes.user("udk").display().to_string());
    let exchange = Exchange::new(mailboxes, &endpoint, &route("", SIMPEL), KOMMUNER);
    let mut platform = exchange.simulator(&[]);
    let _platform = Running(platform.stdout(Stdio::null()).spawn().unwrap());
    let daemon = Daemon::start(&exchange.installation, "info");

    let files: Vec<_> =
        names(&exchange.requests).iter().map(|name| exchange.requests.join(name)).collect();
    ky.send("udk", &files);
    let inbox = exchange.mailboxes.inbox("ky");
    let answers = || {
        let all = names(&inbox).into_iter();
        all.filter(|name| name.starts_with("svar_") && name.ends_with(".metadata"))
            .map(|name| name.trim_end_matches(".metadata").to_owned())
            .collect::<Vec<_>>()
    };
    patiently("no answers", || answers().len() == KOMMUNER);
    let received = || {
        let sent = exchange.transfers("outbound", "sf2530");
        sent.iter().filter(|transfer| transfer["state"] == "received").count()
    };
    patiently("no receipts", || received() == KOMMUNER);
    let log = daemon.stop();
    assert!(!log.contains("WARN"), "{log}");

    let fetched = exchange.installation.path("answers");
    fs::create_dir(&fetched).unwrap();
    ky.recv("udk", &fetched, &answers());
    check_answers(&exchange.aftaler, &exchange.requests, &fetched);
    assert!(names(&exchange.mailboxes.inbox("udk")).is_empty(), "files, metadata and receipts");
    assert!(names(&exchange.mailboxes.outbox("udk")).is_empty(), "the platform took all");
    let receipts = exchange.transfers("inbound", "kvittering");
    assert_eq!(receipts.len(), KOMMUNER);
    assert!(receipts.iter().all(|receipt| receipt["state"] == "archived"));
    assert!(exchange.status().starts_with("Nothing needs an operator."));
}

#[test]
fn an_answer_waits_for_its_receipt() {
    let exchange = Exchange::local("", SIMPEL);
    exchange.answered(&["--receipts", "root"]);
    assert_eq!(exchange.answer()["state"], "triggered");
    assert_eq!(exchange.batch(0), "1 noted.\n");
    let answer = exchange.answer();
    assert_eq!(answer["state"], "received");
    let shown = exchange.show(&answer);
    assert!(shown.contains("trigger") && shown.contains("  delivered"), "{shown}");
    let inbound = &exchange.transfers("inbound", "sf2530")[0];
    assert!(exchange.show(inbound).contains("from ky"), "{}", exchange.show(inbound));
}

#[test]
fn a_file_whose_metadata_does_not_fit_stays_where_it_is() {
    for (rule, code) in [
        ("wrong-size", "metadata-mismatch"),
        ("unknown-recipient", "not-a-recipient"),
        ("unknown-sender", "sender-not-allowed"),
    ] {
        let exchange = Exchange::local("", SIMPEL);
        exchange.send();
        exchange.carry(&["--rule", &format!("*={rule}")]);
        for _ in 0..2 {
            assert!(exchange.batch(1).contains(code), "{rule}");
        }
        let files = names(&exchange.mailboxes.inbox("udk"));
        assert_eq!(files.len(), 2, "neither processed nor removed");
        assert!(exchange.status().contains(code), "{}", exchange.status());
        let seen = exchange.transfers("inbound", "sf2530");
        assert_eq!(seen.len(), 1);
        let shown = exchange.show(&seen[0]);
        assert_eq!(shown.matches(code).count(), 1, "journalled once: {shown}");
        assert!(exchange.transfers("outbound", "sf2530").is_empty());
    }
}

#[test]
fn metadata_that_cannot_be_read_keeps_its_file_back_until_it_can() {
    let exchange = Exchange::local("", SIMPEL);
    exchange.send();
    exchange.carry(&[]);
    exchange.change("udk", ".metadata", |text| text.replace("</ns2:", "<!-- </ns2:"));
    assert!(exchange.batch(1).contains("metadata-unreadable"));
    exchange.change("udk", ".metadata", |text| text.replace("<!-- ", ""));
    assert!(exchange.batch(0).starts_with("1 answered;"));
}

#[test]
fn the_daemon_says_once_what_is_wrong() {
    let exchange = Exchange::local("", SIMPEL);
    exchange.send();
    exchange.carry(&["--rule", "*=wrong-size"]);
    let daemon = Daemon::start(&exchange.installation, "info");
    std::thread::sleep(Duration::from_secs(4));
    let log = daemon.stop();
    assert_eq!(log.matches("metadata-mismatch").count(), 1, "{log}");
}

#[test]
fn the_same_file_brought_twice_is_answered_once() {
    let exchange = Exchange::local("", SIMPEL);
    exchange.send();
    exchange.carry(&[]);
    let inbox = exchange.mailboxes.inbox("udk");
    let kept: Vec<_> = names(&inbox)
        .into_iter()
        .map(|name| (inbox.join(&name), fs::read(inbox.join(&name)).unwrap()))
        .collect();
    let bring_again = || kept.iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
    exchange.batch(0);
    bring_again();
    assert_eq!(exchange.batch(0), "1 recognised.\n");
    let trigger = names(&exchange.mailboxes.outbox("udk"));
    assert_eq!(trigger.len(), 2, "one answer, one trigger: {trigger:?}");

    bring_again();
    let request = inbox.join(exchange.request());
    let spoiled = fs::read_to_string(&request).unwrap().replace("202612", "202611");
    fs::write(&request, spoiled).unwrap();
    assert!(exchange.batch(1).contains("delivery-conflict"));
}

#[test]
fn a_file_without_its_metadata_waits() {
    let exchange = Exchange::local("", SIMPEL);
    exchange.send();
    exchange.carry(&[]);
    let metadata = format!("{}.metadata", exchange.request());
    let path = exchange.mailboxes.inbox("udk").join(metadata);
    fs::rename(&path, exchange.installation.path("kept")).unwrap();
    assert!(exchange.batch(1).contains("1 files are still being written"));
    fs::rename(exchange.installation.path("kept"), &path).unwrap();
    assert!(exchange.batch(0).starts_with("1 answered;"));
}

// ---- technical receipts

#[test]
fn a_refused_answer_is_shown() {
    let exchange = Exchange::local("", SIMPEL);
    exchange.answered(&["--rule", "svar_*=refuse"]);
    let said = exchange.batch(1);
    assert!(said.contains("delivery-refused") && said.contains("told to refuse"), "{said}");
    assert_eq!(exchange.answer()["state"], "refused");
    assert!(exchange.status().contains("delivery-refused"));
    assert!(exchange.show(&exchange.answer()).contains("not-delivered"));
}

#[test]
fn a_receipt_that_comes_twice_changes_nothing_and_is_shown() {
    let exchange = Exchange::local("", SIMPEL);
    exchange.answered(&["--rule", "svar_*=twice"]);
    assert_eq!(exchange.batch(0), "1 noted.\n");
    exchange.carry(&[]);
    assert!(exchange.batch(1).contains("receipt-duplicate"));
    assert_eq!(exchange.answer()["state"], "received");
    assert!(exchange.status().contains("receipt-duplicate"));
    assert_eq!(exchange.show(&exchange.answer()).matches("receipt ").count(), 2);
}

#[test]
fn a_receipt_that_contradicts_another_is_held() {
    let exchange = Exchange::local("", SIMPEL);
    exchange.answered(&["--rule", "svar_*=contradict"]);
    exchange.batch(0);
    exchange.carry(&[]);
    assert!(exchange.batch(1).contains("receipt-contradicts"));
    assert_eq!(exchange.answer()["state"], "received", "what was known holds");
    let receipts = exchange.transfers("inbound", "kvittering");
    assert!(receipts.iter().any(|receipt| receipt["state"] == "held"));
    assert!(exchange.status().contains("receipt-contradicts"));
}

#[test]
fn a_receipt_for_nothing_that_was_sent_is_held() {
    let exchange = Exchange::local("", SIMPEL);
    exchange.answered(&["--rule", "svar_*=stray"]);
    assert!(exchange.batch(1).contains("receipt-unmatched"));
    assert!(exchange.status().contains("receipt-unmatched"));
    assert_eq!(exchange.answer()["state"], "triggered");
    let held = &exchange.transfers("inbound", "kvittering")[0];
    let shown = exchange.show(held);
    assert!(shown.contains("set apart in") && shown.contains("\nHELD  stray-"), "{shown}");
}

#[test]
fn a_receipt_that_cannot_be_read_is_held() {
    let exchange = Exchange::local("", SIMPEL);
    exchange.answered(&[]);
    exchange.change("udk", ".sftpreceipt", |text| text.replace("SUCCESS", "cpr 0101901234"));
    let said = exchange.batch(1);
    assert!(said.contains("receipt-unreadable") && !said.contains("0101901234"), "{said}");
    assert!(names(&exchange.mailboxes.inbox("udk")).is_empty(), "it is kept here");
}

/// The installation's answer was triggered long ago, as the store has it.
fn long_ago(exchange: &Exchange) {
    let text = fs::read_to_string(exchange.installation.config()).unwrap();
    let due = "receipts = { stable_seconds = 1, technical = { bankdage = 0, at = \"00:00\" } }";
    let changed = text.replace("receipts = { stable_seconds = 1 }", due);
    assert_ne!(changed, text);
    fs::write(exchange.installation.config(), changed).unwrap();
    let python = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); \
         c.execute(\"UPDATE transfer SET created_at = '2026-01-05T10:00:00.000Z', \
         changed_at = '2026-01-05T10:00:00.000Z' WHERE state = 'triggered'\"); c.commit()";
    let store = exchange.installation.path("state/modregn.db");
    let done = Command::new("python3").args(["-c", python]).arg(store).status().unwrap();
    assert!(done.success());
}

#[test]
fn a_lost_receipt_is_missed_and_a_late_one_counts() {
    let exchange = Exchange::local("", SIMPEL);
    exchange.answered(&["--rule", "svar_*=late", "--late", "0"]);
    let inbox = exchange.mailboxes.inbox("udk");
    assert!(exchange.status().starts_with("Nothing needs an operator."), "not due yet");
    let receipts: Vec<_> = names(&inbox).into_iter().map(|name| inbox.join(name)).collect();
    for receipt in &receipts {
        fs::rename(receipt, exchange.installation.path("kept")).unwrap();
    }
    long_ago(&exchange);
    assert!(exchange.batch(1).contains("receipt-overdue"));
    assert!(exchange.status().contains("receipt-overdue"), "{}", exchange.status());
    exchange.batch(1);
    let alerts = exchange.installation.done(&["alerts"]);
    assert_eq!(alerts.matches("  receipt-overdue  no hook wants it").count(), 1, "{alerts}");
    assert!(alerts.contains("triggered ") && alerts.contains(" receipt was due at "), "{alerts}");

    fs::rename(exchange.installation.path("kept"), &receipts[0]).unwrap();
    exchange.installation.run(&["batch"]);
    assert_eq!(exchange.answer()["state"], "received");
    assert!(exchange.show(&exchange.answer()).contains("receipt-late"));
    assert!(exchange.status().starts_with("Nothing needs an operator."));
}

// ---- the managed transfer

#[test]
fn a_managed_answer_is_done_when_its_recipient_accepts_it() {
    for (verdict, state, code) in [
        ("ACCEPTED", "acknowledged", 0),
        ("REJECTED", "refused", 1),
        ("COULD_NOT_NOTIFY_RECIPIENT", "refused", 1),
    ] {
        let exchange = Exchange::local("", STYRET);
        exchange.answered(&["--answer", &format!("svar_*={verdict}")]);
        let said = exchange.batch(code);
        assert_eq!(exchange.answer()["state"], state, "{said}");
        assert_eq!(said.contains("recipient-refused"), code == 1, "{said}");
        assert_eq!(exchange.status().contains("recipient-refused"), code == 1);
    }
}

#[test]
fn a_managed_request_gets_a_business_receipt_whatever_becomes_of_it() {
    let receipt = |exchange: &Exchange| {
        let out = exchange.mailboxes.outbox("udk");
        let path = out.join(format!("{}.businessreceipt", exchange.request()));
        BusinessReceipt::read(&fs::read(path).unwrap(), XML_BYTES).unwrap()
    };
    let good = Exchange::local("business_receipts = true", SIMPEL);
    good.send();
    good.carry(&[]);
    good.batch(0);
    let said = receipt(&good);
    assert_eq!((said.acceptance, said.reason), (Acceptance::Accepted, None));
    assert_eq!(said.recipient.as_str(), "udk");
    let carried = good.carry(&[]);
    assert!(carried.contains("business receipt passed on to ky"), "{carried}");

    let bad = Exchange::local("business_receipts = true", SIMPEL);
    let path = bad.requests.join(bad.request());
    let spoiled = fs::read_to_string(&path).unwrap().replacen("202612", "202613", 1);
    fs::write(&path, spoiled).unwrap();
    bad.send();
    bad.carry(&[]);
    assert!(bad.batch(1).contains("bad-date"));
    let said = receipt(&bad);
    assert_eq!(said.acceptance, Acceptance::Rejected);
    assert!(said.reason.unwrap().contains("bad-date"));
    let sent = bad.transfers("outbound", "kvittering");
    assert_eq!((sent.len(), &sent[0]["state"]), (1, &Value::from("published")));
}

#[test]
fn a_routed_answer_names_the_municipalitys_own_authority() {
    let outbox = "way = \"dynamisk\"\nrouting = { inf_ref = \"SF2530\", \
         sender_it_system = \"0198c0de-0000-7000-8000-000000000001\", \
         sender_authority = \"64942212\" }\nreceipts = { stable_seconds = 1 }";
    let exchange = Exchange::local("", outbox);
    exchange.send();
    exchange.carry(&[]);
    exchange.batch(0);
    let out = exchange.mailboxes.outbox("udk");
    let name = names(&out).into_iter().find(|name| name.ends_with(".trigger")).unwrap();
    let trigger = Trigger::read(&fs::read(out.join(name)).unwrap(), XML_BYTES).unwrap();
    let routing = trigger.routing.unwrap();
    assert_eq!(routing.recipient_authority.to_string(), "urn:oio:cvr-nr:64942212", "København");
    let answer = exchange.answer();
    assert_eq!(answer["transfer"], routing.transaction_id.to_string());
    assert_eq!(trigger.file.senders_file_id.unwrap().as_str(), answer["transfer"]);

    let carried = exchange.carry(&["--routing", "64942212=ky"]);
    assert!(carried.contains("delivered to ky"), "{carried}");
    exchange.batch(0);
    assert_eq!(exchange.answer()["state"], "received");
    let receipts = names(&exchange.mailboxes.inbox("udk"));
    assert!(receipts.is_empty(), "{receipts:?}");
}
