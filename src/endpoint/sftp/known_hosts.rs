//! Which keys a server may show. Reads OpenSSH's known_hosts(5) itself: libssh2 knows no wildcards
//! and no `@revoked`, and one bad line makes it refuse the whole file. Hashed names are left to
//! libssh2.

use crate::endpoint::trouble::Trouble;
use crate::fault::Code;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ssh2::{CheckResult, HashType, KnownHostFileKind, MethodType, Session};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use wildmatch::WildMatch;

/// A known_hosts file.
pub(super) struct KnownHosts {
    path: PathBuf,
    lines: Vec<KnownKey>,
    /// Numbers of the lines nobody can read.
    unreadable: Vec<usize>,
}

/// One of its lines.
struct KnownKey {
    number: usize,
    revoked: bool,
    names: String,
    kind: String,
    blob: Vec<u8>,
}

/// What a known_hosts file says about one server.
pub(super) struct KnownHost<'a> {
    file: &'a KnownHosts,
    /// The server's name as the file has it: `host`, or `[host]:port` where the port is not 22.
    name: String,
    keys: Vec<&'a KnownKey>,
    /// The host key methods we can verify.
    methods: Vec<&'static str>,
}

impl KnownHosts {
    pub(super) fn read(path: &Path) -> Result<Self, Trouble> {
        let bytes = std::fs::read(path).map_err(|error| {
            let path = path.display();
            Trouble::operator(
                Code::KnownHostsUnreadable,
                format!("{path}: {error}; it must hold the server's keys (see ssh-keyscan(1))"),
            )
        })?;
        let mut file = Self { path: path.to_owned(), lines: Vec::new(), unreadable: Vec::new() };
        // A line that is not UTF-8 is a bad line, not a bad file.
        for (number, line) in (1..).zip(bytes.split(|&byte| byte == b'\n')) {
            match std::str::from_utf8(line).map(|line| KnownKey::parse(number, line.trim())) {
                Ok(Line::Key(key)) => file.lines.push(key),
                Ok(Line::Other) => {}
                Ok(Line::Unreadable) | Err(_) => file.unreadable.push(number),
            }
        }
        Ok(file)
    }

    /// What is known about one server. The session need not be connected.
    pub(super) fn of(&self, session: &Session, host: &str, port: u16) -> KnownHost<'_> {
        let host = host.to_lowercase();
        let name = if port == 22 { host } else { format!("[{host}]:{port}") };
        let keys = self.lines.iter().filter(|key| key.is_for(session, &name)).collect();
        let mut methods = session.supported_algs(MethodType::HostKey).unwrap_or_default();
        // A certificate is not a known key.
        methods.retain(|method| !method.contains("-cert-"));
        KnownHost { file: self, name, keys, methods }
    }
}

enum Line {
    Key(KnownKey),
    /// Empty, a comment, or about a certificate authority, which libssh2 cannot verify.
    Other,
    Unreadable,
}

impl KnownKey {
    fn parse(number: usize, line: &str) -> Line {
        let mut words = line.split_ascii_whitespace().peekable();
        let revoked = match words.peek() {
            None | Some(&"@cert-authority") => return Line::Other,
            Some(word) if word.starts_with('#') => return Line::Other,
            Some(&"@revoked") => words.next().is_some(),
            Some(word) if word.starts_with('@') => return Line::Unreadable,
            Some(_) => false,
        };
        let (Some(names), Some(kind), Some(blob)) = (words.next(), words.next(), words.next())
        else {
            return Line::Unreadable;
        };
        let (names, kind) = (names.to_owned(), kind.to_owned());
        match STANDARD.decode(blob) {
            // A key begins with its kind, after four bytes of length.
            Ok(blob) if blob.get(4..).is_some_and(|rest| rest.starts_with(kind.as_bytes())) => {
                Line::Key(Self { number, revoked, names, kind, blob })
            }
            _ => Line::Unreadable,
        }
    }

