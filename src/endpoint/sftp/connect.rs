//! One connection: reached, its server proven to be the one we know, and logged in.

use super::known_hosts::KnownHosts;
use super::refusal::Refusal;
use crate::endpoint::secret;
use crate::endpoint::settings::{Login, Secret, SftpSettings};
use crate::endpoint::trouble::Trouble;
use crate::fault::Code;
use libssh2_sys::{
    LIBSSH2_ERROR_AUTHENTICATION_FAILED as AUTHENTICATION_FAILED,
    LIBSSH2_ERROR_BANNER_RECV as BANNER_RECEIVE, LIBSSH2_ERROR_FILE as KEY_FILE,
    LIBSSH2_ERROR_KEX_FAILURE as KEX_FAILURE, LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE as KEY_EXCHANGE,
    LIBSSH2_ERROR_METHOD_NONE as METHOD_NONE,
    LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED as PUBLICKEY_UNVERIFIED,
};
use secrecy::ExposeSecret;
use ssh2::{ErrorCode, MethodType, Session};
use std::cell::Cell;
use std::io;
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::{Duration, Instant};

/// A connection that is logged in. The order of the fields is the order they are dropped in:
/// libssh2 says goodbye in each drop and waits a whole time-out for an answer to each, unless the
/// socket is shut down before.
pub(super) struct Line {
    socket: HangUp,
    pub(super) sftp: ssh2::Sftp,
    session: Session,
    lost: Cell<bool>,
    used: Cell<Instant>,
    /// Whether the server knows `fsync@openssh.com`, as far as we know.
    pub(super) syncs: Cell<bool>,
}

/// A session not used for so long may have been closed by the server: it is probed first.
const IDLE: Duration = Duration::from_secs(2);

/// A socket that is shut down when it is dropped.
struct HangUp(TcpStream);

