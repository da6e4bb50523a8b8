//! Who may log in where: host keys, our keys and the agent, against a real OpenSSH server.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use modregn::endpoint::{EndpointError, Login, Secret, Settings, SftpSettings};
use modregn::fault::{Class, Code};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::sshd::{Options, Sshd, program, said};

fn settings(server: &Sshd) -> SftpSettings {
    match toml::from_str(&server.settings()).unwrap() {
        Settings::Sftp(settings) => settings,
        Settings::Local(_) => unreachable!("the server's settings are SFTP"),
    }
}

/// Logs in and looks around.
fn log_in(settings: SftpSettings) -> Result<(), EndpointError> {
    Settings::Sftp(settings).open("ky").list("", 10).map(|_| ())
}

/// That logging in fails with this code, for an operator, before anyone was let in.
#[track_caller]
fn assert_refused(server: &Sshd, settings: SftpSettings, code: Code) -> String {
    let error = log_in(settings).unwrap_err();
    assert_eq!((error.class, error.code), (Class::Operator, code), "{error}");
    assert!(error.to_string().starts_with("ky: "), "{error}");
    assert!(!server.log().contains("Accepted publickey"), "{}", server.log());
    error.what
}

/// Logging in with these lines as known_hosts; `HOST` stands for the server.
fn with_known_hosts(server: &Sshd, lines: &str) -> SftpSettings {
    let host = format!("[127.0.0.1]:{}", server.port());
    let file = server.path("lines");
    fs::write(&file, lines.replace("HOST", &host)).unwrap();
    SftpSettings { known_hosts: file, ..settings(server) }
}

fn with_key(server: &Sshd, key: &Path, passphrase: Option<&Path>) -> SftpSettings {
    let secret = |path: &Path| Secret(path.to_str().unwrap().to_owned());
    let login = Login::Key { key: secret(key), passphrase: passphrase.map(secret) };
    SftpSettings { login, ..settings(server) }
}

#[test]
fn a_key_lets_us_in() {
    let server = Sshd::start();
    log_in(settings(&server)).unwrap();
    assert!(server.log().contains("Accepted publickey"), "{}", server.log());
}

#[test]
fn an_unknown_host_is_refused_with_its_fingerprint() {
    let server = Sshd::start();
    let other = server.make_key("other", "ed25519", "");
    let other = fs::read_to_string(other.with_extension("pub")).unwrap();
    // Known under another name, and another host known: neither proves anything.
    let known = server.host_key("ed25519");
    let lines = format!("127.0.0.1 {known}\n[127.0.0.1]:1 {known}\nexample.dk {other}");
    let what = assert_refused(&server, with_known_hosts(&server, &lines), Code::HostKeyUnknown);
    let public = server.path("host_ed25519.pub");
    let shown = said("ssh-keygen", &["-lf", public.to_str().unwrap()]);
    let fingerprint = shown.split(' ').nth(1).unwrap();
    assert!(what.contains(fingerprint), "{what} misses {fingerprint}");
}

#[test]
fn another_host_key_is_refused_with_the_line() {
    let server = Sshd::start();
    let other = fs::read_to_string(server.make_key("other", "ed25519", "").with_extension("pub"));
    let lines = format!("# ours\nHOST {}", other.unwrap());
    let what = assert_refused(&server, with_known_hosts(&server, &lines), Code::HostKeyMismatch);
    assert!(what.contains("line 2"), "{what}");
}

#[test]
fn a_revoked_key_is_refused_though_it_is_known() {
    let server = Sshd::start();
    let key = server.host_key("ed25519");
    for names in ["HOST", "*"] {
        let lines = format!("HOST {key}\n@revoked {names} {key}");
        assert_refused(&server, with_known_hosts(&server, &lines), Code::HostKeyRevoked);
    }
    // Another key that is revoked says nothing about this one.
    let other = fs::read_to_string(server.make_key("other", "ed25519", "").with_extension("pub"));
    let lines = format!("@revoked HOST {}\nHOST {key}", other.unwrap());
    log_in(with_known_hosts(&server, &lines)).unwrap();
}

#[test]
fn hashed_names_are_found() {
    let server = Sshd::start();
    let known = |lines: String| {
        let settings = with_known_hosts(&server, &lines);
        said("ssh-keygen", &["-Hf", settings.known_hosts.to_str().unwrap()]);
        assert!(fs::read_to_string(&settings.known_hosts).unwrap().starts_with("|1|"));
        settings
    };
    let key = server.host_key("ed25519");
    assert_refused(&server, known(format!("example.dk {key}")), Code::HostKeyUnknown);
    log_in(known(format!("example.dk {key}\nHOST {key}"))).unwrap();
}

#[test]
fn patterns_are_understood() {
    let server = Sshd::start();
    let key = server.host_key("ed25519");
    let port = server.port();
    for no in [format!("[127.0.0.?]:{port},![*.1]:{port}"), "127.0.0.*".to_owned()] {
        let lines = format!("{no} {key}");
        assert_refused(&server, with_known_hosts(&server, &lines), Code::HostKeyUnknown);
    }
    for yes in ["*".to_owned(), format!("a,[127.0.*.?]:{port},b"), format!("[127.*]:{port},!x")] {
        log_in(with_known_hosts(&server, &format!("{yes} {key}"))).unwrap();
    }
}

