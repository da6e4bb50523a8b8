//! Payout reports: what they settle, what is in their way, and what the figures say of it.

use crate::Bench;
use crate::samples::{
    aftale, answer, at, cpr, day, fetched, forespoergsel, import, kommune, now, place,
};
use modregn::domain::{
    Aarsag, Afstemning, Aftale, AftaleId, Beloeb, Forespoergsel, Indberetning, Miljoe, Objection,
    Rettelse, Tal, Udbetaling, Udfald,
};
use modregn::store::{
    AfstemningFilter, ImportMode, Indberettet, Indlaest, Linje, MatchBy, Matched, Ready,
    SettleOrder, Settled, Store,
};
use modregn::transfer::state::{Direction, State};
use std::collections::BTreeMap;
use uuid::Uuid;

pub(crate) fn oere(oere: i64) -> Beloeb {
    Beloeb::from_oere(oere)
}

/// A report that follows a request.
pub(crate) fn udbetaling(request: &Forespoergsel, number: u128) -> Udbetaling {
    Udbetaling {
        kommunekode: request.kommunekode,
        udbetaling_id: Uuid::from_u128(0xdeb << 64 | number),
        dispositionsdato: request.dispositionsdato,
        udbetalingsperiode: request.udbetalingsperiode,
        miljoe: Miljoe::Test,
        forespoergsel_id: Some(request.forespoergsel_id),
    }
}

/// What was withheld of the sample person's payout.
pub(crate) fn row(loebenummer: u32, aftale_id: &str, amount: i64) -> Indberetning {
    Indberetning {
        loebenummer,
        aftale_id: AftaleId::parse(aftale_id).unwrap(),
        cpr: cpr("0101901234"),
        tilbageholdt_beloeb: oere(amount),
        udbetalingsdato: day("2026-12-01"),
        aarsag: if amount == 0 { Aarsag::IngenUdbetaling } else { Aarsag::Fuld },
    }
}

pub(crate) fn rows(of: &[(&str, i64)]) -> Vec<Indberetning> {
    (1..).zip(of).map(|(nr, (id, amount))| row(nr, id, *amount)).collect()
}

/// How a report is taken.
#[derive(Clone, Copy)]
pub(crate) struct How {
    pub(crate) by: MatchBy,
    pub(crate) rettelse: Rettelse,
}

pub(crate) const USUAL: How = How { by: MatchBy::Request, rettelse: Rettelse::Erstatter };

/// Takes a report in, without the records that are objected to; what else is in its way.
pub(crate) fn settle(
    store: &mut dyn Store,
    head: &Udbetaling,
    rows: &[Indberetning],
    how: How,
) -> Result<Settled, Matched> {
    let inbound = fetched(store, &head.udbetaling_id.to_string());
    let mut intake = store.take_in().unwrap();
    for row in rows {
        intake.put(row).unwrap();
    }
    let ready = match intake.match_up(head, how.by, 100).unwrap() {
        Matched::Ready(ready) => ready,
        other => return Err(other),
    };
    let place = place("ky-out", &head.udbetaling_id.to_string());
    let order = SettleOrder {
        inbound: &inbound,
        udbetaling: head,
        rettelse: how.rettelse,
        afvist: ready.refused,
        rapport: (ready.refused > 0).then_some((&place, "some are refused")),
    };
    Ok(intake.settle(&order, now()).unwrap())
}

pub(crate) fn settled(store: &mut dyn Store, head: &Udbetaling, of: &[(&str, i64)]) -> Indlaest {
    settle(store, head, &rows(of), USUAL).unwrap().indlaest
}

pub(crate) fn figures(store: &dyn Store) -> Afstemning {
    let mut sum = Afstemning::default();
    for one in store.afstemning(&AfstemningFilter::default()).unwrap().values() {
        assert!(one.balances(), "{one:?}");
        sum += *one;
    }
    sum
}

pub(crate) fn linjer(store: &dyn Store) -> Vec<Linje> {
    let mut all = Vec::new();
    store
        .each_linje(&AfstemningFilter::default(), &mut |line| {
            all.push(line);
            Ok(())
        })
        .unwrap();
    all
}

/// The outcome of each agreement, by its id.
fn outcomes(store: &dyn Store) -> BTreeMap<String, (Option<Udfald>, Option<i64>)> {
    let outcome = |line: Linje| {
        let reported = line.rapporteret.map(|reported| reported.beloeb.oere());
        (line.aftale_id.to_string(), (line.forventet.map(|it| it.udfald), reported))
    };
    linjer(store).into_iter().map(outcome).collect()
}

