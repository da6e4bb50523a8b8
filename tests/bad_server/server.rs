//! An SSH server of our own, in a thread of the test: it speaks the real protocol on a free
//! loopback port, serves a real directory, and does wrong what it is told to.

use crate::files::Files;
use crate::script::{Ask, Deed, Manners, Script};
use bytes::Bytes;
use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey};
use russh::server::{Auth, ChannelOpenHandle, Config, Msg, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelStream};
use russh_sftp::protocol::{Packet, StatusCode};
use std::fs;
use std::io;
use std::net::{Ipv4Addr, Shutdown};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// The server. Files that clients see lie in [`BadServer::root`], which is `/` for them.
pub(crate) struct BadServer {
    dir: TempDir,
    port: u16,
    shared: Arc<Shared>,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) root: PathBuf,
    configs: [Arc<Config>; 2],
    script: Mutex<Script>,
    logins: Mutex<usize>,
    /// What a client did that it must never do.
    breaches: Mutex<Vec<String>>,
    /// Whether these bytes, about to be removed here, are safe elsewhere.
    safe: Box<Safe>,
}

/// Whether bytes are safe with the client.
pub(crate) type Safe = dyn Fn(&[u8]) -> bool + Send + Sync;

/// Time for an answer to get out before the connection is cut.
const ON_ITS_WAY: Duration = Duration::from_millis(20);
/// A packet of a type that there is not.
const BABBLE: &[u8] = &[0, 0, 0, 5, 0xEE, 1, 2, 3, 4];
/// Longest request taken, bytes; clients send up to 256 KiB.
const LONGEST: u32 = 300_000;

impl BadServer {
    /// A server that is good until it is told otherwise, with these directories.
    pub(crate) fn start(directories: &[&str], safe: Box<Safe>) -> Self {
        let dir = TempDir::with_prefix("modregn-bad-").unwrap();
        let root = dir.path().join("root");
        for directory in directories {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        let keys = [(); 3].map(|()| new_key());
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let [host, other, client] = keys;
        let known = host.public_key().to_openssh().unwrap();
        fs::write(dir.path().join("known_hosts"), format!("[127.0.0.1]:{port} {known}\n")).unwrap();
        client.write_openssh_file(dir.path().join("client"), LineEnding::LF).unwrap();
        let shared = Arc::new(Shared {
            root,
            configs: [config(host), config(other)],
            script: Mutex::default(),
            logins: Mutex::default(),
            breaches: Mutex::default(),
            safe,
        });
        let (stop, stopped) = oneshot::channel();
        let serving = Arc::clone(&shared);
        let thread = std::thread::spawn(move || serve_until(stopped, listener, serving));
        Self { dir, port, shared, running: Some((stop, thread)) }
    }

    /// The directory that is `/` for clients.
    pub(crate) fn root(&self) -> &Path {
        &self.shared.root
    }

    /// The `[endpoint.…]` table of a configuration that reaches this server.
    pub(crate) fn settings(&self, sessions: u16, timeout: u16) -> String {
        let dir = self.dir.path().display();
        format!(
            "kind = \"sftp\"\nhost = \"127.0.0.1\"\nport = {}\nuser = \"udk\"\n\
             known_hosts = '{dir}/known_hosts'\nkey = '{dir}/client'\nroot = '/'\n\
             timeout_seconds = {timeout}\nsessions = {sessions}\n",
            self.port
        )
    }

    /// From now on it behaves so; requests are counted anew.
    pub(crate) fn behave(&self, manners: Manners) {
        *self.shared.script() = Script::new(manners);
    }

    /// How many requests of a kind there were since.
    pub(crate) fn count(&self, ask: Ask) -> usize {
        self.shared.script().count(ask)
    }

    /// How many have tried to log in, ever.
    pub(crate) fn logins(&self) -> usize {
        *self.shared.logins.lock().unwrap()
    }

    /// What clients did that they must never do.
    pub(crate) fn breaches(&self) -> Vec<String> {
        self.shared.breaches.lock().unwrap().clone()
    }
}

impl Drop for BadServer {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            drop(stop);
            // A panic of its was told by its own thread.
            let _ = thread.join();
        }
    }
}