#[test]
fn bad_lines_spoil_nothing_but_are_told() {
    let server = Sshd::start();
    let bad = "nonsense\nHOST ssh-ed25519 &&&\n@unknown HOST x y\n\n# HOST\nHOST ssh-rsa AAAA\n";
    let what = assert_refused(&server, with_known_hosts(&server, bad), Code::HostKeyUnknown);
    assert!(what.contains("[1, 2, 3, 6]"), "{what}");
    let key = server.host_key("ed25519");
    log_in(with_known_hosts(&server, &format!("{bad}HOST {key} a comment"))).unwrap();
}

#[test]
fn known_hosts_that_cannot_be_read_is_a_fault_of_its_own() {
    let server = Sshd::start();
    let known_hosts = PathBuf::from("/nowhere/known_hosts");
    let settings = SftpSettings { known_hosts, ..settings(&server) };
    let what = assert_refused(&server, settings, Code::KnownHostsUnreadable);
    assert!(what.contains("/nowhere/known_hosts"), "{what}");
}

/// A client that asks for its favourite kind of key is shown one that is not known.
#[test]
fn a_host_known_by_one_kind_of_key_only_is_known() {
    let kinds = ["ed25519", "ecdsa", "rsa"];
    let server = Sshd::start_with(&Options { host_keys: &kinds, ..Options::default() });
    for kind in kinds {
        let lines = format!("HOST {}", server.host_key(kind));
        log_in(with_known_hosts(&server, &lines)).unwrap();
    }
}

#[test]
fn a_key_the_server_does_not_know_is_refused() {
    let server = Sshd::start();
    let key = server.make_key("stranger", "ed25519", "");
    let settings = with_key(&server, &key, None);
    let what = assert_refused(&server, settings, Code::AuthenticationFailed);
    assert!(what.contains(&Sshd::user()), "{what}");
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let server = Sshd::start();
    for mode in [0o640, 0o604, 0o620] {
        fs::set_permissions(server.key(), fs::Permissions::from_mode(mode)).unwrap();
        let what = assert_refused(&server, settings(&server), Code::KeyFilePermissions);
        assert!(what.contains("chmod 600"), "{what}");
    }
    for mode in [0o600, 0o400] {
        fs::set_permissions(server.key(), fs::Permissions::from_mode(mode)).unwrap();
        log_in(settings(&server)).unwrap();
    }
}

#[test]
fn a_key_that_is_not_there_or_no_key_is_refused() {
    let server = Sshd::start();
    let none = with_key(&server, Path::new("/nowhere/key"), None);
    assert_refused(&server, none, Code::KeyUnreadable);
    let nonsense = server.path("nonsense");
    fs::write(&nonsense, "no key").unwrap();
    fs::set_permissions(&nonsense, fs::Permissions::from_mode(0o600)).unwrap();
    assert_refused(&server, with_key(&server, &nonsense, None), Code::KeyUnreadable);
}

#[test]
fn encrypted_keys_open_with_their_passphrase() {
    let server = Sshd::start();
    let right = secret_file(&server, "right", "correct horse\n");
    let wrong = secret_file(&server, "wrong", "battery staple");
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let key = server.make_key(&format!("encrypted_{kind}"), kind, "correct horse");
        for passphrase in [None, Some(wrong.as_path())] {
            let settings = with_key(&server, &key, passphrase);
            let error = log_in(settings).unwrap_err();
            assert_eq!((error.class, error.code), (Class::Operator, Code::KeyUnreadable), "{kind}");
        }
        server.authorize(&key.with_extension("pub"));
        log_in(with_key(&server, &key, Some(&right))).unwrap();
    }
}

fn secret_file(server: &Sshd, name: &str, text: &str) -> PathBuf {
    let path = server.path(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// A key agent of ours, ended when the test is over.
struct Agent(Child);

impl Drop for Agent {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn an_agent_lets_us_in() {
    let server = Sshd::start();
    let socket = server.path("agent");
    let with_agent = || SftpSettings { login: Login::Agent(socket.clone()), ..settings(&server) };
    assert_refused(&server, with_agent(), Code::AgentUnavailable);
    let mut agent = Command::new(program("ssh-agent"));
    let agent = agent.arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn();
    let _agent = Agent(agent.unwrap());
    wait_for(|| socket.exists());
    assert_refused(&server, with_agent(), Code::AuthenticationFailed);
    // The right key is the second one.
    for key in [server.make_key("stranger", "ed25519", ""), server.key()] {
        let mut add = Command::new(program("ssh-add"));
        let added = add.arg("-q").arg(&key).env("SSH_AUTH_SOCK", &socket).status();
        assert!(added.unwrap().success());
    }
    log_in(with_agent()).unwrap();
}

fn wait_for(mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(20), "waited for nothing");
        std::thread::sleep(Duration::from_millis(5));
    }
}
