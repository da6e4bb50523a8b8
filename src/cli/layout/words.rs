//! What a compiled layout says, in words.

use crate::layout::model::{
    Align, CodeValue, Control, Field, FieldIx, GroupIx, Item, Kind, Layout, Member, Pattern,
    Presence, Record, RecordIx, Rule, Select, Sign,
};

/// A layout, put into words.
pub(super) struct Words<'a> {
    pub(super) layout: &'a Layout,
}

impl Words<'_> {
    /// What holds for the whole file, a line each.
    pub(super) fn facts(&self) -> Vec<String> {
        let layout = self.layout;
        let mut facts = vec![format!("source: {}", layout.source.replace('\n', " "))];
        if let Some(day) = layout.valid_from {
            facts.push(format!("valid from: {day}"));
        }
        if let Some(day) = layout.valid_to {
            facts.push(format!("valid to: {day}"));
        }
        let trimmed = if layout.trimmed { ", trailing blanks trimmed" } else { "" };
        facts.push(format!("encoding: {}", layout.encoding.name()));
        facts.push(format!("terminator: {}{trimmed}", layout.terminator.name()));
        if let Some(padding) = layout.padding {
            let byte = self.text(&[padding.byte]);
            facts.push(format!("padding: records of {byte} up to blocks of {}", padding.block));
        }
        for group in &layout.groups {
            let items: Vec<_> = group.items.iter().map(|item| self.item(item)).collect();
            facts.push(format!("{}: {}", group.name, items.join(", ")));
        }
        facts
    }

    /// What a record is and how it is known.
    pub(super) fn record(record: &Record) -> String {
        let told = match &record.select {
            Select::Constants(fields) => {
                let names: Vec<_> = fields.iter().map(|&ix| &*record.field(ix).name).collect();
                format!("told by {}", names.join(" and "))
            }
            Select::First => "the first record".to_owned(),
            Select::Last => "the last record".to_owned(),
            Select::Only => "the only kind of record".to_owned(),
        };
        let doc = record.doc.trim_end_matches('.');
        let stop = if doc.is_empty() { "" } else { ". " };
        format!("{doc}{stop}{} bytes, {told}", record.length)
    }

    /// What a field holds.
    pub(super) fn field(&self, record: &Record, field: &Field) -> String {
        let mut words = vec![self.kind(record, &field.kind)];
        match &field.presence {
            Presence::Required => {}
            Presence::Optional => words.push(format!("optional ({} = none)", self.nones(field))),
            Presence::When { field, codes } => {
                let (name, codes) = (&record.field(*field).name, self.texts(codes));
                words.push(format!("only where {name} is {codes}"));
            }
        }
        if field.personal && field.kind != Kind::Cpr {
            words.push("personal".to_owned());
        }
        words.join("; ")
    }

    fn kind(&self, record: &Record, kind: &Kind) -> String {
        let pattern = |what: &str, pattern: &Pattern| match pattern.pivot {
            0 => format!("{what} {}", pattern.text),
            pivot => format!("{what} {}, YY from {pivot}", pattern.text),
        };
        match kind {
            Kind::Text { align, pad } => {
                let side = if *align == Align::Right { ", right-aligned" } else { "" };
                match self.text(&[*pad]).as_str() {
                    "` `" => format!("text{side}"),
                    pad => format!("text{side}, padded with {pad}"),
                }
            }
            Kind::Digits => "digits".to_owned(),
            Kind::Number { scale, sign, pad } => self.number(record, *scale, *sign, *pad),
            Kind::SignOf { field, plus, minus } => {
                let (plus, minus) = (self.texts(plus), self.texts(minus));
                format!("sign of {}: {plus} plus, {minus} minus", record.field(*field).name)
            }
            Kind::Date(shape) => pattern("date", shape),
            Kind::Time(shape) => pattern("time", shape),
            Kind::Timestamp(shape) => pattern("timestamp", shape),
            Kind::Period(shape) => pattern("month", shape),
            Kind::Uuid => "UUID, lower case".to_owned(),
            Kind::Cpr => "CPR number".to_owned(),
            Kind::Cvr => "CVR number".to_owned(),
            Kind::Kommunekode => "one of the 98 municipalities".to_owned(),
            Kind::Code(codes) => {
                let codes: Vec<_> = codes.iter().map(|code| self.code(code)).collect();
                codes.join("\n")
            }
            Kind::Constant(bytes) => self.text(bytes),
            Kind::Filler { pad, checked } => {
                let checked = if *checked { "" } else { ", not checked" };
                match self.text(&[*pad]).as_str() {
                    "` `" => format!("blanks{checked}"),
                    pad => format!("{pad} throughout{checked}"),
                }
            }
        }
    }

    fn number(&self, record: &Record, scale: u8, sign: Sign, pad: u8) -> String {
        let decimals = match scale {
            0 => String::new(),
            1 => ", 1 decimal".to_owned(),
            _ => format!(", {scale} decimals"),
        };
        let sign = match sign {
            Sign::Unsigned => String::new(),
            Sign::Leading => ", sign first".to_owned(),
            Sign::Trailing => ", sign last".to_owned(),
            Sign::Field(field) => format!(", sign in {}", record.field(field).name),
            Sign::Overpunch => ", sign over the last digit".to_owned(),
        };
        let blank = self.layout.encoding.byte(' ') == Some(pad);
        format!("number{decimals}{sign}{}", if blank { ", padded with blanks" } else { "" })
    }

    fn nones(&self, field: &Field) -> String {
        let form = |bytes: &Vec<u8>| {
            let same = bytes.windows(2).all(|pair| pair[0] == pair[1]);
            match self.layout.encoding.character(bytes[0]).filter(|_| same) {
                Some(' ') => "blanks".to_owned(),
                Some('0') => "zeros".to_owned(),
                Some('9') => "nines".to_owned(),
                _ => self.text(bytes),
            }
        };
        field.nones.iter().map(form).collect::<Vec<_>>().join(" or ")
    }

    /// What a control demands.
    pub(super) fn control(&self, control: &Control) -> String {
        let left = self.path(control.record, control.field);
        let mut when = None;
        let right = match &control.rule {
            Rule::Count(terms) => {
                when = terms.first().and_then(|term| term.when.as_ref().map(|w| (term.record, w)));
                let records: Vec<_> =
                    terms.iter().map(|term| &*self.layout.record(term.record).name).collect();
                format!("number of {}", records.join(" + "))
            }
            Rule::Sum { terms, modulus } => {
                when = terms.first().and_then(|term| term.when.as_ref().map(|w| (term.record, w)));
                let fields: Vec<_> =
                    terms.iter().map(|term| self.path(term.record, term.field)).collect();
                let modulus = modulus.map_or(String::new(), |modulus| format!(" modulo {modulus}"));
                format!("sum of {}{modulus}", fields.join(" + "))
            }
            Rule::Ordinal => "1, 2, 3 …".to_owned(),
            Rule::Same { record, field } => self.path(*record, *field),
        };
        let when = when.map_or(String::new(), |(record, (field, codes))| {
            let field = &self.layout.record(record).field(*field).name;
            format!(" where {field} is {}", self.texts(codes))
        });
        let scope = match control.scope {
            GroupIx(0) => String::new(),
            GroupIx(ix) => format!(", in each {}", self.layout.groups[usize::from(ix)].name),
        };
        format!("{left} = {right}{when}{scope}")
    }

    fn path(&self, record: RecordIx, field: FieldIx) -> String {
        let record = self.layout.record(record);
        format!("{}.{}", record.name, record.field(field).name)
    }

    fn item(&self, item: &Item) -> String {
        let name = |member: &Member| match member {
            Member::Record(record) => &*self.layout.record(*record).name,
            Member::Group(group) => &*self.layout.groups[usize::from(group.0)].name,
        };
        let names: Vec<_> = item.choices.iter().map(name).collect();
        let times = match (item.min, item.max) {
            (1, Some(1)) => String::new(),
            (0, Some(1)) => "?".to_owned(),
            (0, None) => "*".to_owned(),
            (1, None) => "+".to_owned(),
            (min, None) => format!("{{{min},}}"),
            (min, Some(max)) if min == max => format!("{{{min}}}"),
            (min, Some(max)) => format!("{{{min},{max}}}"),
        };
        format!("{}{times}", names.join("|"))
    }

    /// A code as the file has it, its name where it has another, and its meaning.
    fn code(&self, CodeValue { bytes, code, doc }: &CodeValue) -> String {
        match self.text(bytes) {
            written if written.trim_matches(['`', ' ']) == code => format!("`{code}` {doc}"),
            written => format!("{written} {code}, {doc}"),
        }
    }

    fn texts(&self, codes: &[Vec<u8>]) -> String {
        codes.iter().map(|code| self.text(code)).collect::<Vec<_>>().join(" or ")
    }

    fn text(&self, bytes: &[u8]) -> String {
        let text = self.layout.encoding.decode(bytes).unwrap_or_default();
        format!("`{}`", text.escape_debug())
    }
}
