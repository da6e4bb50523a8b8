//! The debitorsystem's ledger: transfers taken in, what they were answered, what is left to pay.

use crate::Bench;
use crate::samples::{day, fetched, kommune, now, place, seen};
use modregn::domain::debitor::regler::Regel;
use modregn::domain::debitor::{
    Adresse, Afslutning, Afvisning, Debitorkonto, DebitorkontoId, Debitorregistrering, Delfordring,
    Fordring, Fordringstilstand, Haeftelse, Indbetaling, IndbetalingId, Kvittering, KvitteringId,
    Materialeabonnement, Operation, Operationskode, Overfoersel, OverfoerselId, Part,
    RegistreringId, Registreringssvar, Rolle, Tilstandsrettelse,
};
use modregn::domain::text::Tekst;
use modregn::domain::{Beloeb, Cvr, DelfordringId, Fagsystem, FordringId, Klasse, Miljoe};
use modregn::store::{
    Bogfoert, Known, KvitteringOrder, Received, Restance, Step, Store, StoreError,
};
use modregn::transfer::state::{Event, State};
use uuid::Uuid;

pub(crate) fn fagsystem(name: &str) -> Fagsystem {
    Fagsystem::parse(name).unwrap()
}

pub(crate) fn overfoersel(number: u128) -> Overfoersel {
    Overfoersel {
        overfoersel_id: OverfoerselId(Uuid::from_u128(number)),
        kommunekode: kommune(101),
        myndighed_cvr: Cvr::parse(b"64942212").unwrap(),
        fagsystem: fagsystem("BIBLIO"),
        dannet: now(),
        miljoe: Miljoe::Test,
    }
}

pub(crate) fn registrering(number: u128, konto: u128, operation: Operation) -> Debitorregistrering {
    Debitorregistrering {
        registrering_id: RegistreringId(Uuid::from_u128(number)),
        fagsystem: fagsystem("BIBLIO"),
        kommunekode: kommune(101),
        debitorkonto_id: DebitorkontoId(Uuid::from_u128(konto)),
        registreret: now(),
        virkningsdato: day("2026-11-02"),
        retter: None,
        operation,
    }
}

fn klasse(text: &str) -> Klasse {
    Klasse::parse(text).unwrap()
}

fn text<const N: usize>(text: &str) -> Tekst<N> {
    Tekst::parse(text).unwrap()
}

pub(crate) fn person() -> Part {
    Part::Cpr(crate::samples::cpr("0101901234"))
}

pub(crate) fn company() -> Part {
    Part::Cvr(Cvr::parse(b"64942212").unwrap())
}

/// With claims of two parts each, D1 and D2, of as many øre.
pub(crate) fn opret(fordringer: &[(&str, i64, i64)]) -> Operation {
    let (rolle, gyldig_fra) = (Rolle::JuridiskAnsvarlig, day("2026-11-01"));
    Operation::OpretDebitorkonto(Debitorkonto {
        debitorkontotype: klasse("BIBLIOTEK"),
        betegnelse: Some(text("Ærø")),
        haeftelser: vec![
            Haeftelse { rolle, part: person(), gyldig_fra, gyldig_til: None },
            Haeftelse {
                rolle: Rolle::Administrator,
                part: company(),
                gyldig_fra,
                gyldig_til: Some(day("2027-11-01")),
            },
        ],
        adresser: vec![Adresse {
            rolle,
            part: person(),
            gyldig_fra,
            gyldig_til: None,
            vej: text("Ågade 1"),
            postnummer: text("8000"),
            by: text("Aarhus C"),
            land: text("DK"),
        }],
        materialeabonnementer: vec![Materialeabonnement {
            rolle,
            part: person(),
            materialetype: klasse("RYKKER"),
            gyldig_fra,
            gyldig_til: None,
        }],
        fordringer: fordringer.iter().map(|(id, d1, d2)| fordring(id, *d1, *d2)).collect(),
    })
}

fn fordring(id: &str, d1: i64, d2: i64) -> Fordring {
    let part = |id: &str, oere| Delfordring {
        delfordring_id: DelfordringId::parse(id).unwrap(),
        delfordringstype: klasse("GEBYR"),
        beloeb: Beloeb::from_oere(oere),
    };
    Fordring {
        fordring_id: FordringId::parse(id).unwrap(),
        kravtype: klasse("BOEDE"),
        hovedstol: Beloeb::from_oere(d1 + d2),
        periode_fra: day("2026-10-01"),
        periode_til: day("2026-10-31"),
        forfaldsdato: day("2026-12-01"),
        fordringstilstand: Fordringstilstand::KanInddrives,
        delfordringer: vec![part("D1", d1), part("D2", d2)],
    }
}

