//! The yardstick: an sf2520 parser written with nom 8 for this one layout, checking all that the
//! layout file says. Columns stand here a second time; that is the point.

use chrono::NaiveDate;
use modregn::domain::{Cpr, CprPolicy, Kommunekode, Udbetalingsperiode};
use nom::branch::alt;
use nom::bytes::{complete, streaming};
use nom::character::complete::one_of;
use nom::combinator::{all_consuming, map_opt, value, verify};
use nom::{IResult, Parser};
use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::path::Path;
use uuid::Uuid;

pub(crate) struct Indberetning<'a> {
    pub(crate) kommunekode: Kommunekode,
    pub(crate) loebenummer: i64,
    pub(crate) aftale_id: &'a [u8],
    pub(crate) cpr: Cpr,
    pub(crate) beloeb: i64,
    pub(crate) udbetalingsdato: NaiveDate,
    pub(crate) aarsagskode: Aarsagskode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aarsagskode {
    Fuldt,
    Delvist,
    IngenUdbetaling,
    UkendtAftale,
}

struct Start {
    kommunekode: Kommunekode,
    udbetaling_id: Uuid,
    dispositionsdato: NaiveDate,
    udbetalingsperiode: Udbetalingsperiode,
    test: bool,
    forespoergsel_id: Option<Uuid>,
}

struct Slut {
    kommunekode: Kommunekode,
    antal: i64,
    sum: i64,
}

/// Every value of every report, folded together so that none can be left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Digest {
    records: u64,
    pub(crate) beloeb: i64,
    other: u64,
}

impl Digest {
    pub(crate) fn add(&mut self, indberetning: &Indberetning<'_>) {
        let i = black_box(indberetning);
        self.records += 1;
        self.beloeb += i.beloeb;
        self.other = self
            .other
            .wrapping_add(u64::from(i.kommunekode.number()))
            .wrapping_add(i.loebenummer.unsigned_abs())
            .wrapping_add(i.aftale_id.len() as u64)
            .wrapping_add(u64::from(i.aftale_id[0]))
            .wrapping_add(u64::from(i.cpr.as_bytes()[9]))
            .wrapping_add(u64::from(i.udbetalingsdato == NaiveDate::default()))
            .wrapping_add(i.aarsagskode as u64);
    }
}

const LENGTH: usize = 120;
const BLANKS: [u8; LENGTH] = [b' '; LENGTH];
const PIECE: usize = 256 * 1024;

