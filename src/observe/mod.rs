//! What can be seen from outside: logs now; metrics and the status page later.

pub mod log;