/// Agreements of 1,000 øre each, asked for.
fn asked(store: &mut dyn Store, ids: &[&str]) -> Forespoergsel {
    let aftaler: Vec<_> =
        ids.iter().map(|id| Aftale { beloeb: oere(1000), ..aftale(id) }).collect();
    import(store, ImportMode::Upsert, &aftaler);
    let request = forespoergsel(101, 1);
    answer(store, &request, "req");
    request
}

pub(crate) fn every_expectation_gets_its_outcome(bench: &dyn Bench) {
    let mut store = bench.open();
    let ids = ["full", "part", "none", "over", "back", "mixed", "silent"];
    let request = asked(&mut *store, &ids);
    let head = udbetaling(&request, 1);
    let reported = [
        ("full", 1000),
        ("part", 400),
        ("none", 0),
        ("over", 1500),
        ("back", -300),
        ("mixed", 1000),
        ("mixed", -100),
        ("stranger", 700),
    ];
    let mut reported = rows(&reported);
    reported[6].aarsag = Aarsag::IngenUdbetaling;
    let settled = settle(&mut *store, &head, &reported, USUAL).unwrap();
    assert_eq!(settled.inbound.state, State::Accepted);
    assert_eq!(settled.inbound.about(), Some((&head).into()));
    assert_eq!(settled.inbound.problem, None);
    assert_eq!(settled.outbound, None);
    let Indlaest { antal, sum, uventede, afvist, udfald, .. } = settled.indlaest;
    assert_eq!((antal, sum, uventede, afvist), (8, oere(4200), 1, 0));
    let counted = [
        (Udfald::Fuld, 1),
        (Udfald::Delvis, 2),
        (Udfald::Ingen, 1),
        (Udfald::Tilbagefoert, 1),
        (Udfald::Over, 1),
    ];
    assert_eq!(udfald, counted);
    let expected = [
        ("back", Some(Udfald::Tilbagefoert), Some(-300)),
        ("full", Some(Udfald::Fuld), Some(1000)),
        ("mixed", Some(Udfald::Delvis), Some(900)),
        ("none", Some(Udfald::Ingen), Some(0)),
        ("over", Some(Udfald::Over), Some(1500)),
        ("part", Some(Udfald::Delvis), Some(400)),
        ("silent", Some(Udfald::Aaben), None),
        ("stranger", None, Some(700)),
    ];
    let expected = expected.map(|(id, udfald, reported)| (id.to_owned(), (udfald, reported)));
    assert_eq!(outcomes(&*store), BTreeMap::from(expected));
    let mixed = linjer(&*store).into_iter().find(|line| line.aftale_id.as_str() == "mixed");
    let last_word = mixed.unwrap().rapporteret.unwrap().aarsag;
    assert_eq!(last_word, Aarsag::IngenUdbetaling, "of the later record");
    let sum = figures(&*store);
    assert_eq!(sum.forventet(), Tal { antal: 7, beloeb: oere(7000) });
    assert_eq!(sum.modtaget(), Tal { antal: 6, beloeb: oere(3500) });
    assert_eq!(sum.uventet, Tal { antal: 1, beloeb: oere(700) });
    assert_eq!(sum.mangler(), oere(600 + 100 + 1000 + 1300 + 1000));
}

pub(crate) fn the_same_report_again_is_known(bench: &dyn Bench) {
    let mut store = bench.open();
    let request = asked(&mut *store, &["a"]);
    let head = udbetaling(&request, 1);
    let first = settle(&mut *store, &head, &rows(&[("a", 1000)]), USUAL).unwrap();
    assert_eq!(store.brought_by(head.udbetaling_id).unwrap(), Some(first.inbound.clone()));
    let before = linjer(&*store);
    let again = settle(&mut *store, &head, &rows(&[("a", 1)]), USUAL).unwrap_err();
    assert_eq!(again, Matched::Known(Box::new(first.inbound)));
    assert_eq!(linjer(&*store), before);
    assert_eq!(store.brought_by(Uuid::nil()).unwrap(), None);
}

