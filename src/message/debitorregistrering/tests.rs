//! Every operation there and back, and every way a registration can be wrong that the layout cannot
//! tell.

use super::*;
use crate::domain::debitor::{
    Adresse, Afslutning, Debitorkonto, DebitorkontoId, Delfordring, Fordring, Haeftelse,
    Indbetaling, IndbetalingId, Materialeabonnement, OverfoerselId, Part, RegistreringId,
    Tilstandsrettelse,
};
use crate::domain::text::{IdentifierError, Tekst};
use crate::domain::{Beloeb, Cpr, Cvr, DelfordringId, Fagsystem, FordringId, Klasse, Kommunekode};
use crate::layout::{Layouts, compile};
use crate::message::{instant, local};
use crate::record::{Fault, ReadError};
use chrono::{DateTime, Days, NaiveDate, Utc};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

const FIXTURE: &[u8] =
    include_bytes!("../../../fixtures/sf1590-debitorregistrering/all-operations/overfoersel.txt");

fn format() -> Format {
    Format::bind(&Layouts::builtin().get("sf1590-debitorregistrering").unwrap()).unwrap()
}

type Whole = (Overfoersel, Vec<Overfoert>);

fn read(format: &Format, bytes: &[u8]) -> Result<Whole, Vec<Fault>> {
    read_with(format, bytes, Options::default())
}

fn read_with(format: &Format, bytes: &[u8], options: Options) -> Result<Whole, Vec<Fault>> {
    let faults = |error| match error {
        ReadError::Faults(faults) => faults.into_vec(),
        ReadError::Io(error) => panic!("{error}"),
    };
    let mut reader = format.read(bytes, options);
    let head = reader.head().map_err(faults)?;
    let mut all = Vec::new();
    while let Some(one) = reader.next_registrering().map_err(faults)? {
        all.push(one);
    }
    Ok((head, all))
}

fn write(format: &Format, (head, all): &Whole) -> Result<Vec<u8>, WriteError> {
    let mut bytes = Vec::new();
    let mut writer = format.begin(head, CprPolicy::default(), &mut bytes)?;
    for one in all {
        writer.registrering(one.sekvens, &one.registrering)?;
    }
    writer.finish()?;
    Ok(bytes)
}

#[test]
fn the_fixture_reads_and_writes_back_byte_for_byte() {
    let format = format();
    let whole = read(&format, FIXTURE).unwrap();
    let operations: Vec<_> = whole.1.iter().map(|one| one.registrering.operation.kode()).collect();
    assert_eq!(operations[..12], Operationskode::ALL[..12]);
    assert_eq!(operations.len(), 14);
    assert_eq!(whole.0.dannet.to_rfc3339(), "2026-11-22T07:30:00+00:00");
    let sekvenser: Vec<_> = whole.1.iter().map(|one| one.sekvens).collect();
    assert_eq!(sekvenser, (1..=14).collect::<Vec<_>>());
    let last = whole.1[12].registrering.operation.betalt();
    assert_eq!(last, Beloeb::from_oere(-100_000));
    assert_eq!(write(&format, &whole).unwrap(), FIXTURE);
    let records: u32 = whole.1.iter().map(|one| poster(&one.registrering)).sum();
    assert_eq!(records, 37);
    assert_eq!(format.file_bytes(records.into()), FIXTURE.len() as u64);
    let about = format.about(FIXTURE, Options::default()).unwrap();
    assert_eq!(about.map(|about| about.kommunekode), Some(whole.0.kommunekode));
}

// ---- whatever can be registered

fn id() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn name<T: std::fmt::Debug>(
    longest: usize,
    parse: fn(&str) -> Result<T, IdentifierError>,
) -> impl Strategy<Value = T> {
    let pattern = format!("[!-~æØå]([ -~æØå]{{0,{}}}[!-~æØå])?", longest.saturating_sub(2));
    let pattern = proptest::string::string_regex(&pattern).unwrap();
    pattern.prop_map(move |text| parse(&text.chars().take(longest).collect::<String>()).unwrap())
}

fn klasse() -> impl Strategy<Value = Klasse> {
    name(10, Klasse::parse)
}

fn fordring_id() -> impl Strategy<Value = FordringId> {
    name(20, FordringId::parse)
}

fn delfordring_id() -> impl Strategy<Value = DelfordringId> {
    name(20, DelfordringId::parse)
}

fn day() -> impl Strategy<Value = NaiveDate> {
    let first: NaiveDate = "1900-01-01".parse().unwrap();
    (0..80_000_u64).prop_map(move |days| first + Days::new(days))
}

