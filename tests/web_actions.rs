//! What operators do on the status page, through the running daemon: each lever does what its
//! command does, under the name of who is signed in; and who may not is refused.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use support::daemon::Daemon;
use support::http::{Browser, Page};
use support::installation::{Installation, names};
use support::page::{request, serve, with_page};

const ID: &str = "01234567-89ab-4cde-8f01-23456789abcd";
const SIGNED_IN: &str = "operators = [\"anna\", \"bo\"]\n[web.proxy]\ntrusted = [\"127.0.0.1\"]\n";
const HOLD: &str = "[[route.hold]]\nalways = true\n";

/// Every request is held; a page with two operators.
fn installation(more: &str) -> Installation {
    let installation = Installation::local("TEST");
    installation.import_aftaler(500);
    let config = fs::read_to_string(installation.config()).unwrap();
    fs::write(installation.config(), format!("{config}\n{more}")).unwrap();
    with_page(&installation, SIGNED_IN);
    installation
}

fn anna(browser: &Browser) -> Browser {
    signed_in(browser, "anna")
}

fn signed_in(browser: &Browser, name: &str) -> Browser {
    browser.with("X-Remote-User", name).with("Sec-Fetch-Site", "same-origin")
}

/// The newest file of a direction, and where it stands.
fn newest(installation: &Installation, direction: &str) -> (String, String) {
    let transfers = installation.transfers();
    let found = transfers.iter().find(|transfer| transfer["direction"] == direction).unwrap();
    let text = |key: &str| found[key].as_str().unwrap().to_owned();
    (text("transfer"), text("state"))
}

/// The token of a button.
fn token(page: &str, action: &str) -> Option<String> {
    let (before, _) = page.split_once(&format!("\" formaction=\"{action}\""))?;
    Some(before.rsplit("name=\"token\" value=\"").next()?.to_owned())
}

/// Presses a button of a file's page.
fn press(browser: &Browser, id: &str, lever: &str, reason: &str) -> Page {
    let page = browser.get(&format!("/files/{id}")).body;
    let path = format!("/files/{id}/{lever}");
    let token = token(&page, &path).unwrap_or_else(|| panic!("no {lever} in {page}"));
    browser.post(&path, &[("token", &token), ("reason", reason)])
}

/// Asks for an answer, which is held.
fn held(daemon: &mut Daemon, installation: &Installation) -> String {
    fs::write(installation.inbox().join("a.txt"), request("0101", ID)).unwrap();
    daemon.wait_for_log("held");
    let (id, state) = newest(installation, "inbound");
    assert_eq!(state, "held");
    id
}

#[test]
fn a_held_file_is_released_and_the_log_says_by_whom_and_why() {
    let installation = installation(HOLD);
    let (mut daemon, browser) = serve(&installation);
    let id = held(&mut daemon, &installation);
    let page = press(&anna(&browser), &id, "release", "agreed with KY");
    assert_eq!(page.status, 303, "{}", page.body);
    assert!(page.header("location").starts_with(&format!("/files/{id}?done=release.")));
    daemon.wait_for(&installation.outbox(), 1);
    let page = anna(&browser).get(page.header("location")).body;
    assert!(page.contains("role=\"status\"") && page.contains("agreed with KY"), "{page}");
    let led = anna(&browser).get(&format!("/files/{id}?done=cancel.00")).body;
    assert!(!led.contains("role=\"status\""), "a link says that it is done: {led}");
    assert!(page.contains("by <strong>anna</strong>"), "{page}");
    let shown = installation.done(&["files", "show", &id]);
    assert!(shown.contains("anna: agreed with KY"), "{shown}");
    assert!(token(&page, &format!("/files/{id}/release")).is_none(), "it is released");

    let (answer, _) = newest(&installation, "outbound");
    anna(&browser).wait_for("/files?state=published", &answer);
    let page = press(&signed_in(&browser, "bo"), &answer, "mark-delivered", "by mail");
    assert_eq!(page.status, 303, "{}", page.body);
    assert_eq!(newest(&installation, "outbound").1, "delivered-out-of-band");
    let audit = installation.run(&["audit", "verify"]);
    assert_eq!(audit.code, Some(0), "{}{}", audit.out, audit.err);
    daemon.stop();
}