pub(crate) fn corrections_are_applied_in_order(bench: &dyn Bench) {
    let table: [(&str, Rettelse, &[&[i64]], i64); 8] = [
        ("a new amount takes the old one's place", Rettelse::Erstatter, &[&[1000], &[800]], 800),
        ("what is taken back is subtracted", Rettelse::Erstatter, &[&[1000], &[-300]], 700),
        ("taken back and withheld anew", Rettelse::Erstatter, &[&[1000], &[-1000, 800]], 800),
        ("back to nothing", Rettelse::Erstatter, &[&[1000], &[0]], 0),
        ("three in a row", Rettelse::Erstatter, &[&[1000], &[-300], &[900]], 900),
        ("amounts are added", Rettelse::LaeggerTil, &[&[300], &[700]], 1000),
        ("and subtracted", Rettelse::LaeggerTil, &[&[300], &[-100], &[700]], 900),
        ("nothing adds nothing", Rettelse::LaeggerTil, &[&[300], &[0]], 300),
    ];
    for (number, (what, rettelse, reports, left)) in (1..).zip(table) {
        let mut store = bench.open();
        // Every case has an agreement, and something unexpected, of its own in the one store.
        let (known, strange) = (format!("known {number}"), format!("strange {number}"));
        import(&mut *store, ImportMode::Upsert, &[aftale(&known)]);
        let request = forespoergsel(101, number);
        answer(&mut *store, &request, &format!("req {number}"));
        for (at, amounts) in (1..).zip(reports) {
            let amounts = amounts.iter();
            let both = amounts.flat_map(|amount| [(known.as_str(), *amount), (&strange, *amount)]);
            let both: Vec<_> = both.collect();
            let head = udbetaling(&request, number * 100 + at);
            let how = How { rettelse, ..USUAL };
            settle(&mut *store, &head, &rows(&both), how).unwrap();
        }
        let found: Vec<_> = linjer(&*store)
            .into_iter()
            .filter(|line| [&known, &strange].contains(&&line.aftale_id.to_string()))
            .filter_map(|line| line.rapporteret)
            .map(|reported| (reported.beloeb, reported.antal as usize))
            .collect();
        assert_eq!(found, [(oere(left), reports.len()); 2], "{what}");
    }
}

pub(crate) fn a_report_finds_its_expectations(bench: &dyn Bench) {
    let mut store = bench.open();
    let request = asked(&mut *store, &["a"]);
    // A second payout in the same month, and the same one asked for once more.
    let early = Forespoergsel { dispositionsdato: day("2026-12-15"), ..forespoergsel(101, 2) };
    let again = forespoergsel(101, 3);
    let elsewhere = forespoergsel(147, 4);
    for (name, other) in [("early", &early), ("again", &again), ("elsewhere", &elsewhere)] {
        answer(&mut *store, other, name);
    }
    let unnamed = |of: &Forespoergsel, number| Udbetaling {
        forespoergsel_id: None,
        ..udbetaling(of, number)
    };
    let marked = |store: &dyn Store| -> Vec<_> {
        let reported = linjer(store).into_iter().filter(|line| line.rapporteret.is_some());
        reported.filter_map(|line| line.forventet.map(|it| it.forespoergsel_id)).collect()
    };
    settled(&mut *store, &unnamed(&early, 1), &[("a", 1)]);
    assert_eq!(marked(&*store), [early.forespoergsel_id], "its own payout first");
    settled(&mut *store, &unnamed(&request, 2), &[("a", 1)]);
    assert_eq!(marked(&*store), [early.forespoergsel_id, again.forespoergsel_id], "the newest");
    settled(&mut *store, &udbetaling(&request, 3), &[("a", 1)]);
    assert_eq!(marked(&*store).len(), 3, "the one that is named");

    let unknown = udbetaling(&forespoergsel(101, 99), 4);
    let id = unknown.forespoergsel_id.unwrap();
    let refused = settle(&mut *store, &unknown, &rows(&[("a", 1)]), USUAL).unwrap_err();
    assert_eq!(refused, Matched::RequestUnknown(id));
    for other in [
        Udbetaling { kommunekode: kommune(147), ..udbetaling(&request, 5) },
        Udbetaling { dispositionsdato: day("2026-12-15"), ..udbetaling(&request, 6) },
        Udbetaling { udbetalingsperiode: "202611".parse_periode(), ..udbetaling(&request, 7) },
    ] {
        let refused = settle(&mut *store, &other, &rows(&[("a", 1)]), USUAL).unwrap_err();
        assert_eq!(refused, Matched::RequestDiffers(request.forespoergsel_id));
    }
    // By the period whatever it names; the agreement is another municipality's.
    let how = How { by: MatchBy::Period, ..USUAL };
    let lost = Udbetaling { forespoergsel_id: Some(id), ..udbetaling(&elsewhere, 8) };
    let taken = settle(&mut *store, &lost, &rows(&[("a", 1)]), how).unwrap();
    assert_eq!(taken.indlaest.uventede, 1);
}

