//! The status page: what the store and the daemon know, for operators, in a browser.
//!
//! One thread with a small asynchronous server of its own; everything that blocks is asked of a few
//! read-only connections beside it, never of the engine. A page is a file here and a template in
//! `templates/`; all words stand in [`words`], in both languages side by side.
//!
//! - [`server`] takes connections in, [`guard`] decides who is let in and puts the same headers on
//!   every answer, [`refusal`] is what everybody else gets.
//! - [`site`] is what pages are made from: [`site::Site::look`] gives a handler the store.
//! - [`page`] holds what every page has around it; [`masked`] is the last door before a browser.

mod acting;
mod assets;
mod charts;
mod debitor;
mod debitor_words;
mod expectations;
mod files;
mod guard;
mod identity;
mod layouts;
mod listen;
mod machines;
mod map;
mod masked;
mod nouns;
mod page;
mod payout;
mod payout_problems;
mod payout_words;
mod refusal;
mod routes;
mod server;
mod site;
mod stores;
mod system;
mod tls;
mod tokens;
mod words;

pub use server::{Server, WebError, start};
