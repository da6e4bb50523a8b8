//! A real OpenSSH server for tests and benchmarks: a child process of ours on a free loopback port,
//! with its own keys, in a temporary directory, as root or as an ordinary user. It and the
//! processes it forked for its connections end with the [`Sshd`].

#![allow(dead_code, unreachable_pub, reason = "each program that includes this uses a part")]

use rustix::process::{Pid, Signal, kill_process};
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The server. Files that clients see lie in [`Sshd::root`]; `/` for the client is the machine's
/// own.
pub struct Sshd {
    dir: TempDir,
    port: u16,
    listener: Option<Child>,
}

/// How long the server may take to answer on its port, or to end.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often another port is tried when somebody else took the one found free.
const PORT_TRIES: usize = 5;

/// How a server differs from the usual one.
pub struct Options<'a> {
    /// Kinds of its host keys.
    pub host_keys: &'a [&'a str],
    /// Where its temporary directory is made.
    pub place: PathBuf,
    /// What serves SFTP.
    pub subsystem: String,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            host_keys: &["ed25519"],
            place: std::env::temp_dir(),
            subsystem: "internal-sftp".to_owned(),
        }
    }
}

impl Sshd {
    /// The usual server.
    pub fn start() -> Self {
        Self::start_with(&Options::default())
    }

    /// A server that is not quite OpenSSH's; `kind` is explained in `sftp_filter.pl`.
    pub fn start_filtered(kind: &str) -> Self {
        let filter = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/sftp_filter.pl");
        let subsystem = format!("/usr/bin/perl {filter} {kind}");
        Self::start_with(&Options { subsystem, ..Options::default() })
    }

    /// A server with these differences.
    pub fn start_with(options: &Options<'_>) -> Self {
        let dir = tempfile::Builder::new().prefix("modregn-sshd-").tempdir_in(&options.place);
        let dir = dir.expect("a temporary directory");
        fs::create_dir(dir.path().join("root")).expect("the server's root");
        for kind in options.host_keys {
            keygen(&dir.path().join(format!("host_{kind}")), kind, "");
        }
        keygen(&dir.path().join("client"), "ed25519", "");
        let mut server = Self { dir, port: 0, listener: None };
        server.authorize(&server.path("client.pub"));
        server.write_config(options);
        server.listen();
        server.write_known_hosts(options.host_keys);
        server
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The user to log in as: whoever runs the test.
    pub fn user() -> String {
        said("id", &["-un"])
    }

    /// The directory a client starts in.
    pub fn root(&self) -> PathBuf {
        self.path("root")
    }

    /// A private key the server lets in.
    pub fn key(&self) -> PathBuf {
        self.path("client")
    }

    /// A known_hosts file with all of the server's keys.
    pub fn known_hosts(&self) -> PathBuf {
        self.path("known_hosts")
    }

    /// A path in the server's own directory, outside of what clients start in.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The public host key of a kind, `ssh-rsa AAAA…`.
    pub fn host_key(&self, kind: &str) -> String {
        let line = fs::read_to_string(self.path(&format!("host_{kind}.pub"))).expect("a host key");
        line.split(' ').take(2).collect::<Vec<_>>().join(" ")
    }

    /// Makes a key pair below [`Sshd::path`]; the server does not let it in yet.
    pub fn make_key(&self, name: &str, kind: &str, passphrase: &str) -> PathBuf {
        let path = self.path(name);
        keygen(&path, kind, passphrase);
        path
    }

    /// Lets a public key in.
    pub fn authorize(&self, public: &Path) {
        let file = self.path("authorized_keys");
        let mut lines = fs::read_to_string(&file).unwrap_or_default();
        lines += &fs::read_to_string(public).expect("a public key");
        fs::write(file, lines).expect("authorized_keys");
    }

    /// The `[endpoint.…]` table of a configuration that reaches this server.
    pub fn settings(&self) -> String {
        format!(
            "kind = \"sftp\"\nhost = \"127.0.0.1\"\nport = {}\nuser = \"{}\"\nknown_hosts = '{}'\n\
             key = '{}'\nroot = '{}'\ntimeout_seconds = 20\n",
            self.port,
            Self::user(),
            self.known_hosts().display(),
            self.key().display(),
            self.root().display(),
        )
    }

    /// OpenSSH's `sftp` client, ready to read commands from `-b FILE` or be given a destination.
    pub fn client(&self) -> Command {
        let mut sftp = Command::new(program("sftp"));
        sftp.args(["-q", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]);
        sftp.arg("-P").arg(self.port.to_string());
        sftp.arg("-i").arg(self.key());
        sftp.arg("-o").arg(format!("UserKnownHostsFile={}", self.known_hosts().display()));
        sftp
    }

    /// Runs these commands in OpenSSH's `sftp` client, started in [`Sshd::root`].
    pub fn batch(&self, commands: &str) {
        self.batch_with(&[], commands);
    }

    /// The same with more arguments for the client.
    pub fn batch_with(&self, arguments: &[&str], commands: &str) {
        let script = self.path("batch");
        fs::write(&script, commands).expect("the batch file");
        let destination = format!("{}@127.0.0.1:{}", Self::user(), self.root().display());
        let output = self.client().args(arguments).arg("-b").arg(&script).arg(destination).output();
        let output = output.expect("sftp runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "sftp failed: {stderr}");
    }

    /// Ends the server and its connections at once, as a crash does.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        if let Some(mut listener) = self.listener.take() {
            listener.wait().expect("the server ends");
        }
    }

