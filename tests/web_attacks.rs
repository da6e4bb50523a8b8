//! Attacks on the status page of the running daemon, over real sockets: each is refused, and
//! logged, and leaves whoever asks properly alone.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use support::http::{Browser, Page, encoded};
use support::installation::Installation;
use support::page::{request, serve, with_page};

const ID: &str = "01234567-89ab-4cde-8f01-23456789abcd";

fn installation(web: &str) -> Installation {
    let installation = Installation::local("TEST");
    with_page(&installation, web);
    installation
}

#[test]
fn no_path_leads_out_of_what_is_shown() {
    let installation = installation("");
    fs::write(installation.path("state.txt"), "a secret").unwrap();
    let (daemon, browser) = serve(&installation);
    let endless = format!("/files/{}", "a".repeat(300));
    let paths = [
        "/static/../modregn.toml",
        "/static/..%2f..%2fmodregn.toml",
        "/static/%2e%2e/%2e%2e/state/modregn.db",
        "/static//etc/passwd",
        "/static/%00",
        "/files/../../etc/passwd",
        "/files/..%2f..%2fetc%2fpasswd",
        "/files/%2e%2e%2fquarantine",
        "/files/01234567-89ab-4cde-8f01-23456789abcd/report/..%2f..%2fmodregn.db",
        "/files/01234567-89ab-4cde-8f01-23456789abcd/report/payload",
        "//etc/passwd",
        &endless,
    ];
    for path in paths {
        let page = browser.get(path);
        assert_eq!(page.status, 404, "{path}: {}", page.body);
        assert!(!page.body.contains("root:") && !page.body.contains("state_dir"), "{path}");
    }
    let log = daemon.stop();
    assert_eq!(log.matches("not-found").count(), paths.len(), "{log}");
    assert!(log.contains("/static/..%2f..%2fmodregn.toml"), "{log}");
    assert!(!log.contains(&"a".repeat(100)), "a path is cut: {log}");
}

#[test]
fn what_others_write_is_shown_as_text() {
    let installation = installation("");
    let name = "<script>alert(1)<!--'\"&.txt";
    fs::write(installation.inbox().join(name), "<img src=x onerror=alert(1)>\r\n").unwrap();
    installation.run(&["batch"]);
    let (daemon, browser) = serve(&installation);
    let transfer = &installation.transfers()[0];
    assert_eq!(transfer["name"], name);
    let id = transfer["transfer"].as_str().unwrap();
    let search = format!("/files?q={}", encoded("\"><script>alert(2)</script>"));
    for path in ["/files", &format!("/files/{id}"), &search, "/files?q=%3Cscript"] {
        let page = browser.get(path);
        assert_eq!(page.status, 200, "{path}");
        let scripts = page.body.matches("<script").count();
        assert_eq!(scripts, 1, "only our own: {}", page.body);
        assert!(!page.body.contains("<img") && !page.body.contains("<!--"), "{}", page.body);
    }
    let page = browser.get(&format!("/files/{id}")).body;
    assert!(page.contains("&#60;script&#62;alert(1)&#60;!--&#39;&#34;&#38;.txt"), "{page}");
    let report = browser.get(&format!("/files/{id}/report/txt"));
    assert_eq!(report.header("x-content-type-options"), "nosniff");
    daemon.stop();
}

