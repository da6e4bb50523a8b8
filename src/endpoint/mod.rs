//! Where files come from and go to.
//!
//! [`Endpoint`] is one connection's worth of a place that holds files: a local directory tree or an
//! SFTP server. What makes a file complete, and how one is handed over, is the convention's
//! business. May use `domain`; knows no flow and no store.

mod compare;
mod local;
pub mod plain;
mod secret;
pub mod serviceplatformen;
mod settings;
mod sftp;
mod trouble;
pub mod watch;

pub use settings::{LocalSettings, Login, Secret, Settings, SftpSettings};

use crate::fault::{Class, Code};
use std::io::Write;
use std::path::Path;

/// A place with files. Not shared between threads; open one for each.
///
/// Directories are the configuration's, relative to the endpoint's root. After any error the
/// endpoint may be used again: it connects anew by itself where it has to.
pub trait Endpoint: Send {
    /// Its name in the configuration.
    fn name(&self) -> &str;

    /// The plain files of a directory, sorted by name; never follows a link. Stops after `limit`
    /// names. Names that [`FileName`] refuses are shown apart.
    fn list(&mut self, directory: &str, limit: usize) -> Result<Listing, EndpointError>;

    /// What stands under a name; `None` = nothing.
    fn stat(&mut self, directory: &str, name: &FileName) -> Result<Option<Entry>, EndpointError>;

    /// Copies the bytes of a file that was listed into `sink`. One that is larger than `limit` is
    /// an error of class [`Class::Reject`]; one that no longer has the size it was listed with, of
    /// class [`Class::Retry`]: someone writes to it.
    fn fetch(
        &mut self,
        directory: &str,
        entry: &Entry,
        limit: u64,
        sink: &mut dyn Write,
    ) -> Result<(), EndpointError>;

    /// Removes a file; one that is gone already is no error.
    fn remove(&mut self, directory: &str, name: &FileName) -> Result<(), EndpointError>;

    /// Moves a file to another directory of the same endpoint, never over another one.
    fn move_to(
        &mut self,
        directory: &str,
        name: &FileName,
        to_directory: &str,
        to_name: &FileName,
    ) -> Result<(), EndpointError>;

    /// Puts our own file at `source` under `name`, complete or not at all: written under
    /// `temporary` first, synced, size verified, renamed, verified. Where `name` stands there
    /// already it is compared: the same bytes are [`Published::Already`], other bytes an error of
    /// class [`Class::Operator`], never an overwrite.
    ///
    /// `temporary` is a name no earlier try has used: a try that was cut off may still be under way
    /// at a server, and would rename what is written under its name.
    ///
    /// `source` must be synced already. Where it lies on the endpoint's own file system it may be
    /// moved rather than copied: after success it may be gone, after an error it is still there.
    fn publish(
        &mut self,
        directory: &str,
        name: &FileName,
        temporary: &FileName,
        source: &Path,
    ) -> Result<Published, EndpointError>;
}

/// One file at an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: FileName,
    /// Bytes.
    pub size: u64,
    /// Last change, seconds since 1970 by the endpoint's clock.
    pub modified: i64,
}

/// A directory's files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The files, by name.
    pub entries: Vec<Entry>,
    /// Names left out because they are no plain file names (shown, never used).
    pub refused: Vec<String>,
    /// Whether there were more than the limit.
    pub cut: bool,
}

/// How a file came to stand at its destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// Put there now.
    Now,
    /// It stood there already, with the same bytes.
    Already,
}

/// A file's name without any path: not empty, at most 255 bytes, no `/`, no control character, not
/// `.` or `..`. The only form in which a name from outside goes on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName(String);

/// A name that is no plain file name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a plain file name: 1 to 255 bytes, no '/', no control character, not '.' or '..'"
)]
pub struct NotAFileName;

impl FileName {
    /// Checks and takes a name.
    pub fn parse(name: &str) -> Result<Self, NotAFileName> {
        let plain = !name.is_empty()
            && name.len() <= 255
            && name != "."
            && name != ".."
            && !name.chars().any(|c| c == '/' || c.is_control());
        if plain { Ok(Self(name.to_owned())) } else { Err(NotAFileName) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for FileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

/// Trouble at an endpoint.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{endpoint}: {what}")]
pub struct EndpointError {
    /// The endpoint's name in the configuration.
    pub endpoint: String,
    /// Whose turn it is.
    pub class: Class,
    /// What.
    pub code: Code,
    /// What happened, at which file, and what to do.
    pub what: String,
}

impl EndpointError {
    /// Whether the endpoint is to be left alone until an operator has mended it and says so: who
    /// goes on knocking with a wrong key locks accounts, and a changed host key is no accident.
    pub const fn pauses_the_endpoint(&self) -> bool {
        matches!(
            self.code,
            Code::HostKeyUnknown
                | Code::HostKeyMismatch
                | Code::HostKeyRevoked
                | Code::AuthenticationFailed
                | Code::PermissionDenied
        )
    }

    /// Whether the trouble is one file's, and the endpoint itself is well.
    pub const fn is_about_the_file(&self) -> bool {
        matches!(
            self.code,
            Code::FileGone | Code::FileChanged | Code::FileTooLarge | Code::NameTaken
        )
    }
}
