//! SF2520 through the real program, over local directories: what a payout report settles, what
//! is recognised, what is held, what corrects what, and what a dry run leaves alone.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod corrections;
mod held;
mod refused;
mod scene;
mod settled;
#[path = "../support/mod.rs"]
mod support;
mod turns;
