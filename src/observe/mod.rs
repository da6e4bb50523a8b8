//! What can be seen from outside: logs, figures, metrics, and the status page.

pub mod figures;
pub mod log;
pub mod metrics;
#[cfg(feature = "web")]
pub mod web;
