//! One payout as a whole: whose requests and reports there are, and which files stand in the way.

use crate::Bench;
use crate::samples::{
    aftale, answer, at, cpr, day, fetched, forespoergsel, import, kommune, now, problem,
};
use chrono::{DateTime, Utc};
use modregn::domain::{
    About, Afstemning, AftaleId, Beloeb, Forespoergsel, Indberetning, Miljoe, Rettelse, Udbetaling,
    Udfald,
};
use modregn::fault::{Class, Code};
use modregn::store::{
    AppliedRequest, By, ImportMode, MatchBy, Matched, Payout, PayoutMark, PayoutQuery, SettleOrder,
    Step, Store, Transfer,
};
use modregn::transfer::state::{Event, State};
use uuid::Uuid;

/// The payout of the sample requests, with files of nobody known from its November.
fn payout(store: &dyn Store) -> Payout {
    let window = at("2026-11-01T00:00:00Z")..at("2026-12-01T00:00:00Z");
    store.payout(&PayoutQuery { dispositionsdato: day("2026-12-01"), window }).unwrap()
}

/// A file that came at some moment and was rejected or held.
fn stopped(
    store: &mut dyn Store,
    name: &str,
    came: DateTime<Utc>,
    event: Event,
    about: Option<About>,
) -> Transfer {
    let seen = crate::samples::see(store, name, came);
    let payload = Some(crate::samples::payload(9));
    let fetched = store.advance(&seen, &Step { payload, ..Step::plain(Event::Fetch) }, came);
    let problem = Some(problem(Class::Reject, Code::EmptyFile));
    let step = Step { problem, about, ..Step::plain(event) };
    store.advance(&fetched.unwrap(), &step, came).unwrap()
}

/// Settles one expectation of a request, refusing one record more.
fn report(store: &mut dyn Store, request: &Forespoergsel, aftale_id: &str, kroner: i64) {
    let inbound = fetched(store, "report");
    let udbetaling = Udbetaling {
        kommunekode: request.kommunekode,
        udbetaling_id: Uuid::from_u128(77),
        dispositionsdato: request.dispositionsdato,
        udbetalingsperiode: request.udbetalingsperiode,
        miljoe: Miljoe::Test,
        forespoergsel_id: Some(request.forespoergsel_id),
    };
    let mut intake = store.take_in().unwrap();
    let indberetning = Indberetning {
        loebenummer: 1,
        aftale_id: AftaleId::parse(aftale_id).unwrap(),
        cpr: cpr("0101901234"),
        tilbageholdt_beloeb: Beloeb::from_oere(kroner * 100),
        udbetalingsdato: request.dispositionsdato,
        aarsag: modregn::domain::Aarsag::Fuld,
    };
    intake.put(&indberetning).unwrap();
    let matched = intake.match_up(&udbetaling, MatchBy::Request, 10).unwrap();
    assert!(matches!(matched, Matched::Ready(_)), "{matched:?}");
    let order = SettleOrder {
        inbound: &inbound,
        udbetaling: &udbetaling,
        rettelse: Rettelse::Erstatter,
        afvist: 1,
        rapport: None,
    };
    intake.settle(&order, now()).unwrap();
}

pub(crate) fn a_payout_is_told_for_all_municipalities_at_once(bench: &dyn Bench) {
    let mut store = bench.open();
    let mut other = aftale("c");
    other.kommunekode = kommune(851);
    import(&mut *store, ImportMode::Replace, &[aftale("a"), aftale("b"), other]);
    assert_eq!(payout(&*store), Payout::default());
    let (first, second, third) =
        (forespoergsel(101, 1), forespoergsel(101, 2), forespoergsel(851, 3));
    answer(&mut *store, &first, "first");
    answer(&mut *store, &second, "second");
    answer(&mut *store, &third, "third");
    let elsewhere = Forespoergsel { dispositionsdato: day("2026-12-30"), ..forespoergsel(101, 4) };
    answer(&mut *store, &elsewhere, "elsewhere");
    report(&mut *store, &third, "c", 1_603);
    let about = |request: &Forespoergsel| Some(About::from(request));
    let held = stopped(&mut *store, "held", now(), Event::Hold, about(&third));
    stopped(&mut *store, "another", now(), Event::Reject, about(&elsewhere));

    let found = payout(&*bench.open());
    assert_eq!(found.parts.keys().copied().collect::<Vec<_>>(), [101, 851].map(kommune));
    let koebenhavn = &found.parts[&kommune(101)];
    let ids: Vec<_> =
        koebenhavn.requests.iter().map(|it| it.answer.forespoergsel_id.unwrap()).collect();
    assert_eq!(ids, [first.forespoergsel_id, second.forespoergsel_id]);
    let periode = first.udbetalingsperiode;
    let all_are = |it: &AppliedRequest| (it.at, it.udbetalingsperiode) == (now(), periode);
    assert!(koebenhavn.requests.iter().all(all_are));
    assert_eq!(koebenhavn.requests[0].answer.state, State::Queued);
    assert_eq!((koebenhavn.report, koebenhavn.stopped.len()), (None, 0));
    assert_eq!(koebenhavn.afstemning.post(Udfald::Aaben).antal, 4, "each asked for both");
    let aalborg = &found.parts[&kommune(851)];
    assert_eq!(aalborg.stopped, [held]);
    let report = aalborg.report.unwrap();
    assert_eq!((report.at, report.afvist), (now(), 1));
    assert_eq!(aalborg.afstemning.post(Udfald::Fuld).antal, 1);
    assert_eq!(aalborg.afstemning.modtaget().beloeb, Beloeb::from_oere(160_300));
    assert_eq!(found.unattributed, []);

    // Without the figures it is the same.
    let window = at("2026-11-01T00:00:00Z")..at("2026-12-01T00:00:00Z");
    let query = PayoutQuery { dispositionsdato: day("2026-12-01"), window };
    let mut bare = found.clone();
    for part in bare.parts.values_mut() {
        let marked = part.requests.iter().map(|request| request.forventet.antal).sum::<u64>();
        assert_eq!(marked, part.afstemning.forventet().antal);
        part.afstemning = Afstemning::default();
    }
    assert_eq!(store.payout_files(&query).unwrap(), bare);
}

