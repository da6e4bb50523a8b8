//! Each rule of the ledger as a table: what is there, what comes, what is decided.

use super::*;
use crate::domain::debitor::tests::*;
use serde_json::{Value, json};
use std::convert::Infallible;
use uuid::Uuid;

/// The debitorkonto of the samples as a ledger has it: its number is 1, and so is that of its
/// claim. Cases change what they are about.
#[derive(Clone)]
struct Bog {
    /// Whether claims may have other names than the samples'.
    any_id: bool,
    konto: Option<Kontostand>,
    fordring: Option<Fordringsstand>,
    delfordring: Option<i64>,
    restance: i64,
    posteringer: Vec<(u128, Posteringsstand)>,
    perioder: Vec<Periode>,
}

fn bog() -> Bog {
    let kommunekode = Kommunekode::parse(b"0101").unwrap();
    Bog {
        any_id: false,
        konto: Some(Kontostand { nr: 1, egen: true, kommunekode, sekvens: 4 }),
        fordring: Some(Fordringsstand { nr: 1, konto: 1 }),
        delfordring: Some(20_000),
        restance: 30_000,
        posteringer: Vec::new(),
        perioder: vec![periode(1, "2026-11-01", None)],
    }
}

fn tom() -> Bog {
    Bog { konto: None, fordring: None, ..bog() }
}

impl Lookup for Bog {
    type Error = Infallible;

    fn konto(&mut self, id: DebitorkontoId) -> Result<Option<Kontostand>, Infallible> {
        assert_eq!(id, DebitorkontoId(Uuid::from_u128(10)));
        Ok(self.konto)
    }

    fn fordring(&mut self, id: &FordringId) -> Result<Option<Fordringsstand>, Infallible> {
        assert!(id.as_str() == "F-1" || self.any_id);
        Ok(self.fordring)
    }

    fn delfordring(
        &mut self,
        fordring: Nr,
        id: &DelfordringId,
    ) -> Result<Option<Beloeb>, Infallible> {
        assert_eq!(fordring, 1);
        assert!(id.as_str() == "D-1" || self.any_id);
        Ok(self.delfordring.map(Beloeb::from_oere))
    }

    fn restance(&mut self, fordring: Nr) -> Result<Beloeb, Infallible> {
        assert_eq!(fordring, 1);
        Ok(Beloeb::from_oere(self.restance))
    }

    fn postering(&mut self, id: IndbetalingId) -> Result<Option<Posteringsstand>, Infallible> {
        let found = self.posteringer.iter().find(|(number, _)| Uuid::from_u128(*number) == id.0);
        Ok(found.map(|(_, postering)| postering.clone()))
    }

    fn perioder(
        &mut self,
        konto: Nr,
        _hvad: Afsluttes,
        _afslutning: &Afslutning,
    ) -> Result<Vec<Periode>, Infallible> {
        assert_eq!(konto, 1);
        Ok(self.perioder.clone())
    }
}

fn periode(nr: Nr, fra: &str, til: Option<&str>) -> Periode {
    let day = |text: &str| text.parse().unwrap();
    Periode { nr, gyldig_fra: day(fra), gyldig_til: til.map(day) }
}

fn postering(art: Art, beloeb: i64) -> Posteringsstand {
    Posteringsstand {
        nr: 7,
        art,
        fordring: 1,
        delfordring_id: DelfordringId::parse("D-1").unwrap(),
        beloeb: Beloeb::from_oere(beloeb),
        tilbagefoert: false,
    }
}

/// A case: what is there, what comes with which sekvens, what is booked or the reason's code, its
/// text, and its restance in øre.
type Case = (Bog, Value, u32, Result<Booking, (&'static str, &'static str, Option<i64>)>);

