//! An installation with a status page, and the daemon that serves it.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test program uses a part; one that panics has failed, as it should"
)]

use super::daemon::Daemon;
use super::http::Browser;
use super::installation::Installation;
use std::fs;

/// Puts settings of the page behind the configuration; listens on a free port.
pub fn with_page(installation: &Installation, web: &str) {
    let config = fs::read_to_string(installation.config()).unwrap();
    let listen = if web.contains("listen") { "" } else { "listen = \"127.0.0.1:0\"\n" };
    fs::write(installation.config(), format!("{config}\n[web]\n{listen}{web}")).unwrap();
}

/// Starts the daemon, and whoever looks at its page in English.
pub fn serve(installation: &Installation) -> (Daemon, Browser) {
    let mut daemon = Daemon::start(installation, "info");
    let browser = Browser::at(&daemon.web()).with("Accept-Language", "en");
    (daemon, browser)
}

/// A request of SF2530, with its line end.
pub fn request(kommune: &str, id: &str) -> String {
    format!("10{kommune}{id}2026122420261230202612TEST{:12}\r\n", "")
}