impl HangUp {
    fn now(&self) {
        // The only thing that can be wrong here is that it is no longer connected.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

impl Drop for HangUp {
    fn drop(&mut self) {
        self.now();
    }
}

impl Line {
    /// Connects, verifies the server, logs in.
    pub(super) fn connect(settings: &SftpSettings) -> Result<Self, Trouble> {
        let known = KnownHosts::read(&settings.known_hosts)?;
        let mut session = Session::new().map_err(|error| broken(settings, &error))?;
        session.set_timeout(settings.timeout_seconds.saturating_mul(1000));
        let host = known.of(&session, &settings.host, settings.port);
        if let Some(preferred) = host.preferred_methods() {
            session
                .method_pref(MethodType::HostKey, &preferred)
                .map_err(|error| broken(settings, &error))?;
        }
        let stream = dial(settings)?;
        let ours = stream.try_clone().map_err(|error| unreachable(settings, &error))?;
        // Declared after the session, thus dropped before it on every way out of here.
        let socket = HangUp(ours);
        session.set_tcp_stream(stream);
        session.handshake().map_err(|error| handshake_failed(settings, &error))?;
        host.verify(&session)?;
        log_in(&session, settings)?;
        let sftp = session.sftp().map_err(|error| broken(settings, &error))?;
        Ok(Self {
            socket,
            sftp,
            session,
            lost: Cell::new(false),
            used: Cell::new(Instant::now()),
            syncs: Cell::new(true),
        })
    }

    /// What became of a call. Where the connection is lost it is hung up at once, so that dropping
    /// an open file does not wait for an answer.
    pub(super) fn heard<T>(&self, result: Result<T, ssh2::Error>) -> Result<T, Refusal> {
        result.map_err(|error| self.noted(error.into()))
    }

    /// The same for a file's `read` and `write`.
    pub(super) fn heard_io<T>(&self, result: io::Result<T>) -> Result<T, Refusal> {
        result.map_err(|error| self.noted(Refusal::of_io(&error, &self.session)))
    }

    fn noted(&self, refusal: Refusal) -> Refusal {
        if refusal.is_lost() {
            self.lost.set(true);
            self.socket.now();
        }
        refusal
    }

    /// Whether there is no more use in it.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.get()
    }

    /// Whether it still works, asking the server only after some idle time.
    pub(super) fn is_alive(&self) -> bool {
        let idle = self.used.replace(Instant::now()).elapsed();
        idle < IDLE || self.heard(self.sftp.realpath(Path::new("."))).is_ok()
    }
}

fn dial(settings: &SftpSettings) -> Result<TcpStream, Trouble> {
    let timeout = Duration::from_secs(settings.timeout_seconds.into());
    let addresses = (settings.host.as_str(), settings.port).to_socket_addrs();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses.map_err(|error| unreachable(settings, &error))? {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => {
                stream.set_nodelay(true).map_err(|error| unreachable(settings, &error))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(unreachable(settings, &last))
}

fn log_in(session: &Session, settings: &SftpSettings) -> Result<(), Trouble> {
    match &settings.login {
        Login::Key { key, passphrase } => with_key(session, settings, key, passphrase.as_ref()),
        Login::Agent(socket) => with_agent(session, settings, socket),
    }
}

fn with_key(
    session: &Session,
    settings: &SftpSettings,
    key: &Secret,
    passphrase: Option<&Secret>,
) -> Result<(), Trouble> {
    let text = secret::read(key)?;
    let passphrase = passphrase.map(secret::read).transpose()?;
    // A passphrase file ends with a newline when an editor wrote it.
    let passphrase =
        passphrase.as_ref().map(|text| text.expose_secret().trim_end_matches(['\r', '\n']));
    let result =
        session.userauth_pubkey_memory(&settings.user, None, text.expose_secret(), passphrase);
    result.map_err(|error| match error.code() {
        ErrorCode::Session(KEY_FILE) => Trouble::operator(
            Code::KeyUnreadable,
            format!(
                "the key '{}' cannot be used: {}; a missing or wrong passphrase looks like this, \
                 too (try: ssh-keygen -y -f KEY)",
                key.0,
                error.message()
            ),
        ),
        _ => not_let_in(settings, &error),
    })
}

/// Tries every key the agent has, as `ssh` does.
fn with_agent(session: &Session, settings: &SftpSettings, socket: &Path) -> Result<(), Trouble> {
    let unavailable = |error: &ssh2::Error| {
        let socket = socket.display();
        Trouble::operator(
            Code::AgentUnavailable,
            format!("the key agent at {socket}: {}", error.message()),
        )
    };
    let mut agent = session.agent().map_err(|error| unavailable(&error))?;
    agent.set_identity_path(socket).map_err(|error| unavailable(&error))?;
    agent.connect().map_err(|error| unavailable(&error))?;
    agent.list_identities().map_err(|error| unavailable(&error))?;
    let mut answer = ssh2::Error::from_errno(ErrorCode::Session(AUTHENTICATION_FAILED));
    for identity in agent.identities().map_err(|error| unavailable(&error))? {
        match agent.userauth(&settings.user, &identity) {
            Ok(()) => return Ok(()),
            Err(error) => answer = error,
        }
    }
    Err(not_let_in(settings, &answer))
}

fn not_let_in(settings: &SftpSettings, error: &ssh2::Error) -> Trouble {
    match error.code() {
        ErrorCode::Session(AUTHENTICATION_FAILED | PUBLICKEY_UNVERIFIED) => Trouble::operator(
            Code::AuthenticationFailed,
            format!(
                "{} does not let us in as '{}' with this key: ask its operator to register our \
                 public key",
                address(settings),
                settings.user
            ),
        ),
        _ => broken(settings, error),
    }
}

fn handshake_failed(settings: &SftpSettings, error: &ssh2::Error) -> Trouble {
    let address = address(settings);
    match error.code() {
        ErrorCode::Session(KEX_FAILURE | KEY_EXCHANGE | METHOD_NONE) => Trouble::operator(
            Code::NegotiationFailed,
            format!("{address}: no way to speak in common: {}", error.message()),
        ),
        ErrorCode::Session(BANNER_RECEIVE) => Trouble::retry(
            Code::EndpointUnreachable,
            format!("{address}: answers, but not as an SSH server"),
        ),
        _ => broken(settings, error),
    }
}

fn broken(settings: &SftpSettings, error: &ssh2::Error) -> Trouble {
    let error = ssh2::Error::from_errno(error.code());
    Refusal::from(error).while_trying("connect", Path::new(&address(settings)))
}

fn unreachable(settings: &SftpSettings, error: &io::Error) -> Trouble {
    let address = address(settings);
    Trouble::retry(Code::EndpointUnreachable, format!("{address}: {error}"))
}

fn address(settings: &SftpSettings) -> String {
    format!("{}:{}", settings.host, settings.port)
}
