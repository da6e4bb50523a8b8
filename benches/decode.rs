//! Decoding: one million sf2520 records into typed, checked values.
//!
//! - `modregn`: the library, by the layout file.
//! - `nom by hand`: what one would write for this layout alone, with nom 8, making the same checks:
//!   every column, the 98 municipalities, dates, CPR numbers (check digits counted), order, running
//!   number, municipality, count and signed sum.
//! - `fixed_width`: the crate, with serde, into a plain struct; then the same checks of its fields.

#![allow(clippy::unwrap_used, reason = "a benchmark that fails has nothing to say")]

mod by_hand;
mod support;

use by_hand::{Aarsagskode, Digest, Indberetning};
use fixed_width::LineBreak;
use fixed_width_derive::FixedWidth;
use modregn::domain::{Cpr, CprPolicy, Kommunekode};
use modregn::layout::Layouts;
use modregn::record::{Codec, Options, Reader};
use serde::Deserialize;
use std::fs::File;
use std::hint::black_box;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

const RECORDS: u32 = 1_000_000;
const ROUNDS: usize = 15;

fn main() {
    let path = input();
    let layouts = Layouts::builtin();
    let codec = Codec::new(&layouts.get("sf2520-kontanthjaelpsudbetaling").unwrap());
    let expected = if support::is_alone() { None } else { Some(by_hand::decode(&path)) };
    let is_right = |digest: Digest| assert!(expected.as_ref().is_none_or(|e| *e == digest));
    let bytes = f64::from(u32::try_from(path.metadata().unwrap().len()).unwrap()) / 1e6;
    support::Race::new("decode 1,000,000 sf2520 records", bytes, "MB")
        .entrant("modregn", || is_right(modregn(&codec, &path)))
        .entrant("nom by hand", || is_right(by_hand::decode(&path)))
        .entrant("fixed_width", || is_right(fixed_width(&path)))
        .run(ROUNDS, "nom by hand");
}

fn modregn(codec: &Codec, path: &Path) -> Digest {
    let layout = codec.layout();
    let indberetning = layout.record_named("indberetning").unwrap();
    let field = |name| layout.record(indberetning).field_named(name).unwrap();
    let [kommunekode, loebenummer, aftale_id, cpr, beloeb, dato, aarsag] = [
        "kommunekode",
        "loebenummer",
        "aftale_id",
        "cpr",
        "tilbageholdt_beloeb",
        "udbetalingsdato",
        "aarsagskode",
    ]
    .map(field);
    let mut reader = Reader::new(codec, File::open(path).unwrap(), Options::default());
    let mut digest = Digest::default();
    while let Some(record) = reader.next_record().unwrap() {
        if record.record() != indberetning {
            continue;
        }
        digest.add(&Indberetning {
            kommunekode: record.value(kommunekode).kommunekode().unwrap(),
            loebenummer: record.value(loebenummer).number().unwrap().unscaled,
            aftale_id: record.value(aftale_id).text().unwrap().as_bytes(),
            cpr: record.value(cpr).cpr().unwrap(),
            beloeb: record.value(beloeb).number().unwrap().unscaled,
            udbetalingsdato: record.value(dato).date().unwrap(),
            aarsagskode: Aarsagskode::parse(record.value(aarsag).code().unwrap().as_bytes())
                .unwrap(),
        });
    }
    digest
}

/// An indberetning as the crate gives it: texts and numbers.
#[derive(FixedWidth, Deserialize)]
struct Plain {
    #[fixed_width(range = "0..2")]
    recordtype: String,
    #[fixed_width(range = "2..6")]
    kommunekode: String,
    #[fixed_width(range = "6..15")]
    loebenummer: i64,
    #[fixed_width(range = "15..35")]
    aftale_id: String,
    #[fixed_width(range = "35..45")]
    cpr: String,
    #[fixed_width(range = "45..56")]
    beloeb: i64,
    #[fixed_width(range = "56..57")]
    fortegn: String,
    #[fixed_width(range = "57..65")]
    udbetalingsdato: String,
    #[fixed_width(range = "65..67")]
    aarsagskode: String,
    #[fixed_width(range = "67..120")]
    filler: String,
}

/// The same checks and types over what the crate gives.
fn fixed_width(path: &Path) -> Digest {
    let file = BufReader::with_capacity(256 * 1024, File::open(path).unwrap());
    let mut reader = fixed_width::Reader::from_reader(file).width(120).linebreak(LineBreak::CRLF);
    let mut digest = Digest::default();
    let mut number = 0;
    while let Some(record) = reader.next_record() {
        let record = record.unwrap();
        if !record.starts_with(b"20") {
            continue;
        }
        let plain: Plain = fixed_width::from_bytes(record).unwrap();
        number += 1;
        assert_eq!((plain.recordtype.as_str(), plain.loebenummer), ("20", number));
        assert!(plain.filler.is_empty() && !plain.aftale_id.is_empty());
        assert!(!plain.aftale_id.chars().any(char::is_control));
        let sign = match plain.fortegn.as_str() {
            "+" => 1,
            "-" => -1,
            other => panic!("{other}"),
        };
        let cpr = Cpr::parse(plain.cpr.as_bytes(), CprPolicy::default()).unwrap();
        black_box(cpr.passes_modulus_11());
        digest.add(&Indberetning {
            kommunekode: Kommunekode::parse(plain.kommunekode.as_bytes()).unwrap(),
            loebenummer: plain.loebenummer,
            aftale_id: plain.aftale_id.as_bytes(),
            cpr,
            beloeb: sign * plain.beloeb,
            udbetalingsdato: by_hand::day(plain.udbetalingsdato.as_bytes()).unwrap(),
            aarsagskode: Aarsagskode::parse(plain.aarsagskode.as_bytes()).unwrap(),
        });
    }
    digest
}

/// Invented reports: same bytes each time.
fn input() -> PathBuf {
    let path = support::data_dir().join("sf2520.txt");
    if support::is_alone() {
        return path;
    }
    let mut out = BufWriter::new(File::create(&path).unwrap());
    let (uuid, dato) = ("0193a7c2-5b1e-7f00-8a4d-3c2b1a098765", "20261201");
    write!(out, "100101{uuid}{dato}202612PROD{:36}{:24}\r\n", "", "").unwrap();
    let (mut random, mut sum) = (0x2026_u64, 0);
    for number in 1..=RECORDS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let mut pick = |most: u64| {
            random = random.rotate_left(29).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            (random >> 33) % most
        };
        let (day, month, year) = (pick(28) + 1, pick(12) + 1, pick(100));
        let cpr = format!("{day:02}{month:02}{year:02}{:04}", pick(5000));
        let (beloeb, taken_back) = (pick(900_000), pick(20) == 0);
        let sign = if taken_back { '-' } else { '+' };
        sum += if taken_back { -1 } else { 1 } * i64::try_from(beloeb).unwrap();
        let (aftale, dag, aarsag) =
            (format!("A{:012}", pick(1_000_000_000)), pick(28) + 1, pick(4));
        write!(out, "200101{number:09}{aftale:<20}{cpr}{beloeb:011}{sign}").unwrap();
        write!(out, "202612{dag:02}{aarsag:02}{:53}\r\n", "").unwrap();
    }
    let sign = if sum < 0 { '-' } else { '+' };
    write!(out, "900101{RECORDS:09}{:015}{sign}{:89}\r\n", sum.abs(), "").unwrap();
    out.flush().unwrap();
    path
}
