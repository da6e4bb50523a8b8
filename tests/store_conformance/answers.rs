//! Requests, the expectations they mark, and the answers rendered from them.

use crate::Bench;
use crate::samples::{
    aftale, all, answer, at, cpr, day, fetched, fordring, forespoergsel, import, kommune, now,
    place, problem, transaktioner,
};
use modregn::domain::aftale::{Aftale, Aftalestatus};
use modregn::domain::hold_rule::HoldRules;
use modregn::domain::{
    Beloeb, Forespoergsel, Miljoe, Prioritet, Svar, Transaktion, Udbetalingsperiode,
};
use modregn::fault::{Class, Code};
use modregn::store::ImportMode::{Replace, Upsert};
use modregn::store::{Answer, AnswerOrder, Step, Store, StoreError, Transfer, TransferFilter};
use modregn::transfer::state::{Direction, Event, State};

fn newly(answer: Answer) -> (Svar, Transfer, Transfer) {
    match answer {
        Answer::New { svar, inbound, outbound } => (svar, inbound, outbound),
        other => panic!("{other:?}"),
    }
}

fn ids(store: &dyn Store, request: &Forespoergsel) -> Vec<String> {
    let rows = transaktioner(store, request.forespoergsel_id);
    rows.iter().map(|row| row.aftale_id.to_string()).collect()
}

fn transaktion(loebenummer: u32, aftale: Aftale) -> Transaktion {
    Transaktion {
        loebenummer,
        aftale_id: aftale.aftale_id,
        cpr: aftale.cpr,
        beloeb: aftale.beloeb,
        ydelsestype: aftale.ydelsestype,
        gyldig_fra: aftale.gyldig_fra,
        gyldig_til: aftale.gyldig_til,
        prioritet: aftale.prioritet,
        fordring_id: aftale.fordring_id,
    }
}

pub(crate) fn marks_what_is_active_and_nothing_else(bench: &dyn Bench) {
    let mut store = bench.open();
    let row = |id: &str, change: &dyn Fn(&mut Aftale)| {
        let mut row = aftale(id);
        change(&mut row);
        row
    };
    let aftaler = [
        row("first day", &|a| a.gyldig_fra = day("2026-12-01")),
        row("not yet", &|a| a.gyldig_fra = day("2026-12-02")),
        row("last day", &|a| a.gyldig_til = Some(day("2026-12-01"))),
        row("over", &|a| a.gyldig_til = Some(day("2026-11-30"))),
        row("one day", &|a| {
            (a.gyldig_fra, a.gyldig_til) = (day("2026-12-01"), Some(day("2026-12-01")));
        }),
        row("suspenderet", &|a| a.status = Aftalestatus::Suspenderet),
        row("ophoert", &|a| a.status = Aftalestatus::Ophoert),
        row("elsewhere", &|a| a.kommunekode = kommune(147)),
        row("with claim", &|a| a.fordring_id = Some(fordring("F-1"))),
        row("nothing owed", &|a| a.beloeb = Beloeb::NUL),
    ];
    import(&mut *store, Upsert, &aftaler);

    let request = forespoergsel(101, 1);
    let (svar, inbound, outbound) = newly(answer(&mut *store, &request, "req"));
    let marked = ["first day", "last day", "nothing owed", "one day", "with claim"];
    assert_eq!(ids(&*store, &request), marked);
    assert_eq!(svar.forespoergsel, request);
    assert_eq!(svar.dannet, at("2026-11-21T06:30:15Z"));
    assert_eq!((svar.antal_transaktioner, svar.sum_beloeb), (5, Beloeb::from_oere(4 * 160_300)));
    assert_eq!(store.svar(request.forespoergsel_id).unwrap(), Some(svar));

    let about = (Some(request.kommunekode), Some(request.forespoergsel_id));
    for (transfer, state) in [(&inbound, State::Accepted), (&outbound, State::Queued)] {
        assert_eq!(transfer.state, state);
        assert_eq!((transfer.kommunekode, transfer.forespoergsel_id), about);
        assert_eq!(store.transfer(transfer.id).unwrap().as_ref(), Some(transfer));
    }
    assert_eq!(outbound.direction, Direction::Outbound);
    assert_eq!(outbound.place, place("ky-out", "req.svar"));
    assert_eq!(outbound.flow, inbound.flow);
    let first = &store.events(outbound.id).unwrap()[0];
    assert_eq!((first.event, first.state), (None, State::Queued));
}

