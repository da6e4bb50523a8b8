//! The daemon as a service: what it tells the service manager, and a configuration read anew while
//! it runs. The service manager is a socket of the test's own, as systemd's is for the daemon.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use rustix::process::Signal;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;
use support::daemon::Daemon;
use support::installation::{Installation, names};

/// What a service manager hears.
struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Manager {
    fn of(installation: &Installation) -> Self {
        let path = installation.path("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        Self { socket, path }
    }

    /// The next message.
    fn hears(&self) -> String {
        let mut buffer = [0; 4096];
        let n = self.socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..n]).into_owned()
    }

    /// The next message that is no sign of life.
    fn hears_news(&self) -> String {
        loop {
            let message = self.hears();
            if message.trim() != "WATCHDOG=1" {
                return message;
            }
        }
    }

    /// Starts the daemon; the watchdog wants a sign of life within so many seconds.
    fn start(&self, installation: &Installation, watchdog: u64, more: &[(&str, &str)]) -> Daemon {
        let microseconds = (watchdog * 1_000_000).to_string();
        let mut set =
            vec![("NOTIFY_SOCKET", self.path.to_str().unwrap()), ("WATCHDOG_USEC", &microseconds)];
        set.extend(more);
        Daemon::start_with(installation, "info", &set)
    }
}

/// An installation that exchanges files with itself, with agreements.
fn installation() -> Installation {
    let installation = Installation::local("TEST");
    installation.import_aftaler(500);
    installation
}

#[test]
fn the_service_manager_is_told_when_it_is_ready_and_when_it_stops() {
    let installation = installation();
    let manager = Manager::of(&installation);
    let daemon = manager.start(&installation, 3, &[]);
    let ready = manager.hears_news();
    assert!(ready.contains("READY=1") && ready.contains("STATUS=serving 1 routes"), "{ready}");
    // Long enough that they are given again and again.
    let signs = (0..3).map(|_| manager.hears()).collect::<String>();
    assert_eq!(signs.matches("WATCHDOG=1").count(), 3, "{signs}");
    daemon.stop();
    assert!(manager.hears_news().contains("STOPPING=1"));
}

#[test]
fn a_worker_that_hangs_is_named_and_the_watchdog_hears_nothing_more() {
    let installation = installation();
    let manager = Manager::of(&installation);
    let set = [("MODREGN_HANG_AT", "answer:committed"), ("MODREGN_SILENCE_SECONDS", "1")];
    let mut daemon = manager.start(&installation, 3, &set);
    assert!(manager.hears_news().contains("READY=1"));
    assert!(manager.hears().contains("WATCHDOG=1"));
    installation.ask("1", 1);
    daemon.wait_for_log("a worker hangs: it works");
    let log = daemon.log();
    assert!(log.contains("worker=\"sf2530 ky:ind\""), "{log}");
    // What was told before it hung may still wait to be read; then there is silence.
    manager.socket.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    let mut buffer = [0; 4096];
    let heard = (0..100).take_while(|_| manager.socket.recv(&mut buffer).is_ok()).count();
    assert!(heard < 100, "it goes on telling that all is well");
}

#[test]
fn a_worker_that_breaks_down_ends_the_daemon_and_the_next_one_goes_on() {
    let installation = installation();
    let manager = Manager::of(&installation);
    let config = fs::read_to_string(installation.config()).unwrap();
    let config = config.replacen("[endpoint", "[alerts]\nevery_seconds = 1\n[endpoint", 1);
    fs::write(installation.config(), config).unwrap();
    for (seed, at) in [("1", "answer:committed"), ("2", "alert:raised")] {
        let set = [("MODREGN_PANIC_AT", at)];
        let mut daemon = manager.start(&installation, 60, &set);
        fs::write(installation.inbox().join(format!("bad-{seed}.txt")), "nonsense").unwrap();
        installation.ask(seed, 1);
        assert_eq!(daemon.ends(), Some(4), "{at}: {}", daemon.log());
        assert!(daemon.log().contains("a worker broke down"), "{at}: {}", daemon.log());
    }
    let mut daemon = manager.start(&installation, 60, &[]);
    daemon.wait_for_log("serving");
    daemon.wait_for(&installation.outbox(), 2);
    daemon.stop();
    installation.done(&["audit", "verify"]);
}

#[test]
fn a_configuration_read_anew_is_worked_by_and_a_bad_one_changes_nothing() {
    let installation = installation();
    let manager = Manager::of(&installation);
    let mut daemon = manager.start(&installation, 60, &[]);
    assert!(manager.hears_news().contains("READY=1"));
    installation.ask("1", 1);
    daemon.wait_for(&installation.outbox(), 1);

    let good = fs::read_to_string(installation.config()).unwrap();
    let elsewhere = installation.path("udveksling/andet");
    fs::create_dir(&elsewhere).unwrap();
    let other = good.replace("directory = \"ud\"", "directory = \"andet\"");
    assert_ne!(other, good);
    let refused = [
        (other.replace("miljoe", "miljo"), "miljo"),
        (other.replace("\"sf2530\"", "\"sf2531\""), "sf2531"),
        (other.replace("\"TEST\"", "\"PROD\""), "`miljoe` cannot change while modregn runs"),
        (other.replace("\"state\"", "\"stat\""), "`state_dir` cannot change"),
        (format!("{other}\n[web]\n"), "`web.listen, tls and client_ca` cannot change"),
        (format!("formats_dir = \"none\"\n{other}"), "none"),
    ];
    for (number, (text, says)) in refused.iter().enumerate() {
        fs::write(installation.config(), text).unwrap();
        daemon.signal(Signal::HUP);
        let news = [manager.hears_news(), manager.hears_news()];
        assert!(news[0].contains("RELOADING=1"), "{news:?}");
        assert!(news[1].contains("READY=1") && news[1].contains("refused"), "{news:?}");
        daemon.wait_for_log(says);
        // The one in force goes on.
        installation.ask(&format!("2{number}"), 1);
        daemon.wait_for(&installation.outbox(), 2 + number);
    }
    fs::write(installation.config(), &other).unwrap();
    daemon.signal(Signal::HUP);
    let news = [manager.hears_news(), manager.hears_news()];
    assert!(news[0].contains("RELOADING=1") && news[1].contains("serving 1 routes"), "{news:?}");
    installation.ask("3", 5);
    daemon.wait_for(&elsewhere, 5);
    assert_eq!(names(&installation.outbox()).len(), 1 + refused.len());
    daemon.stop();
    installation.done(&["audit", "verify"]);
}

#[test]
fn every_step_of_a_file_is_one_line_in_the_log() {
    let installation = installation();
    let manager = Manager::of(&installation);
    let mut daemon = manager.start(&installation, 60, &[]);
    installation.ask("1", 1);
    daemon.wait_for(&installation.outbox(), 1);
    daemon.wait_for_log(" archived ");
    let log = daemon.stop();
    let states: Vec<_> =
        ["seen", "fetched", "accepted", "archived", "queued", "rendered", "published"]
            .iter()
            .map(|state| (*state, log.matches(&format!(" state=\"{state}\"")).count()))
            .collect();
    assert!(states.iter().all(|(_, lines)| *lines == 1), "{states:?} in {log}");
    let accepted = log.lines().find(|line| line.contains("state=\"accepted\"")).unwrap();
    for field in ["flow=\"sf2530\"", "file=ky:ind/1-", "transfer=", "kommune=", "event=\"accept\""]
    {
        assert!(accepted.contains(field), "no {field} in {accepted}");
    }
}