/// Reads the whole file; panics at the first fault.
pub(crate) fn decode(path: &Path) -> Digest {
    let mut file = File::open(path).unwrap();
    let mut buffer = vec![0; PIECE + 4096];
    // The piece read begins on a page, what was left over stands before it.
    let page = buffer.as_ptr().align_offset(4096);
    let page = if page < LENGTH + 2 { page + 4096 } else { page };
    buffer.resize(page + PIECE, 0);
    let (mut from, mut to) = (page, page);
    let mut state = State::default();
    loop {
        match record(&buffer[from..to]) {
            Ok((rest, bytes)) => {
                from = to - rest.len();
                state.take(bytes);
            }
            Err(nom::Err::Incomplete(_)) => {
                let left = page - (to - from);
                buffer.copy_within(from..to, left);
                let read = file.read(&mut buffer[page..]).unwrap();
                if read == 0 {
                    break;
                }
                (from, to) = (left, page + read);
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(from, to, "bytes after the last record");
    state.finish()
}

#[derive(Default)]
struct State {
    start: Option<Start>,
    slut: bool,
    antal: i64,
    sum: i64,
    without_modulus_11: u64,
    digest: Digest,
}

impl State {
    fn take(&mut self, bytes: &[u8]) {
        assert!(!self.slut, "a record after slut");
        match &self.start {
            None => {
                let (_, start) = start(bytes).unwrap();
                black_box((start.udbetaling_id, start.dispositionsdato));
                black_box((start.udbetalingsperiode, start.test, start.forespoergsel_id));
                self.start = Some(start);
            }
            Some(start) if bytes[0] == b'2' => {
                let (_, indberetning) = indberetning(bytes).unwrap();
                self.antal += 1;
                self.sum += indberetning.beloeb;
                assert_eq!(indberetning.loebenummer, self.antal);
                assert_eq!(indberetning.kommunekode, start.kommunekode);
                self.without_modulus_11 += u64::from(!indberetning.cpr.passes_modulus_11());
                self.digest.add(&indberetning);
            }
            Some(start) => {
                let (_, slut) = slut(bytes).unwrap();
                assert_eq!(slut.kommunekode, start.kommunekode);
                assert_eq!((slut.antal, slut.sum), (self.antal, self.sum));
                self.slut = true;
            }
        }
    }

    fn finish(self) -> Digest {
        assert!(self.slut, "no slut");
        black_box(self.without_modulus_11);
        self.digest
    }
}

fn record(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let end = alt((streaming::tag("\r\n"), streaming::tag("\n")));
    nom::sequence::terminated(streaming::take(LENGTH), end).parse(input)
}

fn start(input: &[u8]) -> IResult<&[u8], Start> {
    all_consuming((
        complete::tag("10"),
        kommunekode,
        uuid,
        date,
        map_opt(complete::take(6_usize), |b| Udbetalingsperiode::parse(b).ok()),
        alt((value(false, complete::tag("PROD")), value(true, complete::tag("TEST")))),
        alt((value(None, complete::tag(&BLANKS[..36])), uuid.map(Some))),
        blanks::<24>,
    ))
    .map(|(_, kommunekode, udbetaling_id, dato, periode, test, forespoergsel_id, ())| Start {
        kommunekode,
        udbetaling_id,
        dispositionsdato: dato,
        udbetalingsperiode: periode,
        test,
        forespoergsel_id,
    })
    .parse(input)
}

fn indberetning(input: &[u8]) -> IResult<&[u8], Indberetning<'_>> {
    all_consuming((
        complete::tag("20"),
        kommunekode,
        number::<9>,
        text::<20>,
        map_opt(complete::take(10_usize), |b| Cpr::parse(b, CprPolicy::default()).ok()),
        number::<11>,
        sign,
        date,
        aarsagskode,
        blanks::<53>,
    ))
    .map(|(_, kommunekode, loebenummer, aftale_id, cpr, beloeb, sign, dato, aarsag, ())| {
        Indberetning {
            kommunekode,
            loebenummer,
            aftale_id,
            cpr,
            beloeb: sign * beloeb,
            udbetalingsdato: dato,
            aarsagskode: aarsag,
        }
    })
    .parse(input)
}

fn slut(input: &[u8]) -> IResult<&[u8], Slut> {
    all_consuming((complete::tag("90"), kommunekode, number::<9>, number::<15>, sign, blanks::<89>))
        .map(|(_, kommunekode, antal, sum, sign, ())| Slut { kommunekode, antal, sum: sign * sum })
        .parse(input)
}

fn kommunekode(input: &[u8]) -> IResult<&[u8], Kommunekode> {
    map_opt(complete::take(4_usize), |b| Kommunekode::parse(b).ok()).parse(input)
}

fn number<const N: usize>(input: &[u8]) -> IResult<&[u8], i64> {
    map_opt(complete::take(N), |b| atoi_simd::parse_pos::<i64, false>(b).ok()).parse(input)
}

fn two(digits: &[u8]) -> Option<u32> {
    match digits {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            Some(u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
        }
        _ => None,
    }
}

fn date(input: &[u8]) -> IResult<&[u8], NaiveDate> {
    map_opt(complete::take(8_usize), day).parse(input)
}

pub(crate) fn day(digits: &[u8]) -> Option<NaiveDate> {
    let (year, rest) = digits.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    let (century, year) = year.split_at(2);
    let year = i32::try_from(two(century)? * 100 + two(year)?).ok()?;
    NaiveDate::from_ymd_opt(year, two(month)?, two(day)?)
}

fn uuid(input: &[u8]) -> IResult<&[u8], Uuid> {
    map_opt(complete::take(36_usize), |b: &[u8]| {
        let upper = b.iter().any(u8::is_ascii_uppercase);
        (!upper).then(|| Uuid::try_parse_ascii(b).ok())?
    })
    .parse(input)
}

fn text<const N: usize>(input: &[u8]) -> IResult<&[u8], &[u8]> {
    map_opt(complete::take(N), |b: &[u8]| {
        let printable = b.iter().all(|b| !matches!(b, 0..=0x1F | 0x7F..=0x9F));
        let text = b.trim_ascii_end();
        (printable && !text.is_empty() && text[0] != b' ').then_some(text)
    })
    .parse(input)
}

fn sign(input: &[u8]) -> IResult<&[u8], i64> {
    one_of("+-").map(|sign| if sign == '+' { 1 } else { -1 }).parse(input)
}

fn aarsagskode(input: &[u8]) -> IResult<&[u8], Aarsagskode> {
    map_opt(complete::take(2_usize), Aarsagskode::parse).parse(input)
}

impl Aarsagskode {
    pub(crate) fn parse(code: &[u8]) -> Option<Self> {
        Some(match code {
            b"00" => Self::Fuldt,
            b"01" => Self::Delvist,
            b"02" => Self::IngenUdbetaling,
            b"03" => Self::UkendtAftale,
            _ => return None,
        })
    }
}

fn blanks<const N: usize>(input: &[u8]) -> IResult<&[u8], ()> {
    verify(complete::take(N), |b: &[u8]| b == &BLANKS[..N]).map(|_| ()).parse(input)
}
