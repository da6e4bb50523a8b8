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

const PAGES: [&str; 4] = ["/", "/files", "/expectations", "/system"];

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
    for path in [PAGES[1], "/metrics", "/nowhere"] {
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

const ID: &str = "01234567-89ab-4cde-8f01-23456789abcd";

/// A request, with its line end, from a municipality.
fn request(kommune: &str, id: &str) -> String {
    format!("10{kommune}{id}2026122420261230202612TEST{:12}\r\n", "")
}

#[test]
fn a_file_is_found_and_tells_its_whole_history() {
    let installation = installation("");
    installation.import_aftaler(500);
    fs::write(installation.inbox().join("good.txt"), request("0101", ID)).unwrap();
    // A municipality that does not exist, and a record that is too short.
    let bad = request("0999", ID) + "20 \r\n";
    fs::write(installation.inbox().join("bad.txt"), bad).unwrap();
    let (mut daemon, browser) = start(&installation);
    daemon.wait_for(&installation.outbox(), 1);
    daemon.wait_for_log("rejected");
    let browser = browser.with("Accept-Language", "en");
    browser.wait_for("/files?state=archived", "good.txt");
    let all = browser.wait_for("/files?direction=outbound&state=published", "svar_0101_");
    assert!(!all.contains("good.txt"), "{all}");
    let all = browser.get("/files").body;
    assert!(all.contains("good.txt") && all.contains("bad.txt") && all.contains("svar_0101_"));
    let rejected = browser.get("/files?state=rejected&flow=sf2530&direction=inbound").body;
    assert!(rejected.contains("bad.txt") && !rejected.contains("good.txt"), "{rejected}");
    let kommune = browser.get("/files?kommune=0101").body;
    assert!(kommune.contains("good.txt") && !kommune.contains("bad.txt"), "{kommune}");
    let named = browser.get("/files?q=ba").body;
    assert!(named.contains("bad.txt") && !named.contains("good.txt"), "{named}");
    let asked = browser.get(&format!("/files?q={ID}")).body;
    assert!(asked.contains("good.txt") && asked.contains("svar_0101_"), "{asked}");
    assert_eq!(browser.get("/files?state=nothing").status, 400);

    let id = |page: &str, name: &str| {
        let (before, _) = page.split_once(&format!("\" class=\"mono\">{name}")).unwrap();
        before.rsplit("/files/").next().unwrap().to_owned()
    };
    let bad = id(&rejected, "bad.txt");
    let found = browser.get(&format!("/files?q={bad}"));
    assert_eq!((found.status, found.header("location")), (303, &*format!("/files/{bad}")));
    let page = browser.get(&format!("/files/{bad}")).body;
    for says in ["fetch", "reject", "bad-kommunekode", "trailing-bytes", "<mark>9999</mark>"] {
        assert!(page.contains(says), "{says} is not in {page}");
    }
    let report = browser.get(&format!("/files/{bad}/report/txt"));
    assert!(report.header("content-type").starts_with("text/plain"));
    assert!(report.header("content-disposition").starts_with("attachment"));
    assert!(report.body.starts_with("REJECTED  bad.txt"), "{}", report.body);
    let report = browser.get(&format!("/files/{bad}/report/json")).body;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&report).unwrap()["file"], "bad.txt");

    let good = id(&kommune, "good.txt");
    let page = browser.with("Accept-Language", "da").get(&format!("/files/{good}")).body;
    for says in ["arkiveret", "0101 København", "Andre filer af samme forespørgsel", "svar_0101_"]
    {
        assert!(page.contains(says), "{says} is not in {page}");
    }
    assert_eq!(browser.get(&format!("/files/{good}/report/txt")).status, 404);
    assert_eq!(browser.get(&format!("/files/{ID}")).status, 404);
    daemon.stop();
}

#[test]
fn the_system_is_shown_as_it_is_in_force() {
    let installation = installation("[alerts]\nevery_seconds = 1\n");
    let formats = installation.path("formats");
    fs::create_dir(&formats).unwrap();
    let layout = concat!(env!("CARGO_MANIFEST_DIR"), "/formats/sf2530-svar.toml");
    let layout = fs::read_to_string(layout).unwrap().replace("\"1.0\"", "\"1.7\"");
    fs::write(formats.join("ours.toml"), layout).unwrap();
    fs::write(installation.inbox().join("bad.txt"), "x\r\n").unwrap();
    let (mut daemon, browser) = start(&installation);
    let browser = browser.with("Accept-Language", "en");
    daemon.wait_for_log("rejected");
    let page = browser.get("/system").body;
    for says in ["ky:ind", "ky:ud", "all the time", "sf2530-svar", "built in", "housekeeping"] {
        assert!(page.contains(says), "{says} is not in {page}");
    }
    assert!(!page.contains("1.7"), "{page}");

    let config = fs::read_to_string(installation.config()).unwrap();
    let config = format!("formats_dir = \"formats\"\n{config}");
    let config = config.replace("flow = \"sf2530\"", "flow = \"sf2530\"\nschedule = \"0 6 1 * *\"");
    fs::write(installation.config(), config).unwrap();
    daemon.signal(rustix::process::Signal::HUP);
    daemon.wait_for_log("0 6 1 * *");
    let page = browser.get("/system").body;
    for says in ["1.7", "formats/ours.toml", "<code>0 6 1 * *</code>", "-01 06:00:00"] {
        assert!(page.contains(says), "{says} is not in {page}");
    }
    let figures = browser.get("/metrics");
    assert!(figures.header("content-type").starts_with("text/plain"), "{figures:?}");
    assert!(figures.body.contains("modregn_build_info"), "{}", figures.body);
    for path in ["/health/live", "/health/ready"] {
        let health = browser.get(path);
        assert_eq!(health.status, 200, "{}", health.body);
        assert!(health.body.lines().all(|line| line.starts_with("good ")), "{}", health.body);
    }
    let alert = browser.wait_for("/system", "file-rejected");
    assert!(alert.contains("modregn files show"), "{alert}");
    daemon.stop();
}

#[test]
fn files_come_by_page_and_each_once() {
    let installation = installation("");
    for number in 0..120 {
        fs::write(installation.inbox().join(format!("file{number:03}.txt")), "x\r\n").unwrap();
    }
    installation.run(&["batch"]);
    let (daemon, browser) = start(&installation);
    let names = |page: &str| -> Vec<String> {
        let names = page.split("class=\"mono\">file").skip(1);
        names.map(|rest| rest.split('.').next().unwrap().to_owned()).collect()
    };
    let link = |page: &str, rel: &str| {
        let (before, _) = page.split_once(&format!("\" rel=\"{rel}\""))?;
        Some(before.rsplit("href=\"").next().unwrap().replace("&#38;", "&"))
    };
    for start in ["/files?state=rejected", "/files?q=file"] {
        let (mut seen, mut at) = (Vec::new(), start.to_owned());
        let last = loop {
            let page = browser.get(&at).body;
            seen.extend(names(&page));
            match link(&page, "next") {
                Some(next) => at = next,
                None => break page,
            }
        };
        let mut all = seen.clone();
        all.sort();
        all.dedup();
        assert_eq!((seen.len(), all.len()), (120, 120), "{start}");
        if let Some(newer) = link(&last, "prev") {
            let page = browser.get(&newer).body;
            assert_eq!(names(&page), seen[50..100]);
            let first = browser.get(&link(&page, "prev").unwrap()).body;
            assert_eq!(names(&first), seen[..50]);
            assert_eq!(link(&first, "prev"), None);
        }
    }
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