fn hold(cases: Vec<Case>) {
    for (at, (mut bog, value, sekvens, expected)) in cases.into_iter().enumerate() {
        let registrering = with(value, &[]);
        let Ok(judged) = judge(sekvens, &registrering, None, &mut bog);
        let judged = judged.map_err(|afvisning| {
            let tekst = afvisning.tekst.unwrap().as_str().to_owned();
            (afvisning.aarsag.code(), tekst, afvisning.restance.map(Beloeb::oere))
        });
        let expected = expected.map_err(|(code, tekst, oere)| (code, tekst.to_owned(), oere));
        assert_eq!(judged, expected, "case {at}");
    }
}

fn no<T>(
    code: &'static str,
    tekst: &'static str,
) -> Result<T, (&'static str, &'static str, Option<i64>)> {
    Err((code, tekst, None))
}

/// The samples' payment as the reversal of the payment 99.
fn tilbagefoersel() -> Value {
    let mut value = indbetaling();
    value["operation"]["ForetagIndbetaling"]["tilbagefoerer"] = json!(Uuid::from_u128(99));
    value
}

const fn betalt(art: Art, tilbagefoerer: Option<Nr>) -> Booking {
    Booking::Postering { konto: 1, art, fordring: 1, tilbagefoerer }
}

#[test]
fn a_rule_that_is_broken_goes_before_everything() {
    for regel in Regel::ALL {
        let registrering = with(indbetaling(), &[]);
        let Ok(judged) = judge(9, &registrering, Some(*regel), &mut tom());
        let afvisning = judged.unwrap_err();
        assert_eq!(afvisning.aarsag, regel.aarsag());
        assert_eq!(afvisning.tekst.unwrap().as_str(), regel.dansk());
        assert_eq!(afvisning.restance, None);
    }
}

#[test]
fn only_the_owner_changes_a_debitorkonto_and_in_order() {
    let konto = bog().konto.unwrap();
    let theirs = Kontostand { egen: false, ..konto };
    let aarhus = Kontostand { kommunekode: Kommunekode::parse(b"0751").unwrap(), ..konto };
    let with = |konto| Bog { konto: Some(konto), ..bog() };
    let next = "Debitorkontoens næste sekvens er 5";
    hold(vec![
        (tom(), opret(), 1, Ok(Booking::Oprettelse)),
        (tom(), opret(), 2, no("1010", "Debitorkontoens næste sekvens er 1")),
        (tom(), opret(), 0, no("1010", "Debitorkontoens næste sekvens er 1")),
        (bog(), opret(), 5, no("1002", "Debitorkontoen findes allerede")),
        (bog(), opret(), 1, no("1002", "Debitorkontoen findes allerede")),
        (Bog { konto: None, ..bog() }, opret(), 1, no("1002", "Fordringen F-1 findes allerede")),
        (tom(), indbetaling(), 5, no("1001", "Debitorkontoen findes ikke")),
        (tom(), afslut_administrator(), 1, no("1001", "Debitorkontoen findes ikke")),
        (with(theirs), opret(), 1, no("1003", "Debitorkontoen tilhører et andet fagsystem")),
        (with(theirs), tilstand(), 5, no("1003", "Debitorkontoen tilhører et andet fagsystem")),
        (with(theirs), tilstand(), 1, no("1003", "Debitorkontoen tilhører et andet fagsystem")),
        (with(aarhus), opret(), 1, no("1003", "Debitorkontoen tilhører en anden kommune")),
        (with(aarhus), indbetaling(), 5, no("1003", "Debitorkontoen tilhører en anden kommune")),
        (bog(), tilstand(), 4, no("1010", next)),
        (bog(), tilstand(), 6, no("1010", next)),
        (bog(), indbetaling(), 4, no("1010", next)),
        (bog(), tilstand(), 5, Ok(Booking::Tilstand { konto: 1, fordring: 1 })),
    ]);
}

