//! SFTP servers that are not OpenSSH: child processes of ours on free loopback ports, with their
//! own keys, in a temporary directory.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test program uses a part; one that panics has failed, as it should"
)]

use super::sshd::{Sshd, program, said};
use rustix::process::{Pid, Signal, getegid, geteuid, kill_process};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The server. Clients start in [`ForeignServer::root`].
pub struct ForeignServer {
    dir: TempDir,
    port: u16,
    process: Child,
}

/// How long a server may take to answer on its port.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often another port is tried when somebody else took the one found free.
const PORT_TRIES: usize = 5;

impl ForeignServer {
    /// asyncssh's, in Python.
    pub fn asyncssh() -> Self {
        let dir = with_keys();
        let project = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = project.join("target/tools/python/bin/python");
        assert!(python.is_file(), "{} is missing: run tools/setup test", python.display());
        let mut process = Command::new(python)
            .arg(project.join("tests/support/asyncssh_server.py"))
            .args(["host", "client.pub"].map(|name| dir.path().join(name)))
            .current_dir(dir.path().join("root"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log(&dir))
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let port = port.trim().parse();
        let port = port.unwrap_or_else(|_| panic!("asyncssh does not start: {}", logged(&dir)));
        Self::known(dir, port, process)
    }

    /// ProFTPD's, by its `mod_sftp`.
    pub fn proftpd() -> Self {
        let dir = with_keys();
        for _ in 0..PORT_TRIES {
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            write_proftpd_config(dir.path(), port);
            let mut process = Command::new(program("proftpd"))
                .args(["--nodaemon", "--quiet", "--config"])
                .arg(dir.path().join("proftpd.conf"))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log(&dir))
                .spawn()
                .unwrap();
            if answers(&mut process, port) {
                return Self::known(dir, port, process);
            }
        }
        panic!("ProFTPD does not answer: {}", logged(&dir));
    }

    fn known(dir: TempDir, port: u16, process: Child) -> Self {
        let key = fs::read_to_string(dir.path().join("host.pub")).unwrap();
        let line = format!("[127.0.0.1]:{port} {key}");
        fs::write(dir.path().join("known_hosts"), line).unwrap();
        Self { dir, port, process }
    }

    /// The directory a client starts in.
    pub fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    /// The `[endpoint.…]` table of a configuration that reaches this server.
    pub fn settings(&self) -> String {
        let (dir, port, user) = (self.dir.path().display(), self.port, Sshd::user());
        format!(
            "kind = \"sftp\"\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"{user}\"\n\
             known_hosts = '{dir}/known_hosts'\nkey = '{dir}/client'\ntimeout_seconds = 20\n"
        )
    }

    /// Runs these commands in OpenSSH's `sftp` client.
    pub fn batch(&self, commands: &str) {
        let dir = self.dir.path();
        fs::write(dir.join("batch"), commands).unwrap();
        let known_hosts = format!("UserKnownHostsFile={}", dir.join("known_hosts").display());
        let output = Command::new(program("sftp"))
            .args(["-q", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"])
            .args(["-o", &known_hosts, "-P", &self.port.to_string(), "-i"])
            .arg(dir.join("client"))
            .arg("-b")
            .arg(dir.join("batch"))
            .arg(format!("{}@127.0.0.1", Sshd::user()))
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}\n{}", logged(&self.dir));
    }
}

impl Drop for ForeignServer {
    fn drop(&mut self) {
        // Its connections end with it, or with their client.
        let _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
        let _ = self.process.wait();
    }
}

/// Waits until the port answers; `false` = the server ended instead.
fn answers(process: &mut Child, port: u16) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE && process.try_wait().unwrap().is_none() {
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
    }
    false
}

/// A directory with a `root`, a host key and a client's key.
fn with_keys() -> TempDir {
    let dir = TempDir::with_prefix("modregn-foreign-").unwrap();
    fs::create_dir(dir.path().join("root")).unwrap();
    for name in ["host", "client"] {
        let path = dir.path().join(name);
        said(
            "ssh-keygen",
            &["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path.to_str().unwrap()],
        );
    }
    dir
}

fn log(dir: &TempDir) -> File {
    File::create(dir.path().join("log")).unwrap()
}

fn logged(dir: &TempDir) -> String {
    fs::read_to_string(dir.path().join("log")).unwrap()
}

fn write_proftpd_config(dir: &Path, port: u16) {
    let module = Path::new("/usr/lib/proftpd/mod_sftp.so");
    assert!(module.exists(), "{} is missing: apt-get install proftpd-mod-crypto", module.display());
    let (user, group) = (Sshd::user(), said("id", &["-gn"]));
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    let place = dir.display();
    let account = format!("{user}:!:{uid}:{gid}::{place}/root:/bin/sh\n");
    fs::write(dir.join("passwd"), account).unwrap();
    fs::set_permissions(dir.join("passwd"), fs::Permissions::from_mode(0o600)).unwrap();
    let public = dir.join("client.pub");
    let rfc4716 = said("ssh-keygen", &["-e", "-f", public.to_str().unwrap()]);
    fs::write(dir.join("authorized_keys"), rfc4716 + "\n").unwrap();
    let config = format!(
        "ServerType standalone\nServerName test\nUseIPv6 off\nDefaultAddress 127.0.0.1\n\
         SocketBindTight on\nPort {port}\nUser {user}\nGroup {group}\n\
         ModulePath /usr/lib/proftpd\nLoadModule mod_sftp.c\n\
         AuthOrder mod_auth_file.c\nAuthUserFile {place}/passwd\nRootLogin on\n\
         RequireValidShell off\nUseFtpUsers off\nUseReverseDNS off\nWtmpLog off\n\
         TransferLog none\nSystemLog {place}/log\nPidFile {place}/pid\nScoreboardFile none\n\
         DelayEngine off\n<IfModule mod_ctrls.c>\nControlsEngine off\n</IfModule>\n\
         SFTPEngine on\nSFTPHostKey {place}/host\n\
         SFTPAuthMethods publickey\nSFTPAuthorizedUserKeys file:{place}/authorized_keys\n"
    );
    fs::write(dir.join("proftpd.conf"), config).unwrap();
}
