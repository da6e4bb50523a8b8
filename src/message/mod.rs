//! Field values ↔ domain: one file for each message. A format is bound to its layout once; after
//! that no field can be missing. May use `record`, `layout`, `domain`; does no I/O and reads no
//! clock.

pub mod aftaler_csv;
mod bind;
pub mod forespoergsel;
pub mod svar;
pub mod udbetaling;

pub use bind::BindError;

use crate::domain::Beloeb;
use crate::layout::model::{FieldIx, RecordIx};
use crate::record::{Codec, Number, Value};

/// The values of one record to be written; what is not set is left to the layout.
struct Row<'v> {
    record: RecordIx,
    values: Vec<Value<'v>>,
}

impl<'v> Row<'v> {
    fn new(codec: &Codec, record: RecordIx) -> Self {
        Self { record, values: vec![Value::None; codec.layout().record(record).fields.len()] }
    }

    fn set(&mut self, field: FieldIx, value: Value<'v>) {
        self.values[usize::from(field.0)] = value;
    }
}

/// The value of a field that a format is bound to as required, in a record that has no fault.
fn bound<T>(value: Option<T>) -> T {
    value.unwrap_or_else(|| unreachable!("a required field of a faultless record has its value"))
}

const fn integer(number: i64) -> Value<'static> {
    Value::Number(Number { unscaled: number, scale: 0 })
}

const fn amount(beloeb: Beloeb) -> Value<'static> {
    Value::Number(Number { unscaled: beloeb.oere(), scale: 2 })
}
