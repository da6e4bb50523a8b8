//! The life of a file. [`state`] is the one machine both directions run on; it does no I/O.
//! [`spool`] is our own disk. Neither knows what a file means: that is the flows' business, above.

pub mod spool;
pub mod state;
