//! The registrations that we send: entered, cut into transfers, answered.

use crate::Bench;
use crate::samples::{at, day, fetched, kommune, now, place};
use modregn::domain::debitor::{
    Afvisning, Afvisningsaarsag, DebitorkontoId, Debitorregistrering, Indbetaling, IndbetalingId,
    Kvittering, KvitteringId, Operation, Overfoersel, OverfoerselId, Overfoerselstype,
    RegistreringId, Registreringssvar, Rute,
};
use modregn::domain::{Beloeb, Cvr, Debitorsystem, DelfordringId, Fagsystem, FordringId, Miljoe};
use modregn::store::EntryFaultKind::{
    AnotherKonto, Known, NoRute, RetterNotRejected, RetterUnknown, Twice,
};
use modregn::store::Tilstand::{
    Accepteret, AfventerKvittering, Afvist, IOverfoersel, Modtaget, Rettet,
};
use modregn::store::{
    Answered, AnswersOrder, By, CutOrder, CutTransfer, Entered, EntryFault, EntrySummary,
    Kvitteret, Payload, RegistreringFilter, RejectedPage, RejectedQuery, Stand, Step, Store,
    Tilstand, Transfer,
};
use modregn::transfer::state::{Event, State};
use uuid::Uuid;

pub(crate) fn id(number: u128) -> RegistreringId {
    RegistreringId(Uuid::from_u128(0x1000 + number))
}

pub(crate) fn fagsystem() -> Fagsystem {
    Fagsystem::parse("KY-DEBITOR").unwrap()
}

/// A payment on one konto of København.
pub(crate) fn registrering(number: u128, konto: u128) -> Debitorregistrering {
    Debitorregistrering {
        registrering_id: id(number),
        fagsystem: fagsystem(),
        kommunekode: kommune(101),
        debitorkonto_id: DebitorkontoId(Uuid::from_u128(konto)),
        registreret: at("2026-11-20T10:00:00Z"),
        virkningsdato: day("2026-12-01"),
        retter: None,
        operation: Operation::ForetagIndbetaling(Indbetaling {
            indbetaling_id: IndbetalingId(Uuid::from_u128(0x7000 + number)),
            fordring_id: FordringId::parse("F-1").unwrap(),
            delfordring_id: DelfordringId::parse("D-1").unwrap(),
            beloeb: Beloeb::from_oere(100),
            indbetalingsdato: day("2026-12-01"),
            tilbagefoerer: None,
        }),
    }
}

pub(crate) fn correction(number: u128, konto: u128, of: u128) -> Debitorregistrering {
    Debitorregistrering { retter: Some(id(of)), ..registrering(number, konto) }
}

pub(crate) fn with_route(store: &mut dyn Store) {
    let rute = Rute {
        kommunekode: kommune(101),
        myndighed_cvr: Cvr::parse(b"64942212").unwrap(),
        debitorsystem: Debitorsystem::parse("OPUS").unwrap(),
        endpoint: "opus".to_owned(),
        overfoerselstype: Overfoerselstype::Plain,
        gyldig_fra: day("2026-01-01"),
        gyldig_til: None,
    };
    store.set_ruter(&[rute]).unwrap();
}

/// Enters them, or gives what is wrong with them.
pub(crate) fn enter(
    store: &mut dyn Store,
    all: &[Debitorregistrering],
) -> Result<EntrySummary, Vec<EntryFault>> {
    let mut entry = store.enter(now()).unwrap();
    for (registrering, line) in all.iter().zip(1..) {
        entry.put(&Entered { line, registrering, poster: 2 }).unwrap();
    }
    let faults = entry.check(100).unwrap();
    if faults.is_empty() { Ok(entry.finish(&mut |_| {}).unwrap()) } else { Err(faults) }
}

/// Cuts a transfer of at most so many.
pub(crate) fn cut(store: &mut dyn Store, number: u128, most: u32) -> Option<CutTransfer> {
    let overfoersel = Overfoersel {
        overfoersel_id: OverfoerselId(Uuid::from_u128(0x9000 + number)),
        kommunekode: kommune(101),
        myndighed_cvr: Cvr::parse(b"64942212").unwrap(),
        fagsystem: fagsystem(),
        dannet: at("2026-11-21T06:30:15Z"),
        miljoe: Miljoe::Test,
    };
    let order = CutOrder {
        overfoersel: &overfoersel,
        debitorsystem: &Debitorsystem::parse("OPUS").unwrap(),
        flow: "sf1590-fagsystem",
        place: &place("opus", &format!("{number}.txt")),
        registreringer: most,
        poster: 1000,
    };
    store.cut(&order, now()).unwrap()
}

