//! Reads private keys and passphrases, and refuses those that others may read too.

use super::settings::Secret;
use super::trouble::Trouble;
use crate::fault::Code;
use rustix::process::geteuid;
use secrecy::SecretString;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Where systemd puts a service's credentials (systemd.exec(5), `LoadCredential=`).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
/// No key is larger; reading more would be a mistake in the configuration.
const LIMIT: u64 = 64 * 1024;

/// The text of a secret.
pub(super) fn read(secret: &Secret) -> Result<SecretString, Trouble> {
    let path = locate(secret, std::env::var_os(CREDENTIALS))?;
    let unreadable = |error: &io::Error| {
        let path = path.display();
        Trouble::operator(Code::KeyUnreadable, format!("{path}: {error}"))
    };
    let file = File::open(&path).map_err(|error| unreadable(&error))?;
    if is_path(secret) {
        let metadata = file.metadata().map_err(|error| unreadable(&error))?;
        let ours = [geteuid().as_raw(), 0].contains(&metadata.uid());
        if !ours || metadata.mode() & 0o077 != 0 {
            let path = path.display();
            return Err(Trouble::operator(
                Code::KeyFilePermissions,
                format!("{path}: others may read it: chmod 600 {path}, owned by our user or root"),
            ));
        }
    }
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(LIMIT).unwrap_or(0)));
    file.take(LIMIT).read_to_string(&mut text).map_err(|error| unreadable(&error))?;
    Ok(SecretString::from(text.as_str()))
}

fn is_path(secret: &Secret) -> bool {
    secret.0.contains('/')
}

/// A credential's file may be readable by the group: systemd gives it to a service's user by an
/// access control list, and no other user gets into its directory.
fn locate(secret: &Secret, credentials: Option<OsString>) -> Result<PathBuf, Trouble> {
    if is_path(secret) {
        return Ok(PathBuf::from(&secret.0));
    }
    let name = &secret.0;
    let directory = credentials.ok_or_else(|| {
        Trouble::operator(
            Code::KeyUnreadable,
            format!(
                "the credential '{name}' is not there: {CREDENTIALS} is not set, as only systemd \
                 does, for a unit with LoadCredential={name}:PATH (docs/install.md); or write a \
                 path (with a '/') instead"
            ),
        )
    })?;
    Ok(PathBuf::from(directory).join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_slash_is_a_credential() {
        let find = |text: &str, credentials: Option<&str>| {
            locate(&Secret(text.to_owned()), credentials.map(OsString::from))
        };
        let given = Some("/run/credentials/modregn.service");
        let path = find("ky-key", given).unwrap();
        assert_eq!(path, PathBuf::from("/run/credentials/modregn.service/ky-key"));
        assert_eq!(find("/etc/key", given).unwrap(), PathBuf::from("/etc/key"));
        let trouble = find("ky-key", None).unwrap_err();
        assert_eq!(trouble.code, Code::KeyUnreadable);
        assert!(trouble.what.contains("LoadCredential=ky-key"), "{}", trouble.what);
    }
}
