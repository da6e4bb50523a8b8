//! What can be seen from outside: logs, figures, metrics, health, and the status page.

pub mod figures;
pub mod health;
pub mod log;
pub mod metrics;
#[cfg(feature = "web")]
pub mod web;