/// What a transfer holds: number, sekvens.
pub(crate) fn sent(store: &dyn Store, cut: &CutTransfer) -> Vec<(RegistreringId, u32)> {
    let mut sent = Vec::new();
    store
        .each_sent(cut.overfoersel.overfoersel_id, &mut |(sekvens, registrering)| {
            sent.push((registrering.registrering_id, sekvens));
            Ok(())
        })
        .unwrap();
    sent
}

/// The file of a transfer, by its number.
pub(crate) fn file(store: &dyn Store, number: u128) -> Transfer {
    let all = store.transfers(&modregn::store::TransferFilter::default()).unwrap();
    all.into_iter().find(|file| file.place.name == format!("{number}.txt")).unwrap()
}

pub(crate) fn deliver(store: &mut dyn Store, number: u128) {
    let payload = Some(Payload { size: 1, sha256: [7; 32] });
    let render = Step { payload, ..Step::plain(Event::Render) };
    let rendered = store.advance(&file(store, number), &render, now()).unwrap();
    store.advance(&rendered, &Step::plain(Event::Publish), now()).unwrap();
}

pub(crate) fn svar(number: u128, aarsag: Option<Afvisningsaarsag>) -> Registreringssvar {
    let afvisning = aarsag.map(|aarsag| Afvisning { aarsag, tekst: None, restance: None });
    Registreringssvar { registrering_id: id(number), afvisning }
}

/// Answers a transfer by a kvittering of this number.
pub(crate) fn answer(
    store: &mut dyn Store,
    (kvittering, transfer): (u128, u128),
    svar: &[Registreringssvar],
) -> Answered {
    let inbound = fetched(store, &format!("k{kvittering}-{}.txt", Uuid::now_v7()));
    let kvittering = Kvittering {
        kvittering_id: KvitteringId(Uuid::from_u128(0x5000 + kvittering)),
        overfoersel_id: OverfoerselId(Uuid::from_u128(0x9000 + transfer)),
        kommunekode: kommune(101),
        fagsystem: fagsystem(),
        dannet: at("2026-11-22T06:30:15Z"),
        miljoe: Miljoe::Test,
    };
    let mut answers = store.take_answers().unwrap();
    for one in svar {
        answers.put(one).unwrap();
    }
    let order = AnswersOrder { inbound: &inbound, kvittering: &kvittering };
    answers.settle(&order, now()).unwrap()
}

/// Accepted, rejected, repeated, contradicting, unknown, missing.
fn counts(answered: &Answered) -> [u32; 6] {
    let Answered::New(settled) = answered else { panic!("{answered:?}") };
    let Kvitteret { accepteret, afvist, gentaget, modsagt, ukendt, mangler, .. } = settled.0;
    [accepteret, afvist, gentaget, modsagt, ukendt, mangler]
}

pub(crate) fn stands(store: &dyn Store) -> Vec<Stand> {
    let mut all = store.registreringer(&RegistreringFilter::default()).unwrap();
    all.reverse();
    all
}

fn tilstande(store: &dyn Store) -> Vec<Tilstand> {
    stands(store).into_iter().map(|stand| stand.tilstand).collect()
}

fn by() -> By {
    By { who: "case worker".to_owned(), why: "entered twice".to_owned() }
}

const REJECTED: Option<Afvisningsaarsag> = Some(Afvisningsaarsag::OverRestance);

