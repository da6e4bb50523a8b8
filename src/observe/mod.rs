//! What can be seen from outside: logs, figures and metrics.

pub mod figures;
pub mod log;
pub mod metrics;
