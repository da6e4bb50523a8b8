//! Where the page listens: a TCP address, or a socket of this machine.

use crate::config::web::{Listen, Peer};
use std::fs::{self, Permissions};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener as StdUnixListener, UnixStream as StdUnixStream};
use std::path::{Path, PathBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// Whoever is in the group of the socket's directory gets to it, and nobody else.
const SOCKET_MODE: u32 = 0o660;

/// Bound, and not yet asked.
pub(super) enum Bound {
    Tcp(std::net::TcpListener),
    Unix(StdUnixListener, Socket),
}

/// The socket's name, which goes with us.
pub(super) struct Socket(PathBuf);

impl Drop for Socket {
    fn drop(&mut self) {
        // Gone already is fine.
        let _ = fs::remove_file(&self.0);
    }
}

/// Binds what the configuration names.
pub(super) fn bind(listen: &Listen) -> io::Result<Bound> {
    match listen {
        Listen::Tcp(address) => {
            let listener = std::net::TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            Ok(Bound::Tcp(listener))
        }
        Listen::Unix(path) => {
            let listener = bind_socket(path)?;
            listener.set_nonblocking(true)?;
            Ok(Bound::Unix(listener, Socket(path.clone())))
        }
    }
}

/// It gets its name once it has its permissions: it is never open to more than those. One that a
/// process left behind is replaced, one that somebody listens to is not.
fn bind_socket(path: &Path) -> io::Result<StdUnixListener> {
    match fs::symlink_metadata(path) {
        Ok(there) if !there.file_type().is_socket() => {
            let what = "something else than a socket stands there";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
        }
        Ok(_) if StdUnixStream::connect(path).is_ok() => {
            let what = "another process listens there";
            return Err(io::Error::new(io::ErrorKind::AddrInUse, what));
        }
        _ => {}
    }
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}", std::process::id()));
    let temporary = Socket(temporary.into());
    let listener = StdUnixListener::bind(&temporary.0)?;
    fs::set_permissions(&temporary.0, Permissions::from_mode(SOCKET_MODE))?;
    fs::rename(&temporary.0, path)?;
    Ok(listener)
}

/// Being asked.
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, #[expect(dead_code, reason = "goes with us")] Socket),
}

/// Somebody who asks.
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Listener {
    /// To be called in the runtime that asks it.
    pub(super) fn of(bound: Bound) -> io::Result<Self> {
        Ok(match bound {
            Bound::Tcp(listener) => Self::Tcp(TcpListener::from_std(listener)?),
            Bound::Unix(listener, socket) => Self::Unix(UnixListener::from_std(listener)?, socket),
        })
    }

    pub(super) async fn accept(&self) -> io::Result<(Stream, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                Ok((Stream::Tcp(stream), Peer::Address(address.ip().to_canonical())))
            }
            Self::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                Ok((Stream::Unix(stream), Peer::Unix))
            }
        }
    }
}

impl Bound {
    /// The address, where it is one.
    pub(super) fn address(&self) -> io::Result<Option<SocketAddr>> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(Some),
            Self::Unix(..) => Ok(None),
        }
    }
}