trait ParsePeriode {
    fn parse_periode(&self) -> modregn::domain::Udbetalingsperiode;
}

impl ParsePeriode for str {
    fn parse_periode(&self) -> modregn::domain::Udbetalingsperiode {
        modregn::domain::Udbetalingsperiode::parse(self.as_bytes()).unwrap()
    }
}

pub(crate) fn what_is_objected_to_is_left_out(bench: &dyn Bench) {
    let mut store = bench.open();
    let request = asked(&mut *store, &["a", "b", "c"]);
    import(&mut *store, ImportMode::Upsert, &[Aftale { kommunekode: kommune(147), ..aftale("d") }]);
    let other = cpr("0202901234");
    let mut reported =
        rows(&[("a", 1), ("b", 2), ("b", 3), ("b", -1), ("c", 4), ("d", 5), ("e", 6)]);
    for at in [0, 5, 6] {
        // "e" is nobody's agreement: there is nothing to compare.
        reported[at].cpr = other;
    }
    reported.push(Indberetning { udbetalingsdato: day("2026-12-02"), ..row(8, "b", 7) });
    let mut intake = store.take_in().unwrap();
    for row in &reported {
        intake.put(row).unwrap();
    }
    let matched = intake.match_up(&udbetaling(&request, 1), MatchBy::Request, 3).unwrap();
    let objections = [(1, Objection::AnotherCpr), (2, Objection::Twice), (3, Objection::Twice)];
    let ready = Ready {
        antal: 4,
        sum: oere(-1 + 4 + 6 + 7),
        uventede: 1,
        refused: 4,
        objections: BTreeMap::from(objections),
    };
    assert_eq!(matched, Matched::Ready(ready));
    drop(intake);
    assert!(linjer(&*store).iter().all(|line| line.rapporteret.is_none()), "dropped");

    let head = udbetaling(&request, 1);
    let settled = settle(&mut *store, &head, &reported, USUAL).unwrap();
    assert_eq!((settled.indlaest.antal, settled.indlaest.afvist), (4, 4));
    assert!(settled.inbound.problem.is_some());
    let outbound = settled.outbound.unwrap();
    assert_eq!((outbound.direction, outbound.state), (Direction::Outbound, State::Queued));
    assert_eq!(store.rapport(outbound.id).unwrap().as_deref(), Some("some are refused"));
    assert_eq!(store.rapport(settled.inbound.id).unwrap(), None);
    assert_eq!(outcomes(&*store)["b"], (Some(Udfald::Delvis), Some(6)));
    assert_eq!(outcomes(&*store)["a"], (Some(Udfald::Aaben), None));
    // The refused record comes again, corrected, in a report of its own.
    crate::settle::settled(&mut *store, &udbetaling(&request, 2), &[("a", 1000)]);
    assert_eq!(outcomes(&*store)["a"], (Some(Udfald::Fuld), Some(1000)));
}

pub(crate) fn what_stays_out_is_noted_once_and_settled_late(bench: &dyn Bench) {
    let mut store = bench.open();
    let request = asked(&mut *store, &["a", "b"]);
    let payout = request.dispositionsdato;
    assert_eq!(store.awaited_payouts().unwrap(), [payout]);
    settled(&mut *store, &udbetaling(&request, 1), &[("a", 1000)]);
    let due = at("2026-12-08T11:00:00Z");
    let stayed_out = store.note_udeblevne(payout, due).unwrap();
    assert_eq!(stayed_out.len(), 1);
    assert_eq!((stayed_out[0].antal, stayed_out[0].sum_beloeb), (1, oere(1000)));
    assert_eq!(stayed_out[0].forespoergsel_id, request.forespoergsel_id);
    assert_eq!(stayed_out[0].at, due);
    assert_eq!(store.udeblevne(payout).unwrap(), stayed_out);
    assert_eq!(outcomes(&*store)["b"], (Some(Udfald::Udeblevet), None));
    assert!(store.awaited_payouts().unwrap().is_empty());
    assert!(store.note_udeblevne(payout, at("2026-12-09T11:00:00Z")).unwrap().is_empty());
    settled(&mut *store, &udbetaling(&request, 2), &[("b", 1000)]);
    assert_eq!(outcomes(&*store)["b"], (Some(Udfald::Fuld), Some(1000)));
    // A request answered after the deadline has one of its own.
    let late = forespoergsel(101, 9);
    answer(&mut *store, &late, "late");
    let stayed_out = store.note_udeblevne(payout, at("2026-12-10T11:00:00Z")).unwrap();
    assert_eq!(stayed_out.len(), 1);
    assert_eq!(stayed_out[0].forespoergsel_id, late.forespoergsel_id);
    assert_eq!(store.udeblevne(payout).unwrap().len(), 2);
    assert_eq!(store.udeblevne(day("2026-12-15")).unwrap(), []);
}