pub(crate) fn one_of_a_konto_leaves_at_a_time(bench: &dyn Bench) {
    let mut store = bench.open();
    let store = &mut *store;
    with_route(store);
    let all = [registrering(1, 1), registrering(2, 1), registrering(3, 2), registrering(4, 1)];
    assert_eq!(enter(store, &all), Ok(EntrySummary { new: 4, unchanged: 0 }));
    assert_eq!(enter(store, &all), Ok(EntrySummary { new: 0, unchanged: 4 }));
    let waiting = store.waiting().unwrap();
    assert_eq!((waiting.len(), waiting[0].antal, waiting[0].poster), (1, 2, 4));
    let first = cut(store, 1, 10).unwrap();
    assert_eq!(sent(store, &first), [(id(1), 1), (id(3), 1)]);
    assert_eq!((first.antal_registreringer, first.antal_poster), (2, 4));
    assert_eq!(first.sum_betalt, Beloeb::from_oere(200));
    assert_eq!(cut(store, 2, 10), None);
    assert_eq!(store.cut_transfer(file(store, 1).id).unwrap(), Some(first));
    assert_eq!(tilstande(store), [IOverfoersel, Modtaget, IOverfoersel, Modtaget]);
    deliver(store, 1);
    assert_eq!(tilstande(store)[0], AfventerKvittering);
    let unanswered = store.unanswered().unwrap();
    assert_eq!((unanswered[0].antal, unanswered[0].besvaret), (2, 0));
    let answered = answer(store, (1, 1), &[svar(1, None)]);
    assert_eq!(counts(&answered), [1, 0, 0, 0, 0, 1]);
    assert_eq!(store.unanswered().unwrap()[0].besvaret, 1);
    let second = cut(store, 2, 10).unwrap();
    assert_eq!(sent(store, &second), [(id(2), 2)]);
    assert_eq!(tilstande(store)[..2], [Accepteret, IOverfoersel]);
}

pub(crate) fn a_rejected_one_keeps_the_later_ones_back(bench: &dyn Bench) {
    let mut store = bench.open();
    let store = &mut *store;
    with_route(store);
    enter(store, &[registrering(1, 1), registrering(2, 1), registrering(3, 1)]).unwrap();
    cut(store, 1, 10).unwrap();
    deliver(store, 1);
    assert_eq!(counts(&answer(store, (1, 1), &[svar(1, REJECTED)])), [0, 1, 0, 0, 0, 0]);
    assert_eq!(cut(store, 2, 10), None);
    let sag = store.registrering(id(2)).unwrap().unwrap();
    assert_eq!((sag.stand.waits, sag.waits_for), (true, Some(id(1))));
    // Corrected: the correction goes first, with the number that the rejected one had.
    enter(store, &[correction(4, 1, 1)]).unwrap();
    let second = cut(store, 2, 10).unwrap();
    assert_eq!(sent(store, &second), [(id(4), 1)]);
    deliver(store, 2);
    let sag = store.registrering(id(1)).unwrap().unwrap();
    assert_eq!((sag.stand.tilstand, sag.rettet_af), (Rettet, Some(id(4))));
    // The correction is rejected too, and given up: the next one has that number.
    answer(store, (2, 2), &[svar(4, REJECTED)]);
    assert_eq!(store.annul(id(4), &by(), now()).unwrap(), Some(Afvist));
    assert_eq!(store.annul(id(4), &by(), now()).unwrap(), None);
    let sag = store.registrering(id(4)).unwrap().unwrap();
    assert_eq!(sag.annulleret.unwrap().1, by());
    let third = cut(store, 3, 10).unwrap();
    assert_eq!(sent(store, &third), [(id(2), 1)]);
    // One that has not left can be given up, one that has cannot.
    assert_eq!(store.annul(id(2), &by(), now()).unwrap(), None);
    assert_eq!(store.annul(id(3), &by(), now()).unwrap(), Some(Modtaget));
}

pub(crate) fn answers_that_were_given_change_nothing(bench: &dyn Bench) {
    let mut store = bench.open();
    let store = &mut *store;
    with_route(store);
    enter(store, &[registrering(1, 1), registrering(2, 2), registrering(3, 3)]).unwrap();
    cut(store, 1, 2).unwrap();
    deliver(store, 1);
    let answered = answer(store, (1, 1), &[svar(1, None), svar(2, REJECTED), svar(2, REJECTED)]);
    assert_eq!(counts(&answered), [1, 1, 1, 0, 0, 0]);
    assert!(store.unanswered().unwrap().is_empty());
    assert!(matches!(answer(store, (1, 1), &[svar(1, None)]), Answered::Known(_)));
    // Again, otherwise, of another transfer, of nobody.
    let all = [svar(1, None), svar(2, None), svar(3, None), svar(99, REJECTED)];
    let answered = answer(store, (2, 1), &all);
    assert_eq!(counts(&answered), [0, 0, 1, 1, 2, 0]);
    let Answered::New(settled) = answered else { unreachable!() };
    assert!(settled.1.problem.is_some(), "an operator must see it");
    assert_eq!(tilstande(store), [Accepteret, Afvist, Modtaget]);
    let afvigelser = store.registrering(id(2)).unwrap().unwrap().afvigelser;
    assert_eq!((afvigelser.len(), afvigelser[0].aarsag), (1, None));
    let deviating = store.deviating(now()).unwrap();
    assert_eq!((deviating.len(), deviating[0].modsagt, deviating[0].ukendt), (1, 1, 2));
    assert!(matches!(answer(store, (3, 8), &[]), Answered::Unknown));
    assert_eq!(counts(&answer(store, (4, 1), &[])), [0; 6]);
}

