//! Record layouts: TOML in, checked and compiled [`model::Layout`] out.
//!
//! May use `domain` and `fault`. Does no I/O: callers hand over the TOML text.

pub mod model;
