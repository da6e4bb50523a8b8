//! Agreements, requests and transfers of invented people.

use chrono::{DateTime, Days, NaiveDate, Utc};
use modregn::domain::aftale::{Aftale, Aftalestatus};
use modregn::domain::hold_rule::HoldRules;
use modregn::domain::{
    About, AftaleId, Beloeb, Cpr, CprPolicy, FordringId, Forespoergsel, ForespoergselId,
    Kommunekode, Miljoe, Prioritet, Transaktion, Udbetalingsperiode, Ydelsestype,
};
use modregn::fault::{Class, Code};
use modregn::store::{
    Answer, AnswerOrder, ImportMode, ImportSummary, Node, Payload, Place, Problem, Seen, Step,
    Store, StoreError, Transfer,
};
use modregn::transfer::state::Event;
use uuid::Uuid;

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The moment nothing hangs on.
pub(crate) fn now() -> DateTime<Utc> {
    at("2026-11-21T06:30:15.250Z")
}

pub(crate) fn kommune(code: u16) -> Kommunekode {
    Kommunekode::try_from(code).unwrap()
}

/// An agreement in force in København; cases change what they are about.
pub(crate) fn aftale(id: &str) -> Aftale {
    Aftale {
        aftale_id: AftaleId::parse(id).unwrap(),
        kommunekode: kommune(101),
        cpr: cpr("0101901234"),
        beloeb: Beloeb::from_oere(160_300),
        ydelsestype: Ydelsestype::Boernebidrag,
        gyldig_fra: day("2026-01-01"),
        gyldig_til: None,
        prioritet: Prioritet::new(1).unwrap(),
        fordring_id: None,
        status: Aftalestatus::Aktiv,
    }
}

pub(crate) fn cpr(text: &str) -> Cpr {
    Cpr::parse(text.as_bytes(), CprPolicy { erstatningspersonnummer: true }).unwrap()
}

pub(crate) fn fordring(text: &str) -> FordringId {
    FordringId::parse(text).unwrap()
}

/// A request for the payout of 1 December 2026.
pub(crate) fn forespoergsel(code: u16, number: u128) -> Forespoergsel {
    let dispositionsdato = day("2026-12-01");
    Forespoergsel {
        kommunekode: kommune(code),
        forespoergsel_id: ForespoergselId(Uuid::from_u128(number)),
        forespoergselsdato: dispositionsdato - Days::new(10),
        dispositionsdato,
        udbetalingsperiode: Udbetalingsperiode::of(dispositionsdato).unwrap(),
        miljoe: Miljoe::Test,
    }
}

pub(crate) fn place(endpoint: &str, name: &str) -> Place {
    Place { endpoint: endpoint.into(), directory: "inbox".into(), name: name.into() }
}

pub(crate) fn payload(byte: u8) -> Payload {
    Payload { size: 82, sha256: [byte; 32] }
}

pub(crate) fn problem(class: Class, code: Code) -> Problem {
    Problem { class, code, text: "line 1: ask for it again".into() }
}

/// The one process that works on a store, unless a case takes in more.
pub(crate) fn node(store: &mut dyn Store) -> Node {
    let first = store.nodes().unwrap().first().map(|row| row.node);
    first.unwrap_or_else(|| store.enlist("lock", now()).unwrap())
}

pub(crate) fn seen(name: &str, since: i64) -> Seen {
    Seen { flow: "sf2530".into(), place: place("ky", name), size: 82, since }
}

/// A file that stands there now, claimed.
pub(crate) fn see(store: &mut dyn Store, name: &str, at: DateTime<Utc>) -> Transfer {
    let (node, since) = (node(store), store.newest_event().unwrap());
    store.see(&seen(name, since), node, at).unwrap().unwrap()
}

/// A file in the spool.
pub(crate) fn fetched(store: &mut dyn Store, name: &str) -> Transfer {
    let transfer = see(store, name, now());
    let step = Step { payload: Some(payload(1)), ..Step::plain(Event::Fetch) };
    store.advance(&transfer, &step, now()).unwrap()
}

pub(crate) fn import(store: &mut dyn Store, mode: ImportMode, aftaler: &[Aftale]) -> ImportSummary {
    try_import(store, mode, aftaler, true).unwrap()
}

pub(crate) fn try_import(
    store: &mut dyn Store,
    mode: ImportMode,
    aftaler: &[Aftale],
    accept: bool,
) -> Result<ImportSummary, StoreError> {
    let mut import = store.import_aftaler(mode, now())?;
    for (aftale, line) in aftaler.iter().zip(2..) {
        import.put(aftale, line)?;
    }
    import.finish(&mut |_| accept)
}

pub(crate) fn all(store: &dyn Store) -> Vec<Aftale> {
    let mut all = Vec::new();
    store
        .each_aftale(&mut |aftale| {
            all.push(aftale);
            Ok(())
        })
        .unwrap();
    all
}

/// Brings a request in under a name of its own and answers it.
pub(crate) fn answer(store: &mut dyn Store, request: &Forespoergsel, name: &str) -> Answer {
    let inbound = fetched(store, name);
    let place = place("ky-out", &format!("{name}.svar"));
    let order = AnswerOrder {
        inbound: &inbound,
        request,
        place: &place,
        hold_rules: &HoldRules::default(),
        missed: None,
    };
    store.answer(&order, now()).unwrap()
}

pub(crate) fn transaktioner(store: &dyn Store, id: ForespoergselId) -> Vec<Transaktion> {
    let mut all = Vec::new();
    store
        .each_transaktion(id, &mut |transaktion| {
            all.push(transaktion);
            Ok(())
        })
        .unwrap();
    all
}

/// What a file of a municipality is about, where nothing more is known.
pub(crate) fn about(code: u16) -> About {
    About { kommunekode: kommune(code), forespoergsel_id: None, dispositionsdato: None }
}