pub(crate) fn a_cancelled_transfer_gives_its_registrations_back(bench: &dyn Bench) {
    let mut store = bench.open();
    let store = &mut *store;
    with_route(store);
    enter(store, &[registrering(1, 1), registrering(2, 2), registrering(3, 1)]).unwrap();
    cut(store, 1, 10).unwrap();
    assert_eq!(store.give_back(now()).unwrap(), 0);
    let queued = file(store, 1);
    store.advance(&queued, &Step { by: Some(by()), ..Step::plain(Event::Cancel) }, now()).unwrap();
    assert_eq!(store.give_back(now()).unwrap(), 2);
    assert_eq!(store.give_back(now()).unwrap(), 0);
    let again = cut(store, 2, 10).unwrap();
    assert_eq!(sent(store, &again), [(id(1), 1), (id(2), 1)]);
    let left = store.registrering(id(1)).unwrap().unwrap().sent;
    let states: Vec<_> = left.iter().map(|sent| sent.state).collect();
    assert_eq!(states, [State::Cancelled, State::Queued]);
    // The first one had left after all: its answer is as good.
    assert_eq!(counts(&answer(store, (1, 1), &[svar(1, None)]))[0], 1);
    assert_eq!(tilstande(store)[0], Accepteret);
}

pub(crate) fn what_is_wrong_together_is_told(bench: &dyn Bench) {
    let mut store = bench.open();
    let store = &mut *store;
    with_route(store);
    enter(store, &[registrering(1, 1), registrering(2, 2)]).unwrap();
    cut(store, 1, 1).unwrap();
    deliver(store, 1);
    answer(store, (1, 1), &[svar(1, REJECTED)]);
    let mut elsewhere = registrering(3, 1);
    elsewhere.kommunekode = kommune(147);
    let other = |number, konto| {
        let mut other = registrering(number, konto);
        other.virkningsdato = day("2026-12-02");
        other
    };
    let all = [
        registrering(4, 4),
        other(4, 4),
        other(2, 2),
        elsewhere,
        correction(5, 1, 77),
        correction(6, 2, 2),
        correction(7, 1, 1),
        correction(8, 1, 1),
        correction(9, 3, 1),
    ];
    let fault = |line, what| EntryFault { line, what };
    assert_eq!(
        enter(store, &all).unwrap_err(),
        [
            fault(2, Twice(1)),
            fault(3, Known),
            fault(4, AnotherKonto),
            fault(4, NoRute),
            fault(5, RetterUnknown),
            fault(6, RetterNotRejected),
            fault(8, RetterNotRejected),
            fault(9, RetterUnknown),
            fault(9, RetterNotRejected),
        ]
    );
    assert_eq!(stands(store).len(), 2, "none was taken");
    // Others are not kept from writing by one who has not finished.
    let mut other = bench.open();
    let mut entry = store.enter(now()).unwrap();
    let one = registrering(10, 10);
    entry.put(&Entered { line: 1, registrering: &one, poster: 2 }).unwrap();
    assert!(entry.check(10).unwrap().is_empty());
    enter(&mut *other, &[registrering(11, 11)]).unwrap();
    drop(entry);
    assert_eq!(stands(store).len(), 3);
}

