//! The server: takes connections in, a bounded number of them, each for a bounded time.

use super::identity::Caller;
use super::listen::{self, Bound, Listener, Stream};
use super::site::Site;
use super::{routes, tls};
use crate::daemon::Pulse;
use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper::{Request, rt};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use openssl::ssl::SslAcceptor;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout};

/// Connections at a time; further ones wait until one of these has ended.
const CONNECTIONS: usize = 64;
/// How long shaking hands, or the head of a request, may take. Also how long a connection on which
/// nothing is asked stays.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may last, however much is asked on it: nobody holds one for good.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(120);
/// How long answers under way may take when the server stops.
const GRACE: Duration = Duration::from_secs(5);
/// Largest head of a request, bytes.
const HEAD_BYTES: usize = 16 * 1024;
/// Most headers of a request.
const HEADERS: usize = 64;

/// Why the page cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The address or socket cannot be had.
    #[error("web.listen: cannot listen on {0}: {1}")]
    Listen(String, io::Error),
    /// The key cannot be read.
    #[error("web.tls.key: {0}")]
    Key(String),
    /// The certificate, its key or the authorities are unfit.
    #[error("web.tls: {0}: {1}")]
    Tls(String, String),
    /// There is no randomness to make a key of.
    #[error("web: {0}")]
    Random(openssl::error::ErrorStack),
    /// The machine gives no thread.
    #[error("web: cannot start: {0}")]
    Io(#[from] io::Error),
}

/// The page being served; ends when dropped.
#[derive(Debug)]
pub struct Server {
    address: Option<SocketAddr>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Serves the page that the configuration describes; `None` where it has none.
pub fn start(pulse: &Arc<Pulse>) -> Result<Option<Server>, WebError> {
    let Some(web) = pulse.config().web.clone() else { return Ok(None) };
    let acceptor = tls::acceptor(&web)?;
    let bound = listen::bind(&web.listen)
        .map_err(|error| WebError::Listen(web.listen.to_string(), error))?;
    let address = bound.address()?;
    let site = Site::new(Arc::clone(pulse), web.clone(), address)?;
    let runtime = Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(super::stores::AT_ONCE)
        .thread_name("web-look")
        .build()?;
    let (stop, stopped) = oneshot::channel();
    let router = routes::all(site);
    let thread = std::thread::Builder::new()
        .name("web".to_owned())
        .spawn(move || run(runtime, bound, acceptor, &router, stopped))?;
    let listen = address.map_or_else(|| web.listen.to_string(), |address| address.to_string());
    tracing::info!(listen, tls = web.tls.is_some(), "serving the status page");
    Ok(Some(Server { address, stop: Some(stop), thread: Some(thread) }))
}

impl Server {
    /// Where it listens, where that is an address.
    pub const fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Takes no more requests, finishes those under way, for [`GRACE`] at most.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // It has ended by itself already where nobody listens.
        let _ = self.stop.take().map(|stop| stop.send(()));
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            tracing::error!("the status page broke down");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn run(
    runtime: Runtime,
    bound: Bound,
    acceptor: Option<SslAcceptor>,
    router: &Router,
    stopped: oneshot::Receiver<()>,
) {
    runtime.block_on(async {
        let listener = match Listener::of(bound) {
            Ok(listener) => listener,
            Err(error) => {
                tracing::error!("the status page cannot listen: {error}");
                return;
            }
        };
        let open = Mutex::new(Some(GracefulShutdown::new()));
        let doors = Arc::new(Doors { acceptor, router: router.clone(), open });
        let taking_in = tokio::spawn(take_in(listener, Arc::clone(&doors)));
        let _ = stopped.await;
        taking_in.abort();
        let open = doors.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(open) = open {
            let _ = timeout(GRACE, open.shutdown()).await;
        }
    });
    runtime.shutdown_timeout(GRACE);
}

/// What each connection needs.
struct Doors {
    acceptor: Option<SslAcceptor>,
    router: Router,
    /// `None` once the server stops.
    open: Mutex<Option<GracefulShutdown>>,
}

impl Doors {
    fn watcher(&self) -> Option<Watcher> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.as_ref().map(GracefulShutdown::watcher)
    }
}

async fn take_in(listener: Listener, doors: Arc<Doors>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let doors = Arc::clone(&doors);
                let caller = Caller { peer, certificate: None };
                tokio::spawn(async move {
                    serve(&doors, stream, caller).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!("the status page cannot take a connection in: {error}");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve(doors: &Doors, stream: Stream, mut caller: Caller) {
    match (stream, &doors.acceptor) {
        (Stream::Unix(stream), _) => talk(doors, TokioIo::new(stream), caller).await,
        (Stream::Tcp(stream), None) => talk(doors, TokioIo::new(stream), caller).await,
        (Stream::Tcp(stream), Some(acceptor)) => {
            match timeout(HEAD_TIMEOUT, tls::shake_hands(acceptor, stream)).await {
                Ok(Ok((stream, user))) => {
                    caller.certificate = user;
                    talk(doors, TokioIo::new(stream), caller).await;
                }
                Ok(Err(error)) => refused(&caller, "no-handshake", &error),
                Err(_) => refused(&caller, "too-slow", "the handshake did not end in time"),
            }
        }
    }
}

/// Answers what is asked on one connection.
async fn talk<T>(doors: &Doors, stream: T, caller: Caller)
where
    T: rt::Read + rt::Write + Unpin + Send + 'static,
{
    let Some(watcher) = doors.watcher() else { return };
    let router = TowerToHyperService::new(doors.router.clone());
    let (told, asked) = (caller.clone(), Arc::new(AtomicBool::new(false)));
    let is_known = Arc::clone(&asked);
    let service = service_fn(move |mut request: Request<Incoming>| {
        asked.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(caller.clone());
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .serve_connection(stream, service);
    let served = timeout(CONNECTION_TIMEOUT, watcher.watch(connection)).await;
    // What broke while it was being answered has been told, or is nobody's fault.
    match served {
        Ok(Err(error)) if error.is_parse_too_large() => {
            refused(&told, "too-large", "the head of the request");
        }
        Ok(Err(error)) if error.is_parse() => refused(&told, "no-request", &error.to_string()),
        // Browsers keep a connection on which they have been answered.
        Ok(Err(error)) if error.is_timeout() && !is_known.load(Ordering::Relaxed) => {
            refused(&told, "too-slow", "the head of the request did not come in time");
        }
        Ok(_) => {}
        Err(_) => refused(&told, "too-slow", "the connection lasted too long"),
    }
}

/// Logs what was refused before it was a request.
fn refused(caller: &Caller, code: &'static str, what: &str) {
    tracing::warn!(code, peer = %caller, "the status page refused a connection: {what}");
}