#[test]
fn four_eyes_hold_here_too() {
    let installation = installation("[operators]\nfour_eyes = true\n");
    fs::write(installation.inbox().join("a.txt"), "nothing").unwrap();
    installation.run(&["batch"]);
    let (rejected, _) = newest(&installation, "inbound");
    // Its replay counts as keeping it back.
    let config = fs::read_to_string(installation.config()).unwrap();
    let hold = format!("{HOLD}\n[operators]");
    fs::write(installation.config(), config.replacen("[operators]", &hold, 1)).unwrap();
    fs::write(installation.inbox().join("b.txt"), request("0101", ID)).unwrap();
    let (mut daemon, browser) = serve(&installation);
    daemon.wait_for_log("held");
    let (id, _) = newest(&installation, "inbound");
    assert_ne!(id, rejected);
    assert_eq!(press(&anna(&browser), &id, "reject", "wrong file").status, 303);
    assert_eq!(press(&anna(&browser), &id, "replay", "it was right").status, 303);
    anna(&browser).wait_for("/files?state=held", &id);
    let own = press(&anna(&browser), &id, "release", "I say so");
    assert_eq!(own.status, 409, "{}", own.body);
    assert!(own.body.contains("another person must release it"), "{}", own.body);
    assert_eq!(press(&signed_in(&browser, "bo"), &id, "release", "looked at it").status, 303);
    daemon.wait_for(&installation.outbox(), 1);
    daemon.stop();
}

#[test]
fn whoever_is_no_operator_sees_no_button_and_cannot_press_one() {
    let installation = installation(HOLD);
    let (mut daemon, browser) = serve(&installation);
    let id = held(&mut daemon, &installation);
    let path = format!("/files/{id}/release");
    let stranger = signed_in(&browser, "carl");
    let page = stranger.get(&format!("/files/{id}"));
    assert_eq!(page.status, 200);
    assert!(page.body.contains("carl (read only)"), "{}", page.body);
    assert!(!page.body.contains("<form class=\"acting\""), "{}", page.body);
    let token = token(&anna(&browser).get(&format!("/files/{id}")).body, &path).unwrap();
    let fields = [("token", &*token), ("reason", "I want it")];
    assert_eq!(stranger.post(&path, &fields).status, 403);
    assert_eq!(newest(&installation, "inbound").1, "held");
    let log = daemon.stop();
    assert!(log.contains("not-an-operator"), "{log}");
}

#[test]
fn a_reason_is_needed_and_holds_no_cpr_number() {
    let installation = installation(HOLD);
    let (mut daemon, browser) = serve(&installation);
    let id = held(&mut daemon, &installation);
    for (reason, says) in [("  ", "1 to 300"), ("0101901234 asked", "CPR"), ("a\nb", "one line")] {
        let page = press(&anna(&browser), &id, "release", reason);
        assert_eq!(page.status, 400, "{}", page.body);
        assert!(page.body.contains(says), "{}", page.body);
        assert!(!page.body.contains("0101901234"), "{}", page.body);
    }
    assert_eq!(newest(&installation, "inbound").1, "held");
    let page = browser.with("X-Remote-User", "anna");
    assert_eq!(page.get("/files?q=nothing").status, 200);
    daemon.stop();
}

#[test]
fn an_endpoint_is_resumed() {
    let installation = installation("");
    fs::write(installation.inbox().join("a.txt"), request("0101", ID)).unwrap();
    let outbox = installation.outbox();
    let forbid = |mode| fs::set_permissions(&outbox, fs::Permissions::from_mode(mode)).unwrap();
    let ours = rustix::process::geteuid().as_raw();
    assert_ne!(names(&installation.inbox()).len(), 0);
    let (mut daemon, browser) = if ours == 0 {
        // Nothing is forbidden to root: the store is told so by hand.
        installation.run(&["batch"]);
        let store = rusqlite::Connection::open(installation.path("state/modregn.db")).unwrap();
        let pause = "INSERT INTO pause VALUES
            ('ky', '2026-11-22T10:00:00.000Z', 'operator', 'permission-denied', 'made so')";
        store.execute(pause, []).unwrap();
        drop(store);
        serve(&installation)
    } else {
        forbid(0o500);
        serve(&installation)
    };
    let page = anna(&browser).wait_for("/system", "paused since");
    forbid(0o700);
    let (_, rest) = page.split_once("name=\"token\" value=\"").unwrap();
    let token = rest.split('"').next().unwrap();
    let form = |name| [("token", token), ("endpoint", name), ("reason", "mended")];
    assert_eq!(anna(&browser).post("/system/resume", &form("other")).status, 403);
    let done = anna(&browser).post("/system/resume", &form("ky"));
    assert_eq!(done.status, 303, "{}", done.body);
    assert!(anna(&browser).get(done.header("location")).body.contains("role=\"status\""));
    daemon.wait_for(&installation.outbox(), 1);
    assert!(!anna(&browser).get("/system").body.contains("paused since"));
    daemon.stop();
}
