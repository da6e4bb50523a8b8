//! An endpoint as the configuration has it. Holds no secret, only where secrets are.

use super::local::Local;
use super::sftp::Sftp;
use super::{Endpoint, EndpointError, secret};
use secrecy::SecretString;
use serde::Deserialize;
use std::iter;
use std::num::{NonZeroU16, NonZeroU32};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One `[endpoint.NAME]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Settings {
    /// A directory of this machine.
    Local(LocalSettings),
    /// An SFTP server.
    Sftp(SftpSettings),
}

/// A directory of this machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalSettings {
    /// What the directories of the flows are relative to.
    pub path: PathBuf,
    /// Permissions of published files, `0o640` where nothing is said.
    #[serde(default = "default_file_mode")]
    pub file_mode: u32,
}

/// An SFTP server and how to log in there.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "RawSftp")]
pub struct SftpSettings {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Whom to log in as.
    pub user: String,
    /// Keys of servers, in OpenSSH's format.
    pub known_hosts: PathBuf,
    /// How to prove who we are.
    pub login: Login,
    /// Connections used side by side.
    pub sessions: u16,
    /// Longest wait for an answer, seconds. A megabyte must get through within it.
    pub timeout_seconds: u32,
    /// Whether every file is read back before it gets its name. Twice the traffic; the size is
    /// always compared.
    pub read_back: bool,
    /// What the directories of the flows are relative to; empty = where the server puts us.
    pub root: PathBuf,
    /// Permissions of published files, `0o640` where nothing is said, less what the server's own
    /// mask takes away.
    pub file_mode: u32,
}

/// How to prove who we are to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// With a private key.
    Key {
        /// Where the key is.
        key: Secret,
        /// Where its passphrase is, if it has one.
        passphrase: Option<Secret>,
    },
    /// With the keys of the agent at this socket.
    Agent(PathBuf),
}

/// Where a secret is: a file's path if it has a `/`, otherwise the name of a systemd credential.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSftp {
    host: String,
    #[serde(default = "default_port")]
    port: NonZeroU16,
    user: String,
    known_hosts: PathBuf,
    key: Option<Secret>,
    passphrase: Option<Secret>,
    agent: Option<PathBuf>,
    #[serde(default = "default_sessions")]
    sessions: NonZeroU16,
    #[serde(default = "default_timeout")]
    timeout_seconds: NonZeroU32,
    #[serde(default)]
    read_back: bool,
    #[serde(default)]
    root: PathBuf,
    #[serde(default = "default_file_mode")]
    file_mode: u32,
}

impl TryFrom<RawSftp> for SftpSettings {
    type Error = &'static str;

    fn try_from(raw: RawSftp) -> Result<Self, Self::Error> {
        let login = match (raw.key, raw.passphrase, raw.agent) {
            (Some(key), passphrase, None) => Login::Key { key, passphrase },
            (None, None, Some(socket)) => Login::Agent(socket),
            (None, Some(_), _) => return Err("`passphrase` needs `key`"),
            _ => return Err("expected either `key` or `agent`"),
        };
        if raw.sessions.get() > MOST_SESSIONS {
            return Err("`sessions`: expected at most 16");
        }
        Ok(Self {
            host: raw.host,
            port: raw.port.get(),
            user: raw.user,
            known_hosts: raw.known_hosts,
            login,
            sessions: raw.sessions.get(),
            timeout_seconds: raw.timeout_seconds.get(),
            read_back: raw.read_back,
            root: raw.root,
            file_mode: raw.file_mode,
        })
    }
}

/// The bytes are personal data: not for everyone on the other machine.
const fn default_file_mode() -> u32 {
    0o640
}

const fn default_port() -> NonZeroU16 {
    NonZeroU16::new(22).expect("not zero")
}

/// What a server gives one user, sshd 10 by its own default, is soon used up.
const MOST_SESSIONS: u16 = 16;

/// More than four gained nothing with small files, two cores on each side.
const fn default_sessions() -> NonZeroU16 {
    NonZeroU16::new(4).expect("not zero")
}

const fn default_timeout() -> NonZeroU32 {
    NonZeroU32::new(30).expect("not zero")
}

impl Secret {
    /// Its text. A file that others may read too is refused; `whose` is named in the error.
    pub fn text(&self, whose: &str) -> Result<SecretString, EndpointError> {
        secret::read(self).map_err(|trouble| trouble.at(whose))
    }

    /// Makes a relative path relative to `base`; the name of a credential stays.
    pub(crate) fn resolve(&mut self, base: &Path) {
        if self.0.contains('/') {
            self.0 = base.join(&self.0).display().to_string();
        }
    }
}

impl Settings {
    /// An endpoint by these settings. Connects at its first call, not here.
    pub fn open(&self, name: &str) -> Box<dyn Endpoint> {
        match self {
            Self::Local(settings) => Box::new(Local::new(name, settings.clone())),
            Self::Sftp(settings) => Box::new(Sftp::new(name, settings.clone())),
        }
    }

    /// Makes relative paths relative to `base`, the directory of the configuration.
    pub fn resolve(&mut self, base: &Path) {
        match self {
            Self::Local(settings) => settings.path = base.join(&settings.path),
            Self::Sftp(settings) => {
                settings.known_hosts = base.join(&settings.known_hosts);
                match &mut settings.login {
                    Login::Key { key, passphrase } => {
                        for secret in iter::once(key).chain(passphrase) {
                            secret.resolve(base);
                        }
                    }
                    Login::Agent(socket) => *socket = base.join(&*socket),
                }
            }
        }
    }

    /// How many endpoints by these settings may work side by side, each in its own thread.
    pub fn sessions(&self) -> u16 {
        match self {
            Self::Local(_) => 1,
            Self::Sftp(settings) => settings.sessions,
        }
    }

    /// The longest wait for an answer.
    pub fn patience(&self) -> Duration {
        match self {
            Self::Local(_) => Duration::ZERO,
            Self::Sftp(settings) => Duration::from_secs(settings.timeout_seconds.into()),
        }
    }

    /// The path to watch for changes of one of the endpoint's directories, where it is on this
    /// machine.
    pub fn watchable(&self, directory: &str) -> Option<PathBuf> {
        match self {
            Self::Local(settings) => Some(settings.path.join(directory)),
            Self::Sftp(_) => None,
        }
    }
}