/// Whole seconds, and no second one of two that clocks show alike.
fn time() -> impl Strategy<Value = DateTime<Utc>> {
    let at = (0..4_000_000_000_i64).prop_map(|at| DateTime::from_timestamp(at, 0).unwrap());
    at.prop_filter("shown twice", |at| {
        let local = local(*at);
        instant(local.date(), local.time()) == Some(*at)
    })
}

fn part() -> impl Strategy<Value = Part> {
    let cpr = (day(), 0..10_000_u16).prop_filter_map("not a CPR number", |(born, number)| {
        let digits = format!("{}{number:04}", born.format("%d%m%y"));
        Cpr::parse(digits.as_bytes(), CprPolicy::default()).ok().map(Part::Cpr)
    });
    let cvr = (10_000_000..100_000_000_u32)
        .prop_filter_map("modulus 11", |number| Cvr::parse(number.to_string().as_bytes()).ok());
    prop_oneof![cpr, cvr.prop_map(Part::Cvr)]
}

fn rolle() -> impl Strategy<Value = Rolle> {
    prop::sample::select(Rolle::ALL.to_vec())
}

fn oere() -> impl Strategy<Value = Beloeb> {
    (1..=99_999_999_999_i64).prop_map(Beloeb::from_oere)
}

fn tilstand() -> impl Strategy<Value = Fordringstilstand> {
    prop_oneof![Just(Fordringstilstand::KanInddrives), Just(Fordringstilstand::AfventerInddrivelse)]
}

prop_compose! {
    fn haeftelse()(
        rolle in rolle(), part in part(), gyldig_fra in day(), gyldig_til in option::of(day()),
    ) -> Haeftelse {
        Haeftelse { rolle, part, gyldig_fra, gyldig_til }
    }
}

prop_compose! {
    fn adresse()(
        haeftelse in haeftelse(), vej in name(40, Tekst::parse), by in name(30, Tekst::parse),
        postnummer in "[0-9]{4}", land in "[A-Z]{2}",
    ) -> Adresse {
        let Haeftelse { rolle, part, gyldig_fra, gyldig_til } = haeftelse;
        let (postnummer, land) = (Tekst::parse(&postnummer).unwrap(), Tekst::parse(&land).unwrap());
        Adresse { rolle, part, gyldig_fra, gyldig_til, vej, postnummer, by, land }
    }
}

prop_compose! {
    fn materialeabonnement()(
        haeftelse in haeftelse(), materialetype in klasse(),
    ) -> Materialeabonnement {
        let Haeftelse { rolle, part, gyldig_fra, gyldig_til } = haeftelse;
        Materialeabonnement { rolle, part, materialetype, gyldig_fra, gyldig_til }
    }
}

prop_compose! {
    fn fordring()(
        fordring_id in fordring_id(), kravtype in klasse(), periode_fra in day(),
        periode_til in day(), forfaldsdato in day(), fordringstilstand in tilstand(),
        parts in vec((delfordring_id(), klasse(), 0..=9_999_999_999_i64), 1..9),
    ) -> Fordring {
        let hovedstol = Beloeb::from_oere(parts.iter().map(|(.., oere)| oere).sum());
        let delfordringer = parts.into_iter().map(|(delfordring_id, delfordringstype, oere)| {
            Delfordring { delfordring_id, delfordringstype, beloeb: Beloeb::from_oere(oere) }
        });
        Fordring {
            fordring_id, kravtype, hovedstol, periode_fra, periode_til, forfaldsdato,
            fordringstilstand, delfordringer: delfordringer.collect(),
        }
    }
}

prop_compose! {
    fn konto()(
        debitorkontotype in klasse(), betegnelse in option::of(name(50, Tekst::parse)),
        haeftelser in vec(haeftelse(), 0..4), adresser in vec(adresse(), 0..3),
        materialeabonnementer in vec(materialeabonnement(), 0..3),
        fordringer in vec(fordring(), 0..4),
    ) -> Debitorkonto {
        Debitorkonto {
            debitorkontotype, betegnelse, haeftelser, adresser, materialeabonnementer, fordringer,
        }
    }
}

prop_compose! {
    fn afslutning()(
        rolle in rolle(), part in part(), materialetype in option::of(klasse()), slutdato in day(),
    ) -> Afslutning {
        Afslutning { rolle, part, materialetype, slutdato }
    }
}

