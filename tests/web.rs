//! The status page, through the running daemon: who gets it, in which language, and with what
//! around it.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use support::daemon::Daemon;
use support::http::Browser;
use support::installation::Installation;

/// An installation with a page, which has these settings besides.
fn installation(web: &str) -> Installation {
    let installation = Installation::local("TEST");
    configure(&installation, web);
    installation
}

fn configure(installation: &Installation, web: &str) {
    let config = fs::read_to_string(installation.config()).unwrap();
    let listen = if web.contains("listen") { "" } else { "listen = \"127.0.0.1:0\"\n" };
    fs::write(installation.config(), format!("{config}\n[web]\n{listen}{web}")).unwrap();
}

fn start(installation: &Installation) -> (Daemon, Browser) {
    let mut daemon = Daemon::start(installation, "info");
    let browser = Browser::at(&daemon.web());
    (daemon, browser)
}

const PAGES: [&str; 1] = ["/system"];

#[test]
fn every_page_is_there_in_both_languages_and_carries_its_headers() {
    let installation = installation("");
    let (daemon, browser) = start(&installation);
    for path in PAGES {
        for (language, menu) in [("da", "Gå til indholdet"), ("en", "Skip to the content")] {
            let page = browser.with("Accept-Language", &format!("xx, {language}-DK")).get(path);
            assert_eq!(page.status, 200, "{path}: {}", page.body);
            assert!(page.body.contains(&format!("<html lang=\"{language}\">")), "{}", page.body);
            assert!(page.body.contains(menu) && page.body.contains("TEST"), "{}", page.body);
            assert!(page.body.contains("aria-current=\"page\""), "{}", page.body);
        }
    }
    for path in [PAGES[0], "/", "/nowhere"] {
        let page = browser.get(path);
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(page.header("cross-origin-resource-policy"), "same-origin");
        assert_eq!(page.header("cache-control"), "no-store");
    }
    daemon.stop();
}

#[test]
fn a_language_that_was_chosen_is_kept() {
    let installation = installation("language = \"en\"\n");
    let (daemon, browser) = start(&installation);
    assert!(browser.get("/system").body.contains("lang=\"en\""));
    let page = browser.get("/system?lang=da&refresh=60");
    assert!(page.body.contains("<html lang=\"da\">"), "{}", page.body);
    assert!(page.body.contains("http-equiv=\"refresh\" content=\"60\""), "{}", page.body);
    assert!(page.body.contains("href=\"?refresh=60&#38;lang=en\""), "{}", page.body);
    let cookie = page.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let kept = cookie.split(';').next().unwrap();
    let page = browser.with("Cookie", &format!("other=1; {kept}")).get("/system");
    assert!(page.body.contains("<html lang=\"da\">"), "{}", page.body);
    assert_eq!(page.header("set-cookie"), "");
    daemon.stop();
}

#[test]
fn what_pages_are_dressed_in_is_kept_by_browsers_and_comes_from_here() {
    let installation = installation("");
    let (daemon, browser) = start(&installation);
    let page = browser.get("/system").body;
    let dressed = page.split('"').filter(|text| text.starts_with("/static/"));
    let dressed: Vec<_> = dressed.collect();
    assert_eq!(dressed.len(), 3, "{page}");
    for path in dressed {
        let file = browser.get(path);
        assert_eq!(file.status, 200, "{path}");
        assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
        assert!(!file.body.is_empty() && !file.body.contains("url("), "{path}");
    }
    assert!(!page.contains("//") || page.matches("//").count() == page.matches("://").count());
    assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
    daemon.stop();
}

#[test]
fn a_socket_is_for_its_group_and_goes_with_the_daemon() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("web.sock");
    let listen = format!("listen = \"unix:{}\"\n", socket.display());
    let proxy = "[web.proxy]\ntrusted = [\"unix\"]\n";
    let installation = installation(&format!("{listen}{proxy}"));
    // One that a process left behind is replaced.
    drop(UnixListener::bind(&socket).unwrap());
    let (daemon, browser) = start(&installation);
    let mode = fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    assert_eq!(browser.get("/system").status, 403);
    let page = browser.with("X-Remote-User", "anna").get("/system");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("anna"), "{}", page.body);
    let other = installation.run(&["run"]);
    assert!(other.err.contains("another process listens there"), "{}", other.err);
    daemon.stop();
    assert!(!socket.exists());
}

#[test]
fn what_cannot_be_served_is_told_at_the_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let installation = installation(&format!("listen = \"{address}\"\n"));
    let said = installation.run(&["run"]);
    assert_ne!(said.code, Some(0));
    assert!(said.err.contains(&format!("cannot listen on {address}")), "{}", said.err);
}
