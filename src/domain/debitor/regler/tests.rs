//! Every rule, broken once by a minimal change of a registration that breaks none.

use super::*;
use crate::domain::debitor::tests::*;
use crate::domain::text::Tekst;
use serde_json::Value;
use std::collections::BTreeSet;

fn broken(registrering: &Debitorregistrering) -> Vec<(String, Regel)> {
    let found = brud(registrering, &sortiment(), CprPolicy::default());
    found.into_iter().map(|brud| (brud.felt, brud.regel)).collect()
}

#[test]
fn good_registrations_break_no_rule() {
    let good = [
        opret(),
        indbetaling(),
        nedregulering(),
        tilstand(),
        afslut_administrator(),
        afslut_materialeabonnement(),
    ];
    for one in good {
        assert_eq!(broken(&with(one.clone(), &[])), [], "{one}");
    }
}

/// The rule, the place it is broken at, what is changed in which registration: values as JSON.
type Case = (Regel, &'static str, fn() -> Value, &'static [(&'static str, &'static str)]);

const PERSON: &str = r#"{"cpr": "0101901234"}"#;
const ERSTATNING: &str = r#"{"cpr": "6101901234"}"#;
const ID_1: &str = r#""00000000-0000-0000-0000-000000000001""#;

#[rustfmt::skip]
const CASES: &[Case] = &[
    (Regel::Klasse, "debitorkontotype", opret, &[("~/debitorkontotype", r#""SKAT""#)]),
    (Regel::Klasse, "fordringer[0].kravtype", opret,
        &[("~/fordringer/0/kravtype", r#""GEBYR""#)]),
    (Regel::Klasse, "fordringer[0].delfordringer[1].delfordringstype", opret,
        &[("~/fordringer/0/delfordringer/1/delfordringstype", r#""BOEDE""#)]),
    (Regel::Klasse, "materialeabonnementer[0].materialetype", opret,
        &[("~/materialeabonnementer/0/materialetype", r#""BREV""#)]),
    (Regel::Klasse, "materialetype", afslut_materialeabonnement,
        &[("~/materialetype", r#""BREV""#)]),
    // It held until the day before.
    (Regel::Klasse, "materialetype", afslut_materialeabonnement,
        &[("/virkningsdato", r#""2026-12-01""#)]),
    (Regel::Klasse, "materialetype", afslut_materialeabonnement, &[("/fagsystem", r#""ANDRE""#)]),
    (Regel::Dage, "haeftelser[1].gyldig_til", opret,
        &[("~/haeftelser/1/gyldig_til", r#""2026-10-31""#)]),
    (Regel::Dage, "adresser[0].gyldig_til", opret,
        &[("~/adresser/0/gyldig_til", r#""2026-10-31""#)]),
    (Regel::Dage, "materialeabonnementer[0].gyldig_til", opret,
        &[("~/materialeabonnementer/0/gyldig_til", r#""2026-10-31""#)]),
    (Regel::Dage, "fordringer[0].periode_til", opret,
        &[("~/fordringer/0/periode_til", r#""2026-09-30""#)]),
    (Regel::Hovedstol, "fordringer[0].hovedstol", opret,
        &[("~/fordringer/0/hovedstol", "29999")]),
    (Regel::Delfordringer, "fordringer[0].delfordringer", opret, &[
        ("~/fordringer/0/hovedstol", "0"), ("~/fordringer/0/delfordringer", "[]")]),
    (Regel::Beloeb, "fordringer[0].hovedstol", opret, &[
        ("~/fordringer/0/hovedstol", "100000000000"),
        ("~/fordringer/0/delfordringer/0/beloeb", "99999990000")]),
    (Regel::Beloeb, "fordringer[0].delfordringer[0].beloeb", opret, &[
        ("~/fordringer/0/hovedstol", "10000"),
        ("~/fordringer/0/delfordringer/0/beloeb", "0")]),
    (Regel::Beloeb, "beloeb", indbetaling, &[("~/beloeb", "0")]),
    (Regel::Beloeb, "beloeb", indbetaling, &[("~/beloeb", "-1")]),
    (Regel::Beloeb, "beloeb", nedregulering, &[("~/beloeb", "100000000000")]),
    (Regel::Ansvarlig, "haeftelser", opret, &[
        ("~/haeftelser/0/rolle", r#""juridisk-medhaefter""#),
        ("~/materialeabonnementer", "[]")]),
    (Regel::Fremmed, "adresser[0].part", opret,
        &[("~/adresser/0/rolle", r#""juridisk-ansvarlig""#)]),
    (Regel::Fremmed, "materialeabonnementer[0].part", opret,
        &[("~/materialeabonnementer/0/part", r#"{"cpr": "0202902345"}"#)]),
    (Regel::Dobbelt, "haeftelser[1].part", opret, &[
        ("~/haeftelser/1/rolle", r#""juridisk-ansvarlig""#), ("~/haeftelser/1/part", PERSON),
        ("~/adresser", "[]")]),
    (Regel::Dobbelt, "fordringer[0].delfordringer[1].delfordring_id", opret,
        &[("~/fordringer/0/delfordringer/1/delfordring_id", r#""D-1""#)]),
    (Regel::Rolle, "rolle", afslut_administrator, &[("~/rolle", r#""juridisk-medhaefter""#)]),
    (Regel::Materialetype, "materialetype", afslut_administrator,
        &[("~/materialetype", r#""RYKKER""#)]),
    (Regel::Materialetype, "materialetype", afslut_materialeabonnement,
        &[("~/materialetype", "null")]),
    (Regel::Tilbagefoersel, "tilbagefoerer", nedregulering, &[("~/tilbagefoerer", ID_1)]),
    (Regel::RetterSig, "retter", tilstand, &[("/retter", ID_1)]),
    (Regel::Cpr, "part", afslut_administrator, &[("~/part", ERSTATNING)]),
    (Regel::Cpr, "haeftelser[0].part", opret, &[
        ("~/haeftelser/0/part", ERSTATNING), ("~/materialeabonnementer", "[]")]),
    (Regel::Adresse, "adresser[0].postnummer", opret,
        &[("~/adresser/0/postnummer", r#""80C0""#)]),
    (Regel::Adresse, "adresser[0].postnummer", opret, &[("~/adresser/0/postnummer", r#""800""#)]),
    (Regel::Adresse, "adresser[0].postnummer", opret, &[("~/adresser/0/land", r#""dk""#)]),
];

fn changed(good: Value, changes: &[(&str, &str)]) -> Debitorregistrering {
    let value = |json| serde_json::from_str(json).unwrap();
    let changes: Vec<_> = changes.iter().map(|(at, json)| (*at, value(json))).collect();
    with(good, &changes)
}

#[test]
fn every_rule_is_broken_by_one_change() {
    for (regel, felt, good, changes) in CASES {
        let found = broken(&changed(good(), changes));
        assert_eq!(found.first(), Some(&((*felt).to_owned(), *regel)), "{changes:?}");
        // Without parts there is no sum of them either.
        let more = if *regel == Regel::Delfordringer { 2 } else { 1 };
        assert_eq!(found.len(), more, "{changes:?}: {found:?}");
    }
    let tried: BTreeSet<_> = CASES.iter().map(|(regel, ..)| *regel).collect();
    assert_eq!(tried, Regel::ALL.iter().copied().collect(), "a rule that no case breaks");
}

#[test]
fn no_two_claims_of_a_debitorkonto_share_a_name() {
    let mut twice = opret();
    let claims = twice["operation"]["OpretDebitorkonto"]["fordringer"].as_array_mut().unwrap();
    claims.push(claims[0].clone());
    let felt = "fordringer[1].fordring_id".to_owned();
    assert_eq!(broken(&with(twice, &[])), [(felt, Regel::Dobbelt)]);
}

#[test]
fn an_erstatningspersonnummer_is_accepted_where_it_may_be() {
    let good = changed(afslut_administrator(), &[("~/part", ERSTATNING)]);
    let policy = CprPolicy { erstatningspersonnummer: true };
    assert_eq!(brud(&good, &sortiment(), policy), []);
}

#[test]
fn what_a_case_worker_reads_fits_into_a_kvittering() {
    for regel in Regel::ALL {
        assert!(Tekst::<60>::parse(regel.dansk()).is_ok(), "{regel:?}: {}", regel.dansk());
    }
}