pub(crate) fn transactions_come_in_order_without_gaps(bench: &dyn Bench) {
    let mut store = bench.open();
    let row = |id: &str, person: &str, prioritet| {
        let mut row = aftale(id);
        row.cpr = cpr(person);
        row.prioritet = Prioritet::new(prioritet).unwrap();
        row
    };
    let sorted = [
        row("z", "0101901234", 1),
        row("Z", "0101901234", 2),
        row("a", "0101901234", 2),
        row("Å", "0101901234", 2),
        row("Æ", "0101901234", 2),
        row("Ø", "0101901234", 2),
        row("æ", "0101901234", 2),
        row("0", "0101901234", 10),
        row("1", "0101901235", 1),
        row("2", "3112000000", 1),
    ];
    // In several imports, and the last one first: the order is the answer's, not the imports'.
    for one in sorted.iter().rev() {
        import(&mut *store, Upsert, std::slice::from_ref(one));
    }
    let request = forespoergsel(101, 1);
    newly(answer(&mut *store, &request, "req"));
    let wanted: Vec<_> =
        sorted.into_iter().zip(1..).map(|(aftale, n)| transaktion(n, aftale)).collect();
    assert_eq!(transaktioner(&*store, request.forespoergsel_id), wanted);
}

pub(crate) fn a_municipality_without_agreements_gets_an_empty_answer(bench: &dyn Bench) {
    let mut store = bench.open();
    let request = forespoergsel(101, 1);
    let (svar, ..) = newly(answer(&mut *store, &request, "req"));
    assert_eq!((svar.antal_transaktioner, svar.sum_beloeb), (0, Beloeb::NUL));
    assert_eq!(transaktioner(&*store, request.forespoergsel_id), []);
    assert_eq!(store.svar(forespoergsel(101, 2).forespoergsel_id).unwrap(), None);
}