impl Shared {
    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    pub(crate) fn is_safe(&self, bytes: &[u8]) -> bool {
        (self.safe)(bytes)
    }

    pub(crate) fn breach(&self, what: String) {
        self.breaches.lock().unwrap().push(what);
    }
}

fn new_key() -> PrivateKey {
    PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).unwrap()
}

fn config(key: PrivateKey) -> Arc<Config> {
    Arc::new(Config {
        keys: vec![key],
        auth_rejection_time: Duration::ZERO,
        nodelay: true,
        ..Config::default()
    })
}

fn serve_until(
    stopped: oneshot::Receiver<()>,
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener).unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(meet(stream, Arc::clone(&shared)));
            }
        });
        // The sender is dropped, never used. Every connection ends with the runtime.
        let _ = stopped.await;
    });
}

/// One connection, to its end.
async fn meet(stream: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    let stream = stream.into_std()?;
    let socket = stream.try_clone()?;
    let config = &shared.configs[usize::from(shared.script().manners.other_host_key)];
    let client = Client { shared: Arc::clone(&shared), socket, channel: None };
    let session =
        russh::server::run_stream(Arc::clone(config), TcpStream::from_std(stream)?, client);
    if let Ok(session) = session.await {
        // How it ends is the client's business, or the script's.
        let _ = session.await;
    }
    Ok(())
}

/// One client, as the SSH server sees it.
struct Client {
    shared: Arc<Shared>,
    socket: std::net::TcpStream,
    channel: Option<Channel<Msg>>,
}

impl russh::server::Handler for Client {
    type Error = russh::Error;

    async fn auth_publickey(
        &mut self,
        _user: &str,
        _key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, Self::Error> {
        *self.shared.logins.lock().unwrap() += 1;
        let refused = self.shared.script().manners.no_login;
        Ok(if refused { Auth::reject() } else { Auth::Accept })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.channel = Some(channel);
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        _name: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(id)?;
        if let Some(channel) = self.channel.take() {
            let stream = channel.into_stream();
            let socket = self.socket.try_clone()?;
            let files = Files::new(Arc::clone(&self.shared));
            let shared = Arc::clone(&self.shared);
            tokio::spawn(answer_all(stream, socket, files, shared));
        }
        Ok(())
    }
}

/// Answers the requests of one connection, or does to it what the script says.
async fn answer_all(
    mut stream: ChannelStream<Msg>,
    socket: std::net::TcpStream,
    mut files: Files,
    shared: Arc<Shared>,
) -> Result<(), russh_sftp::client::error::Error> {
    loop {
        let length = stream.read_u32().await?;
        assert!(length < LONGEST, "a request of {length} bytes");
        let mut request = vec![0; length as usize];
        stream.read_exact(&mut request).await?;
        let packet = Packet::try_from(&mut Bytes::from(request)).unwrap();
        let (id, ask) = (packet.get_request_id(), Ask::of(&packet));
        let deed = ask.and_then(|ask| shared.script().deed(ask));
        let answer = match deed {
            Some(Deed::Refuse(status)) => Packet::error(id, status),
            Some(Deed::Pretend) => Packet::error(id, StatusCode::Ok),
            Some(deed) if !deed.is_done() => Packet::error(id, StatusCode::Failure),
            _ => files.answer(packet),
        };
        if let Some(Deed::Stall | Deed::StallDone) = deed {
            std::future::pending::<()>().await;
        }
        if !matches!(deed, Some(Deed::CutBefore | Deed::CutUnanswered)) {
            let babble = deed == Some(Deed::Babble);
            let answer = if babble { BABBLE.into() } else { Bytes::try_from(answer).unwrap() };
            stream.write_all(&answer).await?;
            stream.flush().await?;
        }
        if let Some(Deed::CutBefore | Deed::CutUnanswered | Deed::CutAfter) = deed {
            if deed == Some(Deed::CutAfter) {
                tokio::time::sleep(ON_ITS_WAY).await;
            }
            // It may be gone already.
            let _ = socket.shutdown(Shutdown::Both);
            return Ok(());
        }
    }
}