prop_compose! {
    fn indbetaling()(
        indbetaling_id in id(), fordring_id in fordring_id(), delfordring_id in delfordring_id(),
        beloeb in oere(), indbetalingsdato in day(), tilbagefoerer in option::of(id()),
    ) -> Indbetaling {
        Indbetaling {
            indbetaling_id: IndbetalingId(indbetaling_id),
            fordring_id,
            delfordring_id,
            beloeb,
            indbetalingsdato,
            tilbagefoerer: tilbagefoerer.map(IndbetalingId),
        }
    }
}

fn operation() -> impl Strategy<Value = Operation> {
    let enders: Vec<_> =
        Operationskode::ALL.iter().copied().filter(|kode| kode.afslutter().is_some()).collect();
    assert_eq!(enders.len(), 9);
    prop_oneof![
        konto().prop_map(Operation::OpretDebitorkonto),
        (fordring_id(), tilstand()).prop_map(|(fordring_id, fordringstilstand)| {
            Operation::RetFordringTilstand(Tilstandsrettelse { fordring_id, fordringstilstand })
        }),
        indbetaling().prop_map(Operation::ForetagIndbetaling),
        indbetaling().prop_map(Operation::ForetagIndbetalingNedregulering),
        (prop::sample::select(enders), afslutning())
            .prop_map(|(kode, afslutning)| Operation::afslut(kode, afslutning).unwrap()),
    ]
}

fn head() -> Overfoersel {
    Overfoersel {
        overfoersel_id: OverfoerselId(Uuid::from_u128(7)),
        kommunekode: Kommunekode::parse(b"0751").unwrap(),
        myndighed_cvr: Cvr::parse(b"64942212").unwrap(),
        fagsystem: Fagsystem::parse("Ærø FAGSYSTEM").unwrap(),
        dannet: "2026-06-30T22:00:00Z".parse().unwrap(),
        miljoe: Miljoe::Prod,
    }
}

prop_compose! {
    fn overfoert()(
        registrering_id in id(), debitorkonto_id in id(), sekvens in 1..=999_999_999_u32,
        registreret in time(), virkningsdato in day(), retter in option::of(id()),
        operation in operation(),
    ) -> Overfoert {
        let registrering = Debitorregistrering {
            registrering_id: RegistreringId(registrering_id),
            fagsystem: head().fagsystem,
            kommunekode: head().kommunekode,
            debitorkonto_id: DebitorkontoId(debitorkonto_id),
            registreret,
            virkningsdato,
            retter: retter.map(RegistreringId),
            operation,
        };
        Overfoert { sekvens, registrering }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(all in vec(overfoert(), 1..12)) {
        let format = format();
        let whole = (head(), all);
        let bytes = write(&format, &whole).unwrap();
        let records: u64 = whole.1.iter().map(|one| u64::from(poster(&one.registrering))).sum();
        prop_assert_eq!(format.file_bytes(records), bytes.len() as u64);
        prop_assert_eq!(read(&format, &bytes).unwrap(), whole);
    }

    #[test]
    fn no_bytes_make_it_panic(
        spoils in vec((0..FIXTURE.len(), any::<u8>()), 1..9), limit in 0..9_usize,
    ) {
        let mut bytes = FIXTURE.to_vec();
        for (at, byte) in spoils {
            bytes[at] = byte;
        }
        let format = format();
        let options = Options { fault_limit: limit, ..Options::default() };
        if let Ok(whole) = read_with(&format, &bytes, options) {
            let again = write(&format, &whole).unwrap();
            prop_assert_eq!(read(&format, &again).unwrap(), whole);
        }
    }
}

// ---- what only the message knows to be wrong

/// The fixture's records, each of the given number and the text put in at a column from 1; and what
/// is wrong: the code, the record's number, the field.
fn fixture(changes: &[(usize, usize, &str)], without: &[usize]) -> Vec<u8> {
    let mut lines: Vec<_> =
        FIXTURE.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    for (record, column, text) in changes {
        let text: Vec<_> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
        lines[record - 1][column - 1..column - 1 + text.len()].copy_from_slice(&text);
    }
    let mut kept = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|(at, _)| !without.contains(&(at + 1))) {
        // The end record says how many there are.
        let mut line = line.clone();
        if at == lines.len() - 1 {
            let poster = format!("{:09}", 37 - without.len());
            line[15..24].copy_from_slice(poster.as_bytes());
        }
        kept.extend(line);
    }
    kept
}

