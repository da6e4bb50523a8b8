//! Encryption of what lies in the archive: to an age recipient, whose key this machine need not
//! have. Without the cargo feature `age` there is none, and a configuration that asks for it is
//! refused.

use std::path::Path;

/// Encrypts to one recipient.
#[derive(Clone)]
pub struct Seal {
    #[cfg(feature = "age")]
    recipient: age::x25519::Recipient,
    #[cfg(not(feature = "age"))]
    never: std::convert::Infallible,
}

/// Why something cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The feature is not built in.
    #[error("this modregn is built without the feature `age`: it cannot encrypt or decrypt")]
    NotBuiltIn,
    /// No recipient.
    #[error("expected an age recipient: `age1…`, as age-keygen prints it")]
    NoRecipient,
    /// No identity.
    #[error("{0}: expected a file with an age identity: `AGE-SECRET-KEY-1…`")]
    NoIdentity(String),
    /// Not for this identity, or not what was written.
    #[error("it cannot be decrypted with this identity: {0}")]
    Closed(String),
    /// Our own disk.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

#[cfg(feature = "age")]
mod built_in {
    use super::{Path, Seal, SealError};
    use crate::transfer::spool::write_durably;
    use fs_err::File;
    use std::io::{self, Write};
    use std::iter;

    impl Seal {
        /// For a recipient, `age1…`.
        pub fn to(recipient: &str) -> Result<Self, SealError> {
            let recipient = recipient.parse().map_err(|_| SealError::NoRecipient)?;
            Ok(Self { recipient })
        }

        /// Encrypts a file into another, durably.
        pub fn seal(&self, from: &Path, to: &Path) -> io::Result<()> {
            let recipient: &dyn age::Recipient = &self.recipient;
            let encryptor = age::Encryptor::with_recipients(iter::once(recipient));
            let encryptor = encryptor.map_err(io::Error::other)?;
            let mut plain = File::open(from)?;
            write_durably(to, |out: &mut dyn Write| {
                let mut sealed = encryptor.wrap_output(out)?;
                io::copy(&mut plain, &mut sealed)?;
                sealed.finish().map(drop)
            })
            .map(drop)
        }
    }

    /// Decrypts a file into another, durably, with the identity in a third.
    pub fn open(from: &Path, to: &Path, identity: &Path) -> Result<(), SealError> {
        let name = identity.display().to_string();
        let keys = age::IdentityFile::from_file(name.clone())
            .ok()
            .and_then(|file| file.into_identities().ok())
            .filter(|keys| !keys.is_empty())
            .ok_or(SealError::NoIdentity(name))?;
        let closed = |error: age::DecryptError| SealError::Closed(error.to_string());
        let sealed = age::Decryptor::new(File::open(from)?).map_err(closed)?;
        let mut plain = sealed.decrypt(keys.iter().map(AsRef::as_ref)).map_err(closed)?;
        write_durably(to, |out| io::copy(&mut plain, out).map(drop))
            .map(drop)
            .map_err(|error: io::Error| SealError::Closed(error.to_string()))
    }
}

#[cfg(not(feature = "age"))]
mod built_in {
    use super::{Path, Seal, SealError};
    use std::io;

    impl Seal {
        /// Nothing can be encrypted.
        pub const fn to(_recipient: &str) -> Result<Self, SealError> {
            Err(SealError::NotBuiltIn)
        }

        /// There is none to do it.
        pub const fn seal(&self, _from: &Path, _to: &Path) -> io::Result<()> {
            match self.never {}
        }
    }

    /// Nothing can be decrypted.
    pub const fn open(_from: &Path, _to: &Path, _identity: &Path) -> Result<(), SealError> {
        Err(SealError::NotBuiltIn)
    }
}

pub use built_in::open;