pub(crate) fn indbetaling(number: u128, fordring: &str, part: &str, oere: i64) -> Indbetaling {
    Indbetaling {
        indbetaling_id: IndbetalingId(Uuid::from_u128(number)),
        fordring_id: FordringId::parse(fordring).unwrap(),
        delfordring_id: DelfordringId::parse(part).unwrap(),
        beloeb: Beloeb::from_oere(oere),
        indbetalingsdato: day("2026-11-15"),
        tilbagefoerer: None,
    }
}

pub(crate) fn betaling(number: u128, fordring: &str, part: &str, oere: i64) -> Operation {
    Operation::ForetagIndbetaling(indbetaling(number, fordring, part, oere))
}

/// A registration with its sekvens, and the rule it breaks by itself.
pub(crate) type Row = (u32, Debitorregistrering, Option<Regel>);

/// What became of a transfer.
pub(crate) struct Taken {
    pub(crate) bogfoert: Bogfoert,
    pub(crate) known: Known,
    pub(crate) answers: Vec<Option<Afvisning>>,
}

/// Takes a transfer in under a name of its own.
pub(crate) fn take_in(store: &mut dyn Store, head: &Overfoersel, rows: &[Row]) -> Taken {
    try_take_in(store, head, rows).unwrap()
}

fn try_take_in(
    store: &mut dyn Store,
    head: &Overfoersel,
    rows: &[Row],
) -> Result<Taken, StoreError> {
    let name = head.overfoersel_id.to_string();
    let inbound = fetched(store, &format!("{name}.txt"));
    let kvittering = Kvittering {
        kvittering_id: KvitteringId(Uuid::from_u128(head.overfoersel_id.0.as_u128() << 64)),
        overfoersel_id: head.overfoersel_id,
        kommunekode: head.kommunekode,
        fagsystem: head.fagsystem.clone(),
        dannet: now(),
        miljoe: Miljoe::Test,
    };
    let place = place("biblio", &format!("{name}.kvit"));
    let Received::New(mut intake) = store.receive(head)? else { panic!("{name} is known") };
    let mut answers = Vec::new();
    for (sekvens, registrering, brud) in rows {
        answers.push(intake.put(*sekvens, registrering, *brud)?);
    }
    let order = KvitteringOrder { inbound: &inbound, kvittering: &kvittering, place: &place };
    let (bogfoert, known) = intake.finish(&order, now())?;
    Ok(Taken { bogfoert, known, answers })
}

pub(crate) fn svar(store: &dyn Store, id: OverfoerselId) -> Vec<Registreringssvar> {
    let mut all = Vec::new();
    store
        .each_registreringssvar(id, &mut |svar| {
            all.push(svar);
            Ok(())
        })
        .unwrap();
    all
}

pub(crate) fn restancer(store: &dyn Store) -> Vec<Restance> {
    let mut all = Vec::new();
    store
        .each_restance(&mut |restance| {
            all.push(restance);
            Ok(())
        })
        .unwrap();
    all
}

fn oere(store: &dyn Store) -> Vec<i64> {
    restancer(store).iter().map(|one| one.restance.oere()).collect()
}

fn codes(answers: &[Option<Afvisning>]) -> Vec<&'static str> {
    answers.iter().map(|one| one.as_ref().map_or("0000", |no| no.aarsag.code())).collect()
}

pub(crate) fn a_transfer_is_entered_and_answered(bench: &dyn Bench) {
    let mut store = bench.open();
    let head = overfoersel(1);
    let rows = [
        (1, registrering(1, 10, opret(&[("F1", 200, 100)])), None),
        (2, registrering(2, 10, betaling(20, "F1", "D1", 50)), None),
        (3, registrering(3, 10, betaling(21, "F1", "D1", 151)), None),
        (3, registrering(4, 10, betaling(20, "F1", "D2", 1)), Some(Regel::Beloeb)),
        (1, registrering(5, 11, opret(&[("F1", 1, 1)])), None),
    ];
    let taken = take_in(&mut *store, &head, &rows);
    assert_eq!(codes(&taken.answers), ["0000", "0000", "1007", "1099", "1002"]);
    let Bogfoert { antal_accepteret, antal_afvist, .. } = taken.bogfoert;
    assert_eq!((antal_accepteret, antal_afvist), (2, 3));
    assert_eq!(taken.known.inbound.state, State::Accepted);
    assert_eq!(taken.known.inbound.kommunekode, Some(kommune(101)));
    assert_eq!(taken.known.outbound.state, State::Queued);
    let store = bench.open();
    let answers: Vec<_> = svar(&*store, head.overfoersel_id)
        .into_iter()
        .map(|svar| (svar.registrering_id.0.as_u128(), svar.afvisning))
        .collect();
    assert_eq!(answers, (1..=5).zip(taken.answers.clone()).collect::<Vec<_>>());
    let overpaid = taken.answers[2].as_ref().unwrap();
    assert_eq!(overpaid.restance, Some(Beloeb::from_oere(250)), "the claim's, not the part's");
    assert_eq!(overpaid.tekst.as_ref().unwrap().as_str(), "Delfordringen har 1,50 kr. tilbage");
    let committed = store.bogfoert(taken.known.outbound.id).unwrap().unwrap();
    assert_eq!(committed, taken.bogfoert);
    assert_eq!(store.bogfoert(taken.known.inbound.id).unwrap(), None);
    let first = restancer(&*store).remove(0);
    let expected = Restance {
        kommunekode: kommune(101),
        fagsystem: fagsystem("BIBLIO"),
        debitorkonto_id: DebitorkontoId(Uuid::from_u128(10)),
        fordring_id: FordringId::parse("F1").unwrap(),
        delfordring_id: DelfordringId::parse("D1").unwrap(),
        hovedstol: Beloeb::from_oere(200),
        nedreguleret: Beloeb::NUL,
        daekket: Beloeb::from_oere(50),
        restance: Beloeb::from_oere(150),
    };
    assert_eq!(first, expected);
    assert_eq!(store.verify_ledger().unwrap().findings, [""; 0]);
}