#[test]
fn what_is_paid_is_a_part_of_a_claim_of_the_debitorkonto() {
    let other = Some(Fordringsstand { nr: 2, konto: 2 });
    let missing = "Debitorkontoen har ikke fordringen F-1";
    hold(vec![
        (Bog { fordring: None, ..bog() }, tilstand(), 5, no("1005", missing)),
        (Bog { fordring: other, ..bog() }, tilstand(), 5, no("1005", missing)),
        (Bog { fordring: None, ..bog() }, indbetaling(), 5, no("1005", missing)),
        (Bog { fordring: other, ..bog() }, nedregulering(), 5, no("1005", missing)),
        (
            Bog { delfordring: None, ..bog() },
            indbetaling(),
            5,
            no("1005", "Fordringen har ikke delfordringen D-1"),
        ),
    ]);
}

#[test]
fn no_more_is_paid_than_is_left_to_pay() {
    let left = |oere| Bog { delfordring: Some(oere), restance: oere + 10_000, ..bog() };
    let too_much = |tekst, oere| Err(("1007", tekst, Some(oere)));
    let used = |art| Bog { posteringer: vec![(100, postering(art, 1))], ..bog() };
    hold(vec![
        (left(5_000), indbetaling(), 5, Ok(betalt(Art::Indbetaling, None))),
        (left(5_000), nedregulering(), 5, Ok(betalt(Art::Nedregulering, None))),
        (left(4_999), indbetaling(), 5, too_much("Delfordringen har 49,99 kr. tilbage", 14_999)),
        (left(0), nedregulering(), 5, too_much("Delfordringen har 0,00 kr. tilbage", 10_000)),
        (used(Art::Indbetaling), indbetaling(), 5, no("1002", "Indbetalingens id er brugt før")),
        (used(Art::Nedregulering), indbetaling(), 5, no("1002", "Indbetalingens id er brugt før")),
        (used(Art::Indbetaling), nedregulering(), 5, no("1002", "Indbetalingens id er brugt før")),
    ]);
}

#[test]
fn a_payment_is_reversed_whole_and_once() {
    let paid =
        |postering| Bog { posteringer: vec![(99, postering)], delfordring: Some(0), ..bog() };
    let good = postering(Art::Indbetaling, 5_000);
    let again = Posteringsstand { tilbagefoert: true, ..good.clone() };
    let elsewhere = Posteringsstand { fordring: 2, ..good.clone() };
    let part =
        Posteringsstand { delfordring_id: DelfordringId::parse("D-2").unwrap(), ..good.clone() };
    let mut itself = tilbagefoersel();
    itself["operation"]["ForetagIndbetaling"]["indbetaling_id"] = json!(Uuid::from_u128(99));
    let missing = "Delfordringen har ikke indbetalingen, der tilbageføres";
    let only = "Kun en indbetaling kan tilbageføres";
    hold(vec![
        (paid(good.clone()), tilbagefoersel(), 5, Ok(betalt(Art::Tilbagefoersel, Some(7)))),
        (bog(), tilbagefoersel(), 5, no("1005", missing)),
        (paid(elsewhere), tilbagefoersel(), 5, no("1005", missing)),
        (paid(part), tilbagefoersel(), 5, no("1005", missing)),
        (paid(again), tilbagefoersel(), 5, no("1008", "Indbetalingen er tilbageført før")),
        (
            paid(postering(Art::Indbetaling, 5_001)),
            tilbagefoersel(),
            5,
            no("1008", "Hele indbetalingen er på 50,01 kr."),
        ),
        (paid(postering(Art::Tilbagefoersel, 5_000)), tilbagefoersel(), 5, no("1008", only)),
        (paid(postering(Art::Nedregulering, 5_000)), tilbagefoersel(), 5, no("1008", only)),
        (paid(good), itself, 5, no("1002", "Indbetalingens id er brugt før")),
    ]);
}

