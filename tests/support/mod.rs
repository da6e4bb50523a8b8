//! What several test programs need.

pub mod daemon;
pub mod fixtures;
pub mod foreign;
pub mod http;
pub mod installation;
pub mod oracle;
pub mod page;
pub mod payout;
pub mod personal;
pub mod promises;
pub mod spsftp;
pub mod sshd;
