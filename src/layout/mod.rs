//! Record layouts: TOML in, checked and compiled [`Layout`] out.
//!
//! [`compile()`] turns the text of one layout file into a [`Layout`], or into [`Diagnostics`] that
//! name every fault of the file at its place. [`Layouts`] holds the layouts of this program. The
//! language is described in `docs/layouts.md`.
//!
//! May use `domain` and `fault`. Does no I/O: callers hand over the TOML text.

mod builtin;
mod compile;
mod control;
mod diagnostic;
mod encoding;
mod field;
mod kind;
pub mod model;
mod pattern;
mod presence;
mod record;
mod spanned;
mod structure;

pub use builtin::Layouts;
pub use compile::compile;
pub use diagnostic::{Diagnostic, Diagnostics, LayoutFault};
pub use model::Layout;
