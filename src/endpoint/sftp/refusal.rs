//! What a failed call over a connection tells. Servers send SFTP status codes up to 8 in version 3;
//! some send later ones all the same.

use crate::endpoint::trouble::Trouble;
use crate::fault::Code;
use libssh2_sys::{
    LIBSSH2_ERROR_FILE as NO_MORE_ENTRIES, LIBSSH2_ERROR_SFTP_PROTOCOL as SFTP_PROTOCOL,
    LIBSSH2_ERROR_SOCKET_TIMEOUT as SOCKET_TIMEOUT, LIBSSH2_ERROR_TIMEOUT as TIMEOUT,
    LIBSSH2_FX_FAILURE as FAILURE, LIBSSH2_FX_FILE_ALREADY_EXISTS as ALREADY_EXISTS,
    LIBSSH2_FX_NO_SPACE_ON_FILESYSTEM as NO_SPACE, LIBSSH2_FX_NO_SUCH_FILE as NO_SUCH_FILE,
    LIBSSH2_FX_NO_SUCH_PATH as NO_SUCH_PATH, LIBSSH2_FX_OP_UNSUPPORTED as UNSUPPORTED,
    LIBSSH2_FX_PERMISSION_DENIED as PERMISSION_DENIED, LIBSSH2_FX_QUOTA_EXCEEDED as QUOTA_EXCEEDED,
    LIBSSH2_FX_WRITE_PROTECT as WRITE_PROTECT,
};
use ssh2::ErrorCode;
use std::path::Path;

/// Why a call failed.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The server answered with an SFTP status code; the connection is fine.
    Said {
        /// The status code; 0 where libssh2 could make nothing of a good answer.
        status: i32,
        /// The code in words.
        words: String,
    },
    /// There is no more use in this connection. What the server did is unknown.
    Lost {
        /// libssh2's error code.
        code: i32,
        /// The code in words.
        words: String,
    },
}

impl From<ssh2::Error> for Refusal {
    fn from(error: ssh2::Error) -> Self {
        let words = error.message().to_owned();
        match error.code() {
            ErrorCode::SFTP(status) => Self::Said { status, words },
            ErrorCode::Session(code) => Self::Lost { code, words },
        }
    }
}

impl Refusal {
    /// The refusal behind an error of a file's `read` or `write`, which loses the code. The session
    /// still knows whether the server answered; what it answered is only left in words.
    pub(super) fn of_io(error: &std::io::Error, session: &ssh2::Session) -> Self {
        let words = error.to_string();
        match ssh2::Error::last_session_error(session).map(|last| last.code()) {
            Some(ErrorCode::Session(SFTP_PROTOCOL)) if words == "unknown error" => {
                Self::Said { status: 0, words }
            }
            Some(ErrorCode::Session(SFTP_PROTOCOL)) => {
                let known = [PERMISSION_DENIED, NO_SPACE, QUOTA_EXCEEDED];
                let status = known.into_iter().find(|&status| words == in_words(status));
                Self::Said { status: status.unwrap_or(FAILURE), words }
            }
            Some(ErrorCode::Session(code)) => Self::Lost { code, words },
            _ => Self::Lost { code: 0, words },
        }
    }

    pub(super) fn is_lost(&self) -> bool {
        matches!(self, Self::Lost { .. })
    }

    /// The end of a directory's entries, which libssh2's binding reports as an error.
    pub(super) fn is_end_of_directory(error: &ssh2::Error) -> bool {
        error.code() == ErrorCode::Session(NO_MORE_ENTRIES)
    }

    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Said { status: NO_SUCH_FILE | NO_SUCH_PATH, .. })
    }

    pub(super) fn is_unsupported(&self) -> bool {
        matches!(self, Self::Said { status: UNSUPPORTED, .. })
    }

    /// Whether it may mean that the new name of a rename stands there: OpenSSH says plain failure.
    pub(super) fn may_mean_taken(&self) -> bool {
        matches!(self, Self::Said { status: FAILURE | ALREADY_EXISTS, .. })
    }

    /// Whether a server that answers with less than it was asked for confused libssh2.
    pub(super) fn is_confused(&self) -> bool {
        matches!(self, Self::Said { status: 0, .. })
    }

    /// The trouble it means, seen from what was tried.
    pub(super) fn while_trying(self, verb: &str, path: &Path) -> Trouble {
        let path = path.display();
        match self {
            Self::Lost { code: TIMEOUT | SOCKET_TIMEOUT, .. } => Trouble::retry(
                Code::EndpointTimeout,
                format!("{path}: no answer in time while trying to {verb}"),
            ),
            Self::Lost { words, .. } => Trouble::retry(
                Code::ConnectionLost,
                format!("{path}: the connection broke while trying to {verb}: {words}"),
            ),
            Self::Said { status: NO_SUCH_FILE | NO_SUCH_PATH, .. } => {
                Trouble::retry(Code::FileGone, format!("{path}: not there (tried to {verb})"))
            }
            Self::Said { status: PERMISSION_DENIED | WRITE_PROTECT, .. } => Trouble::operator(
                Code::PermissionDenied,
                format!(
                    "{path}: the server does not let us {verb}; ask its operator for the right"
                ),
            ),
            Self::Said { status: NO_SPACE | QUOTA_EXCEEDED, words } => Trouble::retry(
                Code::EndpointFull,
                format!("{path}: no room at the server to {verb}: {words}"),
            ),
            Self::Said { status, words } => Trouble::retry(
                Code::EndpointRefused,
                format!(
                    "{path}: the server refused to {verb}: {words} (status {status}; a full disk \
                     looks like this, too)"
                ),
            ),
        }
    }
}

fn in_words(status: i32) -> String {
    ssh2::Error::from_errno(ErrorCode::SFTP(status)).message().to_owned()
}
