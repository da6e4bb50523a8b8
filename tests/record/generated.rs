//! Generated layouts, and values for them.

use chrono::{NaiveDate, NaiveTime};
use modregn::domain::{Cpr, CprPolicy, Cvr, Kommunekode, Udbetalingsperiode};
use modregn::record::{Number, Text, Value};
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

/// A layout as TOML, and files for it: record name and values of each record.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) toml: String,
    pub(crate) records: Vec<(&'static str, Vec<Owned>)>,
}

/// A value that owns its text.
#[derive(Clone, Debug)]
pub(crate) enum Owned {
    None,
    Text(String),
    Digits(String),
    Code(&'static str),
    Other(Value<'static>),
}

impl Owned {
    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::None => Value::None,
            Self::Text(text) => Value::Text(Text::new(text)),
            Self::Digits(digits) => Value::Digits(Text::new(digits)),
            Self::Code(code) => Value::Code(code),
            Self::Other(value) => *value,
        }
    }
}

/// A field of a generated layout: its keys but for start and name, its width, and its values.
#[derive(Clone, Debug)]
struct Field {
    keys: String,
    width: usize,
    value: BoxedStrategy<Owned>,
}

fn field(keys: impl Into<String>, width: usize, value: BoxedStrategy<Owned>) -> Field {
    Field { keys: keys.into(), width, value }
}

/// A file of `start`, any number of `post`, and `slut`, which counts and adds up.
pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let encodings = select(vec!["iso-8859-1", "windows-1252", "utf-8", "ebcdic-cp277"]);
    let ends = select(vec![("crlf", false), ("lf", true), ("none", false), ("detect", true)]);
    (encodings, ends, any::<bool>()).prop_flat_map(|(encoding, (end, may_trim), trim)| {
        // Records in EBCDIC have no line ends.
        let (end, may_trim) =
            if encoding == "ebcdic-cp277" { ("none", false) } else { (end, may_trim) };
        let fields = || prop::collection::vec(any_field(encoding), 0..6);
        (fields(), fields(), 0_usize..9).prop_flat_map(move |(start, post, count)| {
            let toml = layout(encoding, end, may_trim && trim, &start, &post);
            let values = |fields: &[Field]| -> Vec<_> {
                fields.iter().map(|field| field.value.clone()).collect()
            };
            let posts = prop::collection::vec((values(&post), -999_999_i64..1_000_000), count);
            (values(&start), posts).prop_map(move |(start, posts)| {
                let mut records = vec![("start", [vec![Owned::None], start].concat())];
                for (values, beloeb) in posts {
                    let beloeb = Owned::Other(number(beloeb, 2));
                    let fixed = vec![Owned::None, Owned::None, beloeb];
                    records.push(("post", [fixed, values].concat()));
                }
                records.push(("slut", Vec::new()));
                Case { toml: toml.clone(), records }
            })
        })
    })
}

fn layout(encoding: &str, end: &str, trimmed: bool, start: &[Field], post: &[Field]) -> String {
    let kind = |value| {
        field(format!("kind = \"constant\", value = \"{value}\""), 2, Just(Owned::None).boxed())
    };
    let nummer = field("kind = \"number\"", 4, Just(Owned::None).boxed());
    let amount = |width| {
        let keys = "kind = \"number\", scale = 2, sign = \"overpunch\"";
        field(keys, width, Just(Owned::None).boxed())
    };
    let records = [
        ("start", [&[kind("AA")][..], start].concat()),
        ("post", [&[kind("BB"), nummer.clone(), amount(6)][..], post].concat()),
        ("slut", vec![kind("CC"), nummer, amount(18)]),
    ];
    let mut toml = format!(
        "id = \"generated\"\nversion = \"1\"\ntitle = \"t\"\nsource = \"s\"\n\
         encoding = \"{encoding}\"\nterminator = \"{end}\"\ntrimmed = {trimmed}\n\
         discriminator = [\"f0\"]\nstructure = {{ file = [\"start\", \"post*\", \"slut\"] }}\n"
    );
    for (name, fields) in &records {
        let length: usize = fields.iter().map(|field| field.width).sum();
        toml += &*format!("[[record]]\nname = \"{name}\"\nlength = {length}\nfield = [\n");
        let mut at = 1;
        for (ix, Field { keys, width, .. }) in fields.iter().enumerate() {
            toml += &*format!("{{ start = {at}, length = {width}, name = \"f{ix}\", {keys} }},\n");
            at += width;
        }
        toml += "]\n";
    }
    for (field, rule) in [
        ("post.f1", "equals = \"ordinal\""),
        ("slut.f1", "equals = \"count\"\nof = [\"post\"]"),
        ("slut.f2", "equals = \"sum\"\nof = [\"post.f2\"]"),
    ] {
        toml += &*format!("[[control]]\nfield = \"{field}\"\n{rule}\n");
    }
    toml
}

fn number(unscaled: i64, scale: u8) -> Value<'static> {
    Value::Number(Number { unscaled, scale })
}

fn other<T: std::fmt::Debug>(
    values: impl Strategy<Value = T> + 'static,
    value: impl Fn(T) -> Value<'static> + 'static,
) -> BoxedStrategy<Owned> {
    values.prop_map(move |held| Owned::Other(value(held))).boxed()
}

/// A field of any kind; two in three must hold a value.
fn any_field(encoding: &'static str) -> BoxedStrategy<Field> {
    let field = prop_oneof![
        4 => text_field(encoding),
        3 => number_field(),
        2 => moment_field(),
        2 => identifier_field(),
    ];
    (field, 0_u8..3)
        .prop_map(|(mut field, optional)| {
            if optional == 0 && !field.keys.contains("constant") && !field.keys.contains("filler") {
                field.keys += ", presence = \"optional\"";
                field.value = prop_oneof![Just(Owned::None), field.value].boxed();
            }
            field
        })
        .boxed()
}

