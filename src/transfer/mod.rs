//! The life of a file. [`state`] is the one machine both directions run on; it does no I/O.

pub mod state;