#[test]
fn a_form_of_another_site_or_person_or_thing_does_nothing() {
    let web = "operators = [\"anna\", \"bo\"]\n[web.proxy]\ntrusted = [\"127.0.0.1\"]\n";
    let installation = Installation::local("TEST");
    installation.import_aftaler(500);
    let config = fs::read_to_string(installation.config()).unwrap();
    let held = format!("{config}\n[[route.hold]]\nalways = true\n");
    fs::write(installation.config(), held).unwrap();
    with_page(&installation, web);
    for (name, kommune, id) in [("a", "0101", ID), ("b", "0147", &ID.replace('0', "1"))] {
        fs::write(installation.inbox().join(format!("{name}.txt")), request(kommune, id)).unwrap();
    }
    installation.run(&["batch"]);
    let (daemon, browser) = serve(&installation);
    let ids: Vec<_> = installation
        .transfers()
        .iter()
        .map(|transfer| transfer["transfer"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 2);
    let anna = browser.with("X-Remote-User", "anna");
    let token = |browser: &Browser, id: &str, lever: &str| {
        let page = browser.get(&format!("/files/{id}")).body;
        let action = format!("\" formaction=\"/files/{id}/{lever}\"");
        let (before, _) = page.split_once(&action).unwrap_or_else(|| panic!("no {lever}: {page}"));
        before.rsplit("value=\"").next().unwrap().to_owned()
    };
    let release = format!("/files/{}/release", ids[0]);
    let good = token(&anna, &ids[0], "release");
    let bos = token(&browser.with("X-Remote-User", "bo"), &ids[0], "release");
    let others = [token(&anna, &ids[1], "release"), token(&anna, &ids[0], "reject"), bos];
    let ours = anna.with("Sec-Fetch-Site", "same-origin");
    let send = |browser: &Browser, token: &str| {
        browser.post(&release, &[("token", token), ("reason", "because")])
    };
    let origin = |origin: &str| anna.with("Origin", origin);
    let elsewhere = [
        anna.clone(),
        anna.with("Sec-Fetch-Site", "cross-site"),
        anna.with("Sec-Fetch-Site", "same-site").with("Origin", "https://evil.example"),
        origin("https://evil.example"),
        origin("null"),
    ];
    for browser in &elsewhere {
        assert_eq!(send(browser, &good).status, 403);
    }
    for token in others.iter().map(String::as_str).chain(["", "0", &good[1..]]) {
        assert_eq!(send(&ours, token).status, 403, "{token}");
    }
    assert_eq!(ours.post(&release, &[("reason", "because")]).status, 400, "no token at all");
    assert_eq!(ours.get(&release).status, 405);
    for transfer in installation.transfers() {
        assert_eq!(transfer["state"], "held");
    }
    // The same form from our own page does it.
    assert_eq!(send(&ours, &good).status, 303);
    let log = daemon.stop();
    assert_eq!(log.matches("cross-site").count(), elsewhere.len(), "{log}");
    assert_eq!(log.matches("bad-token").count(), others.len() + 3, "{log}");
}

#[test]
fn more_than_is_taken_is_refused() {
    let installation = installation("");
    let (daemon, browser) = serve(&installation);
    let large = "x".repeat(20_000);
    assert_eq!(browser.with("X-Large", &large).get("/files").status, 431);
    assert_eq!(browser.get(&format!("/files?q={large}")).status, 431);
    assert_eq!(browser.get(&format!("/files?q={}", &large[..300])).status, 400);
    assert_eq!(browser.ask("POST", "/system/resume", &large).status, 413);
    let many = (0..100).fold(browser.clone(), |browser, n| browser.with(&format!("X-{n}"), "x"));
    assert_eq!(many.get("/files").status, 431);
    // Its length is not told beforehand.
    let chunked = browser.with("Transfer-Encoding", "chunked");
    let head = chunked.request("POST", "/system/resume", "").replace("Content-Length: 0\r\n", "");
    let head =
        head.replace("\r\n\r\n", "\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n");
    let body = format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    let page = browser.send(format!("{head}{body}").as_bytes());
    assert!([400, 413].contains(&page.status), "{}", page.status);
    assert_eq!(browser.get("/files").status, 200, "others are answered");
    let log = daemon.stop();
    assert!(log.contains("too-large") && log.contains("bad-request"), "{log}");
}

#[test]
fn whoever_is_slow_keeps_nobody_waiting_for_good() {
    let installation = installation("");
    let (daemon, browser) = serve(&installation);
    // As many as are served at a time, each in the middle of a request.
    let mut slow: Vec<TcpStream> = (0..64).map(|_| browser.connect()).collect();
    for stream in &mut slow {
        stream.write_all(b"GET /files HTTP/1.1\r\nHost: localh").unwrap();
    }
    assert_eq!(browser.get("/files").status, 200, "answered once they are turned out");
    for stream in &mut slow {
        let mut answer = Vec::new();
        // Broken off is fine, too.
        let _ = stream.read_to_end(&mut answer);
        assert_ne!(Page::of(&answer).status, 200);
    }
    let log = daemon.stop();
    assert_eq!(log.matches("too-slow").count(), 64, "{log}");
}

#[test]
fn a_name_is_believed_of_the_proxy_alone() {
    let forged = installation("[web.proxy]\ntrusted = [\"192.0.2.7\"]\n");
    let (daemon, browser) = serve(&forged);
    assert_eq!(browser.with("X-Remote-User", "anna").get("/files").status, 403);
    assert_eq!(browser.get("/files").status, 403);
    assert_eq!(browser.get("/health/live").status, 200, "it is about nobody, and asked from here");
    let log = daemon.stop();
    assert!(log.contains("forged-identity") && log.contains("not-signed-in"), "{log}");
    assert!(!log.contains("anna"), "a forged name is not repeated: {log}");

    let trusted = installation("[web.proxy]\ntrusted = [\"127.0.0.1\"]\n");
    let (daemon, browser) = serve(&trusted);
    assert_eq!(browser.get("/files").status, 403, "the proxy names nobody");
    assert_eq!(browser.with("X-Remote-User", "").get("/files").status, 403);
    let twice = browser.with("X-Remote-User", "anna\r\nX-Remote-User: bo");
    assert_eq!(twice.get("/files").status, 403);
    assert_eq!(browser.with("X-Remote-User", "anna").get("/files").status, 200);
    daemon.stop();
}

#[test]
fn another_name_or_method_is_refused() {
    let installation = installation("hosts = [\"modregn.udk.example\"]\n");
    let (daemon, browser) = serve(&installation);
    let port = daemon_port(&browser);
    let hosts =
        ["evil.example", "evil.example:80", "localhost", "", "modregn.udk.example@evil.example"];
    for host in hosts {
        assert_eq!(browser.with("Host", host).get("/files").status, 421, "{host}");
    }
    assert_eq!(browser.without("Host").get("/files").status, 421);
    let twice = browser.with("Host", &format!("localhost:{port}\r\nHost: evil.example"));
    assert_ne!(twice.get("/files").status, 200);
    let elsewhere = browser.get("http://evil.example/files");
    assert_eq!(elsewhere.status, 421, "{}", elsewhere.body);
    for host in ["modregn.udk.example", &format!("localhost:{port}"), &format!("[::1]:{port}")] {
        assert_eq!(browser.with("Host", host).get("/files").status, 200, "{host}");
    }
    for method in ["PUT", "DELETE", "TRACE", "CONNECT", "OPTIONS", "PATCH", "BREW"] {
        let page = browser.ask(method, "/files", "");
        assert!([400, 405].contains(&page.status), "{method}: {}", page.status);
        assert!(!page.body.contains("HTTP/1.1"), "nothing is echoed: {}", page.body);
    }
    let head = browser.ask("HEAD", "/files", "");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(
        browser.send(b"\x16\x03\x01\x02\x00\x01\x00").status,
        400,
        "TLS where there is none"
    );
    let log = daemon.stop();
    assert!(log.contains("unknown-host") && log.contains("bad-method"), "{log}");
    assert!(log.contains("no-request"), "{log}");
}

fn daemon_port(browser: &Browser) -> u16 {
    let stream = browser.connect();
    stream.peer_addr().as_ref().map(SocketAddr::port).unwrap()
}

#[test]
fn no_page_holds_a_cpr_number() {
    let installation = installation("");
    let csv = fs::read_to_string(installation.import_aftaler(300)).unwrap();
    let is_cpr = |word: &&str| word.len() == 10 && word.bytes().all(|byte| byte.is_ascii_digit());
    let cprs: Vec<_> = csv.split([',', ';', '\n']).filter(is_cpr).collect();
    assert!(cprs.len() >= 300, "{} of them", cprs.len());
    // A good request, and two bad files: with a number in every line, and in the name.
    fs::write(installation.inbox().join("good.txt"), request("0101", ID)).unwrap();
    let lines = cprs[..50].iter().map(|cpr| format!("20{cpr}{cpr}\r\n")).collect::<Vec<_>>();
    fs::write(installation.inbox().join("bad.txt"), lines.concat()).unwrap();
    fs::write(installation.inbox().join(format!("{}_{}.txt", cprs[0], cprs[1])), "x\r\n").unwrap();
    // At a terminal a file has the name that its sender gave it.
    installation.modregn(&["batch"]).output().unwrap();
    let (daemon, browser) = serve(&installation);
    let mut paths = vec![];
    for path in ["/", "/files", "/expectations", "/system", "/metrics", "/files?q=0"] {
        paths.push(path.to_owned());
    }
    let store = rusqlite::Connection::open(installation.path("state/modregn.db")).unwrap();
    let mut all = store.prepare("SELECT id, state FROM transfer").unwrap();
    let all = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    for (id, state) in all.map(Result::<(String, String), _>::unwrap) {
        paths.push(format!("/files/{id}"));
        for form in ["txt", "json"].iter().filter(|_| state == "rejected") {
            paths.push(format!("/files/{id}/report/{form}"));
        }
    }
    assert!(paths.len() > 10, "{paths:?}");
    for path in paths {
        let page = browser.get(&path);
        assert_eq!(page.status, 200, "{path}");
        let found = cprs.iter().find(|cpr| page.body.contains(**cpr));
        assert_eq!(found, None, "{path}");
    }
    daemon.stop();
}