fn text_field(encoding: &'static str) -> BoxedStrategy<Field> {
    let texts = move |width: usize, zero: bool| {
        let characters = if zero {
            "[A-Zæøå][A-Zæøå0 .]{0,30}[A-Zæøå]"
        } else {
            "[A-Zæøå0][A-Zæøå0 .]{0,30}[A-Zæøå0]"
        };
        characters
            .prop_map(move |text: String| {
                let size = |c: char| if encoding == "utf-8" { c.len_utf8() } else { 1 };
                let mut room = width;
                let fits = |c: &char| {
                    let fits = size(*c) <= room;
                    room -= size(*c).min(room);
                    fits
                };
                let text: String = text.chars().take_while(fits).collect();
                let text = text.trim_end_matches(' ');
                let text = if zero { text.trim_end_matches(['0', ' ', '.']) } else { text };
                Owned::Text(if text.is_empty() { "X".to_owned() } else { text.to_owned() })
            })
            .boxed()
    };
    (1_usize..40, 0..6)
        .prop_map(move |(width, kind)| match kind {
            0 => field(
                "kind = \"text\", align = \"right\", pad = \"zero\"",
                width,
                texts(width, true),
            ),
            1 => field("kind = \"text\", align = \"right\"", width, texts(width, false)),
            2 => field("kind = \"filler\"", width, Just(Owned::None).boxed()),
            3 => {
                let digits = format!("[0-9]{{{width}}}");
                let digits = proptest::string::string_regex(&digits).unwrap();
                field("kind = \"digits\"", width, digits.prop_map(Owned::Digits).boxed())
            }
            _ => field("kind = \"text\"", width, texts(width, false)),
        })
        .boxed()
}

fn number_field() -> BoxedStrategy<Field> {
    let signs = select(vec!["none", "leading", "trailing", "overpunch"]);
    (1_u32..=18, signs, any::<bool>(), any::<prop::sample::Index>())
        .prop_map(|(digits, sign, blank, scale)| {
            let scale = u8::try_from(scale.index(digits as usize + 1)).unwrap();
            let most = 10_i64.pow(digits) - 1;
            let least = if sign == "none" { 0 } else { -most };
            let width = digits as usize + usize::from(matches!(sign, "leading" | "trailing"));
            let pad = if blank { "blank" } else { "zero" };
            let keys =
                format!("kind = \"number\", scale = {scale}, sign = \"{sign}\", pad = \"{pad}\"");
            field(keys, width, other(least..=most, move |n| number(n, scale)))
        })
        .boxed()
}

fn days() -> impl Strategy<Value = NaiveDate> {
    (0_u64..36_524)
        .prop_map(|days| NaiveDate::from_ymd_opt(1960, 1, 1).unwrap() + chrono::Days::new(days))
}

fn times() -> impl Strategy<Value = NaiveTime> {
    (0_u32..86_400).prop_map(|s| NaiveTime::from_num_seconds_from_midnight_opt(s, 0).unwrap())
}

fn moment_field() -> BoxedStrategy<Field> {
    let date = |pattern: &str, width| {
        let pivot = if pattern.contains("YYYY") { "" } else { ", pivot = 1960" };
        let keys = format!("kind = \"date\", pattern = \"{pattern}\"{pivot}");
        field(keys, width, other(days(), Value::Date))
    };
    let period = (1900_u16..=9999, 1_u8..=12)
        .prop_map(|(year, month)| Udbetalingsperiode::new(year, month).unwrap());
    let timestamp = (days(), times()).prop_map(|(day, time)| day.and_time(time));
    select(vec![
        date("YYYYMMDD", 8),
        date("DDMMYY", 6),
        date("YYDDD", 5),
        date("DD.MM.YYYY", 10),
        field("kind = \"time\", pattern = \"hhmmss\"", 6, other(times(), Value::Time)),
        field(
            "kind = \"timestamp\", pattern = \"YYYY-MM-DDThh:mm:ss\"",
            19,
            other(timestamp, Value::Timestamp),
        ),
        field("kind = \"period\", pattern = \"YYYYMM\"", 6, other(period, Value::Period)),
    ])
    .boxed()
}

fn identifier_field() -> BoxedStrategy<Field> {
    let cpr = (days(), 0..10_000).prop_filter_map("the century is another", |(day, serial)| {
        let text = format!("{}{serial:04}", day.format("%d%m%y"));
        Cpr::parse(text.as_bytes(), CprPolicy::default()).ok()
    });
    let cvr = (1_000_000_u32..10_000_000).prop_filter_map("no check digit", |seven: u32| {
        (0..10).find_map(|check| Cvr::parse(format!("{seven}{check}").as_bytes()).ok())
    });
    let codes =
        "kind = \"code\", codes = [{ code = \"1 \", doc = \"a\" }, { code = \"B2\", doc = \"b\" }]";
    let code = select(vec![Owned::Code("1"), Owned::Code("B2")]).boxed();
    let kommune = select(Kommunekode::all().collect::<Vec<_>>());
    select(vec![
        field("kind = \"uuid\"", 36, other(any::<u128>().prop_map(Uuid::from_u128), Value::Uuid)),
        field("kind = \"cpr\"", 10, other(cpr, Value::Cpr)),
        field("kind = \"cvr\"", 8, other(cvr, Value::Cvr)),
        field("kind = \"kommunekode\"", 4, other(kommune, Value::Kommunekode)),
        field(codes, 2, code),
        field("kind = \"constant\", value = \"x=Y\"", 3, Just(Owned::None).boxed()),
    ])
    .boxed()
}