pub(crate) fn a_payout_s_mark_changes_with_its_figures(bench: &dyn Bench) {
    let mut store = bench.open();
    assert_eq!(store.payout_marks().unwrap(), []);
    import(&mut *store, ImportMode::Replace, &[aftale("a"), aftale("b")]);
    let later = Forespoergsel { dispositionsdato: day("2026-12-30"), ..forespoergsel(101, 4) };
    let request = forespoergsel(101, 1);
    let dispositionsdato = request.dispositionsdato;
    let of = |dispositionsdato, requests, noted, reports| PayoutMark {
        dispositionsdato,
        requests,
        noted,
        reports,
    };
    answer(&mut *store, &request, "first");
    assert_eq!(store.payout_marks().unwrap(), [of(dispositionsdato, 1, 0, 0)]);
    answer(&mut *store, &later, "later");
    report(&mut *store, &request, "a", 1_603);
    let newer = of(later.dispositionsdato, 1, 0, 0);
    assert_eq!(store.payout_marks().unwrap(), [newer, of(dispositionsdato, 1, 0, 1)]);
    store.note_udeblevne(dispositionsdato, now()).unwrap();
    assert_eq!(store.payout_marks().unwrap(), [newer, of(dispositionsdato, 1, 1, 1)]);
}

pub(crate) fn the_store_s_mark_grows_with_what_is_counted(bench: &dyn Bench) {
    let mut store = bench.open();
    let empty = store.mark().unwrap();
    import(&mut *store, ImportMode::Replace, &[aftale("a")]);
    let imported = store.mark().unwrap();
    assert!(imported.import > empty.import && imported.event == empty.event);
    answer(&mut *store, &forespoergsel(101, 1), "first");
    let answered = store.mark().unwrap();
    assert!(answered.event > imported.event && answered.import == imported.import);
    assert_eq!(answered.event, store.newest_event().unwrap());
    assert_eq!(store.mark().unwrap(), answered);
}

pub(crate) fn files_of_nobody_known_are_told_by_when_they_came(bench: &dyn Bench) {
    let mut store = bench.open();
    let mut came = |name: &str, at: &str, event| {
        stopped(&mut *store, name, crate::samples::at(at), event, None).id
    };
    came("before", "2026-10-31T23:59:59.999Z", Event::Reject);
    let first = came("first", "2026-11-01T00:00:00Z", Event::Reject);
    let last = came("last", "2026-11-30T23:59:59.999Z", Event::Hold);
    came("after", "2026-12-01T00:00:00Z", Event::Reject);
    fetched(&mut *store, "under way");
    let found = payout(&*store);
    assert_eq!(found.unattributed.iter().map(|file| file.id).collect::<Vec<_>>(), [first, last]);
    assert!(found.parts.is_empty());
}

pub(crate) fn what_an_operator_rejected_is_settled(bench: &dyn Bench) {
    let mut store = bench.open();
    let about = Some(About::from(&forespoergsel(101, 1)));
    for about in [about, None] {
        let held = stopped(&mut *store, "held", now(), Event::Hold, about);
        let by = By { who: "ib".into(), why: "the earlier one holds".into() };
        let problem = Some(problem(Class::Operator, Code::ByOperator));
        let step = Step { problem, by: Some(by), ..Step::plain(Event::Reject) };
        store.advance(&held, &step, now()).unwrap();
    }
    assert_eq!(payout(&*store), Payout::default());
}
