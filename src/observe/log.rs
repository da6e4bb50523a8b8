//! Logs: structured events on stderr, text for people or JSON for machines. Never personal data.

use std::io;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::ChronoUtc;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A line a person reads.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Environment variable with a filter such as `info` or `modregn=debug`.
pub const FILTER: &str = "MODREGN_LOG";

/// Sends events to stderr from here on; a second call changes nothing.
pub fn init(format: Format, default_filter: &str) {
    let filter = EnvFilter::try_from_env(FILTER).unwrap_or_else(|_| EnvFilter::new(default_filter));
    let lines = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_env_filter(filter)
        .with_timer(ChronoUtc::rfc_3339())
        .with_target(false);
    // An error means that somebody else has set a subscriber already: theirs stays.
    let _ = match format {
        Format::Text => lines.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).try_init(),
        Format::Json => lines.json().flatten_event(true).try_init(),
    };
}
