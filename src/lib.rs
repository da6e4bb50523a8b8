//! UDK Debitor's side of SF2530, SF2520 and SF1590_B_02: fixed-width batch files in and out,
//! nothing lost, nothing twice, nothing silent. `ARCHITECTURE.md` shows the house.

pub mod alive;
pub mod cli;
pub mod clock;
pub mod config;
pub mod crash;
pub mod daemon;
pub mod domain;
pub mod endpoint;
pub mod fault;
pub mod flow;
pub mod generate;
pub mod layout;
pub mod message;
pub mod observe;
pub mod record;
pub mod simulate;
pub mod store;
pub mod transfer;