pub(crate) fn the_same_registration_again_gets_its_first_answer(bench: &dyn Bench) {
    let mut store = bench.open();
    let open = registrering(1, 10, opret(&[("F1", 200, 100)]));
    let too_much = registrering(2, 10, betaling(20, "F1", "D1", 201));
    let pay = registrering(3, 10, betaling(20, "F1", "D1", 200));
    let other = Debitorregistrering { virkningsdato: day("2026-11-03"), ..pay.clone() };
    let rows = [
        (1, open.clone(), None),
        (2, too_much.clone(), None),
        (2, pay.clone(), None),
        // In the same transfer, whatever its sekvens.
        (9, pay.clone(), None),
    ];
    let first = take_in(&mut *store, &overfoersel(1), &rows);
    assert_eq!(codes(&first.answers), ["0000", "1007", "0000", "0000"]);
    // And in another, where the restance has changed since.
    let rows = [
        (3, other, None),
        (2, too_much, None),
        (2, pay.clone(), Some(Regel::Klasse)),
        (1, open, None),
    ];
    let again = take_in(&mut *store, &overfoersel(2), &rows);
    assert_eq!(codes(&again.answers), ["1099", "1007", "0000", "0000"]);
    assert_eq!(again.answers[1], first.answers[1]);
    let tekst = again.answers[0].as_ref().unwrap().tekst.as_ref().unwrap().as_str();
    assert_eq!(tekst, "Registreringen er brugt før med et andet indhold");
    // The one that stood first stays.
    let again = take_in(&mut *store, &overfoersel(3), &[(2, pay, None)]);
    assert_eq!(codes(&again.answers), ["0000"]);
    assert_eq!(oere(&*store), [0, 100]);
    assert_eq!(store.verify_ledger().unwrap().findings, [""; 0]);
}

pub(crate) fn a_dropped_transfer_has_not_happened(bench: &dyn Bench) {
    let mut store = bench.open();
    let open = registrering(1, 10, opret(&[("F1", 200, 100)]));
    let Received::New(mut intake) = store.receive(&overfoersel(1)).unwrap() else { panic!() };
    assert_eq!(intake.put(1, &open, None).unwrap(), None);
    drop(intake);
    assert_eq!(restancer(&*store), []);
    let taken = take_in(&mut *store, &overfoersel(1), &[(1, open, None)]);
    assert_eq!(codes(&taken.answers), ["0000"]);
}

pub(crate) fn a_known_transfer_is_recognised_and_owed_again(bench: &dyn Bench) {
    let mut store = bench.open();
    let head = overfoersel(1);
    let open = registrering(1, 10, opret(&[("F1", 200, 100)]));
    let taken = take_in(&mut *store, &head, &[(1, open, None)]);
    let Received::Known(known) = store.receive(&head).unwrap() else { panic!("it is known") };
    assert_eq!(
        (known.inbound.id, known.outbound.id),
        (taken.known.inbound.id, taken.known.outbound.id)
    );
    // Still owed; then delivered, and owed anew.
    let again = fetched(&mut *store, "again.txt");
    let known = store.receive_again(&again, &head, now()).unwrap();
    assert_eq!((known.inbound.id, known.inbound.state), (again.id, State::Recognised));
    assert_eq!((known.outbound.id, known.outbound.state), (taken.known.outbound.id, State::Queued));
    for event in [Event::Render, Event::Publish] {
        let owed = store.transfer(known.outbound.id).unwrap().unwrap();
        let step = Step { payload: Some(crate::samples::payload(7)), ..Step::plain(event) };
        store.advance(&owed, &step, now()).unwrap();
    }
    let third = fetched(&mut *store, "third.txt");
    let known = store.receive_again(&third, &head, now()).unwrap();
    assert_eq!(known.outbound.state, State::Queued);
    assert_eq!(svar(&*store, head.overfoersel_id).len(), 1);
}