#[test]
fn what_ends_goes_on_until_then() {
    // All end on the last day of the year.
    let there = |perioder: &[(&str, Option<&str>)]| Bog {
        perioder: perioder.iter().zip(1..).map(|((fra, til), nr)| periode(nr, fra, *til)).collect(),
        ..bog()
    };
    let slutdato = "2026-12-31".parse().unwrap();
    let ended = |hvad, nr| Ok(Booking::Afslutning { konto: 1, hvad, nr, slutdato });
    let (role, letters) = (Afsluttes::Haeftelse, Afsluttes::Materialeabonnement);
    let none = "Parten har ingen hæftelse, der kan afsluttes";
    let dage = Regel::Dage.dansk();
    hold(vec![
        (bog(), afslut_administrator(), 5, ended(role, 1)),
        (bog(), afslut_materialeabonnement(), 5, ended(letters, 1)),
        (there(&[]), afslut_administrator(), 5, no("1009", none)),
        (
            there(&[]),
            afslut_materialeabonnement(),
            5,
            no("1009", "Parten har intet materialeabonnement, der kan afsluttes"),
        ),
        // Shortened; it begins and ends on that day; it has ended then anyway.
        (there(&[("2026-11-01", Some("2027-01-01"))]), afslut_administrator(), 5, ended(role, 1)),
        (there(&[("2026-12-31", None)]), afslut_administrator(), 5, ended(role, 1)),
        (there(&[("2026-11-01", Some("2026-12-31"))]), afslut_administrator(), 5, no("1009", none)),
        (there(&[("2026-11-01", Some("2026-12-01"))]), afslut_administrator(), 5, no("1009", none)),
        // It has not begun.
        (there(&[("2027-01-01", None)]), afslut_administrator(), 5, no("1006", dage)),
        (
            there(&[("2026-01-01", Some("2026-06-30")), ("2027-01-01", None)]),
            afslut_administrator(),
            5,
            no("1006", dage),
        ),
        // One of several: the newest that has begun.
        (
            there(&[("2026-01-01", None), ("2026-11-01", None), ("2027-01-01", None)]),
            afslut_administrator(),
            5,
            ended(role, 2),
        ),
        (
            there(&[("2026-11-01", None), ("2026-01-01", Some("2026-06-30"))]),
            afslut_administrator(),
            5,
            ended(role, 1),
        ),
        (
            there(&[("2026-11-01", None), ("2026-11-01", None)]),
            afslut_administrator(),
            5,
            ended(role, 2),
        ),
    ]);
}

#[test]
fn every_text_fits_whatever_it_tells() {
    let long = json!("ÆØÅ45678901234567890");
    let konto = Some(Kontostand { sekvens: 999_999_998, ..bog().konto.unwrap() });
    let longest = Beloeb::from_oere(99_999_999_999);
    let paid = Posteringsstand { beloeb: longest, ..postering(Art::Indbetaling, 1) };
    let bog = || Bog {
        konto,
        any_id: true,
        delfordring: Some(longest.oere()),
        posteringer: vec![(99, paid.clone())],
        perioder: Vec::new(),
        ..bog()
    };
    let without = |fordring, delfordring| Bog { fordring, delfordring, ..bog() };
    let fordring = bog().fordring;
    let table = [
        (without(None, None), with(indbetaling(), &[("~/fordring_id", long.clone())])),
        (without(fordring, None), with(indbetaling(), &[("~/delfordring_id", long.clone())])),
        (bog(), with(indbetaling(), &[("~/beloeb", json!(i64::MAX))])),
        (bog(), with(tilbagefoersel(), &[])),
        (bog(), with(afslut_materialeabonnement(), &[])),
        (Bog { konto: None, ..bog() }, with(opret(), &[("~/fordringer/0/fordring_id", long)])),
    ];
    for (mut bog, registrering) in table {
        let sekvens = if bog.konto.is_some() { 999_999_999 } else { 1 };
        let Ok(judged) = judge(sekvens, &registrering, None, &mut bog);
        assert!(judged.unwrap_err().tekst.is_some(), "{registrering:?}");
        if bog.konto.is_some() {
            let Ok(judged) = judge(1, &registrering, None, &mut bog);
            assert!(judged.unwrap_err().tekst.is_some());
        }
    }
}
