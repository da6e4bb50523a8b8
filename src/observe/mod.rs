//! What can be seen from outside: logs and metrics.

pub mod log;
pub mod metrics;
