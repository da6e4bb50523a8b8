//! Finding a message's fields in a layout, by name. A layout is data and may be replaced: what the
//! message needs of it is checked here, once, before any file is read.

use crate::layout::model::{FieldIx, Kind, Layout, Presence, RecordIx, Sign};

/// What a layout lacks for its message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("layout {layout}: {what}")]
pub struct BindError {
    /// The layout's id.
    pub layout: String,
    /// What is missing or of the wrong kind.
    pub what: String,
}

/// One record of a layout, asked for its fields.
pub(super) struct Binding<'l> {
    layout: &'l Layout,
    pub(super) record: RecordIx,
}

/// What a field must hold to be of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Text,
    /// Digits kept as text.
    Digits,
    /// A whole number.
    Integer,
    /// An amount: two decimals, so that its digits are øre.
    Amount,
    /// An amount that may be negative.
    SignedAmount,
    Date,
    Time,
    Period,
    Uuid,
    Cpr,
    Cvr,
    Kommunekode,
    Code,
}

impl<'l> Binding<'l> {
    pub(super) fn of(layout: &'l Layout, record: &str) -> Result<Self, BindError> {
        match layout.record_named(record) {
            Some(record) => Ok(Self { layout, record }),
            None => Err(fault(layout, format!("there is no record named {record}"))),
        }
    }

    /// A field that always has a value.
    pub(super) fn required(&self, name: &str, holds: Holds) -> Result<FieldIx, BindError> {
        let ix = self.optional(name, holds)?;
        let record = self.layout.record(self.record);
        if record.field(ix).presence == Presence::Required {
            Ok(ix)
        } else {
            let name = format!("{}.{name}", record.name);
            Err(fault(self.layout, format!("{name} must be required: the message needs it")))
        }
    }

    /// A required field whose codes the message knows, every one.
    pub(super) fn code(
        &self,
        name: &str,
        known: impl Fn(&str) -> bool,
    ) -> Result<FieldIx, BindError> {
        let ix = self.required(name, Holds::Code)?;
        let record = self.layout.record(self.record);
        let Kind::Code(values) = &record.field(ix).kind else { return Ok(ix) };
        match values.iter().find(|value| !known(&value.code)) {
            None => Ok(ix),
            Some(value) => Err(fault(
                self.layout,
                format!(
                    "{}.{name} has the code {:?}, which the message does not know",
                    record.name, value.code
                ),
            )),
        }
    }

    /// A field that has a value exactly where another one holds this code.
    pub(super) fn when(
        &self,
        name: &str,
        holds: Holds,
        decider: FieldIx,
        code: &str,
    ) -> Result<FieldIx, BindError> {
        let ix = self.optional(name, holds)?;
        let record = self.layout.record(self.record);
        let Kind::Code(table) = &record.field(decider).kind else { return Ok(ix) };
        let bytes: Vec<_> = table.iter().filter(|value| value.code == code).collect();
        let fits = match &record.field(ix).presence {
            Presence::When { field, codes } => {
                *field == decider && codes.iter().eq(bytes.iter().map(|value| &value.bytes))
            }
            Presence::Required | Presence::Optional => false,
        };
        if fits {
            return Ok(ix);
        }
        let (name, decider) = (format!("{}.{name}", record.name), &record.field(decider).name);
        let what = format!("{name} must have a value exactly when {decider} is {code:?}");
        Err(fault(self.layout, what))
    }

    /// A field of at most so many digits: what is added up over many must not overflow.
    pub(super) fn narrow(
        &self,
        name: &str,
        holds: Holds,
        most: usize,
    ) -> Result<FieldIx, BindError> {
        let ix = self.required(name, holds)?;
        let record = self.layout.record(self.record);
        if record.field(ix).columns.len() <= most {
            return Ok(ix);
        }
        let name = format!("{}.{name}", record.name);
        Err(fault(self.layout, format!("{name} must have at most {most} columns")))
    }

    /// A field that may be empty.
    pub(super) fn optional(&self, name: &str, holds: Holds) -> Result<FieldIx, BindError> {
        let record = self.layout.record(self.record);
        let full = format!("{}.{name}", record.name);
        let Some(ix) = record.field_named(name) else {
            return Err(fault(self.layout, format!("there is no field {full}")));
        };
        if holds.is(&record.field(ix).kind) {
            Ok(ix)
        } else {
            Err(fault(self.layout, format!("{full} must hold a {holds:?}")))
        }
    }
}

impl Holds {
    const fn is(self, kind: &Kind) -> bool {
        match self {
            Self::Text => matches!(kind, Kind::Text { .. }),
            Self::Digits => matches!(kind, Kind::Digits),
            Self::Integer => matches!(kind, Kind::Number { scale: 0, .. }),
            Self::Amount => matches!(kind, Kind::Number { scale: 2, .. }),
            Self::SignedAmount => match kind {
                Kind::Number { scale: 2, sign, .. } => !matches!(sign, Sign::Unsigned),
                _ => false,
            },
            Self::Date => matches!(kind, Kind::Date(_)),
            Self::Time => matches!(kind, Kind::Time(_)),
            Self::Period => matches!(kind, Kind::Period(_)),
            Self::Uuid => matches!(kind, Kind::Uuid),
            Self::Cpr => matches!(kind, Kind::Cpr),
            Self::Cvr => matches!(kind, Kind::Cvr),
            Self::Kommunekode => matches!(kind, Kind::Kommunekode),
            Self::Code => matches!(kind, Kind::Code(_)),
        }
    }
}

fn fault(layout: &Layout, what: String) -> BindError {
    BindError { layout: layout.id.clone(), what }
}