pub(crate) fn figures_are_filtered(bench: &dyn Bench) {
    let mut store = bench.open();
    let request = asked(&mut *store, &["a"]);
    let early = Forespoergsel { dispositionsdato: day("2026-12-15"), ..forespoergsel(101, 2) };
    answer(&mut *store, &early, "early");
    settled(&mut *store, &udbetaling(&request, 1), &[("x", 5)]);
    let count = |filter: AfstemningFilter| {
        let found = store.afstemning(&filter).unwrap();
        let sum = found.values().map(|one| one.forventet().antal).sum::<u64>();
        (sum, found.values().map(|one| one.uventet.antal).sum::<u64>())
    };
    let all = AfstemningFilter::default();
    let table = [
        (all, (2, 1)),
        (AfstemningFilter { periode: Some(request.udbetalingsperiode), ..all }, (2, 1)),
        (AfstemningFilter { periode: Some("202611".parse_periode()), ..all }, (0, 0)),
        (AfstemningFilter { kommunekode: Some(kommune(147)), ..all }, (0, 0)),
        (AfstemningFilter { dispositionsdato: Some(early.dispositionsdato), ..all }, (1, 0)),
    ];
    for (filter, counts) in table {
        assert_eq!(count(filter), counts, "{filter:?}");
    }
}

pub(crate) fn only_a_fetched_report_is_applied(bench: &dyn Bench) {
    let mut store = bench.open();
    let request = asked(&mut *store, &["a"]);
    let head = udbetaling(&request, 1);
    let first = settle(&mut *store, &head, &rows(&[("a", 1000)]), USUAL).unwrap();
    let next = udbetaling(&request, 2);
    let mut intake = store.take_in().unwrap();
    intake.put(&row(1, "a", 1)).unwrap();
    assert!(matches!(intake.match_up(&next, MatchBy::Request, 1), Ok(Matched::Ready(_))));
    let order = SettleOrder {
        inbound: &first.inbound,
        udbetaling: &next,
        rettelse: Rettelse::Erstatter,
        afvist: 0,
        rapport: None,
    };
    assert!(intake.settle(&order, now()).is_err());
    assert_eq!(outcomes(&*store)["a"], (Some(Udfald::Fuld), Some(1000)));
    assert_eq!(store.brought_by(next.udbetaling_id).unwrap(), None);
}

pub(crate) fn what_was_reported_of_an_agreement_is_told(bench: &dyn Bench) {
    let mut store = bench.open();
    let request = asked(&mut *store, &["a", "b"]);
    // Requests without transactions, before and after.
    for (name, number) in [("empty", 8), ("empty too", 9)] {
        answer(&mut *store, &forespoergsel(147, number), name);
    }
    let reports: [&[(&str, i64)]; 2] = [&[("b", 1), ("a", 1000)], &[("a", -400), ("x", 5)]];
    for (number, of) in (1..).zip(reports) {
        settled(&mut *store, &udbetaling(&request, number), of);
    }
    let told = |id: &str| -> Vec<_> {
        let all = store.indberettet(&AftaleId::parse(id).unwrap()).unwrap();
        let short = |one: &Indberettet| (one.loebenummer, one.beloeb, one.forespoergsel_id);
        all.iter().map(short).collect()
    };
    let id = Some(request.forespoergsel_id);
    assert_eq!(told("a"), [(2, oere(1000), id), (1, oere(-400), id)]);
    assert_eq!(told("x"), [(2, oere(5), None)]);
    assert_eq!(told("nothing"), []);
}