pub(crate) fn the_same_request_again_changes_nothing_and_is_owed_again(bench: &dyn Bench) {
    let mut store = bench.open();
    import(&mut *store, Upsert, &["A-1", "A-2"].map(aftale));
    let request = forespoergsel(101, 1);
    let (svar, _, outbound) = newly(answer(&mut *store, &request, "req"));
    let before = transaktioner(&*store, request.forespoergsel_id);

    // Still owed: nothing to do for the answer. Published: owed once more.
    let published = [Event::Render, Event::Publish];
    for (name, steps) in [("still owed", &published[..0]), ("published", &published[..])] {
        let mut transfer = store.transfer(outbound.id).unwrap().unwrap();
        for event in steps {
            let payload = Some(crate::samples::payload(9));
            let step = Step { payload, ..Step::plain(*event) };
            transfer = store.advance(&transfer, &step, now()).unwrap();
        }
        match answer(&mut *store, &request, name) {
            Answer::Again { svar: again, inbound, outbound: owed } => {
                assert_eq!(again, svar);
                assert_eq!(inbound.state, State::Recognised);
                assert_eq!((owed.id, owed.state), (outbound.id, State::Queued), "{name}");
                assert_eq!(owed.payload, transfer.payload, "{name}");
                assert_eq!(store.transfer(outbound.id).unwrap(), Some(owed));
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    assert_eq!(transaktioner(&*store, request.forespoergsel_id), before);
    assert_eq!(store.transfers(&TransferFilter::default()).unwrap().len(), 4);
}

pub(crate) fn another_request_under_a_known_id_changes_nothing(bench: &dyn Bench) {
    let mut store = bench.open();
    import(&mut *store, Upsert, &[aftale("A-1")]);
    let request = forespoergsel(101, 1);
    let (svar, first, outbound) = newly(answer(&mut *store, &request, "req"));
    let others: [fn(&mut Forespoergsel); 4] = [
        |r| r.kommunekode = kommune(147),
        |r| r.forespoergselsdato = day("2026-11-20"),
        |r| r.dispositionsdato = day("2026-12-02"),
        |r| r.udbetalingsperiode = Udbetalingsperiode::new(2026, 11).unwrap(),
    ];
    for (number, change) in others.into_iter().enumerate() {
        let mut other = request;
        change(&mut other);
        let name = format!("other {number}");
        assert_eq!(answer(&mut *store, &other, &name), Answer::Conflict { earlier: first.id });
        let place = crate::samples::place("ky", &name);
        let all = store.transfers(&TransferFilter::default()).unwrap();
        let inbound = all.iter().find(|transfer| transfer.place == place).unwrap();
        assert_eq!((inbound.state, inbound.forespoergsel_id), (State::Fetched, None));
    }
    assert_eq!(store.svar(request.forespoergsel_id).unwrap(), Some(svar));
    assert_eq!(store.transfer(outbound.id).unwrap(), Some(outbound));
}

pub(crate) fn an_answer_stays_what_it_was_whatever_is_imported(bench: &dyn Bench) {
    let mut store = bench.open();
    import(&mut *store, Upsert, &["A-1", "A-2", "A-3"].map(aftale));
    let request = forespoergsel(101, 1);
    newly(answer(&mut *store, &request, "req"));
    let before = transaktioner(&*store, request.forespoergsel_id);

    let mut changed = aftale("A-2");
    changed.beloeb = Beloeb::from_oere(5);
    import(&mut *store, Replace, &[changed, aftale("A-4")]);
    assert_eq!(transaktioner(&*store, request.forespoergsel_id), before);

    let later = forespoergsel(101, 2);
    let (svar, ..) = newly(answer(&mut *store, &later, "later"));
    assert_eq!(ids(&*store, &later), ["A-2", "A-4"]);
    assert_eq!(svar.sum_beloeb, Beloeb::from_oere(160_305));
}

pub(crate) fn requests_do_not_mix(bench: &dyn Bench) {
    let mut store = bench.open();
    let mut elsewhere = aftale("B-1");
    elsewhere.kommunekode = kommune(851);
    import(&mut *store, Upsert, &[aftale("A-1"), aftale("A-2"), elsewhere]);
    let requests = [(101, 1), (851, 2), (147, 3), (101, 4)].map(|(k, n)| forespoergsel(k, n));
    for (request, name) in requests.iter().zip(["a", "b", "c", "d"]) {
        newly(answer(&mut *store, request, name));
    }
    let wanted: [&[&str]; 4] = [&["A-1", "A-2"], &["B-1"], &[], &["A-1", "A-2"]];
    for (request, wanted) in requests.iter().zip(wanted) {
        assert_eq!(ids(&*store, request), wanted);
        let rows = transaktioner(&*store, request.forespoergsel_id);
        assert!(rows.iter().zip(1..).all(|(row, n)| row.loebenummer == n));
    }
}

pub(crate) fn preview_commits_nothing(bench: &dyn Bench) {
    let mut store = bench.open();
    import(&mut *store, Upsert, &["A-1", "A-2"].map(aftale));
    let request = forespoergsel(101, 1);
    let mut rows = Vec::new();
    let head = store
        .preview(&request, now(), &mut |row| {
            rows.push(row);
            Ok(())
        })
        .unwrap();
    assert_eq!(store.svar(request.forespoergsel_id).unwrap(), None);
    assert_eq!(store.transfers(&TransferFilter::default()).unwrap(), []);
    let (svar, ..) = newly(answer(&mut *store, &request, "req"));
    assert_eq!(head, svar);
    assert_eq!(rows, transaktioner(&*store, request.forespoergsel_id));
}

pub(crate) fn the_other_miljoe_is_refused(bench: &dyn Bench) {
    let mut store = bench.open();
    assert_eq!(store.miljoe(), Miljoe::Test);
    let request = Forespoergsel { miljoe: Miljoe::Prod, ..forespoergsel(101, 1) };
    let inbound = fetched(&mut *store, "req");
    let place = place("ky-out", "svar");
    let order = AnswerOrder {
        inbound: &inbound,
        request: &request,
        place: &place,
        hold_rules: &HoldRules::default(),
        missed: None,
    };
    let refused = store.answer(&order, now()).unwrap_err();
    assert!(matches!(refused, StoreError::WrongMiljoe { .. }), "{refused}");
    let refused = store.preview(&request, now(), &mut |_| Ok(())).unwrap_err();
    assert!(matches!(refused, StoreError::WrongMiljoe { .. }), "{refused}");
    assert_eq!(store.transfer(inbound.id).unwrap(), Some(inbound));
}

pub(crate) fn only_a_fetched_file_is_answered(bench: &dyn Bench) {
    let mut store = bench.open();
    let request = forespoergsel(101, 1);
    let inbound = fetched(&mut *store, "req");
    let place = place("ky-out", "svar");
    let order = AnswerOrder {
        inbound: &inbound,
        request: &request,
        place: &place,
        hold_rules: &HoldRules::default(),
        missed: None,
    };
    newly(store.answer(&order, now()).unwrap());
    // The same work once more, by a worker that did not see the first one's.
    let moved = store.answer(&order, now()).unwrap_err();
    assert!(matches!(moved, StoreError::Moved { expected: State::Fetched, .. }), "{moved}");
    let other = forespoergsel(101, 2);
    let order = AnswerOrder { request: &other, ..order };
    let moved = store.answer(&order, now()).unwrap_err();
    assert!(matches!(moved, StoreError::Moved { .. }), "{moved}");
    assert_eq!(store.svar(other.forespoergsel_id).unwrap(), None);
    assert_eq!(store.transfers(&TransferFilter::default()).unwrap().len(), 2);
}

pub(crate) fn a_visitor_can_stop_the_stream(bench: &dyn Bench) {
    let mut store = bench.open();
    import(&mut *store, Upsert, &["A-1", "A-2", "A-3"].map(aftale));
    let request = forespoergsel(101, 1);
    newly(answer(&mut *store, &request, "req"));
    let mut count = 0;
    let mut stop = || {
        count += 1;
        if count % 2 == 0 { Err(StoreError::Visitor("enough".into())) } else { Ok(()) }
    };
    for stopped in [
        store.each_transaktion(request.forespoergsel_id, &mut |_| stop()),
        store.each_aftale(&mut |_| stop()),
        store.preview(&request, now(), &mut |_| stop()).map(|_| ()),
    ] {
        assert!(matches!(stopped, Err(StoreError::Visitor(_))), "{stopped:?}");
    }
    assert_eq!(count, 6);
    assert_eq!(all(&*store).len(), 3);
}

pub(crate) fn an_answer_survives_a_kill(bench: &dyn Bench) {
    let request = forespoergsel(101, 1);
    let mut store = bench.open();
    import(&mut *store, Upsert, &["A-1", "A-2"].map(aftale));
    let (svar, inbound, outbound) = newly(answer(&mut *store, &request, "req"));
    let rows = transaktioner(&*store, request.forespoergsel_id);
    // Never closed: what a killed process leaves behind.
    std::mem::forget(store);

    let store = bench.open();
    assert_eq!(store.svar(request.forespoergsel_id).unwrap(), Some(svar));
    assert_eq!(transaktioner(&*store, request.forespoergsel_id), rows);
    for transfer in [inbound, outbound] {
        assert_eq!(store.transfer(transfer.id).unwrap(), Some(transfer));
    }
}

pub(crate) fn a_rule_holds_an_answer_before_anything_is_marked(bench: &dyn Bench) {
    let mut store = bench.open();
    import(&mut *store, Upsert, &[aftale("A-1"), aftale("A-2"), aftale("A-3")]);
    newly(answer(&mut *store, &forespoergsel(101, 1), "january"));
    let gone = import(&mut *store, Replace, &[aftale("A-1")]);
    assert_eq!(gone.removed, 2);
    let rules = toml::from_str::<Rules>("hold = [{ deviation_percent = 50 }]").unwrap().hold;
    let sizes = store.recent_sizes(kommune(101), 9).unwrap();
    assert_eq!(sizes.iter().map(|size| size.antal).collect::<Vec<_>>(), [3]);

    let inbound = fetched(&mut *store, "february");
    let request = forespoergsel(101, 2);
    let place = place("ky-out", "february.svar");
    let order = |inbound| AnswerOrder {
        inbound,
        request: &request,
        place: &place,
        hold_rules: &rules,
        missed: None,
    };
    let held = store.answer(&order(&inbound), now()).unwrap();
    let Answer::Held { why } = held else { panic!("{held:?}") };
    assert!(why.contains("more than 50 % off"), "{why}");
    assert_eq!(store.svar(request.forespoergsel_id).unwrap(), None);
    assert_eq!(store.transfer(inbound.id).unwrap(), Some(inbound.clone()), "nothing moved");

    let problem = Some(problem(Class::Operator, Code::HeldByRule));
    let inbound =
        store.advance(&inbound, &Step { problem, ..Step::plain(Event::Hold) }, now()).unwrap();
    let inbound = store.advance(&inbound, &Step::plain(Event::Release), now()).unwrap();
    let (svar, ..) = newly(store.answer(&order(&inbound), now()).unwrap());
    assert_eq!(svar.antal_transaktioner, 1);
    assert_eq!(store.recent_sizes(kommune(101), 1).unwrap()[0].antal, 1);
    assert_eq!(store.recent_sizes(kommune(147), 9).unwrap(), []);
}

#[derive(serde::Deserialize)]
struct Rules {
    hold: HoldRules,
}

pub(crate) fn a_cancelled_answer_is_owed_again_only_when_released(bench: &dyn Bench) {
    let mut store = bench.open();
    import(&mut *store, Upsert, &[aftale("A-1")]);
    let request = forespoergsel(101, 1);
    let (svar, _, outbound) = newly(answer(&mut *store, &request, "a"));
    let cancelled = store.advance(&outbound, &Step::plain(Event::Cancel), now()).unwrap();
    let again = answer(&mut *store, &request, "b");
    assert_eq!(again, Answer::Cancelled { outbound: outbound.id });
    assert_eq!(store.transfer(outbound.id).unwrap(), Some(cancelled));

    let inbound = fetched(&mut *store, "c");
    let problem = Some(problem(Class::Operator, Code::AnswerCancelled));
    let inbound =
        store.advance(&inbound, &Step { problem, ..Step::plain(Event::Hold) }, now()).unwrap();
    let inbound = store.advance(&inbound, &Step::plain(Event::Release), now()).unwrap();
    let place = place("ky-out", "b.svar");
    let order = AnswerOrder {
        inbound: &inbound,
        request: &request,
        place: &place,
        hold_rules: &HoldRules::default(),
        missed: None,
    };
    let again = store.answer(&order, now()).unwrap();
    let Answer::Again { svar: the_same, outbound: owed, .. } = again else { panic!("{again:?}") };
    assert_eq!((the_same, owed.id, owed.state), (svar, outbound.id, State::Queued));
}

pub(crate) fn an_agreements_path_is_told(bench: &dyn Bench) {
    let mut store = bench.open();
    import(&mut *store, Upsert, &[aftale("A-1"), aftale("A-2")]);
    newly(answer(&mut *store, &forespoergsel(101, 1), "january"));
    let changed = Aftale { beloeb: Beloeb::from_oere(7), ..aftale("A-2") };
    import(&mut *store, Upsert, std::slice::from_ref(&changed));
    let (_, _, outbound) = newly(answer(&mut *store, &forespoergsel(101, 2), "february"));
    let id = changed.aftale_id.clone();
    let versions = store.aftale_versions(&id).unwrap();
    let told: Vec<_> = versions.iter().map(|v| (&v.aftale, v.from, v.to)).collect();
    assert_eq!(told, [(&aftale("A-2"), now(), Some(now())), (&changed, now(), None)]);
    let markings = store.markings(&id).unwrap();
    let told: Vec<_> = markings.iter().map(|m| (m.forespoergsel_id, m.beloeb)).collect();
    let requests = [forespoergsel(101, 1), forespoergsel(101, 2)].map(|r| r.forespoergsel_id);
    assert_eq!(told, [(requests[0], aftale("A-2").beloeb), (requests[1], changed.beloeb)]);
    assert_eq!((markings[1].loebenummer, markings[1].outbound), (2, outbound.id));
    assert_eq!(store.aftale_versions(&aftale("A-9").aftale_id).unwrap(), []);
    assert_eq!(store.markings(&aftale("A-9").aftale_id).unwrap(), []);
}
