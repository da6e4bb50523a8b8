//! A layout made ready: everything about it that can be worked out before the first byte.
//!
//! Files in EBCDIC are turned into ISO-8859-1 record by record and are then read like any other. So
//! the layout's own bytes (constants, codes, padding) are turned over here, once; only what tells
//! records apart is still looked up in the file's own bytes, before the record's length is known.

use super::controls::Feed;
use super::field::Step;
use super::render::template;
use super::structure::Order;
use super::words::{self, WORD};
use crate::layout::model::{
    Encoding, Field, Kind, Layout, Pattern, PatternPart, Presence, Record, RecordIx, Rule, Select,
};

/// A layout, ready for reading and writing. Made once, used for any number of files.
#[derive(Debug)]
pub struct Codec {
    /// The layout; its bytes are those of `encoding`.
    pub(super) layout: Layout,
    /// How bytes stand for characters once a record has been turned over.
    pub(super) encoding: Encoding,
    pub(super) plans: Vec<Plan>,
    pub(super) order: Order,
    pub(super) selector: Selector,
    pub(super) ebcdic: Option<Box<Ebcdic>>,
    /// The last digit of a signed overpunched zero: plus, minus.
    pub(super) zeros: [u8; 2],
}

/// How the fields of one record are read, and which controls they feed.
#[derive(Debug)]
pub(super) struct Plan {
    /// Bytes, without the terminator.
    pub(super) length: usize,
    pub(super) steps: Vec<Step>,
    /// The fields that are not read.
    pub(super) silent: Vec<usize>,
    pub(super) feeds: Vec<Feed>,
    /// The record without its values.
    pub(super) template: Vec<u8>,
}

/// The tables between EBCDIC and ISO-8859-1, one byte for each.
#[derive(Debug)]
pub(super) struct Ebcdic {
    to_latin1: [u8; 256],
    from_latin1: [u8; 256],
}

impl Codec {
    /// Makes a layout ready.
    pub fn new(layout: &Layout) -> Self {
        let selector = Selector::new(layout);
        let mut local = layout.clone();
        let mut encoding = layout.encoding;
        let mut ebcdic = None;
        // The zones C and D of a signed digit; in ASCII what a card reader made of them.
        let mut zeros = *b"{}";
        if layout.encoding == Encoding::Cp277 {
            let tables = Ebcdic::new(layout.encoding);
            local.records.iter_mut().flat_map(|r| &mut r.fields).for_each(|f| tables.field(f));
            local.controls.iter_mut().for_each(|control| tables.rule(&mut control.rule));
            zeros = [0xC0, 0xD0];
            tables.to_latin1(&mut zeros);
            encoding = Encoding::Latin1;
            ebcdic = Some(Box::new(tables));
        }
        let mut plans: Vec<_> =
            local.records.iter().map(|record| Plan::new(record, encoding, zeros)).collect();
        for (at, control) in local.controls.iter().enumerate() {
            Feed::add(at, control, &local, &mut plans);
        }
        Self { order: Order::new(&local), layout: local, encoding, plans, selector, ebcdic, zeros }
    }

    /// The layout. Of a file in EBCDIC its bytes (constants, codes, padding) are in ISO-8859-1, as
    /// the records are when they are read.
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(super) fn plan(&self, record: RecordIx) -> &Plan {
        &self.plans[usize::from(record.0)]
    }
}

impl Plan {
    fn new(record: &Record, encoding: Encoding, zeros: [u8; 2]) -> Self {
        // What a record is told by has been looked at already.
        let told = |field: &usize| match &record.select {
            Select::Constants(fields) => fields.iter().any(|told| usize::from(told.0) == *field),
            Select::First | Select::Last | Select::Only => false,
        };
        let mut steps: Vec<_> = (0..record.fields.len())
            .filter(|field| !told(field))
            .filter_map(|field| Step::new(record, field, encoding, zeros))
            .collect();
        // A number needs its sign.
        let is_sign = |step: &Step| matches!(record.fields[step.field].kind, Kind::SignOf { .. });
        steps.sort_by_key(|step| !is_sign(step));
        let is_read = |field: &usize| steps.iter().any(|step| step.field == *field);
        let silent = (0..record.fields.len()).filter(|field| !is_read(field)).collect();
        Self { length: record.length, steps, silent, feeds: Vec::new(), template: template(record) }
    }
}

impl Ebcdic {
    fn new(encoding: Encoding) -> Self {
        let mut tables = Self { to_latin1: [0; 256], from_latin1: [0; 256] };
        for byte in 0..=u8::MAX {
            let latin1 = encoding.character(byte).and_then(|c| u8::try_from(c).ok());
            let latin1 = latin1.unwrap_or_default();
            tables.to_latin1[usize::from(byte)] = latin1;
            tables.from_latin1[usize::from(latin1)] = byte;
        }
        tables
    }

