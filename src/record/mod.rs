//! Records: bytes to typed field values and back, by a compiled layout.
//!
//! A [`Codec`] is a layout made ready. A [`Reader`] takes a file apart into [`RecordView`]s; a
//! file is good or it is not: all its [`Faults`] come at its end. The writer builds a file by the
//! same codec and refuses what the reader would refuse.
//!
//! May use `layout`, `domain` and `fault`. Does no I/O but through the `Read` or `Write` it is
//! given.

mod batch;
mod check;
mod codec;
mod controls;
mod dansk;
mod diagnosis;
mod expected;
mod faults;
mod field;
mod found;
mod framing;
mod moment;
mod number;
mod reader;
mod recovery;
mod render;
mod source;
mod structure;
mod value;
mod words;
mod writer;

pub use codec::Codec;
pub use dansk::Dansk;
pub use expected::{Expected, Pad};
pub use faults::{Fault, Faults, Position, ReadError, WriteError};
pub use found::Found;
pub use reader::{Options, Progress, Reader, RecordView};
pub use value::{Number, Text, Value};
pub use writer::Writer;
