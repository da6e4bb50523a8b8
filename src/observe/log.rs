//! Logs: structured events to systemd's journal, or on stderr as text for people or JSON for
//! machines. Never personal data.

use std::io::{self, IsTerminal};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::ChronoUtc;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How log lines look, and where they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A line on stderr that a person reads.
    Text,
    /// One JSON object a line, on stderr.
    Json,
    /// An entry of systemd's journal, with the fields `MODREGN_FILE`, `MODREGN_STATE` and so on.
    Journal,
}

/// Environment variable with a filter such as `info` or `modregn=debug`.
pub const FILTER: &str = "MODREGN_LOG";
/// What stderr is, where systemd has connected it to its journal: device and inode.
const JOURNAL: &str = "JOURNAL_STREAM";
/// Before the names of fields in the journal.
const PREFIX: &str = "MODREGN";

/// Sends events there from here on; a second call changes nothing. Without a format they go to the
/// journal where stderr does, and are text elsewhere.
pub fn init(format: Option<Format>, default_filter: &str) {
    let filter = EnvFilter::try_from_env(FILTER).unwrap_or_else(|_| EnvFilter::new(default_filter));
    let format = format.unwrap_or_else(|| {
        let stream = std::env::var(JOURNAL).ok();
        if stream.is_some_and(|stream| is_stderr(&stream)) { Format::Journal } else { Format::Text }
    });
    let lines = || {
        tracing_subscriber::fmt::layer()
            .with_writer(io::stderr)
            .with_timer(ChronoUtc::rfc_3339())
            .with_target(false)
    };
    let events = tracing_subscriber::registry().with(filter);
    // An error means that somebody else has set a subscriber already: theirs stays.
    let _ = match format {
        Format::Text => events.with(lines().with_ansi(io::stderr().is_terminal())).try_init(),
        Format::Json => events.with(lines().json().flatten_event(true)).try_init(),
        Format::Journal => match tracing_journald::layer() {
            Ok(journal) => {
                events.with(journal.with_field_prefix(Some(PREFIX.to_owned()))).try_init()
            }
            // There is no journal after all: what is said must be heard.
            Err(_) => events.with(lines()).try_init(),
        },
    };
}

fn is_stderr(stream: &str) -> bool {
    let stat = rustix::fs::fstat(io::stderr());
    stat.is_ok_and(|stat| stream == format!("{}:{}", stat.st_dev, stat.st_ino))
}