    pub(super) fn to_latin1(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.to_latin1[usize::from(*byte)];
        }
    }

    pub(super) fn to_ebcdic(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.from_latin1[usize::from(*byte)];
        }
    }

    /// Turns every byte over that a field's definition holds.
    fn field(&self, field: &mut Field) {
        let many = |table: &mut [Vec<u8>]| table.iter_mut().for_each(|b| self.to_latin1(b));
        let one = |byte: &mut u8| self.to_latin1(std::slice::from_mut(byte));
        many(&mut field.nones);
        if let Presence::When { codes, .. } = &mut field.presence {
            many(codes);
        }
        match &mut field.kind {
            Kind::Text { pad, .. } | Kind::Number { pad, .. } | Kind::Filler { pad, .. } => {
                one(pad);
            }
            Kind::SignOf { plus, minus, .. } => {
                many(plus);
                many(minus);
            }
            Kind::Date(Pattern { parts, .. })
            | Kind::Time(Pattern { parts, .. })
            | Kind::Timestamp(Pattern { parts, .. })
            | Kind::Period(Pattern { parts, .. }) => {
                for part in parts {
                    if let PatternPart::Literal(byte) = part {
                        one(byte);
                    }
                }
            }
            Kind::Code(table) => table.iter_mut().for_each(|code| self.to_latin1(&mut code.bytes)),
            Kind::Constant(value) => self.to_latin1(value),
            Kind::Digits | Kind::Uuid | Kind::Cpr | Kind::Cvr | Kind::Kommunekode => {}
        }
    }

    /// Turns over the codes that a control's conditions compare.
    fn rule(&self, rule: &mut Rule) {
        let whens: Vec<_> = match rule {
            Rule::Count(terms) => terms.iter_mut().map(|term| &mut term.when).collect(),
            Rule::Sum { terms, .. } => terms.iter_mut().map(|term| &mut term.when).collect(),
            Rule::Ordinal | Rule::Same { .. } => Vec::new(),
        };
        for code in whens.into_iter().flatten().flat_map(|(_, codes)| codes) {
            self.to_latin1(code);
        }
    }
}

/// Tells the kinds of record apart, in the file's own bytes.
#[derive(Debug)]
pub(super) struct Selector {
    first: Option<RecordIx>,
    last: Option<RecordIx>,
    /// The other records, with the bytes they are told by; none of them = any bytes.
    others: Vec<(RecordIx, Vec<Probe>)>,
    /// Bytes the probes look at.
    extent: usize,
}

/// Up to eight bytes that must stand somewhere.
#[derive(Debug)]
struct Probe {
    at: usize,
    mask: u64,
    word: u64,
}

impl Selector {
    fn new(layout: &Layout) -> Self {
        let mut selector = Self { first: None, last: None, others: Vec::new(), extent: 0 };
        for (at, record) in (0..).zip(&layout.records) {
            match &record.select {
                Select::First => selector.first = Some(RecordIx(at)),
                Select::Last => selector.last = Some(RecordIx(at)),
                Select::Only => selector.others.push((RecordIx(at), Vec::new())),
                Select::Constants(fields) => {
                    let fields = fields.iter().map(|&field| record.field(field));
                    let extent = fields.clone().map(|field| field.columns.end).max();
                    selector.extent = selector.extent.max(extent.unwrap_or_default());
                    let probes = fields.flat_map(Probe::of).collect();
                    selector.others.push((RecordIx(at), probes));
                }
            }
        }
        selector
    }

    /// The record that `bytes` begin with, where it is told by its bytes.
    #[inline]
    pub(super) fn by_bytes(&self, bytes: &[u8]) -> Option<RecordIx> {
        let fits = |(_, probes): &&(RecordIx, Vec<Probe>)| probes.iter().all(|p| p.fits(bytes));
        self.others.iter().find(fits).map(|(record, _)| *record)
    }

    /// Bytes that [`Self::by_bytes`] looks at.
    pub(super) const fn extent(&self) -> usize {
        self.extent
    }

    /// The record that the first place of the file demands.
    pub(super) const fn first(&self) -> Option<RecordIx> {
        self.first
    }

    /// The record that the last place of the file demands.
    pub(super) const fn last(&self) -> Option<RecordIx> {
        self.last
    }
}

impl Probe {
    fn of(field: &Field) -> Vec<Self> {
        let Kind::Constant(value) = &field.kind else { return Vec::new() };
        let places = (field.columns.start..).step_by(WORD);
        let probe = |(at, bytes): (usize, &[u8])| Self {
            at,
            mask: words::mask(bytes.len()),
            word: words::word(bytes, 0),
        };
        places.zip(value.chunks(WORD)).map(probe).collect()
    }

    #[inline]
    fn fits(&self, bytes: &[u8]) -> bool {
        words::word(bytes, self.at) & self.mask == self.word
    }
}
