//! A Debian machine that is booted for one test: namespaces, an overlay in memory over a small
//! Debian, and systemd as its first process. It ends with its owner, whatever happens.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Longest that anything here is waited for; far more than it takes.
const PATIENCE: Duration = Duration::from_secs(90);

const LOOK: Duration = Duration::from_millis(50);

/// One machine.
pub(crate) struct Machine {
    unshare: Child,
    /// systemd's process, as this machine counts them.
    pid: u32,
    _work: tempfile::TempDir,
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Machine {
    /// Boots, and waits until everything is started.
    pub(crate) fn boot() -> Self {
        assert!(
            rustix::process::geteuid().is_root(),
            "a machine can be booted by root only: run these tests as root, or leave them out by \
             `make check ARGS=\"-E 'not binary(package)'\"`"
        );
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let tree = root.join("target/tools/debian-bookworm");
        assert!(tree.exists(), "{} is not there: tools/setup test", tree.display());
        let work = tempfile::tempdir().unwrap();
        let unshare = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--uts", "--ipc", "--net"])
            .args(["--cgroup", "--fork", "--kill-child=KILL", "sh"])
            .arg(root.join("tests/package/boot.sh"))
            .args([&tree, work.path()])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut machine = Self { unshare, pid: 0, _work: work };
        machine.pid = machine.first_process();
        machine.until("it is up", || {
            let state = machine.run("systemctl is-system-running");
            ["running\n", "degraded\n"].contains(&state.out.as_str())
        });
        machine
    }

    /// The child of `unshare`, once it is systemd.
    fn first_process(&mut self) -> u32 {
        let of = self.unshare.id();
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            assert_eq!(self.unshare.try_wait().unwrap(), None, "boot.sh: see above");
            let children = fs::read_to_string(format!("/proc/{of}/task/{of}/children"));
            let pid = children.unwrap_or_default().trim().parse().unwrap_or(0);
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            if name == "systemd\n" {
                return pid;
            }
            thread::sleep(LOOK);
        }
        panic!("boot.sh did not get to systemd")
    }

    /// Runs a shell's script there, as root, with this on its standard input.
    pub(crate) fn run_with(&self, script: &str, input: &[u8]) -> Said {
        let mut child = Command::new("timeout")
            .args(["-s", "KILL", "120", "nsenter", "-t", &self.pid.to_string(), "-a", "env", "-i"])
            .args(["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "sh", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let written = child.stdin.take().unwrap().write_all(input);
        let output = child.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = Said {
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        };
        assert!(written.is_ok() || said.code != Some(0), "{script}: {written:?}");
        said
    }

    pub(crate) fn run(&self, script: &str) -> Said {
        self.run_with(script, b"")
    }

    /// Runs what must go well; gives what it wrote to standard output.
    pub(crate) fn done(&self, script: &str) -> String {
        let Said { code, out, err } = self.run(script);
        assert_eq!(code, Some(0), "{script}\n{out}{err}{}", self.journal());
        out
    }

    /// Runs what must not go well; gives all that it said.
    pub(crate) fn refused(&self, script: &str) -> String {
        let Said { code, out, err } = self.run(script);
        assert!(code.is_some_and(|code| code != 0), "{script}: {code:?}\n{out}{err}");
        out + &err
    }

    /// Waits until this is so.
    pub(crate) fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < PATIENCE, "never: {what}\n{}", self.journal());
            thread::sleep(LOOK);
        }
    }

    /// A path of the machine, as this process can open it.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{path}", self.pid))
    }

    /// One property of a unit.
    pub(crate) fn show(&self, unit: &str, property: &str) -> String {
        self.done(&format!("systemctl show -P {property} {unit}")).trim().to_owned()
    }

    /// What the journal has of a unit, by further options.
    pub(crate) fn logged(&self, unit: &str, options: &str) -> String {
        let read = format!("journalctl --no-pager --output cat --unit {unit} {options}");
        self.done(&format!("journalctl --sync && {read}"))
    }

    /// What was logged last, for a failure's message.
    fn journal(&self) -> String {
        let mut text = String::new();
        let last = self.run("journalctl --no-pager --lines 40 --output short-iso");
        let _ = write!(text, "the machine's journal:\n{}{}", last.out, last.err);
        text
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Its first process ends with it, and every other one with that.
        let _ = self.unshare.kill();
        let _ = self.unshare.wait();
    }
}
