//! Records in and out: every kind of field, every fault of a file, and what is written reads back.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod fields;
mod files;
mod fixtures;
mod generated;
mod properties;
mod support;
mod written;