    fn is_for(&self, session: &Session, name: &str) -> bool {
        if self.names.starts_with('|') {
            is_hash_of(session, &self.names, name)
        } else {
            patterns_match(&self.names, name)
        }
    }
}

/// Whether `name` matches a list of patterns: one must match, and none that begins with `!`.
fn patterns_match(patterns: &str, name: &str) -> bool {
    let mut matched = false;
    for pattern in patterns.to_lowercase().split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if WildMatch::new(pattern).matches(name) => return false,
            Some(_) => {}
            None => matched |= WildMatch::new(pattern).matches(name),
        }
    }
    matched
}

/// Whether a hashed name (`|1|salt|hash`) is this one. libssh2 is given a line with that name and a
/// key that no server has; where it finds the key wrong the name was right.
fn is_hash_of(session: &Session, hashed: &str, name: &str) -> bool {
    let Ok(mut single) = session.known_hosts() else { return false };
    let line = format!("{hashed} ssh-ed25519 {}", "A".repeat(64));
    single.read_str(&line, KnownHostFileKind::OpenSSH).is_ok()
        && matches!(single.check(name, b"no key"), CheckResult::Mismatch)
}

impl KnownHost<'_> {
    /// The order of host key methods to ask for: those of the known keys first, or the server shows
    /// another kind of key than the one we know.
    pub(super) fn preferred_methods(&self) -> Option<String> {
        let is_known = |method: &&str| self.trusted().any(|key| signs_with(&key.kind, method));
        let (mut methods, others): (Vec<&str>, Vec<&str>) =
            self.methods.iter().copied().partition(is_known);
        methods.extend(others);
        (!methods.is_empty()).then(|| methods.join(","))
    }

    fn trusted(&self) -> impl Iterator<Item = &&KnownKey> {
        self.keys.iter().filter(|key| !key.revoked)
    }

    /// Checks the key the server has shown in the handshake.
    pub(super) fn verify(&self, session: &Session) -> Result<(), Trouble> {
        let Some((shown, _)) = session.host_key() else {
            return Err(self.refused(Code::HostKeyUnknown, "the server shows no key", session));
        };
        if self.keys.iter().any(|key| key.revoked && key.blob == shown) {
            let why = "the server shows a key that is marked as revoked; do not use this server \
                       before its operator has explained";
            return Err(self.refused(Code::HostKeyRevoked, why, session));
        }
        if self.trusted().any(|key| key.blob == shown) {
            return Ok(());
        }
        let mut lines: Vec<String> = self.trusted().map(|key| key.number.to_string()).collect();
        if lines.is_empty() {
            let why = "no key of this server is known; ask its operator for the fingerprint, \
                       compare, and add the key (see ssh-keyscan(1))";
            return Err(self.refused(Code::HostKeyUnknown, why, session));
        }
        lines.dedup();
        let why = format!(
            "the server shows another key than the one in line {}: somebody may stand between, or \
             the server has a new key; ask its operator before changing the file",
            lines.join(", ")
        );
        Err(self.refused(Code::HostKeyMismatch, &why, session))
    }

    fn refused(&self, code: Code, why: &str, session: &Session) -> Trouble {
        let mut what = format!("{} by {}: {why}", self.name, self.file.path.display());
        if let Some(hash) = session.host_key_hash(HashType::Sha256) {
            let hash = STANDARD_NO_PAD.encode(hash);
            write!(what, " (shown: SHA256:{hash})").unwrap_or_default();
        }
        if !self.file.unreadable.is_empty() {
            let lines = &self.file.unreadable;
            write!(what, "; lines that cannot be read: {lines:?}").unwrap_or_default();
        }
        Trouble::operator(code, what)
    }
}

/// Whether a key of this kind signs with this method.
fn signs_with(kind: &str, method: &str) -> bool {
    if kind == "ssh-rsa" { method.starts_with("rsa-sha2-") } else { method == kind }
}