#[test]
fn what_the_layout_cannot_say() {
    let format = format();
    // Records 2–12 open the debitorkonto, 33 and 34 register a payment, 35 and 36 its reversal.
    let table: &[(&[_], &[_], &str)] = &[
        (&[(2, 48, "31")], &[], "unexpected-record 3 debitorkonto -"),
        (&[(33, 48, "01")], &[], "unexpected-record 34 indbetaling -"),
        (&[(33, 48, "11")], &[], "unexpected-record 34 indbetaling -"),
        (&[(33, 48, "21")], &[], "unexpected-record 34 indbetaling -"),
        (&[(31, 48, "31")], &[], "unexpected-record 32 tilstand -"),
        (&[(13, 48, "32")], &[], "unexpected-record 14 afslutning -"),
        (&[], &[3], "missing-record 3 haeftelse -"),
        (&[], &[14], "missing-record 14 hoved -"),
        (&[(33, 48, "01")], &[34], "missing-record 34 hoved -"),
        (&[(36, 90, "+")], &[], "unexpected-value 36 indbetaling tilbagefoerer_indbetaling_id"),
        (&[(34, 90, "-")], &[], "missing-value 34 indbetaling tilbagefoerer_indbetaling_id"),
        (&[(2, 95, "20260329023000")], &[], "bad-time 2 hoved registreringstid"),
        (&[(1, 43, "20260329023000")], &[], "bad-time 1 start dannet_tid"),
        (&[(1, 61, "\u{a0}")], &[], "bad-identifier 1 start fagsystem"),
        (&[(3, 3, "\u{a0}")], &[], "bad-identifier 3 debitorkonto debitorkontotype"),
        (&[(3, 13, "\u{a0}")], &[], "bad-identifier 3 debitorkonto betegnelse"),
        (&[(6, 40, "\u{a0}")], &[], "bad-identifier 6 adresse vej"),
        (&[(8, 3, "\u{a0}")], &[], "bad-identifier 8 fordring fordring_id"),
        (&[(9, 3, "\u{a0}")], &[], "bad-identifier 9 delfordring delfordring_id"),
        (&[(34, 39, "\u{a0}")], &[], "bad-identifier 34 indbetaling fordring_id"),
        (&[(32, 3, "\u{a0}")], &[], "bad-identifier 32 tilstand fordring_id"),
        (&[(26, 24, "\u{a0}")], &[], "bad-identifier 26 afslutning materialetype"),
    ];
    for (changes, without, says) in table {
        let faults = read(&format, &fixture(changes, without)).unwrap_err();
        let told: Vec<_> = faults
            .iter()
            // A total that no longer agrees is the layout's to tell.
            .filter(|fault| fault.record.as_deref() != Some("slut"))
            .map(|fault| {
                let (code, at) = (fault.code, fault.position.record);
                let record = fault.record.as_deref().unwrap_or("-");
                format!("{code} {at} {record} {}", fault.field.as_deref().unwrap_or("-"))
            })
            .collect();
        assert_eq!(told, [*says], "{changes:?} {without:?}");
    }
}

/// A record that the layout refuses is told once, and what it belonged to is not called incomplete.
#[test]
fn a_faulty_record_takes_its_registration_along_and_no_other() {
    let format = format();
    // A faulty hoved might as well have been a part of the registration before it.
    let table: &[(usize, usize, &[u32])] = &[
        (2, 12, &[1]),
        (3, 63, &[1]),
        (8, 33, &[1]),
        (9, 33, &[1]),
        (13, 12, &[1, 2]),
        (14, 3, &[2]),
        (38, 1, &[14]),
    ];
    for (record, column, lost) in table {
        let bytes = fixture(&[(*record, *column, "x")], &[]);
        let mut reader = format.read(&bytes[..], Options::default());
        reader.head().unwrap();
        let mut good = Vec::new();
        let error = loop {
            match reader.next_registrering() {
                Ok(one) => good.push(one.unwrap().sekvens),
                Err(error) => break error,
            }
        };
        assert_eq!(good, (1..=14).filter(|one| !lost.contains(one)).collect::<Vec<_>>());
        let ReadError::Faults(faults) = error else { panic!("{error}") };
        let places: Vec<_> = faults.as_slice().iter().map(|f| f.position.record).collect();
        assert_eq!(places[0], *record as u64);
        assert!(places[1..].iter().all(|place| *place == 39), "{faults}");
    }
}

