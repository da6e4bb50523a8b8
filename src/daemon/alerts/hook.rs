//! Runs a program of the configuration: no shell, an environment that holds nothing of ours, its
//! input in a file without a name (so that nobody waits for it to be read), and an end in any case.

use crate::config::Hook;
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{self, Read, Seek, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Where a hook finds other programs.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Between two looks whether it has ended.
const LOOK: Duration = Duration::from_millis(10);

/// How much of what it says on standard error is told, bytes.
const TOLD: u64 = 400;

/// For how long its standard error is awaited after its end: what it has started may hold it open.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Why a hook did not take a message.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// It did not start.
    #[error("{program} could not be started: {error}")]
    Start {
        /// Which program.
        program: String,
        /// Why.
        error: io::Error,
    },
    /// It ended with another exit code than 0.
    #[error("{program} ended with {status}{}", said(.words))]
    Failed {
        /// Which program.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// What it said on standard error.
        words: String,
    },
    /// It took too long.
    #[error("{program} had not ended after {} s and was killed{}", .after.as_secs(), said(.words))]
    TimedOut {
        /// Which program.
        program: String,
        /// After how long.
        after: Duration,
        /// What it said on standard error.
        words: String,
    },
}

fn said(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(", saying: {words}") }
}

/// Runs a hook with this on its standard input, to its end or to its time's.
pub(super) fn run(hook: &Hook, kind: &str, stdin: &[u8]) -> Result<(), HookError> {
    let program = hook.command.first().cloned().unwrap_or_default();
    let (mut child, words) = start(hook, kind, stdin)
        .map_err(|error| HookError::Start { program: program.clone(), error })?;
    let ended = wait(&mut child, hook.timeout);
    let words = words.until(LAST_WORDS);
    match ended {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(HookError::Failed { program, status, words }),
        None => Err(HookError::TimedOut { program, after: hook.timeout, words }),
    }
}

fn start(hook: &Hook, kind: &str, stdin: &[u8]) -> io::Result<(Child, Words)> {
    let mut input = tempfile::tempfile()?;
    input.write_all(stdin)?;
    input.rewind()?;
    let mut command = Command::new(hook.command.first().map_or("", String::as_str));
    command.args(hook.command.iter().skip(1)).current_dir("/").env_clear();
    command.env("PATH", PATH).env("LANG", "C.UTF-8").env("MODREGN_ALERT_KIND", kind);
    command.stdin(input).stdout(Stdio::null()).stderr(Stdio::piped());
    // In a group of its own, so that all it starts can be ended with it.
    let mut child = command.process_group(0).spawn()?;
    let words = Words::of(child.stderr.take());
    Ok((child, words))
}

/// How it ended; `None` = it did not, and was killed.
fn wait(child: &mut Child, timeout: Duration) -> Option<ExitStatus> {
    let begun = Instant::now();
    while begun.elapsed() < timeout {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) => thread::sleep(LOOK),
            // Never: it is our own child, and nobody else waits for it.
            Err(_) => break,
        }
    }
    // Ended just now is fine.
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    let _ = child.wait();
    None
}

/// What a program says on standard error, read as it comes: it must not wait for us.
struct Words {
    text: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Words {
    fn of(stderr: Option<ChildStderr>) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&text);
        let read = move |mut stderr: ChildStderr| {
            let mut part = [0; 1024];
            while let Ok(read @ 1..) = stderr.read(&mut part) {
                let mut text = shared.lock().unwrap_or_else(PoisonError::into_inner);
                let room = TOLD.saturating_sub(text.len() as u64);
                let fits = usize::try_from(room).map_or(read, |room| read.min(room));
                text.extend_from_slice(&part[..fits]);
            }
        };
        Self { text, reader: stderr.map(|stderr| thread::spawn(move || read(stderr))) }
    }

    /// On one line.
    fn until(self, patience: Duration) -> String {
        let begun = Instant::now();
        while self.reader.as_ref().is_some_and(|reader| !reader.is_finished())
            && begun.elapsed() < patience
        {
            thread::sleep(LOOK);
        }
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&text);
        text.split(char::is_control).map(str::trim).collect::<Vec<_>>().join(" ").trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Stdin;

    fn shell(script: &str, timeout: Duration) -> Hook {
        let command = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
        Hook { name: "a".into(), command, stdin: Stdin::Json, kinds: Vec::new(), timeout }
    }

    fn told(script: &str, input: &str) -> Result<(), String> {
        let hook = shell(script, Duration::from_secs(60));
        run(&hook, "test", input.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn it_gets_its_input_and_hardly_any_environment() {
        let large = "x".repeat(1 << 20);
        assert_eq!(told("test $(wc -c) = 1048576", &large), Ok(()));
        assert_eq!(told("exit 0", &large), Ok(()), "it need not read it");
        let dir = tempfile::tempdir().unwrap();
        let found = dir.path().join("environment");
        told(&format!("env > {}", found.display()), "").unwrap();
        let found = std::fs::read_to_string(found).unwrap();
        let mut names: Vec<_> = found.lines().map(|line| line.split('=').next().unwrap()).collect();
        names.retain(|name| !["PWD", "SHLVL", "_", "OLDPWD"].contains(name));
        names.sort_unstable();
        assert_eq!(names, ["LANG", "MODREGN_ALERT_KIND", "PATH"], "{found}");
    }

    #[test]
    fn what_it_says_is_told_when_it_fails() {
        let error = told("echo the mail system is >&2; echo down >&2; exit 75", "").unwrap_err();
        let says = "/bin/sh ended with exit status: 75, saying: the mail system is down";
        assert_eq!(error, says);
        let error = told("head -c 1000000 /dev/zero | tr '\\0' x >&2; exit 1", "").unwrap_err();
        assert!(error.ends_with(&"x".repeat(400)) && error.len() < 500, "{error}");
        let nowhere = Hook { command: vec!["/nowhere/mail".into()], ..shell("", LOOK) };
        let error = run(&nowhere, "test", b"").unwrap_err().to_string();
        assert!(error.starts_with("/nowhere/mail could not be started: "), "{error}");
    }

    #[test]
    fn it_is_killed_with_all_it_has_started() {
        let dir = tempfile::tempdir().unwrap();
        let pid = dir.path().join("pid");
        let script = format!("sleep 1000 & echo $! > {}; echo waiting >&2; wait", pid.display());
        let error = run(&shell(&script, Duration::from_secs(1)), "test", b"").unwrap_err();
        let says = "/bin/sh had not ended after 1 s and was killed, saying: waiting";
        assert_eq!(error.to_string(), says);
        let pid = std::fs::read_to_string(pid).unwrap();
        let stat = format!("/proc/{}/stat", pid.trim());
        // Until it is gone, or dead and not yet taken note of by whoever inherited it.
        while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            thread::sleep(LOOK);
        }
    }

    #[test]
    fn what_it_leaves_running_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let end = dir.path().join("end");
        let script =
            format!("while ! test -e {0}; do sleep 0.1; done & echo gone >&2", end.display());
        assert_eq!(
            told(&format!("({script}) ; exit 3"), "").unwrap_err(),
            "/bin/sh ended with exit status: 3, saying: gone"
        );
        std::fs::write(end, "").unwrap();
    }
}