pub(crate) fn figures_say_where_they_stand(bench: &dyn Bench) {
    let mut store = bench.open();
    let store = &mut *store;
    with_route(store);
    let all: Vec<_> = (1..=6).map(|number| registrering(number, number)).collect();
    enter(store, &all).unwrap();
    cut(store, 1, 3).unwrap();
    cut(store, 2, 1).unwrap();
    deliver(store, 1);
    answer(store, (1, 1), &[svar(1, None), svar(2, REJECTED)]);
    let standing: Vec<_> =
        store.standing().unwrap().iter().map(|one| (one.tilstand, one.antal)).collect();
    let mut expected =
        [(Accepteret, 1), (AfventerKvittering, 1), (Afvist, 1), (IOverfoersel, 1), (Modtaget, 2)];
    expected.sort_by_key(|(tilstand, _)| tilstand.word());
    assert_eq!(standing, expected);
    let rejections = store.rejections().unwrap();
    let rejected = (rejections[0].aarsag, rejections[0].antal);
    assert_eq!((rejections.len(), rejected), (1, (Afvisningsaarsag::OverRestance, 1)));
    let filter = |filter: RegistreringFilter| store.registreringer(&filter).unwrap().len();
    let tilstande = |tilstand| RegistreringFilter {
        tilstande: vec![tilstand],
        ..RegistreringFilter::default()
    };
    assert_eq!(filter(tilstande(AfventerKvittering)), 1);
    assert_eq!(filter(tilstande(Afvist)), 1);
    assert_eq!(filter(RegistreringFilter { limit: Some(4), ..RegistreringFilter::default() }), 4);
    let konto = Some(DebitorkontoId(Uuid::from_u128(3)));
    assert_eq!(filter(RegistreringFilter { debitorkonto_id: konto, ..Default::default() }), 1);
    let aarsag = REJECTED;
    assert_eq!(filter(RegistreringFilter { aarsag, ..Default::default() }), 1);
}

pub(crate) fn rejected_ones_come_in_pages(bench: &dyn Bench) {
    let mut store = bench.open();
    with_route(&mut *store);
    let query = RejectedQuery { limit: 3, ..RejectedQuery::default() };
    assert_eq!(store.rejected(&query).unwrap(), RejectedPage::default());
    // Every third one is rejected, every other one of those for another reason.
    let reason = |number: u128| match (number % 3, number % 2) {
        (0, 0) => Some(Afvisningsaarsag::Datoer),
        (0, _) => Some(Afvisningsaarsag::KontoUkendt),
        _ => None,
    };
    let all: Vec<_> = (1..=21).map(|number| registrering(number, number)).collect();
    enter(&mut *store, &all).unwrap();
    cut(&mut *store, 1, 100).unwrap();
    deliver(&mut *store, 1);
    let svar: Vec<_> = (1..=21).map(|number| svar(number, reason(number))).collect();
    answer(&mut *store, (1, 1), &svar);

    let pages = |mut query: RejectedQuery| {
        let mut pages = Vec::new();
        loop {
            let page = store.rejected(&query).unwrap();
            assert!(page.found.len() <= query.limit);
            assert!(page.found.iter().all(|stand| stand.tilstand == Afvist));
            pages.push(page.found.iter().map(|stand| stand.registrering_id).collect::<Vec<_>>());
            let Some(next) = page.next else { return pages };
            query.before = Some(next);
        }
    };
    let ids = |numbers: &[u128]| numbers.iter().map(|number| id(*number)).collect::<Vec<_>>();
    assert_eq!(pages(query), [ids(&[21, 18, 15]), ids(&[12, 9, 6]), ids(&[3])]);
    let whole = RejectedQuery { limit: 7, ..query };
    assert_eq!(pages(whole), [ids(&[21, 18, 15, 12, 9, 6, 3])], "no empty page at the end");
    let dates = RejectedQuery { aarsag: Some(Afvisningsaarsag::Datoer), limit: 2, ..query };
    assert_eq!(pages(dates).concat(), ids(&[18, 12, 6]));
    let here = RejectedQuery { kommunekode: Some(kommune(101)), ..query };
    assert_eq!(pages(here).concat().len(), 7);
    let elsewhere = RejectedQuery { kommunekode: Some(kommune(851)), ..query };
    assert_eq!(pages(elsewhere), [ids(&[])]);
    let unknown = RejectedQuery { before: Some(id(999)), ..query };
    assert_eq!(pages(unknown), [ids(&[])]);
}