    /// Ends only the connections; new ones are taken.
    pub fn kill_connections(&self) {
        for pid in descendants(self.pid()) {
            // One that has just ended by itself is fine.
            let _ = kill_process(pid, Signal::KILL);
        }
    }

    /// Starts the server again on its port.
    pub fn restart(&mut self) {
        assert!(self.listener.is_none(), "kill it first");
        self.spawn();
        assert!(self.answers(), "{}", self.log());
    }

    /// Sends a signal to the server and to every process it forked.
    pub fn signal(&self, signal: Signal) {
        let children = descendants(self.pid());
        kill_process(self.pid(), signal).expect("our own child");
        for pid in children {
            let _ = kill_process(pid, signal);
        }
    }

    /// What the server said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(self.listener.as_ref().expect("the server runs"))
    }

    fn listen(&mut self) {
        for _ in 0..PORT_TRIES {
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
            self.port = free.local_addr().expect("its address").port();
            drop(free);
            self.spawn();
            if self.answers() {
                return;
            }
        }
        panic!("sshd does not answer: {}", self.log());
    }

    fn spawn(&mut self) {
        let log = fs::File::options().create(true).append(true).open(self.path("log"));
        let child = Command::new(program("sshd"))
            .args(["-D", "-e", "-p", &self.port.to_string(), "-f"])
            .arg(self.path("sshd_config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.expect("the log"))
            .spawn();
        self.listener = Some(child.expect("sshd starts"));
    }

    /// Waits until the port answers; `false` = the server ended instead.
    fn answers(&mut self) -> bool {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let listener = self.listener.as_mut().expect("just started");
            if listener.try_wait().expect("our own child").is_some() {
                self.listener = None;
                return false;
            }
            if TcpStream::connect_timeout(&address, PATIENCE).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("sshd does not answer: {}", self.log());
    }

    fn write_known_hosts(&self, kinds: &[&str]) {
        let mut lines = String::new();
        for kind in kinds {
            writeln!(lines, "[127.0.0.1]:{} {}", self.port, self.host_key(kind)).expect("a string");
        }
        fs::write(self.known_hosts(), lines).expect("known_hosts");
    }

    fn write_config(&self, options: &Options<'_>) {
        let mut config = format!(
            "ListenAddress 127.0.0.1\nPidFile none\nUsePAM no\nStrictModes no\n\
             PermitRootLogin yes\nPasswordAuthentication no\nMaxStartups 100\nUseDNS no\n\
             AuthorizedKeysFile {}\nSubsystem sftp {}\n",
            self.path("authorized_keys").display(),
            options.subsystem
        );
        for kind in options.host_keys {
            let path = self.path(&format!("host_{kind}"));
            writeln!(config, "HostKey {}", path.display()).expect("a string");
        }
        fs::write(self.path("sshd_config"), config).expect("sshd_config");
        if rustix::process::geteuid().is_root() {
            // Debian's sshd wants its privilege separation directory, which a boot script makes.
            let place = Path::new("/run/sshd");
            fs::create_dir_all(place).expect("/run/sshd");
            fs::set_permissions(place, fs::Permissions::from_mode(0o755)).expect("/run/sshd");
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        if self.listener.is_some() {
            self.kill();
        }
    }
}

/// The processes below one, by the kernel's own list.
fn descendants(of: Pid) -> Vec<Pid> {
    let pid = of.as_raw_nonzero();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let children = children.unwrap_or_default();
    let pids = children.split_whitespace().filter_map(|word| Pid::from_raw(word.parse().ok()?));
    pids.flat_map(|child| descendants(child).into_iter().chain([child])).collect()
}

fn keygen(path: &Path, kind: &str, passphrase: &str) {
    let path = path.to_str().expect("a UTF-8 path");
    said("ssh-keygen", &["-q", "-t", kind, "-N", passphrase, "-C", "modregn test", "-f", path]);
}

/// What a program that must work says.
pub fn said(name: &str, arguments: &[&str]) -> String {
    let output = Command::new(program(name)).args(arguments).output().expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments:?}: {stderr}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The full path of a program, most of them OpenSSH's; sshd insists on being called by it.
pub fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/bin".into()]);
    let found = places.map(|place| place.join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| {
        panic!(
            "{name} is missing: run tools/setup test, or apt-get install openssh-server \
                openssh-client proftpd-core"
        )
    })
}
