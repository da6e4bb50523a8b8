//! Stand-ins for others, for those who test the exchange: so far for Serviceplatformen's SFTP,
//! [`Platform`], over directories that any SFTP server serves. They can be told to misbehave. May
//! use `endpoint`, whose sidecar files they read and write; never used by what handles real files.

mod mailbox;
mod memory;
mod misbehave;
mod platform;

pub use misbehave::{Misbehaviour, Rule, Rules, Verdict};
pub use platform::{Act, Platform, ReceiptPlace, Settings, What};