#[test]
fn a_registration_has_at_most_ten_thousand_records() {
    let format = format();
    let whole = |antal: usize| {
        let (head, mut all) = read(&format, FIXTURE).unwrap();
        all.truncate(1);
        let Operation::OpretDebitorkonto(konto) = &mut all[0].registrering.operation else {
            panic!("it opens a debitorkonto")
        };
        let one = konto.haeftelser[0].clone();
        konto.haeftelser = vec![one; konto.haeftelser.len() + antal - 11];
        (head, all)
    };
    let fits = whole(10_000);
    assert_eq!(poster(&fits.1[0].registrering), 10_000);
    assert_eq!(read(&format, &write(&format, &fits).unwrap()).unwrap(), fits);
    let faults = read(&format, &write(&format, &whole(10_001)).unwrap()).unwrap_err();
    let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
    let says = "too-many-records: record 10002 (delfordring), line 10002, byte 2020202: expected \
                at most 10000 records; found more";
    assert_eq!(told, [says]);
}

/// Nothing of a registration names its municipality and fagsystem but the head of its file.
#[test]
fn a_registration_of_somebody_else_is_not_written() {
    let format = format();
    let (head, all) = read(&format, FIXTURE).unwrap();
    let mut bytes = Vec::new();
    for (kommunekode, fagsystem, says) in [
        ("0751", "KY-DEBITOR", "expected as in start.kommunekode; found 9999"),
        ("0101", "OTHER", "expected as in start.fagsystem; found AAAAA"),
    ] {
        let mut other = all[0].registrering.clone();
        other.kommunekode = Kommunekode::parse(kommunekode.as_bytes()).unwrap();
        other.fagsystem = Fagsystem::parse(fagsystem).unwrap();
        let mut writer = format.begin(&head, CprPolicy::default(), &mut bytes).unwrap();
        let refused = writer.registrering(1, &other).unwrap_err().to_string();
        assert!(refused.ends_with(says), "{refused}");
        assert!(writer.finish().is_err());
    }
}

/// What is changed of a layout's text: from, to.
type Change<'a> = (&'a str, &'a str);

/// The official layout may put columns elsewhere, but not leave open what the message needs.
#[test]
fn a_layout_that_lacks_what_the_message_needs_is_refused() {
    let shipped = include_str!("../../../formats/sf1590-debitorregistrering.toml");
    let krav = "[[control]]\nfield = \"fordring.hovedstol\"\nequals = \"sum\"\n\
                of = [\"delfordring.beloeb\"]\nover = \"krav\"\n";
    let sign = "sign = { field = \"fortegn\", plus = [\"+\"], minus = [\"-\"] }, ";
    let table: &[(&[Change], &str)] = &[
        (&[("\"virkningsdato\"", "\"dato\"")], "there is no field hoved.virkningsdato"),
        (&[("code = \"32\"", "code = \"33\"")], "hoved.operation has the code \"33\""),
        (&[("code = \"LP\"", "code = \"XX\"")], "haeftelse.rolle has the code \"XX\""),
        (
            &[("code = \"V\"", "code = \"W\""), ("is = [\"V\"]", "is = [\"W\"]")],
            "haeftelse.parttype has the code \"W\"",
        ),
        (
            &[("presence = { when = \"parttype\", is = [\"P\"] }", "presence = \"optional\"")],
            "haeftelse.cpr must have a value exactly when parttype is \"P\"",
        ),
        (
            &[("is = [\"V\"]", "is = [\"V\", \"P\"]")],
            "haeftelse.cvr must have a value exactly when parttype is \"V\"",
        ),
        (
            &[(sign, ""), ("kind = \"sign\"", "kind = \"text\"")],
            "indbetaling.beloeb must hold a SignedAmount",
        ),
        (
            &[("name = \"sekvens\", kind = \"number\"", "name = \"sekvens\", kind = \"digits\"")],
            "hoved.sekvens must hold a Integer",
        ),
        (
            &[(
                "name = \"postnummer\", kind = \"digits\"",
                "name = \"postnummer\", kind = \"text\"",
            )],
            "adresse.postnummer must hold a Digits",
        ),
        (
            &[
                (
                    "start = 33, length = 11, name = \"beloeb\"",
                    "start = 33, length = 15, name = \"beloeb\"",
                ),
                ("start = 44, length = 157", "start = 48, length = 153"),
                (krav, ""),
            ],
            "delfordring.beloeb must have at most 14 columns",
        ),
    ];
    for (changes, says) in table {
        let text = changes.iter().fold(shipped.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        });
        let layout = compile("changed.toml", &text).unwrap();
        let error = Format::bind(&layout).err().unwrap().to_string();
        assert!(error.contains(says), "{error}");
    }
}