pub(crate) fn only_a_fetched_transfer_is_entered(bench: &dyn Bench) {
    let mut store = bench.open();
    let (node, since) = (crate::samples::node(&mut *store), store.newest_event().unwrap());
    let inbound = store.see(&seen("a.txt", since), node, now()).unwrap().unwrap();
    let (head, place) = (overfoersel(1), place("biblio", "a.kvit"));
    let kvittering = Kvittering {
        kvittering_id: KvitteringId(Uuid::from_u128(7)),
        overfoersel_id: head.overfoersel_id,
        kommunekode: head.kommunekode,
        fagsystem: head.fagsystem.clone(),
        dannet: now(),
        miljoe: Miljoe::Test,
    };
    let order = KvitteringOrder { inbound: &inbound, kvittering: &kvittering, place: &place };
    let Received::New(mut intake) = store.receive(&head).unwrap() else { panic!() };
    intake.put(1, &registrering(1, 10, opret(&[])), None).unwrap();
    let error = intake.finish(&order, now()).unwrap_err();
    assert!(matches!(error, StoreError::Impossible(_)), "{error}");
    assert!(matches!(store.receive(&head).unwrap(), Received::New(_)));
    let prod = Overfoersel { miljoe: Miljoe::Prod, ..head };
    let error = store.receive(&prod).err().unwrap();
    assert!(matches!(error, StoreError::WrongMiljoe { .. }), "{error}");
}

pub(crate) fn what_ends_and_what_waits_is_entered(bench: &dyn Bench) {
    let mut store = bench.open();
    let afslut = |kode, rolle, part, slutdato: &str, materialetype: Option<&str>| {
        let slutdato = day(slutdato);
        let materialetype = materialetype.map(klasse);
        Operation::afslut(kode, Afslutning { rolle, part, materialetype, slutdato }).unwrap()
    };
    let ansvarlig = Rolle::JuridiskAnsvarlig;
    let adresse = Operationskode::AfslutGaeldendeAdresseJuridiskAnsvarlig;
    let breve = Operationskode::AfslutMaterialeabonnementJuridiskAnsvarlig;
    let operations = [
        (1, opret(&[("F1", 200, 100)]), "0000"),
        (2, afslut(adresse, ansvarlig, company(), "2026-12-31", None), "1009"),
        (2, afslut(adresse, ansvarlig, person(), "2026-10-31", None), "1006"),
        (2, afslut(adresse, ansvarlig, person(), "2026-12-31", None), "0000"),
        (3, afslut(adresse, ansvarlig, person(), "2026-12-31", None), "1009"),
        (3, afslut(adresse, ansvarlig, person(), "2026-12-30", None), "0000"),
        (4, afslut(breve, ansvarlig, person(), "2026-12-31", Some("BREV")), "1009"),
        (4, afslut(breve, ansvarlig, person(), "2026-12-31", Some("RYKKER")), "0000"),
        (5, afslut(breve, ansvarlig, person(), "2027-01-31", Some("RYKKER")), "1009"),
        (
            5,
            afslut(Operationskode::AfslutHaeftelse, ansvarlig, person(), "2026-12-31", None),
            "0000",
        ),
        (
            6,
            afslut(
                Operationskode::AfslutAdministrator,
                Rolle::Administrator,
                company(),
                "2026-12-31",
                None,
            ),
            "0000",
        ),
        (
            7,
            Operation::RetFordringTilstand(Tilstandsrettelse {
                fordring_id: FordringId::parse("F1").unwrap(),
                fordringstilstand: Fordringstilstand::AfventerInddrivelse,
            }),
            "0000",
        ),
        (8, Operation::ForetagIndbetalingNedregulering(indbetaling(30, "F1", "D2", 100)), "0000"),
    ];
    let rows: Vec<Row> = (1..)
        .zip(&operations)
        .map(|(number, (sekvens, operation, _))| {
            (*sekvens, registrering(number, 10, operation.clone()), None)
        })
        .collect();
    let taken = take_in(&mut *store, &overfoersel(1), &rows);
    assert_eq!(codes(&taken.answers), operations.map(|(.., code)| code));
    assert_eq!(oere(&*store), [200, 0]);
}
